"""The state of every expected slot, kept as runs, never as a list of slots."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from gapfill.domain.candidate import ASKABLE, WAITS, Standing
from gapfill.domain.due import due_until
from gapfill.domain.interval import Interval, intersect, merge, subtract
from gapfill.domain.route import cut
from gapfill.domain.series import State
from gapfill.domain.verdict import why_not

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from gapfill.domain.candidate import Candidate
    from gapfill.domain.resolution import Grid
    from gapfill.domain.series import Grade, Series
    from gapfill.domain.severity import Severity
    from gapfill.domain.verdict import Verdict


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
        next_ask: When some of it, being unfillable, will be asked for again after all.
    """

    interval: Interval
    slots: int
    severity: Severity
    state: State
    waiting: datetime | None = None
    reason: str = ""
    next_ask: datetime | None = None


@dataclass(frozen=True, slots=True)
class Coverage:
    """What is known of the expected slots of a series in a window.

    Attributes:
        window: The expected slots, ``[start, end)``; ``None`` where none is expected.
        counts: Slots by state; their sum is the number of expected slots.
        due: Due slots within some product's reach, the whole of ``coverage``.
        gaps: Missing, unfillable and unknown runs, in order.
        lower: Runs of provisional slots, in order.
        pending: Runs without a reading that are not due, in order.
        due_complete: How many of the due slots are complete.
        due_provisional: How many of the due slots are provisional.
    """

    window: Interval | None
    counts: Mapping[State, int]
    due: int
    gaps: tuple[Gap, ...]
    lower: tuple[Graded, ...] = ()
    pending: tuple[Interval, ...] = ()
    due_complete: int = 0
    due_provisional: int = 0

    @property
    def coverage(self) -> float | None:
        """Complete ÷ due slots; ``None`` where none is due or nothing is known."""
        return self._share(self.due_complete)

    @property
    def usable(self) -> float | None:
        """(Complete + provisional) ÷ due slots; ``None`` as for ``coverage``."""
        return self._share(self.due_complete + self.due_provisional)

    def _share(self, slots: int) -> float | None:
        if not self.due or self.counts[State.UNKNOWN]:
            return None
        return slots / self.due

    def runs(self, *states: State) -> list[Interval]:
        """Return the gaps in these states as intervals, in order."""
        return [gap.interval for gap in self.gaps if gap.state in states]


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
    pending = subtract(absent, due)
    provisional = intersect([run.interval for run in lower], due)
    gaps = _gaps(overdue, series, candidates, now)
    counts = dict.fromkeys(State, 0)
    for gap in gaps:
        counts[gap.state] += gap.slots
    counts[State.PENDING] = _count(grid, pending)
    counts[State.PROVISIONAL] = sum(grid.count(run.interval) for run in lower)
    counts[State.COMPLETE] = grid.count(window) - sum(counts.values())
    reach = merge(c.reach for c in candidates if c.obstacle is None)
    in_reach = _count(grid, intersect(due, reach)) + _readings_beyond(grid, due, reach, absent)
    due_provisional = _count(grid, provisional)
    return Coverage(
        window=window,
        counts=counts,
        due=in_reach,
        gaps=tuple(gaps),
        lower=tuple(lower),
        pending=tuple(pending),
        due_complete=_count(grid, due) - _count(grid, overdue) - due_provisional,
        due_provisional=due_provisional,
    )


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
    waiting: datetime | None = None
    reason: str = ""
    next_ask: datetime | None = None

    def joined(self, other: _Finding) -> _Finding:
        """Return what both come to for one run: who can be asked first speaks for all."""
        if self.state is State.MISSING:
            return self if _sooner(self.waiting, other.waiting) else other
        asks = [ask for ask in (self.next_ask, other.next_ask) if ask]
        return self._replace(next_ask=min(asks, default=None))


def _sooner(one: datetime | None, other: datetime | None) -> bool:
    return one is None or (other is not None and one <= other)


def _gaps(
    runs: Sequence[Interval], series: Series, candidates: Sequence[Candidate], now: datetime
) -> list[Gap]:
    """Return the runs as gaps, cut only where the state changes."""
    joined: list[tuple[Interval, _Finding]] = []
    verdicts: tuple[Verdict, ...] | None = None
    found = _Finding(State.MISSING)
    for piece in cut(runs, series, candidates, now):
        if piece.verdicts is not verdicts:
            verdicts = piece.verdicts
            found = _find(verdicts)
        interval, whole = piece.interval, found
        if joined and joined[-1][0].end == interval.start and joined[-1][1].state is found.state:
            before, finding = joined.pop()
            interval, whole = Interval(before.start, interval.end), finding.joined(found)
        joined.append((interval, whole))
    return [
        Gap(interval, series.grid.count(interval), series.severity_of(interval), *finding)
        for interval, finding in joined
    ]


def _find(verdicts: Sequence[Verdict]) -> _Finding:
    """Say what due slots without a reading are: askable, waiting or given up."""
    if any(v.standing in ASKABLE for v in verdicts):
        return _Finding(State.MISSING)
    untils = [v.until for v in verdicts if v.standing in WAITS and v.until]
    if untils:
        return _Finding(State.MISSING, min(untils), why_not(verdicts))
    asks = [v.until for v in verdicts if v.standing is Standing.RULED_OUT and v.until]
    return _Finding(State.UNFILLABLE, None, why_not(verdicts), min(asks, default=None))
