"""The production store: a bucket of InfluxDB that other programs may also write to.

Points are in the measurements of the catalogue, with four fields of provenance (``gapfill_…``). The
ledger, calls and blocks are in measurements with that prefix. Reads find gaps on the server
(``influxdb.gaps``), for many series together (``influxdb.grouped``), and write nothing. Writes note
what they replace before they replace it (``influxdb.writes``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from gapfill.domain.interval import Interval
from gapfill.domain.invalid_values import Copies
from gapfill.domain.invalid_values import copies as count_copies
from gapfill.domain.ledger import LedgerEntry, Outcome
from gapfill.domain.reading import Reading, Replace, Row
from gapfill.domain.series import Series
from gapfill.domain.unfinished_removal import Unfinished
from gapfill.services.ports import (
    Batch,
    Block,
    Folded,
    LedgerQuery,
    LedgerSnapshot,
    Restored,
    StoreLocation,
    Undone,
    WrongType,
)
from gapfill.stores.influxdb import documents, folding, ledger, quotas, writes
from gapfill.stores.influxdb.batches import batches, slots_of, undone_batches
from gapfill.stores.influxdb.client import InfluxClient
from gapfill.stores.influxdb.config import InfluxConfig
from gapfill.stores.influxdb.first_contact import prove
from gapfill.stores.influxdb.grouped import GroupedReads
from gapfill.stores.influxdb.invalid_values import InfluxInvalidValues
from gapfill.stores.influxdb.ledger_query import read_snapshot
from gapfill.stores.influxdb.names import check_names
from gapfill.stores.influxdb.numbers import Numbers
from gapfill.stores.influxdb.one_series import InfluxGaps
from gapfill.stores.influxdb.points import read_points
from gapfill.stores.influxdb.retype import convert as retyping
from gapfill.stores.influxdb.retype.restore import restore
from gapfill.stores.influxdb.undo.recovery import recover
from gapfill.stores.influxdb.undo.removal_watch import Watched
from gapfill.stores.influxdb.undo.undo_batch import undo_batch
from gapfill.stores.influxdb.undo.unfinished_removals import unfinished
from gapfill.stores.merge_policy import choose_better, choose_news
from gapfill.stores.points import rows_of
from gapfill.stores.reads import Gaps, InvalidValues

T = TypeVar("T")


class InfluxStore(GroupedReads):
    """The store port for a bucket; ``services.ports.Store`` specifies what each method promises.

    Attributes:
        access: The server and the bucket.
    """

    def __init__(self, access: InfluxConfig) -> None:
        self.access = access
        self._server = InfluxClient(access)
        self._numbers = Numbers()

    @property
    def place(self) -> StoreLocation:
        """The address, the bucket and its organization; no token."""
        access = self.access
        return StoreLocation("influxdb", f"bucket {access.bucket} of {access.org} at {access.url}")

    def stamp(self) -> str:
        """Return the place; if the bucket does not exist, the first question raises the error."""
        return self.place.where

    def verify(self) -> None:
        """Finish removals that were killed, write a real point and read it; raise if a step fails.

        Points that the server refuses to take back do not stop a run; ``undo`` reports them.
        """
        recover(self._server)
        prove(self._server)

    def copies(self, series: Series, window: Interval) -> Copies:
        """Return the copies of other points' values in the series' own points of the window."""
        return count_copies(writes.copies_of(self._server, series, window))

    def remove_copies(self, series: Series, window: Interval, batch: str) -> int:
        """Remove those copies, 5,000 slots at once, and return the number of changed slots."""
        return writes.remove_copies(self._server, series, window, batch)

    def read(self, series: Series, window: Interval, *more: Interval) -> list[Row]:
        """Return the rows of sorted, disjoint windows in order of slot, one per slot."""
        check_names(series)
        return rows_of(series, read_points(self._watched(series), series, [window, *more]))

    def write(
        self,
        series: Series,
        readings: Sequence[Reading],
        batch: str,
        *,
        replace: Replace = Replace.WORSE,
        entries: Sequence[LedgerEntry] = (),
    ) -> int:
        """Merge readings with the stored ones as ``combine`` does, 2,500 slots at once."""
        choice = choose_better(series, readings, batch, replace)
        lines = ledger.entry_lines(self._numbers, entries)
        slots = [r.slot for r in readings]
        return writes.change(self._server, series, slots, {batch}, choice, lines)

    def import_rows(self, series: Series, rows: Sequence[Row]) -> int:
        """Write rows as they are, with their provenance, 2,500 slots at once."""
        batches = {row.batch or "" for row in rows}
        slots = [row.slot for row in rows]
        return writes.change(self._server, series, slots, batches, choose_news(series, rows))

    def batch_slots(self, batch: str) -> dict[str, list[datetime]]:
        """Return the slots, by series name, that a batch wrote, also those replaced since."""
        return self.slots_of([batch])[batch]

    def slots_of(self, batches: Sequence[str]) -> dict[str, dict[str, list[datetime]]]:
        """Return the slots, by batch and series name, that batches wrote."""
        return slots_of(self._server, batches)

    def batches(self) -> list[Batch]:
        """Return what each batch noted and can still be undone, one entry per series."""
        return batches(self._server)

    def undone_batches(self) -> set[str]:
        """Return the ids of batches with undone slots."""
        return undone_batches(self._server)

    def undo(self, batch: str, series: Iterable[Series]) -> Undone:
        """Put back what a batch replaced and remove what it added; after a kill, call it again."""
        return undo_batch(self._server, batch, series)

    def ledger_snapshot(self, inquiry: LedgerQuery) -> LedgerSnapshot:
        """Return the contents of the ledger and the quotas, read together."""
        return read_snapshot(self._server, inquiry)

    def append_ledger(self, entries: Sequence[LedgerEntry]) -> None:
        """Add lines to the ledger."""
        ledger.append(self._server, self._numbers, entries)

    def fold_old(self, before: datetime, limit: int, at_least: int = 1) -> Folded:
        """Fold old ledger lines and calls into summary rows, in an order that a kill may end.

        Nothing is folded without removal: summary rows would remain beside their lines.
        """
        if self._server.access.without_removal:
            return Folded()
        return folding.fold_old(self._server, self._numbers, before, limit, at_least)

    def entries(self, series: str) -> list[LedgerEntry]:
        """Return the ledger of a series in the order it was written."""
        return ledger.entries_of(self._server, series)

    def answers(self, source: str, since: datetime) -> list[LedgerEntry]:
        """Return the ledger lines of a source that were asked at ``since`` or later, in order."""
        return ledger.answers_of(self._server, source, since)

    def outcomes(self, run: str, source: str) -> list[tuple[str, Outcome]]:
        """Return ``(batch, outcome)`` of a source's ledger lines in a run, in order."""
        return ledger.outcomes_of(self._server, run, source)

    def record_call(self, source: str, at: datetime, batch: str, records: int = 0) -> None:
        """Note that a call is about to be sent, and the records it will count in a quota."""
        quotas.record_call(self._server, self._numbers, source, at, batch, records)

    def calls_of(self, run: str) -> int:
        """Count the calls recorded by the batches of a run."""
        return quotas.count_calls_of(self._server, run)

    def calls_since(self, source: str, since: datetime) -> int:
        """Count the calls recorded at ``since`` or later."""
        return quotas.count_calls_since(self._server, source, since)

    def records_since(self, source: str, since: datetime) -> int:
        """Count the records of the calls recorded at ``since`` or later."""
        return quotas.sum_records_since(self._server, source, since)

    def save_limits(self, subject: str, facts: Mapping[str, float], at: datetime) -> None:
        """Note what a source has reported about its limits; a later report replaces an earlier."""
        quotas.save_limits(self._server, subject, facts, at)

    def load_limits(self, since: datetime) -> dict[str, dict[str, float]]:
        """Return what was learned at ``since`` or later, by subject and name."""
        return quotas.limits_since(self._server, since)

    def block(self, block: Block) -> None:
        """Note that a source may not be called until an instant; the later instant counts."""
        quotas.block(self._server, block)

    def blocks(self, now: datetime) -> list[Block]:
        """Return the blocks in force."""
        return quotas.blocks_at(self._server, now)

    def save_document(self, name: str, text: str, at: datetime) -> None:
        """Save a document, part by part."""
        documents.save(self._server, name, text, at)

    def load_document(self, name: str, since: datetime) -> str | None:
        """Return a document that was saved at ``since`` or later, ``None`` for none."""
        return documents.load(self._server, name, since)

    def drop_documents(self, before: datetime) -> None:
        """Remove the documents that were saved before an instant."""
        documents.drop(self._server, before)

    def wrong_types(self, series: Series, names: Sequence[str]) -> list[WrongType]:
        """Return the shards in which these fields of a series have a type other than float."""
        return retyping.find(self._server, series, names)

    def retype(
        self,
        series: Series,
        wrong: Sequence[WrongType],
        save: Callable[[str], None],
        file: str = "",
    ) -> int:
        """Convert these fields to floats, and return the number of rewritten points."""
        return retyping.retype(self._server, series, wrong, save, file)

    def restore(self, said: str, *, overwrite: bool = False) -> Restored:
        """Write the missing ones of the points that ``retype`` saved."""
        return restore(self._server, said, overwrite=overwrite)

    def unfinished(self) -> list[Unfinished]:
        """Return the removals with points that are not written back, or are missing again."""
        return unfinished(self._server)

    def close(self) -> None:
        """Close connections; the store can be used again afterwards."""
        self._server.close()

    def _gaps(self, series: Series, ask: Callable[[Gaps], T]) -> T:
        return ask(InfluxGaps(self._watched(series), series))

    def _invalid(self, series: Series, ask: Callable[[InvalidValues], T]) -> T:
        return ask(InfluxInvalidValues(self._watched(series), series))

    def _watched(self, series: Series) -> Watched:
        return Watched(self._server, series)
