"""Which rows a write makes of what stands: the same for every store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from gapfill.domain.reading import Row, combine

if TYPE_CHECKING:
    from gapfill.domain.reading import Reading, Replace
    from gapfill.domain.series import Series

Stands = dict[datetime, Row]
"""Rows by slot; a choice brings it up to date as it goes."""

Choice = Callable[[Stands], Iterable[Row]]
"""Makes the rows to write of what stands."""


def choose_better(
    series: Series, readings: Sequence[Reading], batch: str, replace: Replace
) -> Choice:
    """Return the choice of what ``combine`` makes of readings, one after the other."""

    def better(stands: Stands) -> Iterable[Row]:
        for reading in readings:
            row = stands.get(reading.slot)
            if row is not None and row.batch == batch and _has_all(row, reading):
                continue  # a batch writes a value once, so that a retry changes nothing
            made = combine(row, reading, batch, series.required, replace=replace)
            if made is not None:
                stands[reading.slot] = made
                yield made

    return better


def choose_news(rows: Sequence[Row]) -> Choice:
    """Return the choice of rows as they are, but for those that say nothing new."""

    def verbatim(stands: Stands) -> Iterable[Row]:
        for row in rows:
            before = stands.get(row.slot)
            is_news = before is None or (before.values, before.grade) != (row.values, row.grade)
            if is_news and (before is None or before.grade <= row.grade):
                stands[row.slot] = row
                yield row

    return verbatim


def _has_all(row: Row, reading: Reading) -> bool:
    """Tell whether a row has each value of a reading in at least its grade."""
    return all(
        name in row.values and row.origin(name).grade >= reading.grade for name in reading.values
    )
