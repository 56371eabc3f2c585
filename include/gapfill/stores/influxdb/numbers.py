"""Times that order what a process writes, and lanes that keep points of one time separate."""

from __future__ import annotations

import itertools
import os
import random
import time

LANES = 64
"""Calls within the same microsecond get different times: 1,000 nanoseconds in each lane."""

NS_OF_US = 1000


class Numbers:
    """Numbers that order what this process writes, and distinguish it from what others write."""

    def __init__(self) -> None:
        self._last = 0
        self._start()

    def next_ns(self) -> int:
        """Return the time in nanoseconds, later than any returned before."""
        self._last = max(self._last + 1, time.time_ns())
        return self._last

    def next_place(self) -> tuple[int, int]:
        """Return a lane and a nanosecond, different ones in each of 64,000 calls."""
        if self._process != os.getpid():
            self._start()
        return divmod(next(self._places) % (LANES * NS_OF_US), NS_OF_US)

    def _start(self) -> None:
        self._process = os.getpid()
        self._places = itertools.count(random.SystemRandom().randrange(LANES * NS_OF_US))
