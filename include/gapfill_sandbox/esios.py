"""ESIOS: indicators with a token, and the keyless archive 70 (in ``esios.archive``).

Source: captures of ``api.esios.ree.es`` of 2021 (aiopvpc, MIT).

Documented: paths, headers.

Observed: all places unless ``geo_ids[]`` selects some, in no fixed order within an hour;
``datetime_utc`` repeats the first passing's instant in the autumn hour; an answer without
values is HTTP 200 with an empty list and no time of update; a refused token is HTTP 403.
With ``time_trunc=hour`` the quarters of 600 are summed unless ``time_agg=avg``.

Not known: the answers to a wrong parameter, an unknown indicator, a range that is too long
and too many requests; those here are in Rails' usual form.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from gapfill_sandbox import esios_archive, world
from gapfill_sandbox.api import JSON_UTF8, Api, Ask, Route, Row, SimulatedAnswer, Value
from gapfill_sandbox.kinds import LIST_KINDS, RECORD_KINDS, ROW_KINDS, WIRE_KINDS
from gapfill_sandbox.noise import noise
from gapfill_sandbox.records import with_odd_record
from gapfill_sandbox.refusals import GENERIC
from gapfill_sandbox.times import MADRID, local_day, local_stamp, parse_local, stamp

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_BAD_KEY = "bad"
_KINDS = WIRE_KINDS | ROW_KINDS | LIST_KINDS | RECORD_KINDS
_TOKEN = re.compile(r'^Token token="?([^"]*)"?$')
_FORBIDDEN = SimulatedAnswer(403, b'{ "Status": 403, "message": "Forbidden" }', JSON_UTF8)
_TOO_LONG = SimulatedAnswer(500, b'{"status":500,"error":"Internal Server Error"}', JSON_UTF8)


@dataclass(frozen=True, slots=True)
class _Indicator:
    """The texts of an indicator's payload."""

    name: str
    short_name: str
    step: Mapping[str, object]
    geos: Mapping[int, str]


_HOUR = {"name": "Hora", "id": 4}
_QUARTER = {"name": "Quince minutos", "id": 218}
_INDICATORS = {
    world.PVPC: _Indicator(
        "Término de facturación de energía activa del PVPC 2.0TD",
        "PVPC T. 2.0TD",
        _HOUR,
        world.PVPC_GEOS,
    ),
    world.SPOT: _Indicator("Precio mercado SPOT Diario", "Mercado SPOT", _QUARTER, world.SPOT_GEOS),
}


def _error(status: int, text: str) -> SimulatedAnswer:
    """Return an error in Rails' usual form."""
    return SimulatedAnswer(
        status, json.dumps({"status": status, "error": text}).encode(), JSON_UTF8
    )


def _is_allowed(headers: Mapping[str, str]) -> bool:
    """Return whether one of the two headers has a valid token."""
    token = _TOKEN.match(headers.get("authorization", ""))
    keys = {headers.get("x-api-key", ""), token.group(1) if token else ""} - {""}
    return bool(keys) and _BAD_KEY not in keys


def _bounds(ask: Ask) -> tuple[datetime, datetime]:
    """Return the first and last requested instant.

    Raises:
        ValueError: If one is missing or wrong.
    """
    start, end = ask.first("start_date"), ask.first("end_date")
    if start is None or end is None:
        message = "start_date and end_date are required"
        raise ValueError(message)
    bounds = parse_local(start), parse_local(end, is_end=True)
    if bounds[1] < bounds[0]:
        message = "end_date is before start_date"
        raise ValueError(message)
    return bounds


def days(ask: Ask) -> tuple[date, date] | None:
    """Return the local days a request touches."""
    try:
        start, end = _bounds(ask)
    except ValueError:
        return None
    return local_day(start), local_day(end)


def _is_too_long(start: datetime, end: datetime, span_days: int) -> bool:
    """Return whether a range is longer, on the local clock, than the API allows."""
    first, last = (bound.astimezone(MADRID).replace(tzinfo=None) for bound in (start, end))
    return span_days > 0 and last - first > timedelta(days=span_days)


