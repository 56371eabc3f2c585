"""The port of quotas: calls, blocks, and the limits that sources have reported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Block:
    """A source that refused and may not be called for a while.

    Attributes:
        source: Catalogue name.
        until: First instant at which it may be called again.
        reason: What the refusal said, without secrets.
    """

    source: str
    until: datetime
    reason: str


class Usage(NamedTuple):
    """What was used of a source: its calls, and the records that they counted."""

    calls: int = 0
    records: int = 0


class QuotaStore(Protocol):
    """Calls that were made, blocks of sources, and limits that were learned."""

    def record_call(self, source: str, at: datetime, batch: str, records: int = 0) -> None:
        """Note that a call is about to be sent, and the records it will count in a quota."""

    def calls_of(self, run: str) -> int:
        """Count the calls recorded by the batches of a run."""

    def calls_since(self, source: str, since: datetime) -> int:
        """Count the calls recorded at ``since`` or later."""

    def records_since(self, source: str, since: datetime) -> int:
        """Count the records of the calls recorded at ``since`` or later."""

    def save_limits(self, subject: str, facts: Mapping[str, float], at: datetime) -> None:
        """Note what a source has said of itself; a later saying replaces an earlier one.

        Args:
            subject: Name of a source, or the key of a product.
            facts: Numbers by name.
            at: When it was learned.
        """

    def load_limits(self, since: datetime) -> dict[str, dict[str, float]]:
        """Return what was learned at ``since`` or later, by subject and name."""

    def block(self, block: Block) -> None:
        """Note that a source may not be called until an instant; the later one counts."""

    def blocks(self, now: datetime) -> list[Block]:
        """Return the blocks in force."""
