"""The tables beside the measurements: ledger, calls, blocks, limits, and replaced rows.

The tables of earlier releases are read as they are. The first write adds missing tables, columns
and indexes.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

_SECONDS = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""Seconds since 1970, also after 2038."""

books = sa.MetaData()

ledger = sa.Table(
    "gapfill_ledger",
    books,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("series", sa.Text, nullable=False),
    sa.Column("product", sa.Text, nullable=False),
    sa.Column("station", sa.Text),
    sa.Column("start", _SECONDS, nullable=False),
    sa.Column("end", _SECONDS, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("asked_at", sa.Float, nullable=False),
    sa.Column("evidence", sa.Text, nullable=False),
    sa.Column("batch", sa.Text, nullable=False),
    sa.Column("field", sa.Text, doc="The one field of the line; NULL: the whole slots."),
    sa.Column("evidence_kind", sa.Text, doc="See EvidenceKind; NULL in lines of earlier releases."),
    sa.Index("gapfill_ledger_series", "series"),
    sa.Index("gapfill_ledger_batch", "batch"),
    sa.Index("gapfill_ledger_outcome", "series", "outcome"),
)

calls = sa.Table(
    "gapfill_calls",
    books,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("batch", sa.Text, nullable=False),
    sa.Column("records", sa.Integer, nullable=False, server_default="0"),
    sa.Index("gapfill_calls_source", "source", "at"),
    sa.Index("gapfill_calls_batch", "batch"),
)

blocks = sa.Table(
    "gapfill_blocks",
    books,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("until", sa.Float, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
)

learned = sa.Table(
    "gapfill_learned",
    books,
    sa.Column("subject", sa.Text, primary_key=True, doc="A source, or the key of a product."),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Float, nullable=False),
    sa.Column("at", sa.Float, nullable=False),
)

replaced = sa.Table(
    "gapfill_replaced",
    books,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("series", sa.Text, nullable=False),
    sa.Column("slot", _SECONDS, nullable=False),
    sa.Column("batch", sa.Text, nullable=False, doc="The batch that wrote the slot."),
    sa.Column("before", sa.Text, doc="The row that was there, as JSON; NULL where none was."),
    sa.UniqueConstraint("batch", "series", "slot"),
)

_later = sa.MetaData()

undone = sa.Table("gapfill_undone", _later, sa.Column("batch", sa.Text, primary_key=True))
"""The first undo creates it: the stores of earlier releases do not have it."""

_folded = sa.MetaData()
"""The first clean-up creates these tables: the stores of earlier releases do not have them."""

folded_ledger = sa.Table(
    "gapfill_ledger_folded",
    _folded,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("series", sa.Text, nullable=False),
    sa.Column("product", sa.Text, nullable=False),
    sa.Column("station", sa.Text),
    sa.Column("field", sa.Text),
    sa.Column("start", _SECONDS, nullable=False),
    sa.Column("end", _SECONDS, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("evidence_kind", sa.Text, nullable=False),
    sa.Column("evidence", sa.Text, nullable=False),
    sa.Column("answers", sa.Text, nullable=False, doc="Time of each answer in microseconds, JSON."),
    sa.Column("decides", sa.Integer, nullable=False, doc="1 if later requests depend on it."),
    sa.Index("gapfill_ledger_folded_series", "series", "decides"),
)

batch_times = sa.Table(
    "gapfill_batch_times",
    _folded,
    sa.Column("batch", sa.Text, primary_key=True),
    sa.Column("asked_at", sa.Float, nullable=False),
)
"""When a batch asked its source, for the batches whose ledger lines are folded."""

folded_calls = sa.Table(
    "gapfill_calls_folded",
    _folded,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("day", _SECONDS, primary_key=True, doc="Start of the UTC day."),
    sa.Column("calls", sa.Integer, nullable=False),
    sa.Column("records", sa.Integer, nullable=False),
)

documents = sa.Table(
    "gapfill_documents",
    _later,
    sa.Column("name", sa.Text, primary_key=True, doc="The hash of the text."),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("at", sa.Float, nullable=False),
)
"""Made by the first run that passes on a large document."""


def has_books(connection: sa.Connection) -> bool:
    """Return whether anything was ever written."""
    return bool(columns_in(connection, ledger))


def has_learned(connection: sa.Connection) -> bool:
    """Return whether the books of this release are there: an earlier one had fewer."""
    return bool(columns_in(connection, learned))


def has_folded(connection: sa.Connection) -> bool:
    """Return whether a clean-up has ever folded old lines."""
    return bool(columns_in(connection, folded_calls))


def prepare_folded(connection: sa.Connection) -> None:
    """Create the tables of summary rows if they do not exist."""
    if not has_folded(connection):
        _folded.create_all(connection)


def later_columns(connection: sa.Connection) -> dict[str, bool]:
    """Return which columns of later releases the ledger has."""
    columns = columns_in(connection, ledger)
    return {name: name in columns for name in ("field", "evidence_kind")}


def prepare_books(connection: sa.Connection) -> None:
    """Create the tables beside the measurements, and the columns and the index of later releases.

    An existing table keeps its rows.
    """
    if not has_learned(connection) or not all(later_columns(connection).values()):
        called, noted = columns_in(connection, calls), columns_in(connection, ledger)
        later = later_columns(connection)
        books.create_all(connection)
        if called and "records" not in called:
            statement = f"ALTER TABLE {calls.name} ADD COLUMN records INTEGER NOT NULL DEFAULT 0"
            connection.exec_driver_sql(statement)
        for name in [n for n, is_there in later.items() if noted and not is_there]:
            connection.exec_driver_sql(f"ALTER TABLE {ledger.name} ADD COLUMN {name} TEXT")
    if not connection.info.get("is_indexed"):
        for index in ledger.indexes:
            index.create(connection, checkfirst=True)
        connection.info["is_indexed"] = True


def columns_in(connection: sa.Connection, table: sa.Table) -> set[str]:
    """Return the columns that a table has now; none if the table does not exist.

    Columns are never removed, so a column that was seen once on a connection exists.
    """
    seen: dict[str, set[str]] = connection.info.setdefault("columns", {})
    if not seen.get(table.name, set()) >= set(table.columns.keys()):
        seen[table.name] = _look(connection, table.name)
    return seen[table.name]


def _look(connection: sa.Connection, name: str) -> set[str]:
    if not sa.inspect(connection).has_table(name):
        return set()
    anything: sa.Select[Any] = sa.select(sa.literal_column("*")).select_from(sa.table(name))
    return set(connection.execute(anything.limit(0)).keys())
