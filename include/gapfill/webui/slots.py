"""The slots of a few days: their states as runs, and each value with its own source."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from gapfill.domain.coverage import Coverage
from gapfill.domain.formatting import without
from gapfill.domain.interval import Interval, merge, subtract
from gapfill.domain.reading import Row, told_source
from gapfill.domain.series import Series
from gapfill.webui import response_models
from gapfill.webui.calendar_encoding import lettered, zone_of


def slots_of(
    series: Series, coverage: Coverage, rows: Sequence[Row], now: datetime
) -> response_models.SlotsOut:
    """Return the slots of the coverage's window.

    Args:
        series: The series of the slots.
        coverage: The states of the slots.
        rows: The readings of the slots.
        now: The clock.
    """
    window, grid = coverage.window, series.grid
    name = series.required[0]
    field = series.field(name)
    eras = list(grid.stretches(window)) if window else []
    numbers: dict[str, int] = {}
    readings: list[tuple[int, int, float | None]] = []
    others: list[tuple[int, str, int]] = []
    for row in rows:
        shown = row.origin(name).source
        number = numbers.setdefault(shown, len(numbers))
        readings.append((_epoch(row.slot), number, row.values.get(name)))
        for other in series.required[1:]:
            source = row.origin(other).source
            if other in row.values and (source != shown or name not in row.values):
                number = numbers.setdefault(source, len(numbers))
                others.append((_epoch(row.slot), other, number))
    return response_models.SlotsOut(
        series=series.name,
        now=now,
        zone=zone_of(series),
        field=name,
        unit=field.unit if field else "",
        runs=[
            (_epoch(part.start), grid.count(part), what)
            for run, what in _runs(coverage)
            for part, _ in grid.stretches(run)
        ],
        eras=[(_epoch(part.start), int(step.total_seconds())) for part, step in eras],
        step=int(grid.step_at(window.start if window else now).total_seconds()),
        sources=[told_source(source) for source in numbers],
        readings=readings,
        others=others,
        partial=[
            (_epoch(part.start), grid.count(part), said)
            for gap in coverage.gaps
            for said in [without(gap.fields, series.required)]
            if said
            for part, _ in grid.stretches(gap.interval)
        ],
    )


def _runs(coverage: Coverage) -> list[tuple[Interval, str]]:
    """Return runs, in order, that cover the window and do not overlap."""
    if coverage.window is None:
        return []
    runs = list(lettered(coverage))
    whole = subtract([coverage.window], merge(run for run, _ in runs))
    return sorted([*runs, *((run, "c") for run in whole)], key=lambda run: run[0].start)


def _epoch(instant: datetime) -> int:
    return int(instant.timestamp())
