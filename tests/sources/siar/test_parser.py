"""SIAR: what is asked, and whether an answer is one to it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from gapfill.domain.interval import Interval
from gapfill.errors import ConfigError, MalformedPayload
from gapfill.sources.json_reader import Payload
from gapfill.sources.siar import parser as siar
from tests.sources.asks import payload
from tests.sources.siar.asks import body_of, daily_ask, half_hour, hourly_ask

DAY = date(2025, 6, 30)
PAIR = [half_hour("2025-06-30", 30), half_hour("2025-06-30", 100)]


def test_half_hours_are_asked_by_date_without_time() -> None:
    """Both dates are included."""
    request = siar.request(hourly_ask(DAY, date(2025, 7, 6)))
    assert request.path == "/siarapi/API/V1/Datos/Horarios/ESTACION"
    assert request.params == (
        ("Id", "J17"),
        ("FechaInicial", "2025-06-30"),
        ("FechaFinal", "2025-07-06"),
    )


def test_days_are_asked_with_what_is_calculated() -> None:
    """Without it there is no evapotranspiration."""
    request = siar.request(daily_ask(DAY, date(2025, 7, 30)))
    assert request.path == "/siarapi/API/V1/Datos/Diarios/ESTACION"
    assert request.params == (
        ("Id", "J17"),
        ("FechaInicial", "2025-06-30"),
        ("FechaFinal", "2025-07-30"),
        ("DatosCalculados", "true"),
    )


@pytest.mark.parametrize(
    "zone,first,last", [("UTC", "06-30", "06-30"), ("Europe/Madrid", "07-01", "07-01")]
)
def test_the_date_of_an_hour_is_that_of_the_time_base(zone: str, first: str, last: str) -> None:
    """22:00Z of June is of the next day in Madrid."""
    start = datetime(2025, 6, 30, 22, tzinfo=UTC)
    hour = Interval(start, start + timedelta(hours=1))
    request = siar.request(replace(hourly_ask(DAY, zone=zone), interval=hour))
    assert request.params[1:] == (("FechaInicial", f"2025-{first}"), ("FechaFinal", f"2025-{last}"))


def test_the_records_of_an_answer_are_known_beforehand() -> None:
    """48 a day, or one."""
    assert siar.records(hourly_ask(DAY)) == 48
    assert siar.records(hourly_ask(DAY, date(2025, 7, 6))) == 336
    assert siar.records(daily_ask(DAY, date(2025, 7, 30))) == 31
    assert siar.records(daily_ask(DAY, date(2025, 7, 30)), since=date(2025, 7, 21)) == 10


def test_a_request_may_start_later_than_the_asked_dates() -> None:
    """Where the account may see no earlier one."""
    request = siar.request(hourly_ask(DAY, date(2025, 7, 6)), since=date(2025, 7, 5))
    assert request.params[1:] == (("FechaInicial", "2025-07-05"), ("FechaFinal", "2025-07-06"))


def test_a_name_in_two_spellings_has_the_value_of_the_one_that_has_any() -> None:
    """In either order."""
    for names in (("datos", "Datos"), ("Datos", "datos")):
        for values in ((None, PAIR), (PAIR, None)):
            body = json.dumps(dict(zip(names, values, strict=True))).encode()
            assert len(siar.parse(hourly_ask(DAY), Payload(200, body)).readings) == 1


def test_a_place_without_a_station_cannot_be_asked() -> None:
    """The sentence says what lacks."""
    with pytest.raises(ConfigError, match="add a station of it to place linares"):
        siar.request(replace(hourly_ask(DAY), station=None))


@pytest.mark.parametrize(
    "rows,message,evidence",
    [
        ([], None, "HTTP 200: datos is empty, MensajeRespuesta null"),
        (None, None, "HTTP 200: datos is null, MensajeRespuesta null"),
        ([], "No hay datos", "HTTP 200: datos is empty, MensajeRespuesta 'No hay datos'"),
        (None, "Sin registros.", "HTTP 200: datos is null, MensajeRespuesta 'Sin registros.'"),
        (
            [],
            "No se han encontrado resultados",
            "HTTP 200: datos is empty, MensajeRespuesta 'No se han encontrado resultados'",
        ),
        (
            [None, {}, {"Fecha": None, "TempMedia": None}],
            "La consulta no ha devuelto datos",
            "HTTP 200: datos is empty, MensajeRespuesta 'La consulta no ha devuelto datos'",
        ),
    ],
)
def test_nothing_there_is_an_empty_answer_with_evidence(
    rows: list[Any] | None, message: str | None, evidence: str
) -> None:
    """Whether it is not yet or never, the services know."""
    answer = siar.parse(hourly_ask(DAY), Payload(200, body_of(rows, message)))
    assert (answer.readings, answer.evidence) == ((), evidence)


@pytest.mark.parametrize(
    "message",
    [
        "Se ha producido un error interno",
        "No se ha podido acceder a la base de datos",
        "Estación desconocida",
    ],
)
def test_an_unknown_message_without_rows_is_no_empty_answer(message: str) -> None:
    """A failure must never read as "nothing there"."""
    with pytest.raises(MalformedPayload, match="holds no rows and says"):
        siar.parse(hourly_ask(DAY), Payload(200, body_of([], message)))


def test_no_data_said_in_iso_8859_15_is_no_data() -> None:
    """SIAR's text has accents, and its bytes need not be UTF-8."""
    said = "No hay datos para los parámetros introducidos"
    body = json.dumps({"datos": [], "MensajeRespuesta": said}, ensure_ascii=False)
    answer = siar.parse(hourly_ask(DAY), Payload(200, body.encode("iso-8859-15")))
    assert answer.readings == ()
    assert answer.evidence == f"HTTP 200: datos is empty, MensajeRespuesta {said!r}"


