"""Tries of one request: what a server refuses only for now is asked again in place.

Everything that the store sends may be sent twice: a question changes nothing, a line that is
written again is the same point, and a deletion finds nothing the second time.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from gapfill.stores.influxdb.errors import Transient

T = TypeVar("T")

PAUSES_S = (0.5, 1.0, 2.0)
"""Before the second try and those after it, where the server does not say how long."""

JITTER = 0.25
"""Pauses are longer by up to this part, so that tasks refused together do not return together."""

REQUESTS = 5
"""All requests of one store together wait as long as so many of them may: within a task's time."""


class Retries:
    """How long the requests of one store may still wait for a server that is busy.

    Attributes:
        sleep: Waits so many seconds.
    """

    def __init__(self, longest_s: float, sleep: Callable[[float], None] | None = None) -> None:
        self._longest_s = longest_s
        self._left_s = longest_s * REQUESTS
        self.sleep = time.sleep if sleep is None else sleep

    def persist(self, call: Callable[[], T]) -> T:
        """Return what a call returns, called again while its server refuses only for now.

        Raises:
            Transient: If it still refuses after the last try, or asks to wait longer than there
                is time.
        """
        waited = 0.0
        for tries, pause in enumerate((*PAUSES_S, None), 1):
            try:
                return call()
            except Transient as exc:
                wait = self._wait_s(exc, pause, waited)
                if wait is None:
                    if tries > 1:
                        raise Transient(f"{exc} It was tried {tries} times.") from None
                    raise
                waited += wait
                self._left_s -= wait
                self.sleep(wait)
        message = "unreachable: the last refusal is raised above"
        raise AssertionError(message)

    def _wait_s(self, exc: Transient, pause: float | None, waited: float) -> float | None:
        """Return the seconds before the next try, ``None`` where there is none."""
        if pause is None:
            return None
        wait = exc.retry_after if exc.retry_after is not None else pause
        wait *= 1 + JITTER * random.SystemRandom().random()
        return wait if waited + wait <= min(self._longest_s * (1 + JITTER), self._left_s) else None
