"""OpenWeatherMap: current weather, and past hours with a subscription to One Call.

Source:
    ``https://api.openweathermap.org``, described at https://openweathermap.org/current,
    https://openweathermap.org/api/one-call-3 and https://openweathermap.org/api/one-call-4;
    data under ODbL, "Weather data provided by OpenWeather". Read 2026-11-24 and 2026-11-30
    from the samples of those pages, errors quoted in public issues, and five clients.

Documented:
    ``/data/2.5/weather`` is free and **has no history**. One Call needs its own
    subscription, to one of two generations: a key of 3.0 opens
    ``/data/3.0/onecall/timemachine``, which takes one ``dt`` (Unix seconds) and returns that
    moment; a key of 4.0, as all are since mid-2026, opens the timeline (see
    ``openweathermap.timeline``). Both start at 1979-01-01 and include **forecasts** of the
    same shape. Without ``units`` temperatures are in kelvin, and no answer names its units.
    A missing parameter means "these weather phenomena are just not happened".

Observed:
    ``dt`` of the current weather is the time of the calculation, minutes before the call and
    sometimes in the hour before; that of timemachine equals the request's. ``cod`` is a
    number or a text. ``rain`` and ``snow`` are missing in a dry hour, but **also beside
    "light rain"**: so that is 0 mm only if ``weather`` names no precipitation. The other
    generation refuses a key with 401.

Units:
    °C, %, m/s, degrees, mm of the last hour. ``grnd_level`` is hPa at the ground;
    ``pressure`` is reduced to sea level everywhere, and One Call has no other.

Limits and lag:
    60 calls a minute; One Call 1,000 a day free of charge, then billed. The provider
    updates the model every ten minutes.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from gapfill.domain.interval import Interval, iso
from gapfill.domain.series import Place
from gapfill.errors import ConfigError
from gapfill.sources.json_reader import Node, Payload
from gapfill.sources.model import (
    Answer,
    Ask,
    HttpRequest,
    RawRow,
    Rejected,
    check,
    excerpt,
    malformed,
)
from gapfill.sources.openweathermap import timeline
from gapfill.sources.openweathermap.frame import (
    DIGITS,
    check_place,
    check_units,
    instant,
    time_of,
    unix,
    where,
)
from gapfill.sources.openweathermap.values import values_of_current, values_of_moment

CURRENT_PATH = "/data/2.5/weather"
TIMEMACHINE_PATH = "/data/3.0/onecall/timemachine"

LEEWAY = timedelta(minutes=5)
"""How far ``dt`` may be ahead of the clock, which is read when a unit starts: the call may
follow a wait for the source's lock or after a refusal."""

OLDEST = timedelta(hours=2)
"""Oldest current weather, which the API calculates every ten minutes."""

GENERATIONS = {"timeline": "4.0", "timemachine": "3.0"}
"""Products of One Call, with the generation of keys that opens each; the newer one first."""

_OK = 200
_NO_SUBSCRIPTION = b"requires a separate subscription"


def request(ask: Ask) -> HttpRequest:
    """Return the HTTP request for slots.

    Raises:
        ConfigError: If they are more slots than one call returns, or the product is unknown.
    """
    _check_ask(ask)
    place, grid, first = ask.series.place, ask.series.grid, ask.interval.start
    if ask.product.name == "current":
        return request_current(place)
    if ask.product.name == "timeline":
        return timeline.request(place, grid.end_of(first), grid.count(ask.interval))
    return request_moment(place, ask.interval.end)


def request_current(place: Place) -> HttpRequest:
    """Return the request for the current weather."""
    return HttpRequest(CURRENT_PATH, (*where(place), ("units", "metric")))


def request_moment(place: Place, moment: datetime) -> HttpRequest:
    """Return the request for the weather of one moment."""
    return HttpRequest(TIMEMACHINE_PATH, (*where(place), ("dt", unix(moment)), ("units", "metric")))


