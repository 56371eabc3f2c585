"""Writes back the points that killed removals have left in the journal.

An entry of another process stays for ``SETTLES`` after that, because the deletion of that process
may still come: see ``influxdb.undo.recovery_journal``.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from gapfill.domain.interval import Interval, iso
from gapfill.stores.influxdb.client import InfluxClient
from gapfill.stores.influxdb.config import InfluxConfig
from gapfill.stores.influxdb.errors import PartialWrite
from gapfill.stores.influxdb.points import from_ns
from gapfill.stores.influxdb.response import ResponseTable
from gapfill.stores.influxdb.undo.foreign_points import Kept
from gapfill.stores.influxdb.undo.missing_points import MOMENT, key_of, missing_of
from gapfill.stores.influxdb.undo.old_points import kept_still
from gapfill.stores.influxdb.undo.recovery_journal import (
    BACK,
    JOURNAL,
    OPEN,
    PATIENCE,
    QUESTION,
    TAKEN,
    bounds,
    clear,
    mark,
    refuse,
)
from gapfill.stores.influxdb.undo.removal_lock import Busy, alone, is_held, machine
from gapfill.stores.influxdb.undo.removal_watch import is_retyped
from gapfill.stores.influxdb.undo.write_back import write_back

SETTLES = timedelta(days=1)
"""How long an entry of another process stays after it was recovered or last found incomplete."""


class _Settling(NamedTuple):
    """An entry whose points another process has written back.

    Attributes:
        number: Its number.
        since: Time of that, in nanoseconds.
        entry: Its content.
    """

    number: int
    since: int
    entry: dict[str, Any]


def recover(server: InfluxClient, owner: str = "", retyped: Collection[str] = ()) -> list[str]:
    """Write back the points that killed removals have left in the journal.

    Points that the server refuses stay in the journal, and stop no process.

    Args:
        server: The server.
        owner: The batch whose undo continues; its entries are recovered at any age.
        retyped: Measurements whose ``retype`` continues; their entries are recovered at any age.
            Other removals of these measurements that were not recovered yet may be running on
            another machine, so they stay as they are.

    Returns:
        The refusals, for a message.

    Raises:
        Busy: If a process of this machine runs one of these ``retype``s.
    """
    (tables,) = server.ask([QUESTION], "ns")
    return mend_what(server, tables, owner, retyped)


def mend_what(
    server: InfluxClient,
    tables: Sequence[ResponseTable],
    owner: str = "",
    retyped: Collection[str] = (),
    near: tuple[str, Interval] | None = None,
) -> list[str]:
    """Write back the points of the entries that ``QUESTION`` has found, as ``recover`` does.

    Args:
        server: The server.
        tables: The answer to ``QUESTION``.
        owner: As in ``recover``.
        retyped: As in ``recover``.
        near: Limits entries that were written back once to these points of this measurement.
    """
    refused: list[str] = []
    settling: set[str] = set()
    rows = [row for table in tables for row in table.rows]
    for number, said, state in sorted(rows, reverse=True):  # of one point the newest entry counts
        entry, step = json.loads(said), (state or OPEN).partition(" ")[0]
        is_retype, measurement = entry.get("is_retype", False), entry["measurement"]
        is_asked = is_retype and measurement in retyped
        is_barred = step == OPEN and measurement in retyped and not is_retype
        if step == BACK:
            settling.add(measurement)
        elif is_asked or (not is_barred and _is_due(server.access, entry, number, step, owner)):
            try:
                _carry_on(server, number, measurement)
            except Busy:
                if is_asked:
                    raise
            except PartialWrite as exc:
                refused.append(_note_refused(server, entry, [number], exc))
    for measurement in sorted(settling):
        if near is None or near[0] == measurement:
            refused += _settle(server, measurement, near[1] if near else None)
    return refused


def _is_due(
    access: InfluxConfig, entry: dict[str, Any], number: int, state: str, owner: str
) -> bool:
    """Return whether every process may recover an entry."""
    if state != OPEN or entry["owner"] in ("", owner):
        return True
    is_here = entry.get("machine") == machine()
    if is_here and not entry["is_retype"]:  # the lock shows whether its process lives
        return not is_held(access, entry["measurement"])
    return time.time_ns() - number > PATIENCE // MOMENT * 1000  # as in keep()


def _carry_on(server: InfluxClient, number: int, measurement: str) -> None:
    """Write back the missing points of an entry, which may have been emptied since it was found."""
    with alone(server.access, measurement, "recovery"):
        if _read(server, number):
            mark(server, [number], TAKEN)
        for entry in _read(server, number):
            points = [Kept(*point) for point in entry["points"]]
            try:
                write_back(server, measurement, points, entry["own"])
            except PartialWrite as exc:
                missing = missing_of(server, measurement, points, entry["own"])
                if not exc.is_old or kept_still(server, missing):
                    raise
            mark(server, [number], BACK)


def _read(server: InfluxClient, number: int) -> list[dict[str, Any]]:
    """Return an entry as it is now, if it is not emptied."""
    (tables,) = server.ask([f"{QUESTION} AND time = {number}"], "ns")
    return [json.loads(said) for table in tables for _, said, _ in table.rows]


def _settle(server: InfluxClient, measurement: str, span: Interval | None) -> list[str]:
    """Write back the points of entries that are missing now, and empty old, complete entries.

    The entries are read inside the lock, because an undo may have taken points out of them since
    they were found. They are marked and read again before a write, because an undo on another
    machine may do the same.

    Args:
        server: The server.
        measurement: The measurement of the entries.
        span: Writes back only these points and empties no entry; ``None`` for all points.
    """
    some: list[_Settling] = []
    try:
        with alone(server.access, measurement, "recovery"):
            if is_retyped(server, measurement):  # whose points may get another type
                return []
            some = _settling(server, measurement, BACK)
            numbers = [one.number for one in some]
            if _missing(server, measurement, some, span):
                mark(server, numbers, TAKEN)
                again = _settling(server, measurement, TAKEN)
                some = [one for one in again if one.number in numbers]
                own = {name for one in some for name in one.entry["own"]}
                write_back(server, measurement, _missing(server, measurement, some, span), own)
                mark(server, numbers, BACK)
            elif span is None:
                least = time.time_ns() - SETTLES // MOMENT * 1000
                clear(server, [one.number for one in some if one.since < least])
    except PartialWrite as exc:
        return [_note_refused(server, some[0].entry, [one.number for one in some], exc)]
    except Busy:
        return []  # the entries stay
    return []


def _settling(server: InfluxClient, measurement: str, step: str) -> list[_Settling]:
    """Return the entries of a measurement at a step, as they are now."""
    (tables,) = server.ask([QUESTION], "ns")
    found: list[_Settling] = []
    for number, said, state in [row for table in tables for row in table.rows]:
        entry, (at, _, since) = json.loads(said), (state or OPEN).partition(" ")
        if at == step and entry["measurement"] == measurement:
            found.append(_Settling(number, int(since), entry))
    return found


def _missing(
    server: InfluxClient, measurement: str, some: Sequence[_Settling], span: Interval | None
) -> list[Kept]:
    """Return the missing points of entries, each as the newest entry has it."""
    newest: dict[str, Kept] = {}
    for one in sorted(some, key=lambda one: one.number, reverse=True):
        for point in (Kept(*said) for said in one.entry["points"]):
            if span is None or from_ns(point.instant) in span:
                known = newest.setdefault(key_of(point), point)
                fields = point.fields | known.fields
                newest[key_of(point)] = known._replace(fields=fields)
    own = {name for one in some for name in one.entry["own"]}
    return missing_of(server, measurement, kept_still(server, newest.values()), own)


def _note_refused(
    server: InfluxClient, entry: dict[str, Any], numbers: Sequence[int], exc: PartialWrite
) -> str:
    """Note in entries that points of one are refused, and return what is refused."""
    first, last = bounds(point[1] for point in entry["points"])
    where = f"{entry['measurement']} from {iso(first)} to {iso(last)}, entry {numbers[0]}"
    refuse(server, numbers, exc, entry["own"])
    return f"{where} of {JOURNAL}: {exc}"
