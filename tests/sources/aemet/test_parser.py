"""AEMET: requests of hours and days, and answers on captures and in the described shapes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from gapfill.domain.interval import Interval
from gapfill.domain.series import Grade
from gapfill.errors import ConfigError, MalformedPayload
from gapfill.sources.aemet import parser as aemet
from gapfill.sources.json_reader import Payload
from tests.sources.aemet.asks import HOUR, RECORD, days, hours
from tests.sources.asks import payload, within

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gapfill.sources.model import Answer

CAPTURE = payload("aemet_observations_2021-01-09.json")
CAPTURED = datetime(2021, 1, 9, 12, 30, tzinfo=UTC)
MIDDAY = datetime(2025, 11, 5, 12, tzinfo=UTC)


def _days(*records: Mapping[str, object]) -> Answer:
    return aemet.parse(days("2025-10-05"), Payload(200, json.dumps(records).encode("iso-8859-15")))


def _day(**changes: object) -> Answer:
    """Return the answer to the day of many traps, with other members; ``None`` takes one out."""
    record = {key: value for key, value in (RECORD | changes).items() if value is not None}
    return _days(record)


def _hour(**row: object) -> Answer:
    """Return the answer to one hour, 11:00Z to 12:00Z unless the row says otherwise."""
    whole = {"idema": "5279X", "fint": "2025-11-05T12:00:00+0000", "ta": 12.5, "hr": 61.0, **row}
    ask = hours(MIDDAY - 12 * HOUR, MIDDAY)
    return aemet.parse(ask, Payload(200, json.dumps([whole]).encode()))


def test_hours_are_asked_by_station_alone() -> None:
    """The API has one window, and no way to ask for a part of it."""
    request = aemet.request(hours(MIDDAY - HOUR, MIDDAY))
    assert request.path == "/opendata/api/observacion/convencional/datos/estacion/5279X"
    assert request.params == ()


def test_days_are_asked_whole_and_in_utc() -> None:
    """From the first second of the first to the last of the last."""
    ask = days("2025-03-29", "2025-04-01")
    start = datetime(2025, 3, 29, 22, 30, tzinfo=UTC)  # the next day in Madrid
    for part in (ask, within(ask, start, start + timedelta(days=3))):
        assert aemet.request(part).path == (
            "/opendata/api/valores/climatologicos/diarios/datos/fechaini/2025-03-29T00:00:00UTC"
            "/fechafin/2025-04-01T23:59:59UTC/estacion/5279X"
        )


def test_a_station_cannot_lead_to_another_path() -> None:
    """Whatever the catalogue says it is."""
    request = aemet.request(hours(MIDDAY - HOUR, MIDDAY, station="../todas?x"))
    assert request.path.endswith("/estacion/..%2Ftodas%3Fx")


def test_without_a_station_there_is_nothing_to_ask() -> None:
    """The message says where to put one."""
    ask = replace(days("2025-10-05"), station=None)
    with pytest.raises(ConfigError, match="add an AEMET station to its place 'linares'"):
        aemet.request(ask)


def test_a_product_that_aemet_has_not_is_a_catalogue_error() -> None:
    """A new product needs new code."""
    ask = days("2025-10-05")
    ask = replace(ask, product=replace(ask.product, name="monthly"))
    with pytest.raises(ConfigError, match="no product 'monthly'"):
        aemet.request(ask)


def test_the_envelope_names_the_link() -> None:
    """As captured."""
    body = payload("aemet_envelope_2021-01-09.json")
    expected = "https://opendata.aemet.es/opendata/sh/208c3ca3"
    assert aemet.link(days("2025-10-05"), Payload(200, body)) == expected


@pytest.mark.parametrize(
    "body,words",
    [
        (b'{"descripcion": "exito", "estado": 200}', "it has no datos"),
        (b'{"estado": 200, "datos": null}', "datos is not a text"),
        (b"[]", "not an object"),
        (b"<html>Aviso</html>", "a web page"),
        (b'{"descripcion": "Nada", "estado": 404}', "HTTP 200, estado 404: Nada"),
        (b'{"descripcion": "datos expirados", "estado": 404}', "estado 404: datos expirados"),
    ],
)
def test_an_envelope_without_a_link_is_malformed(body: bytes, words: str) -> None:
    """An unknown 404 is never "no data"."""
    with pytest.raises(MalformedPayload, match=words):
        aemet.link(days("2025-10-05"), Payload(200, body))


def test_an_hour_is_named_by_its_start_and_stated_by_its_end() -> None:
    """The capture's first ``fint`` is 14:00, without an offset: the slot is 13:00Z."""
    start = datetime(2021, 1, 8, 13, tzinfo=UTC)
    ask = hours(start, start + 23 * HOUR, station="3195", now=CAPTURED)
    answer = aemet.parse(ask, Payload(200, CAPTURE))
    assert [r.slot for r in answer.readings] == [start + n * HOUR for n in range(23)]
    first = answer.readings[0]
    assert first.values == {
        "temperature": 0.1,
        "humidity": 97.0,
        "pressure": 929.9,
        "precipitation": 1.2,
    }
    assert {(r.grade, r.source) for r in answer.readings} == {(Grade.OBSERVED, "aemet/3195")}
    assert (answer.rejected, answer.evidence) == ((), "HTTP 200: 23 rows")


