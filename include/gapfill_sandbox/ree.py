r"""REE apidatos: prices of the peninsular market in real time, without a key.

Source: a capture of ``apidatos.ree.es`` of 2021 (aiopvpc, MIT), and public logs of calls in
September 2026.

Documented: path, parameters, local bounds without offset.

Observed: the end bound is inclusive; PHP's JSON (ASCII, ``\/``, whole numbers without a
point); HTTP 502 with a detail if nothing is published; HTTP 400 "Error Interno" for a range
of 92 days and for ``time_trunc=day`` (31 days work); 600 has a value per quarter-hour since
2025-10-01, and a request with ``geo_ids`` gets only 1001 since about then. Titles were
"PVPC (€/MWh)" until 2023 and are "PVPC" now. The order of the series is not fixed: here 600 is
first if the range starts on an even day of the month.

Not known: the body of a wrong parameter (here the same 400), of a 429, any rate limit.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from gapfill_sandbox import world
from gapfill_sandbox.api import Api, Ask, Route, Row, SimulatedAnswer, Value
from gapfill_sandbox.kinds import LIST_KINDS, RECORD_KINDS, ROW_KINDS, WIRE_KINDS
from gapfill_sandbox.price_truth import price_truth
from gapfill_sandbox.records import with_odd_record
from gapfill_sandbox.refusals import GENERIC
from gapfill_sandbox.times import MADRID, local_day, local_stamp, parse_local

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_GEOS_BY_NAME = dict(
    zip(("peninsular", "canarias", "baleares", "ceuta", "melilla"), world.PVPC_GEOS, strict=True)
)
_GEOS_WITH_SPOT = frozenset((8741, 8742, 8743))
_GEO_FILTER_DROPS_SPOT = datetime(2025, 10, 1, tzinfo=UTC)
_SHORT_TITLES = datetime(2025, 1, 1, tzinfo=UTC)
_TITLES = {
    "es": {"1001": "PVPC", "600": "Precio mercado spot"},
    "en": {"1001": "PVPC", "600": "Spot market price"},
}
_HEADINGS = {
    "es": "Precios mercado peninsular en tiempo real",
    "en": "Real-time peninsular market prices",
}
_KINDS = WIRE_KINDS | ROW_KINDS | LIST_KINDS | RECORD_KINDS
_COLORS = {"1001": "#ffcf09", "600": "#df4a32"}


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A valid request; it includes both bounds."""

    start: datetime
    end: datetime
    geo: int | None
    language: str

    @property
    def length(self) -> timedelta:
        """Length of the range on the local clock."""
        start, end = (bound.astimezone(MADRID) for bound in (self.start, self.end))
        return end.replace(tzinfo=None) - start.replace(tzinfo=None)


def _php(data: object) -> bytes:
    """Write JSON as PHP does."""
    return json.dumps(data, separators=(",", ":")).replace("/", "\\/").encode()


def _error(status: int, title: str, detail: str, **more: int) -> SimulatedAnswer:
    """Return an error in apidatos' shape."""
    error = {**more, "status": str(status), "title": title, "detail": detail}
    return SimulatedAnswer(status, _php({"errors": [error]}))


_NO_DATA = _error(
    502, "Bad response from ESIOS", "There are no data for the selected filters.", code=502
)
_NOT_SERVED = _error(
    400,
    "Error Interno",
    "Los datos solicitados no están disponibles en este momento. Inténtelo de nuevo más tarde.",
)


def _parse(ask: Ask) -> _Wanted:
    """Read the request.

    Raises:
        ValueError: If a parameter is missing or wrong.
    """
    start, end = ask.first("start_date"), ask.first("end_date")
    if start is None or end is None or ask.first("time_trunc") != "hour":
        message = "start_date, end_date and time_trunc=hour are required"
        raise ValueError(message)
    geo, limit = ask.first("geo_ids"), ask.first("geo_limit")
    if limit is not None and limit not in _GEOS_BY_NAME:
        message = f"unknown geo_limit {limit!r}"
        raise ValueError(message)
    wanted = _Wanted(
        parse_local(start),
        parse_local(end, is_end=True),
        int(geo) if geo is not None else _GEOS_BY_NAME.get(limit or ""),
        ask.parts["language"],
    )
    if wanted.end < wanted.start:
        message = "end_date is before start_date"
        raise ValueError(message)
    return wanted


