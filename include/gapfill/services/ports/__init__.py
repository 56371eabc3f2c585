"""The ports of the use cases: a store, sources, and a memory of stores.

A use case names the narrowest port that it needs. ``Store`` is everything in one database.
"""

from gapfill.services.ports.documents import DocumentStore
from gapfill.services.ports.grouped_readings import (
    Each,
    GroupedReadings,
    OfSeries,
    SeriesInstant,
    SeriesSources,
    SeriesWindow,
)
from gapfill.services.ports.ledger import Folded, LedgerQuery, LedgerSnapshot, LedgerStore
from gapfill.services.ports.memory import Memory
from gapfill.services.ports.quotas import Block, QuotaStore, Usage
from gapfill.services.ports.readings import ReadingStore
from gapfill.services.ports.repairs import RemovalUnfinished, RepairStore, Restored, WrongType
from gapfill.services.ports.sources import Caller, Sources
from gapfill.services.ports.store import Store, StoreLocation
from gapfill.services.ports.undo import Batch, Undone, UndoStore

__all__ = [
    "Batch",
    "Block",
    "Caller",
    "DocumentStore",
    "Each",
    "Folded",
    "GroupedReadings",
    "LedgerQuery",
    "LedgerSnapshot",
    "LedgerStore",
    "Memory",
    "OfSeries",
    "QuotaStore",
    "ReadingStore",
    "RemovalUnfinished",
    "RepairStore",
    "Restored",
    "SeriesInstant",
    "SeriesSources",
    "SeriesWindow",
    "Sources",
    "Store",
    "StoreLocation",
    "UndoStore",
    "Undone",
    "Usage",
    "WrongType",
]
