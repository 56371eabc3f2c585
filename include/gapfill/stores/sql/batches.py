"""The batches of a SQL store: what each wrote, and which were undone."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from gapfill.services.ports import Batch
from gapfill.stores.sql.dialect import insert
from gapfill.stores.sql.rows import from_epoch
from gapfill.stores.sql.tables import batch_times, has_books, has_folded, ledger, replaced, undone


def batches(connection: sa.Connection) -> list[Batch]:
    """Return what each batch wrote and can still be undone, one entry per series, in order."""
    if not has_books(connection):
        return []
    asked = sa.select(ledger.c.batch, sa.func.max(ledger.c.asked_at)).group_by(ledger.c.batch)
    at = {batch: from_epoch(seconds) for batch, seconds in connection.execute(asked)}
    if has_folded(connection):
        for batch, seconds in connection.execute(sa.select(batch_times)):
            at[batch] = max(from_epoch(seconds), at.get(batch, from_epoch(seconds)))
    query = (
        sa.select(
            replaced.c.batch,
            replaced.c.series,
            sa.func.count().label("slots"),
            sa.func.min(replaced.c.slot).label("first"),
            sa.func.max(replaced.c.slot).label("last"),
        )
        .where(replaced.c.batch != "")
        .group_by(replaced.c.batch, replaced.c.series)
        .order_by(sa.func.max(replaced.c.id))
    )
    return [
        Batch(
            line.batch,
            line.series,
            line.slots,
            from_epoch(line.first),
            from_epoch(line.last),
            at.get(line.batch),
        )
        for line in connection.execute(query)
    ]


def mark_undone(connection: sa.Connection, batch: str) -> None:
    """Note that a batch was undone."""
    undone.create(connection, checkfirst=True)
    connection.execute(insert(connection, undone).values(batch=batch).on_conflict_do_nothing())


def undone_batches(connection: sa.Connection) -> set[str]:
    """Return the batches that were undone."""
    if not sa.inspect(connection).has_table(undone.name):
        return set()
    return set(connection.scalars(sa.select(undone.c.batch)))


def slots_of(connection: sa.Connection, batch: str) -> dict[str, list[datetime]]:
    """Return the slots, by series name, that a batch wrote and that were not undone."""
    query = sa.select(replaced.c.series, replaced.c.slot).where(replaced.c.batch == batch)
    slots: dict[str, list[datetime]] = {}
    for series, slot in connection.execute(query.order_by(replaced.c.series, replaced.c.slot)):
        slots.setdefault(series, []).append(from_epoch(slot))
    return slots
