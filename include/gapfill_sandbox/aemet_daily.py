"""AEMET's days: texts with decimal commas, and words where a number is expected."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from gapfill_sandbox.aemet_stations import DEFAULT_STATIONS, LINARES, SINCE, STATIONS
from gapfill_sandbox.api import Row, Truth
from gapfill_sandbox.noise import noise
from gapfill_sandbox.weather import hours_of, weather

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gapfill_sandbox.aemet_stations import Station
    from gapfill_sandbox.api import Value
    from gapfill_sandbox.weather import Weather

_DAY = timedelta(days=1)
_LATE = timedelta(days=4)
_SHIFTED_TO_NEXT = timedelta(hours=23)

TRACE, ACCUMULATED = "Ip", "Acum"
_SEVERAL = "Varias"
_VARIABLE = "99"
_TRACE_BELOW = 0.1
_COLUMNS = {
    "temperature_mean": "tmed",
    "temperature_max": "tmax",
    "temperature_min": "tmin",
    "humidity_mean": "hrMedia",
    "wind_speed_mean": "velmedia",
    "wind_gust_max": "racha",
    "pressure_max": "presMax",
    "pressure_min": "presMin",
    "precipitation": "prec",
}
"""AEMET's names of the series' fields."""

_HOUR_KEYS = {
    "tmin": "horatmin",
    "tmax": "horatmax",
    "racha": "horaracha",
    "presMax": "horaPresMax",
    "presMin": "horaPresMin",
    "hrMax": "horaHrMax",
    "hrMin": "horaHrMin",
}
_WHOLE = frozenset({"hrMedia", "hrMax", "hrMin"})
_PRESSURE, _HUMIDITY = ("presMax", "presMin"), ("hrMedia", "hrMax", "hrMin")
_SOMETIMES_MISSING = (("velmedia", "racha"), _PRESSURE, _HUMIDITY, ("tmax",), ("prec",))
"""Fields that may be missing from a day, together; never the mean temperature."""


def rows(station: Station, first: date, last: date, now: datetime) -> list[Row]:
    """Return a station's published days from first to last, both included."""
    found: list[Row] = []
    start, last = max(_midnight(first), SINCE), min(last, now.date())
    while start.date() <= last and start + _DAY + _LATE <= now:
        found.append(Row(start, values(station, start.date())))
        start += _DAY
    return found


@lru_cache(maxsize=8192)
def values(station: Station, day: date) -> Mapping[str, Value]:
    """Return a station's values of a UTC date: numbers, and the two words for rain."""
    seen = _seen(station, day)
    warmth, humidity = [w.temperature for w in seen], [w.humidity for w in seen]
    pressure = [w.pressure for w in seen]
    stated: dict[str, Value] = {
        "tmed": round((max(warmth) + min(warmth)) / 2, 1),
        "prec": _rain(station, day),
        "tmin": round(min(warmth), 1),
        "tmax": round(max(warmth), 1),
        "velmedia": round(sum(w.wind_speed for w in seen) / len(seen), 1),
        "racha": round(max(w.wind_gust for w in seen), 1),
        "presMax": round(max(pressure), 1),
        "presMin": round(min(pressure), 1),
        "hrMedia": float(round(sum(humidity) / len(humidity))),
        "hrMax": float(round(max(humidity))),
        "hrMin": float(round(min(humidity))),
    }
    never = (() if station.has_pressure else _PRESSURE) + (
        () if station.has_humidity else _HUMIDITY
    )
    stated = {key: value for key, value in stated.items() if key not in never}
    for group in _SOMETIMES_MISSING:
        if noise("lacking", group, day) < 0.03:  # noqa: PLR2004 - a day in thirty
            stated = {key: value for key, value in stated.items() if key not in group}
    return stated


def _seen(station: Station, day: date) -> list[Weather]:
    """Return the weather of a date's hours at a station."""
    return [weather(end, "aemet", point=station.point) for end in hours_of(day)]


