"""The port of a store: everything that Gapfill stores in one database."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from gapfill.services.ports.documents import DocumentStore
from gapfill.services.ports.ledger import LedgerStore
from gapfill.services.ports.quotas import QuotaStore
from gapfill.services.ports.readings import ReadingStore
from gapfill.services.ports.repairs import RepairStore
from gapfill.services.ports.undo import UndoStore


class StoreLocation(NamedTuple):
    """Location of a store for people, without secrets: its kind, and its file or address."""

    kind: str
    where: str


class Store(ReadingStore, UndoStore, LedgerStore, QuotaStore, RepairStore, DocumentStore, Protocol):
    """A database of readings, with the ledger, quotas and replaced rows beside them.

    Every method raises ``StoreError`` if the database cannot be read or written; no method returns
    an empty result instead. Instants are aware UTC.
    """

    @property
    def place(self) -> StoreLocation:
        """Its location."""

    def stamp(self) -> object | None:
        """Return a value that changes if another store replaces this one; ``None`` for no store."""

    def verify(self) -> None:
        """Run a real query and open a real write transaction; raise if one of them fails."""

    def close(self) -> None:
        """Close connections; the store can be used again afterwards."""
