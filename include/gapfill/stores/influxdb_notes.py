"""What each batch replaced, noted before it is replaced: for ``undo`` and a batch's account.

A note is a point of ``gapfill_replaced`` at the slot it speaks of, tagged with batch and
series. As a kill may come between the note and the write, a note alone proves nothing: a
batch *wrote* a slot where its point stands there, or where a later batch has noted that
it replaced it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gapfill.domain.interval import Interval
from gapfill.stores import influxdb_text as text
from gapfill.stores.influxdb_points import from_ns
from gapfill.stores.points import Point, format_tags, parse_tags

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from datetime import datetime

    from gapfill.domain.series import Series
    from gapfill.stores.influxdb_server import Server

REPLACED = "gapfill_replaced"


@dataclass(frozen=True, slots=True)
class Note:
    """What stood at a slot before a batch wrote it.

    Attributes:
        slot: When.
        before: The series' own point, ``None`` where none stood there.
        measurement: Of the series, at the time.
        tags: Of the series, at the time, in canonical form.
        is_begun: Whether an undo of the batch has begun with the slot.
    """

    slot: datetime
    before: Point | None
    measurement: str
    tags: str
    is_begun: bool


def note(
    server: Server,
    series: Series,
    batches: Mapping[datetime, str],
    before: Mapping[datetime, Point],
) -> None:
    """Note what batches are about to replace; of a batch and slot only the first write counts.

    Args:
        server: Where.
        series: Whose slots.
        batches: The batch that writes each slot.
        before: The series' own points that stand there now.
    """
    lines: list[str] = []
    for batch in sorted(set(batches.values())):
        slots = [slot for slot, name in batches.items() if name == batch]
        known = notes_of(server, batch, series.name, _hull(slots)).get(series.name, [])
        stale = {n.slot for n in known}
        standing = {s for s in slots if s in before and (before[s].batch or "") == batch}
        if stale & set(slots) - standing:
            standing |= _handed_on(server, batch, series.name, stale)
        noted = stale & standing
        line = _lines(series, batch)
        lines += [line(slot, before.get(slot)) for slot in slots if slot not in noted]
    server.write(lines, "s")


def notes_of(
    server: Server, batch: str, series: str = "", window: Interval | None = None
) -> dict[str, list[Note]]:
    """Return the notes of a batch that were not undone, by name of the series."""
    conditions = [f'"batch" = {text.value(_tag(batch))}', '"undone" = false']
    if series:
        conditions.append(f'"series" = {text.value(series)}')
    if window:
        conditions.append(text.within(window))
    what = '"before", "measurement", "tags", "begun"'
    (tables,) = server.ask([text.select(what, REPLACED, *conditions, by='"series"')], "ns")
    return {
        table.tags["series"]: [_note(row) for row in table.dicts()]
        for table in sorted(tables, key=lambda table: table.tags["series"])
    }


def first_replaced(server: Server, series: Series, slots: Collection[datetime]) -> list[Note]:
    """Return the notes of points of others that stood where a series' own points came to be."""
    conditions = (
        f'"series" = {text.value(series.name)}',
        "\"before_batch\" = ''",
        "\"before\" != ''",
        text.within(_hull(slots)),
    )
    what = '"before", "measurement", "tags", "begun"'
    (tables,) = server.ask([text.select(what, REPLACED, *conditions)], "ns")
    notes = [_note(row) for table in tables for row in table.dicts()]
    return [one for one in notes if one.slot in slots]


def written(server: Server, batch: str, series: str, notes: Collection[Note]) -> set[datetime]:
    """Return the slots of notes that the batch did write, whether or not replaced since."""
    slots = {n.slot for n in notes}
    there = standing(server, batch, notes)
    return there if there == slots else there | (_handed_on(server, batch, series, slots))


def standing(server: Server, batch: str, notes: Iterable[Note]) -> set[datetime]:
    """Return the slots of notes where the batch's point stands now."""
    found: set[datetime] = set()
    by_place: dict[tuple[str, str], set[datetime]] = {}
    for one in notes:
        by_place.setdefault((one.measurement, one.tags), set()).add(one.slot)
    for (measurement, tags), slots in by_place.items():
        is_its = f'"gapfill_batch" = {text.value(batch)}'
        conditions = text.has_tags(parse_tags(tags)), text.within(_hull(slots)), is_its
        statement = text.select('"gapfill_batch"', measurement, *conditions, by="*")
        (tables,) = server.ask([statement], "ns")
        own = [table for table in tables if format_tags(table.tags) == tags]
        found |= {from_ns(row[0]) for table in own for row in table.rows} & slots
    return found


def begin(server: Server, batch: str, series: str, slots: Collection[datetime]) -> None:
    """Mark the notes of slots that are about to be put back.

    Of a batch whose undo was killed after its last slot, nothing else tells that it is one.
    """
    _mark(server, batch, series, slots, "begun")


def forget(server: Server, batch: str, series: str, slots: Collection[datetime]) -> None:
    """Mark the notes of slots that were put back: they count no more."""
    _mark(server, batch, series, slots, "undone")


def _mark(server: Server, batch: str, series: str, slots: Collection[datetime], field: str) -> None:
    head = text.head(REPLACED, {"batch": _tag(batch), "series": series})
    said = text.field(field, what=True)
    server.write([f"{head} {said} {int(slot.timestamp())}" for slot in sorted(slots)], "s")


def _handed_on(
    server: Server, batch: str, series: str, slots: Collection[datetime]
) -> set[datetime]:
    """Return the slots in which a later batch noted that it replaced this one."""
    conditions = (
        f'"series" = {text.value(series)}',
        f'"before_batch" = {text.value(batch)}',
        '"undone" = false',
        text.within(_hull(slots)),
    )
    (tables,) = server.ask([text.select('"before_batch"', REPLACED, *conditions)], "ns")
    return {from_ns(row[0]) for table in tables for row in table.rows} & set(slots)


def _lines(series: Series, batch: str) -> Callable[[datetime, Point | None], str]:
    """Return what makes the line of a note; all but what stood there is the same for a batch."""
    head = text.head(REPLACED, {"batch": _tag(batch), "series": series.name})
    same = ",".join(
        (
            text.field("measurement", series.measurement),
            text.field("tags", format_tags(series.tags)),
            text.field("undone", what=False),
            text.field("begun", what=False),
        )
    )

    def line(slot: datetime, before: Point | None) -> str:
        said = "" if before is None else json.dumps(_document(before))
        batch_before = (before and before.batch) or ""
        stood = f"{text.field('before', said)},{text.field('before_batch', batch_before)}"
        return f"{head} {stood},{same} {int(slot.timestamp())}"

    return line


def _note(row: dict[str, Any]) -> Note:
    return Note(
        slot=from_ns(row["time"]),
        before=_parse(row["before"], from_ns(row["time"]), row["tags"]),
        measurement=row["measurement"],
        tags=row["tags"],
        is_begun=bool(row["begun"]),
    )


def _document(point: Point) -> dict[str, object]:
    return {
        "values": point.stored,
        "grade": point.grade,
        "source": point.source,
        "batch": point.batch,
        "kept": point.kept,
    }


def _parse(said: str, slot: datetime, tags: str) -> Point | None:
    return Point(tags, slot, **json.loads(said)) if said else None


def _tag(batch: str) -> str:
    """Return a batch as a tag, which cannot be empty."""
    return batch or "none"


def _hull(slots: Collection[datetime]) -> Interval:
    last = max(slots)
    return Interval(min(slots), last.replace(microsecond=1))
