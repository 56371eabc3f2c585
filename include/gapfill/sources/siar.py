"""SIAR, the irrigation ministry's stations: half-hours and days (``siar_hourly``, ``siar_daily``).

Source:
    ``https://servicio.mapa.gob.es/siarapi/API/V1``, Sistema de Información Agroclimática
    para el Regadío; technical manual of the Web API v2.2 (May 2025). Access is free after
    registering ("Mi SiAR"); the data are the ministry's, to be used with the source named.
    Read 2026-11-24 through transcriptions of the manual and public clients; no answer of
    the API itself was seen.

Documented:
    Encrypt login and password, get a token, send it as ``token`` (``siar_account``).
    ``/Datos/{Horarios|Diarios}/ESTACION?Id=J17&FechaInicial=…&FechaFinal=…``, dates without
    time, both included; ``EtPMon`` and ``PePMon`` only with ``DatosCalculados=true``.
    ``{"datos": […], "MensajeRespuesta": null}``.

Observed:
    "Horarios" are half-hours, 48 a day; ``HorMin`` is the whole number HHMM of the **end**:
    30, 100 … 2330, then 0 or 2400 for the end of the row's own ``Fecha``. ``datos`` and
    ``Datos``, ``HorMin`` and ``HoraMin``, ``humedadMin``: names are read in any case.
    ``IdProvincia`` and ``IdEstacion`` may lack. Missing values are null or the row lacks.
    Everything refused is a 403 with a text (``siar_refusal``).

Units:
    °C, %, m/s (the manual says "km/h or m/s, as configured"), °, mm; radiation W/m² in
    half-hours and MJ/m² in days; ``EtPMon`` mm.

Limits and lag:
    Those of the account, calls and records, in ``/Info/ACCESOS``. Half-hours come one to
    two hours late, days on the next day; both are corrected for about a month.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from gapfill.domain.civil import day_interval, days_of
from gapfill.domain.interval import Interval
from gapfill.domain.resolution import DAY
from gapfill.errors import ConfigError
from gapfill.sources import siar_daily, siar_hourly
from gapfill.sources.base import Answer, Ask, HttpRequest, check, excerpt, malformed
from gapfill.sources.payload import Node
from gapfill.sources.siar_account import BASE
from gapfill.sources.siar_fields import members
from gapfill.sources.siar_refusal import says_nothing_there

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

HALF_HOURS = 48
"""Rows of a day, whatever the clock does."""

_OK = 200
_CODE = re.compile(r"([A-Z]{1,3})0*(\d{1,3})", re.ASCII)
_ONE_DAY = timedelta(days=1)


class Span(NamedTuple):
    """The dates of a request, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many."""
        return (self.last - self.first).days + 1


def is_daily(ask: Ask) -> bool:
    """Tell whether days are asked and no half-hours."""
    return ask.product.resolution >= DAY


def span(ask: Ask) -> Span:
    """Return the dates that the asked interval touches: UTC dates of days, else the product's."""
    days = days_of(ask.interval, _zone(ask))
    return Span(days[0], days[-1])


def request(ask: Ask, since: date | None = None) -> HttpRequest:
    """Return the request for the dates that the asked interval touches.

    Args:
        ask: What is asked.
        since: First date to name instead, where the account may see no earlier one.

    Raises:
        ConfigError: If the place has no station of SIAR.
    """
    dates = span(ask)
    bounds = (("FechaInicial", str(since or dates.first)), ("FechaFinal", str(dates.last)))
    params = (("Id", _station(ask)), *bounds)
    if is_daily(ask):
        return HttpRequest(f"{BASE}/Datos/Diarios/ESTACION", (*params, ("DatosCalculados", "true")))
    return HttpRequest(f"{BASE}/Datos/Horarios/ESTACION", params)


def records(ask: Ask, since: date | None = None) -> int:
    """Return how many records the answer counts at most in the account's quota."""
    dates = span(ask)
    days = Span(since or dates.first, dates.last).days
    return days if is_daily(ask) else HALF_HOURS * days


