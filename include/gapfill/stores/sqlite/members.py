"""Series that are read together: each with its tag sets, in groups that share a statement."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from gapfill.domain.interval import Interval
from gapfill.domain.series import Field, Series
from gapfill.stores.points import format_tags
from gapfill.stores.sql.rows import to_epoch
from gapfill.stores.sqlite.gap_sql import query
from gapfill.stores.sqlite.rows import tag_index
from gapfill.stores.sqlite.schema import stored_table

if TYPE_CHECKING:
    import sqlalchemy as sa

AT_ONCE = 20_000
"""Maximum entries in the list of one statement, and so of its parts."""

SLOTS_AT_ONCE = 1_000_000
"""Maximum slots in the windows of one statement: SQLite may have to sort them."""


class Member(NamedTuple):
    """A series, its tags in canonical form, and what its table has.

    Attributes:
        series: The series.
        mine: Its own tag set.
        tags: Tag sets whose points count for it, its own first; none before the first write.
        fields: Those of its fields that the table has.
    """

    series: Series
    mine: str
    tags: Sequence[str]
    fields: Sequence[Field]

    @property
    def has_required(self) -> bool:
        """Whether a point can have every required field."""
        return bool(self.tags) and sum(f.required for f in self.fields) == len(self.series.required)


class Part(NamedTuple):
    """Slots of a series in bounds, ``[start, end)`` in seconds, with one spacing."""

    member: Member
    start: int
    end: int


class Entry(NamedTuple):
    """An entry of the list of a statement (``gap_sql``)."""

    n: int
    tags: str
    mine: str
    start: int
    end: int
    every: str = ""


def members(connection: sa.Connection, every: Iterable[Series]) -> list[Member]:
    """Return series with their tag sets and stored fields.

    Raises:
        ConfigError: If a measurement or field has a name that the store needs itself.
    """
    found: list[Member] = []
    known: dict[tuple[str, tuple[Field, ...]], tuple[Any, Sequence[Field]]] = {}
    for series in every:
        key = series.measurement, series.fields
        if key not in known:
            table = stored_table(connection, series)
            stored = [] if table is None else [f for f in series.fields if f.name in table.c]
            known[key] = None if table is None else tag_index(connection, table), stored
        index, fields = known[key]
        tags = index.own(series) if index is not None else ()
        found.append(Member(series, format_tags(series.tags), tags, fields))
    return found


class Group:
    """Parts of series that share a statement: the same measurement, fields, grades and spacing.

    Attributes:
        step: Seconds between slots.
        parts: The parts.
    """

    def __init__(self, connection: sa.Connection, step: int, parts: Sequence[Part]) -> None:
        self._connection = connection
        self.step = step
        self.parts = parts
        self.series = parts[0].member.series
        self._has_several = any(len(part.member.tags) > 1 for part in parts)

    def spread(self, numbers: Iterable[int] | None = None) -> Iterator[Entry]:
        """Yield an entry for each tag set of each part, or of some parts."""
        for n in range(len(self.parts)) if numbers is None else numbers:
            member, start, end = self.parts[n]
            for tags in member.tags:
                yield Entry(n, tags, member.mine, start, end, self._every(member))

    def _every(self, member: Member) -> str:
        return json.dumps(member.tags) if self._has_several else member.tags[0]

    def ask(
        self,
        template: str,
        entries: Iterable[Entry],
        field: str = "",
        fields: Sequence[Field] = (),
        **more: object,
    ) -> Iterator[Sequence[Any]]:
        """Yield the rows of a statement about some entries, grouped by part.

        Entries of one part follow one another, so that one statement has all of them.
        """
        text = query(template, self.series, self.step, field, fields, several=self._has_several)
        for chunk in self._chunks(entries):
            found = self._connection.exec_driver_sql(text, {"asked": json.dumps(chunk), **more})
            while rows := found.cursor.fetchmany(AT_ONCE):
                yield from rows

    def _chunks(self, entries: Iterable[Entry]) -> Iterator[list[Entry]]:
        """Yield entries in lists of limited length, which do not divide a part."""
        chunk: list[Entry] = []
        slots = 0
        for entry in entries:
            is_full = len(chunk) >= AT_ONCE or slots >= SLOTS_AT_ONCE
            if is_full and entry.n != chunk[-1].n:
                yield chunk
                chunk, slots = [], 0
            chunk.append(entry)
            slots += (entry.end - entry.start) // self.step
        if chunk:
            yield chunk


def groups_of(connection: sa.Connection, asked: Iterable[tuple[Member, Interval]]) -> list[Group]:
    """Return the groups of series and their windows, in parts with one spacing."""
    shapes: dict[tuple[int, object], list[Part]] = {}
    for member, window in asked:
        series = member.series
        fields, has_several = series.fields, len(member.tags) > 1
        shape = series.measurement, fields, series.default_grade, series.target, has_several
        for part, step in series.grid.stretches(window):
            bounds = to_epoch(part.start), to_epoch(part.end)
            key = int(step.total_seconds()), shape
            shapes.setdefault(key, []).append(Part(member, *bounds))
    return [Group(connection, step, parts) for (step, _), parts in shapes.items()]


def undivided(connection: sa.Connection, parts: Iterable[Part]) -> list[Group]:
    """Return the groups of parts for a statement that does not depend on the spacing."""
    shapes: dict[object, list[Part]] = {}
    for part in parts:
        series = part.member.series
        shapes.setdefault((series.measurement, series.fields), []).append(part)
    return [Group(connection, 1, found) for found in shapes.values()]
