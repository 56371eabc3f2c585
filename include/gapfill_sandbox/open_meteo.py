r"""Open-Meteo: modelled weather by the hour, of recent dates with forecasts, and of an archive.

Source: a capture of ``api.open-meteo.com`` and ``archive-api.open-meteo.com`` of December 2025
(AccessiWeather, MIT; data CC BY 4.0), quoted errors and the API's published source code.

Documented: paths, parameters, units, arrays beside ``time``; a label is the end of its hour;
both dates are included.

Observed: times without offset; HTTP 200 without a body if the place is missing, without
``hourly`` if the variables are; bare ``nan`` for a missing number (the fault ``nan``); the
sentences of the refusals. The forecast API has 92 past and 16 future days, **future hours
included**. The archive's last date is yesterday, and its values end about five days ago:
``null`` from then on. The offset of a time zone is the present one, for all dates. A 429 is
that of the minute.

Documented by its authors (open-meteo#1493): one request at a time per address, six more
wait, and the next one gets 429 "Too many concurrent requests".

Not simulated: models, several places, ``daily`` and ``current``, ``timezone=auto``, Unix
times, any limit of length (there is none, so the sandbox's option for it does nothing).
Every place has the same weather, in a grid cell near it.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from gapfill_sandbox.api import JSON_UTF8, Api, Ask, Route, Row, SimulatedAnswer, Truth
from gapfill_sandbox.kinds import LIST_KINDS, MISSING_ARRAY, NO_DATA, ROW_KINDS, WIRE_KINDS
from gapfill_sandbox.noise import noise
from gapfill_sandbox.open_meteo_request import Refused, Wanted, parse
from gapfill_sandbox.open_meteo_units import VARIABLES, units_of, written
from gapfill_sandbox.refusals import GENERIC
from gapfill_sandbox.weather import weather

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

_HOUR = timedelta(hours=1)
_SOURCE = "open_meteo"
_ARCHIVE_LAG = timedelta(days=5)
_ELEVATION = 419.0
_CELL = {"forecast": 0.0625, "archive": 0.0703}
"""Degrees between the cells of the finest model each API has here."""


def _json(data: object) -> bytes:
    """Write JSON as the API does: a value that is not a number as ``nan``, which is not JSON."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
    return text.replace("NaN", "nan").encode()


def _refusal(reason: str) -> SimulatedAnswer:
    return SimulatedAnswer(400, _json({"reason": reason, "error": True}), JSON_UTF8)


def _rows(wanted: Wanted, product: str, now: datetime) -> list[Row]:
    """Return a row per label; one without values if the archive has none yet."""
    rows = []
    for label in wanted.labels():
        has_values = product == "forecast" or label <= now - _ARCHIVE_LAG
        sight = weather(label, _SOURCE) if has_values else None
        values = {name: written(name, sight, unit) for name, unit in wanted.units.items() if sight}
        rows.append(Row(label - _HOUR, values))
    return rows


def _payload(
    wanted: Wanted, product: str, rows: Sequence[Row], missing: str | None
) -> dict[str, object]:
    """Return the whole answer, without the array that a fault removes."""
    step = _CELL[product]
    head = {
        "latitude": round(round(wanted.latitude / step) * step, 6),
        "longitude": round(round(wanted.longitude / step) * step, 6),
        "generationtime_ms": round(0.1 + noise("took", wanted.first, wanted.last), 15),
        "utc_offset_seconds": round(wanted.offset.total_seconds()),
        "timezone": wanted.zone,
        "timezone_abbreviation": _abbreviation(wanted.offset),
        "elevation": _ELEVATION,
    }
    if not wanted.units:
        return head
    labels = [(row.start + _HOUR + wanted.offset).strftime("%Y-%m-%dT%H:%M") for row in rows]
    columns = {
        name: [row.values.get(name) for row in rows] for name in wanted.units if name != missing
    }
    symbols = {name: wanted.units[name].symbol for name in columns}
    return {
        **head,
        "hourly_units": {"time": "iso8601", **symbols},
        "hourly": {"time": labels, **columns},
    }


def _abbreviation(offset: timedelta) -> str:
    """Return an offset as the API abbreviates it: ``GMT``, ``GMT-5``, ``GMT+5:30``."""
    minutes = round(offset.total_seconds() / 60)
    hours, rest = divmod(abs(minutes), 60)
    sign = "-" if minutes < 0 else "+"
    return f"GMT{sign}{hours}{f':{rest:02}' if rest else ''}" if minutes else "GMT"


def _answer(ask: Ask, product: str) -> SimulatedAnswer:
    """Answer a request for weather."""
    if ask.first("latitude") is None or ask.first("longitude") is None:
        return SimulatedAnswer(200, b"", JSON_UTF8)
    try:
        wanted = parse(ask, product)
    except Refused as exc:
        return _refusal(str(exc))
    rows = _rows(wanted, product, ask.now)
    rows = [replace(row, values={}) for row in rows] if ask.kind == NO_DATA else ask.spoil(rows)
    missing = ask.fault.field if ask.fault and ask.kind == MISSING_ARRAY else None
    return SimulatedAnswer(200, _json(_payload(wanted, product, rows, missing)), JSON_UTF8)


def _touched(ask: Ask, product: str) -> tuple[date, date] | None:
    """Return the dates that a request touches."""
    try:
        wanted = parse(ask, product)
    except Refused:
        return None
    return wanted.first, wanted.last


def _truth(
    _query: Mapping[str, str], start: datetime, end: datetime
) -> Iterable[tuple[datetime, Sequence[float]]]:
    """Yield the API's values of the slots of ``[start, end)``, in the catalogue's units."""
    units = units_of({"wind_speed_unit": "ms"})
    slot = start.replace(minute=0, second=0, microsecond=0)
    slot += _HOUR if slot < start else timedelta(0)
    while slot < end:
        sight = weather(slot + _HOUR, _SOURCE)
        values = [written(name, sight, units[v.kind]) for name, v in VARIABLES.items()]
        yield slot, [float(value) for value in values]
        slot += _HOUR


def _route(product: str) -> Route:
    answer, touched = partial(_answer, product=product), partial(_touched, product=product)
    kinds = WIRE_KINDS | ROW_KINDS | LIST_KINDS | {MISSING_ARRAY}
    return Route(f"/v1/{product}", answer, touched, kinds)


API = Api(
    name=_SOURCE,
    routes=(_route("forecast"), _route("archive")),
    refusals={
        **GENERIC,
        "429": SimulatedAnswer(
            429,
            b'{"error": true, "reason": "Minutely API request limit exceeded. '
            b'Please try again in one minute."}',
            JSON_UTF8,
        ),
        "too_many_at_once": SimulatedAnswer(
            429, _json({"error": True, "reason": "Too many concurrent requests"}), JSON_UTF8
        ),
        "500": SimulatedAnswer(
            500, _json({"reason": "Internal server error", "error": True}), JSON_UTF8
        ),
    },
    rate_per_minute=600,
    span_days=0,
    at_once=1,
    waiting=6,
    truths={"weather_hourly": Truth(tuple(v.field for v in VARIABLES.values()), _truth)},
)
