"""Changes to the points of the InfluxDB store, in an order that a kill cannot spoil.

A point is written behind the line that notes what it replaces, in one body and at one time,
so that no point is written without its note. A note alone, of a point that was refused or is
removed, proves nothing (``undo.undo_log``), and a retry writes what is missing. The notes of
refused points are withdrawn; what a kill leaves of them, the batch's undo withdraws. There is no
transaction: a body of 5,000 lines is written at once, a larger change body by body.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from gapfill.domain.interval import Interval
from gapfill.domain.series import Series
from gapfill.services.ports import RemovalUnfinished
from gapfill.stores.influxdb.batches import withdraw
from gapfill.stores.influxdb.client import InfluxClient
from gapfill.stores.influxdb.errors import PartialWrite
from gapfill.stores.influxdb.invalid_values import InfluxInvalidValues
from gapfill.stores.influxdb.names import PROVENANCE, check_names
from gapfill.stores.influxdb.points import liner, read_beside, read_points
from gapfill.stores.influxdb.refused_write import settle
from gapfill.stores.influxdb.undo import note_lines
from gapfill.stores.influxdb.undo import undo_log as notes
from gapfill.stores.influxdb.undo.deletes import replace_points
from gapfill.stores.influxdb.undo.recovery import mend_what, recover
from gapfill.stores.influxdb.undo.recovery_journal import QUESTION, Removal
from gapfill.stores.influxdb.undo.removal_lock import BRIEFLY_S, alone
from gapfill.stores.influxdb.undo.removal_watch import Watched
from gapfill.stores.merge_policy import Choice, changed, choose_without_copies, spans_of
from gapfill.stores.points import Point

_TEXTS = PROVENANCE[1:]

_ZEROS = "000000000"
"""Behind a time in seconds, to make it one in nanoseconds."""


def change(
    server: InfluxClient,
    series: Series,
    slots: Collection[datetime],
    batches: Collection[str],
    choose: Choice,
    beside: Sequence[str] = (),
) -> int:
    """Write the rows that ``choose`` makes of the stored ones, and note what they replace.

    Args:
        server: Where.
        series: Whose rows.
        slots: That may be written.
        batches: That may write them.
        choose: What is written.
        beside: Lines of the books that go with it, with times in nanoseconds.

    Raises:
        StoreRefused: If the server refused some points; the others are written.
        StoreError: If that failed.
    """
    if not slots:
        server.write(beside, "ns")
        return 0
    check_names(series)
    spans = spans_of(series, slots)
    hull = Interval(spans[0].start, spans[-1].end)
    names = sorted(batches)
    questions = [QUESTION, *(notes.slots_question(name, series.name, hull) for name in names)]
    watched = Watched(server, series)
    try:
        points, (left, *noted) = read_beside(watched, series, spans, questions)
    except RemovalUnfinished:  # perhaps a killed one, which any process may carry on
        recover(server)
        points, (left, *noted) = read_beside(watched, series, spans, questions)
    if any(table.rows for table in left):
        mend_what(server, left, near=(series.measurement, hull))
        points = read_points(watched, series, spans)
    changes = changed(series, points, choose)
    if not changes:
        server.write(beside, "ns")
        return 0
    before = {one.slot: one.before for one in changes if one.before}
    made = {one.slot: one.after for one in changes}
    known = dict(zip(names, map(notes.slots_from, noted), strict=True))
    replaced = note_lines.pairs(
        server, series, {slot: p.batch or "" for slot, p in made.items()}, before, known
    )
    try:
        write_points(server, series, made, before, noted=replaced, beside=beside)
    except PartialWrite as exc:
        try:
            raise settle(
                server, series, made, exc, lambda rest: write_points(server, series, rest, {})
            ) from exc
        finally:
            for name in names:
                withdraw(server, name, series.name, made)
    return len(changes)


def copies_of(
    server: InfluxClient, series: Series, window: Interval
) -> dict[datetime, frozenset[str]]:
    """Return the fields of the series' own points that are copies of others' values, by slot.

    What such a point held before Gapfill first wrote it is not a copy, as the notes show.
    """
    found = InfluxInvalidValues(Watched(server, series), series).copies(window)
    for note in notes.first_replaced(server, series, found) if found else ():
        old = note.before.values if note.before else {}
        found[note.slot] -= old.keys()
    return {slot: names for slot, names in found.items() if names}


def remove_copies(server: InfluxClient, series: Series, window: Interval, batch: str) -> int:
    """Remove the copies of a window, and return from how many slots.

    Raises:
        Busy: If another process of this machine is removing points of the measurement.
    """
    with alone(server.access, series.measurement, f"tidy of {series.name}", BRIEFLY_S):
        found = copies_of(server, series, window)
        choice = choose_without_copies(series, batch, found)
        return change(server, series, list(found), {batch}, choice)


def write_points(
    server: InfluxClient,
    series: Series,
    made: Mapping[datetime, Point],
    before: Mapping[datetime, Point],
    *,
    owner: str = "",
    is_exact: bool = False,
    noted: Mapping[datetime, str] = MappingProxyType({}),
    beside: Sequence[str] = (),
) -> None:
    """Write points over the stored ones, each behind the line that notes what it replaces.

    Writing leaves a field that the new point does not have. An empty text replaces a text of
    the provenance that must go; where a value must go, or with ``is_exact`` anything,
    the point is removed. A note and its point have one time, so that they lie in one shard
    and a server that dies keeps both or none.
    """
    line = liner(series)
    lines: dict[datetime, str] = {}
    removed: set[datetime] = set()
    for slot, point in made.items():
        old = before.get(slot)
        cleared = [n for n in _TEXTS if old and _said(old, n) and not _said(point, n)]
        if old and (_loses(old, point) or (is_exact and cleared)):
            removed.add(slot)
            cleared = []
            point = point._replace(values=_numbers(point))  # noqa: PLW2901 - to be written whole
        said = line(point, cleared)
        if said:
            lines[slot] = said
    body = [
        said
        for slot in made
        for said in (noted.get(slot), None if slot in removed else lines.get(slot))
        if said
    ]
    if beside:
        server.write([*(f"{said}{_ZEROS}" for said in body), *beside], "ns")
    else:
        server.write(body)
    if removed:
        back = {slot: said for slot, said in lines.items() if slot in removed}
        written = {made[slot].batch or "" for slot in removed}
        batch = owner or (min(written) if len(written) == 1 else "")
        replace_points(server, series, removed, back, Removal(owner, batch))


def _numbers(point: Point) -> dict[str, float]:
    """Return all values of a point; of those that are no readings ``/query`` gives only numbers."""
    return {n: what for n, what in point.stored.items() if isinstance(what, int | float)}


def _loses(old: Point, new: Point) -> bool:
    is_ungraded = old.grade is not None and new.grade is None
    return is_ungraded or any(name not in new.stored for name in old.stored)


def _said(point: Point, name: str) -> str | None:
    said: str | None = getattr(point, name.removeprefix("gapfill_"))
    return said
