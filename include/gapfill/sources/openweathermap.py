"""OpenWeatherMap: the weather of now, and of one past hour where One Call is subscribed to.

Source:
    ``https://api.openweathermap.org``, described at https://openweathermap.org/current and
    https://openweathermap.org/api/one-call-3; data under ODbL, "Weather data provided by
    OpenWeather". Read 2026-11-24 through the samples of those pages and errors quoted in
    public issues.

Documented:
    ``/data/2.5/weather?lat&lon&units=metric&appid`` is free and **has no history**.
    ``/data/3.0/onecall/timemachine`` takes one ``dt`` (Unix seconds) and answers that one
    moment; it needs a subscription of its own, reaches back to 1979-01-01 and **ahead four
    days**, a forecast in the same shape. Without ``units`` temperatures are in kelvin, and
    no answer says which units it has. A parameter that lacks means "these weather
    phenomena are just not happened".

Observed:
    ``dt`` of the current weather is that of the calculation, minutes before the call and at
    times in the hour before; that of timemachine is the one asked for. ``cod`` is a number
    or a text. ``rain`` and ``snow`` lack on a dry hour, but **also beside "light rain"**: so
    their lack is 0 mm only where ``weather`` names nothing that falls.

Units:
    °C, %, m/s, degrees, mm of the last hour. ``grnd_level`` is hPa at the ground;
    ``pressure`` is reduced to sea level in both, and One Call has no other.

Limits and lag:
    60 calls a minute; One Call 1,000 a day for nothing, billed from there on. The model
    is renewed every ten minutes.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from gapfill.domain.interval import Interval, iso
from gapfill.errors import ConfigError
from gapfill.sources.base import Answer, Ask, HttpRequest, RawRow, check, excerpt, malformed, number
from gapfill.sources.openweathermap_values import values_of_current, values_of_moment
from gapfill.sources.payload import Node

if TYPE_CHECKING:
    from gapfill.domain.series import Place

CURRENT_PATH = "/data/2.5/weather"
TIMEMACHINE_PATH = "/data/3.0/onecall/timemachine"

LEEWAY = timedelta(minutes=5)
"""How far ``dt`` may be ahead of our clock: that is read when a unit starts, and a wait for the
source's turn or a refusal waited out may come before the call."""

OLDEST = timedelta(hours=2)
"""What is calculated every ten minutes and is older than this is no weather of now."""

NEARBY = 0.1
"""Degrees between the place asked for and the one answered: answers round to two decimals at
least, and 0.1° is the spacing of the finest global models."""

_OK, _REFUSED, _TOO_MANY = 200, 401, 429
_NO_SUBSCRIPTION = b"requires a separate subscription"
_CIRCLE = 360


def request(ask: Ask) -> HttpRequest:
    """Return the request for the one slot of an ask.

    Raises:
        ConfigError: If the ask is of more than one slot, or of a product unknown here.
    """
    _check_ask(ask)
    if ask.product.name == "current":
        return request_current(ask.series.place)
    return request_moment(ask.series.place, ask.interval.end)


def request_current(place: Place) -> HttpRequest:
    """Return the request for the weather of now."""
    return HttpRequest(CURRENT_PATH, (*_where(place), ("units", "metric")))


def request_moment(place: Place, moment: datetime) -> HttpRequest:
    """Return the request for the weather of one moment."""
    dt = str(int(moment.timestamp()))
    return HttpRequest(TIMEMACHINE_PATH, (*_where(place), ("dt", dt), ("units", "metric")))


def says_refusal(status: int, _body: bytes) -> bool:
    """Tell whether this is a refusal that the hook words itself: of the key, or to wait."""
    return status in {_REFUSED, _TOO_MANY}


def lacks_subscription(body: bytes) -> bool:
    """Tell whether a 401 is of One Call's subscription, and not of the key."""
    return _NO_SUBSCRIPTION in body


