"""The books of the embedded store: the ledger, the calls and the blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from gapfill.domain.evidence import read_kind
from gapfill.domain.grid import DAY
from gapfill.domain.interval import Interval
from gapfill.domain.keys import BatchId, ProductKey
from gapfill.domain.ledger import LedgerEntry, Outcome, as_read
from gapfill.services.ports import Block, LedgerSnapshot, Usage
from gapfill.stores.sqlite import schema
from gapfill.stores.sqlite.rows import from_epoch, to_epoch
from gapfill.stores.sqlite.schema import blocks, calls, learned, ledger

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from gapfill.services.ports import LedgerQuery


def probe(connection: sa.Connection) -> None:
    """Read a line of each book, so that a damaged one is found."""
    for table in schema.books.sorted_tables:
        connection.execute(sa.select(table).limit(1)).all()


def note(connection: sa.Connection, entries: Sequence[LedgerEntry]) -> None:
    """Add lines to the ledger."""
    lines = [
        {
            "series": entry.series,
            "product": entry.product,
            "station": entry.station,
            "start": to_epoch(entry.interval.start),
            "end": to_epoch(entry.interval.end),
            "outcome": entry.outcome.value,
            "asked_at": entry.asked_at.timestamp(),
            "evidence": entry.evidence,
            "batch": entry.batch,
            "field": entry.field,
            "evidence_kind": entry.evidence_kind.value,
        }
        for entry in entries
    ]
    connection.execute(sa.insert(ledger), lines)


def entries_of(connection: sa.Connection, series: str) -> list[LedgerEntry]:
    """Return the ledger of a series in the order it was written."""
    return _entries(connection, ledger.c.series == series)


def _verdicts_of(connection: sa.Connection, names: Sequence[str]) -> dict[str, list[LedgerEntry]]:
    """Return the ledger of several series without what was filled, read in one statement."""
    is_verdict = ledger.c.outcome != Outcome.FILLED.value
    found: dict[str, list[LedgerEntry]] = {}
    for entry in _entries(connection, ledger.c.series.in_(names), is_verdict):
        found.setdefault(entry.series, []).append(entry)
    return found


def answers_of(connection: sa.Connection, source: str, since: datetime) -> list[LedgerEntry]:
    """Return the ledger lines of a source that were asked at ``since`` or later, in order."""
    is_recent = ledger.c.asked_at >= since.timestamp()
    return _entries(connection, _starts(ledger.c.product, ProductKey.prefix(source)), is_recent)


def _entries(connection: sa.Connection, *where: sa.ColumnElement[bool]) -> list[LedgerEntry]:
    later = schema.later_columns(connection)
    columns = [c if later.get(c.name, True) else sa.null().label(c.name) for c in ledger.c]
    return [
        as_read(_entry(line))
        for line in connection.execute(sa.select(*columns).where(*where).order_by(ledger.c.id))
    ]


def _entry(line: sa.Row[Any]) -> LedgerEntry:
    return LedgerEntry(
        series=line.series,
        product=line.product,
        station=line.station,
        interval=Interval(from_epoch(line.start), from_epoch(line.end)),
        outcome=Outcome(line.outcome),
        asked_at=from_epoch(line.asked_at),
        evidence=line.evidence,
        batch=line.batch,
        field=line.field,
        evidence_kind=read_kind(line.evidence_kind, line.evidence),
    )


def outcomes_of(connection: sa.Connection, run: str, source: str) -> list[tuple[str, Outcome]]:
    """Return ``(batch, outcome)`` of a source's ledger lines in a run, in order."""
    query = (
        sa.select(ledger.c.batch, ledger.c.outcome)
        .where(
            _starts(ledger.c.batch, BatchId.prefix(run)),
            _starts(ledger.c.product, ProductKey.prefix(source)),
        )
        .order_by(ledger.c.id)
    )
    return [(line.batch, Outcome(line.outcome)) for line in connection.execute(query)]


def record_call(
    connection: sa.Connection, source: str, at: datetime, batch: str, records: int
) -> None:
    """Note a call and its records."""
    line = {"source": source, "at": at.timestamp(), "batch": batch, "records": records}
    connection.execute(sa.insert(calls), line)


