"""What a SQL database does in its own way: the part that a new SQL store writes."""

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
    """How one kind of database keeps the points of a series.

    Attributes:
        table: Returns the table of the series' measurement.
        prepare: Makes that table, or adds columns and indexes that are missing.
        read_points: Returns the points that count in sorted, disjoint intervals, in no order.
        upsert: Writes points, as ``rows.columns_of`` gives them, over those of the same slot.
        gaps: Returns what finds missing slots, inside the database.
        invalid_values: Returns what finds values that do not count, likewise.
    """

    table: Callable[[Series], sa.Table]
    prepare: Callable[[sa.Connection, Series], None]
    read_points: Callable[[sa.Connection, Series, Sequence[Interval]], list[Point]]
    upsert: Callable[[sa.Connection, Series, Sequence[Mapping[str, object]]], None]
    gaps: Callable[[sa.Connection, Series], Gaps]
    invalid_values: Callable[[sa.Connection, Series], InvalidValues]


def insert(connection: sa.Connection, table: sa.Table) -> Any:  # noqa: ANN401 - each dialect's own
    """Return an insert statement with ``ON CONFLICT``, which SQLite and PostgreSQL have."""
    return import_module(f"sqlalchemy.dialects.{connection.dialect.name}").insert(table)
