"""Judges the cluster's scenario: the store against the truth, the calls against the rates."""

from __future__ import annotations

import math
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from tools.cluster.world import PER_MINUTE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from tools.airflow_api import Task

MINUTE_S = 60.0
PER_MWH = 1000.0
"""kWh in a MWh."""


class Point(NamedTuple):
    """A point of the store.

    Attributes:
        slot: Its instant, UTC.
        mwh: Price in €/MWh, ``None`` where it has none.
        kwh: Price in €/kWh, ``None`` where it has none.
        source: Who gave it, ``None`` for a point of others.
    """

    slot: datetime
    mwh: float | None
    kwh: float | None
    source: str | None


@dataclass(slots=True)
class Story:
    """What happened.

    Attributes:
        runs: State of each run of the DAG, in order.
        tries: Every try of every unit, by run.
        labels: What the units are called, by run, task and number.
        lost: Task, number and try of what the killed worker was at, the disturbed unit first.
        victim: The worker that was killed.
        was_down: Whether the database was stopped while units were under way.
        calls: When each source was called, in seconds of one clock.
        left: Ids of processes that would not end.
    """

    runs: list[str] = field(default_factory=list)
    tries: list[list[Task]] = field(default_factory=list)
    labels: dict[tuple[int, str, int], str] = field(default_factory=dict)
    lost: list[tuple[str, int, int]] = field(default_factory=list)
    victim: str = ""
    was_down: bool = False
    calls: dict[str, list[float]] = field(default_factory=dict)
    left: list[int] = field(default_factory=list)

    def problems(self, workers: Collection[str]) -> Iterator[str]:
        """Yield what is wrong, a sentence each.

        Args:
            workers: Names of all workers.
        """
        if not self.lost:
            yield "No worker was killed in mid-unit: there was no such moment."
        elif not self._was_taken_over():
            yield f"No other worker took over the unit that {self.victim} has left."
        if not self.was_down:
            yield "The database was not stopped while units were under way."
        idle = set(workers) - {t.host for t in self._all() if t.state == "success"} - {self.victim}
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
        """Tell whether a try of a run, from 0, is one whose worker was killed."""
        return run == 0 and (task.name, task.index, task.tries) in self.lost

    def most(self) -> dict[str, int]:
        """Return the most calls to each source in any minute."""
        return {source: most_in_a_minute(calls) for source, calls in self.calls.items()}

    def _was_taken_over(self) -> bool:
        """Tell whether another worker began the lost unit: one source asked from both."""
        return any(
            (task.name, task.index) == self.lost[0][:2] and task.host not in {"", self.victim}
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


def find_healed(
    points: Iterable[Point], truth: Mapping[datetime, float], hidden: Collection[datetime]
) -> set[datetime]:
    """Return the hidden slots that hold the truth now and say who gave it."""
    return {p.slot for p in points if p.source and p.slot in hidden and _is_true(p, truth)}


def store_problems(
    points: Sequence[Point], truth: Mapping[datetime, float], hidden: Collection[datetime]
) -> Iterator[str]:
    """Yield what is wrong with a series in the store, each the end of a sentence.

    Args:
        points: All of the series, whatever their other tags.
        truth: Price of every due slot, and of no other.
        hidden: Slots that were left out, to be healed.
    """
    count = Counter(point.slot for point in points)
    found = {
        "are missing": truth.keys() - count.keys(),
        "are there more than once": {slot for slot, times in count.items() if times > 1},
        "hold a price that nobody could know": count.keys() - truth.keys(),
        "do not hold the true price": {
            p.slot for p in points if p.slot in truth and not _is_true(p, truth)
        },
        "were healed and do not say by whom": {
            p.slot for p in points if p.slot in hidden and not p.source
        },
        "of others were written over": {
            p.slot for p in points if p.slot in truth.keys() - hidden and p.source
        },
    }
    for words, slots in found.items():
        if slots:
            yield f"{len(slots):,} slots {words}, the first {min(slots):%Y-%m-%d %H:%MZ}."


def _is_true(point: Point, truth: Mapping[datetime, float]) -> bool:
    """Tell whether both prices of a point are the true one."""
    price = truth.get(point.slot)
    return (
        price is not None
        and point.mwh is not None
        and math.isclose(point.mwh, price, abs_tol=1e-9)
        and point.kwh is not None
        and math.isclose(point.kwh, price / PER_MWH, abs_tol=1e-12)
    )
