"""The batches of the embedded store: what each wrote, and which were undone."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from gapfill.services.ports import Batch
from gapfill.stores.sqlite.rows import from_epoch
from gapfill.stores.sqlite.schema import has_books, ledger, replaced

_tables = sa.MetaData()

_undone = sa.Table("gapfill_undone", _tables, sa.Column("batch", sa.Text, primary_key=True))
"""Made by the first undo: earlier releases have none."""


def batches(connection: sa.Connection) -> list[Batch]:
    """Return what each batch wrote and still can be undone, one for each series, in order."""
    if not has_books(connection):
        return []
    asked = sa.select(ledger.c.batch, sa.func.max(ledger.c.asked_at)).group_by(ledger.c.batch)
    at = {batch: from_epoch(seconds) for batch, seconds in connection.execute(asked)}
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
    _tables.create_all(connection)
    connection.execute(insert(_undone).values(batch=batch).on_conflict_do_nothing())


def undone_batches(connection: sa.Connection) -> set[str]:
    """Return the batches that were undone."""
    if not sa.inspect(connection).has_table(_undone.name):
        return set()
    return set(connection.scalars(sa.select(_undone.c.batch)))
