"""AEMET OpenData: two hops to the hours (``aemet_observations``) and days (``aemet_daily``).

Source: captures of ``opendata.aemet.es`` of 2021 (home-assistant/core, Apache-2.0), errors
quoted in public issues, and its clients.

Documented: paths, the header or query parameter ``api_key``, the envelope.

Observed: Jackson's JSON in ISO-8859-15 as text/plain; ``estado`` in the body, mostly with
HTTP 200; HTTP 401 for a wrong key and 429 above some 40 requests a minute; a range above
6 months and a station that is not known are ``estado`` 404. The second hop needs no key.

Not known: the answer to an old link (here ``estado`` 404 "datos expirados") and when a link is
old (here after 5 minutes), the answer to a wrong date, whether the second hop counts towards
the rate (here it does), the first hop's text if it finds rows that the second does not have.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from gapfill_sandbox import aemet_daily, aemet_observations
from gapfill_sandbox import aemet_link as links
from gapfill_sandbox.aemet_stations import STATIONS, inventory
from gapfill_sandbox.api import Api, Ask, Route, SimulatedAnswer
from gapfill_sandbox.kinds import (
    CONTRADICTION,
    EXPIRED_LINK,
    LIST_KINDS,
    NO_DATA,
    RECORD_KINDS,
    ROW_KINDS,
    WIRE_KINDS,
)
from gapfill_sandbox.records import with_odd_record
from gapfill_sandbox.refusals import GENERIC
from gapfill_sandbox.times import local_day

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from gapfill_sandbox.aemet_link import Wanted

_BAD_KEY = "bad"
_CONTENT_TYPE = "text/plain;charset=ISO-8859-15"
_KEPT_FOR = timedelta(minutes=5)
_FIRST_HOP = WIRE_KINDS | {"empty", NO_DATA, "outage", CONTRADICTION}
_SECOND_HOP = (WIRE_KINDS | ROW_KINDS | LIST_KINDS | RECORD_KINDS | {EXPIRED_LINK}) - {
    "empty",
    NO_DATA,
}


def _write(data: object, status: int = 200) -> SimulatedAnswer:
    """Write JSON as AEMET does."""
    text = json.dumps(data, ensure_ascii=False, indent=2, separators=(",", " : "))
    return SimulatedAnswer(status, text.encode("iso-8859-15"), _CONTENT_TYPE)


def _say(estado: int, words: str, status: int = 200) -> SimulatedAnswer:
    """Return an answer that has no data."""
    return _write({"descripcion": words, "estado": estado}, status)


_NO_DATA = _say(404, "No hay datos que satisfagan esos criterios")
_TOO_LONG = _say(404, "El rango de fechas no puede ser superior a 6 meses")
_BAD_DATE = _say(400, "El formato de las fechas no es correcto", 400)
_WRONG_KEY = _say(401, "API key invalido", 401)
_EXPIRED = _say(404, "datos expirados")
_BUSY = (
    "Límite de peticiones o caudal por minuto excedido para este usuario. "
    "Espere al siguiente minuto."
)


def _has_key(ask: Ask) -> bool:
    """Return whether header or query have a key, and it is not refused."""
    return (ask.headers.get("api_key") or ask.first("api_key") or _BAD_KEY) != _BAD_KEY


def _envelope(read: Callable[[Ask], Wanted]) -> Callable[[Ask], SimulatedAnswer]:
    """Return the first hop for the requests that ``read`` reads: the link to the data, if any."""

    def answer(ask: Ask) -> SimulatedAnswer:
        if not _has_key(ask):
            return _WRONG_KEY
        try:
            wanted = read(ask)
        except ValueError:
            return _BAD_DATE
        if ask.span_days and (wanted.last - wanted.first).days >= ask.span_days:
            return _TOO_LONG
        rows = wanted.rows(ask)
        if ask.kind == CONTRADICTION:
            found = f"Se han encontrado {max(1, len(rows))} registros"
            return _found(ask, replace(wanted, kind=links.NOTHING), found)
        return _found(ask, wanted) if rows or wanted.kind == links.LIST else _NO_DATA

    return answer


def _found(ask: Ask, wanted: Wanted, words: str = "exito") -> SimulatedAnswer:
    """Return the answer of the first hop with the link to the data."""
    root = f"http://{ask.headers['host']}" if "host" in ask.headers else ask.hop_url
    paths = {"datos": wanted.link(), "metadatos": wanted.link(links.ABOUT)}
    return _write(
        {"descripcion": words, "estado": 200}
        | {name: f"{root}/opendata/sh/{path}" for name, path in paths.items()}
    )


def _data(ask: Ask) -> SimulatedAnswer:
    """Answer the second hop."""
    try:
        wanted = links.read_link(ask)
    except ValueError:
        return _EXPIRED
    if ask.now - wanted.issued > _KEPT_FOR:
        return _EXPIRED
    if wanted.kind == links.NOTHING:
        return _NO_DATA
    if wanted.kind == links.ABOUT:
        return _write({"unidad_generadora": "Servicio de Climatología", "campos": []})
    if wanted.kind == links.LIST:
        return _write(inventory())
    rows, station = wanted.rows(ask), STATIONS[ask.stations][wanted.station]
    records = (
        aemet_observations.write(station, rows, ask.now)
        if wanted.kind == links.HOURS
        else aemet_daily.write(station, rows)
    )
    return _write(with_odd_record(records, ask.kind))


def _touched(read: Callable[[Ask], Wanted]) -> Callable[[Ask], tuple[date, date] | None]:
    """Return a function for the local days that a request touches."""

    def days(ask: Ask) -> tuple[date, date] | None:
        try:
            wanted = read(ask)
        except ValueError:
            return None
        if wanted.kind == links.DAYS:
            return wanted.first, wanted.last
        return local_day(ask.now - aemet_observations.KEPT), local_day(ask.now)

    return days


def _route(path: str, read: Callable[[Ask], Wanted]) -> Route:
    """Return the first hop's route."""
    return Route(f"/opendata/api/{path}", _envelope(read), _touched(read), _FIRST_HOP)


API = Api(
    name="aemet",
    routes=(
        _route("observacion/convencional/datos/estacion/{station}", links.read_hours),
        _route(
            "valores/climatologicos/diarios/datos/"
            "fechaini/{start}/fechafin/{end}/estacion/{station}",
            links.read_days,
        ),
        _route("valores/climatologicos/inventarioestaciones/todasestaciones", links.read_list),
        Route(
            "/opendata/sh/{link}",
            _data,
            _touched(links.read_link),
            _SECOND_HOP,
        ),
    ),
    refusals={
        **GENERIC,
        "401": _WRONG_KEY,
        "429": _say(429, _BUSY, 429),
        "500": _say(500, "Error interno del servidor", 500),
        "estado_429": _say(429, _BUSY),
        EXPIRED_LINK: _EXPIRED,
    },
    rate_per_minute=40,
    span_days=184,
    truths={
        "weather_hourly": aemet_observations.TRUTH,
        "weather_daily": aemet_daily.TRUTH,
    },
)
