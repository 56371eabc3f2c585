"""An account at an API: its limits of calls and records, their counters, and its tokens."""

from __future__ import annotations

import threading
import time
from base64 import b64encode
from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING

from gapfill_sandbox.rates import WINDOW_S
from gapfill_sandbox.times import local_day

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date, datetime

LIMITS = ("calls_minute", "records_minute", "calls_day", "records_day")
"""In the order of the checks."""


@dataclass(slots=True)
class _Token:
    """A token in use."""

    since: datetime
    uses: int = 0


@dataclass(slots=True)
class _Admitted:
    """Admitted requests: in the last sixty seconds of real time, and on a virtual local day."""

    minute: deque[tuple[float, int]] = field(default_factory=deque)
    day: date | None = None
    calls: int = 0
    records: int = 0


class Account:
    """The one account of an API. A refused request counts nothing. Threads may share it.

    Args:
        settings: The numbers of ``LIMITS``, 0 for none; ``token_minutes`` of virtual time
            and ``token_uses``, after which a token is refused, 0 for never; and others.
        monotonic: Seconds that never go back.
    """

    def __init__(
        self, settings: Mapping[str, int], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.settings = dict(settings)
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._admitted = _Admitted()
        self._tokens: dict[str, _Token] = {}

    def admit(self, now: datetime, records: int = 0) -> str | None:
        """Count a request, or return the name of the limit that it would exceed.

        Args:
            now: The virtual clock.
            records: Rows of its answer.
        """
        with self._lock:
            counted = self._count(now)
            for limit in LIMITS:
                most = self.settings.get(limit, 0)
                more = records if limit.startswith("records") else 1
                if most and more and counted[limit] + more > most:
                    return limit
            self._admitted.minute.append((self._monotonic(), records))
            self._admitted.calls += 1
            self._admitted.records += records
        return None

    def counted(self, now: datetime) -> dict[str, int]:
        """Return the counter of each limit."""
        with self._lock:
            return self._count(now)

    def _count(self, now: datetime) -> dict[str, int]:
        admitted, today = self._admitted, local_day(now)
        while admitted.minute and admitted.minute[0][0] <= self._monotonic() - WINDOW_S:
            admitted.minute.popleft()
        if admitted.day != today:
            admitted.day, admitted.calls, admitted.records = today, 0, 0
        return {
            "calls_minute": len(admitted.minute),
            "records_minute": sum(records for _, records in admitted.minute),
            "calls_day": admitted.calls,
            "records_day": admitted.records,
        }

    def give_token(self, now: datetime) -> str:
        """Return a new token."""
        with self._lock:
            token = scrambled(f"token {len(self._tokens)}")
            self._tokens[token] = _Token(now)
        return token

    def is_token(self, text: str | None, now: datetime) -> bool:
        """Return whether a text is a valid token, and count its use."""
        with self._lock:
            token = self._tokens.get(text or "")
            if token is None:
                return False
            minutes, uses = (self.settings.get(n, 0) for n in ("token_minutes", "token_uses"))
            is_old = minutes > 0 and now - token.since >= timedelta(minutes=minutes)
            if is_old or (uses and token.uses >= uses):
                return False
            token.uses += 1
        return True


def scrambled(text: str) -> str:
    """Return a text as an API encrypts it: always the same, with signs that a URL must quote."""
    digest = blake2b(text.encode(), digest_size=31).digest()
    return b64encode(b"\xfb\xff" + digest).decode()
