"""Combine SIAR's half-hours into hours."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from gapfill.domain.interval import iso
from gapfill.domain.series import Field
from gapfill.sources.model import ROW, Ask, RawRow, Rejected, assess, malformed
from gapfill.sources.siar.clock import clock_of, instant_of, is_half, no_half
from gapfill.sources.siar.fields import HOURLY
from gapfill.sources.siar.rows import Dated, Periods
from gapfill.sources.value_reader import agree

Values = Mapping[str, object]

ZONE = "UTC"
"""Time base of the half-hours if the product names none, as SIAR's own files suggest."""

_HALF, _HOUR = timedelta(minutes=30), timedelta(hours=1)
DIGITS = 2
"""Decimal places of SIAR's values."""

_DIGITS = 6  # sums and halves of values with two digits, without the dust of binary fractions
_NO_DIRECTION = 1e-9


def pair(ask: Ask, records: Sequence[Dated]) -> Periods:
    """Return the hours with both half-hours.

    Each value needs both halves: temperature, humidity, wind speed and radiation are their
    mean, precipitation is their sum, and the wind direction is the mean of two unit vectors
    (350° and 10° make 0°; 90° and 270° make none). An invalid half becomes the hour's value,
    so that ``check`` reports it instead of an average.

    Raises:
        MalformedPayload: If a half-hour with a value is in the future or one that the clock skips,
            the rows are of another step, or most half-hours come twice with different values.
    """
    halves, dropped, untold = _halves(ask, records)
    grid = ask.series.grid
    doubled = {end: two for end, half in halves.items() if (two := _two(ask, half))}
    if len(doubled) > 1 and 2 * len(doubled) >= len(halves):
        first = iso(min(doubled))
        raise malformed(ask, f"it holds the half-hour to {first} twice, with other values")
    for end, two in doubled.items():
        reason = f"has a half-hour to {iso(end)} that comes twice, with different values"
        dropped.append(Rejected(grid.floor(end - _HALF), ROW, two, reason))
    slots = sorted({grid.floor(end - _HALF) for end in halves})
    pairs = [(slot, halves.get(slot + _HALF), halves.get(slot + _HOUR)) for slot in slots]
    whole = [(slot, one, other) for slot, one, other in pairs if one and other]
    lost = {r.slot for r in dropped}
    rows = [
        _hour(ask, slot, _merged(ask, one), _merged(ask, other))
        for slot, one, other in whole
        if slot not in lost
    ]
    notes = [f"{len(halves)} half-hours"]
    if len(whole) < len(slots):
        notes.append(f"{len(slots) - len(whole)} without their other half")
    if untold:
        notes.append(f"{untold} of the hour that exists twice left out")
    return Periods(rows, notes, dropped)


def _halves(
    ask: Ask, records: Sequence[Dated]
) -> tuple[dict[datetime, list[Values]], list[Rejected], int]:
    """Return the rows of each half-hour by its end, those without one, and the ambiguous count."""
    zone = ask.product.day_zone or ZONE
    halves: dict[datetime, list[Values]] = {}
    dropped: list[Rejected] = []
    untold = astray = 0
    for row in records:
        if not row.values:
            continue
        clock = clock_of(row.record)
        if clock is None or not is_half(clock):
            astray += clock is not None
            dropped.append(Rejected(None, ROW, row.path, no_half(row.record)))
            continue
        end = instant_of(ask, row.day, clock, zone)
        if end is None:
            untold += 1
            continue
        if end > ask.now:
            raise malformed(ask, f"it holds a half-hour that ends at {iso(end)}, in the future")
        halves.setdefault(end, []).append(row.values)
    read = sum(map(len, halves.values())) + untold
    if dropped and (not read or 2 * astray >= read + astray):
        raise malformed(ask, f"{dropped[0].value} {dropped[0].reason}")
    return halves, dropped, untold


def _two(ask: Ask, rows: Sequence[Values]) -> str:
    """Return the first two values of a half-hour that differ, empty if none do."""
    for known in ask.series.fields:
        believed = [assess(known, row.get(known.name))[0] for row in rows]
        values = [value for value in believed if value is not None]
        other = next((v for v in values if not agree(values[0], v, DIGITS)), None)
        if other is not None:
            return f"{known.name} {values[0]:g} and {other:g}"
    return ""


def _merged(ask: Ask, rows: Sequence[Values]) -> Values:
    """Return the values of the rows of one half-hour; of each field the valid one."""
    values: dict[str, object] = {}
    for row in rows:
        for name, given in row.items():
            known = ask.series.field(name)
            if name not in values or (known and assess(known, values[name])[0] is None):
                values[name] = given
    return values


def _hour(ask: Ask, slot: datetime, first: Values, second: Values) -> RawRow:
    values: dict[str, object] = {}
    for name in HOURLY:
        known = ask.series.field(name)
        if known is not None:
            values[name] = _joined(known, (first.get(name), second.get(name)))
    return RawRow(slot, values)


def _joined(known: Field, given: Sequence[object]) -> object:
    """Return the hour's value, its invalid half, or nothing if one half is missing."""
    believed = []
    for half in given:
        if half is None:
            continue
        value = assess(known, half)[0]
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
