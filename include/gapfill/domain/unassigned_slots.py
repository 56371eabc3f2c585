"""Slots for which no source can be asked now: recorded as waiting or as unhealable."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import TypeVar

from gapfill.domain.interval import BEGINNING, Interval, merge, subtract
from gapfill.domain.plan import Unhealable, Waiting
from gapfill.domain.route import Assignment
from gapfill.domain.series import Series

R = TypeVar("R", Waiting, Unhealable)


def set_all_aside(
    left: Sequence[Assignment],
    asked: Iterable[Interval],
    series: Series,
    waiting: list[Waiting],
    unhealable: list[Unhealable],
) -> None:
    """Record slots without a field that can be asked for, once each, the unhealable ones first.

    Args:
        left: Slots by field, without a candidate.
        asked: Runs that some candidate is asked for; they are not recorded.
        series: The series of the slots.
        waiting: Gets the slots that a source will have.
        unhealable: Gets the others.
    """
    noted = merge(asked)
    for is_lost in (True, False):
        found = sorted(
            (a for a in left if (a.until is None) is is_lost), key=attrgetter("interval.start")
        )
        free = subtract(merge(assigned.interval for assigned in found), noted)
        starts = [run.start for run in free]
        last = BEGINNING
        for assigned in found:
            first = max(assigned.interval.start, last)
            n = max(bisect_right(starts, first) - 1, 0)
            while n < len(free) and free[n].start < assigned.interval.end:
                start, end = max(free[n].start, first), min(free[n].end, assigned.interval.end)
                if start < end:
                    part = assigned._replace(interval=Interval(start, end))
                    _set_aside(part, series, waiting, unhealable)
                n += 1
            last = max(last, assigned.interval.end)
        noted = merge([*noted, *free])


def _set_aside(
    left: Assignment, series: Series, waiting: list[Waiting], unhealable: list[Unhealable]
) -> None:
    """Record slots for which no source can be asked; extend the record before if they follow it."""
    name, interval, slots = series.name, left.interval, series.grid.count(left.interval)
    why, is_down = left.reason, left.is_down
    if left.until is not None and left.by is not None:
        wait = Waiting(name, interval, slots, left.until, left.by, why, is_down)
        _add(wait, waiting, attrgetter("series", "until", "source"))
    else:
        gone = Unhealable(name, interval, slots, why, left.needs, is_down)
        _add(gone, unhealable, attrgetter("series", "reason"))


def _add(record: R, records: list[R], kind: Callable[[R], object]) -> None:
    last = records[-1] if records else None
    if last and last.interval.end == record.interval.start and kind(last) == kind(record):
        records.pop()
        whole = Interval(last.interval.start, record.interval.end)
        record = record._replace(interval=whole, slots=last.slots + record.slots)
    records.append(record)
