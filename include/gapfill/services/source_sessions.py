"""State of the sources that one process has asked, shared by its units."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from gapfill.services.ports import Caller
from gapfill.services.rate_limiter import RateLimiter

REFUSALS = 3
"""Number of consecutive refusals after which a source is not asked again."""


class SourceSession(NamedTuple):
    """A source that this process has logged in to.

    Attributes:
        caller: The source, ready for requests.
        limiter: The rate limiter of the caller.
    """

    caller: Caller
    limiter: RateLimiter


@dataclass(frozen=True, slots=True)
class SourceSessions:
    """The sources that this process has asked.

    Attributes:
        opened: Sources to which it has logged in, by source and subscription.
        refusals: Consecutive refusals by source, for all products and units.
    """

    opened: dict[tuple[str, str], SourceSession] = field(default_factory=dict)
    refusals: Counter[str] = field(default_factory=Counter)

    @property
    def sources(self) -> frozenset[str]:
        """Return the sources whose calls before the first request were made."""
        return frozenset(source for source, _ in self.opened)

    def has_refused(self, source: str) -> bool:
        """Return whether a source has refused too often to be asked again."""
        return self.refusals[source] >= REFUSALS
