"""The port of the ledger: requests and their outcomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, Protocol

from gapfill.domain.candidate import RefusedRun
from gapfill.domain.ledger import LedgerEntry, Outcome
from gapfill.domain.series import Series

if TYPE_CHECKING:
    from gapfill.services.ports.quotas import Block, Usage


@dataclass(frozen=True, slots=True)
class LedgerQuery:
    """The parts of the ledger, limits and quotas to read together.

    Attributes:
        now: The clock: blocks in force, and the usage of the 24 hours before.
        since: Learned facts count from this instant on.
        series: Series whose ledger and refused slots are wanted; empty: neither.
        is_ledger: Whether the ledger of these series is wanted.
        run: Run whose outcomes of ``source`` are wanted; empty: none.
        source: Catalogue name, for the outcomes.
    """

    now: datetime
    since: datetime
    series: tuple[Series, ...] = ()
    is_ledger: bool = True
    run: str = ""
    source: str = ""


class LedgerSnapshot(NamedTuple):
    """The ledger, limits and quotas at one moment.

    Attributes:
        entries: By series name, as ``Store.entries``, without the lines of filled slots: they are
            most of a ledger and exclude nothing. A series without lines is absent.
        blocks: As ``Store.blocks``.
        limits: As ``Store.load_limits``.
        usage: Calls and records of the last 24 hours, by source; one without calls is absent.
        outcomes: As ``Store.outcomes``.
        refused: By series name, slots that the store refuses.
    """

    entries: Mapping[str, Sequence[LedgerEntry]]
    blocks: Sequence[Block]
    limits: Mapping[str, Mapping[str, float]]
    usage: Mapping[str, Usage]
    outcomes: Sequence[tuple[str, Outcome]]
    refused: Mapping[str, Sequence[RefusedRun]] = MappingProxyType({})


class LedgerStore(Protocol):
    """The ledger: lines are added and never change."""

    def ledger_snapshot(self, inquiry: LedgerQuery) -> LedgerSnapshot:
        """Return the ledger, limits and quotas in as few requests as possible."""

    def append_ledger(self, entries: Sequence[LedgerEntry]) -> None:
        """Add lines to the ledger; lines never change."""

    def entries(self, series: str) -> list[LedgerEntry]:
        """Return the ledger of a series in the order of writing."""

    def answers(self, source: str, since: datetime) -> list[LedgerEntry]:
        """Return the ledger lines of a source that were asked at ``since`` or later.

        Args:
            source: Catalogue name; its products are ``source.…``.
            since: First instant of asking.
        """

    def outcomes(self, run: str, source: str) -> list[tuple[str, Outcome]]:
        """Return ``(batch, outcome)`` of a source's ledger lines in a run, in the order of writing.

        Args:
            run: Id of the run; its batches are ``run/…``.
            source: Catalogue name; its products are ``source.…``.
        """
