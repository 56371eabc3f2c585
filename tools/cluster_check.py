"""Judges the cluster's scenario: the store against the truth, the calls against the rates."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tools.cluster_world import PER_MINUTE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from tools.airflow_api import Task
    from tools.demo_check import Stored, Verdict

MINUTE_S = 60.0


@dataclass(slots=True)
class Story:
    """What happened.

    Attributes:
        runs: State of each run of the DAG, in order.
        tries: Every try of every unit, by run.
        labels: What the units are called, by run, task and number.
        lost: Task and number of the unit whose worker was killed, ``None`` where none was.
        victim: The worker that was killed.
        was_down: Whether the database was stopped while units were under way.
        calls: When each source was called, in seconds of one clock.
        left: Ids of processes that would not end.
    """

    runs: list[str] = field(default_factory=list)
    tries: list[list[Task]] = field(default_factory=list)
    labels: dict[tuple[int, str, int], str] = field(default_factory=dict)
    lost: tuple[str, int] | None = None
    victim: str = ""
    was_down: bool = False
    calls: dict[str, list[float]] = field(default_factory=dict)
    left: list[int] = field(default_factory=list)

    def problems(self, workers: Collection[str]) -> Iterator[str]:
        """Yield what is wrong, a sentence each.

        Args:
            workers: Names of all workers.
        """
        if self.lost is None:
            yield "No worker was killed in mid-unit: there was no such moment."
        elif not self._was_taken_over():
            yield f"No other worker took over the unit that {self.victim} has left."
        if not self.was_down:
            yield "The database was not stopped while units were under way."
        idle = set(workers) - {t.host for t in self._all() if t.state == "success"}
        if idle:
            yield f"Not all workers carried out units: {', '.join(sorted(idle))} did none."
        if self.runs[-1:] != ["success"]:
            yield f"The last run is {', '.join(self.runs[-1:]) or 'missing'}."
        for source, most in self.most().items():
            if most > PER_MINUTE[source]:
                yield f"{source} was called {most} times in a minute; {PER_MINUTE[source]} is all."
        if self.left:
            yield f"Processes would not end: {self.left}."

    def is_lost(self, run: int, task: Task) -> bool:
        """Tell whether a try of a run, from 0, is the one whose worker was killed."""
        is_unit = run == 0 and (task.name, task.index) == self.lost
        return is_unit and task.tries == 1 and task.host == self.victim

    def most(self) -> dict[str, int]:
        """Return the most calls to each source in any minute."""
        return {source: most_in_a_minute(calls) for source, calls in self.calls.items()}

    def _was_taken_over(self) -> bool:
        """Tell whether another worker began the lost unit: one source asked from both."""
        return any(
            (task.name, task.index) == self.lost and task.host not in {"", self.victim}
            for task in (self.tries or [[]])[0]
        )

    def _all(self) -> Iterator[Task]:
        return (task for tries in self.tries for task in tries)


def most_in_a_minute(instants: Iterable[float]) -> int:
    """Return the most instants, in seconds, that lie within any 60 s, their end left out."""
    most, window = 0, deque[float]()
    for instant in sorted(instants):
        window.append(instant)
        while window[0] <= instant - MINUTE_S:
            window.popleft()
        most = max(most, len(window))
    return most


def store_problems(
    name: str,
    verdict: Verdict,
    rows: Sequence[Stored],
    hidden: Collection[datetime],
    truth: Mapping[datetime, float],
) -> Iterator[str]:
    """Yield what is wrong with a series in the store, a sentence each.

    Args:
        name: The series.
        verdict: Of the comparison with the truth.
        rows: All of its points.
        hidden: Slots that were to be healed.
        truth: Price of every due slot.
    """
    for sentence in verdict.sentences():
        yield f"{name}: {sentence}"
    lost = set(hidden) - verdict.healed
    if lost:
        yield f"{name}: {len(lost)} slots were not healed."
    if len(rows) != len(truth):
        yield f"{name}: {len(rows):,} points are stored for {len(truth):,} slots."
    touched = [row.slot for row in rows if row.source and row.slot not in hidden]
    if touched:
        yield f"{name}: {len(touched)} points of others were written over."
