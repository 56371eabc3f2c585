"""The documents of a SQL store: texts that tasks pass on, for some days."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from gapfill.stores.sql.dialect import insert
from gapfill.stores.sql.tables import columns_in, documents


def save(connection: sa.Connection, name: str, text: str, at: datetime) -> None:
    """Save a document; one that is there already gets a new age."""
    documents.create(connection, checkfirst=True)
    values = {"name": name, "text": text, "at": at.timestamp()}
    statement = insert(connection, documents).values(values)
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))


def load(connection: sa.Connection, name: str, since: datetime) -> str | None:
    """Return a document that was saved at ``since`` or later, ``None`` for none."""
    if not columns_in(connection, documents):
        return None
    found: str | None = connection.scalar(
        sa.select(documents.c.text).where(
            documents.c.name == name, documents.c.at >= since.timestamp()
        )
    )
    return found


def drop(connection: sa.Connection, before: datetime) -> None:
    """Remove the documents that were saved before an instant."""
    if columns_in(connection, documents):
        connection.execute(sa.delete(documents).where(documents.c.at < before.timestamp()))
