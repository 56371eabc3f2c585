"""The shipped catalogue as it is, from end to end: every series is healed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.matrix.plant import plant

if TYPE_CHECKING:
    from pathlib import Path

    from gapfill_sandbox import Sandbox

pytestmark = pytest.mark.airflow


def test_the_shipped_catalogue_heals_an_empty_store(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """All that a source has by now is there; what is not is waited for."""
    made = plant(monkeypatch, tmp_path, sandbox.url)
    healed = made.heal()
    assert (healed.error, list(healed.summary.failures), healed.refused) == (None, [], ())
    counts = {name: len(made.rows(name)) for name in made.context.catalog.series}
    assert counts == {"pvpc": 48, "weather_hourly": 24, "weather_daily": 15}
    gaps = [gap for report in healed.after for gap in report.coverage.gaps]
    assert [(gap.slots, gap.waiting is None) for gap in gaps] == [(1, False)]