def parse(ask: Ask, status: int, body: bytes) -> Answer:
    """Turn an answer into a reading.

    Args:
        ask: What was asked.
        status: HTTP status.
        body: The answer's bytes.

    Returns:
        The reading of the asked slot; of ``current``, that of the slot that contains its
        own ``dt``, which may be the slot before.

    Raises:
        MalformedPayload: If it is not an answer to what was asked.
        ConfigError: If the ask makes no request.
    """
    _check_ask(ask)
    if status != _OK:
        raise malformed(ask, f"it is HTTP {status}: {excerpt(body)!r}")
    root = Node.load(ask, body)
    cod = root.get("cod")
    if cod is not None and str(cod.scalar()) != str(_OK):
        raise malformed(ask, f"it is an error inside of HTTP 200: {excerpt(body)!r}")
    return _parse_current(ask, root) if ask.product.name == "current" else _parse_moment(ask, root)


def _parse_current(ask: Ask, root: Node) -> Answer:
    _check_place(ask, root["coord"])
    at = _instant(root["dt"])
    if at > ask.now + LEEWAY:
        raise malformed(ask, f"its dt is {iso(at)}, later than the clock, {iso(ask.now)}")
    if at < ask.now - OLDEST:
        raise malformed(ask, f"its dt is {iso(at)}, too long before {iso(ask.now)} to be of now")
    grid = ask.series.grid
    slot = grid.floor(at)
    own = replace(ask, interval=Interval(slot, grid.end_of(slot)))
    row = RawRow(slot, values_of_current(root))
    return check(own, [row], own.interval, f"HTTP 200: dt {iso(at)}")


def _parse_moment(ask: Ask, root: Node) -> Answer:
    _check_place(ask, root)
    moment = ask.interval.end
    if moment > ask.now:
        raise malformed(ask, f"{iso(moment)} is later than the clock: it is a forecast")
    rows: list[RawRow] = []
    for row in root["data"].items():
        at = _instant(row["dt"])
        if at != moment:
            raise malformed(ask, f"{row.path}.dt is {iso(at)}, asked was {iso(moment)}")
        rows.append(RawRow(ask.interval.start, values_of_moment(row)))
    if not rows:
        return Answer(evidence="HTTP 200: data is empty")
    return check(ask, rows, ask.interval, f"HTTP 200: dt {iso(moment)}")


def _instant(node: Node) -> datetime:
    """Return Unix seconds as an instant.

    Raises:
        MalformedPayload: If they are no whole number, or of no year.
    """
    seconds = node.scalar()
    if isinstance(seconds, int) and not isinstance(seconds, bool):
        try:
            return datetime.fromtimestamp(seconds, UTC)
        except (ValueError, OverflowError, OSError):
            pass
    raise malformed(node.ask, f"{node.path} is {excerpt(str(seconds))!r}, no Unix time")


def _check_place(ask: Ask, place: Node) -> None:
    """Refuse an answer for another place than asked for."""
    latitude, longitude = number(place["lat"].scalar()), number(place["lon"].scalar())
    if latitude is None or longitude is None:
        raise malformed(ask, "its place is no pair of numbers")
    asked = ask.series.place
    turn = abs(longitude - asked.longitude) % _CIRCLE
    if max(abs(latitude - asked.latitude), min(turn, _CIRCLE - turn)) > NEARBY:
        where = f"{asked.latitude:g}, {asked.longitude:g}"
        raise malformed(ask, f"it is for {latitude:g}, {longitude:g}, asked was {where}")


def _check_ask(ask: Ask) -> None:
    """Refuse what no single request can ask: slots left over would look as if they had no data."""
    key, step = ask.product.key, ask.series.grid.step_at(ask.interval.start)
    if ask.product.name not in {"current", "timemachine"}:
        raise ConfigError(f"OpenWeatherMap has no product {key}: current and timemachine are.")
    if ask.interval.duration != step:
        raise ConfigError(
            f"One call of {key} answers one slot of {step}, not {ask.interval}: set its span to it."
        )


def _where(place: Place) -> tuple[tuple[str, str], ...]:
    return ("lat", str(place.latitude)), ("lon", str(place.longitude))
