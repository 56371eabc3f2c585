"""Tables of the embedded store: one for each measurement, with its indexes."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.schema import CreateIndex, CreateTable

from gapfill.domain.series import Field, Series
from gapfill.errors import ConfigError
from gapfill.stores.sql.tables import columns_in, prepare_books
from gapfill.stores.sqlite.conditions import (
    below_target,
    complete_slot,
    has_flaw,
    is_without,
    literal,
    quoted,
)

_OWN_COLUMNS = ("tags", "slot")

_master = sa.table("sqlite_master", sa.column("name", sa.Text))


class _AnyValue(sa.types.UserDefinedType[Any]):
    """A column of numbers. SQLite also stores other values in it, and ``undo`` restores them."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:  # noqa: ANN401 - SQLAlchemy's own
        """Return the type's name in SQL."""
        return "REAL"


def points_table(series: Series) -> sa.Table:
    """Return the table of a series' measurement, with a column per field of the series.

    Only its tags and slot identify a point, so that a better value replaces the worse one.

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
        *(sa.Column(name, _AnyValue()) for name in fields),
        sa.Column("gapfill_grade", sa.Integer),
        sa.Column("gapfill_source", sa.Text),
        sa.Column("gapfill_batch", sa.Text),
        sa.Column("gapfill_kept", sa.Text),
        sqlite_with_rowid=False,
    )


def stored_table(connection: sa.Connection, series: Series) -> sa.Table | None:
    """Return the table of a series with its present fields, ``None`` if there is no table yet."""
    columns = columns_in(connection, points_table(series))
    fields = tuple(field.name for field in series.fields if field.name in columns)
    return _points_table(series.measurement, fields) if columns else None


def prepare(connection: sa.Connection, series: Series) -> None:
    """Make the table of a series' measurement, or add missing columns and indexes.

    Indexes of earlier releases, which had no bounds, are dropped.
    """
    steps = tuple(sorted({int(era.step.total_seconds()) for era in series.grid.eras}))
    shape = (series.measurement, series.fields, steps, series.target, series.default_grade)
    prepared: set[object] = connection.info.setdefault("prepared", set())
    if shape in prepared:
        return
    prepare_books(connection)
    table = points_table(series)
    columns = columns_in(connection, table)
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


def _indexes(series: Series, steps: Iterable[int]) -> list[sa.Index]:
    """Return the indexes of a series, on a copy, so that the cached table does not change.

    Their names contain all that defines them, so that series that share a measurement but differ
    in this have indexes of their own.
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
            *(table.c[field.name] for field in series.fields),  # as below
            sqlite_where=sa.text(has_flaw(series.fields)),
        ),
        *(
            sa.Index(
                f"{table.name} lacking observed {_bounds([field])} else {default}",
                table.c.tags,
                table.c.slot,
                table.c[field.name],  # without it SQLite reads the rows, and does not use the index
                table.c.gapfill_grade,
                table.c.gapfill_kept,
                sqlite_where=sa.text(is_without(field, default)),
            )
            for field in series.fields
            if field.wanted
        ),
    ]


def _bounds(fields: Iterable[Field]) -> str:
    return ", ".join(f"{f.name} {literal(f.minimum)} to {literal(f.maximum)}" for f in fields)


def _outdated(series: Series, steps: Iterable[int]) -> list[str]:
    """Return the names that the indexes had before they contained bounds."""
    table, required = series.measurement, " ".join(series.required)
    return [
        *(f"{table} with {required} every {step} s" for step in steps),
        *(f"{table} lacking observed {field.name}" for field in series.fields if field.wanted),
    ]
