"""The rows of AEMET's two products: names, units and words, as readings need them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from gapfill.sources.base import RawRow, excerpt, malformed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gapfill.domain.series import Station
    from gapfill.sources.payload import Node, Scalar

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

TRACE, ACCUMULATED = "ip", "acum"
"""Less than 0.1 mm; and rain that is counted on a later day."""

_HOUR = timedelta(hours=1)


def observation(station: Station, row: Node) -> RawRow:
    """Return an hour. ``fint`` is its end, in UTC with or without saying so.

    Raises:
        MalformedPayload: If it is of another station, or has no ``fint``.
    """
    _refuse_other_station(station, row["idema"])
    end = _instant(row["fint"])
    try:
        return RawRow(end - _HOUR, _values(row, HOURLY))
    except OverflowError:
        problem = f"{row['fint'].path} is {excerpt(row['fint'].text())!r}, no time of this world"
    raise malformed(row.ask, problem)


def day(station: Station, row: Node) -> RawRow:
    """Return a day. ``fecha`` is its label, and its slot starts at 00:00Z.

    Raises:
        MalformedPayload: If it is of another station, or has no ``fecha``.
    """
    _refuse_other_station(station, row["indicativo"])
    text = row["fecha"].text()
    try:
        start = datetime.combine(date.fromisoformat(text.strip()), time(), UTC)
    except ValueError:
        start = None
    if start is None:
        raise malformed(row.ask, f"{row['fecha'].path} is {excerpt(text)!r}, no date")
    return RawRow(start, _values(row, DAILY))


def _refuse_other_station(station: Station, given: Node) -> None:
    if given.text().strip() != station.id:
        problem = f"{given.path} is {excerpt(given.text())!r}, not the asked station {station.id}"
        raise malformed(given.ask, problem)


def _instant(given: Node) -> datetime:
    """Return a time with an offset, or in UTC without one, in UTC.

    Raises:
        MalformedPayload: If it is none.
    """
    text = given.text()
    try:
        instant = datetime.fromisoformat(text.strip())
        return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise malformed(given.ask, f"{given.path} is {excerpt(text)!r}, no time")


def _values(row: Node, keys: Mapping[str, str]) -> dict[str, Scalar]:
    """Return the row's values by field; a key that lacks, or is blank, gives none."""
    values: dict[str, Scalar] = {}
    for name, key in keys.items():
        member: Node | None = row.get(key)
        given = member.scalar() if member is not None else None
        if isinstance(given, str) and not given.strip():
            given = None
        values[name] = _rain(given) if name == "precipitation" else given
    return values


def _rain(given: Scalar) -> Scalar:
    """Return a sum of rain: a trace is none that counts, what comes later is not known."""
    word = given.strip().casefold() if isinstance(given, str) else None
    if word == TRACE:
        return 0.0
    return None if word == ACCUMULATED else given