def test_an_envelope_under_another_status_is_malformed() -> None:
    """A page that is not found has no rows to give."""
    with pytest.raises(MalformedPayload, match="HTTP 404, estado 200: exito"):
        aemet.link(days("2025-10-05"), Payload(404, payload("aemet_envelope_2021-01-09.json")))


def test_hours_that_were_not_asked_are_dropped() -> None:
    """The window is the API's, not ours."""
    start = datetime(2021, 1, 9, 4, tzinfo=UTC)
    ask = hours(start, start + 2 * HOUR, station="3195", now=CAPTURED)
    assert [r.slot for r in aemet.parse(ask, Payload(200, CAPTURE)).readings] == [
        start,
        start + HOUR,
    ]


@pytest.mark.parametrize(
    "fint",
    [
        "2025-11-05T12:00:00",
        "2025-11-05T12:00:00+0000",
        "2025-11-05T12:00:00+00:00",
        "2025-11-05T12:00:00Z",
        "2025-11-05T13:00:00+0100",
    ],
)
def test_the_end_of_an_hour_is_utc_unless_it_says_otherwise(fint: str) -> None:
    """Each of the forms is the same instant."""
    assert [r.slot for r in _hour(fint=fint).readings] == [MIDDAY - HOUR]


def test_every_field_of_an_hour_has_its_key() -> None:
    """``pres`` is at the station; ``pres_nmar`` and ``rviento`` are something else."""
    answer = _hour(pres=957.1, pres_nmar=1018.2, vv=2.4, dv=213.0, vmax=7.9, prec=0.4, rviento=9)
    assert answer.readings[0].values == {
        "temperature": 12.5,
        "humidity": 61.0,
        "pressure": 957.1,
        "wind_speed": 2.4,
        "wind_direction": 213.0,
        "wind_gust": 7.9,
        "precipitation": 0.4,
    }


@pytest.mark.parametrize(
    "row,values",
    [
        ({"ta": None}, {"humidity": 61.0}),
        ({"hr": None}, {"temperature": 12.5}),
        ({"ta": None, "hr": "", "prec": 0.2}, {"precipitation": 0.2}),
    ],
)
def test_an_hour_with_any_value_is_a_reading(
    row: dict[str, object], values: dict[str, float]
) -> None:
    """Whether the required fields are there is judged where sources are merged."""
    answer = _hour(**row)
    assert [dict(reading.values) for reading in answer.readings] == [values]
    assert (answer.rejected, answer.no_verdict) == ((), frozenset())


def test_an_hour_without_any_value_is_no_reading() -> None:
    """Whatever its time and its station are: there is nothing that could do harm."""
    nothing = {"ta": None, "hr": " "}
    for row in ({}, {"idema": "3195"}, {"fint": "2025-11-09T12:00:00"}, {"fint": None}):
        answer = _hour(**nothing, **row)
        assert (answer.readings, answer.rejected, answer.no_verdict) == ((), (), frozenset())


@pytest.mark.parametrize(
    "given", ["n/d", -60.0, 140, True, "NaN", [1], {"v": 1}, pytest.param(10**400, id="huge")]
)
def test_a_temperature_that_cannot_be_believed_is_reported(given: object) -> None:
    """The rest of the hour is kept."""
    answer = _hour(ta=given)
    assert [dict(reading.values) for reading in answer.readings] == [{"humidity": 61.0}]
    assert [r.field for r in answer.rejected] == ["temperature"]


