"""The numbers of a run: under documented names, and nothing unknown as 0."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gapfill.services.detect import detect
from gapfill.services.selection import Selection
from tests.orchestration.conftest import NOW

if TYPE_CHECKING:
    from gapfill.services.site import Site

pytestmark = pytest.mark.airflow


def test_a_series_has_its_gauges(site: Site) -> None:
    """An empty store at noon: twenty days of hours are missing, tomorrow is pending."""
    from gapfill.orchestration.metrics import gauges

    reports = detect(site, Selection((site.catalog.series["pvpc"],)))
    assert gauges(reports, NOW) == {
        "gapfill.pvpc.slots.complete": 0,
        "gapfill.pvpc.slots.provisional": 0,
        "gapfill.pvpc.slots.missing": 480,
        "gapfill.pvpc.slots.pending": 24,
        "gapfill.pvpc.slots.unfillable": 0,
        "gapfill.pvpc.slots.unknown": 0,
        "gapfill.pvpc.gaps.missing": 1,
        "gapfill.pvpc.gaps.unfillable": 0,
        "gapfill.pvpc.gaps.unknown": 0,
        "gapfill.pvpc.coverage": 0.0,
        "gapfill.pvpc.usable": 0.0,
        "gapfill.pvpc.oldest_gap_hours": 469.0,
    }


def test_what_could_not_be_read_has_no_coverage_and_no_age(site: Site) -> None:
    """Absent, as 0 would be a statement."""
    from gapfill.orchestration.metrics import gauges

    reports = detect(site, Selection((site.catalog.series["pvpc"],)))
    found = gauges([replace(reports[0], error="locked")], NOW)
    assert "gapfill.pvpc.coverage" not in found
    assert "gapfill.pvpc.oldest_gap_hours" not in found
