"""What each batch replaced, noted before it is replaced: for ``undo`` and a batch's account.

A note is a point of ``gapfill_replaced`` at the slot it describes, tagged with batch and
series. As a kill may come between the note and the write, a note alone proves nothing: a
batch *wrote* a slot if its point is stored there, or if a later batch has noted that
it replaced it.

Where nothing was stored, consecutive slots of a day have one note, at the last of them: it says how
many they are. It lies in the shard of their points, whatever the length of shards of whole days.
What undoing says of one of them is a point of its own.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from gapfill.domain.grid import DAY
from gapfill.domain.interval import Interval
from gapfill.domain.series import Series
from gapfill.stores.influxdb import influxql
from gapfill.stores.influxdb.client import InfluxClient
from gapfill.stores.influxdb.points import from_ns
from gapfill.stores.influxdb.response import ResponseTable
from gapfill.stores.points import Point, format_tags, parse_tags

REPLACED = "gapfill_replaced"

WHAT = '"before", "measurement", "tags", "begun", "undone", "slots", "step"'
"""What is read of a note."""


@dataclass(frozen=True, slots=True)
class Note:
    """What was stored at a slot before a batch wrote it.

    Attributes:
        slot: When.
        before: The series' own point, ``None`` if none was stored there.
        measurement: Of the series, at the time.
        tags: Of the series, at the time, in canonical form.
        is_begun: Whether an undo of the batch has begun with the slot.
    """

    slot: datetime
    before: Point | None
    measurement: str
    tags: str
    is_begun: bool


class Known(NamedTuple):
    """What a batch has noted in a stretch.

    Attributes:
        slots: Slots that were not undone.
        is_new: Whether there is nothing, undone or not: only then may slots share a note, as
            what undoing has said of one of them would stay.
    """

    slots: set[datetime]
    is_new: bool


def slots_question(batch: str, series: str, window: Interval) -> str:
    """Return the question for the slots that a batch has noted and that were not undone."""
    wide = Interval(window.start, window.end + DAY)
    return influxql.select(WHAT, REPLACED, *_conditions(batch, series, wide))


def slots_from(tables: Sequence[ResponseTable]) -> Known:
    """Return what ``slots_question`` answers."""
    slots = {one.slot for table in tables for one in notes_in(table)}
    return Known(slots, is_new=not any(table.rows for table in tables))


def _conditions(batch: str, series: str = "", window: Interval | None = None) -> list[str]:
    conditions = [f'"batch" = {influxql.value(batch_tag(batch))}']
    if series:
        conditions.append(f'"series" = {influxql.value(series)}')
    if window:
        conditions.append(influxql.within(window))
    return conditions


def notes_of(server: InfluxClient, batch: str) -> dict[str, list[Note]]:
    """Return the notes of a batch that were not undone, by name of the series."""
    return notes_of_all(server, [batch])[batch]


def notes_of_all(server: InfluxClient, batches: Sequence[str]) -> dict[str, dict[str, list[Note]]]:
    """Return the notes of several batches that were not undone, by batch and name of the series."""
    asked = [influxql.select(WHAT, REPLACED, *_conditions(one), by='"series"') for one in batches]
    answers = server.ask(asked, "ns")
    return {batch: _notes_from(tables) for batch, tables in zip(batches, answers, strict=True)}


def _notes_from(tables: Iterable[ResponseTable]) -> dict[str, list[Note]]:
    return {
        table.tags["series"]: notes_in(table)
        for table in sorted(tables, key=lambda table: table.tags["series"])
    }


def notes_in(table: ResponseTable) -> list[Note]:
    """Return the notes of one batch and series that were not undone, in order of slot."""
    rows = {from_ns(row["time"]): row for row in table.dicts()}
    found: dict[datetime, Note] = {}
    for at, row in rows.items():
        if row["measurement"] is None:  # what undoing says of a slot
            continue
        if not row["undone"]:
            found[at] = _note(row)
        step = timedelta(seconds=row["step"] or 0)
        for slot in (at - n * step for n in range(1, row["slots"] or 1)):
            said = rows.get(slot, {})
            if said.get("measurement") is None and not said.get("undone"):
                begun = bool(said.get("begun"))
                found[slot] = Note(slot, None, row["measurement"], row["tags"], begun)
    return [found[slot] for slot in sorted(found)]


def first_replaced(server: InfluxClient, series: Series, slots: Collection[datetime]) -> list[Note]:
    """Return the notes of points of others that were where a series' own points came to be."""
    conditions = (
        f'"series" = {influxql.value(series.name)}',
        "\"before_batch\" = ''",
        "\"before\" != ''",
        influxql.within(_hull(slots)),
    )
    (tables,) = server.ask([influxql.select(WHAT, REPLACED, *conditions)], "ns")
    notes = [_note(row) for table in tables for row in table.dicts()]
    return [one for one in notes if one.slot in slots]


