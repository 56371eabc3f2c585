"""Missing and provisional runs, found inside SQLite: what crosses over are the runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from gapfill.domain.coverage import Graded
from gapfill.domain.interval import Interval, merge
from gapfill.domain.series import Grade
from gapfill.stores.sqlite_schema import measurement_table, tag_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gapfill.domain.series import Series


def absent_runs(connection: sa.Connection, series: Series, window: Interval) -> list[Interval]:
    """Return the runs of slots of the window that lack a required field.

    A count tells first whether anything is missing; it reads the narrow index of
    complete slots only.
    """
    runs: list[Interval] = []
    for part, step in series.grid.stretches(window):
        if _count(connection, series, part) != series.grid.count(part):
            runs += _absent(connection, series, part, step)
    return merge(runs)


def _complete(series: Series, part: Interval) -> sa.Select[tuple[int]]:
    table = measurement_table(series)
    return sa.select(table.c.slot).where(
        table.c.tags == tag_text(series.tags),
        table.c.slot >= int(part.start.timestamp()),
        table.c.slot < int(part.end.timestamp()),
        *(table.c[name].is_not(None) for name in series.required),
    )


def _count(connection: sa.Connection, series: Series, part: Interval) -> int:
    found = connection.scalar(
        sa.select(sa.func.count()).select_from(_complete(series, part).subquery())
    )
    return int(found or 0)


_STRETCH = 24
"""Slots of the stretches that are counted: measured best for holes of hours to days."""


def _absent(
    connection: sa.Connection, series: Series, part: Interval, step: timedelta
) -> Iterator[Interval]:
    """Yield the runs without a complete slot, in order, in a part with one step.

    Counting over the narrow index costs a tenth of comparing neighbours, so stretches
    are counted first and neighbours compared only in incomplete ones: a slot without a
    successor opens a run, which ends at the next slot there is.
    """
    seconds = int(step.total_seconds())
    start, end = int(part.start.timestamp()), int(part.end.timestamp())
    bounds = {"tags": tag_text(series.tags), "start": start, "end": end, "step": seconds}
    bounds["size"] = _STRETCH * seconds
    first = connection.scalar(_sql(connection, series, _NEXT), bounds)
    if first is None or first >= end:
        yield part
        return
    if first > start:
        yield _interval(start, first)
    for opens, closes in connection.execute(_sql(connection, series, _RUNS), bounds):
        yield _interval(opens, min(closes or end, end))


_NEXT = "SELECT min(slot) FROM {table} WHERE tags = :tags AND slot >= :start AND {complete}"

_RUNS = """
WITH RECURSIVE
stretch(opens) AS (
    VALUES (:start) UNION ALL SELECT opens + :size FROM stretch WHERE opens + :size < :end
),
holed(opens, closes) AS MATERIALIZED (
    SELECT opens, min(opens + :size, :end) FROM stretch
    WHERE (SELECT count(*) FROM {table} WHERE tags = :tags AND slot >= opens
           AND slot < min(opens + :size, :end) AND {complete}) * :step
          <> min(opens + :size, :end) - opens
)
SELECT here.slot + :step,
       (SELECT min(slot) FROM {table} AS later
        WHERE later.tags = :tags AND later.slot > here.slot AND {complete})
FROM holed CROSS JOIN {table} AS here
WHERE here.tags = :tags AND here.slot >= holed.opens - :step
  AND here.slot < holed.closes - :step AND {complete_here}
  AND here.slot >= :start
  AND NOT EXISTS (SELECT 1 FROM {table} AS next WHERE next.tags = :tags
                  AND next.slot = here.slot + :step AND {complete_next})
ORDER BY here.slot
"""


def _sql(connection: sa.Connection, series: Series, template: str) -> sa.TextClause:
    """Fill in the names, which come from the validated catalogue, quoted."""
    quote = connection.dialect.identifier_preparer.quote_identifier

    def complete(alias: str) -> str:
        return " AND ".join(f"{alias}{quote(name)} IS NOT NULL" for name in series.required)

    return sa.text(
        template.format(
            table=quote(series.measurement),
            complete=complete(""),
            complete_here=complete("here."),
            complete_next=complete("next."),
        )
    )


_LOWER = """
SELECT min(slot), max(slot) + :step, gapfill_grade FROM (
    SELECT slot, gapfill_grade,
           slot - :step * row_number() OVER (PARTITION BY gapfill_grade ORDER BY slot) AS island
    FROM {table}
    WHERE tags = :tags AND gapfill_grade < :target
      AND slot >= :start AND slot < :end AND {complete}
)
GROUP BY gapfill_grade, island ORDER BY min(slot)
"""


def lower_runs(connection: sa.Connection, series: Series, window: Interval) -> list[Graded]:
    """Return the runs of slots of one grade below the target: gaps and islands, in SQL."""
    query = _sql(connection, series, _LOWER)
    runs: list[Graded] = []
    for part, step in series.grid.stretches(window):
        bounds = {
            "tags": tag_text(series.tags),
            "target": int(series.target),
            "start": int(part.start.timestamp()),
            "end": int(part.end.timestamp()),
            "step": int(step.total_seconds()),
        }
        found = connection.execute(query, bounds)
        runs += [Graded(_interval(start, end), Grade(grade)) for start, end, grade in found]
    return runs


def _interval(start: int, end: int) -> Interval:
    return Interval(datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC))
