"""The ledger of a SQL store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from gapfill.domain.evidence import EvidenceKind
from gapfill.domain.interval import Interval
from gapfill.domain.keys import BatchId, ProductKey
from gapfill.domain.ledger import OLD_WANTED, LedgerEntry, Outcome
from gapfill.services.ports import LedgerQuery, LedgerSnapshot
from gapfill.stores.sql import tables
from gapfill.stores.sql.ledger_rows import lines_of, rows_of
from gapfill.stores.sql.quotas import blocks_at, limits_since, usage_since
from gapfill.stores.sql.rows import starts, to_epoch
from gapfill.stores.sql.tables import folded_ledger, ledger


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
    """Return the summary rows of a series, then its lines in the order of writing."""
    rows = rows_of(connection, folded_ledger.c.series == series)
    return [*rows, *_entries(connection, ledger.c.series == series)]


def _deciding(connection: sa.Connection, inquiry: LedgerQuery) -> dict[str, list[LedgerEntry]]:
    """Return what decides about later requests, by series: rows and lines of the slots asked for.

    The condition on the outcome alone lets the index skip the lines of filled slots.
    """
    names = [series.name for series in inquiry.series]
    is_folded = folded_ledger.c.series.in_(names), folded_ledger.c.decides == 1
    rows = rows_of(connection, *is_folded, *_within(folded_ledger, inquiry.windows))
    lines = _entries(
        connection,
        ledger.c.series.in_(names),
        ledger.c.outcome.in_([o.value for o in Outcome if o is not Outcome.FILLED]),
        sa.or_(_decides(connection), ledger.c.asked_at >= inquiry.day.timestamp()),
        *_within(ledger, inquiry.windows),
    )
    found: dict[str, list[LedgerEntry]] = {}
    for entry in (*rows, *lines):
        found.setdefault(entry.series, []).append(entry)
    return found


def _decides(connection: sa.Connection) -> sa.ColumnElement[bool]:
    """Return the condition of ``domain.ledger.decides``, on lines of earlier releases too.

    A line without a kind of evidence is read: its sentence decides about it.
    """
    later = tables.later_columns(connection)
    kind = (
        sa.func.coalesce(ledger.c.evidence_kind, "") if later["evidence_kind"] else sa.literal("")
    )
    is_doubt = kind.in_(["", EvidenceKind.NOT_BELIEVED.value])
    is_old = ledger.c.product.like(f"%{OLD_WANTED}")
    has_field = sa.or_(is_old, ledger.c.field.is_not(None)) if later["field"] else is_old
    return sa.or_(
        ledger.c.outcome.in_([Outcome.NO_DATA.value, Outcome.UNPROVEN.value]),
        sa.and_(ledger.c.outcome == Outcome.FAILED.value, is_doubt),
        sa.and_(ledger.c.outcome == Outcome.NOT_YET.value, has_field),
    )


def _within(table: sa.Table, windows: Sequence[Interval]) -> list[sa.ColumnElement[bool]]:
    """Return the condition that an entry of a table has slots in a window; none for all."""
    parts = [
        sa.and_(table.c.start < to_epoch(window.end), table.c.end > to_epoch(window.start))
        for window in windows
    ]
    return [sa.or_(*parts)] if parts else []


def answers_of(connection: sa.Connection, source: str, since: datetime) -> list[LedgerEntry]:
    """Return the ledger lines of a source that were asked at ``since`` or later, in order.

    That is at most a day ago, so none of them is folded.
    """
    is_recent = ledger.c.asked_at >= since.timestamp()
    return _entries(connection, starts(ledger.c.product, ProductKey.prefix(source)), is_recent)


def _entries(connection: sa.Connection, *where: sa.ColumnElement[bool]) -> list[LedgerEntry]:
    return [entry for _, entry in lines_of(connection, *where)]


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
    run = inquiry.run
    return LedgerSnapshot(
        entries=_deciding(connection, inquiry) if inquiry.series and inquiry.is_ledger else {},
        blocks=blocks_at(connection, inquiry.now),
        limits=limits_since(connection, inquiry.since) if is_whole else {},
        usage=usage_since(connection, inquiry.day, is_whole=is_whole),
        outcomes=outcomes_of(connection, run, inquiry.source) if run else [],
    )