def test_an_answer_without_a_list_that_says_there_is_nothing_is_empty() -> None:
    """The words are enough."""
    body = json.dumps({"MensajeRespuesta": "No existen datos"}).encode()
    assert siar.parse(hourly_ask(DAY), Payload(200, body)).evidence.startswith(
        "HTTP 200: datos is null"
    )


def test_an_answer_that_says_there_is_nothing_and_holds_values_is_malformed() -> None:
    """It contradicts itself; rows without a value do not."""
    with pytest.raises(MalformedPayload, match="contradicts itself: it says 'No existen datos'"):
        siar.parse(hourly_ask(DAY), Payload(200, body_of(PAIR, "No existen datos")))
    rows = [half_hour("2025-06-30", 30, TempMedia=None, HumedadMedia=None)]
    assert (
        siar.parse(hourly_ask(DAY), Payload(200, body_of(rows, "No existen datos"))).readings == ()
    )


def test_a_last_record_with_nothing_in_it_costs_nothing() -> None:
    """Two days are read."""
    ask = daily_ask(date(2025, 6, 1), date(2025, 6, 2), now=datetime(2025, 7, 2, tzinfo=UTC))
    answer = siar.parse(ask, Payload(200, payload("case_siar_empty_last_record.json")))
    assert [(f"{r.slot:%d}", r.values["temperature_mean"]) for r in answer.readings] == [
        ("01", 20.0),
        ("02", 20.0),
    ]
    assert (answer.rejected, answer.no_verdict) == ((), frozenset())


@pytest.mark.parametrize(
    "row,reason",
    [
        ({"Fecha": None}, "has no fecha"),
        ({"Fecha": 20250630}, "has the fecha int, which is not a date"),
        ({"Fecha": "0000-01-01T00:00:00"}, "which is not a date"),
        ({"Fecha": "9999-12-31T00:00:00"}, "which is not a date"),
        ({"Estacion": ["J17"]}, "has the estacion list, which is not a name or a number"),
        ({"IdEstacion": {}}, "has the idestacion dict, which is not a name or a number"),
    ],
)
@pytest.mark.parametrize("kind", ["hours", "days"])
def test_a_row_that_cannot_be_placed_costs_no_other(
    kind: str, row: dict[str, object], reason: str
) -> None:
    """It is dropped and reported, and what is missing has no verdict."""
    ask = hourly_ask(DAY) if kind == "hours" else daily_ask(DAY)
    rows = (
        [*PAIR, half_hour("2025-06-30", 130) | row]
        if kind == "hours"
        else [PAIR[0], half_hour("2025-06-30", 130) | row]
    )
    answer = siar.parse(ask, Payload(200, body_of(rows)))
    assert len(answer.readings) == 1
    (rejected,) = answer.rejected
    assert (rejected.slot, rejected.field) == (None, "row")
    assert rejected.reason.endswith(reason)
    assert len(answer.no_verdict) == (23 if kind == "hours" else 0)


def test_a_name_in_two_spellings_with_two_values_is_neither() -> None:
    """Nobody knows which one is meant."""
    row = half_hour("2025-06-30", 30) | {"tempmedia": 25.0}
    answer = siar.parse(daily_ask(DAY), Payload(200, body_of([row])))
    assert [dict(r.values) for r in answer.readings] == [{"humidity_mean": 50.0}]
    assert [r.reason for r in answer.rejected] == ["is given twice, with different values"]


def test_a_message_beside_rows_is_kept_as_evidence() -> None:
    """The rows count."""
    answer = siar.parse(hourly_ask(DAY), Payload(200, body_of(PAIR, "Datos provisionales")))
    assert len(answer.readings) == 1
    assert answer.evidence == "HTTP 200: 2 half-hours; MensajeRespuesta 'Datos provisionales'"


