"""Read the rows of AEMET's two products: names, units and special words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import partial

from gapfill.domain.series import Station
from gapfill.sources.json_reader import YEARS, Node, moment_of
from gapfill.sources.model import Ask, excerpt, is_blank, malformed
from gapfill.sources.rows import Rows, bad, read_rows, text_of

HOURLY: Mapping[str, str] = {
    "temperature": "ta",
    "humidity": "hr",
    "pressure": "pres",
    "wind_speed": "vv",
    "wind_direction": "dv",
    "wind_gust": "vmax",
    "precipitation": "prec",
}
"""Keys of an hourly observation, by field; ``pres`` is at the station, ``pres_nmar`` is not."""

DAILY: Mapping[str, str] = {
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
"""Keys of a day, by field; ``dir`` (tens of degrees) and the ``hora*`` serve no field."""

DIGITS = 1
"""Decimal places; some values have binary rounding errors."""

TRACE, ACCUMULATED = "ip", "acum"
"""Rain below 0.1 mm, and rain that AEMET counts on a later day."""

_HOUR = timedelta(hours=1)


def observations(ask: Ask, station: Station, nodes: Iterable[Node]) -> Rows:
    """Return the hours of an answer. ``fint`` is the end of one, in UTC with or without an offset.

    Raises:
        MalformedPayload: If a row is of another station, or none can be read.
    """
    place = partial(_refuse_other_station, ask, station, "idema")
    return read_rows(ask, nodes, values=partial(_values, HOURLY), time=_hour, place=place)


def days(ask: Ask, station: Station, nodes: Iterable[Node]) -> Rows:
    """Return the days of an answer. ``fecha`` is a label, its slot starts at 00:00Z.

    Raises:
        MalformedPayload: If a row is of another station, or none can be read.
    """
    place = partial(_refuse_other_station, ask, station, "indicativo")
    return read_rows(ask, nodes, values=partial(_values, DAILY), time=_day, place=place)


def _refuse_other_station(
    ask: Ask, station: Station, key: str, record: Mapping[str, object]
) -> None:
    given = text_of(record, key)
    if given.casefold() != station.id.casefold():
        problem = f"it holds a row of station {excerpt(given)!r}, not of the requested {station.id}"
        raise malformed(ask, problem)


def _hour(record: Mapping[str, object]) -> datetime:
    moment = moment_of(record.get("fint"))
    if moment is None:
        raise bad(record, "fint", "a time")
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _HOUR


def _day(record: Mapping[str, object]) -> datetime:
    text = text_of(record, "fecha")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.year not in YEARS:
        raise bad(record, "fecha", "a date")
    return datetime.combine(day, time(), UTC)


def _values(keys: Mapping[str, str], record: Mapping[str, object]) -> dict[str, object]:
    """Return the row's values by field, without missing and blank ones."""
    values = {name: record.get(key) for name, key in keys.items()}
    values["precipitation"] = _rain(values["precipitation"])
    return {name: given for name, given in values.items() if not is_blank(given)}


def _rain(given: object) -> object:
    """Return an amount of rain: 0 for a trace, nothing for rain that is counted later."""
    word = given.strip().casefold() if isinstance(given, str) else None
    if word == TRACE:
        return 0.0
    return None if word == ACCUMULATED else given
