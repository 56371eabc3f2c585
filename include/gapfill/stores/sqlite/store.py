"""The embedded store: one SQLite file through SQLAlchemy Core, safe with several processes.

A file that does not exist yet, in a folder that does, is an empty store; the first write
or ``verify`` makes it. Every write is one short ``BEGIN IMMEDIATE`` transaction, so that
a kill leaves all of it or nothing. What stands where: ``sqlite.schema``; how the file is
opened and what its errors mean: ``sqlite.connection``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gapfill.domain.interval import END_OF_TIME
from gapfill.domain.invalid_values import copies as count_copies
from gapfill.domain.reading import Replace
from gapfill.errors import RequestError
from gapfill.services.ports import LedgerSnapshot, StoreLocation
from gapfill.stores.points import rows_of
from gapfill.stores.sqlite import ledger as books
from gapfill.stores.sqlite import writes as changes
from gapfill.stores.sqlite.batches import batches, mark_undone, undone_batches
from gapfill.stores.sqlite.connection import WAIT_S, StoreFile
from gapfill.stores.sqlite.gaps import SqliteGaps
from gapfill.stores.sqlite.invalid_values import SqliteInvalidValues
from gapfill.stores.sqlite.rows import read_points
from gapfill.stores.sqlite.schema import has_books, has_learned, prepare_books

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from gapfill.domain.coverage import Graded
    from gapfill.domain.interval import Interval
    from gapfill.domain.invalid_values import Ahead, Copies, Flaws
    from gapfill.domain.ledger import LedgerEntry, Outcome
    from gapfill.domain.reading import Reading, Row
    from gapfill.domain.series import Series
    from gapfill.domain.unfinished_removal import Unfinished
    from gapfill.services.ports import Batch, Block, LedgerQuery, Restored, Undone, WrongType


class SqliteStore:
    """The store port (``services.ports.Store``, which says what each method promises) on a file.

    Attributes:
        path: The file.
    """

    def __init__(self, path: Path, *, wait_s: float = WAIT_S) -> None:
        self.path = path
        self._file = StoreFile(path, wait_s)

    @property
    def place(self) -> StoreLocation:
        """The file, with its folders."""
        return StoreLocation("sqlite", str(self.path.absolute()))

    def stamp(self) -> tuple[int, int] | None:
        """Return device and number of the file, ``None`` where there is none."""
        return self._file.identity()

    def verify(self) -> None:
        """Read, and commit a real write; raise where either fails."""
        with self._file.writing() as connection:
            prepare_books(connection)
            connection.exec_driver_sql("PRAGMA user_version = 1")  # writes the file's first page
        with self._file.reading() as connection:
            books.probe(connection)

    def missing(self, series: Series, window: Interval) -> list[Interval]:
        """Return the runs of slots of the window without every required field."""
        with self._file.reading() as connection:
            return SqliteGaps(connection, series).missing(window)

    def missing_by_field(self, series: Series, window: Interval) -> dict[str, list[Interval]]:
        """Return the runs of slots of the window without each required field, by field."""
        with self._file.reading() as connection:
            return SqliteGaps(connection, series).missing_by_field(window)

    def lower_grade(self, series: Series, window: Interval) -> list[Graded]:
        """Return the runs of slots that hold a reading below the series' target, by grade."""
        with self._file.reading() as connection:
            return SqliteGaps(connection, series).lower_grade(window)

    def missing_optional(self, series: Series, field: str, window: Interval) -> list[Interval]:
        """Return the runs of slots that hold every required field and lack this one."""
        with self._file.reading() as connection:
            return SqliteGaps(connection, series).missing_optional(field, window)

    def of_source(self, series: Series, sources: Sequence[str], window: Interval) -> list[Interval]:
        """Return the runs of slots that have a point with one of these sources."""
        with self._file.reading() as connection:
            return SqliteGaps(connection, series).of_source(sources, window)

    def newest(self, series: Series, end: datetime = END_OF_TIME) -> datetime | None:
        """Return the newest slot before ``end`` that holds every required field, else ``None``."""
        with self._file.reading() as connection:
            return SqliteGaps(connection, series).newest(end)

    def flaws(self, series: Series, window: Interval) -> Flaws:
        """Return the stored values of the window that do not count."""
        with self._file.reading() as connection:
            return SqliteInvalidValues(connection, series).flaws(window)

    def ahead(self, series: Series, start: datetime) -> Ahead | None:
        """Return the points from an instant on, ``None`` for none."""
        with self._file.reading() as connection:
            return SqliteInvalidValues(connection, series).ahead(start)

    def copies(self, series: Series, window: Interval) -> Copies:
        """Return the copies of values of others in the series' own points of the window."""
        with self._file.reading() as connection:
            return count_copies(changes.copies_of(connection, series, window))

    def remove_copies(self, series: Series, window: Interval, batch: str) -> int:
        """Remove those copies, at once or not at all, and return from how many slots."""
        with self._file.writing() as connection:
            return changes.remove_copies(connection, series, window, batch)

    def read(self, series: Series, window: Interval, *more: Interval) -> list[Row]:
        """Return the rows of sorted, disjoint windows in order of slot, one per slot."""
        with self._file.reading() as connection:
            return rows_of(series, read_points(connection, series, [window, *more]))

    def write(
        self,
        series: Series,
        readings: Sequence[Reading],
        batch: str,
        *,
        replace: Replace = Replace.WORSE,
        entries: Sequence[LedgerEntry] = (),
    ) -> int:
        """Write what ``combine`` makes of what stands, at once or not at all."""
        with self._file.writing() as connection:
            if entries:
                prepare_books(connection)
                books.note(connection, entries)
            return changes.write_readings(connection, series, readings, batch, replace=replace)

    def import_rows(self, series: Series, rows: Sequence[Row]) -> int:
        """Write rows as they are, provenance included, at once or not at all."""
        with self._file.writing() as connection:
            return changes.put_rows(connection, series, rows)

    def batch_slots(self, batch: str) -> dict[str, list[datetime]]:
        """Return the slots, by series name, that a batch wrote, whether or not replaced since."""
        with self._file.reading() as connection:
            return changes.slots_of(connection, batch) if has_books(connection) else {}

    def batches(self) -> list[Batch]:
        """Return what each batch wrote and still can be undone, in the order of their writes."""
        with self._file.reading() as connection:
            return batches(connection)

    def undone_batches(self) -> set[str]:
        """Return the ids of batches that were undone, as far as that could be."""
        with self._file.reading() as connection:
            return undone_batches(connection)

    def slots_of(self, batches: Sequence[str]) -> dict[str, dict[str, list[datetime]]]:
        """Return the slots, by batch and series name, that batches wrote."""
        return {batch: self.batch_slots(batch) for batch in batches}

    def undo(self, batch: str, series: Iterable[Series]) -> Undone:
        """Put back what a batch replaced and remove what it added, in one transaction."""
        with self._file.writing() as connection:
            prepare_books(connection)
            undone = changes.undo_batch(connection, batch, series)
            if undone.restored or undone.removed:
                mark_undone(connection, batch)
            return undone

    def ledger_snapshot(self, inquiry: LedgerQuery) -> LedgerSnapshot:
        """Return what the books say."""
        with self._file.reading() as connection:
            if not has_books(connection):
                return LedgerSnapshot({}, [], {}, {}, [])
            return books.read(connection, inquiry, is_whole=has_learned(connection))

    def append_ledger(self, entries: Sequence[LedgerEntry]) -> None:
        """Add lines to the ledger; they are never changed."""
        if entries:
            with self._file.writing() as connection:
                prepare_books(connection)
                books.note(connection, entries)

    def entries(self, series: str) -> list[LedgerEntry]:
        """Return the ledger of a series in the order it was written."""
        with self._file.reading() as connection:
            return books.entries_of(connection, series) if has_books(connection) else []

    def answers(self, source: str, since: datetime) -> list[LedgerEntry]:
        """Return the ledger lines of a source that were asked at ``since`` or later, in order."""
        with self._file.reading() as connection:
            return books.answers_of(connection, source, since) if has_books(connection) else []

    def outcomes(self, run: str, source: str) -> list[tuple[str, Outcome]]:
        """Return ``(batch, outcome)`` of a source's ledger lines in a run, in order."""
        with self._file.reading() as connection:
            return books.outcomes_of(connection, run, source) if has_books(connection) else []

    def record_call(self, source: str, at: datetime, batch: str, records: int = 0) -> None:
        """Note that a call is about to be sent, and the records it will count in a quota."""
        with self._file.writing() as connection:
            prepare_books(connection)
            books.record_call(connection, source, at, batch, records)

    def calls_of(self, run: str) -> int:
        """Count the calls recorded by the batches of a run."""
        with self._file.reading() as connection:
            return books.count_calls_of(connection, run) if has_books(connection) else 0

    def calls_since(self, source: str, since: datetime) -> int:
        """Count the calls recorded at ``since`` or later."""
        with self._file.reading() as connection:
            if not has_books(connection):
                return 0
            return books.count_calls_since(connection, source, since)

    def records_since(self, source: str, since: datetime) -> int:
        """Count the records of the calls recorded at ``since`` or later."""
        with self._file.reading() as connection:
            if not has_learned(connection):
                return 0
            return books.sum_records_since(connection, source, since)

    def save_limits(self, subject: str, facts: Mapping[str, float], at: datetime) -> None:
        """Note what a source has said of itself; a later saying replaces an earlier one."""
        with self._file.writing() as connection:
            prepare_books(connection)
            books.learn(connection, subject, facts, at)

    def load_limits(self, since: datetime) -> dict[str, dict[str, float]]:
        """Return what was learned at ``since`` or later, by subject and name."""
        with self._file.reading() as connection:
            return books.learned_since(connection, since) if has_learned(connection) else {}

    def block(self, block: Block) -> None:
        """Note that a source may not be called until an instant; the later one stands."""
        with self._file.writing() as connection:
            prepare_books(connection)
            books.block(connection, block)

    def blocks(self, now: datetime) -> list[Block]:
        """Return the blocks in force."""
        with self._file.reading() as connection:
            return books.blocks_at(connection, now) if has_books(connection) else []

    def wrong_types(self, series: Series, names: Sequence[str]) -> list[WrongType]:  # noqa: ARG002 - of the port
        """Return nothing: a column takes numbers of every type."""
        return []

    def retype(
        self,
        series: Series,  # noqa: ARG002 - of the port
        wrong: Sequence[WrongType],  # noqa: ARG002 - of the port
        save: Callable[[str], None],  # noqa: ARG002 - of the port
        file: str = "",  # noqa: ARG002 - of the port
    ) -> int:
        """Do nothing: there is nothing to change."""
        return 0

    def restore(self, said: str, *, overwrite: bool = False) -> Restored:  # noqa: ARG002 - of the port
        """Refuse a file that was saved from another kind of store.

        Raises:
            RequestError: Always.
        """
        message = (
            "The file was saved from an InfluxDB, and the connection gapfill_store names an "
            "embedded store; name the InfluxDB there."
        )
        raise RequestError(message)

    def unfinished(self) -> list[Unfinished]:
        """Return nothing: a transaction is done whole or not at all."""
        return []

    def close(self) -> None:
        """Give back connections; the store may be used again afterwards."""
        self._file.close()
