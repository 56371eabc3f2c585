"""A limit of time for each test that a slow or busy machine does not use up.

``pytest-timeout`` counts seconds of the clock. Here a second counts for less where the
machine has less time for us than a machine that is idle: a test that waits for a processor
is not one that hangs. One that hangs is ended all the same, after ``MOST`` times its limit
at the latest.
"""

from __future__ import annotations

import os
import signal
import time
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

MOST = 10.0
"""Times a test's limit that it may last by the clock."""

_WORK, _WORK_S = 200_000, 0.02
"""Rounds of a loop, and how long they take at most on an idle machine of an ordinary kind."""


class Limits(Protocol):
    """What of pytest-timeout's settings is needed here."""

    @property
    def timeout(self) -> float:
        """Seconds."""


def slowness() -> float:
    """Return how many times as long as on an idle machine things take just now, 1 at least."""
    began = time.monotonic()
    for _ in range(_WORK):
        pass
    work = (time.monotonic() - began) / _WORK_S
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1.0, work, os.getloadavg()[0] / (cores or 1))


def patient(seconds: float) -> float:
    """Return how long this machine takes just now for what an idle one does in some seconds."""
    return seconds * _measured(int(time.monotonic()) // 4)


@lru_cache(maxsize=1)
def _measured(_moment: int) -> float:
    return slowness()


class Budget:
    """The time that a test has.

    Args:
        limit_s: Seconds on an idle machine.
        measure: Says how slow the machine is.
    """

    def __init__(self, limit_s: float, measure: Callable[[], float] = slowness) -> None:
        self._limit_s, self._measure = limit_s, measure
        self._spent_s = self._passed_s = 0.0

    def next_s(self) -> float:
        """Return when to look again, ``0`` for never: the time is over."""
        left_s = min(self._limit_s - self._spent_s, MOST * self._limit_s - self._passed_s)
        return max(left_s, self._limit_s / 10) if left_s > 0 else 0.0

    def pass_by(self, seconds: float) -> None:
        """Count seconds of the clock that have passed."""
        self._passed_s += seconds
        self._spent_s += seconds / self._measure()


def arm(limit_s: float, end: Callable[[], object]) -> Callable[[], None]:
    """Call ``end`` in this thread when the time is over, and return what stops that."""
    budget = Budget(limit_s)

    def look(_number: int, _frame: object) -> None:
        __tracebackhide__ = True
        budget.pass_by(waited_s[0])
        waited_s[0] = budget.next_s()
        if waited_s[0]:
            signal.setitimer(signal.ITIMER_REAL, waited_s[0])
        else:
            end()

    def cancel() -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)

    waited_s = [budget.next_s()]
    signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, waited_s[0])
    return cancel
