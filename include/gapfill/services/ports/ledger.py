"""The port of the ledger: requests and their outcomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, Protocol

from gapfill.domain.candidate import RefusedRun
from gapfill.domain.grid import DAY
from gapfill.domain.interval import Interval
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
        windows: Slots whose ledger is wanted, ``[start, end)`` each; empty: all. A few: each
            makes the question longer.
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
    windows: tuple[Interval, ...] = ()

    @property
    def day(self) -> datetime:
        """Return the instant a day before the clock."""
        return self.now - DAY


class Folded(NamedTuple):
    """Work of a clean-up: the number of ledger lines, and of calls, that it folded."""

    lines: int = 0
    calls: int = 0


class LedgerSnapshot(NamedTuple):
    """The ledger, limits and quotas at one moment.

    Attributes:
        entries: By series name, the lines and summary rows that decide about later requests
            (``ledger.decides``), and the lines of the last day except those of filled slots. A
            series without such lines is absent.
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
    """The ledger: lines are added, and folded into summary rows when they are old."""

    def ledger_snapshot(self, inquiry: LedgerQuery) -> LedgerSnapshot:
        """Return the ledger, limits and quotas in as few requests as possible."""

    def append_ledger(self, entries: Sequence[LedgerEntry]) -> None:
        """Add lines to the ledger."""

    def fold_old(self, before: datetime, limit: int, at_least: int = 1) -> Folded:
        """Fold ledger lines that were asked before an instant, and calls before that day.

        A kill at any moment loses nothing and counts nothing twice, and the next call continues.
        What the ledger decides does not change. A batch keeps its time.

        Args:
            before: First instant whose lines stay as they are; at least a day ago, because every
                quota and every rule about recent answers needs the lines of a day.
            limit: Maximum number of lines to fold.
            at_least: Number of old lines of one series and source that are worth the work.
        """

    def entries(self, series: str) -> list[LedgerEntry]:
        """Return the ledger of a series in the order of writing, summary rows first."""

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
