"""The state of every expected slot, kept as runs, never as a list of slots."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from gapfill.domain.civil import AtClock, day_start, local_date
from gapfill.domain.interval import Interval, intersect, merge, subtract
from gapfill.domain.route import ASKABLE, WAITS, cut, judge
from gapfill.domain.series import State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from gapfill.domain.resolution import Grid
    from gapfill.domain.route import Candidate, Piece
    from gapfill.domain.series import Grade, Series
    from gapfill.domain.severity import Severity


class Graded(NamedTuple):
    """A run of slots whose readings have one grade, lower than the target.

    Attributes:
        interval: The slots, ``[start, end)``.
        grade: Their grade.
    """

    interval: Interval
    grade: Grade


@dataclass(frozen=True, slots=True)
class Gap:
    """A maximal run of consecutive slots in one state that is not whole.

    Attributes:
        interval: The slots, ``[start, end)``.
        slots: How many they are.
        severity: By the whole run's duration.
        state: ``missing``, ``unfillable`` or ``unknown``.
        waiting: When a source will first have some of it, where none has any now.
        reason: Why it is unfillable or waits, in a sentence.
    """

    interval: Interval
    slots: int
    severity: Severity
    state: State
    waiting: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What is known of the expected slots of a series in a window.

    Attributes:
        window: The expected slots, ``[start, end)``; ``None`` where none is expected.
        counts: Slots by state; their sum is the number of expected slots.
        due: Due slots within some product's reach, the whole of ``coverage``.
        gaps: Missing, unfillable and unknown runs, in order.
        lower: Runs of provisional slots, in order.
    """

    window: Interval | None
    counts: Mapping[State, int]
    due: int
    gaps: tuple[Gap, ...]
    lower: tuple[Graded, ...] = ()

    @property
    def coverage(self) -> float | None:
        """Complete ÷ due slots; ``None`` where none is due or nothing is known."""
        return self._share(self.counts[State.COMPLETE])

    @property
    def usable(self) -> float | None:
        """(Complete + provisional) ÷ due slots; ``None`` as for ``coverage``."""
        return self._share(self.counts[State.COMPLETE] + self.counts[State.PROVISIONAL])

    def _share(self, slots: int) -> float | None:
        if not self.due or self.counts[State.UNKNOWN]:
            return None
        return min(1.0, slots / self.due)

    def runs(self, *states: State) -> list[Interval]:
        """Return the gaps in these states as intervals, in order."""
        return [gap.interval for gap in self.gaps if gap.state in states]


def due_until(series: Series, candidates: Sequence[Candidate], now: datetime) -> datetime:
    """Return the first slot that is not due.

    Without a rule of its own, a slot is due after the smallest lag among the
    configured products of the series; where none is configured, among all of them.
    """
    if series.due is not None:
        return series.due.until(now, series.grid)
    configured = [c for c in candidates if c.obstacle is None] or list(candidates)
    instants = [c.product.available.until(now, series.grid) for c in configured]
    return max(instants, default=series.grid.floor(now))


def horizon(series: Series, candidates: Sequence[Candidate], now: datetime) -> datetime:
    """Return the end of the last slot that is expected without being asked for.

    That is the slot of now; where days are published ahead, the last day that can be
    out by the end of today.
    """
    end = max(due_until(series, candidates, now), series.grid.end_of(series.grid.floor(now)))
    if isinstance(series.due, AtClock) and series.due.days < 0:
        days = timedelta(days=1 - series.due.days)
        last = day_start(local_date(now, series.due.zone) + days, series.due.zone)
        end = max(end, series.grid.ceil(last))
    return end


def classify(
    series: Series,
    window: Interval,
    absent: Sequence[Interval],
    lower: Sequence[Graded],
    candidates: Sequence[Candidate],
    now: datetime,
) -> Coverage:
    """Put every expected slot of the window into exactly one state.

    Args:
        series: The series.
        window: Expected slots, on the grid.
        absent: Runs without a reading, sorted, disjoint, on the grid, inside the window.
        lower: Runs of readings below the target, likewise.
        candidates: All products of the route, as they stand now.
        now: The clock.
    """
    grid = series.grid
    due_end = due_until(series, candidates, now)
    due = [Interval(window.start, min(due_end, window.end))] if due_end > window.start else []
    overdue = intersect(absent, due)
    gaps = _gaps(overdue, series, candidates, now)
    counts = dict.fromkeys(State, 0)
    for gap in gaps:
        counts[gap.state] += gap.slots
    counts[State.PENDING] = _count(grid, absent) - _count(grid, overdue)
    counts[State.PROVISIONAL] = sum(grid.count(run.interval) for run in lower)
    counts[State.COMPLETE] = grid.count(window) - sum(counts.values())
    reach = merge(c.reach for c in candidates if c.obstacle is None)
    in_reach = _count(grid, intersect(due, reach)) + _readings_beyond(grid, due, reach, absent)
    return Coverage(window, counts, in_reach, tuple(gaps), tuple(lower))


def nothing() -> Coverage:
    """Return the coverage of a range in which no slot is expected."""
    return Coverage(None, dict.fromkeys(State, 0), 0, ())


def unknown(series: Series, window: Interval) -> Coverage:
    """Return the coverage of a window whose read failed: nothing is known of any slot."""
    slots = series.grid.count(window)
    counts = dict.fromkeys(State, 0) | {State.UNKNOWN: slots}
    gap = Gap(window, slots, series.severity_of(window), State.UNKNOWN)
    return Coverage(window, counts, slots, (gap,))


def _count(grid: Grid, intervals: Sequence[Interval]) -> int:
    return sum(grid.count(interval) for interval in intervals)


def _readings_beyond(
    grid: Grid, due: Sequence[Interval], reach: Sequence[Interval], absent: Sequence[Interval]
) -> int:
    """Count due slots that hold a reading although no product reaches them."""
    return _count(grid, subtract(subtract(due, reach), absent))


class _Finding(NamedTuple):
    state: State
    waiting: datetime | None
    reason: str


def _gaps(
    runs: Sequence[Interval], series: Series, candidates: Sequence[Candidate], now: datetime
) -> list[Gap]:
    """Return the runs as gaps, cut only where the state changes."""
    gaps: list[Gap] = []
    for piece in cut(runs, series, candidates, now):
        found = _find(piece, series, now)
        last = gaps[-1] if gaps else None
        interval, waiting, reason = piece.interval, found.waiting, found.reason
        if last and last.state is found.state and last.interval.end == interval.start:
            gaps.pop()
            interval = Interval(last.interval.start, interval.end)
            waiting = min(waiting, last.waiting) if waiting and last.waiting else None
            reason = last.reason or reason
        slots, severity = series.grid.count(interval), series.severity_of(interval)
        gaps.append(Gap(interval, slots, severity, found.state, waiting, reason))
    return gaps


def _find(piece: Piece, series: Series, now: datetime) -> _Finding:
    """Say what a piece of due slots without a reading is: askable, waiting or given up."""
    untils: list[datetime] = []
    sentences: list[str] = []
    for candidate in piece.candidates:
        verdict = judge(candidate, series, piece.interval.start, now)
        if verdict.standing in ASKABLE:
            return _Finding(State.MISSING, None, "")
        if verdict.standing in WAITS and verdict.until:
            untils.append(verdict.until)
        sentences.append(f"{candidate.name} {verdict.sentence}")
    reason = "; ".join(sentences) or "no source of its route offers it"
    if untils:
        return _Finding(State.MISSING, min(untils), reason)
    return _Finding(State.UNFILLABLE, None, reason)
