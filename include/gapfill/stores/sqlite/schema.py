"""Tables of the embedded store: one per measurement, and the books beside them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.schema import CreateIndex, CreateTable

from gapfill.errors import ConfigError
from gapfill.stores.sqlite.conditions import (
    below_target,
    complete_slot,
    has_flaw,
    lacks,
    literal,
    quoted,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gapfill.domain.series import Field, Series

_OWN_COLUMNS = ("tags", "slot")

_master = sa.table("sqlite_master", sa.column("name", sa.Text))

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
    sa.Column("field", sa.Text, doc="The one field that the line is about; NULL: the slots."),
    sa.Column("evidence_kind", sa.Text, doc="See EvidenceKind; NULL in lines of earlier releases."),
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
    sa.Column("slot", sa.Integer, nullable=False),
    sa.Column("batch", sa.Text, nullable=False, doc="The batch that wrote the slot."),
    sa.Column("before", sa.Text, doc="The row that stood there, as JSON; NULL where none did."),
    sa.UniqueConstraint("batch", "series", "slot"),
)


class _AsItStands(sa.types.UserDefinedType[Any]):
    """A column of numbers, in which SQLite keeps what is none, and so must ``undo``."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:  # noqa: ANN401 - SQLAlchemy's own
        """Return the type's name in SQL."""
        return "REAL"


def points_table(series: Series) -> sa.Table:
    """Return the table of a series' measurement, with a column per field of the series.

    A point's identity is its tags and slot; nothing else, so that a better value
    replaces the worse one in place.

    Raises:
        ConfigError: If the measurement or a field has a name that the store needs itself.
    """
    return _points_table(series.measurement, tuple(field.name for field in series.fields))


@lru_cache(maxsize=1024)
def _points_table(measurement: str, fields: tuple[str, ...]) -> sa.Table:
    for name in (measurement, *fields):
        if name.lower() in _OWN_COLUMNS or name.lower().startswith(("gapfill_", "sqlite_")):
            message = (
                f"The catalogue has a measurement or field {name!r}, a name that the embedded "
                "store needs for itself; choose another."
            )
            raise ConfigError(message)
    return sa.Table(
        measurement,
        sa.MetaData(),
        sa.Column("tags", sa.Text, primary_key=True),
        sa.Column("slot", sa.Integer, primary_key=True),
        *(sa.Column(name, _AsItStands()) for name in fields),
        sa.Column("gapfill_grade", sa.Integer),
        sa.Column("gapfill_source", sa.Text),
        sa.Column("gapfill_batch", sa.Text),
        sa.Column("gapfill_kept", sa.Text),
        sqlite_with_rowid=False,
    )


def has_books(connection: sa.Connection) -> bool:
    """Tell whether anything was ever written."""
    return bool(_columns(connection, ledger))


def has_learned(connection: sa.Connection) -> bool:
    """Tell whether the books of this release are there: an earlier one had fewer."""
    return bool(_columns(connection, learned))


def later_columns(connection: sa.Connection) -> dict[str, bool]:
    """Return which columns the ledger has of those that an earlier release had not."""
    columns = _columns(connection, ledger)
    return {name: name in columns for name in ("field", "evidence_kind")}


def stored_table(connection: sa.Connection, series: Series) -> sa.Table | None:
    """Return the table of a series with the fields it has by now, ``None`` for no table yet."""
    columns = _columns(connection, points_table(series))
    fields = tuple(field.name for field in series.fields if field.name in columns)
    return _points_table(series.measurement, fields) if columns else None


def prepare_books(connection: sa.Connection) -> None:
    """Make the tables beside the measurements, where they are not there yet."""
    if not has_learned(connection) or not all(later_columns(connection).values()):
        called, noted = _columns(connection, calls), _columns(connection, ledger)
        later = later_columns(connection)
        books.create_all(connection)
        if called and "records" not in called:
            statement = f"ALTER TABLE {calls.name} ADD COLUMN records INTEGER NOT NULL DEFAULT 0"
            connection.exec_driver_sql(statement)
        for name in [n for n, is_there in later.items() if noted and not is_there]:
            connection.exec_driver_sql(f"ALTER TABLE {ledger.name} ADD COLUMN {name} TEXT")