def test_an_hour_that_is_not_over_spoils_the_answer() -> None:
    """Shifted rows do harm unseen; ten minutes are allowed for a task that began earlier."""
    assert len(_hour(fint="2025-11-05T12:00:00+0000").readings) == 1
    with pytest.raises(MalformedPayload, match="2025-11-05T12:00:00Z, which is not over yet"):
        _hour(fint="2025-11-05T13:00:00+0000")
    row = {"idema": "5279X", "fint": "2025-11-05T12:00:00", "ta": 1, "hr": 50}
    body = json.dumps([row]).encode()
    ask = hours(MIDDAY - HOUR, MIDDAY, now=MIDDAY - timedelta(minutes=10))
    assert len(aemet.parse(ask, Payload(200, body)).readings) == 1
    earlier = replace(ask, now=MIDDAY - timedelta(minutes=11))
    with pytest.raises(MalformedPayload, match="not over yet"):
        aemet.parse(earlier, Payload(200, body))


def test_hours_of_another_station_are_malformed() -> None:
    """They would be stored as ours."""
    ask = hours(CAPTURED - 12 * HOUR, CAPTURED, now=CAPTURED)
    with pytest.raises(MalformedPayload, match=r"station '3195', not of the requested 5279X"):
        aemet.parse(ask, Payload(200, CAPTURE))


UNREADABLE = [
    ({"fint": "yesterday"}, "has the fint 'yesterday', which is not a time"),
    ({"fint": 1762344000}, "has the fint int, which is not a time"),
    ({"fint": "0001-01-01T00:00:00"}, "has the fint '0001-01-01T00:00:00', which is not a time"),
    ({"fint": "9999-12-31T23:59:59-23:59"}, "which is not a time"),
    ({"fint": None}, "has no fint"),
    ({"idema": None}, "has no idema"),
    ({"idema": 5279}, "has the idema int, which is not a text"),
]


@pytest.mark.parametrize("row,reason", UNREADABLE)
def test_an_hour_that_cannot_be_placed_is_dropped_and_reported(
    row: dict[str, object], reason: str
) -> None:
    """The others are kept; an hour that is missing may be the dropped one: no verdict."""
    good = {"idema": "5279X", "fint": "2025-11-05T12:00:00+0000", "ta": 12.5, "hr": 61.0}
    body = json.dumps([good | {"fint": "2025-11-05T11:00:00+0000"} | row, good]).encode()
    answer = aemet.parse(hours(MIDDAY - 2 * HOUR, MIDDAY), Payload(200, body))
    assert [reading.slot for reading in answer.readings] == [MIDDAY - HOUR]
    (rejected,) = answer.rejected
    assert (rejected.slot, rejected.field, rejected.value) == (None, "row", "[0]")
    assert reason in rejected.reason
    assert answer.no_verdict == {MIDDAY - 2 * HOUR}


@pytest.mark.parametrize("row,reason", UNREADABLE)
def test_an_answer_without_one_readable_row_is_malformed(
    row: dict[str, object], reason: str
) -> None:
    """It is not "no data"."""
    with pytest.raises(MalformedPayload, match=rf"none of its rows can be read: \[0\] .*{reason}"):
        _hour(**row)


@pytest.mark.parametrize(
    "fint,words",
    [
        ("1999-12-31T12:00:00", "which was not asked"),
        ("2025-11-05T11:30:00", "off the series' grid"),
    ],
)
def test_an_answer_that_is_shifted_is_malformed(fint: str, words: str) -> None:
    """To another day, or off the hour."""
    with pytest.raises(MalformedPayload, match=words):
        _hour(fint=fint)


def test_an_hour_that_is_days_older_than_the_others_is_dropped() -> None:
    """Its time is a slip: the hour that is missing may be that one."""
    row = {"idema": "5279X", "ta": 10.4}
    rows = [row | {"fint": f"2025-11-0{day}T12:00:00"} for day in (5, 3, 1)]
    answer = aemet.parse(hours(MIDDAY - 2 * HOUR, MIDDAY), Payload(200, json.dumps(rows).encode()))
    assert [reading.slot for reading in answer.readings] == [MIDDAY - HOUR]
    reason = "is days older than the other hours"
    assert [(r.slot, r.value, r.reason) for r in answer.rejected] == [
        (None, "2025-11-03T11:00:00Z", reason),
        (None, "2025-11-01T11:00:00Z", reason),
    ]
    assert answer.no_verdict == {MIDDAY - 2 * HOUR}
    old = aemet.parse(hours(MIDDAY - 2 * HOUR, MIDDAY), Payload(200, json.dumps(rows[1:]).encode()))
    assert (old.readings, old.rejected, old.no_verdict) == ((), (), frozenset())


