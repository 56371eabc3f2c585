"""Finds slots of many series with low grades, without a wanted field, or from certain sources."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from gapfill.domain.coverage import Graded
from gapfill.domain.interval import Interval, subtract
from gapfill.errors import StoreError
from gapfill.stores.points import grade_of, graded, joined
from gapfill.stores.sql.rows import from_epoch
from gapfill.stores.sqlite import gap_sql as queries
from gapfill.stores.sqlite.gaps import Asked, by_series, missing, runs_of
from gapfill.stores.sqlite.members import groups_of

if TYPE_CHECKING:
    import sqlalchemy as sa


def lower_grade(connection: sa.Connection, asked: Asked) -> dict[str, list[Graded] | StoreError]:
    """Return, by series, the runs of slots with the same grades, one of them below the target.

    For a series with an unknown grade the answer is the error.
    """
    runs: dict[str, list[Graded]] = {member.series.name: [] for member, _ in asked}
    errors: dict[str, StoreError] = {}
    for group in groups_of(connection, [pair for pair in asked if pair[0].has_required]):
        for n, start, end, *grades in group.ask(queries.LOWER, group.spread()):
            series = group.parts[n].member.series
            slots = Interval(from_epoch(start), from_epoch(end))
            try:
                known = [grade_of(series, slots.start, grade) for grade in grades]
            except StoreError as exc:
                errors.setdefault(series.name, exc)
                continue
            runs[series.name].append(graded(series, slots, known))
    found = {name: joined(sorted(some, key=_start)) for name, some in runs.items()}
    return {**found, **errors}


def missing_optional(
    connection: sa.Connection, asked: Asked, field: str
) -> dict[str, list[Interval]]:
    """Return, by series, the runs of slots with every required field but not this one."""
    having = [pair for pair in asked if pair[0].has_required]
    stored = [(m, w) for m, w in having if any(f.name == field for f in m.fields)]
    found = {member.series.name: list[Interval]() for member, _ in asked}
    found |= by_series(
        stored,
        [
            (group, runs_of(group.ask(queries.WITHOUT_FIELD, group.spread(), field)))
            for group in groups_of(connection, stored)
        ],
    )
    names = {member.series.name for member, _ in stored}
    never = [pair for pair in having if pair[0].series.name not in names]
    absent = missing(connection, never)  # no point has the field yet
    return found | {m.series.name: subtract([w], absent[m.series.name]) for m, w in never}


def of_source(
    connection: sa.Connection, asked: Asked, sources: Sequence[str]
) -> dict[str, list[Interval]]:
    """Return, by series, the runs of slots that have a point with one of these sources."""
    names = json.dumps(list(sources))
    groups = groups_of(connection, [pair for pair in asked if pair[0].has_required])
    return by_series(
        asked,
        [
            (group, runs_of(group.ask(queries.OF_SOURCE, group.spread(), sources=names)))
            for group in groups
        ],
    )


def _start(run: Graded) -> datetime:
    return run.interval.start
