"""Read the place, the time and the units of OpenWeatherMap's answers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from gapfill.domain.series import Place
from gapfill.sources.json_reader import YEARS, Node
from gapfill.sources.model import ROW, Ask, RawRow, Rejected, malformed, number, shown

NEARBY = 0.1
"""Largest distance in degrees from the requested place to the answer's: answers round to two
decimals at least, and 0.1° is the spacing of the finest global models."""

DIGITS = 2
"""Decimal places of its values."""

_CIRCLE = 360

_KELVIN = (170.0, 340.0)
"""Air temperatures on Earth in kelvin; none of them can be one in °C."""


def where(place: Place) -> tuple[tuple[str, str], ...]:
    """Return the parameters that name a place."""
    return ("lat", str(place.latitude)), ("lon", str(place.longitude))


def unix(instant: datetime) -> str:
    """Return an instant as Unix seconds."""
    return str(int(instant.timestamp()))


def instant(node: Node) -> datetime:
    """Return Unix seconds as an instant.

    Raises:
        MalformedPayload: If they are not a whole number, or of no valid year.
    """
    at = _instant_of(node.value)
    if at is None:
        raise malformed(node.ask, f"{node.path} is {shown(node.value)!r}, not a Unix time")
    return at


def time_of(row: Node) -> datetime | Rejected:
    """Return the time of a row of One Call, or the rejected row if it has none."""
    given = row.value
    at = _instant_of(given.get("dt")) if isinstance(given, dict) else None
    if at is not None:
        return at
    reason = "has no Unix time as its dt" if isinstance(given, dict) else "is not an object"
    return Rejected(None, ROW, shown(given), reason)


def _instant_of(seconds: object) -> datetime | None:
    if not isinstance(seconds, int) or isinstance(seconds, bool):
        return None
    try:
        at = datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return at if at.year in YEARS else None  # of others no hour can be taken off, or added


def check_place(ask: Ask, place: Node) -> None:
    """Refuse an answer for another place than the requested one.

    Raises:
        MalformedPayload: If it is for another place, or names no place.
    """
    latitude, longitude = number(place["lat"].scalar()), number(place["lon"].scalar())
    if latitude is None or longitude is None:
        raise malformed(ask, "its place is not a pair of numbers")
    asked = ask.series.place
    turn = abs(longitude - asked.longitude) % _CIRCLE
    if max(abs(latitude - asked.latitude), min(turn, _CIRCLE - turn)) > NEARBY:
        named = f"{asked.latitude:g}, {asked.longitude:g}"
        raise malformed(ask, f"it is for {latitude:g}, {longitude:g}, asked was {named}")


def check_units(ask: Ask, rows: Iterable[RawRow]) -> None:
    """Refuse an answer in kelvin, by the size of its values: no answer names its units.

    Raises:
        MalformedPayload: If every temperature is a plausible one in kelvin. A single one
            among others is a bad value.
    """
    known = [n for row in rows if (n := number(row.values.get("temperature"))) is not None]
    if known and all(_KELVIN[0] <= n <= _KELVIN[1] for n in known):
        problem = f"the temperature {known[0]:g} is in kelvin, and degrees Celsius were asked for"
        raise malformed(ask, problem)