def written(
    server: InfluxClient, noted: Mapping[str, Mapping[str, Collection[Note]]]
) -> dict[str, dict[str, set[datetime]]]:
    """Return the slots of notes that batches did write, whether or not replaced since.

    Args:
        server: Where.
        noted: Notes by batch and name of the series.
    """
    pairs = [(batch, name, said) for batch, of in noted.items() for name, said in of.items()]
    there = _standing(server, [(batch, said) for batch, _, said in pairs])
    found: dict[str, dict[str, set[datetime]]] = {batch: {} for batch in noted}
    for (batch, name, said), slots in zip(pairs, there, strict=True):
        noted_slots = {n.slot for n in said}
        is_whole = slots == noted_slots
        later = set() if is_whole else handed_on(server, batch, name, noted_slots)
        found[batch][name] = slots | later
    return found


def standing(server: InfluxClient, batch: str, notes: Iterable[Note]) -> set[datetime]:
    """Return the slots of notes where the batch's point is stored now."""
    return _standing(server, [(batch, notes)])[0]


def _standing(
    server: InfluxClient, wanted: Sequence[tuple[str, Iterable[Note]]]
) -> list[set[datetime]]:
    """Return the same for notes of several batches, asked together."""
    found: list[set[datetime]] = [set() for _ in wanted]
    places: list[tuple[int, str, set[datetime]]] = []
    asked: list[str] = []
    for number, (batch, notes) in enumerate(wanted):
        by_place: dict[tuple[str, str], set[datetime]] = {}
        for one in notes:
            by_place.setdefault((one.measurement, one.tags), set()).add(one.slot)
        for (measurement, tags), slots in by_place.items():
            is_its = f'"gapfill_batch" = {influxql.value(batch)}'
            conditions = influxql.has_tags(parse_tags(tags)), influxql.within(_hull(slots)), is_its
            asked.append(influxql.select('"gapfill_batch"', measurement, *conditions, by="*"))
            places.append((number, tags, slots))
    answers = server.ask(asked, "ns") if asked else []
    for (number, tags, slots), tables in zip(places, answers, strict=True):
        own = [table for table in tables if format_tags(table.tags) == tags]
        found[number] |= {from_ns(row[0]) for table in own for row in table.rows} & slots
    return found


def handed_on(
    server: InfluxClient, batch: str, series: str, slots: Collection[datetime]
) -> set[datetime]:
    """Return the slots in which a later batch noted that it replaced this one."""
    conditions = (
        f'"series" = {influxql.value(series)}',
        f'"before_batch" = {influxql.value(batch)}',
        '"undone" = false',
        influxql.within(_hull(slots)),
    )
    (tables,) = server.ask([influxql.select('"before_batch"', REPLACED, *conditions)], "ns")
    return {from_ns(row[0]) for table in tables for row in table.rows} & set(slots)


def _note(row: dict[str, Any]) -> Note:
    return Note(
        slot=from_ns(row["time"]),
        before=_parse(row["before"], from_ns(row["time"]), row["tags"]),
        measurement=row["measurement"],
        tags=row["tags"],
        is_begun=bool(row["begun"]),
    )


def _parse(said: str, slot: datetime, tags: str) -> Point | None:
    return Point(tags, slot, **json.loads(said)) if said else None


def batch_tag(batch: str) -> str:
    """Return a batch as a tag, which cannot be empty."""
    return batch or "none"


def _hull(slots: Collection[datetime]) -> Interval:
    last = max(slots)
    return Interval(min(slots), last.replace(microsecond=1))
