"""Looks up the first of many runs that holds a slot."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime
from heapq import heappop, heappush
from typing import Generic, Protocol, TypeVar

from gapfill.domain.interval import Interval


class HasInterval(Protocol):
    """Anything about a run of slots."""

    @property
    def interval(self) -> Interval:
        """The slots, ``[start, end)``."""


T = TypeVar("T", bound=HasInterval)


class RunLookup(Generic[T]):
    """Runs in any order, which may overlap.

    The look-up table costs a sort of the runs, and a look-up a bisection of the table.
    """

    __slots__ = ("_found", "_starts", "items")

    def __init__(self, items: Sequence[T] = ()) -> None:
        """Keep the runs; where several hold a slot, the first one counts."""
        self.items = tuple(items)
        self._starts: list[datetime] = []
        self._found: list[T | None] = []
        order = sorted(range(len(self.items)), key=lambda n: self.items[n].interval.start)
        open_: list[int] = []
        position = 0
        for bound in sorted({b for one in items for b in (one.interval.start, one.interval.end)}):
            while position < len(order) and self.items[order[position]].interval.start == bound:
                heappush(open_, order[position])
                position += 1
            while open_ and self.items[open_[0]].interval.end <= bound:
                heappop(open_)
            self._starts.append(bound)
            self._found.append(self.items[open_[0]] if open_ else None)

    def at(self, slot: datetime) -> T | None:
        """Return the first run that holds a slot, ``None`` if there is none."""
        n = bisect_right(self._starts, slot)
        return self._found[n - 1] if n else None