def as_asked_of(ask: Ask, name: str) -> Ask:
    """Return a request to One Call for the product of either generation.

    Args:
        ask: The request.
        name: The product. The time machine returns one moment, so several slots are reduced
            to the newest.
    """
    if ask.product.name == name:
        return ask
    interval, grid = ask.interval, ask.series.grid
    if name == "timemachine":
        interval = Interval(grid.floor(interval.end - ask.product.resolution), interval.end)
    return replace(ask, product=replace(ask.product, name=name), interval=interval)


def lacks_subscription(body: bytes) -> bool:
    """Return whether a 401 concerns One Call's subscription, not the key."""
    return _NO_SUBSCRIPTION in body


def parse(ask: Ask, payload: Payload) -> Answer:
    """Turn an answer into readings.

    Returns:
        The readings of the requested slots; of ``current``, that of the slot that contains
        its ``dt``, which may be the slot before.

    Raises:
        MalformedPayload: If it does not answer the request.
        ConfigError: As ``request``.
    """
    _check_ask(ask)
    if payload.status != _OK:
        raise malformed(ask, f"it is HTTP {payload.status}: {excerpt(payload.body)!r}")
    root = Node.load(ask, payload)
    cod = root.get("cod")
    if cod is not None and str(cod.scalar()) != str(_OK):
        raise malformed(ask, f"it is an error inside of HTTP 200: {excerpt(payload.body)!r}")
    if ask.product.name == "timeline":
        return timeline.parse(ask, root)
    return _parse_current(ask, root) if ask.product.name == "current" else _parse_moment(ask, root)


def _parse_current(ask: Ask, root: Node) -> Answer:
    check_place(ask, root["coord"])
    at = instant(root["dt"])
    if at > ask.now + LEEWAY:
        raise malformed(ask, f"its dt is {iso(at)}, later than the clock, {iso(ask.now)}")
    if at < ask.now - OLDEST:
        raise malformed(ask, f"its dt is {iso(at)}, too long before {iso(ask.now)} to be of now")
    grid = ask.series.grid
    slot = grid.floor(at)
    own = replace(ask, interval=Interval(slot, grid.end_of(slot)))
    row = RawRow(slot, values_of_current(root))
    check_units(ask, [row])
    return check(own, [row], own.interval, f"HTTP 200: dt {iso(at)}", digits=DIGITS)


def _parse_moment(ask: Ask, root: Node) -> Answer:
    check_place(ask, root)
    moment = ask.interval.end
    if moment > ask.now:
        raise malformed(ask, f"{iso(moment)} is later than the clock: it is a forecast")
    rows: list[RawRow] = []
    dropped: list[Rejected] = []
    for row in root["data"].items():
        at = time_of(row)
        if isinstance(at, Rejected):
            dropped.append(at)
        elif at != moment:
            raise malformed(ask, f"{row.path}.dt is {iso(at)}, asked was {iso(moment)}")
        else:
            rows.append(RawRow(ask.interval.start, values_of_moment(row)))
    if not rows and not dropped:
        return Answer(evidence="HTTP 200: data is empty")
    check_units(ask, rows)
    evidence = f"HTTP 200: dt {iso(moment)}"
    return check(ask, rows, ask.interval, evidence, dropped=dropped, digits=DIGITS)


def _check_ask(ask: Ask) -> None:
    """Refuse slots that need several calls: the others would look as if they had no data."""
    key, grid, first = ask.product.key, ask.series.grid, ask.interval.start
    if ask.product.name not in {"current", *GENERATIONS}:
        names = "current, timeline and timemachine are"
        raise ConfigError(f"OpenWeatherMap has no product {key}: {names}.")
    most, step = timeline.PER_CALL if ask.product.name == "timeline" else 1, grid.step_at(first)
    if not step <= ask.interval.duration <= most * step:
        slots = "one slot" if most == 1 else f"{most} slots"
        raise ConfigError(
            f"One call of {key} answers {slots} of {step}, not {ask.interval}: set its span to it."
        )
