"""Parse a request to Open-Meteo, or refuse it with a reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gapfill_sandbox.open_meteo_units import VARIABLES, Unit, units_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gapfill_sandbox.api import Ask

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_BACK, _AHEAD, _USUAL_AHEAD = 92, 16, 7
_ARCHIVE_START = date(1940, 1, 1)


class Refused(ValueError):
    """A request that gets a 400; the text is its reason."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A valid request.

    Attributes:
        latitude: Of the place.
        longitude: Of the place.
        units: Unit of each requested variable.
        zone: Name of the time zone.
        offset: Its distance from UTC, now.
        first: First date, of that zone.
        last: Last date, included.
    """

    latitude: float
    longitude: float
    units: Mapping[str, Unit]
    zone: str
    offset: timedelta
    first: date
    last: date

    def labels(self) -> Iterator[datetime]:
        """Yield the labels of its dates, in UTC."""
        label = datetime.combine(self.first, time(0), UTC) - self.offset
        end = datetime.combine(self.last + _DAY, time(0), UTC) - self.offset
        while label < end:
            yield label
            label += _HOUR


def parse(ask: Ask, product: str) -> Wanted:
    """Read the request.

    Raises:
        Refused: If a parameter is wrong.
    """
    zone, offset = _zone(ask)
    first, last = _dates(ask, product, (ask.now + offset).date())
    units = units_of({name: ask.first(name) for name in ask.query})
    wanted: dict[str, Unit] = {}
    for name in ",".join(ask.query.get("hourly", ())).split(","):
        if name and name not in VARIABLES:
            raise Refused(f"Cannot initialize an hourly variable from invalid String value {name}.")
        if name:
            wanted[name] = units[VARIABLES[name].kind]
    latitude = _degrees(ask.first("latitude"), "Latitude", 90)
    longitude = _degrees(ask.first("longitude"), "Longitude", 180)
    return Wanted(latitude, longitude, wanted, zone, offset, first, last)


def _degrees(text: str | None, name: str, limit: int) -> float:
    try:
        degrees = float(text or "")
    except ValueError:
        raise Refused(f"Value '{text}' is not a number.") from None
    if not -limit <= degrees <= limit:
        raise Refused(f"{name} must be in range of -{limit} to {limit}°. Given: {degrees}.")
    return degrees


def _zone(ask: Ask) -> tuple[str, timedelta]:
    """Return name and present offset of the time zone."""
    name = ask.first("timezone") or "GMT"
    if name in {"UTC", "GMT"}:
        return "GMT", timedelta(0)
    try:
        return name, ask.now.astimezone(ZoneInfo(name)).utcoffset() or timedelta(0)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Refused("Invalid timezone") from None


def _dates(ask: Ask, product: str, today: date) -> tuple[date, date]:
    """Return the first and the last requested date."""
    given = [ask.first("start_date"), ask.first("end_date")]
    if given == [None, None] and product == "forecast":
        back = _days(ask, "past_days", 0, _BACK)
        ahead = _days(ask, "forecast_days", _USUAL_AHEAD, _AHEAD)
        return today - back * _DAY, today + (ahead - 1) * _DAY
    if None in given:
        raise Refused("Both 'start_date' and 'end_date' must be set in the url")
    for name in ("past_days", "forecast_days"):
        if ask.first(name) not in {None, "0"}:
            pair = "'start_date' and 'end_date'"
            raise Refused(f"Parameter '{name}' is mutually exclusive with {pair}")
    try:
        first, last = (date.fromisoformat(text or "") for text in given)
    except ValueError:
        raise Refused("Invalid date format. Make sure to use 'YYYY-MM-DD'") from None
    from_, to = today - _BACK * _DAY, today + _AHEAD * _DAY
    if product == "archive":
        from_, to = _ARCHIVE_START, today - _DAY
    for name, day in (("start_date", first), ("end_date", last)):
        if not from_ <= day <= to:
            raise Refused(f"Parameter '{name}' is out of allowed range from {from_} to {to}")
    if last < first:
        raise Refused("End-date must be larger or equals than start-date")
    return first, last


def _days(ask: Ask, name: str, usual: int, most: int) -> int:
    text = ask.first(name)
    days = usual if text is None else int(text) if text.isdecimal() else -1
    if not 0 <= days <= most:
        words = name.replace("_", " ").capitalize()
        raise Refused(f"{words} is invalid. Allowed range 0 to {most}. Given {text}.")
    return days