def test_the_station_without_humidity_gives_all_its_hours() -> None:
    """12 hours of 5279X, which has ``ta vv vmax dv prec`` and never ``hr``."""
    start = datetime(2026, 8, 10, tzinfo=UTC)
    ask = hours(start, start + 12 * HOUR, now=start + timedelta(hours=12, minutes=20))
    answer = aemet.parse(ask, Payload(200, payload("case_aemet_5279X_without_humidity.json")))
    assert [reading.slot for reading in answer.readings] == [start + n * HOUR for n in range(12)]
    assert answer.readings[0].values == {
        "temperature": 24.1,
        "wind_speed": 1.0,
        "wind_direction": 215.0,
        "wind_gust": 3.0,
        "precipitation": 0.0,
    }
    assert (answer.rejected, answer.no_verdict) == ((), frozenset())


def test_an_hour_that_comes_twice_with_two_values_costs_no_other_hour() -> None:
    """10 of 11 are stored; the doubled one is reported and asked again."""
    start = datetime(2026, 8, 10, tzinfo=UTC)
    ask = hours(start, start + 11 * HOUR, now=start + timedelta(hours=11, minutes=50))
    answer = aemet.parse(ask, Payload(200, payload("case_aemet_one_hour_twice.json")))
    assert len(answer.readings) == 10
    (doubled,) = {start + n * HOUR for n in range(11)} - {r.slot for r in answer.readings}
    (rejected,) = answer.rejected
    assert (rejected.slot, rejected.field) == (doubled, "row")
    assert rejected.reason == "comes twice, with different values"
    assert answer.no_verdict == {doubled}


@pytest.mark.parametrize("other", [10.4, "10,4", 10.399999999999999, 10.4000001])
def test_values_that_differ_in_their_dust_alone_are_equal(other: object) -> None:
    """AEMET gives one digit, and some of its rows carry the dust of a binary fraction."""
    row = {"idema": "5279X", "fint": "2025-11-05T12:00:00+0000", "ta": 10.399999999999999}
    body = json.dumps([row, row | {"ta": other}]).encode()
    answer = aemet.parse(hours(MIDDAY - HOUR, MIDDAY), Payload(200, body))
    assert [reading.values["temperature"] for reading in answer.readings] == [10.399999999999999]
    assert answer.rejected == ()


def test_what_one_of_two_equal_rows_lacks_is_taken_from_the_other() -> None:
    """They contradict each other in nothing."""
    row = {"idema": "5279X", "fint": "2025-11-05T12:00:00+0000", "ta": 10.4}
    body = json.dumps([row, row | {"ta": None, "hr": 60}]).encode()
    answer = aemet.parse(hours(MIDDAY - HOUR, MIDDAY), Payload(200, body))
    values = [dict(reading.values) for reading in answer.readings]
    assert values == [{"temperature": 10.4, "humidity": 60.0}]


def test_rows_without_anything_in_them_are_passed_over() -> None:
    """An object without members, one with nulls alone."""
    row = {"idema": "5279X", "fint": "2025-11-05T12:00:00+0000", "ta": 10.4}
    body = json.dumps([row, {}, {"idema": None, "fint": None, "ta": None}]).encode()
    answer = aemet.parse(hours(MIDDAY - 2 * HOUR, MIDDAY), Payload(200, body))
    assert len(answer.readings) == 1
    assert (answer.rejected, answer.no_verdict) == ((), frozenset())
    assert answer.evidence == "HTTP 200: 1 row"


def test_a_null_record_is_reported() -> None:
    """It may have been that of the other hour, which gets no verdict."""
    row = {"idema": "5279X", "fint": "2025-11-05T12:00:00+0000", "ta": 10.4}
    ask = hours(MIDDAY - 2 * HOUR, MIDDAY)
    answer = aemet.parse(ask, Payload(200, json.dumps([row, None]).encode()))
    assert len(answer.readings) == 1
    (lost,) = answer.rejected
    assert lost.said == "a row is null ([1])"
    assert answer.no_verdict == {MIDDAY - 2 * HOUR}


