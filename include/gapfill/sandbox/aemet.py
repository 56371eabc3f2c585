"""AEMET OpenData: two hops to the hours (``aemet_observations``) and days (``aemet_daily``).

Source: ``opendata.aemet.es``, read through captures of 2021 (home-assistant/core,
Apache-2.0), its errors as public issues quote them, and the clients that live on it.

Documented: paths, the header or query parameter ``api_key``, the envelope.

Observed: Jackson's JSON in ISO-8859-15 as text/plain; ``estado`` in the body, mostly with
HTTP 200; HTTP 401 for a wrong key and 429 above some 40 requests a minute; a range above
6 months and a station that is not known are ``estado`` 404. The second hop needs no key.

Not known: what an old link is answered (here ``estado`` 404 "datos expirados") and when it
is old (here after 5 minutes), the answer to a wrong date, whether the second hop counts
towards the rate (here it does). A link here is what was asked, in hexadecimal digits.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from gapfill.sandbox import aemet_daily, aemet_observations
from gapfill.sandbox.aemet_stations import LINARES, STATIONS, inventory
from gapfill.sandbox.api import Answer, Api, Ask, Route
from gapfill.sandbox.kinds import EXPIRED_LINK, ROW_KINDS, WIRE_KINDS
from gapfill.sandbox.refusals import GENERIC
from gapfill.sandbox.times import local_day

if TYPE_CHECKING:
    from collections.abc import Callable

    from gapfill.sandbox.api import Row

_BAD_KEY = "bad"
_CONTENT_TYPE = "text/plain;charset=ISO-8859-15"
_KEPT_FOR = timedelta(minutes=5)
_HOURS, _DAYS, _LIST, _ABOUT = "hours", "days", "list", "about"
_TWO_HOPS = WIRE_KINDS | {"empty", "outage"}


def _write(data: object, status: int = 200) -> Answer:
    """Write JSON as AEMET does."""
    text = json.dumps(data, ensure_ascii=False, indent=2, separators=(",", " : "))
    return Answer(status, text.encode("iso-8859-15"), _CONTENT_TYPE)


def _say(estado: int, words: str, status: int = 200) -> Answer:
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


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a link leads to.

    Attributes:
        kind: Hours, days, the list of stations, or what the fields mean.
        station: Its id; of the list, nothing.
        first: First date asked for; of hours, the date of the asking.
        last: Last date asked for, included.
        issued: When the link was given.
    """

    kind: str
    station: str
    first: date
    last: date
    issued: datetime

    def link(self, kind: str | None = None) -> str:
        """Return it as hexadecimal digits."""
        seconds = int(self.issued.timestamp())
        parts = (kind or self.kind, self.station, self.first, self.last, seconds)
        return "|".join(map(str, parts)).encode().hex()

    @classmethod
    def read(cls, link: str) -> _Wanted:
        """Read a link.

        Raises:
            ValueError: If it is none of ours.
        """
        kind, station, first, last, seconds = bytes.fromhex(link).decode().split("|")
        issued = datetime.fromtimestamp(int(seconds), UTC)
        return cls(kind, station, date.fromisoformat(first), date.fromisoformat(last), issued)

    def rows(self, now: datetime) -> list[Row]:
        """Return the rows it leads to that are there."""
        if self.station not in STATIONS:
            return []
        if self.kind == _HOURS:
            return aemet_observations.rows(STATIONS[self.station], now)
        return aemet_daily.rows(self.first, self.last, now)


def _has_key(ask: Ask) -> bool:
    """Tell whether a key came, in the header or the query, that is not refused."""
    return (ask.headers.get("api_key") or ask.first("api_key") or _BAD_KEY) != _BAD_KEY


def _hours(ask: Ask) -> _Wanted:
    """Read a request for observations."""
    today = ask.now.date()
    return _Wanted(_HOURS, ask.parts["station"], today, today, ask.now)


def _days(ask: Ask) -> _Wanted:
    """Read a request for days.

    Raises:
        ValueError: If a date is wrong.
    """
    first, last = (
        datetime.strptime(ask.parts[name], "%Y-%m-%dT%H:%M:%SUTC").replace(tzinfo=UTC).date()
        for name in ("start", "end")
    )
    return _Wanted(_DAYS, ask.parts["station"], first, last, ask.now)


def _list(ask: Ask) -> _Wanted:
    """Read a request for the list of stations."""
    return _Wanted(_LIST, "", ask.now.date(), ask.now.date(), ask.now)


def _second(ask: Ask) -> _Wanted:
    """Read a link.

    Raises:
        ValueError: If it is none of ours.
    """
    return _Wanted.read(ask.parts["link"])


def _envelope(read: Callable[[Ask], _Wanted]) -> Callable[[Ask], Answer]:
    """Return the first hop of what ``read`` reads: where the data are, if there are any."""

    def answer(ask: Ask) -> Answer:
        if not _has_key(ask):
            return _WRONG_KEY
        try:
            wanted = read(ask)
        except ValueError:
            return _BAD_DATE
        if ask.span_days and (wanted.last - wanted.first).days >= ask.span_days:
            return _TOO_LONG
        if wanted.kind != _LIST and not ask.spoil(wanted.rows(ask.now)):
            return _NO_DATA
        root = f"http://{ask.headers['host']}" if "host" in ask.headers else ask.hop_url
        links = {"datos": wanted.link(), "metadatos": wanted.link(_ABOUT)}
        return _write(
            {"descripcion": "exito", "estado": 200}
            | {name: f"{root}/opendata/sh/{link}" for name, link in links.items()}
        )

    return answer


def _data(ask: Ask) -> Answer:
    """Answer the second hop."""
    try:
        wanted = _second(ask)
    except ValueError:
        return _EXPIRED
    if ask.now - wanted.issued > _KEPT_FOR:
        return _EXPIRED
    if wanted.kind == _ABOUT:
        return _write({"unidad_generadora": "Servicio de Climatología", "campos": []})
    if wanted.kind == _LIST:
        return _write(inventory())
    rows, station = ask.spoil(wanted.rows(ask.now)), STATIONS[wanted.station]
    if wanted.kind == _HOURS:
        return _write(aemet_observations.write(station, rows, ask.now))
    return _write(aemet_daily.write(station, rows))


def _touched(read: Callable[[Ask], _Wanted]) -> Callable[[Ask], tuple[date, date] | None]:
    """Return what tells the local days that a request touches."""

    def days(ask: Ask) -> tuple[date, date] | None:
        try:
            wanted = read(ask)
        except ValueError:
            return None
        if wanted.kind == _DAYS:
            return wanted.first, wanted.last
        return local_day(ask.now - aemet_observations.KEPT), local_day(ask.now)

    return days


def _route(path: str, read: Callable[[Ask], _Wanted]) -> Route:
    """Return the first hop's route."""
    return Route(f"/opendata/api/{path}", _envelope(read), _touched(read), _TWO_HOPS)


API = Api(
    name="aemet",
    routes=(
        _route("observacion/convencional/datos/estacion/{station}", _hours),
        _route(
            "valores/climatologicos/diarios/datos/"
            "fechaini/{start}/fechafin/{end}/estacion/{station}",
            _days,
        ),
        _route("valores/climatologicos/inventarioestaciones/todasestaciones", _list),
        Route(
            "/opendata/sh/{link}",
            _data,
            _touched(_second),
            (WIRE_KINDS | ROW_KINDS | {EXPIRED_LINK}) - {"empty"},
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
        "weather_hourly": aemet_observations.truth(LINARES),
        "weather_daily": aemet_daily.truth(),
    },
)
