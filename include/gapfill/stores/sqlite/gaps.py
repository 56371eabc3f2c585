"""Finds missing slots of many series inside SQLite.

The size of the answers grows with the gaps, not with the history. In most stores each series has
one tag set, with points on the grid. So the first tag set of each series is searched alone, without
comparing neighbours (``hole_sql``). Only if other points are in its holes, all points are merged.
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from gapfill.domain.interval import Interval, subtract
from gapfill.stores.sql.rows import from_epoch, to_epoch
from gapfill.stores.sqlite import gap_sql as queries
from gapfill.stores.sqlite.hole_sql import BOUNDS, HALVES, STRETCH, STRETCHES, STRETCHES_OF_PIECE
from gapfill.stores.sqlite.members import Entry, Group, Member, Part, groups_of, undivided

if TYPE_CHECKING:
    import sqlalchemy as sa

Runs = list[tuple[int, int]]
"""Runs of slots, in seconds."""

SAMPLE = 16
"""Number of windows of one length that show whether most have a half without a hole."""

SHORT = 100
"""Windows with fewer slots are searched without looking at their halves."""

RARE = 8
"""So are windows whose length fewer than one in this number of windows has."""

Asked = Sequence[tuple[Member, Interval]]
"""Series and their windows; each series once."""

Holes = list[tuple[Group, dict[int, Runs]]]
"""The runs of each part of the groups, by its number; a part without runs may be absent."""


def missing(connection: sa.Connection, asked: Asked) -> dict[str, list[Interval]]:
    """Return, by series, the runs of slots of the windows without every required field."""
    return by_series(asked, _holes(connection, asked))


def missing_by_field(
    connection: sa.Connection, asked: Asked
) -> dict[str, dict[str, list[Interval]]]:
    """Return, by series and required field, the runs of slots of the windows without it.

    Single fields are searched only in holes.
    """
    holes = _holes(connection, asked)
    absent = by_series(asked, holes)
    answers = {
        member.series.name: dict.fromkeys(member.series.required, absent[member.series.name])
        for member, _ in asked
    }
    for group, runs in holes:
        required = group.series.required
        for field in required if len(required) > 1 else ():
            for n, there in _present(group, runs, field).items():
                answer = answers[group.parts[n].member.series.name]
                answer[field] = subtract(answer[field], intervals(there))
    return answers


def newest(
    connection: sa.Connection, asked: Sequence[tuple[Member, datetime]]
) -> dict[str, datetime | None]:
    """Return, by series, the newest slot before an instant that has every required field.

    A seek finds the newest point that has all of them. Only newer slots can have them in several
    points.
    """
    answers: dict[str, datetime | None] = {member.series.name: None for member, _ in asked}
    left: list[tuple[Member, Interval]] = []
    for member, (point, whole, oldest) in _extremes(connection, asked):
        grid, known = member.series.grid, None if whole is None else from_epoch(whole)
        answers[member.series.name] = known and grid.floor(known)
        start = grid.end_of(grid.floor(known)) if known else grid.floor(from_epoch(oldest))
        end = grid.end_of(grid.floor(from_epoch(point)))
        if start < end:
            left.append((member, Interval(start, end)))
    for group in groups_of(connection, left):
        for n, slot in group.ask(queries.LAST, group.spread()):
            name, found = group.parts[n].member.series.name, from_epoch(slot)
            answers[name] = max(answers[name] or found, found)
    return answers


def _extremes(
    connection: sa.Connection, asked: Sequence[tuple[Member, datetime]]
) -> Iterator[tuple[Member, tuple[int, int | None, int]]]:
    """Yield the newest point of each series, the newest with every required field, the oldest.

    A series without points is absent.
    """
    parts = [Part(member, 0, to_epoch(end)) for member, end in asked if member.has_required]
    for group in undivided(connection, parts):
        found: dict[int, tuple[list[int], list[int], list[int]]] = {}
        for n, *slots in group.ask(queries.EXTREMES, group.spread()):
            for slot, of_kind in zip(slots, found.setdefault(n, ([], [], [])), strict=True):
                if slot is not None:
                    of_kind.append(slot)
        for n, (points, whole, oldest) in found.items():
            if points:
                member = group.parts[n].member
                yield member, (max(points), max(whole, default=None), min(oldest))


def _holes(connection: sa.Connection, asked: Asked) -> Holes:
    return [(group, _of_group(group)) for group in groups_of(connection, asked)]


def _of_group(group: Group) -> dict[int, Runs]:
    """Return the runs of each part without every required field."""
    holes: dict[int, Runs] = {}
    first: list[Entry] = []
    for n, (member, start, end) in enumerate(group.parts):
        if member.has_required:
            first.append(Entry(n, member.tags[0], member.mine, start, end))
        else:
            holes[n] = [(start, end)]
    found = _search(group, first)
    own = {entry.n: entry.tags for entry in first}
    spans = (
        Entry(n, tags, own[n], *group.parts[n][1:], text)
        for n, runs in found.items()
        for text in [json.dumps(runs)]
        for tags in group.parts[n].member.tags
    )
    touched = {n for (n,) in group.ask(queries.TOUCHED, spans)}
    holes |= {n: runs for n, runs in found.items() if n not in touched}
    for n, start, end in group.ask(queries.HOLES, group.spread(sorted(touched))):
        holes.setdefault(n, []).append((start, end))
    return holes


def _search(group: Group, entries: Sequence[Entry]) -> dict[int, Runs]:
    """Return the runs of entries without complete slots of their tag set; each part once."""
    tails: dict[int, Runs] = {}
    ending: list[Entry] = []
    plain: set[int] = set()
    of = {entry.n: entry for entry in entries}
    for n, newest, is_plain in group.ask(BOUNDS, entries):
        start, end = of[n].start, of[n].end
        after = start if newest is None else newest + group.step
        if after < end:
            tails[n] = [(after, end)]
        if start < after:
            ending.append(of[n]._replace(end=after))
        if is_plain:
            plain.add(n)
    found = _divide(group, [*_not_whole(group, ending, plain)])
    for n, runs in tails.items():
        found.setdefault(n, []).extend(runs)
    return found


def _divide(group: Group, entries: Sequence[Entry]) -> dict[int, Runs]:
    """Return the runs of entries, searched by pieces and stretches."""
    if not entries:
        return {}
    size = STRETCHES_OF_PIECE * STRETCH * group.step
    longest = max(entry.end - entry.start for entry in entries)
    pieces = -(-longest // size)
    found: dict[int, Runs] = {}
    for n, start, end, bits, goes_on in group.ask(STRETCHES, entries, pieces=pieces):
        runs = found.setdefault(n, [])
        if not bits:
            _add(runs, runs[-1][1] if goes_on else start, end)
            continue
        for first, after in _zeros(bits, (end - start) // group.step):
            _add(runs, start + first * group.step, start + after * group.step)
    return found


def _add(runs: Runs, start: int, end: int) -> None:
    """Add a run to sorted runs; it may start inside the last one, or touch it."""
    if runs and start <= runs[-1][1]:
        runs[-1] = runs[-1][0], end
    else:
        runs.append((start, end))


def _not_whole(group: Group, entries: Sequence[Entry], plain: Container[int]) -> Iterator[Entry]:
    """Yield the entries, or their halves, that may have a hole.

    Args:
        group: Their group.
        entries: The entries; each ends with its newest slot.
        plain: The parts whose tag set has no other slots.
    """
    alike: dict[int, list[Entry]] = {}
    for entry in entries:
        slots = (entry.end - entry.start) // group.step
        alike.setdefault(slots if entry.n in plain else 0, []).append(entry)
    for slots, windows in alike.items():
        if slots < SHORT or len(windows) * RARE < len(entries):
            yield from windows
            continue
        sample, others = windows[:SAMPLE], windows[SAMPLE:]
        whole = _halves(group, sample, slots)
        yield from (half for halves in whole.values() for half in halves)
        if sum(map(len, whole.values())) > len(sample):
            yield from others
        else:
            rest = _halves(group, others, slots)
            yield from (half for halves in rest.values() for half in halves)


def _halves(group: Group, entries: Sequence[Entry], slots: int) -> dict[int, list[Entry]]:
    """Return the halves of windows that may have a hole; the whole window if both may."""
    found: dict[int, list[Entry]] = {}
    of = {entry.n: entry for entry in entries}
    first = slots // 2
    for n, *is_whole in group.ask(HALVES, entries, before=first - 1, after=slots - first - 1):
        middle = of[n].start + first * group.step
        bounds = (of[n].start, middle), (middle, of[n].end)
        found[n] = [
            of[n]._replace(start=start, end=end)
            for (start, end), is_known in zip(bounds, is_whole, strict=True)
            if not is_known
        ]
    return found


def _present(group: Group, holes: Mapping[int, Runs], field: str) -> dict[int, Runs]:
    """Return, by part, the runs in its holes that have one field."""
    spans = (
        Entry(n, tags, member.mine, start, end)
        for n, runs in holes.items()
        if (member := group.parts[n].member).has_required
        for start, end in runs
        for tags in member.tags
    )
    return runs_of(group.ask(queries.PRESENT, spans, field))


def runs_of(rows: Iterable[Sequence[int]]) -> dict[int, Runs]:
    """Return rows of number, start and end as runs by number."""
    found: dict[int, Runs] = {}
    for n, start, end in rows:
        found.setdefault(n, []).append((start, end))
    return found


def by_series(asked: Asked, found: Holes) -> dict[str, list[Interval]]:
    """Return the runs of all parts of each series, merged."""
    runs: dict[str, Runs] = {}
    for group, of_part in found:
        for n, some in of_part.items():
            runs.setdefault(group.parts[n].member.series.name, []).extend(some)
    names = [member.series.name for member, _ in asked]
    return {name: intervals(runs[name]) if name in runs else [] for name in names}


def intervals(runs: Runs) -> list[Interval]:
    """Return runs in seconds as merged intervals in order."""
    merged: Runs = []
    for start, end in sorted(runs):
        _add(merged, start, end)
    return [Interval(from_epoch(start), from_epoch(end)) for start, end in merged]


def _zeros(bits: int, width: int) -> Iterator[tuple[int, int]]:
    """Yield the runs of zeros in a number's lowest bits, as ``[first, after)``."""
    position = 0
    while position < width:
        rest = bits >> position
        ones = (~rest & (rest + 1)).bit_length() - 1
        first = position + ones
        if first >= width:
            return
        rest = bits >> first
        after = first + (rest & -rest).bit_length() - 1 if rest else width
        yield first, after
        position = after
