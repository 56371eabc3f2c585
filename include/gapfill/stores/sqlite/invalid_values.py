"""Finds stored values of many series that are not readings, inside SQLite."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from gapfill.domain.interval import Interval, merge
from gapfill.domain.invalid_values import Ahead, Flaws, flaw_of, together
from gapfill.domain.series import Field, Series
from gapfill.stores.points import contents_of
from gapfill.stores.sql.rows import from_epoch, to_epoch
from gapfill.stores.sqlite import gap_sql as queries
from gapfill.stores.sqlite.gaps import Asked
from gapfill.stores.sqlite.members import Group, Member, Part, members, undivided
from gapfill.stores.sqlite.rows import read_points

if TYPE_CHECKING:
    import sqlalchemy as sa

AT_ONCE = 5_000
"""Maximum number of slots that are read at once to find copies."""


def flaws(connection: sa.Connection, asked: Asked) -> dict[str, Flaws]:
    """Return, by series, the stored values of the windows that are not readings."""
    answers = {member.series.name: Flaws() for member, _ in asked}
    parts = [Part(m, to_epoch(w.start), to_epoch(w.end)) for m, w in asked if m.fields]
    for group in undivided(connection, parts):
        fields = group.parts[0].member.fields
        rows = list(group.ask(queries.FLAWS, group.spread(), fields=fields))
        for n, *row in rows:
            found = zip(fields, row[::3], row[1::3], row[2::3], strict=True)
            answers[group.parts[n].member.series.name] = together(
                Flaws(values, texts, flaw_of(field, from_epoch(at), _flawed(group, n, field, at)))
                for field, values, texts, at in found
                if values
            )
    return answers


def _flawed(group: Group, n: int, field: Field, at: int) -> Any:  # noqa: ANN401 - of any type
    entries = [entry._replace(start=at, end=at) for entry in group.spread([n])]
    ((value,),) = group.ask(queries.FLAWED, entries, field.name)
    return value


def ahead(
    connection: sa.Connection, asked: Sequence[tuple[Member, datetime]]
) -> dict[str, Ahead | None]:
    """Return, by series, the points from an instant on, ``None`` without any."""
    answers: dict[str, Ahead | None] = {member.series.name: None for member, _ in asked}
    parts = [Part(m, to_epoch(start), to_epoch(start)) for m, start in asked if m.fields]
    for group in undivided(connection, parts):
        fields = group.parts[0].member.fields
        for n, *row in group.ask(queries.AHEAD, group.spread(), fields=fields):
            found = [(count, at) for count, at in zip(row[::2], row[1::2], strict=True) if count]
            if found:
                points, newest = max(count for count, _ in found), max(at for _, at in found)
                answers[group.parts[n].member.series.name] = Ahead(points, from_epoch(newest))
    return answers


def copies(
    connection: sa.Connection, series: Series, window: Interval
) -> dict[datetime, frozenset[str]]:
    """Return the fields of the series' own points that are copies, by slot."""
    (member,) = members(connection, [series])
    if member.mine not in member.tags:
        return {}
    part = Part(member, to_epoch(window.start), to_epoch(window.end))
    (group,) = undivided(connection, [part])
    own = [entry for entry in group.spread() if entry.tags == member.mine]
    slots = [from_epoch(at) for (at,) in group.ask(queries.POSSIBLE_COPIES, own)]
    parts = (slots[n : n + AT_ONCE] for n in range(0, len(slots), AT_ONCE))
    return {slot: names for some in parts for slot, names in _copies_in(connection, series, some)}


def _copies_in(
    connection: sa.Connection, series: Series, slots: Sequence[datetime]
) -> Iterator[tuple[datetime, frozenset[str]]]:
    grid = series.grid
    spans = merge(Interval(grid.floor(s), grid.end_of(grid.floor(s))) for s in slots)
    for slot, content in contents_of(series, read_points(connection, series, spans)).items():
        if content.copies:
            yield slot, content.copies