def days(ask: Ask) -> tuple[date, date] | None:
    """Return the local days a request touches."""
    try:
        wanted = _parse(ask)
    except ValueError:
        return None
    return local_day(wanted.start), local_day(wanted.end)


def _rows(wanted: _Wanted, now: datetime) -> list[Row]:
    """Return the published values, a row per instant that has any."""
    by_slot: dict[datetime, dict[str, Value]] = {}
    geo = world.PENINSULA if wanted.geo is None else wanted.geo
    if geo in world.PVPC_GEOS:
        for slot in world.published_slots(wanted.start, wanted.end, now, world.PVPC):
            by_slot.setdefault(slot, {})["1001"] = world.price(geo, slot)
    is_filtered = wanted.geo is not None and now >= _GEO_FILTER_DROPS_SPOT
    if geo in _GEOS_WITH_SPOT and not is_filtered:
        for slot in world.published_slots(wanted.start, wanted.end, now, world.SPOT):
            spot = world.price(world.SPAIN, slot, world.SPOT)
            by_slot.setdefault(slot, {})["600"] = spot
    return [Row(slot, by_slot[slot]) for slot in sorted(by_slot)]


def _last_updates(rows: Iterable[Row]) -> dict[str, str]:
    """Return the last update of each series, in the payload's format."""
    last_days = {name: local_day(row.start) for row in rows for name in row.values}
    return {
        name: local_stamp(world.published_at(day, int(name))) for name, day in last_days.items()
    }


def _number(value: Value) -> Value:
    """Return a number as PHP writes it: whole ones without a point."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _share(name: str, values: Mapping[str, Value]) -> Value:
    """Return a value's share of all values of its instant."""
    numbers = {key: abs(value) for key, value in values.items() if not isinstance(value, str)}
    total = sum(numbers.values())
    return _number(numbers.get(name, 0) / total) if total else 0


def _series(name: str, rows: Sequence[Row], title: str, last_update: str) -> dict[str, object]:
    """Return one entry of ``included``."""
    return {
        "type": title,
        "id": name,
        "groupId": None,
        "attributes": {
            "title": title,
            "description": None,
            "color": _COLORS[name],
            "type": None,
            "magnitude": "price",
            "composite": False,
            "last-update": last_update,
            "values": [
                {
                    "value": _number(row.values[name]),
                    "percentage": _share(name, row.values),
                    "datetime": local_stamp(row.start),
                }
                for row in rows
                if name in row.values
            ],
        },
    }


def _payload(ask: Ask, wanted: _Wanted, rows: Sequence[Row], updates: Mapping[str, str]) -> object:
    """Return the whole answer."""
    is_spot_first = wanted.start.astimezone(MADRID).day % 2 == 0
    names = sorted(updates, reverse=is_spot_first)
    unit = "" if ask.now >= _SHORT_TITLES else " (€/MWh)"
    titles, heading = _TITLES[wanted.language], _HEADINGS[wanted.language]
    return {
        "data": {
            "type": heading,
            "id": "mer13",
            "attributes": {
                "title": heading,
                "last-update": max(updates.values()),
                "description": None,
            },
            "meta": {"cache-control": {"cache": "MISS"}},
        },
        "included": with_odd_record(
            [_series(name, rows, titles[name] + unit, updates[name]) for name in names], ask.kind
        ),
    }


def answer(ask: Ask) -> SimulatedAnswer:
    """Answer a request for prices."""
    try:
        wanted = _parse(ask)
    except ValueError:
        return _NOT_SERVED
    if ask.span_days and wanted.length > timedelta(days=ask.span_days):
        return _NOT_SERVED
    rows = _rows(wanted, ask.now)
    spoilt = ask.spoil(rows)
    if not spoilt:
        return _NO_DATA
    return SimulatedAnswer(200, _php(_payload(ask, wanted, spoilt, _last_updates(rows))))


API = Api(
    name="ree",
    routes=(
        Route(
            "/{language:es|en}/datos/mercados/precios-mercados-tiempo-real", answer, days, _KINDS
        ),
    ),
    refusals={
        **GENERIC,
        "429": _error(429, "Too Many Requests", "Too many requests."),
        "500": _error(500, "Internal Server Error", "Internal server error."),
    },
    rate_per_minute=30,
    span_days=14,
    truths={
        "pvpc": price_truth(world.PVPC, world.PENINSULA),
        "spot": price_truth(world.SPOT, world.SPAIN),
    },
)
