"""A write that the server refused in part: writes what it accepts, and explains the rest.

The server names one conflict in each answer, however many shards and fields a body has. So the
types of the fields are read for each shard with refused points.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from gapfill.domain.grid import DAY
from gapfill.domain.interval import Interval, merge
from gapfill.domain.series import Series
from gapfill.errors import StoreRefused
from gapfill.stores.influxdb import refused_slots as refused
from gapfill.stores.influxdb.bucket import WEEK, span_at
from gapfill.stores.influxdb.client import InfluxClient
from gapfill.stores.influxdb.errors import PartialWrite
from gapfill.stores.influxdb.names import PROVENANCE
from gapfill.stores.influxdb.points import read_points
from gapfill.stores.influxdb.refused_sentence import Cause, Refusals, sentence
from gapfill.stores.influxdb.undo.foreign_points import types_of
from gapfill.stores.points import Point, format_tags

READINGS, SETTLE_S = 6, 0.3
"""Maximum number of reads that look for the points that a refused write left out, and the pause
between them."""


def settle(
    server: InfluxClient,
    series: Series,
    made: Mapping[datetime, Point],
    exc: PartialWrite,
    write: Callable[[Mapping[datetime, Point]], None],
) -> StoreRefused:
    """Write what the server accepts of a refused write, and return the error for the rest.

    A point is written without the optional fields that its shard refuses. Refusals are remembered
    by shard and field.

    Args:
        server: The server.
        series: The series of the points.
        made: The points of the write, by slot.
        exc: The server's answer to the write.
        write: Writes points.

    Raises:
        StoreError: If the rest cannot be read or written.
    """
    found = Refusals(series, len(made))
    rest = dict(made)
    tried: set[datetime] = set()
    while rest:
        found.words[exc.is_old] = str(exc)
        lost = {slot: rest[slot] for slot in _lost(server, series, rest)}
        rest = _without_refused(_Types(server, series, exc), lost, tried, found)
        try:
            if rest:
                write(rest)
            break
        except PartialWrite as other:
            exc = other
    _remember(server, found, exc)
    return StoreRefused(
        sentence(server, found),
        refused=[one.interval for one in found.runs if not one.field],
        ranges=refused.runs_of(series, found.slots(is_lost=True)),
        partly=refused.runs_of(series, found.slots(is_lost=False)),
        shards=sorted({c.shard for c in found.by_slot.values() if c.shard and c.fields}),
    )


def _without_refused(
    types: _Types, lost: Mapping[datetime, Point], tried: set[datetime], found: Refusals
) -> dict[datetime, Point]:
    """Note why each point was refused, and return the points to write again.

    These are points without the optional fields that their shard refuses. A point whose shard
    refuses no type is tried once more: the server's next answer is then only about such points.
    """
    rest: dict[datetime, Point] = {}
    for slot, point in lost.items():
        shard, is_old = types.server.bucket.shard_of(slot), types.is_old(slot)
        piece, wrong = (None, {}) if is_old else types.wrong_of(slot, point)
        if not wrong:
            is_old = is_old or types.is_of_age
            if is_old or slot in tried:
                found.add(slot, Cause(shard, (), is_lost=True, is_old=is_old))
            else:
                rest[slot] = point
            tried.add(slot)
            continue
        costly = {n: kind for n, kind in wrong.items() if not _is_optional(found.series, n)}
        kept = {n: what for n, what in point.values.items() if n not in wrong}
        is_lost = bool(costly) or not kept
        fields = tuple(sorted((costly or wrong).items()))
        found.add(slot, Cause(shard, fields, is_lost=is_lost), piece)
        if not is_lost:
            rest[slot] = point._replace(values=kept)
    return rest


class _Types:
    """The types of fields in the shards of refused points, each read once."""

    def __init__(self, server: InfluxClient, series: Series, exc: PartialWrite) -> None:
        self.server, self._series, self._exc = server, series, exc
        kinds = types_of(server, series.measurement)
        names = (*(field.name for field in series.fields), *PROVENANCE)
        self._suspects = [
            name
            for name in names
            if any(kind != refused.own_type(name) for kind in kinds.get(name, ()))
        ]
        self._known: dict[tuple[Interval, str], str] = {}
        keeps = server.bucket.keeps
        self._oldest = datetime.now(UTC) - keeps if keeps else None

    @property
    def is_of_age(self) -> bool:
        """Whether the server refuses points because of their age."""
        return self._exc.is_old

    def is_old(self, slot: datetime) -> bool:
        """Return whether a slot is known to be older than the bucket keeps."""
        return self._oldest is not None and slot < self._oldest

    def wrong_of(self, slot: datetime, point: Point) -> tuple[Interval | None, dict[str, str]]:
        """Return the fields of a point that have another type in its shard, with that type.

        Also return a stretch that is certainly in one shard with the slot, if that is known. Over
        shards of several types the server says float: then only the slot's day is read.
        """
        piece = self.server.bucket.piece_of(slot)
        day = span_at(slot, DAY)
        for span in (piece or span_at(slot, WEEK), day):
            wrong = self._wrong_in(span, point)
            if wrong:
                return (piece and span, wrong)
        named = self._exc.field
        if piece is None and named in _fields(point):
            return None, {named: self._exc.theirs or "another type"}
        return piece, {}

    def _wrong_in(self, span: Interval, point: Point) -> dict[str, str]:
        names = [name for name in self._suspects if name in _fields(point)]
        asked = {name: self._type(name, span) for name in names}
        return {n: kind for n, kind in asked.items() if kind not in ("", refused.own_type(n))}

    def _type(self, name: str, span: Interval) -> str:
        if (span, name) not in self._known:
            measurement = self._series.measurement
            self._known[span, name] = refused.type_in(self.server, measurement, name, span)
        return self._known[span, name]


def _fields(point: Point) -> set[str]:
    """Return the names of all fields that a point is written with."""
    said = zip(PROVENANCE, (point.grade, point.source, point.batch, point.kept), strict=True)
    return {*point.values, *(name for name, what in said if what is not None)}


def _is_optional(series: Series, name: str) -> bool:
    field = series.field(name)
    return field is not None and not field.required


def _remember(server: InfluxClient, found: Refusals, exc: PartialWrite) -> None:
    """Note what was refused, by shard and field; points that are too old follow from the rule.

    If several fields cause the loss of the slots of a shard, one of them is enough. If shards are
    not known, the slots themselves are noted.
    """
    now, words = datetime.now(UTC), str(exc)[:300]
    said: dict[tuple[Interval, str], refused.RefusedRange] = {}
    for cause, slots in found.by_cause().items():
        if cause.is_old:
            continue
        fields = cause.fields[: 1 if cause.is_lost else None] or (("", ""),)
        known = {found.pieces[slot] for slot in slots if slot in found.pieces}
        unknown = [slot for slot in slots if slot not in found.pieces]
        for span in [*sorted(known), *refused.runs_of(found.series, unknown)]:
            for name, kind in fields:
                seen = kind if span in known else ""
                said[span, name] = refused.RefusedRange(span, name, kind, seen, now, words)
    refused.remember(server, found.series, list(said.values()))
    found.runs = [refused.run_of(server, found.series, one) for one in said.values()]


def _lost(server: InfluxClient, series: Series, made: Mapping[datetime, Point]) -> list[datetime]:
    """Return the slots whose point, or one of its fields, is not stored.

    2.8 answers as soon as one shard has refused, while others are still being written. So they are
    read until two reads have the same result.
    """
    lost: list[datetime] | None = None
    for _ in range(READINGS):
        before, lost = lost, _not_there(server, series, made)
        if lost == before or not lost:
            break
        time.sleep(SETTLE_S)
    return lost or []


def _not_there(
    server: InfluxClient, series: Series, made: Mapping[datetime, Point]
) -> list[datetime]:
    if not made:
        return []
    spans = merge(Interval(s, series.grid.end_of(s)) for s in made)
    own = format_tags(series.tags)
    there = {
        (p.instant, p.batch): p.values.keys()
        for p in read_points(server, series, spans)
        if p.tags == own
    }
    return sorted(
        slot
        for slot, point in made.items()
        if not point.values.keys() <= there.get((slot, point.batch), frozenset())
        or (slot, point.batch) not in there
    )
