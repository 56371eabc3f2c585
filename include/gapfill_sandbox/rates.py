"""Limits of an API: requests in a minute, and on one virtual day."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

WINDOW_S = 60.0


class Window:
    """A limit of requests a minute, in seconds of any clock; only admitted ones count.

    Args:
        limit: Requests admitted in a window.
        is_fixed: Whether windows are the minutes of the clock, instead of any sixty seconds.
    """

    def __init__(self, limit: int, *, is_fixed: bool = False) -> None:
        self._limit = limit
        self._is_fixed = is_fixed
        self._admitted: list[float] = []

    def is_full(self, moment: float) -> bool:
        """Return whether a request at a moment is above the limit."""
        return sum(self._is_in(other, moment) for other in self._admitted) >= self._limit

    def add(self, moment: float) -> None:
        """Count an admitted request; forget those of earlier windows."""
        self._admitted = [other for other in self._admitted if self._is_in(other, moment)]
        self._admitted.append(moment)

    def _is_in(self, other: float, moment: float) -> bool:
        """Return whether a request at ``other`` is in the window of one at ``moment``."""
        if self._is_fixed:
            return other // WINDOW_S == moment // WINDOW_S
        return moment - WINDOW_S < other <= moment


class Rates:
    """The rate limit of each API: requests in any sixty seconds of real time.

    Args:
        per_minute: Limit by API; 0 is none.
        monotonic: Seconds that never go back.
    """

    def __init__(
        self, per_minute: Mapping[str, int], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._windows = {name: Window(limit) for name, limit in per_minute.items() if limit}
        self._monotonic = monotonic

    def is_admitted(self, api: str) -> bool:
        """Return whether a request now is within the rate, and count it if so."""
        window = self._windows.get(api)
        if window is None:
            return True
        now = self._monotonic()
        if window.is_full(now):
            return False
        window.add(now)
        return True


class Days:
    """Admitted requests of each API on each UTC day of the virtual clock."""

    def __init__(self) -> None:
        self._admitted: Counter[tuple[str, date]] = Counter()

    def is_admitted(self, api: str, day: date, limit: int) -> bool:
        """Return whether a request is within a day's limit, 0 for none, and count it if so."""
        if not limit:
            return True
        if self._admitted[api, day] >= limit:
            return False
        self._admitted[api, day] += 1
        return True
