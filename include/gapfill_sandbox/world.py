"""The true prices: a pure function of place and time, with their time of publication.

Prices follow the Spanish market: expensive winters and evenings, cheap nights,
weekends and spring noons, with hours of exactly zero and hours below zero. They do not
forecast real prices; they only have to be the same on every call.
"""

from __future__ import annotations

import math
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from gapfill_sandbox.noise import noise
from gapfill_sandbox.times import MADRID, as_utc, at_local, day_slots, local_day

if TYPE_CHECKING:
    from collections.abc import Iterator

PVPC = 1001
SPOT = 600
HOUR = timedelta(hours=1)
QUARTER = timedelta(minutes=15)

PVPC_START = date(2021, 6, 1)
"""First local day of the 2.0TD tariff; earlier prices are another indicator."""
QUARTER_HOURS_START = date(2025, 10, 1)
"""First delivery day of the quarter-hourly day-ahead market."""

PENINSULA = 8741
PVPC_GEOS = {
    PENINSULA: "Península",
    8742: "Canarias",
    8743: "Baleares",
    8744: "Ceuta",
    8745: "Melilla",
}
SPAIN = 3
SPOT_GEOS = {
    1: "Portugal",
    2: "Francia",
    SPAIN: "España",
    8826: "Alemania",
    8827: "Bélgica",
    8828: "Países Bajos",
}

_PVPC_OFFSETS = {PENINSULA: 0.0, 8742: 0.37, 8743: -0.41, 8744: 1.93, 8745: 2.68}
_SPOT_OFFSETS = {1: 0.23, 2: -6.31, SPAIN: 0.0, 8826: 4.17, 8827: 2.09, 8828: 3.52}
"""€/MWh above the peninsula: in reality mostly equal, here never, so that tests see a wrong one."""

_NIGHT_AND_MORNING = (0.92, 0.86, 0.82, 0.80, 0.80, 0.85, 0.97, 1.13, 1.20, 1.10, 0.99, 0.92)
_NOON_AND_EVENING = (0.90, 0.88, 0.86, 0.88, 0.95, 1.08, 1.23, 1.36, 1.42, 1.34, 1.16, 1.02)
_BY_HOUR = _NIGHT_AND_MORNING + _NOON_AND_EVENING
"""A local hour's price before sun, in parts of the day's level."""
_PEAK_HOURS = frozenset((10, 11, 12, 13, 18, 19, 20, 21))
_NIGHT_END = 8
_SATURDAY = 5
_TOLL_PEAK, _TOLL_FLAT, _TOLL_NIGHT = 52.0, 21.0, 4.0
_SUN_HOUR, _SUN_WIDTH = 14.5, 3.0
_ZERO_BAND, _NEGATIVE_SLOPE = 12.0, 0.15
"""€/MWh of oversupply worth exactly zero, and how fast prices fall below zero after that."""

_PVPC_FROM, _PVPC_SPREAD_S = time(20, 16), 31 * 60
_SPOT_AT = time(13, 42)


def step_of(day: date, indicator: int) -> timedelta:
    """Return the spacing of an indicator's values on a local day."""
    return QUARTER if indicator == SPOT and day >= QUARTER_HOURS_START else HOUR


def slots_of(day: date, indicator: int = PVPC) -> tuple[datetime, ...]:
    """Return the UTC starts of an indicator's values on a local day."""
    return day_slots(day, step_of(day, indicator))


@lru_cache(maxsize=8192)
def published_at(day: date, indicator: int = PVPC) -> datetime:
    """Return the publication time of a local day's values, on the day before.

    The spot price comes at 13:42 Madrid time, PVPC at a second of its own from 20:16:00
    to 20:46:59.
    """
    eve = day - timedelta(days=1)
    if indicator == SPOT:
        return at_local(eve, _SPOT_AT)
    return at_local(eve, _PVPC_FROM) + timedelta(seconds=int(noise("pvpc", day) * _PVPC_SPREAD_S))


def published_slots(
    first: datetime, last: datetime, now: datetime, indicator: int = PVPC
) -> list[datetime]:
    """Return the slots in ``[first, last]``, both included, that are published by ``now``."""
    day, final = local_day(first), local_day(last)
    if indicator == PVPC:
        day = max(day, PVPC_START)
    slots: list[datetime] = []
    while day <= final and published_at(day, indicator) <= now:
        slots.extend(slot for slot in slots_of(day, indicator) if first <= slot <= last)
        day += timedelta(days=1)
    return slots


def slots_in(start: datetime, end: datetime, indicator: int = PVPC) -> Iterator[datetime]:
    """Yield an indicator's slots in ``[start, end)``, published or not."""
    day, final = local_day(start), local_day(end)
    if indicator == PVPC:
        day = max(day, PVPC_START)
    while day <= final:
        yield from (slot for slot in slots_of(day, indicator) if start <= slot < end)
        day += timedelta(days=1)


@lru_cache(maxsize=65536)
def price(geo_id: int, slot: datetime, indicator: int = PVPC) -> float:
    """Return the price of a slot in €/MWh, to the cent.

    Args:
        geo_id: ESIOS's number of the place.
        slot: Start of the slot, timezone-aware.
        indicator: 1001 (PVPC) or 600 (day-ahead market).

    Raises:
        KeyError: If the place has no such price.
        ValueError: If the slot is naive.
    """
    offset = (_PVPC_OFFSETS if indicator == PVPC else _SPOT_OFFSETS)[geo_id]
    local = as_utc(slot).astimezone(MADRID)
    raw = _market(local, slot) + offset
    if indicator == PVPC:
        raw = 1.08 * raw + _toll(local)
    elif local.date() >= QUARTER_HOURS_START:
        raw += 6 * (noise("quarter", slot.timestamp()) - 0.5)
    return round(_with_zero_band(raw), 2)


def _market(local: datetime, slot: datetime) -> float:
    """Return the hour's market price before any floor."""
    level, sun = _day_shape(local.date())
    noon = math.exp(-(((local.hour + 0.5 - _SUN_HOUR) / _SUN_WIDTH) ** 2))
    hour = slot.replace(minute=0, second=0, microsecond=0).timestamp()
    return level * _BY_HOUR[local.hour] - sun * noon + 8 * (noise("hour", hour) - 0.5)


@lru_cache(maxsize=8192)
def _day_shape(day: date) -> tuple[float, float]:
    """Return a local day's price level and the depth of its solar dip, in €/MWh."""
    year = 2 * math.pi * (day.timetuple().tm_yday / 365.25)
    weekend = 12.0 if day.weekday() >= _SATURDAY else 0.0
    wind = 55 * noise("wind", day)
    level = 100 + 18 * math.cos(year - 0.3) - weekend - wind
    sun = 28 - 16 * math.cos(year - 0.1) + 34 * max(0.0, math.sin(year - 0.5)) ** 2
    return level, sun * (0.5 + noise("clouds", day))


def _toll(local: datetime) -> float:
    """Return the 2.0TD access toll of an hour in €/MWh: peak, flat or night and weekend."""
    if local.weekday() >= _SATURDAY or local.hour < _NIGHT_END:
        return _TOLL_NIGHT
    return _TOLL_PEAK if local.hour in _PEAK_HOURS else _TOLL_FLAT


def _with_zero_band(raw: float) -> float:
    """Return the price after the market's floor: a mild oversupply gives exactly zero."""
    return raw if raw > 0 else min(0.0, _NEGATIVE_SLOPE * (raw + _ZERO_BAND))
