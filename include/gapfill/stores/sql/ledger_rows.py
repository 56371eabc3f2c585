"""Rows of the tables of the ledger: lines of single answers, and summary rows."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from gapfill.domain.evidence import read_kind
from gapfill.domain.interval import Interval
from gapfill.domain.ledger import LedgerEntry, Outcome, as_read, decides
from gapfill.stores.answer_times import times_in, times_text
from gapfill.stores.sql import tables
from gapfill.stores.sql.rows import from_epoch, to_epoch
from gapfill.stores.sql.tables import folded_ledger, ledger


def lines_of(
    connection: sa.Connection, *where: sa.ColumnElement[bool]
) -> list[tuple[int, LedgerEntry]]:
    """Return lines of the ledger with their ids, in the order of writing."""
    later = tables.later_columns(connection)
    columns = [c if later.get(c.name, True) else sa.null().label(c.name) for c in ledger.c]
    query = sa.select(*columns).where(*where).order_by(ledger.c.id)
    return [(line.id, _line(line)) for line in connection.execute(query)]


def rows_of(connection: sa.Connection, *where: sa.ColumnElement[bool]) -> list[LedgerEntry]:
    """Return summary rows in the order of their slots."""
    if not tables.has_folded(connection):
        return []
    table = folded_ledger
    query = sa.select(table).where(*where).order_by(table.c.start, table.c.id)
    return [_row(row) for row in connection.execute(query)]


def values_of(row: LedgerEntry) -> dict[str, object]:
    """Return a summary row as the columns of its table."""
    return {
        "series": row.series,
        "product": row.product,
        "station": row.station,
        "field": row.field,
        "start": to_epoch(row.interval.start),
        "end": to_epoch(row.interval.end),
        "outcome": row.outcome.value,
        "evidence_kind": row.evidence_kind.value,
        "evidence": row.evidence,
        "answers": times_text(row.folded),
        "decides": int(decides(row)),
    }


def _line(line: sa.Row[Any]) -> LedgerEntry:
    found = LedgerEntry(
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
    return as_read(found)


def _row(row: sa.Row[Any]) -> LedgerEntry:
    times = times_in(row.answers)
    return LedgerEntry(
        series=row.series,
        product=row.product,
        station=row.station,
        interval=Interval(from_epoch(row.start), from_epoch(row.end)),
        outcome=Outcome(row.outcome),
        asked_at=times[-1],
        evidence=row.evidence,
        field=row.field,
        evidence_kind=read_kind(row.evidence_kind, row.evidence),
        folded=times,
    )
