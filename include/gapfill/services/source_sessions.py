"""What one process knows of the sources that it has asked, from one unit to the next."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from gapfill.services.ports import Caller
    from gapfill.services.rate_limiter import RateLimiter

REFUSALS = 3
"""After so many refusals in a row, without an answer in between, a source is not asked again."""


class SourceSession(NamedTuple):
    """A source that this process has logged in to.

    Attributes:
        caller: The source, ready to be asked.
        pace: The pace that the caller keeps.
    """

    caller: Caller
    pace: RateLimiter


@dataclass(frozen=True, slots=True)
class SourceSessions:
    """The sources that this process has asked.

    Attributes:
        opened: Those it has logged in to, by source and subscription.
        refusals: Refusals in a row by source, whatever the product or the unit.
    """

    opened: dict[tuple[str, str], SourceSession] = field(default_factory=dict)
    refusals: Counter[str] = field(default_factory=Counter)

    @property
    def sources(self) -> frozenset[str]:
        """Return the sources whose calls before the first request have been made."""
        return frozenset(source for source, _ in self.opened)

    def has_refused(self, source: str) -> bool:
        """Tell whether a source has refused so often that it is not asked again."""
        return self.refusals[source] >= REFUSALS