def parse(ask: Ask, status: int, body: bytes) -> Answer:
    """Turn an answer into readings.

    Args:
        ask: What was asked.
        status: HTTP status.
        body: The answer's bytes; one that ``refusal_of`` knows does not come here.

    Returns:
        The asked slots' readings; none, with evidence, where there is nothing.

    Raises:
        MalformedPayload: If it is not an answer to what was asked.
        ConfigError: If the place has no station of SIAR.
    """
    if status != _OK:
        raise malformed(ask, f"it is HTTP {status}: {excerpt(body)!r}")
    document = members(Node.load(ask, body))
    if "datos" not in document:
        raise malformed(ask, "it has no datos")
    message = _message(document)
    data = document["datos"]
    rows = [] if data.value is None else data.items()
    if not rows:
        if message is not None and not says_nothing_there(message):
            raise malformed(ask, f"it holds no rows and says {excerpt(message)!r}")
        shown = "null" if data.value is None else "empty"
        said = "null" if message is None else repr(excerpt(message))
        return Answer(evidence=f"HTTP 200: datos is {shown}, MensajeRespuesta {said}")
    _refuse_other_stations(ask, rows)
    dated = _dated(ask, rows)
    found = siar_daily.rows_of(ask, dated) if is_daily(ask) else siar_hourly.pair(ask, dated)
    evidence = f"HTTP 200: {', '.join(found.notes)}"
    if message is not None:
        evidence += f"; MensajeRespuesta {excerpt(message)!r}"
    return check(ask, found.rows, _allowed(ask), evidence)


def _allowed(ask: Ask) -> Interval:
    """Return the asked dates as ``[start, end)``."""
    dates, zone = span(ask), _zone(ask)
    return Interval(day_interval(dates.first, zone).start, day_interval(dates.last, zone).end)


def _zone(ask: Ask) -> str:
    """Return the zone of the dates: a daily slot is named by its date, which starts at 00:00Z."""
    return "UTC" if is_daily(ask) else ask.product.day_zone or siar_hourly.ZONE


def _station(ask: Ask) -> str:
    if ask.station is None:
        message = (
            f"Series {ask.series.name} cannot be asked of {ask.product.source}: add a station "
            f"of it to place {ask.series.place.name} in the catalogue."
        )
        raise ConfigError(message)
    return ask.station.id


def _message(document: Mapping[str, Node]) -> str | None:
    node = document.get("mensajerespuesta")
    given = node.scalar() if node is not None else None
    return str(given) if given is not None and str(given).strip() else None


def _dated(ask: Ask, rows: Iterable[Node]) -> Iterator[tuple[date, Mapping[str, Node]]]:
    """Yield the date and the members of each row, one at a time: a long answer has many."""
    dates = span(ask)
    for row in rows:
        record = members(row)
        yield _date(ask, record, row.path, dates), record


def _date(ask: Ask, record: Mapping[str, Node], path: str, dates: Span) -> date:
    """Return the date of a row, one of those asked."""
    if "fecha" not in record:
        raise malformed(ask, f"{path} has no Fecha")
    text = record["fecha"].text().strip()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo or moment != datetime(moment.year, moment.month, moment.day):  # noqa: DTZ001 - a date on the wire
        raise malformed(ask, f"{path}.Fecha is {excerpt(text)[:40]!r}, no date")
    if not dates.first <= moment.date() <= dates.last:
        raise malformed(ask, f"it holds a row of {moment.date()}, which was not asked")
    return moment.date()


def _refuse_other_stations(ask: Ask, rows: Iterable[Node]) -> None:
    """Refuse rows of another station, where they clearly say so.

    ``Estacion`` may be the code, a name such as "Linares", or absent; the numbers are
    SIAR's own and in no catalogue. So a code must be the one asked for, and a name or
    number must be one and the same in all rows.
    """
    asked = _code(_station(ask))
    named: dict[str, set[str]] = {name: set() for name in ("estacion", "idprovincia", "idestacion")}
    for record in map(members, rows):
        for name, texts in named.items():
            if name in record:
                texts.add(str(record[name].scalar()).strip())
    for name, texts in named.items():
        given = texts - {"None", ""}
        others = {text for text in given if asked and _code(text) not in {None, asked}}
        if others or len({text.casefold() for text in given}) > 1:
            shown = excerpt(", ".join(sorted(others or given)))
            raise malformed(ask, f"its {name} is {shown}, and {_station(ask)} was asked")


def _code(text: str) -> tuple[str, str] | None:
    """Return a station's code in its two parts, ``None`` for a name or a number."""
    match = _CODE.fullmatch(text.strip().upper())
    return (match[1], match[2]) if match else None
