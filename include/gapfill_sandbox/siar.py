"""SIAR's Web API v2: tokens, the account's limits, half-hours and days of a station.

Source: transcriptions of the technical manual v2.2, and public clients.

Documented: paths, parameters, columns, ``{"datos": […], "MensajeRespuesta": null}``, the
counters of ACCESOS with 30 calls and 1,000,000 records a minute, 1,000 calls a day.

Observed by clients: authentication returns quoted texts; "Horarios" are half-hours with
``HorMin`` HHMM of their end, the day's last as 0 or 2400 (here 2400 on even days of the
month); 403 for a token and for a quota, with a text; ``IdProvincia`` and ``IdEstacion`` are
missing; soil temperatures are null; two decimal places.

Not known, and invented here: the complete texts (with their known phrases), the body around
them (here JSON), the answer to wrong credentials (here null) or parameters, the lifetime of a
token (here an hour of the virtual clock), whether authentication and ACCESOS count (here they
do), the zone of a daily quota (here Madrid's), and the message without data (here none; with
the fault ``no_data_text`` a sentence).

A token that starts with ``ready`` is valid for ever, without any authentication.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from gapfill_sandbox import siar_station as stations
from gapfill_sandbox.api import Api, Ask, Route
from gapfill_sandbox.kinds import (
    LIST_KINDS,
    NO_DATA_TEXT,
    RECORD_KINDS,
    ROW_KINDS,
    WIRE_KINDS,
)
from gapfill_sandbox.records import with_odd_record
from gapfill_sandbox.refusals import GENERIC
from gapfill_sandbox.siar_access import (
    BAD_TOKEN,
    TEXTS,
    account,
    counted,
    encrypt,
    give_token,
    has_token,
    refuse,
    refuse_over,
    say,
    tell_limits,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gapfill_sandbox.api import Row, SimulatedAnswer, Value

BASE = "/siarapi/API/V1"
_KINDS = WIRE_KINDS | ROW_KINDS | LIST_KINDS | RECORD_KINDS | {NO_DATA_TEXT}
_NO_RECORDS = "No existen datos para los criterios seleccionados."
_TOO_EARLY = "La fecha inicial no puede ser inferior a la fecha autorizada ({:%d/%m/%Y})."
_OF_THE_DAY = ("HorMinTempMax", "HorMinTempMin", "HorMinHumMax", "HorMinHumMin", "HorMinVelMax")
_CALCULATED = frozenset({"EtPMon", "PePMon"})
_WIDEST = 10_000
_LAST_OF_DAY = 2400


def _no_days(_ask: Ask) -> None:
    """Return no days, for a path that has none."""


def days(ask: Ask) -> tuple[date, date] | None:
    """Return the dates a request touches."""
    try:
        bounds = (
            date.fromisoformat(ask.first("FechaInicial") or ""),
            date.fromisoformat(ask.first("FechaFinal") or ""),
        )
    except ValueError:
        return None
    is_sane = bounds[0] <= bounds[1] and (bounds[1] - bounds[0]).days < _WIDEST
    return bounds if is_sane else None


def _hour_minute(row: Row) -> int:
    """Return HHMM of a half-hour's end; the day's last is 2400 on even days and 0 on odd ones."""
    end = row.start + stations.HALF
    if (end.hour, end.minute) != (0, 0):
        return 100 * end.hour + end.minute
    return 0 if row.start.day % 2 else _LAST_OF_DAY


def _half_hour(code: str, row: Row) -> dict[str, object]:
    head = {"Fecha": f"{row.start:%Y-%m-%d}T00:00:00", "Estacion": code}
    soil = dict.fromkeys(("TempSuelo1", "TempSuelo2"))
    return {**head, "HorMin": _hour_minute(row), **row.values, **soil}


def _day(code: str, row: Row, *, is_calculated: bool) -> dict[str, object]:
    head = {"Fecha": f"{row.start:%Y-%m-%d}T00:00:00", "Estacion": code}
    known: Mapping[str, Value] = {
        name: value
        for name, value in row.values.items()
        if is_calculated or name not in _CALCULATED
    }
    times = dict.fromkeys(_OF_THE_DAY, 1430)
    soil = dict.fromkeys(("TempSuelo1", "TempSuelo2", "CodTempSuelo1", "CodTempSuelo2"))
    return {**head, **known, **times, **soil}


def answer(ask: Ask) -> SimulatedAnswer:
    """Answer a request for half-hours or days of a station."""
    asked, code = days(ask), ask.first("Id")
    if not has_token(ask):
        return refuse(BAD_TOKEN)
    if asked is None or not code:
        return say(None, "Los parámetros de la petición no son correctos.", 400)
    refusal = _out_of_reach(ask, asked)
    if refusal is not None:
        return refusal
    rows = [] if ask.kind == NO_DATA_TEXT else ask.spoil(_rows(ask, code, asked))
    limit = account(ask).admit(ask.now, len(rows))
    if limit is not None:
        return refuse_over(limit)
    records = with_odd_record(_records(ask, code, rows), ask.kind)
    return say(records, _NO_RECORDS if ask.kind == NO_DATA_TEXT else None)


def _out_of_reach(ask: Ask, asked: tuple[date, date]) -> SimulatedAnswer | None:
    """Return the refusal of dates that the API or the account does not allow."""
    if ask.span_days and (asked[1] - asked[0]).days >= ask.span_days:
        return say(None, "El rango de fechas es demasiado amplio.", 400)
    since = account(ask).settings.get("authorised", 0)
    first = date.fromisoformat(str(since)) if since else date.min
    return refuse(_TOO_EARLY.format(first)) if asked[0] < first else None


def _records(ask: Ask, code: str, rows: Sequence[Row]) -> list[dict[str, object]]:
    """Return rows in the format of the payload."""
    if ask.parts["kind"] == "Horarios":
        return [_half_hour(code, row) for row in rows]
    is_calculated = (ask.first("DatosCalculados") or "").lower() == "true"
    return [_day(code, row, is_calculated=is_calculated) for row in rows]


def _rows(ask: Ask, code: str, asked: tuple[date, date]) -> list[Row]:
    """Return the available rows; none of an unknown station."""
    station = stations.STATIONS.get(code)
    if station is None:
        return []
    dates: Sequence[date] = [
        asked[0] + timedelta(days=n) for n in range((asked[1] - asked[0]).days + 1)
    ]
    read = stations.dailies if ask.parts["kind"] == "Diarios" else stations.half_hours
    return read(station, dates, ask.now)


API = Api(
    name="siar",
    routes=(
        Route(f"{BASE}/Autenticacion/cifrarCadena", counted(encrypt), _no_days, WIRE_KINDS),
        Route(f"{BASE}/Autenticacion/obtenerToken", counted(give_token), _no_days, WIRE_KINDS),
        Route(f"{BASE}/Info/ACCESOS", counted(tell_limits), _no_days, WIRE_KINDS),
        Route(f"{BASE}/Datos/{{kind:Horarios|Diarios}}/ESTACION", answer, days, _KINDS),
    ),
    refusals={**GENERIC, "403_quota": refuse(TEXTS["calls_minute"])},
    rate_per_minute=30,
    span_days=0,
    truths=stations.TRUTHS,
    account={
        "calls_day": 1000,
        "records_minute": 1_000_000,
        "records_day": 0,
        "token_minutes": 60,
        "token_uses": 0,
        "authorised": 0,
    },
)
