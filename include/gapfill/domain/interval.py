"""Half-open spans of time, and set operations on lists of them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from operator import attrgetter

BEGINNING = datetime(1900, 1, 1, tzinfo=UTC)
"""Earlier than any slot: the open start of a reach."""

END_OF_TIME = datetime(2200, 1, 1, tzinfo=UTC)
"""Later than any slot: the open end of a reach."""


def as_utc(instant: datetime) -> datetime:
    """Return the instant as a plain aware UTC ``datetime``.

    Raises:
        ValueError: If the instant is naive.
    """
    if instant.tzinfo is None:
        raise ValueError(f"{instant} has no time zone")
    if instant.tzinfo is UTC and type(instant) is datetime:
        return instant
    return datetime.fromtimestamp(instant.timestamp(), UTC)


def iso(instant: datetime) -> str:
    """Return an instant as Gapfill prints it: ``2025-10-26T00:00:00Z``."""
    return as_utc(instant).isoformat().removesuffix("+00:00") + "Z"


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """A half-open span of time, ``[start, end)``.

    Attributes:
        start: First instant inside, timezone-aware UTC.
        end: First instant outside; always later than ``start``.

    A bound in another zone is converted to UTC: between two instants of one zone Python counts
    wall-clock time, which is an hour wrong across a clock change.

    Raises:
        ValueError: If a bound is naive or the interval would be empty.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        """Refuse naive bounds and empty intervals."""
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError(f"an interval needs time zones, got {self.start} – {self.end}")
        if self.start.tzinfo is not UTC:
            object.__setattr__(self, "start", as_utc(self.start))
        if self.end.tzinfo is not UTC:
            object.__setattr__(self, "end", as_utc(self.end))
        if self.start >= self.end:
            raise ValueError(f"an interval must end after it starts, got {self.start} – {self.end}")

    @property
    def duration(self) -> timedelta:
        """Length of the interval."""
        return self.end - self.start

    @property
    def hours(self) -> float:
        """Length of the interval in hours."""
        return self.duration.total_seconds() / 3600

    def __contains__(self, instant: datetime) -> bool:
        """Return whether the instant lies in ``[start, end)``."""
        return self.start <= instant < self.end

    def __str__(self) -> str:
        """Return ``start–end`` in short ISO form."""
        return f"{iso(self.start)}–{iso(self.end)}"

    def intersection(self, other: Interval) -> Interval | None:
        """Return the common part of both intervals, ``None`` if there is none."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        if start is self.start and end is self.end:
            return self
        return Interval(start, end) if start < end else None


_start, _end = attrgetter("start"), attrgetter("end")


def covers(intervals: Sequence[Interval], instant: datetime) -> bool:
    """Return whether one of the sorted, disjoint intervals holds the instant; logarithmic."""
    n = bisect_right(intervals, instant, key=_start)
    return n > 0 and instant < intervals[n - 1].end


def overlap(intervals: Sequence[Interval], span: Interval) -> slice:
    """Return the positions of the sorted, disjoint intervals that share an instant with a span.

    Logarithmic: a loop over many spans stays linear, which ``intersect`` in a loop does not.
    """
    first = bisect_right(intervals, span.start, key=_end)
    return slice(first, bisect_left(intervals, span.end, lo=first, key=_start))


def overlaps(intervals: Sequence[Interval], span: Interval) -> bool:
    """Return whether one of the sorted, disjoint intervals shares an instant with a span."""
    n = bisect_left(intervals, span.end, key=_start)
    return n > 0 and intervals[n - 1].end > span.start


def is_within(intervals: Iterable[Interval], others: Sequence[Interval]) -> bool:
    """Return whether each interval lies in one of the sorted, disjoint, non-touching others."""
    for one in intervals:
        n = bisect_right(others, one.start, key=_start)
        if not n or others[n - 1].end < one.end:
            return False
    return True


def merge(intervals: Iterable[Interval]) -> list[Interval]:
    """Return the union as sorted, disjoint, non-touching intervals."""
    merged: list[Interval] = []
    for interval in sorted(intervals, key=_start):
        if merged and interval.start <= merged[-1].end:
            if interval.end > merged[-1].end:
                merged[-1] = Interval(merged[-1].start, interval.end)
        else:
            merged.append(interval)
    return merged


def coarse(intervals: Sequence[Interval], count: int) -> list[Interval]:
    """Return at most ``count`` intervals that cover sorted, disjoint ones; near ones are joined."""
    between = [(b.start - a.end, n) for n, (a, b) in enumerate(pairwise(intervals), 1)]
    cuts = sorted(n for _, n in sorted(between, reverse=True)[: count - 1])
    parts = pairwise([0, *cuts, len(intervals)]) if intervals else ()
    return [Interval(intervals[first].start, intervals[end - 1].end) for first, end in parts]


def intersect(left: Sequence[Interval], right: Sequence[Interval]) -> list[Interval]:
    """Return the common parts of two sorted, disjoint lists; linear in their lengths."""
    if _is_inside(left, right):
        return list(left)
    shared: list[Interval] = []
    i = j = 0
    while i < len(left) and j < len(right):
        common = left[i].intersection(right[j])
        if common:
            shared.append(common)
        if left[i].end <= right[j].end:
            i += 1
        else:
            j += 1
    return shared


def subtract(intervals: Sequence[Interval], holes: Sequence[Interval]) -> list[Interval]:
    """Return sorted, disjoint ``intervals`` without the parts in sorted, disjoint ``holes``."""
    if _is_inside(intervals, holes):
        return []
    rest: list[Interval] = []
    j = 0
    for interval in intervals:
        start = interval.start
        while j < len(holes) and holes[j].end <= start:
            j += 1
        k = j
        while k < len(holes) and holes[k].start < interval.end:
            if holes[k].start > start:
                rest.append(Interval(start, holes[k].start))
            start = max(start, holes[k].end)
            k += 1
        if start is interval.start:
            rest.append(interval)
        elif start < interval.end:
            rest.append(Interval(start, interval.end))
    return rest


def _is_inside(intervals: Sequence[Interval], others: Sequence[Interval]) -> bool:
    """Return whether sorted intervals all lie in one, as hundreds of gaps mostly do."""
    if not intervals or len(others) != 1:
        return False
    return others[0].start <= intervals[0].start and intervals[-1].end <= others[0].end
