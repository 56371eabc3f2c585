"""The cells of the calendar: how many slots of each local day are in which state.

A day is a short text such as ``20c4m``: numbers of slots, each with a letter. Consecutive equal
days are sent once, so ten years of twenty series make a short answer.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import groupby, pairwise
from typing import NamedTuple

from gapfill.domain.coverage import Coverage
from gapfill.domain.gap import Gap
from gapfill.domain.grid import DAY, Grid
from gapfill.domain.interval import Interval
from gapfill.domain.local_time import day_start, local_date
from gapfill.domain.series import Grade, Series, State

LETTERS = {
    "c": "complete",
    "o": "observed, to be upgraded",
    "p": "provisional",
    "d": "modelled",
    "n": "not due yet",
    "w": "missing, waiting for a source",
    "m": "missing",
    "u": "unfillable",
    "x": "unknown",
}
"""What each letter counts. A day's text has the letters in this order."""

_GRADES = {Grade.MODELLED: "d", Grade.PROVISIONAL: "p", Grade.OBSERVED: "o", Grade.OFFICIAL: "c"}
_STATES = {State.UNFILLABLE: "u", State.UNKNOWN: "x"}


class Calendar(NamedTuple):
    """The days of one series.

    Attributes:
        first_day: Date of the first day, local, or UTC for a daily series.
        zone: Time zone of the days.
        days: ``(number of equal days, text)`` in order.
    """

    first_day: date | None
    zone: str
    days: list[tuple[int, str]]


def calendar(series: Series, coverage: Coverage) -> Calendar:
    """Return the days of a series; the cost is linear in days and runs, not in slots."""
    window = coverage.window
    zone = zone_of(series)
    if window is None:
        return Calendar(None, zone, [])
    first = local_date(window.start, zone)
    last = local_date(window.end - timedelta(microseconds=1), zone)
    number = (last - first).days + 1
    bounds = _bounds(first, number + 1, zone)
    count = _counter(series.grid)
    found: defaultdict[int, dict[str, int]] = defaultdict(dict)
    for run, letter in lettered(coverage):
        left, right = _epoch(run.start), _epoch(run.end)
        day = bisect_right(bounds, left) - 1
        while day < len(bounds) - 1 and bounds[day] < right:
            slots = count(max(left, bounds[day]), min(right, bounds[day + 1]))
            cell = found[day]
            cell[letter] = cell.get(letter, 0) + slots
            day += 1
    days: list[tuple[int, str]] = []
    marked, day = iter([*sorted(found), number]), 0
    next_marked = next(marked)
    for length, total in _totals(first, number, zone, series.grid, window):
        until = day + length
        while next_marked < until:
            _append(days, next_marked - day, f"{total}c")
            _append(days, 1, _text(total, found[next_marked]))
            day, next_marked = next_marked + 1, next(marked)
        _append(days, until - day, f"{total}c")
        day = until
    return Calendar(first, zone, days)


def _append(days: list[tuple[int, str]], number: int, text: str) -> None:
    """Append equal days."""
    if number and days and days[-1][1] == text:
        days[-1] = (days[-1][0] + number, text)
    elif number:
        days.append((number, text))


@lru_cache(maxsize=64)
def _totals(
    first: date, number: int, zone: str, grid: Grid, window: Interval
) -> tuple[tuple[int, int], ...]:
    """Return ``(number of consecutive days, slots of each)``, the same for many series."""
    bounds, count = _bounds(first, number + 1, zone), _counter(grid)
    start, end = _epoch(window.start), _epoch(window.end)
    totals = (count(max(start, a), min(end, b)) for a, b in pairwise(bounds))
    return tuple((sum(1 for _ in same), total) for total, same in groupby(totals))


def zone_of(series: Series) -> str:
    """Return the zone of a series' days: the date of a daily slot is its UTC date."""
    return "UTC" if series.grid.eras[-1].step >= DAY else series.place.zone


def lettered(coverage: Coverage) -> Iterator[tuple[Interval, str]]:
    """Yield every run that is not complete, with its letter."""
    yield from ((gap.interval, letter_of(gap)) for gap in coverage.gaps)
    yield from ((run.interval, _GRADES[run.grade]) for run in coverage.lower)
    yield from ((run, "n") for run in coverage.pending)


def letter_of(gap: Gap) -> str:
    """Return the letter of a gap."""
    return _STATES.get(gap.state) or ("w" if gap.waiting else "m")


def _text(total: int, cell: dict[str, int]) -> str:
    whole = total - sum(cell.values())
    counts = {"c": whole + cell.get("c", 0), **{k: n for k, n in cell.items() if k != "c"}}
    return "".join(f"{counts[letter]}{letter}" for letter in LETTERS if counts.get(letter))


@lru_cache(maxsize=64)
def _bounds(first: date, count: int, zone: str) -> tuple[int, ...]:
    """Return the start of each day and the end of the last one, in seconds since the epoch."""
    return tuple(_epoch(day_start(first + timedelta(days=n), zone)) for n in range(count))


def _counter(grid: Grid) -> Callable[[int, int], int]:
    """Return a fast function that counts the slots between two seconds since the epoch."""
    if len(grid.eras) == 1:
        step = int(grid.eras[0].step.total_seconds())
        return lambda start, end: max(0, -(-end // step) + (-start // step))
    eras = [(_epoch(era.start), int(era.step.total_seconds())) for era in grid.eras]
    ends = [start for start, _ in eras[1:]]

    def count(start: int, end: int) -> int:
        total = 0
        for (begins, step), until in zip(eras, [*ends, end], strict=True):
            left = start if begins == eras[0][0] else max(start, begins)
            right = min(end, until)
            if left < right:
                total += -(-right // step) + (-left // step)
        return total

    return count


def _epoch(instant: datetime) -> int:
    return int((instant - _ZERO).total_seconds())


_ZERO = datetime(1970, 1, 1, tzinfo=UTC)
