"""Points as rows of a SQL table, and instants as seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import sqlalchemy as sa

from gapfill.domain.series import Series
from gapfill.stores.points import Point, readings_and_flaws
from gapfill.stores.sql.dialect import insert


def to_epoch(instant: datetime) -> int:
    """Return an instant as whole seconds since 1970."""
    return int(instant.timestamp())


def from_epoch(seconds: float) -> datetime:
    """Return seconds since 1970 as an aware UTC instant."""
    return datetime.fromtimestamp(seconds, UTC)


def starts(column: sa.Column[str], prefix: str) -> sa.ColumnElement[bool]:
    """Return the condition that a text starts with a prefix, in a form that can use an index.

    ``LIKE`` ignores case, so it uses no index.
    """
    after = prefix[:-1] + chr(ord(prefix[-1]) + 1)
    return sa.and_(column >= prefix, column < after)


def point_in(series: Series, names: Sequence[str], found: sa.RowMapping) -> Point:
    """Return a row of a series' table as a point, with the fields that the table has."""
    values, flaws = readings_and_flaws(series, {name: found[name] for name in names})
    return Point(
        tags=found["tags"],
        instant=from_epoch(found["slot"]),
        values=values,
        grade=found["gapfill_grade"],
        source=found["gapfill_source"],
        batch=found["gapfill_batch"],
        kept=found["gapfill_kept"],
        flaws=flaws,
    )


def columns_of(series: Series, point: Point) -> dict[str, object]:
    """Return a point as the columns of its table, absent fields as ``None``."""
    stored = point.stored
    return {
        "tags": point.tags,
        "slot": to_epoch(point.instant),
        **{field.name: stored.get(field.name) for field in series.fields},
        "gapfill_grade": point.grade,
        "gapfill_source": point.source,
        "gapfill_batch": point.batch,
        "gapfill_kept": point.kept,
    }


def upsert(
    connection: sa.Connection, table: sa.Table, points: Sequence[Mapping[str, object]]
) -> None:
    """Write points over those with the same tags and slot; other columns stay as they are."""
    statement = insert(connection, table)
    names = [column.name for column in table.columns if not column.primary_key]
    statement = statement.on_conflict_do_update(
        index_elements=["tags", "slot"], set_={name: statement.excluded[name] for name in names}
    )
    connection.execute(statement, points)