def _rows(number: int, geos: Sequence[int], slots: Sequence[datetime]) -> list[Row]:
    """Return the slots with a value per place."""
    return [Row(slot, {str(geo): world.price(geo, slot, number) for geo in geos}) for slot in slots]


def _by_hour(rows: Sequence[Row], *, is_mean: bool) -> list[Row]:
    """Return the rows of each hour as one: summed, or their mean."""
    hours: list[Row] = []
    for start, group in groupby(rows, key=lambda row: row.start.replace(minute=0)):
        members = list(group)
        count = len(members) if is_mean else 1
        totals: dict[str, Value] = {
            geo: round(sum(float(row.values[geo]) for row in members) / count, 2)
            for geo in members[0].values
        }
        hours.append(Row(start, totals))
    return hours


def _values(rows: Sequence[Row], names: Mapping[int, str]) -> list[dict[str, object]]:
    """Return the payload's values, the places of each slot in random order."""
    values: list[dict[str, object]] = []
    for row in rows:
        local = row.start.astimezone(MADRID)
        moments = {
            "datetime": local_stamp(row.start),
            "datetime_utc": stamp(local.replace(fold=0).astimezone(UTC)),
            "tz_time": stamp(row.start).replace("Z", ".000Z"),
        }
        for geo in sorted(row.values, key=lambda geo: noise(geo, row.start)):
            place = {"geo_id": int(geo), "geo_name": names[int(geo)]}
            values.append({"value": row.values[geo], **moments, **place})
    return values


def _payload(number: int, rows: Sequence[Row], updated: str | None, kind: str | None) -> object:
    """Return the whole answer, for a fault of this kind."""
    about = _INDICATORS[number]
    shown = {geo for row in rows for geo in row.values}
    return {
        "indicator": {
            "name": about.name,
            "short_name": about.short_name,
            "id": number,
            "composited": False,
            "step_type": "linear",
            "disaggregated": True,
            "magnitud": [{"name": "Precio", "id": 23}],
            "tiempo": [about.step],
            "geos": [
                {"geo_id": geo, "geo_name": name}
                for geo, name in about.geos.items()
                if str(geo) in shown
            ],
            "values_updated_at": updated,
            "values": with_odd_record(_values(rows, about.geos), kind),
        }
    }


def answer(ask: Ask) -> SimulatedAnswer:
    """Answer a request for an indicator."""
    if not _is_allowed(ask.headers):
        return _FORBIDDEN
    number = int(ask.parts["indicator"])
    if number not in _INDICATORS:
        return _error(404, "Not Found")
    try:
        start, end = _bounds(ask)
        asked = {int(geo) for geo in ask.query.get("geo_ids[]", ())}
    except ValueError:
        return _error(400, "Bad Request")
    if ask.first("time_trunc") not in {None, "hour"}:
        return _error(400, "Bad Request")
    if _is_too_long(start, end, ask.span_days):
        return _TOO_LONG
    geos = [geo for geo in _INDICATORS[number].geos if not asked or geo in asked]
    slots = world.published_slots(start, end, ask.now, number) if geos else []
    rows = _rows(number, geos, slots)
    if ask.first("time_trunc") == "hour":
        rows = _by_hour(rows, is_mean=ask.first("time_agg") in {"avg", "average"})
    spoilt = ask.spoil(rows)
    updated = local_stamp(world.published_at(local_day(rows[-1].start), number)) if spoilt else None
    payload = _payload(number, spoilt, updated, ask.kind)
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    return SimulatedAnswer(200, text.encode(), JSON_UTF8)


API = Api(
    name="esios",
    routes=(Route(r"/indicators/{indicator:\d+}", answer, days, _KINDS), *esios_archive.ROUTES),
    refusals={
        **GENERIC,
        **esios_archive.REFUSALS,
        "401": SimulatedAnswer(401, _FORBIDDEN.body.replace(b"403", b"401"), JSON_UTF8),
        "403": _FORBIDDEN,
        "403_quota": _FORBIDDEN,
        "429": _error(429, "Too Many Requests"),
        "500": _error(500, "Internal Server Error"),
    },
    rate_per_minute=30,
    span_days=21,
)
