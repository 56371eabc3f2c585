"""Points of the embedded store: found, read and written, many in one statement."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa

from gapfill.domain.interval import Interval
from gapfill.domain.series import Series
from gapfill.stores.points import Point, format_tags, is_own, parse_tags
from gapfill.stores.sql import rows
from gapfill.stores.sql.rows import point_in, to_epoch
from gapfill.stores.sqlite.conditions import quoted
from gapfill.stores.sqlite.schema import points_table, stored_table

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
    version, known = _known_tags(connection, table)
    kept = connection.info.setdefault("own_tags", {})
    state, found = kept.get((table.name, series.name), (None, []))
    if state != (series, version, len(known)):
        own = format_tags(series.tags)
        counting = [text for text, tags in known.items() if is_own(series, tags)]
        found = sorted(counting, key=lambda text: text != own)
        kept[table.name, series.name] = (series, version, len(known)), found
    return list(found)


def _known_tags(
    connection: sa.Connection, table: sa.Table
) -> tuple[int, dict[str, dict[str, str]]]:
    """Return the version of the file, and the tag sets in a table, parsed.

    Each costs a seek, however many points it has. They are looked for again once
    another connection has written; what this one writes, ``upsert`` adds.
    """
    cursor = connection.connection.cursor()
    ((version,),) = cursor.execute("PRAGMA data_version").fetchall()
    seen: dict[str, tuple[int, dict[str, dict[str, str]]]]
    seen = connection.info.setdefault("tags", {})
    if table.name not in seen or seen[table.name][0] != version:
        found = connection.scalars(sa.text(_TAGS.format(table=quoted(table.name))))
        seen[table.name] = version, {text: parse_tags(text) for text in found}
    return seen[table.name]


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
    # An outer join fixes the order. For an inner one SQLite walks through all points of the series
    # and reads the intervals anew for each: that costs points times intervals.
    query = sa.select(table).select_from(span.outerjoin(table, is_within))
    found = connection.execute(query).mappings()
    return [point_in(series, names, one) for one in found if one["slot"] is not None]


def upsert(
    connection: sa.Connection, series: Series, points: Sequence[Mapping[str, object]]
) -> None:
    """Write points over what stands at the same tags and slot; columns of others stay."""
    table = points_table(series)
    rows.upsert(connection, table, points)
    _, known = _known_tags(connection, table)
    for text in {str(point["tags"]) for point in points} - known.keys():
        known[text] = parse_tags(text)
