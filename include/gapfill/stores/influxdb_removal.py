"""Points taken out of InfluxDB: the one thing that writing over them cannot do.

``/api/v2/delete`` takes every point that has the series' tags, and whatever more, with
all of its fields. So whatever of others stands at those instants is read first and
written back after. Between the two it stands in a journal in the bucket, from which the
next change writes it back if a kill comes in between.
"""

from __future__ import annotations

import json
import time
from bisect import bisect_right
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from gapfill.domain.interval import Interval
from gapfill.stores import influxdb_text as text
from gapfill.stores.points import format_tags

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import datetime

    from gapfill.domain.series import Series
    from gapfill.stores.influxdb_server import Server

    Found = tuple[dict[str, str], dict[str, Any]]
    """The tags and the columns of a point."""

JOURNAL = "gapfill_journal"

ENTRY = 30_000
"""Characters of an entry of the journal: InfluxDB takes texts of 64 kB at most, quotes escaped."""

MANY, BETWEEN = 20, 5_000
"""More deletions than this are joined over so many points that are to stay.

A deletion walks through all shards: half a second for ten years on 1.6, in which 10,000
points are written.
"""


def replace_points(
    server: Server, series: Series, slots: Collection[datetime], back: Sequence[str]
) -> None:
    """Remove the series' own points at slots, and write lines in their place.

    Fields of others in the same points, and points of others at the same instants, stay
    as they are.

    Args:
        server: Where.
        series: Whose points.
        slots: When; not empty.
        back: Lines with times in seconds.
    """
    found = _read(server, series, Interval(min(slots), series.grid.end_of(max(slots))))
    at = {text.to_ns(slot) for slot in slots}
    runs = list(_runs(sorted({columns["time"] for _, columns in found} | at), at))
    types = _types(server, series)
    others = [
        line
        for number, line in _lines_of_others(series, found, types, at)
        if any(first <= number <= last for first, last in _near(runs, number))
    ]
    lines = [*(f"{line}000000000" for line in back), *others]
    numbers = _journal(server, lines)
    for first, last in runs:
        server.delete(series.measurement, series.tags, first, last)
    server.write(lines, "ns")
    _clear(server, numbers)


def mend(server: Server) -> None:
    """Write back what a killed removal has left in the journal."""
    (tables,) = server.ask([text.select('"lines"', JOURNAL, "\"lines\" != ''")], "ns")
    entries = [row for table in tables for row in table.rows]
    if entries:
        server.write([line for _, lines in entries for line in json.loads(lines)], "ns")
        _clear(server, [number for number, _ in entries])


def _read(server: Server, series: Series, window: Interval) -> list[Found]:
    """Return all points with the series' tags, and whatever more."""
    conditions = text.has_tags(series.tags), text.within(window)
    (tables,) = server.ask([text.select("*", series.measurement, *conditions, by="*")], "ns")
    return [(table.tags, row) for table in tables for row in table.dicts()]


def _types(server: Server, series: Series) -> dict[str, str]:
    """Return the type of each field of a measurement; of several, float goes before integer."""
    (tables,) = server.ask([f"SHOW FIELD KEYS FROM {text.name(series.measurement)}"])
    pairs = sorted(tuple(row) for table in tables for row in table.rows)
    return dict(reversed(pairs))


def _lines_of_others(
    series: Series, found: Sequence[Found], types: dict[str, str], at: Collection[int]
) -> Iterator[tuple[int, str]]:
    """Yield what is to stay, as ``(instant, line)``: all but our own fields at some instants."""
    own = format_tags(series.tags)
    ours = {*(f.name for f in series.fields), *text.PROVENANCE}
    for tags, columns in found:
        number = columns["time"]
        goes = ours if number in at and format_tags(tags) == own else ()
        fields = [
            text.field(name, float(what) if types.get(name) == "float" else what)
            for name, what in columns.items()
            if what is not None and name != "time" and name not in goes
        ]
        if fields:
            yield number, f"{text.head(series.measurement, tags)} {','.join(fields)} {number}"


def _runs(present: Sequence[int], at: Collection[int]) -> Iterator[tuple[int, int]]:
    """Yield ``[first, last]`` of instants to delete at once.

    Nothing that is to stay lies between them, unless so many deletions would take too
    long: then up to ``BETWEEN`` points are deleted with them, and written back.
    """
    runs: list[tuple[int, int, int]] = []
    between = 0
    for number in present:
        if number not in at:
            between += 1
            continue
        runs.append((number, number, between))
        between = 0
    for allowed in (0, BETWEEN):
        joined: list[tuple[int, int]] = []
        strangers = 0
        for first, last, before in runs:
            strangers += before
            if joined and strangers <= allowed:
                joined[-1] = (joined[-1][0], last)
            else:
                joined.append((first, last))
                strangers = 0
        if len(joined) <= MANY or allowed:
            yield from joined
            return


def _near(runs: Sequence[tuple[int, int]], number: int) -> Sequence[tuple[int, int]]:
    """Return the run that may hold an instant."""
    n = bisect_right(runs, number, key=itemgetter(0))
    return runs[n - 1 : n] if n else ()


def _journal(server: Server, lines: Sequence[str]) -> list[int]:
    """Note lines that are to be written after a deletion, and return the entries' numbers."""
    entries: list[list[str]] = []
    size = 0
    for line in lines:
        if not entries or size + len(line) > ENTRY:
            entries.append([])
            size = 0
        entries[-1].append(line)
        size += len(line) + 1
    now = time.time_ns()
    numbers = [now + n for n in range(len(entries))]
    server.write(
        [
            f"{JOURNAL} {text.field('lines', json.dumps(entry))} {number}"
            for number, entry in zip(numbers, entries, strict=True)
        ],
        "ns",
    )
    return numbers


def _clear(server: Server, numbers: Sequence[int]) -> None:
    """Empty entries of the journal: writing is far quicker than deleting."""
    server.write([f"{JOURNAL} {text.field('lines', '')} {number}" for number in numbers], "ns")
