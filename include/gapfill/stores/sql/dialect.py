"""What differs between SQL databases: the part that a new SQL store implements."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from gapfill.domain.interval import Interval
from gapfill.domain.series import Series
from gapfill.stores.points import Point
from gapfill.stores.reads import Gaps, InvalidValues

if TYPE_CHECKING:
    import sqlalchemy as sa


class SqlDialect(NamedTuple):
    """How one kind of database stores the points of a series.

    Attributes:
        table: Returns the table of the series' measurement.
        prepare: Makes that table, or adds missing columns and indexes.
        read_points: Returns the points that count in sorted, disjoint intervals, in no order.
        upsert: Writes points, in the form of ``rows.columns_of``, over those of the same slot.
        gaps: Returns the reads of missing slots, which run inside the database.
        invalid_values: Returns the reads of values that are not readings, also inside it.
    """

    table: Callable[[Series], sa.Table]
    prepare: Callable[[sa.Connection, Series], None]
    read_points: Callable[[sa.Connection, Series, Sequence[Interval]], list[Point]]
    upsert: Callable[[sa.Connection, Series, Sequence[Mapping[str, object]]], None]
    gaps: Callable[[sa.Connection, Series], Gaps]
    invalid_values: Callable[[sa.Connection, Series], InvalidValues]


def insert(connection: sa.Connection, table: sa.Table) -> Any:  # noqa: ANN401 - each dialect's own
    """Return an insert statement that supports ``ON CONFLICT``, as in SQLite and PostgreSQL."""
    return import_module(f"sqlalchemy.dialects.{connection.dialect.name}").insert(table)
