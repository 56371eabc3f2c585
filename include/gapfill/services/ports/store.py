"""The port of a store: all that Gapfill keeps in one database."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from gapfill.services.ports.ledger import LedgerStore
from gapfill.services.ports.quotas import QuotaStore
from gapfill.services.ports.readings import ReadingStore
from gapfill.services.ports.repairs import RepairStore
from gapfill.services.ports.undo import UndoStore


class StoreLocation(NamedTuple):
    """Where a store is, for people and without secrets: its kind, and its file or address."""

    kind: str
    where: str


class Store(ReadingStore, UndoStore, LedgerStore, QuotaStore, RepairStore, Protocol):
    """A database of readings, with the ledger, quotas and replaced rows beside them.

    Every method raises ``StoreError`` when the database cannot be read or written; none
    of them ever answers "empty" instead. Instants are aware UTC.
    """

    @property
    def place(self) -> StoreLocation:
        """Where it is."""

    def stamp(self) -> object | None:
        """Return what changes when another store comes to this place; ``None`` for no store."""

    def verify(self) -> None:
        """Run a real query and open a real write transaction; raise where either fails."""

    def close(self) -> None:
        """Give back connections; the store may be used again afterwards."""