@lru_cache(maxsize=8192)
def _sum(station: Station, day: date) -> float:
    """Return the rain of a day, in mm."""
    return round(sum(seen.precipitation for seen in _seen(station, day)), 1)


def _is_accumulated(station: Station, day: date) -> bool:
    """Return whether a day's rain is counted on the next one: one wet day in six."""
    return _sum(station, day) > 0 and noise("acum", day) < 1 / 6


def _rain(station: Station, day: date) -> Value:
    """Return a day's rain: mm, including rain that earlier days moved to it, or a word."""
    if _is_accumulated(station, day):
        return ACCUMULATED
    total, before = _sum(station, day), day - _DAY
    while _is_accumulated(station, before):
        total, before = total + _sum(station, before), before - _DAY
    is_trace = total < _TRACE_BELOW and noise("trace", day) < 1 / 8
    return TRACE if is_trace else round(total, 1)


def write(station: Station, stated: Sequence[Row]) -> list[dict[str, object]]:
    """Return the rows of the answer: only texts, and no key for a missing value."""
    return [_record(station, row) for row in stated]


def _record(station: Station, row: Row) -> dict[str, object]:
    """Return a day; one that a fault moved by an hour is of the next."""
    day = (row.start + _SHIFTED_TO_NEXT).date()
    record: dict[str, object] = {
        "fecha": day.isoformat(),
        "indicativo": station.id,
        "nombre": station.name,
        "provincia": station.province,
        "altitud": str(station.altitude),
    }
    for key, value in row.values.items():
        record[key] = _text(key, value)
        if key in _HOUR_KEYS:
            record[_HOUR_KEYS[key]] = _hour(key, day)
    if "racha" in row.values:
        record["dir"] = _VARIABLE if noise("dir", day) < 1 / 20 else f"{_tens(station, day):02d}"
    return record


def _text(key: str, value: Value) -> str:
    """Write a value: ``19,4``; a share of humidity without decimals."""
    if isinstance(value, str):
        return value
    is_whole = key in _WHOLE and value == value // 1
    return f"{value:.0f}" if is_whole else f"{value:.1f}".replace(".", ",")


def _tens(station: Station, day: date) -> int:
    """Return the direction of the strongest gust, in tens of degrees, 1 to 36."""
    strongest = max(_seen(station, day), key=lambda w: w.wind_gust)
    return round(strongest.wind_direction / 10) or 36


def _hour(key: str, day: date) -> str:
    """Return the time of an extreme, in one of AEMET's forms."""
    chance = noise("hora", key, day)
    minute = int(noise("minuto", key, day) * 1440)
    forms = (_SEVERAL, "24", f"{minute // 60:02d}", "23:59")
    index = int(chance * 40)
    return forms[index] if index < len(forms) else f"{minute // 60:02d}:{minute % 60:02d}"


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _truth(
    query: Mapping[str, str], start: datetime, end: datetime
) -> Iterable[tuple[datetime, Sequence[float | None]]]:
    """Yield all days in the catalogue's units: a trace is 0, a missing value is ``None``.

    Each value is that of the first requested station that has it.
    """
    known = STATIONS[query.get("stations", DEFAULT_STATIONS)]
    stations = [known[each] for each in query.get("station", LINARES.id).split(",")]
    day = max(_midnight(start.date()), SINCE)
    while day < end:
        if day >= start:
            stated = [values(station, day.date()) for station in stations]
            yield day, [_first(key, stated) for key in _COLUMNS.values()]
        day += _DAY


TRUTH = Truth(tuple(_COLUMNS), _truth)


def _first(key: str, stated: Sequence[Mapping[str, Value]]) -> float | None:
    """Return the first number that is stated for a key."""
    found = (_stored(values.get(key)) for values in stated)
    return next((value for value in found if value is not None), None)


def _stored(value: Value | None) -> float | None:
    if value == TRACE:
        return 0.0
    return None if value is None or isinstance(value, str) else float(value)
