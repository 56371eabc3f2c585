"""SIAR's half-hours, two of which make an hour."""

from __future__ import annotations

import math
import re
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from gapfill.domain.civil import day_interval
from gapfill.domain.interval import iso
from gapfill.sources.base import RawRow, excerpt, judge, malformed
from gapfill.sources.siar_fields import HOURLY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from gapfill.domain.series import Field
    from gapfill.sources.base import Ask
    from gapfill.sources.payload import Node

ZONE = "UTC"
"""Time base of the half-hours where the product names none: what SIAR's own files suggest."""

_HALF, _HOUR = timedelta(minutes=30), timedelta(hours=1)
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})|(\d{1,4})", re.ASCII)
_LAST = 24
_DIGITS = 6  # sums and halves of values with two digits, without the dust of binary fractions
_NO_DIRECTION = 1e-9


class Pairs(NamedTuple):
    """What the rows of an answer make.

    Attributes:
        rows: One per hour of which both halves are there.
        notes: What was left out, for the evidence.
    """

    rows: list[RawRow]
    notes: tuple[str, ...]


def pair(ask: Ask, records: Iterable[tuple[date, Mapping[str, Node]]]) -> Pairs:
    """Return the hours of which both half-hours are there.

    Each value needs both halves: temperature, humidity, wind speed and radiation are their
    mean, precipitation is their sum, and the wind direction is the mean on the circle, of
    two arrows of equal length (350° and 10° make 0°; 90° and 270° make none). A half that
    is not believed is passed on as it is, so that it is reported and not averaged away.

    Args:
        ask: What was asked.
        records: Date and members of each row.

    Raises:
        MalformedPayload: If a time is none of the day's half-hours or in the future, or a
            half-hour comes twice with different values.
    """
    zone = ask.product.day_zone or ZONE
    halves: dict[datetime, dict[str, object]] = {}
    untold = 0
    for day, record in records:
        end = _end_of(ask, day, record, zone)
        if end is None:
            untold += 1
            continue
        if end > ask.now:
            raise malformed(ask, f"it holds a half-hour that ends at {iso(end)}, in the future")
        values = {
            name: record[raw.lower()].scalar()
            for name, raw in HOURLY.items()
            if raw.lower() in record
        }
        if halves.setdefault(end, dict(values)) != values:
            raise malformed(ask, f"it holds the half-hour to {iso(end)} twice, with other values")
    slots = sorted({ask.series.grid.floor(end - _HALF) for end in halves})
    whole = [slot for slot in slots if slot + _HALF in halves and slot + _HOUR in halves]
    rows = [_hour(ask, slot, halves[slot + _HALF], halves[slot + _HOUR]) for slot in whole]
    notes = [f"{len(halves)} half-hours"]
    if len(whole) < len(slots):
        notes.append(f"{len(slots) - len(whole)} without their other half")
    if untold:
        notes.append(f"{untold} of the hour that exists twice left out")
    return Pairs(rows, tuple(notes))


def _end_of(ask: Ask, day: date, record: Mapping[str, Node], zone: str) -> datetime | None:
    """Return when a half-hour ends, ``None`` where a clock change leaves it untold.

    The time is that of the end: 30 is 00:30, 2330 is 23:30, and 2400 or 0 is the end of
    the row's own day.
    """
    node = record.get("hormin") or record.get("horamin")
    if node is None:
        raise malformed(ask, f"a row of {day} has neither HorMin nor HoraMin")
    return _instant(ask, day, _clock(ask, node), zone)


def _clock(ask: Ask, node: Node) -> tuple[int, int]:
    given = node.scalar()
    whole = int(given) if isinstance(given, float) and given.is_integer() else given
    match = None if isinstance(whole, bool) else _CLOCK.fullmatch(str(whole).strip())
    if match is not None:
        pair = (int(match[1]), int(match[2])) if match[1] else divmod(int(match[3]), 100)
        if pair == (_LAST, 0) or (pair[0] < _LAST and pair[1] in {0, 30}):
            return pair
    raise malformed(ask, f"{node.path} is {excerpt(str(given))[:20]!r}, no half-hour of a day")


def _instant(ask: Ask, day: date, clock: tuple[int, int], zone: str) -> datetime | None:
    """Return the instant of a clock time that ends a half-hour.

    Raises:
        MalformedPayload: If the zone skips it, which shows that the times are of another.
    """
    found = _ends(day, zone).get(clock, ())
    if not found:
        raise malformed(
            ask,
            f"it holds {day} {clock[0]:02d}:{clock[1]:02d}, a time that {zone} skips: "
            f"the day_zone of {ask.product.key} in the catalogue may be wrong",
        )
    return found[0] if len(found) == 1 else None


@lru_cache(maxsize=1024)
def _ends(day: date, zone: str) -> Mapping[tuple[int, int], tuple[datetime, ...]]:
    """Return the instants that each clock time of a day may mean as the end of a half-hour.

    The end of a half-hour across a clock change has two names: what the clock shows, and
    what it would have shown. So in spring 02:00 and 03:00 are one instant and 02:30 is
    none; in autumn 02:00, 02:30 and 03:00 may each be either of two.
    """
    bounds, local = day_interval(day, zone), ZoneInfo(zone)
    found: dict[tuple[int, int], set[datetime]] = {}
    end = bounds.start + _HALF
    while end <= bounds.end:
        shown = end.astimezone(local)
        run_on = (end - _HALF).astimezone(local).replace(tzinfo=None) + _HALF
        for clock in (shown, run_on):
            found.setdefault((clock.hour, clock.minute), set()).add(end)
        end += _HALF
    found[0, 0] = found[_LAST, 0] = {bounds.end}
    return {clock: tuple(sorted(ends)) for clock, ends in found.items()}


def _hour(
    ask: Ask, slot: datetime, first: Mapping[str, object], second: Mapping[str, object]
) -> RawRow:
    values: dict[str, object] = {}
    for name in HOURLY:
        known = ask.series.field(name)
        if known is not None:
            values[name] = _joined(known, (first.get(name), second.get(name)))
    return RawRow(slot, values)


def _joined(known: Field, given: Sequence[object]) -> object:
    """Return the hour's value, the half that is not believed, or nothing where one lacks."""
    believed = []
    for half in given:
        if half is None:
            continue
        value = judge(known, half)[0]
        if value is None:
            return half
        believed.append(value)
    if len(believed) < len(given):
        return None
    if known.name == "wind_direction":
        return mean_direction(*believed)
    total = math.fsum(believed)
    return round(total if known.name == "precipitation" else total / len(believed), _DIGITS)


def mean_direction(*degrees: float) -> float | None:
    """Return the mean of directions on the circle, in ``[0, 360)``; ``None`` where they cancel."""
    east = math.fsum(math.sin(math.radians(d)) for d in degrees)
    north = math.fsum(math.cos(math.radians(d)) for d in degrees)
    if math.hypot(east, north) < _NO_DIRECTION:
        return None
    return round(math.degrees(math.atan2(east, north)) % 360, _DIGITS) % 360
