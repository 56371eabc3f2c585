"""Servers with a hidden limit of calls a minute, each with another way to count."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

MINUTE_S = 60.0


@dataclass
class FixedMinutes:
    """Counts anew at every full minute of its own clock.

    Attributes:
        limit: Calls a minute.
        phase: Seconds by which its clock is ahead.
    """

    limit: float
    phase: float = 17.0
    minute: int = -1
    calls: int = 0

    def accepts(self, now: float) -> bool:
        """Take a call, or refuse it."""
        minute = math.floor((now + self.phase) / MINUTE_S)
        if minute != self.minute:
            self.minute, self.calls = minute, 0
        if self.calls >= self.limit:
            return False
        self.calls += 1
        return True


@dataclass
class SlidingMinute:
    """Counts the accepted calls of the last sixty seconds."""

    limit: float
    accepted: deque[float] = field(default_factory=deque)

    def accepts(self, now: float) -> bool:
        """Take a call, or refuse it."""
        while self.accepted and self.accepted[0] <= now - MINUTE_S:
            self.accepted.popleft()
        if len(self.accepted) >= self.limit:
            return False
        self.accepted.append(now)
        return True


@dataclass
class TokenBucket:
    """Holds a minute's tokens, or fewer, and is refilled one by one.

    Attributes:
        limit: Tokens a minute.
        most: Tokens it holds, ``None`` for those of a minute.
    """

    limit: float
    most: float | None = None
    tokens: float | None = None
    last: float = 0.0

    def accepts(self, now: float) -> bool:
        """Take a call, or refuse it."""
        most = self.limit if self.most is None else self.most
        before = most if self.tokens is None else self.tokens
        self.tokens = min(most, before + (now - self.last) * self.limit / MINUTE_S)
        self.last = now
        if self.tokens < 1 - 1e-9:
            return False
        self.tokens -= 1
        return True


@dataclass
class OneByOne(TokenBucket):
    """Holds a single token: calls must be evenly spaced."""

    most: float | None = 1.0


Limiter = FixedMinutes | SlidingMinute | TokenBucket
KINDS: tuple[type[FixedMinutes | SlidingMinute | TokenBucket], ...] = (
    FixedMinutes,
    SlidingMinute,
    TokenBucket,
    OneByOne,
)
