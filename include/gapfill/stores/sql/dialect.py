"""What a SQL database does in its own way: the part that a new SQL store writes."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    import sqlalchemy as sa

    from gapfill.domain.coverage import Graded
    from gapfill.domain.interval import Interval
    from gapfill.domain.invalid_values import Ahead, Flaws
    from gapfill.domain.series import Series
    from gapfill.stores.points import Point


class SqlGaps(Protocol):
    """What is missing of one series, see ``ReadingStore``."""

    def missing(self, window: Interval) -> list[Interval]:
        """Return the runs of slots without every required field."""

    def missing_by_field(self, window: Interval) -> dict[str, list[Interval]]:
        """Return the runs of slots without each required field, by field."""

    def lower_grade(self, window: Interval) -> list[Graded]:
        """Return the runs of slots below the target, by grade."""

    def missing_optional(self, field: str, window: Interval) -> list[Interval]:
        """Return the runs of slots that hold every required field and not this one."""

    def of_source(self, sources: Sequence[str], window: Interval) -> list[Interval]:
        """Return the runs of slots that have a point with one of these sources."""

    def newest(self, end: datetime) -> datetime | None:
        """Return the newest complete slot before ``end``, ``None`` for none."""


class SqlInvalidValues(Protocol):
    """The stored values of one series that do not count, see ``ReadingStore``."""

    def flaws(self, window: Interval) -> Flaws:
        """Return the stored values of the window that do not count."""

    def ahead(self, start: datetime) -> Ahead | None:
        """Return the points from an instant on, ``None`` for none."""

    def copies(self, window: Interval) -> dict[datetime, frozenset[str]]:
        """Return the fields that may be copies of values of others, by slot."""


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
    gaps: Callable[[sa.Connection, Series], SqlGaps]
    invalid_values: Callable[[sa.Connection, Series], SqlInvalidValues]


def insert(connection: sa.Connection, table: sa.Table) -> Any:  # noqa: ANN401 - each dialect's own
    """Return an insert statement with ``ON CONFLICT``, which SQLite and PostgreSQL have."""
    return import_module(f"sqlalchemy.dialects.{connection.dialect.name}").insert(table)
