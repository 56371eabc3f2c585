"""The embedded store: one SQLite file through SQLAlchemy Core, safe with several processes.

A file that does not exist yet is an empty store; the first write makes it. Every write
is one ``BEGIN IMMEDIATE`` transaction, so a kill leaves all of it or nothing.
"""

from __future__ import annotations

import json
from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from gapfill.domain.interval import Interval
from gapfill.domain.ledger import Entry, Outcome
from gapfill.domain.reading import combine
from gapfill.services.ports import Block, Undone
from gapfill.stores import sqlite_rows as rows
from gapfill.stores import sqlite_schema as schema
from gapfill.stores.sqlite_file import engine, said
from gapfill.stores.sqlite_gaps import absent_runs, lower_runs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from gapfill.domain.coverage import Graded
    from gapfill.domain.reading import Reading, Row
    from gapfill.domain.series import Series

WAIT_S = 30
"""How long a statement waits for another process's transaction before it fails."""


class SqliteStore:
    """The store port on a SQLite file.

    Attributes:
        path: The file.
    """

    def __init__(self, path: Path, *, wait_s: float = WAIT_S) -> None:
        self.path = path
        self._wait_s = wait_s
        self._engine: sa.Engine | None = None
        self._seen: set[str] = set()

    def verify(self) -> None:
        """Run a real query and a real write transaction; raise where either fails."""
        with self._write() as connection:
            connection.execute(sa.select(sa.func.count()).select_from(schema.blocks))

    def absent(self, series: Series, window: Interval) -> list[Interval]:
        """Return the runs of slots of the window without every required field."""
        with self._read(series) as connection:
            if connection is None:
                return [window]
            return absent_runs(connection, series, window)

    def below_target(self, series: Series, window: Interval) -> list[Graded]:
        """Return the runs of slots that hold a reading below the series' target, by grade."""
        with self._read(series) as connection:
            return [] if connection is None else lower_runs(connection, series, window)

    def newest(self, series: Series) -> datetime | None:
        """Return the newest slot that holds every required field, ``None`` for none."""
        table = schema.measurement_table(series)
        query = sa.select(sa.func.max(table.c.slot)).where(
            table.c.tags == schema.tag_text(series.tags),
            *(table.c[name].is_not(None) for name in series.required),
        )
        with self._read(series) as connection:
            found = None if connection is None else connection.scalar(query)
        return None if found is None else rows.instant(found)

    def read(self, series: Series, window: Interval) -> list[Row]:
        """Return the rows of the window in order of slot."""
        with self._read(series) as connection:
            return [] if connection is None else rows.select(connection, series, window)

    def write(
        self,
        series: Series,
        readings: Sequence[Reading],
        batch: str,
        *,
        replace_equal: bool = False,
    ) -> int:
        """Write what is better than what stands, at once or not at all."""

        def combined(stands: Mapping[datetime, Row]) -> Iterator[Row]:
            for reading in readings:
                before = stands.get(reading.slot)
                if before is not None and before.batch == batch and _is_whole(series, before):
                    continue
                row = combine(before, reading, batch, series.required, replace_equal=replace_equal)
                if row is not None:
                    yield row

        return self._replace(series, [r.slot for r in readings], combined)

    def put(self, series: Series, whole: Sequence[Row]) -> int:
        """Write rows as they are, provenance included, at once or not at all."""

        def verbatim(stands: Mapping[datetime, Row]) -> Iterator[Row]:
            for row in whole:
                before = stands.get(row.slot)
                if before is None or (
                    before.grade <= row.grade
                    and (before.values, before.grade) != (row.values, row.grade)
                ):
                    yield row

        return self._replace(series, [row.slot for row in whole], verbatim)

    def batch_slots(self, batch: str) -> dict[str, list[datetime]]:
        """Return the slots, by series name, that a batch wrote, whether or not replaced since."""
        query = sa.select(schema.replaced.c.series, schema.replaced.c.slot).where(
            schema.replaced.c.batch == batch
        )
        slots: dict[str, list[datetime]] = defaultdict(list)
        for line in self._select(query.order_by(schema.replaced.c.slot)):
            slots[line.series].append(rows.instant(line.slot))
        return dict(slots)

    def undo(self, batch: str, series: Iterable[Series]) -> Undone:
        """Put back what a batch replaced and remove what it added, in one transaction."""
        known = {s.name: s for s in series}
        restored = removed = left = 0
        with self._write(*known.values()) as connection:
            kept = schema.replaced
            lines = connection.execute(sa.select(kept).where(kept.c.batch == batch)).all()
            for line in lines:
                one = known.get(line.series)
                if one is None or not rows.is_held_by(connection, one, line.slot, batch):
                    left += 1
                    continue
                rows.delete(connection, one, line.slot)
                if line.before is None:
                    removed += 1
                else:
                    rows.upsert(connection, one, [json.loads(line.before)])
                    restored += 1
                connection.execute(sa.delete(kept).where(kept.c.id == line.id))
        return Undone(restored, removed, left)

    def note(self, entries: Sequence[Entry]) -> None:
        """Add lines to the ledger; they are never changed."""
        if entries:
            with self._write() as connection:
                connection.execute(sa.insert(schema.ledger), [_line(e) for e in entries])

    def entries(self, series: str) -> list[Entry]:
        """Return the ledger of a series in the order it was written."""
        ledger = schema.ledger
        query = sa.select(ledger).where(ledger.c.series == series).order_by(ledger.c.id)
        return [
            Entry(
                series=line.series,
                product=line.product,
                station=line.station,
                interval=Interval(rows.instant(line.start), rows.instant(line.end)),
                outcome=Outcome(line.outcome),
                asked_at=rows.instant(line.asked_at),
                evidence=line.evidence,
                batch=line.batch,
            )
            for line in self._select(query)
        ]

    def outcomes(self, run: str, source: str) -> list[tuple[str, Outcome]]:
        """Return ``(batch, outcome)`` of a source's ledger lines in a run, in order."""
        ledger = schema.ledger
        query = (
            sa.select(ledger.c.batch, ledger.c.outcome)
            .where(
                ledger.c.batch.startswith(f"{run}/", autoescape=True),
                ledger.c.product.startswith(f"{source}.", autoescape=True),
            )
            .order_by(ledger.c.id)
        )
        return [(line.batch, Outcome(line.outcome)) for line in self._select(query)]

    def record_call(self, source: str, at: datetime, batch: str) -> None:
        """Note that a call is about to be sent."""
        with self._write() as connection:
            connection.execute(
                sa.insert(schema.calls).values(source=source, at=at.timestamp(), batch=batch)
            )

    def calls_since(self, source: str, since: datetime) -> int:
        """Count the calls recorded at ``since`` or later."""
        calls = schema.calls
        return self._count(calls.c.source == source, calls.c.at >= since.timestamp())

    def calls_of(self, run: str) -> int:
        """Count the calls recorded by the batches of a run."""
        return self._count(schema.calls.c.batch.startswith(f"{run}/", autoescape=True))

    def block(self, block: Block) -> None:
        """Note that a source may not be called until an instant; the later one stands."""
        values = {"source": block.source, "until": block.until.timestamp(), "reason": block.reason}
        statement = insert(schema.blocks).values(values)
        later = statement.excluded.until > schema.blocks.c.until
        statement = statement.on_conflict_do_update(
            index_elements=["source"], set_=values, where=later
        )
        with self._write() as connection:
            connection.execute(statement)

    def blocks(self, now: datetime) -> list[Block]:
        """Return the blocks in force."""
        query = sa.select(schema.blocks).where(schema.blocks.c.until > now.timestamp())
        return [Block(b.source, rows.instant(b.until), b.reason) for b in self._select(query)]

    def close(self) -> None:
        """Give back connections; the store may be used again afterwards."""
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None
            self._seen.clear()

    def _replace(
        self,
        series: Series,
        slots: Sequence[datetime],
        better: Callable[[Mapping[datetime, Row]], Iterator[Row]],
    ) -> int:
        """Write the rows that ``better`` makes of what stands, and keep what they replace."""
        if not slots:
            return 0
        window = Interval(min(slots), series.grid.end_of(max(slots)))
        with self._write(series) as connection:
            stands = {row.slot: row for row in rows.select(connection, series, window)}
            chosen = list(better(stands))
            if chosen:
                rows.upsert(connection, series, [rows.as_values(series, row) for row in chosen])
                rows.keep(connection, series, chosen, stands)
        return len(chosen)

    def _count(self, *where: sa.ColumnElement[bool]) -> int:
        query = sa.select(sa.func.count()).select_from(schema.calls).where(*where)
        return next((int(line[0]) for line in self._select(query)), 0)

    def _select(self, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        """Return the rows of a query on the books; an empty file has none."""
        with self._read() as connection:
            return [] if connection is None else connection.execute(query).all()

    @contextmanager
    def _read(self, series: Series | None = None) -> Iterator[sa.Connection | None]:
        """Yield a connection, or ``None`` where the file or the table does not exist yet."""
        if not self.path.exists() and self.path.parent.is_dir():
            yield None
            return
        table = series.measurement if series else schema.ledger.name
        with said(self.path), self._connect() as connection:
            is_there = table in self._seen or sa.inspect(connection).has_table(table)
            if is_there:
                self._seen.add(table)
            yield connection if is_there else None

    @contextmanager
    def _write(self, *series: Series) -> Iterator[sa.Connection]:
        """Yield a connection in one transaction that holds the write lock from its start."""
        with said(self.path), self._connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                schema.books.create_all(connection)
                for one in series:
                    schema.prepare(connection, one)
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.commit()

    def _connect(self) -> sa.Connection:
        if self._engine is None:
            self._engine = engine(self.path, self._wait_s)
        return self._engine.connect()


def _line(entry: Entry) -> dict[str, object]:
    return {
        "series": entry.series,
        "product": entry.product,
        "station": entry.station,
        "start": int(entry.interval.start.timestamp()),
        "end": int(entry.interval.end.timestamp()),
        "outcome": entry.outcome.value,
        "asked_at": entry.asked_at.timestamp(),
        "evidence": entry.evidence,
        "batch": entry.batch,
    }


def _is_whole(series: Series, row: Row) -> bool:
    return all(name in row.values for name in series.required)
