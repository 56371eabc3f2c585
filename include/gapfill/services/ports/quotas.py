"""The port of quotas: calls, blocks, and the limits that sources have reported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol


@dataclass(frozen=True, slots=True)
class Block:
    """A block of a source that refused: Gapfill does not call it for a while.

    Attributes:
        source: Catalogue name.
        until: First instant at which it may be called again.
        reason: Text of the refusal, without secrets.
    """

    source: str
    until: datetime
    reason: str


class Usage(NamedTuple):
    """Use of a source: its calls, and the records that they counted."""

    calls: int = 0
    records: int = 0


class QuotaStore(Protocol):
    """Calls, blocks of sources, and learned limits."""

    def record_call(self, source: str, at: datetime, batch: str, records: int = 0) -> None:
        """Record a call before it is sent, with the records that it will count in a quota."""

    def calls_of(self, run: str) -> int:
        """Count the calls recorded by the batches of a run."""

    def calls_since(self, source: str, since: datetime) -> int:
        """Count the calls recorded at ``since`` or later."""

    def records_since(self, source: str, since: datetime) -> int:
        """Count the records of the calls recorded at ``since`` or later."""

    def save_limits(self, subject: str, facts: Mapping[str, float], at: datetime) -> None:
        """Store facts of a source; later facts replace earlier ones.

        Args:
            subject: Name of a source, or the key of a product.
            facts: Numbers by name.
            at: Time of learning.
        """

    def load_limits(self, since: datetime) -> dict[str, dict[str, float]]:
        """Return the facts that were learned at ``since`` or later, by subject and name."""

    def block(self, block: Block) -> None:
        """Note that a source may not be called until an instant; the later one counts."""

    def blocks(self, now: datetime) -> list[Block]:
        """Return the blocks in force."""