def test_a_name_that_comes_twice_with_two_values_is_no_value() -> None:
    """JSON's readers take the last one without a word."""
    body = (
        b'[{"idema": "5279X", "fint": "2025-11-05T12:00:00", "ta": 10.4, "hr": 60, "ta": 12},'
        b'{"idema": "5279X", "fint": "2025-11-05T11:00:00", "ta": 9.0, "hr": 61, "hr": 61}]'
    )
    answer = aemet.parse(hours(MIDDAY - 2 * HOUR, MIDDAY), Payload(200, body))
    assert [dict(reading.values) for reading in answer.readings] == [
        {"temperature": 9.0, "humidity": 61.0},
        {"humidity": 60.0},
    ]
    assert [(r.field, r.reason) for r in answer.rejected] == [
        ("temperature", "is given twice, with different values")
    ]


def test_the_day_of_many_traps_is_read() -> None:
    """Texts with commas; a trace of rain is 0; hours and directions serve no field."""
    answer = _day()
    (reading,) = answer.readings
    assert reading.slot == datetime(2025, 10, 5, tzinfo=UTC)
    assert reading.values == {
        "temperature_mean": 19.4,
        "temperature_max": 26.7,
        "temperature_min": 12.1,
        "humidity_mean": 58.0,
        "wind_speed_mean": 1.7,
        "wind_gust_max": 8.3,
        "pressure_max": 958.2,
        "pressure_min": 954.0,
        "precipitation": 0.0,
    }
    assert (reading.grade, reading.source) == (Grade.OFFICIAL, "aemet/5279X")
    assert (answer.rejected, answer.evidence) == ((), "HTTP 200: 1 row")


@pytest.mark.parametrize(
    "given,stored",
    [("3,4", 3.4), ("0,0", 0.0), ("Ip", 0.0), (" ip ", 0.0), ("Acum", None), ("", None)],
)
def test_rain_is_a_number_a_trace_or_counted_later(given: str, stored: float | None) -> None:
    """What is counted on a later day is not nothing: it is not known."""
    answer = _day(prec=given)
    assert answer.readings[0].values.get("precipitation") == stored
    assert answer.rejected == ()


def test_any_key_may_lack() -> None:
    """A day with one value is a reading of that value."""
    few = _days({key: RECORD[key] for key in ("fecha", "indicativo", "tmed")})
    assert [dict(r.values) for r in few.readings] == [{"temperature_mean": 19.4}]
    assert _day(tmed=None).readings[0].values["temperature_max"] == 26.7


@pytest.mark.parametrize(
    "key,field",
    [("prec", "precipitation"), ("tmax", "temperature_max"), ("racha", "wind_gust_max")],
)
@pytest.mark.parametrize("given", ["Varias", "n/d", "1.234,5", "nan"])
def test_words_where_a_number_belongs_are_reported(key: str, field: str, given: str) -> None:
    """The rest of the day is kept."""
    answer = _day(**{key: given})
    assert field not in answer.readings[0].values
    assert [(r.field, r.value) for r in answer.rejected] == [(field, given)]


def test_a_frosty_day_is_below_zero() -> None:
    """A comma and a sign."""
    assert _day(tmin="-3,4").readings[0].values["temperature_min"] == -3.4


@pytest.mark.parametrize(
    "record,words",
    [
        ({"fecha": "2025-10-06"}, "which was not asked"),
        ({"fecha": "2025-11-05"}, "not over yet"),
        ({"fecha": "05/10/2025"}, "has the fecha '05/10/2025', which is not a date"),
        ({"fecha": None}, r"\[0\] has no fecha"),
        ({"indicativo": "5279"}, "station '5279', not of the requested 5279X"),
        ({"indicativo": None}, r"\[0\] has no indicativo"),
    ],
)
def test_a_day_that_is_not_ours_is_malformed(record: dict[str, object], words: str) -> None:
    """Of another date, of another station, or of none."""
    with pytest.raises(MalformedPayload, match=words) as caught:
        _day(**record)
    assert (caught.value.source, caught.value.series) == ("aemet", "weather_daily")


def test_a_day_twice_is_one_unless_it_contradicts_itself() -> None:
    """A duplicated answer is harmless; two values are none."""
    assert len(_days(RECORD, RECORD).readings) == 1
    answer = _days(RECORD, RECORD | {"tmed": "19,5"})
    assert answer.readings == ()
    assert answer.no_verdict == {datetime(2025, 10, 5, tzinfo=UTC)}


