"""SIAR, the irrigation ministry's stations: half-hours and days (``siar.hourly``, ``siar.daily``).

Source:
    ``https://servicio.mapa.gob.es/siarapi/API/V1``, Sistema de Información Agroclimática
    para el Regadío; technical manual of the Web API v2.2 (May 2025). Access is free after
    registration ("Mi SiAR"); the data belong to the ministry and require attribution.
    Read 2026-11-24 from transcriptions of the manual and public clients; no answer of the
    API itself was available.

Documented:
    Encrypt login and password, get a token, send it as ``token`` (``siar.account``).
    ``/Datos/{Horarios|Diarios}/ESTACION?Id=J17&FechaInicial=…&FechaFinal=…``, dates without
    time, both included; ``EtPMon`` and ``PePMon`` only with ``DatosCalculados=true``.
    ``{"datos": […], "MensajeRespuesta": null}``.

Observed:
    "Horarios" are half-hours, 48 a day; ``HorMin`` is the whole number HHMM of the **end**:
    30, 100 … 2330, then 0 or 2400 for the end of the row's own ``Fecha``. ``datos`` and
    ``Datos``, ``HorMin`` and ``HoraMin``, ``humedadMin``: the case of names varies.
    ``IdProvincia`` and ``IdEstacion`` may be missing. A missing value is null, or has no row.
    Every refusal is a 403 with a text (``siar.refusals``).

Units:
    °C, %, m/s (the manual says "km/h or m/s, as configured"), °, mm; radiation W/m² in
    half-hours and MJ/m² in days; ``EtPMon`` mm.

Limits and lag:
    Those of the account, calls and records, in ``/Info/ACCESOS``. Half-hours come one to
    two hours late, days on the next day; both are corrected for about a month.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from gapfill.domain.grid import DAY
from gapfill.domain.interval import Interval
from gapfill.domain.local_time import day_interval, days_of
from gapfill.errors import ConfigError
from gapfill.sources.json_reader import Node, Payload, is_silent
from gapfill.sources.model import (
    Answer,
    Ask,
    HttpRequest,
    check,
    excerpt,
    is_blank,
    malformed,
    shown,
)
from gapfill.sources.rows import nulls
from gapfill.sources.siar import daily, hourly
from gapfill.sources.siar.account import BASE
from gapfill.sources.siar.fields import DAILY, HOURLY, members
from gapfill.sources.siar.refusals import says_nothing_there
from gapfill.sources.siar.rows import Span, dated

HALF_HOURS = 48
"""Rows of a day, also at a clock change."""

_OK = 200


def is_daily(ask: Ask) -> bool:
    """Return whether the request is for days, not half-hours."""
    return ask.product.resolution >= DAY


def span(ask: Ask) -> Span:
    """Return the dates that the interval touches: UTC dates for days, else the product's."""
    days = days_of(ask.interval, _zone(ask))
    return Span(days[0], days[-1])


def request(ask: Ask, since: date | None = None) -> HttpRequest:
    """Return the request for the dates that the requested interval touches.

    Args:
        ask: The request.
        since: First date that the account may see, if it is later.

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
    """Return the most records that the answer can count in the account's quota."""
    dates = span(ask)
    days = Span(since or dates.first, dates.last).days
    return days if is_daily(ask) else HALF_HOURS * days


def parse(ask: Ask, payload: Payload) -> Answer:
    """Turn an answer into readings.

    Args:
        ask: The request.
        payload: The answer, not a refusal (``refusals.read``).

    Returns:
        The requested slots' readings; none, with evidence, if SIAR has none.

    Raises:
        MalformedPayload: If it does not answer the request.
        ConfigError: If the place has no station of SIAR.
    """
    if payload.status != _OK:
        raise malformed(ask, f"it is HTTP {payload.status}: {excerpt(payload.body)!r}")
    document = members(_object(Node.load(ask, payload)))
    message = _message(document)
    is_none = message is not None and says_nothing_there(message)
    if "datos" not in document and not is_none:
        raise malformed(ask, "it has no datos")
    data = Node(ask, document.get("datos"), "datos")
    records = [] if data.value is None else data.items()
    nodes = [node for node in records if not is_silent(node.value)]
    if not nodes:
        if message is not None and not is_none:
            raise malformed(ask, f"it holds no rows and says {excerpt(message)!r}")
        what = "null" if data.value is None else "empty"
        said = "null" if message is None else repr(excerpt(message))
        return Answer(evidence=f"HTTP 200: datos is {what}, MensajeRespuesta {said}")
    columns = DAILY if is_daily(ask) else HOURLY
    rows, dropped = dated(ask, nodes, columns, span(ask), _station(ask))
    if message is not None and is_none and any(row.values for row in rows):
        said = excerpt(message)
        raise malformed(ask, f"it contradicts itself: it says {said!r} and holds values")
    found = daily.rows_of(ask, rows) if is_daily(ask) else hourly.pair(ask, rows)
    evidence = f"HTTP 200: {', '.join(found.notes)}"
    if message is not None:
        evidence += f"; MensajeRespuesta {excerpt(message)!r}"
    return check(
        ask,
        found.rows,
        _allowed(ask),
        evidence,
        dropped=[*dropped, *found.dropped, *nulls(records)],
        digits=hourly.DIGITS,
    )


def _allowed(ask: Ask) -> Interval:
    """Return the requested dates as ``[start, end)``."""
    dates, zone = span(ask), _zone(ask)
    return Interval(day_interval(dates.first, zone).start, day_interval(dates.last, zone).end)


def _zone(ask: Ask) -> str:
    """Return the zone of the dates: a daily slot is named by its date, which starts at 00:00Z."""
    return "UTC" if is_daily(ask) else ask.product.day_zone or hourly.ZONE


def _station(ask: Ask) -> str:
    if ask.station is None:
        raise ConfigError(
            f"Series {ask.series.name} cannot be asked of {ask.product.source}: add a station "
            f"of it to place {ask.series.place.name} in the catalogue."
        )
    return ask.station.id


def _object(node: Node) -> dict[str, object]:
    node.get("")  # raises for what is not an object
    return node.value if isinstance(node.value, dict) else {}


def _message(document: Mapping[str, object]) -> str | None:
    given = document.get("mensajerespuesta")
    return None if is_blank(given) else shown(given) if not isinstance(given, str) else given
