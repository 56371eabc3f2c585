"""The store port for any SQL database: one transaction per write, one connection per read.

A new SQL store opens its connections and has a ``SqlDialect`` (docs/how_to/add_a_store.md).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from gapfill.domain.interval import Interval
from gapfill.domain.invalid_values import Copies
from gapfill.domain.invalid_values import copies as count_copies
from gapfill.domain.ledger import LedgerEntry, Outcome
from gapfill.domain.reading import Reading, Replace, Row
from gapfill.domain.series import Series
from gapfill.services.ports import Batch, Block, Folded, LedgerQuery, LedgerSnapshot, Undone
from gapfill.stores.merge_policy import choose_better, choose_news
from gapfill.stores.no_repairs import NoRepairs
from gapfill.stores.points import rows_of
from gapfill.stores.reads import Gaps, InvalidValues, SeriesReads
from gapfill.stores.sql import batches, documents, folding, ledger, quotas
from gapfill.stores.sql.dialect import SqlDialect
from gapfill.stores.sql.tables import has_books, has_learned, prepare_books
from gapfill.stores.sql.writes import SqlWriter

if TYPE_CHECKING:
    import sqlalchemy as sa

T = TypeVar("T")


class SqlStore(SeriesReads, NoRepairs, ABC):
    """The methods of the store port that need only connections and a dialect.

    ``services.ports.Store`` specifies what each method promises.

    Attributes:
        dialect: How the database stores points.
    """

    dialect: SqlDialect

    @abstractmethod
    def _reading(self) -> AbstractContextManager[sa.Connection]:
        """Open a connection that sees one state of the store."""

    @abstractmethod
    def _writing(self) -> AbstractContextManager[sa.Connection]:
        """Open a connection in one transaction, committed at the end or rolled back."""

    def copies(self, series: Series, window: Interval) -> Copies:
        """Return the copies of other points' values in the series' own points of the window."""
        with self._reading() as connection:
            return count_copies(SqlWriter(connection, self.dialect).copies_of(series, window))

    def remove_copies(self, series: Series, window: Interval, batch: str) -> int:
        """Remove those copies in one transaction, and return the number of changed slots."""
        with self._writing() as connection:
            return SqlWriter(connection, self.dialect).remove_copies(series, window, batch)

    def read(self, series: Series, window: Interval, *more: Interval) -> list[Row]:
        """Return the rows of sorted, disjoint windows in order of slot, one per slot."""
        with self._reading() as connection:
            points = self.dialect.read_points(connection, series, [window, *more])
            return rows_of(series, points)

    def write(
        self,
        series: Series,
        readings: Sequence[Reading],
        batch: str,
        *,
        replace: Replace = Replace.WORSE,
        entries: Sequence[LedgerEntry] = (),
    ) -> int:
        """Merge readings with the stored ones as ``combine`` does, in one transaction."""
        choice = choose_better(series, readings, batch, replace)
        slots = [reading.slot for reading in readings]
        with self._writing() as connection:
            if entries:
                prepare_books(connection)
                ledger.append(connection, entries)
            return SqlWriter(connection, self.dialect).change(series, slots, choice)

    def import_rows(self, series: Series, rows: Sequence[Row]) -> int:
        """Write rows as they are, with their provenance, in one transaction."""
        slots = [row.slot for row in rows]
        with self._writing() as connection:
            writer = SqlWriter(connection, self.dialect)
            return writer.change(series, slots, choose_news(series, rows))

    def batch_slots(self, batch: str) -> dict[str, list[datetime]]:
        """Return the slots, by series name, that a batch wrote, also those replaced since."""
        return self._read(lambda connection: batches.slots_of(connection, batch), {})

    def batches(self) -> list[Batch]:
        """Return what each batch wrote and can still be undone, in the order of the writes."""
        return self._read(batches.batches, [])

    def undone_batches(self) -> set[str]:
        """Return the ids of batches that were undone, at least in part."""
        return self._read(batches.undone_batches, set())

    def slots_of(self, batches: Sequence[str]) -> dict[str, dict[str, list[datetime]]]:
        """Return the slots, by batch and series name, that batches wrote."""
        return {batch: self.batch_slots(batch) for batch in batches}

    def undo(self, batch: str, series: Iterable[Series]) -> Undone:
        """Put back what a batch replaced and remove what it added, in one transaction."""
        with self._changing() as connection:
            undone = SqlWriter(connection, self.dialect).undo_batch(batch, series)
            if undone.restored or undone.removed:
                batches.mark_undone(connection, batch)
            return undone

    def ledger_snapshot(self, inquiry: LedgerQuery) -> LedgerSnapshot:
        """Return the contents of the ledger and the quotas."""
        with self._reading() as connection:
            if not has_books(connection):
                return LedgerSnapshot({}, [], {}, {}, [])
            return ledger.read(connection, inquiry, is_whole=has_learned(connection))

    def append_ledger(self, entries: Sequence[LedgerEntry]) -> None:
        """Add lines to the ledger."""
        if entries:
            with self._changing() as connection:
                ledger.append(connection, entries)

    def fold_old(self, before: datetime, limit: int, at_least: int = 1) -> Folded:
        """Fold old ledger lines and calls into summary rows, in one transaction."""
        with self._changing() as connection:
            return folding.fold_old(connection, before, limit, at_least)

    def entries(self, series: str) -> list[LedgerEntry]:
        """Return the ledger of a series in the order it was written."""
        return self._read(lambda connection: ledger.entries_of(connection, series), [])

    def answers(self, source: str, since: datetime) -> list[LedgerEntry]:
        """Return the ledger lines of a source that were asked at ``since`` or later, in order."""
        return self._read(lambda connection: ledger.answers_of(connection, source, since), [])

    def outcomes(self, run: str, source: str) -> list[tuple[str, Outcome]]:
        """Return ``(batch, outcome)`` of a source's ledger lines in a run, in order."""
        return self._read(lambda connection: ledger.outcomes_of(connection, run, source), [])

    def record_call(self, source: str, at: datetime, batch: str, records: int = 0) -> None:
        """Note that a call is about to be sent, and the records it will count in a quota."""
        with self._changing() as connection:
            quotas.record_call(connection, source, at, batch, records)

    def calls_of(self, run: str) -> int:
        """Count the calls recorded by the batches of a run."""
        return self._read(lambda connection: quotas.count_calls_of(connection, run), 0)

    def calls_since(self, source: str, since: datetime) -> int:
        """Count the calls recorded at ``since`` or later."""
        return self._read(lambda c: quotas.count_calls_since(c, source, since), 0)

    def records_since(self, source: str, since: datetime) -> int:
        """Count the records of the calls recorded at ``since`` or later."""
        return self._read(lambda c: quotas.sum_records_since(c, source, since), 0, has_learned)

    def save_limits(self, subject: str, facts: Mapping[str, float], at: datetime) -> None:
        """Note what a source has reported about its limits; a later report replaces an earlier."""
        with self._changing() as connection:
            quotas.save_limits(connection, subject, facts, at)

    def load_limits(self, since: datetime) -> dict[str, dict[str, float]]:
        """Return what was learned at ``since`` or later, by subject and name."""
        return self._read(lambda c: quotas.limits_since(c, since), {}, has_learned)

    def block(self, block: Block) -> None:
        """Note that a source may not be called until an instant; the later instant counts."""
        with self._changing() as connection:
            quotas.block(connection, block)

    def blocks(self, now: datetime) -> list[Block]:
        """Return the blocks in force."""
        return self._read(lambda connection: quotas.blocks_at(connection, now), [])

    def save_document(self, name: str, text: str, at: datetime) -> None:
        """Save a document, at once or not at all."""
        with self._writing() as connection:
            documents.save(connection, name, text, at)

    def load_document(self, name: str, since: datetime) -> str | None:
        """Return a document that was saved at ``since`` or later, ``None`` for none."""
        with self._reading() as connection:
            return documents.load(connection, name, since)

    def drop_documents(self, before: datetime) -> None:
        """Remove the documents that were saved before an instant."""
        with self._writing() as connection:
            documents.drop(connection, before)

    @contextmanager
    def _changing(self) -> Iterator[sa.Connection]:
        with self._writing() as connection:
            prepare_books(connection)
            yield connection

    def _read(
        self,
        ask: Callable[[sa.Connection], T],
        nothing: T,
        is_there: Callable[[sa.Connection], bool] = has_books,
    ) -> T:
        with self._reading() as connection:
            return ask(connection) if is_there(connection) else nothing

    def _gaps(self, series: Series, ask: Callable[[Gaps], T]) -> T:
        with self._reading() as connection:
            return ask(self.dialect.gaps(connection, series))

    def _invalid(self, series: Series, ask: Callable[[InvalidValues], T]) -> T:
        with self._reading() as connection:
            return ask(self.dialect.invalid_values(connection, series))