def prepare(connection: sa.Connection, series: Series) -> None:
    """Make the table of a series' measurement, or add what is missing: columns, indexes.

    Indexes of earlier releases, which knew no bounds, go.
    """
    steps = tuple(sorted({int(era.step.total_seconds()) for era in series.grid.eras}))
    shape = (series.measurement, series.fields, steps, series.target, series.default_grade)
    prepared: set[object] = connection.info.setdefault("prepared", set())
    if shape in prepared:
        return
    prepare_books(connection)
    table = points_table(series)
    columns = _columns(connection, table)
    if not columns:
        connection.execute(CreateTable(table))
    for name in [f.name for f in series.fields if columns and f.name not in columns]:
        statement = f"ALTER TABLE {quoted(table.name)} ADD COLUMN {quoted(name)} REAL"
        connection.exec_driver_sql(statement)
    known = set(connection.scalars(sa.select(_master.c.name)))
    for index in _indexes(series, steps):
        if index.name not in known:
            connection.execute(CreateIndex(index))
    for name in _outdated(series, steps):
        if name in known:
            connection.exec_driver_sql(f"DROP INDEX {quoted(name)}")
    prepared.add(shape)


def _columns(connection: sa.Connection, table: sa.Table) -> set[str]:
    """Return the columns a table has by now, none where it is not there.

    Columns are only ever added, so those seen once over a connection are there.
    """
    seen: dict[str, set[str]] = connection.info.setdefault("columns", {})
    if not seen.get(table.name, set()) >= set(table.columns.keys()):
        found = sa.func.pragma_table_info(table.name).table_valued("name")
        seen[table.name] = set(connection.scalars(sa.select(found.c.name)))
    return seen[table.name]


def _indexes(series: Series, steps: Iterable[int]) -> list[sa.Index]:
    """Return the indexes of a series, on a copy so that the cached table stays as it is.

    Their names tell all that they hold, so that series which share a measurement and
    differ in that have their own.
    """
    table = points_table(series).to_metadata(sa.MetaData())
    required = [field for field in series.fields if field.required]
    default, target = int(series.default_grade), int(series.target)
    return [
        *(
            sa.Index(
                f"{table.name} with {_bounds(required)} every {step} s",
                table.c.tags,
                table.c.slot,
                *(table.c[field.name] for field in required),
                sqlite_where=sa.text(complete_slot(required, step)),
            )
            for step in steps
        ),
        sa.Index(
            f"{table.name} below {target} else {default}",
            table.c.tags,
            table.c.slot,
            table.c.gapfill_grade,
            sqlite_where=sa.text(below_target(default, target)),
        ),
        sa.Index(
            f"{table.name} beyond {_bounds(series.fields)}",
            table.c.tags,
            table.c.slot,
            *(table.c[field.name] for field in series.fields),  # likewise, see below
            sqlite_where=sa.text(has_flaw(series.fields)),
        ),
        *(
            sa.Index(
                f"{table.name} lacking observed {_bounds([field])} else {default}",
                table.c.tags,
                table.c.slot,
                table.c[field.name],  # else SQLite reads the rows for it, and so takes no index
                table.c.gapfill_grade,
                table.c.gapfill_kept,
                sqlite_where=sa.text(lacks(field, default)),
            )
            for field in series.fields
            if field.wanted
        ),
    ]


def _bounds(fields: Iterable[Field]) -> str:
    return ", ".join(f"{f.name} {literal(f.minimum)} to {literal(f.maximum)}" for f in fields)


def _outdated(series: Series, steps: Iterable[int]) -> list[str]:
    """Return the names that the indexes had before they held bounds."""
    table, required = series.measurement, " ".join(series.required)
    return [
        *(f"{table} with {required} every {step} s" for step in steps),
        *(f"{table} lacking observed {field.name}" for field in series.fields if field.wanted),
    ]
