"""The state of every expected slot, as runs, never as a list of slots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from gapfill.domain.candidate import Candidate
from gapfill.domain.due import due_until
from gapfill.domain.gap import Gap
from gapfill.domain.gap_builder import find_gaps
from gapfill.domain.interval import Interval, intersect, merge, subtract
from gapfill.domain.series import State

if TYPE_CHECKING:
    from gapfill.domain.series import Grade, Series


class Graded(NamedTuple):
    """A run of slots whose readings have one grade, lower than the target.

    Attributes:
        interval: The slots, ``[start, end)``.
        grade: Their grade: that of their worst required field.
        fields: Their required fields below the target, each with its grade; empty if all have
            ``grade``.
    """

    interval: Interval
    grade: Grade
    fields: tuple[tuple[str, Grade], ...] = ()

    def below(self, required: Sequence[str]) -> Sequence[tuple[str, Grade]]:
        """Return the fields below the target, each with its grade."""
        return self.fields or [(name, self.grade) for name in required]


@dataclass(frozen=True, slots=True)
class Coverage:
    """State of the expected slots of a series in a window.

    Attributes:
        window: The expected slots, ``[start, end)``; ``None`` if none is expected.
        counts: Slots by state; their sum is the number of expected slots.
        due: Due slots within the reach of a product: the denominator of ``coverage``.
        gaps: Missing, unfillable and unknown runs, in order.
        lower: Runs of provisional slots, in order.
        pending: Runs without a reading that are not due, in order.
        due_complete: Number of complete due slots.
        due_provisional: Number of provisional due slots.
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
        """Complete ÷ due slots; ``None`` if none is due or nothing is known."""
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
    missing: Mapping[str, Sequence[Interval]],
    lower: Sequence[Graded],
    candidates: Sequence[Candidate],
    now: datetime,
) -> Coverage:
    """Assign exactly one state to every expected slot of the window.

    Args:
        series: The series.
        window: Expected slots, on the grid.
        missing: By required field, the runs of slots without it: sorted, disjoint, on the
            grid, inside the window. A field that is absent has no such run.
        lower: Runs of readings below the target: sorted, disjoint, on the grid, inside the window.
        candidates: All products of the route, in their present state.
        now: The clock.
    """
    grid = series.grid
    absent = merge(run for runs in missing.values() for run in runs)
    due_end = due_until(series, candidates, now)
    due = [Interval(window.start, min(due_end, window.end))] if due_end > window.start else []
    overdue = {name: intersect(runs, due) for name, runs in missing.items()}
    pending = subtract(absent, due)
    provisional = intersect([run.interval for run in lower], due)
    gaps = find_gaps(overdue, series, candidates, now)
    counts = dict.fromkeys(State, 0)
    for gap in gaps:
        counts[gap.state] += gap.slots
    counts[State.PENDING] = grid.total(pending)
    counts[State.PROVISIONAL] = grid.total(run.interval for run in lower)
    counts[State.COMPLETE] = grid.count(window) - sum(counts.values())
    reach = merge(c.reach for c in candidates if not c.is_paused)
    read_beyond = subtract(subtract(due, reach), absent)
    due_provisional = grid.total(provisional)
    return Coverage(
        window=window,
        counts=counts,
        due=grid.total(intersect(due, reach)) + grid.total(read_beyond),
        gaps=tuple(gaps),
        lower=tuple(lower),
        pending=tuple(pending),
        due_complete=grid.total(due) - sum(gap.slots for gap in gaps) - due_provisional,
        due_provisional=due_provisional,
    )


def nothing() -> Coverage:
    """Return the coverage of a range without expected slots."""
    return Coverage(None, dict.fromkeys(State, 0), 0, ())


def unknown(series: Series, window: Interval) -> Coverage:
    """Return the coverage of a window whose read failed: every slot is unknown."""
    slots = series.grid.count(window)
    counts = dict.fromkeys(State, 0) | {State.UNKNOWN: slots}
    gap = Gap(window, slots, series.severity_of(window), State.UNKNOWN, fields=series.required)
    return Coverage(window, counts, slots, (gap,))
