"""Every real answer in ``tests/payloads`` with what it answers, to be damaged and read."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from gapfill.errors import MalformedPayload
from gapfill.sources.aemet import errors
from gapfill.sources.aemet import parser as aemet
from gapfill.sources.aemet.rows import DAILY, HOURLY
from gapfill.sources.esios import parser as esios
from gapfill.sources.json_reader import Payload
from gapfill.sources.model import Answer, Ask
from gapfill.sources.open_meteo import parser as open_meteo
from gapfill.sources.open_meteo import refusals
from gapfill.sources.openweathermap import parser as owm
from gapfill.sources.ree import parser as ree
from gapfill.sources.siar import parser as siar
from gapfill.sources.siar.account import parse_limits, parse_word
from gapfill.sources.siar.fields import DAILY as SIAR_DAILY
from gapfill.sources.siar.refusals import authorised_from, read, says_nothing_there
from gapfill.sources.siar_csv import days as siar_csv_days
from gapfill.sources.siar_csv import parser as siar_csv
from tests.sources.aemet.asks import RECORD, days, hours
from tests.sources.asks import AUTUMN, ask_of, payload
from tests.sources.open_meteo.asks import UNITS, capture_ask, capture_in
from tests.sources.open_meteo.asks import ask_of as open_meteo_ask
from tests.sources.openweathermap.asks import owm_ask
from tests.sources.siar.asks import daily_ask, hourly_ask
from tests.sources.siar_csv.files import NAME, ask_days, csv_bytes, row

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
Parser = Callable[[Ask, int, bytes], Answer | None]


class Rows(NamedTuple):
    """Where an answer has its rows.

    Attributes:
        take: Returns them.
        put: Returns the answer with other rows in their place.
        is_list: Whether a row may be anything; else only an object has a place there.
    """

    take: Callable[[Any], list[Any]]
    put: Callable[[Any, list[Any]], Any]
    is_list: bool = True


@dataclass(frozen=True, slots=True)
class Case:
    """An answer.

    Attributes:
        ask: What it answers.
        body: Its bytes.
        parse: Reads it, as the hook would.
        status: Its HTTP status.
        rows: Its rows, where it has any.
        payload: Its file.
    """

    ask: Ask
    body: bytes
    parse: Parser
    status: int = 200
    rows: Rows | None = None
    payload: str = ""


def _aemet(ask: Ask, status: int, body: bytes) -> Answer | None:
    """Read it as either hop."""
    payload = Payload(status, body)
    errors.read_link(payload)
    statement = errors.read(payload)
    if statement is not None and statement.said is errors.Said.FINE:
        assert isinstance(aemet.link(ask, payload), str)
        return None
    return aemet.parse(ask, payload, found="HTTP 200, estado 200: exito")


def _first_hop(ask: Ask, status: int, body: bytes) -> Answer | None:
    try:
        assert isinstance(aemet.link(ask, Payload(status, body)), str)
    except MalformedPayload as exc:
        str(exc).encode()
    return aemet.parse(ask, Payload(status, body))


def _ree(ask: Ask, status: int, body: bytes) -> Answer:
    return ree.parse(ask, Payload(status, body))


def _open_meteo(ask: Ask, status: int, body: bytes) -> Answer:
    said = refusals.read(Payload(429, body))
    assert isinstance(said, refusals.Refusal)
    assert refusals.seconds_refused(said, ask.now) > 0
    return open_meteo.parse(ask, Payload(status, body))


def _owm(ask: Ask, status: int, body: bytes) -> Answer:
    owm.lacks_subscription(body)
    return owm.parse(ask, Payload(status, body))


def _esios(ask: Ask, status: int, body: bytes) -> Answer:
    return esios.parse(ask, Payload(status, body))


def _siar(ask: Ask, status: int, body: bytes) -> Answer:
    for given in (status, 403):
        refusal = read(Payload(given, body))
        if refusal is not None:
            assert refusal.said.isprintable()
            authorised_from(refusal, date(2025, 6, 30), date(2025, 7, 1))
    says_nothing_there(body[:1000].decode("latin-1"))
    return siar.parse(ask, Payload(status, body))


def _account(_ask: Ask, _status: int, body: bytes) -> None:
    allowed = parse_limits(Payload(200, body))
    assert all(1 <= n <= 10**9 for n in (allowed.calls_minute or 1, allowed.records_day or 1))
    assert 0 <= allowed.calls_today <= 10**9
    parse_word(Payload(200, body))


def _csv(ask: Ask, _status: int, body: bytes) -> Answer:
    files = [siar_csv.read_file(NAME, body)]
    siar_csv_days.held(files)
    return siar_csv_days.answer(ask, files)


def _at(*path: str | int) -> Rows:
    """Return the rows below these names."""

    def take(document: Any) -> list[Any]:  # noqa: ANN401 - any JSON
        for key in path:
            document = document[key]
        return list(document)

    def put(document: Any, rows: list[Any]) -> Any:  # noqa: ANN401 - any JSON
        if not path:
            return rows
        place = document
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = rows
        return document

    return Rows(take, put)


def _columns_of(document: Any) -> list[Any]:  # noqa: ANN401 - any JSON
    hourly = document["hourly"]
    return [{k: column[n] for k, column in hourly.items()} for n in range(len(hourly["time"]))]


def _into_columns(document: Any, rows: list[Any]) -> Any:  # noqa: ANN401 - any JSON
    known = [r if isinstance(r, dict) else {} for r in rows]
    document["hourly"] = {k: [r.get(k) for r in known] for k in document["hourly"]}
    return document


CAPTURED = datetime(2021, 1, 9, 12, 30, tzinfo=UTC)
AUGUST = datetime(2026, 8, 10, tzinfo=UTC)
ZOCCA = datetime(2022, 8, 30, 14, tzinfo=UTC)
THEN = datetime(2022, 2, 26, 14, tzinfo=UTC)
HOURS = hours(CAPTURED - 24 * HOUR, CAPTURED, station="3195", now=CAPTURED)
BAILEN = hours(AUGUST, AUGUST + 12 * HOUR, now=AUGUST + 12.3 * HOUR)
DAYS = days("2025-10-01", "2025-10-08")
CURRENT = owm_ask("current", ZOCCA, ZOCCA + timedelta(minutes=50), (44.34, 10.99))
TIMELINE = owm_ask("timeline", datetime(2025, 11, 5, 8, tzinfo=UTC), slots=4)
MOMENT = owm_ask("timemachine", THEN, THEN + 2 * HOUR, (52.2297, 21.0122))
JULY = datetime(2025, 7, 2, 10, tzinfo=UTC)
METEO = capture_ask()
ONE_DAY = open_meteo_ask(
    "2025-11-27T00:00", "2025-11-28T00:00", now=datetime(2026, 1, 1, tzinfo=UTC)
)
TWO_DAYS = (date(2025, 6, 30), date(2025, 7, 1))
JUNE = daily_ask(date(2025, 6, 1), date(2025, 6, 2), now=datetime(2025, 7, 2, tzinfo=UTC))
PVPC = ask_of("ree.pvpc", AUTUMN)
CEUTA = ask_of("ree.pvpc", date(2021, 6, 1), geo="8744")
NOVEMBER = replace(ask_of("ree.pvpc", date(2025, 11, 3)), now=datetime(2025, 11, 5, 12, tzinfo=UTC))
ARCHIVE = ask_of("esios.archive70", AUTUMN)
PRICES = Rows(
    lambda d: next(list(e["attributes"]["values"]) for e in d["included"] if e.get("id") == "1001"),
    lambda d, rows: (
        d
        | {
            "included": [
                e | {"attributes": e["attributes"] | {"values": rows}}
                if e.get("id") == "1001"
                else e
                for e in d["included"]
            ]
        }
    ),
)
WEEK = json.dumps([RECORD | {"fecha": f"2025-10-{n:02}"} for n in range(1, 9)]).encode()
HERE = _at()

VALUES = (
    set(HOURLY.values()) | set(DAILY.values()) | set(SIAR_DAILY.values()) | set(UNITS) - {"time"}
) | {"value", "PCB"}
"""Names under which a row of any source has its values."""

_FILES: list[tuple[str, Ask, Parser, int, Rows | None]] = [
    ("aemet_observations_2021-01-09.json", HOURS, _aemet, 200, HERE),
    ("case_aemet_5279X_without_humidity.json", BAILEN, _aemet, 200, HERE),
    ("case_aemet_one_hour_twice.json", BAILEN, _aemet, 200, None),
    ("aemet_envelope_2021-01-09.json", DAYS, _first_hop, 200, None),
    ("aemet_error_key.json", DAYS, _first_hop, 401, None),
    ("aemet_error_no_data.json", DAYS, _aemet, 200, None),
    ("aemet_error_range.json", DAYS, _first_hop, 200, None),
    ("aemet_error_too_many.json", DAYS, _first_hop, 429, None),
    ("ree_pvpc_2021-10-31.json", PVPC, _ree, 200, PRICES),
    ("ree_pvpc_2021-06-01_ceuta.json", CEUTA, _ree, 200, PRICES),
    ("case_ree_extra_entry_without_id.json", NOVEMBER, _ree, 200, PRICES),
    ("ree_error_no_data.json", PVPC, _ree, 502, None),
    (
        "esios_1001_2021-10-31.json",
        ask_of("esios.1001", AUTUMN),
        _esios,
        200,
        _at("indicator", "values"),
    ),
    ("esios_573_empty.json", ask_of("esios.1001", AUTUMN), _esios, 200, None),
    ("esios_error_forbidden.json", ask_of("esios.1001", AUTUMN), _esios, 403, None),
    ("esios_archive70_2021-10-31.json", ARCHIVE, _esios, 200, _at("PVPC")),
    ("esios_archive70_2019-03-31.json", ARCHIVE, _esios, 200, None),
    ("esios_archive70_error_no_values.json", ARCHIVE, _esios, 200, None),
    ("open_meteo_forecast_2025-12-19.json", METEO, _open_meteo, 200, None),
    ("open_meteo_archive_daily_2025-11-27.json", ONE_DAY, _open_meteo, 200, None),
    ("open_meteo_error_not_covered.txt", METEO, _open_meteo, 200, None),
    ("open_meteo_error_out_of_range.json", METEO, _open_meteo, 400, None),
    ("open_meteo_error_minutely.json", METEO, _open_meteo, 429, None),
    ("openweathermap_current_2022-08-30.json", CURRENT, _owm, 200, None),
    ("openweathermap_timemachine_2022-02-26.json", MOMENT, _owm, 200, None),
    ("openweathermap_onecall_hour_2024-04-26.json", MOMENT, _owm, 200, None),
    ("openweathermap_timeline_2025-11-05.json", TIMELINE, _owm, 200, _at("data")),
    ("openweathermap_error_invalid_key.json", CURRENT, _owm, 401, None),
    ("openweathermap_error_no_subscription.json", MOMENT, _owm, 401, None),
    ("openweathermap_error_no_city.json", CURRENT, _owm, 404, None),
    ("openweathermap_error_blocked.json", CURRENT, _owm, 429, None),
    (
        "case_openweathermap_rain_is_a_number.json",
        owm_ask("current", JULY, JULY + timedelta(minutes=5)),
        _owm,
        200,
        None,
    ),
    ("siar_hourly_2025-06-30.json", hourly_ask(*TWO_DAYS), _siar, 200, None),
    (
        "siar_daily_2025-09-14.json",
        daily_ask(date(2025, 9, 14), date(2025, 9, 16)),
        _siar,
        200,
        _at("datos"),
    ),
    ("case_siar_empty_last_record.json", JUNE, _siar, 200, _at("datos")),
    ("siar_accesos_2025-05.json", JUNE, _account, 200, None),
]

CASES: dict[str, Case] = {
    name.partition(".")[0]: Case(ask, payload(name), parse, status, rows, name)
    for name, ask, parse, status, rows in _FILES
} | {
    "aemet_days": Case(DAYS, WEEK, _aemet, rows=HERE),
    "open_meteo_in_our_units": Case(
        METEO, capture_in(UNITS), _open_meteo, rows=Rows(_columns_of, _into_columns, is_list=False)
    ),
    "openweathermap_current_in_celsius": Case(
        CURRENT,
        payload("openweathermap_current_2022-08-30.json").replace(b"298.48", b"25.33"),
        _owm,
    ),
    "openweathermap_moment_in_celsius": Case(
        MOMENT,
        payload("openweathermap_timemachine_2022-02-26.json")
        .replace(b"1645888976", b"1645887600")
        .replace(b"279.13", b"5.98"),
        _owm,
    ),
    "siar_hourly_of_madrid": Case(
        hourly_ask(*TWO_DAYS, zone="Europe/Madrid"), payload("siar_hourly_2025-06-30.json"), _siar
    ),
}
"""By name. SIAR's half-hours have no rows here: a row of theirs is half of a reading."""

CSV = Case(ask_days(count=5), csv_bytes(*(row(date(2024, 1, n)) for n in range(1, 6))), _csv)
"""A file of SIAR's web: no JSON, and damaged as bytes and cells alone."""
