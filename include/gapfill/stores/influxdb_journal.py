"""What is to be written back after a removal, noted in the bucket in case of a kill.

An entry is a text of JSON in a point of ``gapfill_journal``: whose removal it is, and the
points. It is emptied, not deleted, as writing is far quicker.

While a removal lives it needs its entry. Others leave an entry alone for ``PATIENCE``,
many times what a removal takes between noting and emptying it; the undo of the same
batch, which is how a killed one is carried on, does not wait. Nobody waits for an import
that dropped values, as trying that again must find its points for the notes. What is
written back is only what is missing by then: whatever stands there has been written since, or
never went.
"""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from gapfill.domain.interval import Interval, iso, merge
from gapfill.stores import influxdb_text as text
from gapfill.stores.influxdb_errors import PartialWrite
from gapfill.stores.influxdb_others import Kept, read_whole
from gapfill.stores.influxdb_points import from_ns, joined

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from gapfill.domain.series import Series
    from gapfill.stores.influxdb_answer import Table
    from gapfill.stores.influxdb_server import Server

JOURNAL = "gapfill_journal"

ENTRY = 30_000
"""Characters of an entry: InfluxDB takes texts of 64 kB at most, quotes escaped."""

PATIENCE = timedelta(minutes=15)

QUESTION = text.select('"lines"', JOURNAL, "\"lines\" != ''")
"""Finds what is to be written back, times in nanoseconds."""

MOMENT = timedelta(microseconds=1)


def keep(server: Server, series: Series, owner: str, points: Sequence[Kept]) -> list[int]:
    """Note points that are to be written after a deletion, and return the entries' numbers."""
    parts: list[list[Kept]] = []
    size = 0
    for point in points:
        length = len(json.dumps(point))
        if not parts or size + length > ENTRY:
            parts.append([])
            size = 0
        parts[-1].append(point)
        size += length
    # The system's time: GAPFILL_NOW moves the readings' present, not the age of an entry.
    now = time.time_ns()
    numbers = [now + n for n in range(len(parts))]
    same = {
        "owner": owner,
        "measurement": series.measurement,
        "own": [*(f.name for f in series.fields), *text.PROVENANCE],
    }
    server.write(
        [
            f"{JOURNAL} {text.field('lines', json.dumps({**same, 'points': part}))} {number}"
            for number, part in zip(numbers, parts, strict=True)
        ],
        "ns",
    )
    return numbers


def clear(server: Server, numbers: Iterable[int]) -> None:
    """Empty entries."""
    server.write([f"{JOURNAL} {text.field('lines', '')} {number}" for number in numbers], "ns")


def mend(server: Server, owner: str = "") -> list[str]:
    """Write back what a killed removal has left in the journal.

    What the server refuses stays there, and stops nobody.

    Args:
        server: Where.
        owner: The batch whose undo is carried on; its entries are not too young.

    Returns:
        What was refused, for a message.
    """
    (tables,) = server.ask([QUESTION], "ns")
    return mend_what(server, tables, owner)


def mend_what(server: Server, tables: Sequence[Table], owner: str = "") -> list[str]:
    """Write back what ``QUESTION`` has found, as ``mend`` does."""
    now = time.time_ns()  # as in keep()
    patience = PATIENCE // MOMENT * 1000
    refused: list[str] = []
    for number, said in [row for table in tables for row in table.rows]:
        entry = json.loads(said)
        if entry["owner"] in ("", owner) or now - number > patience:
            try:
                _write_back(server, entry)
            except PartialWrite as exc:
                refused.append(_told(entry, number, exc))
            else:
                clear(server, [number])
    return refused


def _write_back(server: Server, entry: dict[str, Any]) -> None:
    points = [Kept(*point) for point in entry["points"]]
    missing = lacking(server, entry["measurement"], points, entry["own"])
    server.write([one.line(entry["measurement"]) for one in missing], "ns")


def lacking(
    server: Server, measurement: str, points: Iterable[Kept], own: Collection[str] = ()
) -> list[Kept]:
    """Return what is missing of points: those that are not there, and their missing fields.

    Args:
        server: Where.
        measurement: Whose points.
        points: What should be there.
        own: Names of fields of which one is enough to show that the unnamed rest is there.
    """
    by_tags: dict[str, list[Kept]] = {}
    for point in points:
        by_tags.setdefault(json.dumps(point.tags, sort_keys=True), []).append(point)
    found: list[Kept] = []
    for group in by_tags.values():
        standing = _standing(server, measurement, group)
        for point in group:
            there = standing.get(point.instant, set())
            is_own_there = not there.isdisjoint(own)
            fields = {
                name: said
                for name, said in point.fields.items()
                if (name not in there if name else not is_own_there)
            }
            if fields:
                found.append(point._replace(fields=fields))
    return found


def _standing(server: Server, measurement: str, points: Sequence[Kept]) -> dict[int, set[str]]:
    """Return the names of the fields that stand at the instants of points of one set of tags."""
    tags = points[0].tags
    moments = (from_ns(point.instant) for point in points)
    windows = list(joined(merge(Interval(moment, moment + MOMENT) for moment in moments)))
    found = read_whole(server, measurement, tags, windows)
    return {one.instant: set(one.fields) for one in found if one.tags == tags}


def _told(entry: dict[str, Any], number: int, exc: PartialWrite) -> str:
    instants = [from_ns(point[1]) for point in entry["points"]]
    return (
        f"{entry['measurement']} from {iso(min(instants))} to {iso(max(instants))}, entry {number} "
        f"of {JOURNAL}: {exc}"
    )
