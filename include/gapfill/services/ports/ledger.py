"""The port of the ledger: what was asked, and what it came to."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from gapfill.domain.candidate import RefusedRun
    from gapfill.domain.ledger import LedgerEntry, Outcome
    from gapfill.domain.series import Series
    from gapfill.services.ports.quotas import Block, Usage


@dataclass(frozen=True, slots=True)
class LedgerQuery:
    """What of the books is read together.

    Attributes:
        now: The clock: blocks in force, and the usage of the 24 hours before.
        since: From when on what was learned counts.
        series: Whose ledger and refused slots, of all of them at once; empty: neither.
        is_ledger: Whether the ledger of these series is wanted.
        run: Whose outcomes, of ``source``; empty: none.
        source: Catalogue name, for the outcomes.
    """

    now: datetime
    since: datetime
    series: tuple[Series, ...] = ()
    is_ledger: bool = True
    run: str = ""
    source: str = ""


class LedgerSnapshot(NamedTuple):
    """What the books say at one moment.

    Attributes:
        entries: By series name, as ``Store.entries``, without the lines of what was filled:
            they are most of a ledger and rule nothing out. A series without lines is absent.
        blocks: As ``Store.blocks``.
        limits: As ``Store.load_limits``.
        usage: Calls and records of the last 24 hours, by source; one without calls is absent.
        outcomes: As ``Store.outcomes``.
        refused: By series name, what the store has refused, or would refuse, and still does.
    """

    entries: Mapping[str, Sequence[LedgerEntry]]
    blocks: Sequence[Block]
    limits: Mapping[str, Mapping[str, float]]
    usage: Mapping[str, Usage]
    outcomes: Sequence[tuple[str, Outcome]]
    refused: Mapping[str, Sequence[RefusedRun]] = MappingProxyType({})


class LedgerStore(Protocol):
    """The ledger: lines are added and never changed."""

    def ledger_snapshot(self, inquiry: LedgerQuery) -> LedgerSnapshot:
        """Return what the books say, in as few requests as can be."""

    def append_ledger(self, entries: Sequence[LedgerEntry]) -> None:
        """Add lines to the ledger; they are never changed."""

    def entries(self, series: str) -> list[LedgerEntry]:
        """Return the ledger of a series in the order it was written."""

    def answers(self, source: str, since: datetime) -> list[LedgerEntry]:
        """Return the ledger lines of a source that were asked at ``since`` or later.

        Args:
            source: Catalogue name; its products are ``source.…``.
            since: First instant of asking.
        """

    def outcomes(self, run: str, source: str) -> list[tuple[str, Outcome]]:
        """Return ``(batch, outcome)`` of a source's ledger lines in a run, in the order written.

        Args:
            run: Id of the run; its batches are ``run/…``.
            source: Catalogue name; its products are ``source.…``.
        """