def count_calls_of(connection: sa.Connection, run: str) -> int:
    """Count the calls of the batches of a run."""
    return _count(connection, _starts(calls.c.batch, BatchId.prefix(run)))


def count_calls_since(connection: sa.Connection, source: str, since: datetime) -> int:
    """Count a source's calls at ``since`` or later."""
    return _count(connection, calls.c.source == source, calls.c.at >= since.timestamp())


def usage_since(
    connection: sa.Connection, since: datetime, *, is_whole: bool = True
) -> dict[str, Usage]:
    """Return the calls at ``since`` or later and their records, by source.

    Args:
        connection: Where they are.
        since: First instant of a call.
        is_whole: Whether the books are of this release: an earlier one counted no records.
    """
    records = sa.func.sum(calls.c.records) if is_whole else sa.literal(0)
    query = (
        sa.select(calls.c.source, sa.func.count(), records)
        .where(calls.c.at >= since.timestamp())
        .group_by(calls.c.source)
    )
    return {name: Usage(n, int(records or 0)) for name, n, records in connection.execute(query)}


def read(
    connection: sa.Connection, inquiry: LedgerQuery, *, is_whole: bool = True
) -> LedgerSnapshot:
    """Return what the books say; ``is_whole`` as for ``usage_since``."""
    run, names = inquiry.run, [series.name for series in inquiry.series]
    return LedgerSnapshot(
        entries=_verdicts_of(connection, names) if names and inquiry.is_ledger else {},
        blocks=blocks_at(connection, inquiry.now),
        limits=learned_since(connection, inquiry.since) if is_whole else {},
        usage=usage_since(connection, inquiry.now - DAY, is_whole=is_whole),
        outcomes=outcomes_of(connection, run, inquiry.source) if run else [],
    )


def sum_records_since(connection: sa.Connection, source: str, since: datetime) -> int:
    """Count the records of a source's calls at ``since`` or later."""
    query = sa.select(sa.func.sum(calls.c.records)).where(
        calls.c.source == source, calls.c.at >= since.timestamp()
    )
    return int(connection.scalar(query) or 0)


def learn(
    connection: sa.Connection, subject: str, facts: Mapping[str, float], at: datetime
) -> None:
    """Note facts, in the place of what was known of the same."""
    for name, value in facts.items():
        values = {"subject": subject, "name": name, "value": value, "at": at.timestamp()}
        statement = insert(learned).values(values)
        connection.execute(
            statement.on_conflict_do_update(index_elements=["subject", "name"], set_=values)
        )


def learned_since(connection: sa.Connection, since: datetime) -> dict[str, dict[str, float]]:
    """Return the facts learned at ``since`` or later, by subject and name."""
    facts: dict[str, dict[str, float]] = {}
    query = sa.select(learned).where(learned.c.at >= since.timestamp())
    for line in connection.execute(query):
        facts.setdefault(line.subject, {})[line.name] = line.value
    return facts


def block(connection: sa.Connection, one: Block) -> None:
    """Note a block, where none that lasts longer is noted."""
    values = {"source": one.source, "until": one.until.timestamp(), "reason": one.reason}
    statement = insert(blocks).values(values)
    statement = statement.on_conflict_do_update(
        index_elements=["source"],
        set_=values,
        where=statement.excluded.until > blocks.c.until,
    )
    connection.execute(statement)


def blocks_at(connection: sa.Connection, now: datetime) -> list[Block]:
    """Return the blocks in force, by name of the source."""
    query = sa.select(blocks).where(blocks.c.until > now.timestamp()).order_by(blocks.c.source)
    return [Block(b.source, from_epoch(b.until), b.reason) for b in connection.execute(query)]


def _starts(column: sa.Column[str], prefix: str) -> sa.ColumnElement[bool]:
    """Return the condition that a text starts with a prefix, which an index can serve.

    ``LIKE`` takes ``a`` for ``A``, and so uses no index.
    """
    after = prefix[:-1] + chr(ord(prefix[-1]) + 1)
    return sa.and_(column >= prefix, column < after)


def _count(connection: sa.Connection, *where: sa.ColumnElement[bool]) -> int:
    query = sa.select(sa.func.count()).select_from(calls).where(*where)
    return int(connection.scalar(query) or 0)
