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
    found = connection.scalar(sa.select(sa.func.count()).select_from(_complete(series, part).subquery()))
    return int(found or 0)


def _absent(
    connection: sa.Connection, series: Series, part: Interval, step: timedelta
) -> Iterator[Interval]:
    """Yield the runs between two neighbours that are more than a step apart, head and tail too."""
    seconds = int(step.total_seconds())
    start, end = int(part.start.timestamp()), int(part.end.timestamp())
    present = _complete(series, part).subquery()
    pairs = sa.select(
        present.c.slot,
        sa.func.lag(present.c.slot, 1, start - seconds).over(order_by=present.c.slot).label("before"),
    ).subquery()
    query = (
        sa.select(pairs.c.before + seconds, pairs.c.slot)
        .where(pairs.c.slot - pairs.c.before > seconds)
        .order_by(pairs.c.slot)
    )
    for first, stop in connection.execute(query):
        yield _interval(first, stop)
    last = connection.scalar(sa.select(sa.func.max(present.c.slot)))
    tail = start if last is None else last + seconds
    if tail < end:
        yield _interval(tail, end)


def lower_runs(connection: sa.Connection, series: Series, window: Interval) -> list[Graded]:
    """Return the runs of slots of one grade below the target, gaps and islands in SQL."""
    table = measurement_table(series)
    runs: list[Graded] = []
    for part, step in series.grid.stretches(window):
        seconds = int(step.total_seconds())
        number = sa.func.row_number().over(
            partition_by=table.c.gapfill_grade, order_by=table.c.slot
        )
        lower = (
            sa.select(
                table.c.slot,
                table.c.gapfill_grade.label("grade"),
                (table.c.slot - number * seconds).label("island"),
            )
            .where(
                table.c.tags == tag_text(series.tags),
                table.c.gapfill_grade < int(series.target),
                table.c.slot >= int(part.start.timestamp()),
                table.c.slot < int(part.end.timestamp()),
                *(table.c[name].is_not(None) for name in series.required),
            )
            .subquery()
        )
        first, last = sa.func.min(lower.c.slot), sa.func.max(lower.c.slot)
        query = (
            sa.select(first, last + seconds, lower.c.grade)
            .group_by(lower.c.grade, lower.c.island)
            .order_by(first)
        )
        runs += [
            Graded(_interval(start, end), Grade(grade))
            for start, end, grade in connection.execute(query)
        ]
    return runs


def _interval(start: int, end: int) -> Interval:
    return Interval(datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC))
