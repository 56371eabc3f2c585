"""The numbers of a run: under documented names, and nothing unknown as 0."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

from gapfill.services.detection import detect
from gapfill.services.selection import Selection
from tests.orchestration.conftest import NOW

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gapfill.services.context import RunContext

pytestmark = pytest.mark.airflow


def test_a_series_has_its_gauges(context: RunContext) -> None:
    """An empty store at noon: twenty days of hours are missing, tomorrow is pending."""
    from gapfill.orchestration.metrics import gauges

    reports = detect(context, Selection((context.catalog.series["pvpc"],)))
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


def test_what_could_not_be_read_has_no_coverage_and_no_age(context: RunContext) -> None:
    """Absent, as 0 would be a statement."""
    from gapfill.orchestration.metrics import gauges

    reports = detect(context, Selection((context.catalog.series["pvpc"],)))
    found = gauges([replace(reports[0], error="locked")], NOW)
    assert "gapfill.pvpc.coverage" not in found
    assert "gapfill.pvpc.oldest_gap_hours" not in found


@dataclass
class Backend:
    """A receiver of metrics, as Airflow sets one up for each task process."""

    gauges: dict[str, float] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    is_broken: bool = False

    def gauge(self, name: str, value: float, **_: object) -> None:
        """Keep a gauge."""
        if self.is_broken:
            message = "no route to the collector"
            raise OSError(message)
        self.gauges[name] = value

    def incr(self, name: str, count: int = 1, **_: object) -> None:
        """Add to a counter."""
        self.counts[name] = self.counts.get(name, 0) + count


@pytest.fixture
def backend() -> Iterator[Backend]:
    """Set a receiver up in Airflow's own way."""
    from airflow.sdk._shared.observability.metrics.base_stats_logger import NoStatsLogger
    from airflow.sdk.observability import stats

    built: Any = Backend()
    stats.initialize(factory=lambda: built, export_legacy_names=False)
    yield built
    nobody: Any = NoStatsLogger
    stats.initialize(factory=nobody, export_legacy_names=False)


def test_a_run_s_numbers_reach_what_airflow_is_set_up_with(
    context: RunContext, backend: Backend
) -> None:
    """Gauges of the series, counters of what was done."""
    from gapfill.orchestration.metrics import emit

    reports = detect(context, Selection((context.catalog.series["pvpc"],)))
    emit(reports, {"pvpc": 480}, 2, NOW)
    emit(reports, {}, 0, NOW)
    assert backend.gauges["gapfill.pvpc.gaps.missing"] == 1
    assert backend.counts == {"gapfill.pvpc.slots_healed": 480, "gapfill.calls": 2}


def test_a_receiver_that_fails_is_no_failure_of_the_run(
    context: RunContext, backend: Backend
) -> None:
    """Nothing is raised."""
    from gapfill.orchestration.metrics import emit

    backend.is_broken = True
    emit(detect(context, Selection((context.catalog.series["pvpc"],))), {}, 1, NOW)
    assert backend.counts == {}
