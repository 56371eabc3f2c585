"""The ledger of a SQL store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from gapfill.domain.evidence import read_kind
from gapfill.domain.grid import DAY
from gapfill.domain.interval import Interval
from gapfill.domain.keys import BatchId, ProductKey
from gapfill.domain.ledger import LedgerEntry, Outcome, as_read
from gapfill.services.ports import LedgerQuery, LedgerSnapshot
from gapfill.stores.sql import tables
from gapfill.stores.sql.quotas import blocks_at, limits_since, usage_since
from gapfill.stores.sql.rows import from_epoch, starts, to_epoch
from gapfill.stores.sql.tables import ledger


def probe(connection: sa.Connection) -> None:
    """Read a line of each of Gapfill's own tables, so that a damaged one raises an error."""
    for table in tables.books.sorted_tables:
        connection.execute(sa.select(table).limit(1)).all()


def append(connection: sa.Connection, entries: Sequence[LedgerEntry]) -> None:
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
    """Return the ledger of several series without "filled" entries, read in one statement."""
    is_verdict = ledger.c.outcome != Outcome.FILLED.value
    found: dict[str, list[LedgerEntry]] = {}
    for entry in _entries(connection, ledger.c.series.in_(names), is_verdict):
        found.setdefault(entry.series, []).append(entry)
    return found


def answers_of(connection: sa.Connection, source: str, since: datetime) -> list[LedgerEntry]:
    """Return the ledger lines of a source that were asked at ``since`` or later, in order."""
    is_recent = ledger.c.asked_at >= since.timestamp()
    return _entries(connection, starts(ledger.c.product, ProductKey.prefix(source)), is_recent)


def _entries(connection: sa.Connection, *where: sa.ColumnElement[bool]) -> list[LedgerEntry]:
    later = tables.later_columns(connection)
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
            starts(ledger.c.batch, BatchId.prefix(run)),
            starts(ledger.c.product, ProductKey.prefix(source)),
        )
        .order_by(ledger.c.id)
    )
    return [(line.batch, Outcome(line.outcome)) for line in connection.execute(query)]


def read(
    connection: sa.Connection, inquiry: LedgerQuery, *, is_whole: bool = True
) -> LedgerSnapshot:
    """Return the contents of the ledger and the quotas; ``is_whole`` as in ``usage_since``."""
    run, names = inquiry.run, [series.name for series in inquiry.series]
    return LedgerSnapshot(
        entries=_verdicts_of(connection, names) if names and inquiry.is_ledger else {},
        blocks=blocks_at(connection, inquiry.now),
        limits=limits_since(connection, inquiry.since) if is_whole else {},
        usage=usage_since(connection, inquiry.now - DAY, is_whole=is_whole),
        outcomes=outcomes_of(connection, run, inquiry.source) if run else [],
    )
