"""Open-Meteo: modelled hourly weather, recent (``forecast``) and historical (``archive``).

Source:
    ``https://api.open-meteo.com/v1/forecast`` and
    ``https://archive-api.open-meteo.com/v1/archive``, described at
    https://open-meteo.com/en/docs; data CC BY 4.0 with attribution, free for
    non-commercial use. Read 2026-11-24 from a capture of 2025 (Orinks/AccessiWeather,
    MIT), captures of its errors, and the API's published source code.

Documented:
    GET only, no key. ``start_date`` and ``end_date`` are whole dates of ``timezone``, both
    included; ``hourly`` names variables, each an array beside ``time``. Wind is in km/h
    unless ``wind_speed_unit`` names another unit. Precipitation, radiation and gusts describe
    the hour before their label; so a row belongs to the slot that **ends** at its label.

Observed:
    Times have no offset: Gapfill requests UTC and refuses an answer with another offset.
    The forecast API's dates include future hours, which are **forecasts**: the parser drops
    a row labelled later than now. A missing value is ``null``. A place outside the model is
    HTTP 200 with ``"latitude":nan`` (not JSON), and since autumn 2026 HTTP 400 with "No data
    is available for this location". A request without a place gets HTTP 200 without a body;
    one without variables, no ``hourly``. Coordinates in the answer are those of the grid
    cell, which may be a neighbour of similar elevation.

Units:
    °C, %, hPa at the place's elevation, m/s, °, mm, W/m² (mean of the hour).

Limits and lag:
    600 calls a minute, 5,000 an hour, 10,000 a day, one at a time; more than 10 variables
    or 14 days count as several calls. A refusal is a 429 with a reason that names the limit,
    without a ``Retry-After`` (``open_meteo.refusals``).
    The forecast API has the last 92 days, the archive 1940 to about 5 days ago.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from gapfill.domain.interval import Interval
from gapfill.errors import ConfigError
from gapfill.sources.json_reader import Node, Payload
from gapfill.sources.model import (
    Answer,
    Ask,
    HttpRequest,
    RawRow,
    check,
    excerpt,
    is_blank,
    malformed,
    number,
    shown,
)
from gapfill.sources.open_meteo.arrays import VARIABLES, rows_of
from gapfill.sources.open_meteo.refusals import NotCovered, as_json, is_nowhere, read

PATHS = {"forecast": "/v1/forecast", "archive": "/v1/archive"}
"""By product."""

FARTHEST_CELL = 0.4
"""Degrees from the place to its grid cell: 1.5 cells of the coarsest model, of 0.25°.

The API uses a neighbour if its elevation is closer (open-meteo/open-meteo#189).
"""

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_OK = 200
_DIGITS = 2
_FULL_TURN = 360.0


class _Dates(NamedTuple):
    """The whole UTC dates of a request.

    Attributes:
        first: First date.
        last: Last date, included.
        slots: The slots whose rows lie in them, ``[start, end)``.
    """

    first: date
    last: date
    slots: Interval


def request(ask: Ask) -> HttpRequest:
    """Return the request for the UTC dates that the labels of the requested slots touch.

    Raises:
        ConfigError: If the API has no such product.
    """
    path = PATHS.get(ask.product.name)
    if path is None:
        known = ", ".join(PATHS)
        message = f"Open-Meteo has no product {ask.product.name!r}; the catalogue may name {known}."
        raise ConfigError(message)
    dates = _dates(ask)
    return HttpRequest(
        path,
        (
            ("latitude", str(ask.series.place.latitude)),
            ("longitude", str(ask.series.place.longitude)),
            ("hourly", ",".join(variable.name for variable in VARIABLES)),
            ("timezone", "UTC"),
            ("wind_speed_unit", "ms"),
            ("start_date", dates.first.isoformat()),
            ("end_date", dates.last.isoformat()),
        ),
    )


def parse(ask: Ask, payload: Payload) -> Answer:
    """Turn an answer into readings.

    Args:
        ask: The request.
        payload: The answer: 200, or one that means ``NotCovered``.

    Returns:
        The requested slots' readings, none after ``ask.now``; none, with evidence, if the
        API has none.

    Raises:
        MalformedPayload: If it does not answer the request.
    """
    status, said = payload.status, read(payload)
    if isinstance(said, NotCovered):
        return Answer(evidence=f"HTTP {status}: {excerpt(said.reason)}")
    if status != _OK:
        raise malformed(ask, f"it is HTTP {status}: {excerpt(payload.body)!r}")
    document = Node.load(ask, as_json(payload))
    if is_nowhere(document):
        return Answer(evidence=f"HTTP 200: the place is not covered: {excerpt(payload.body)}")
    _check_frame(ask, document)
    rows, dropped = rows_of(ask, document["hourly"], document["hourly_units"])
    slots = _dates(ask).slots
    known = [row for row in rows if row.instant + _HOUR <= ask.now or row.instant not in slots]
    asked = [row for row in known if row.instant in ask.interval]
    empty = sum(all(is_blank(value) for value in row.values.values()) for row in asked)
    evidence = f"HTTP {status}: {len(asked)} past hours asked for, {empty} of them without values"
    answer = check(ask, known, slots, evidence, dropped=dropped, digits=_DIGITS)
    return replace(answer, no_verdict=answer.no_verdict | _holes(ask, known))


def _holes(ask: Ask, rows: Sequence[RawRow]) -> set[datetime]:
    """Return the requested hours without a required field that the model must have by now.

    A model that covers the place has no permanent gaps: nulls between its values, and those
    of an hour whose grace has passed, are temporary, and the API fills them later.
    """
    grid, holes = ask.series.grid, set[datetime]()
    past = [slot for slot in grid.slots(ask.interval) if slot + _HOUR <= ask.now]
    for name in ask.series.required:
        there = {row.instant for row in rows if number(row.values.get(name)) is not None}
        newest = max(there, default=ask.interval.start)
        holes |= {
            slot
            for slot in past
            if slot not in there
            and (slot < newest or ask.product.grace.instant(slot, grid) <= ask.now)
        }
    return holes


def _dates(ask: Ask) -> _Dates:
    """Return the dates of the labels: the ends of the requested slots."""
    first, last = (ask.interval.start + _HOUR).date(), ask.interval.end.date()
    start, end = (datetime.combine(day, time(0), UTC) - _HOUR for day in (first, last + _DAY))
    return _Dates(first, last, Interval(start, end))


def _check_frame(ask: Ask, document: Node) -> None:
    """Refuse an error under HTTP 200, another place, and times that are not UTC."""
    error = document.get("error")
    if error is not None and error.value is True:
        reason = document.get("reason")
        said = shown(reason.value) if reason else "no reason"
        raise malformed(ask, f"it says that it is an error: {excerpt(said)!r}")
    offset = document["utc_offset_seconds"].scalar()
    if number(offset) != 0:
        raise malformed(ask, f"its times are {excerpt(str(offset))} s off UTC")
    _check_cell(ask, document, "latitude", ask.series.place.latitude)
    _check_cell(ask, document, "longitude", ask.series.place.longitude)


def _check_cell(ask: Ask, document: Node, name: str, wanted: float) -> None:
    """Refuse a grid cell that is not near the place: 179.9° and -179.9° are 0.2° apart."""
    given = document[name].scalar()
    degrees = number(given)
    distance = math.inf if degrees is None else abs(degrees - wanted)
    if name == "longitude" and distance < _FULL_TURN:
        distance = min(distance, _FULL_TURN - distance)
    if distance > FARTHEST_CELL:
        raise malformed(ask, f"its {name} is {excerpt(str(given))}, of no cell near {wanted}")
