"""Reads and writes points of the embedded store, many in one statement."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa

from gapfill.domain.interval import Interval
from gapfill.domain.series import Series
from gapfill.stores.points import Point
from gapfill.stores.sql import rows
from gapfill.stores.sql.rows import point_in, to_epoch
from gapfill.stores.sqlite.conditions import quoted
from gapfill.stores.sqlite.schema import points_table, stored_table
from gapfill.stores.tag_index import TagIndex

_TAGS = """
WITH RECURSIVE known(tags) AS (
    SELECT min(tags) FROM {table}
    UNION ALL
    SELECT (SELECT min(tags) FROM {table} WHERE tags > known.tags) FROM known
    WHERE known.tags IS NOT NULL
)
SELECT tags FROM known WHERE tags IS NOT NULL
"""


def own_tags(connection: sa.Connection, table: sa.Table, series: Series) -> list[str]:
    """Return the tag sets in a table whose points count for a series, its own first."""
    return tag_index(connection, table).own(series)


def tag_index(connection: sa.Connection, table: sa.Table) -> TagIndex:
    """Return the tag sets in a table.

    Each costs a seek, however many points it has. They are read again once another connection has
    written; ``upsert`` adds those that this connection writes.
    """
    cursor = connection.connection.cursor()
    ((version,),) = cursor.execute("PRAGMA data_version").fetchall()
    seen: dict[str, tuple[int, TagIndex]] = connection.info.setdefault("tags", {})
    if table.name not in seen or seen[table.name][0] != version:
        found = connection.scalars(sa.text(_TAGS.format(table=quoted(table.name))))
        seen[table.name] = version, TagIndex(found)
    return seen[table.name][1]


def span_text(intervals: Iterable[Interval]) -> str:
    """Return intervals as a JSON text, so that one statement takes any number of them."""
    return json.dumps([(to_epoch(i.start), to_epoch(i.end)) for i in intervals])


def read_points(
    connection: sa.Connection, series: Series, intervals: Sequence[Interval]
) -> list[Point]:
    """Return the points that count for a series in sorted, disjoint intervals, in no order."""
    table = stored_table(connection, series)
    if table is None:
        return []
    span = sa.func.json_each(span_text(intervals)).table_valued("value")
    is_within = sa.and_(
        table.c.tags.in_(own_tags(connection, table, series)),
        table.c.slot >= sa.func.json_extract(span.c.value, "$[0]"),
        table.c.slot < sa.func.json_extract(span.c.value, "$[1]"),
    )
    names = [field.name for field in series.fields if field.name in table.c]
    # An outer join fixes the order. For an inner join SQLite goes through all points of the series
    # and reads the intervals again for each, which costs points times intervals.
    query = sa.select(table).select_from(span.outerjoin(table, is_within))
    found = connection.execute(query).mappings()
    return [point_in(series, names, one) for one in found if one["slot"] is not None]


def upsert(
    connection: sa.Connection, series: Series, points: Sequence[Mapping[str, object]]
) -> None:
    """Write points over those with the same tags and slot; columns of others do not change."""
    table = points_table(series)
    rows.upsert(connection, table, points)
    known = tag_index(connection, table)
    for text in {str(point["tags"]) for point in points}:
        known.add(text)
