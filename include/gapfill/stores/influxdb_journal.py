"""What is to be written back after a removal, noted in the bucket in case of a kill.

An entry is a text of JSON in a point of ``gapfill_journal``: whose removal it is, and the
points. A short text beside it says the same for people (``influxdb_watch``), and a third one
names the measurement of a ``retype``. An entry is emptied, not deleted, as writing is far quicker.

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
from typing import TYPE_CHECKING, Any, NamedTuple

from gapfill.domain.interval import Interval, iso, merge
from gapfill.stores import influxdb_text as text
from gapfill.stores.influxdb_errors import PartialWrite
from gapfill.stores.influxdb_others import Kept, read_whole
from gapfill.stores.influxdb_points import from_ns, joined

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from datetime import datetime

    from gapfill.domain.series import Series
    from gapfill.stores.influxdb_answer import Table
    from gapfill.stores.influxdb_server import Server

JOURNAL = "gapfill_journal"

ENTRY = 30_000
"""Characters of an entry: InfluxDB takes texts of 64 kB at most, quotes escaped."""

PATIENCE = timedelta(minutes=15)

QUESTION = text.select('"lines"', JOURNAL, "\"lines\" != ''")
"""Finds what is to be written back, times in nanoseconds."""

SINCE = 1_735_689_600_000_000_000
"""2025-01-01, before the first entry: a question with a bound opens no older shard."""

MOMENT = timedelta(microseconds=1)


class Removal(NamedTuple):
    """Whose entries are noted.

    Attributes:
        owner: The batch whose undo it is, which carries it on; empty where anybody does at once.
        batch: The batch that ``undo`` takes, where it has one.
        is_retype: Whether it is a ``retype``, whose points are all those of a measurement.
        file: Where a ``retype`` has saved the points.
    """

    owner: str = ""
    batch: str = ""
    is_retype: bool = False
    file: str = ""


def keep(server: Server, series: Series, whose: Removal, points: Sequence[Kept]) -> list[int]:
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
    now = max(time.time_ns(), SINCE)
    numbers = [now + n for n in range(len(parts))]
    same = {
        "owner": whose.owner,
        "measurement": series.measurement,
        "is_retype": whose.is_retype,
        "own": [*(f.name for f in series.fields), *text.PROVENANCE],
    }
    more = [text.field("about", json.dumps(_about(series, whose, points)))] if points else []
    more += [text.field("retype", series.measurement)] if whose.is_retype else []
    texts = [text.field("lines", json.dumps({**same, "points": part})) for part in parts]
    pairs = zip(numbers, texts, strict=True)
    server.write([f"{JOURNAL} {','.join([said, *more])} {number}" for number, said in pairs], "ns")
    return numbers


def _about(series: Series, whose: Removal, points: Sequence[Kept]) -> dict[str, object]:
    """Return what people are told of an entry."""
    first, last = _bounds(point.instant for point in points)
    return {
        "series": series.name,
        "measurement": series.measurement,
        "batch": whose.batch,
        "is_retype": whose.is_retype,
        "file": whose.file,
        "first": iso(first),
        "last": iso(last),
    }


def clear(server: Server, numbers: Iterable[int]) -> None:
    """Empty entries."""
    empty = f"{text.field('lines', '')},{text.field('retype', '')}"
    server.write([f"{JOURNAL} {empty} {number}" for number in numbers], "ns")


def mend(server: Server, owner: str = "", retyped: Collection[str] = ()) -> list[str]:
    """Write back what a killed removal has left in the journal.

    What the server refuses stays there, and stops nobody.

    Args:
        server: Where.
        owner: The batch whose undo is carried on; its entries are not too young.
        retyped: Measurements whose ``retype`` is carried on, likewise.

    Returns:
        What was refused, for a message.
    """
    (tables,) = server.ask([QUESTION], "ns")
    return mend_what(server, tables, owner, retyped)


def mend_what(
    server: Server, tables: Sequence[Table], owner: str = "", retyped: Collection[str] = ()
) -> list[str]:
    """Write back what ``QUESTION`` has found, as ``mend`` does."""
    now = time.time_ns()  # as in keep()
    patience = PATIENCE // MOMENT * 1000
    refused: list[str] = []
    for number, said in [row for table in tables for row in table.rows]:
        entry = json.loads(said)
        is_retyped = entry.get("is_retype", False) and entry["measurement"] in retyped
        if is_retyped or entry["owner"] in ("", owner) or now - number > patience:
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
    found: list[Kept] = []
    for point, there in beside(server, measurement, points):
        is_own_there = not there.keys().isdisjoint(own)
        fields = {
            name: said
            for name, said in point.fields.items()
            if (name not in there if name else not is_own_there)
        }
        if fields:
            found.append(point._replace(fields=fields))
    return found


def beside(
    server: Server, measurement: str, points: Iterable[Kept]
) -> Iterator[tuple[Kept, dict[str, dict[str, Any]]]]:
    """Yield each point with the fields that stand at its tags and instant, as in ``Found``."""
    by_tags: dict[str, list[Kept]] = {}
    for point in points:
        by_tags.setdefault(json.dumps(point.tags, sort_keys=True), []).append(point)
    for group in by_tags.values():
        tags = group[0].tags
        moments = (from_ns(point.instant) for point in group)
        windows = list(joined(merge(Interval(moment, moment + MOMENT) for moment in moments)))
        found = read_whole(server, measurement, tags, windows)
        standing = {one.instant: one.fields for one in found if one.tags == tags}
        for point in group:
            yield point, standing.get(point.instant, {})


def _told(entry: dict[str, Any], number: int, exc: PartialWrite) -> str:
    first, last = _bounds(point[1] for point in entry["points"])
    return (
        f"{entry['measurement']} from {iso(first)} to {iso(last)}, entry {number} "
        f"of {JOURNAL}: {exc}"
    )


def _bounds(instants: Iterable[int]) -> tuple[datetime, datetime]:
    ordered = sorted(instants)
    return from_ns(ordered[0]), from_ns(ordered[-1])