def test_two_stations_in_one_answer_are_malformed() -> None:
    """Half of the days twice with different values are no slip."""
    rows = [RECORD | {"fecha": f"2025-10-{day:02}"} for day in (1, 2, 3, 4)]
    others = [row | {"tmed": "11,1"} for row in rows[:2]]
    with pytest.raises(MalformedPayload, match="2025-10-01T00:00:00Z twice, with different"):
        aemet.parse(
            days("2025-10-01", "2025-10-04"), Payload(200, json.dumps([*rows, *others]).encode())
        )


def test_days_of_a_part_of_a_request_come_alone() -> None:
    """A day that is touched is asked whole, and only the slots in the interval are kept."""
    ask = days("2025-10-05", "2025-10-06")
    ask = replace(ask, interval=Interval(ask.interval.start + HOUR, ask.interval.end))
    rows = [RECORD, RECORD | {"fecha": "2025-10-06"}]
    answer = aemet.parse(ask, Payload(200, json.dumps(rows).encode()))
    assert [r.slot for r in answer.readings] == [datetime(2025, 10, 6, tzinfo=UTC)]


@pytest.mark.parametrize("status", [200, 404])
def test_no_data_is_an_empty_answer_with_evidence(status: int) -> None:
    """In AEMET's own words."""
    answer = aemet.parse(days("2025-10-05"), Payload(status, payload("aemet_error_no_data.json")))
    assert answer.readings == ()
    words = "No hay datos que satisfagan esos criterios"
    assert answer.evidence == f"HTTP {status}, estado 404: {words}"


FOUND = "HTTP 200, estado 200: Se han encontrado 5 registros"


@pytest.mark.parametrize(
    "body,said",
    [
        (payload("aemet_error_no_data.json"), "estado 404: No hay datos que satisfagan esos"),
        (b"[]", r"HTTP 200: '\[\]'"),
        (b"[null]", r"HTTP 200: '\[null\]'"),
        (b"[{}]", r"HTTP 200: '\[\{\}\]'"),
    ],
)
def test_hops_that_contradict_each_other_are_malformed(body: bytes, said: str) -> None:
    """The first found rows and the second has none: a failed request, and no proof of absence."""
    words = f"contradicts itself: the first hop says '{FOUND}', and the second .*{said}"
    with pytest.raises(MalformedPayload, match=words):
        aemet.parse(days("2025-10-05"), Payload(200, body), found=FOUND)


def test_hops_that_agree_are_read() -> None:
    """What the first one says is no part of the answer."""
    body = json.dumps([RECORD]).encode()
    assert len(aemet.parse(days("2025-10-05"), Payload(200, body), found=FOUND).readings) == 1


def test_no_rows_are_an_empty_answer_with_evidence() -> None:
    """A list is an answer, however short."""
    answer = _days()
    assert (answer.readings, answer.evidence) == ((), "HTTP 200: 0 rows")


@pytest.mark.parametrize(
    "status,body,words",
    [
        (200, payload("aemet_error_range.json"), "superior a 6 meses"),
        (200, payload("aemet_error_key.json"), "API key invalido"),
        (200, b'{"descripcion": "?", "estado": 404}', "estado 404"),
        (200, b"{}", "not a list"),
        (200, b"[1]", r"\[0\] is not an object"),
        (200, b"<html/>", "a web page"),
        (200, json.dumps([RECORD]).encode()[:-9], "not whole JSON"),
        (500, payload("aemet_error_no_data.json"), "it is HTTP 500"),
    ],
)
def test_anything_else_is_malformed(status: int, body: bytes, words: str) -> None:
    """It leaves no verdict."""
    with pytest.raises(MalformedPayload, match=words):
        aemet.parse(days("2025-10-05"), Payload(status, body))


def test_names_in_either_encoding_do_no_harm() -> None:
    """ISO-8859-15 as AEMET sends it, UTF-8 as a proxy may."""
    text = json.dumps([RECORD | {"nombre": "CAÑADA €"}], ensure_ascii=False)
    for encoding in ("iso-8859-15", "utf-8", "utf-8-sig"):
        assert (
            len(aemet.parse(days("2025-10-05"), Payload(200, text.encode(encoding))).readings) == 1
        )
