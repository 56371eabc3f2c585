"""The fewest requests that cover runs of slots, none longer than a product allows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from gapfill.domain.grid import Grid
from gapfill.domain.interval import Interval


@dataclass(frozen=True, slots=True)
class Request:
    """The slots of one API call.

    Attributes:
        start: Start of the first slot asked for.
        end: End of the last slot asked for; between the two there may be slots not asked for.
        asked: The runs of slots asked for, in order.
    """

    start: datetime
    end: datetime
    asked: tuple[Interval, ...]

    @property
    def interval(self) -> Interval:
        """Return ``[start, end)``."""
        return Interval(self.start, self.end)


def coalesce(
    runs: Sequence[Interval], grid: Grid, fits: Callable[[datetime, datetime], bool]
) -> list[Request]:
    """Cover the slots of the runs with the fewest requests.

    Greedy from the left: each request starts at the first slot that is not yet covered and extends
    as far as possible. That is optimal, because each part of a valid request is valid too.

    Args:
        runs: Sorted, disjoint runs of whole slots.
        grid: Grid of the slots.
        fits: Whether one request may reach from a start to an end.
    """
    requests: list[Request] = []
    start: datetime | None = None
    asked: list[Interval] = []
    for run in (part for whole in runs for part, _ in grid.stretches(whole)):
        rest: Interval | None = run
        while rest is not None:
            start = rest.start if start is None else start
            end = _reach(start, rest, grid, fits)
            if end is not None:
                _append(asked, Interval(rest.start, end))
                rest = Interval(end, rest.end) if end < rest.end else None
            if rest is not None:
                requests.append(Request(start, asked[-1].end, tuple(asked)))
                start, asked = None, []
    if start is not None:
        requests.append(Request(start, asked[-1].end, tuple(asked)))
    return requests


def _append(runs: list[Interval], run: Interval) -> None:
    if runs and runs[-1].end == run.start:
        run = Interval(runs.pop().start, run.end)
    runs.append(run)


def _reach(
    start: datetime, run: Interval, grid: Grid, fits: Callable[[datetime, datetime], bool]
) -> datetime | None:
    """Return the end of the longest request from ``start``; by bisection over slots."""
    if fits(start, run.end):
        return run.end
    low, high = 0, grid.count(run)
    step = grid.step_at(run.start)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(start, run.start + middle * step) else (low, middle)
    if low == 0 and start < run.start:
        return None
    return run.start + max(low, 1) * step