@pytest.mark.parametrize("given", ["J17", "j17", "J017", "Linares", "17", None])
def test_a_station_may_be_named_by_code_or_name_or_not_at_all(given: str | None) -> None:
    """Only a code can be told to be another's."""
    rows = [row | {"Estacion": given} for row in PAIR]
    assert len(siar.parse(hourly_ask(DAY), Payload(200, body_of(rows))).readings) == 1
    bare = [{k: v for k, v in row.items() if k != "Estacion"} for row in PAIR]
    assert len(siar.parse(hourly_ask(DAY), Payload(200, body_of(bare))).readings) == 1


@pytest.mark.parametrize(
    "others",
    [
        ({"Estacion": "J09"}, {"Estacion": "J09"}),
        ({}, {"Estacion": "AB01"}),
        ({"Estacion": "Linares"}, {"Estacion": "Jaén"}),
        ({"IdEstacion": 17}, {"IdEstacion": 9}),
        ({"IdProvincia": 23}, {"IdProvincia": 2}),
    ],
    ids=["another", "two codes", "two names", "two numbers", "two provinces"],
)
def test_rows_of_another_station_are_malformed(
    others: tuple[dict[str, object], dict[str, object]],
) -> None:
    """Or of two, which is one too many."""
    rows = [row | other for row, other in zip(PAIR, others, strict=True)]
    with pytest.raises(MalformedPayload, match="and J17 was asked"):
        siar.parse(hourly_ask(DAY), Payload(200, body_of(rows)))


@pytest.mark.parametrize("day", ["2025-06-29", "2025-07-01", "2024-06-30"])
def test_a_date_that_was_not_asked_is_malformed(day: str) -> None:
    """Shifted answers do harm unseen."""
    for ask in (hourly_ask(DAY), daily_ask(DAY)):
        with pytest.raises(MalformedPayload, match=f"a row of {day}, which was not asked"):
            siar.parse(ask, Payload(200, body_of([*PAIR, half_hour(day, 30)])))


@pytest.mark.parametrize(
    "fecha", ["2025-06-29T22:00:00", "2025-06-30T00:00:00Z", "30/06/2025", "", "2025-06-30T00:30"]
)
def test_a_date_of_another_form_is_malformed(fecha: str) -> None:
    """The API writes the installation of a station in UTC; a row's date must have no time."""
    with pytest.raises(MalformedPayload, match=r"has (no fecha|the fecha '.*', which is not a)"):
        siar.parse(hourly_ask(DAY), Payload(200, body_of([PAIR[0] | {"Fecha": fecha}])))


def test_a_date_may_come_without_its_midnight() -> None:
    """Both are the same date."""
    rows = [row | {"Fecha": "2025-06-30"} for row in PAIR]
    assert len(siar.parse(hourly_ask(DAY), Payload(200, body_of(rows))).readings) == 1


@pytest.mark.parametrize(
    "status,body,words",
    [
        (200, b"[]", "the whole of it is not an object"),
        (200, b"{}", "it has no datos"),
        (200, b'{"datos": {}}', "datos is not a list"),
        (200, b'{"datos": [1]}', r"datos\[0\] is not an object"),
        (200, b'{"datos": [{"TempMedia": 5}]}', r"datos\[0\] has no fecha"),
        (200, b'{"datos": [{"Fecha": 5, "TempMedia": 5}]}', "has the fecha int, which is not"),
        (200, b'{"datos": [], "MensajeRespuesta": [1]}', "holds no rows and says 'a list'"),
        (200, b"<html>", "a web page, not JSON"),
        (200, b'{"datos": [{"Fecha"', "not whole JSON"),
        (204, b"", "it is HTTP 204"),
        (400, b"no", "it is HTTP 400: 'no'"),
    ],
)
def test_an_answer_of_another_shape_is_malformed(status: int, body: bytes, words: str) -> None:
    """Nothing of it is stored, and the sentence says what is wrong with it."""
    with pytest.raises(MalformedPayload, match=words) as caught:
        siar.parse(hourly_ask(DAY), Payload(status, body))
    assert (caught.value.source, caught.value.series) == ("siar", "weather_hourly")


def test_hours_of_the_asked_dates_that_were_not_asked_are_dropped() -> None:
    """A date is asked whole."""
    start = datetime(2025, 6, 30, 5, tzinfo=UTC)
    ask = replace(hourly_ask(DAY), interval=Interval(start, start + timedelta(hours=1)))
    rows = [half_hour("2025-06-30", time) for time in (430, 500, 530, 600, 630, 700)]
    answer = siar.parse(ask, Payload(200, body_of(rows)))
    assert [reading.slot for reading in answer.readings] == [start]
