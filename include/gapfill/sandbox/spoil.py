"""What a fault does to the rows of an answer, before any API's format."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from gapfill.sandbox.times import local_day

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from gapfill.sandbox.api import Row, Value

NO_DATA_TEXT = "n/d"
HUGE = 1e9
_KEPT_OF_DAY = 2 / 3
_HOUR = timedelta(hours=1)


def _negative(value: Value) -> Value:
    """Return a value below zero, whatever it was."""
    return value if isinstance(value, str) else round(-abs(value) - 1, 2)


_NEW_VALUES: Mapping[str, Callable[[Value], Value]] = {
    "nan": lambda _: math.nan,
    "text": lambda _: NO_DATA_TEXT,
    "huge": lambda _: HUGE,
    "negative": _negative,
    "zero": lambda _: 0.0,
}


def _spoil_values(rows: list[Row], kind: str, every: int) -> list[Row]:
    """Return the rows with new values in each ``every``-th of them, starting with the first."""
    change = _NEW_VALUES[kind]
    return [
        row
        if number % every
        else replace(row, values={name: change(value) for name, value in row.values.items()})
        for number, row in enumerate(rows)
    ]


def _cut_days(rows: list[Row]) -> list[Row]:
    """Return the rows without the last third of each local day."""
    kept: list[Row] = []
    for _, group in groupby(rows, key=lambda row: local_day(row.start)):
        day = list(group)
        kept.extend(day[: round(len(day) * _KEPT_OF_DAY)])
    return kept


def _leave_out(rows: list[Row], first: date | None, last: date | None) -> list[Row]:
    """Return the rows without those of the local days from first to last."""
    return [
        row
        for row in rows
        if (first is not None and local_day(row.start) < first)
        or (last is not None and local_day(row.start) > last)
    ]


def _shift(rows: list[Row]) -> list[Row]:
    """Return the rows late by their spacing, by an hour at least."""
    steps = [after.start - before.start for before, after in pairwise(rows)]
    step = max(_HOUR, min(steps, default=_HOUR))
    return [replace(row, start=row.start + step) for row in rows]


def spoil_rows(
    rows: list[Row],
    kind: str,
    every: int = 1,
    first_day: date | None = None,
    last_day: date | None = None,
) -> list[Row]:
    """Return the rows as a fault of this kind leaves them.

    Args:
        rows: In order of time.
        kind: One of ``ROW_KINDS``.
        every: For the kinds that change values: strike each so-many-th row.
        first_day: For an outage: first local day without rows, none for all before.
        last_day: For an outage: last local day without rows, none for all after.
    """
    if kind == "empty":
        return []
    if kind == "duplicated":
        return [row for row in rows for _ in range(2)]
    if kind == "shifted":
        return _shift(rows)
    if kind == "outage":
        return _leave_out(rows, first_day, last_day)
    if kind == "partial_day":
        return _cut_days(rows)
    return _spoil_values(rows, kind, every)
