"""Retries of one request: a request that the server refuses only for now is sent again.

Every request of the store may be sent twice: a query changes nothing, a line that is written again
is the same point, and a second deletion finds nothing.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from gapfill.stores.influxdb.errors import Transient

T = TypeVar("T")

PAUSES_S = (0.5, 1.0, 2.0)
"""Pauses before the second try and later ones, if the server does not say how long."""

JITTER = 0.25
"""Pauses are longer by up to this share, so that tasks refused together do not retry together."""

REQUESTS = 5
"""All requests of a store together wait at most as long as this number of requests may wait. So
they fit into the time of a task."""


class Retries:
    """How long the requests of one store may still wait for a busy server.

    Attributes:
        sleep: Waits a number of seconds.
    """

    def __init__(self, longest_s: float, sleep: Callable[[float], None] | None = None) -> None:
        self._longest_s = longest_s
        self._left_s = longest_s * REQUESTS
        self.sleep = time.sleep if sleep is None else sleep

    def persist(self, call: Callable[[], T]) -> T:
        """Return the result of a call, and call again while the server refuses only for now.

        Raises:
            Transient: If the server still refuses after the last try, or asks for a longer wait
                than the time that is left.
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
        """Return the seconds before the next try, ``None`` if there is no other try."""
        if pause is None:
            return None
        wait = exc.retry_after if exc.retry_after is not None else pause
        wait *= 1 + JITTER * random.SystemRandom().random()
        return wait if waited + wait <= min(self._longest_s * (1 + JITTER), self._left_s) else None
