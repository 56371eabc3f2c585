"""Tables of the embedded store: one per measurement, and the books beside them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gapfill.domain.series import Series

books = sa.MetaData()

ledger = sa.Table(
    "gapfill_ledger",
    books,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("series", sa.Text, nullable=False),
    sa.Column("product", sa.Text, nullable=False),
    sa.Column("station", sa.Text),
    sa.Column("start", sa.Integer, nullable=False),
    sa.Column("end", sa.Integer, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("asked_at", sa.Float, nullable=False),
    sa.Column("evidence", sa.Text, nullable=False),
    sa.Column("batch", sa.Text, nullable=False),
    sa.Index("gapfill_ledger_series", "series"),
    sa.Index("gapfill_ledger_batch", "batch"),
)

calls = sa.Table(
    "gapfill_calls",
    books,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("batch", sa.Text, nullable=False),
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

replaced = sa.Table(
    "gapfill_replaced",
    books,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("series", sa.Text, nullable=False),
    sa.Column("slot", sa.Integer, nullable=False),
    sa.Column("batch", sa.Text, nullable=False, doc="The batch that wrote the slot."),
    sa.Column("before", sa.Text, doc="The row that stood there, as JSON; NULL where none did."),
    sa.UniqueConstraint("batch", "series", "slot"),
)


def tag_text(tags: Mapping[str, str]) -> str:
    """Return tags in one canonical text, ``geo=8741,market=pvpc``."""

    def escaped(text: str) -> str:
        return text.replace("\\", "\\\\").replace(",", "\\,").replace("=", "\\=")

    return ",".join(f"{escaped(k)}={escaped(v)}" for k, v in sorted(tags.items()))


def measurement_table(series: Series) -> sa.Table:
    """Return the table of a series' measurement, with a column per field of the series.

    A point's identity is its tags and slot; nothing else, so that a better value
    replaces the worse one in place.
    """
    return _table(series.measurement, tuple(field.name for field in series.fields))


@lru_cache(maxsize=1024)
def _table(measurement: str, fields: tuple[str, ...]) -> sa.Table:
    return sa.Table(
        measurement,
        sa.MetaData(),
        sa.Column("tags", sa.Text, primary_key=True),
        sa.Column("slot", sa.Integer, primary_key=True),
        *(sa.Column(name, sa.Float) for name in fields),
        sa.Column("gapfill_grade", sa.Integer),
        sa.Column("gapfill_source", sa.Text),
        sa.Column("gapfill_batch", sa.Text),
        sa.Column("gapfill_kept", sa.Text),
        sqlite_with_rowid=False,
    )


def prepare(connection: sa.Connection, series: Series) -> None:
    """Make the table of a series' measurement, or add the columns it lacks, and its indexes.

    One narrow index holds the slots with every required field, the other finds rows
    below a grade without reading the rest.
    """
    table = measurement_table(series)
    table.create(connection, checkfirst=True)
    have = {column["name"] for column in sa.inspect(connection).get_columns(table.name)}
    quote = connection.dialect.identifier_preparer.quote
    for field in series.fields:
        if field.name not in have:
            connection.exec_driver_sql(
                f"ALTER TABLE {quote(table.name)} ADD COLUMN {quote(field.name)} FLOAT"
            )
    for index in _indexes(series, table):
        index.create(connection, checkfirst=True)


def _indexes(series: Series, table: sa.Table) -> tuple[sa.Index, sa.Index]:
    """Describe the indexes on a copy, so that the cached table stays as it is."""
    own = table.to_metadata(sa.MetaData())
    is_complete = sa.and_(*(own.c[name].is_not(None) for name in series.required))
    fields = "_".join(series.required)
    return (
        sa.Index(
            f"{own.name}_with_{fields}",
            own.c.tags,
            own.c.slot,
            *(own.c[name] for name in series.required),
            sqlite_where=is_complete,
        ),
        sa.Index(f"{own.name}_by_grade", own.c.tags, own.c.gapfill_grade, own.c.slot),
    )
