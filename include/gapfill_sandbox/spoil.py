"""Apply a fault to the rows of an answer, before any API's format."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from gapfill_sandbox.times import local_day

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gapfill_sandbox.api import Row, Value
    from gapfill_sandbox.fault import Fault

UNREADABLE = "n/d"
HUGE = 1e9
_KEPT_OF_DAY = 2 / 3
_HOUR = timedelta(hours=1)
_SMALL = 2


def _negative(value: Value) -> Value:
    """Return a value below zero."""
    return value if isinstance(value, str) else round(-abs(value) - 1, 2)


def _other(value: Value) -> Value:
    """Return another plausible value: one less, or one more if that is too low."""
    if isinstance(value, str):
        return value
    return round(value - 1 if value >= _SMALL else value + 1, 2)


_NEW_VALUES: Mapping[str, Callable[[Value], Value]] = {
    "nan": lambda _: math.nan,
    "text": lambda _: UNREADABLE,
    "huge": lambda _: HUGE,
    "negative": _negative,
    "zero": lambda _: 0.0,
    "conflicting": _other,
}


def _is_struck(rows: list[Row], fault: Fault) -> list[bool]:
    """Return for each row whether the fault affects it.

    Of the rows that start on the fault's days, and at its instant if it names one, it affects
    every ``every``-th, starting with the first.
    """
    struck, candidates = [], 0
    for row in rows:
        day = local_day(row.start)
        is_candidate = fault.has_day(day, day) and fault.at in {None, row.start}
        struck.append(is_candidate and candidates % fault.every == 0)
        candidates += is_candidate
    return struck


def _changed(row: Row, fault: Fault) -> Row:
    """Return a row with new values, or without them: all, or that of the fault's field."""
    names = set(row.values) if fault.field is None else {fault.field}
    if fault.kind == "absent":
        return replace(row, values={k: v for k, v in row.values.items() if k not in names})
    change = _NEW_VALUES[fault.kind]
    return replace(row, values={k: change(v) if k in names else v for k, v in row.values.items()})


def _change(rows: list[Row], fault: Fault) -> list[Row]:
    """Return the rows, the affected ones with new values."""
    struck = _is_struck(rows, fault)
    return [_changed(row, fault) if hit else row for row, hit in zip(rows, struck, strict=True)]


def _conflict(rows: list[Row], fault: Fault) -> list[Row]:
    """Return the rows, the affected ones twice: with their values and with others."""
    found: list[Row] = []
    for row, hit in zip(rows, _is_struck(rows, fault), strict=True):
        found.extend([row, _changed(row, fault)] if hit else [row])
    return found


def _drop(rows: list[Row], fault: Fault) -> list[Row]:
    """Return the rows without the affected ones."""
    struck = _is_struck(rows, fault)
    return [row for row, hit in zip(rows, struck, strict=True) if not hit]


def _drop_one(rows: list[Row], fault: Fault) -> list[Row]:
    """Return the rows without the one at the fault's instant, if it names one."""
    return [row for row in rows if row.start != fault.at]


def _cut_days(rows: list[Row], _fault: Fault) -> list[Row]:
    """Return the rows without the last third of each local day."""
    kept: list[Row] = []
    for _, group in groupby(rows, key=lambda row: local_day(row.start)):
        day = list(group)
        kept.extend(day[: round(len(day) * _KEPT_OF_DAY)])
    return kept


def _leave_out(rows: list[Row], fault: Fault) -> list[Row]:
    """Return the rows without those of the fault's local days."""
    days = [local_day(row.start) for row in rows]
    return [row for row, day in zip(rows, days, strict=True) if not fault.has_day(day, day)]


def _shift(rows: list[Row], _fault: Fault) -> list[Row]:
    """Return the rows late by their spacing, by an hour at least."""
    steps = [after.start - before.start for before, after in pairwise(rows)]
    step = max(_HOUR, min(steps, default=_HOUR))
    return [replace(row, start=row.start + step) for row in rows]


def _double(rows: list[Row], fault: Fault) -> list[Row]:
    """Return the rows, the affected ones twice, one after the other."""
    struck = _is_struck(rows, fault)
    return [row for row, hit in zip(rows, struck, strict=True) for _ in range(1 + hit)]


def _empty(_rows: list[Row], _fault: Fault) -> list[Row]:
    """Return no row."""
    return []


_SPOILERS: Mapping[str, Callable[[list[Row], Fault], list[Row]]] = {
    **dict.fromkeys((*_NEW_VALUES, "absent"), _change),
    "conflicting": _conflict,
    "missing": _drop,
    "clock_labels": _drop_one,
    "duplicated": _double,
    "empty": _empty,
    "no_data": _empty,
    "outage": _leave_out,
    "partial_day": _cut_days,
    "shifted": _shift,
}


def spoil_rows(rows: list[Row], fault: Fault | None) -> list[Row]:
    """Return the rows, in order of time, changed by a fault; most kinds change none."""
    spoiler = _SPOILERS.get(fault.kind) if fault is not None else None
    return rows if fault is None or spoiler is None else spoiler(rows, fault)
