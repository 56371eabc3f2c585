"""How many requests an API admits: in any sixty seconds of real time, on one virtual day."""

from __future__ import annotations

import time
from collections import Counter, deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

WINDOW_S = 60.0


class Rates:
    """A sliding window per API; only admitted requests count in it.

    Args:
        per_minute: Limit by API; 0 is none.
        monotonic: Seconds that never go back.
    """

    def __init__(
        self, per_minute: Mapping[str, int], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._limits = dict(per_minute)
        self._monotonic = monotonic
        self._admitted: dict[str, deque[float]] = {name: deque() for name in per_minute}

    def is_admitted(self, api: str) -> bool:
        """Return whether a request that comes now is within the rate, and count it if so."""
        limit = self._limits[api]
        if not limit:
            return True
        window, now = self._admitted[api], self._monotonic()
        while window and window[0] <= now - WINDOW_S:
            window.popleft()
        if len(window) >= limit:
            return False
        window.append(now)
        return True


class Days:
    """How many requests an API admitted on each UTC day of the virtual clock."""

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
