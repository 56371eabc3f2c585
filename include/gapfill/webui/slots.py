"""The slots of a few days: their states as runs, and each reading with its source and value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gapfill.webui import models
from gapfill.webui.cells import lettered, zone_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gapfill.domain.coverage import Coverage
    from gapfill.domain.reading import Row
    from gapfill.domain.series import Series


def slots_of(
    series: Series, coverage: Coverage, rows: Sequence[Row], now: datetime
) -> models.SlotsOut:
    """Return the slots of the coverage's window.

    Args:
        series: Whose slots.
        coverage: Their states.
        rows: Their readings.
        now: The clock.
    """
    window, grid = coverage.window, series.grid
    name = series.required[0]
    field = series.field(name)
    runs = [(int(run.start.timestamp()), grid.count(run), what) for run, what in lettered(coverage)]
    if window:
        runs.insert(0, (int(window.start.timestamp()), grid.count(window), "c"))
    sources = list(dict.fromkeys(row.source or "unknown" for row in rows))
    numbers = {source: n for n, source in enumerate(sources)}
    return models.SlotsOut(
        series=series.name,
        now=now,
        zone=zone_of(series),
        field=name,
        unit=field.unit if field else "",
        runs=runs,
        step=int(grid.step_at(window.start if window else now).total_seconds()),
        sources=sources,
        readings=[
            (int(row.slot.timestamp()), numbers[row.source or "unknown"], row.values.get(name))
            for row in rows
        ],
    )
