"""Open-Meteo: requests of whole UTC dates, and answers without a forecast among them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from gapfill.domain.series import Grade
from gapfill.errors import ConfigError, MalformedPayload
from gapfill.sources.json_reader import Payload
from gapfill.sources.model import Rejected
from gapfill.sources.open_meteo import parser as open_meteo
from tests.sources.asks import payload
from tests.sources.open_meteo.asks import (
    ONE_HOUR,
    UNITS,
    ask_of,
    at,
    body_of,
    capture_ask,
    capture_in,
)

if TYPE_CHECKING:
    from gapfill.sources.model import Answer, Ask

HOUR = timedelta(hours=1)
CAPTURE = payload("open_meteo_forecast_2025-12-19.json")
NOWHERE = payload("open_meteo_error_not_covered.txt")
TWO_HOURS = ask_of("2025-11-04T10:00", "2025-11-04T12:00")
LABELS = ("2025-11-04T11:00", "2025-11-04T12:00")


def _parse(body: bytes, ask: Ask = TWO_HOURS) -> Answer:
    return open_meteo.parse(ask, Payload(200, body))


def _slots(answer: Answer) -> list[datetime]:
    return [reading.slot for reading in answer.readings]


def test_a_request_names_place_variables_and_units() -> None:
    """Wind would come in km/h, and times of another zone have no offset."""
    request = open_meteo.request(TWO_HOURS)
    assert request.path == "/v1/forecast"
    assert request.params == (
        ("latitude", "38.151107"),
        ("longitude", "-3.629453"),
        (
            "hourly",
            (
                "temperature_2m,relative_humidity_2m,surface_pressure,wind_speed_10m,"
                "wind_direction_10m,wind_gusts_10m,precipitation,shortwave_radiation"
            ),
        ),
        ("timezone", "UTC"),
        ("wind_speed_unit", "ms"),
        ("start_date", "2025-11-04"),
        ("end_date", "2025-11-04"),
    )


@pytest.mark.parametrize(
    "start,end,first,last",
    [
        ("2025-11-03T00:00", "2025-11-04T00:00", "2025-11-03", "2025-11-04"),
        ("2025-11-03T23:00", "2025-11-04T00:00", "2025-11-04", "2025-11-04"),
        ("2025-11-03T22:00", "2025-11-03T23:00", "2025-11-03", "2025-11-03"),
        ("2025-11-03T22:00", "2025-11-05T01:00", "2025-11-03", "2025-11-05"),
    ],
    ids=["a date's slots", "its last slot", "the one before", "over two midnights"],
)
def test_the_dates_asked_for_are_those_of_the_labels(
    start: str, end: str, first: str, last: str
) -> None:
    """The last hour of a date is labelled with the next one's midnight."""
    bounds = dict(open_meteo.request(ask_of(start, end)).params)
    assert (bounds["start_date"], bounds["end_date"]) == (first, last)


def test_the_archive_is_another_path() -> None:
    """With the same parameters."""
    ask = ask_of("2024-01-01T00:00", "2024-12-31T00:00", product="archive")
    request = open_meteo.request(ask)
    assert request.path == "/v1/archive"
    assert request.params[-2:] == (("start_date", "2024-01-01"), ("end_date", "2024-12-31"))


def test_a_product_that_the_api_does_not_have_is_a_catalogue_error() -> None:
    """The sentence names those it has."""
    ask = replace(TWO_HOURS, product=replace(TWO_HOURS.product, name="marine"))
    with pytest.raises(ConfigError, match="'marine'; the catalogue may name forecast, archive"):
        open_meteo.request(ask)


def test_a_row_belongs_to_the_slot_that_ends_at_its_label() -> None:
    """Every variable goes to its field, modelled and without a station."""
    answer = _parse(body_of(LABELS))
    assert _slots(answer) == [at("2025-11-04T10:00"), at("2025-11-04T11:00")]
    assert answer.readings[0].values == {
        "temperature": 14.2,
        "humidity": 61.0,
        "pressure": 957.3,
        "wind_speed": 1.75,
        "wind_direction": 312.0,
        "wind_gust": 4.4,
        "precipitation": 0.3,
        "solar_radiation": 205.5,
    }
    assert {(r.grade, r.source) for r in answer.readings} == {(Grade.MODELLED, "open_meteo")}
    assert answer.rejected == ()
    assert answer.evidence == "HTTP 200: 2 past hours asked for, 0 of them without values"


def test_the_capture_is_read_where_its_units_are_those_asked_for() -> None:
    """48 hours with 19 variables, of which 7 are ours; radiation is not among them."""
    answer = _parse(capture_in(UNITS), capture_ask())
    assert len(answer.readings) == 48
    first, last = answer.readings[0], answer.readings[-1]
    assert (first.slot, last.slot) == (at("2025-12-18T18:00"), at("2025-12-20T17:00"))
    assert first.values == {
        "temperature": 44.3,
        "humidity": 91.0,
        "pressure": 1018.8,
        "wind_speed": 5.5,
        "wind_direction": 104.0,
        "wind_gust": 12.8,
        "precipitation": 0.0,
    }
    assert last.values["wind_direction"] == 184.0


def test_the_capture_as_it_was_recorded_is_of_another_place_time_and_unit() -> None:
    """Each of the three is a refusal of its own."""
    with pytest.raises(MalformedPayload, match="its times are -18000 s off UTC"):
        _parse(CAPTURE, capture_ask())
    with pytest.raises(
        MalformedPayload, match=r"its latitude is 39.94885, of no cell near 38.151107"
    ):
        _parse(capture_in(UNITS))
    with pytest.raises(MalformedPayload, match="temperature_2m is '°F', not '°C'"):
        _parse(capture_in({}), capture_ask())


def test_hours_to_come_are_no_readings() -> None:
    """Of the whole date that is answered, what is labelled later than now is a forecast."""
    ask = ask_of("2025-11-05T00:00", "2025-11-06T00:00", now=at("2025-11-05T12:00"))
    answer = _parse(body_of([f"2025-11-05T{hour:02}:00" for hour in range(24)]), ask)
    assert len(answer.readings) == 12
    assert _slots(answer)[-1] == at("2025-11-05T11:00")
    assert answer.rejected == ()
    assert answer.evidence == "HTTP 200: 12 past hours asked for, 0 of them without values"


def test_an_hour_that_has_not_ended_is_no_reading() -> None:
    """A second before its label it is still a forecast."""
    ask = ask_of("2025-11-04T10:00", "2025-11-04T12:00", now=at("2025-11-04T11:59:59"))
    assert _slots(_parse(body_of(LABELS), ask)) == [at("2025-11-04T10:00")]


def test_nothing_but_hours_to_come_is_empty_with_evidence() -> None:
    """No error: there is nothing yet."""
    ask = replace(TWO_HOURS, now=at("2025-11-04T10:30"))
    answer = _parse(body_of(LABELS), ask)
    assert (answer.readings, answer.rejected) == ((), ())
    assert answer.evidence == "HTTP 200: 0 past hours asked for, 0 of them without values"


def test_hours_of_the_dates_that_were_not_asked_for_are_dropped() -> None:
    """The API answers in whole dates."""
    answer = _parse(body_of([f"2025-11-04T{hour:02}:00" for hour in range(24)]))
    assert _slots(answer) == [at("2025-11-04T10:00"), at("2025-11-04T11:00")]


@pytest.mark.parametrize("label", ["2025-11-03T23:00", "2025-11-05T00:00", "2025-12-24T00:00"])
def test_a_row_of_a_date_that_was_not_asked_for_spoils_the_answer(label: str) -> None:
    """Also where it lies in the future: the whole answer may be shifted."""
    with pytest.raises(MalformedPayload, match="which was not asked"):
        _parse(body_of([*LABELS, label]))


@pytest.mark.parametrize("day", ["2025-03-30", "2025-10-26"], ids=["spring", "autumn"])
def test_a_day_of_a_clock_change_has_24_hours_in_utc(day: str) -> None:
    """No label comes twice, none lacks: UTC knows no clock change."""
    start = at(f"{day}T00:00")
    ask = ask_of(f"{day}T00:00", (start + 24 * HOUR).strftime("%Y-%m-%dT%H:%M"))
    labels = [(start + n * HOUR).strftime("%Y-%m-%dT%H:%M") for n in range(1, 25)]
    assert _slots(_parse(body_of(labels), ask)) == [start + n * HOUR for n in range(24)]


def test_a_null_is_an_absent_value() -> None:
    """An optional one and a required one alike: the others of the hour are read."""
    rows = [(14.2, 61, None, 1.75, 312, None, 0.3, None), (14.2, None, *ONE_HOUR[2:])]
    answer = _parse(body_of(LABELS, rows))
    assert _slots(answer) == [at("2025-11-04T10:00"), at("2025-11-04T11:00")]
    assert "humidity" not in answer.readings[1].values
    assert set(answer.readings[0].values) == {
        "temperature",
        "humidity",
        "wind_speed",
        "wind_direction",
        "precipitation",
    }
    assert answer.rejected == ()


def test_nothing_but_nulls_is_empty_with_evidence() -> None:
    """So the archive says that its model is not there yet."""
    answer = _parse(body_of(LABELS, [[None] * 8] * 2))
    assert (answer.readings, answer.rejected) == ((), ())
    assert answer.evidence == "HTTP 200: 2 past hours asked for, 2 of them without values"


def _without(key: str, *, inside: str | None = None) -> bytes:
    document = json.loads(body_of(LABELS))
    del (document[inside] if inside else document)[key]
    return json.dumps(document).encode()


def _labelled(*rows: object, start: str = "2025-11-03T00:00") -> bytes:
    """Return an answer with an hour per row from a slot on; ``None`` is an hour of nulls."""
    labels = [(at(start) + n * HOUR).isoformat()[:16] for n in range(1, len(rows) + 1)]
    return body_of(labels, [[None] * 8 if row is None else ONE_HOUR for row in rows])


def _no_verdict(answer: Answer) -> list[str]:
    return sorted(f"{slot:%dT%H}" for slot in answer.no_verdict)


def test_nulls_between_the_values_of_a_model_prove_nothing() -> None:
    """They are a fault of the moment: asked again in the next cycle, and never "no data"."""
    ask = ask_of("2025-11-03T00:00", "2025-11-03T06:00")
    answer = _parse(_labelled(1, None, 1, None, None, 1), ask)
    assert _no_verdict(answer) == ["03T01", "03T03", "03T04"]
    assert [f"{slot:%H}" for slot in _slots(answer)] == ["00", "02", "05"]


def test_a_day_of_nulls_between_two_days_of_values_proves_nothing() -> None:
    """As it was on 2026-09-07, and restored four days later."""
    ask = ask_of("2025-10-01T00:00", "2025-10-04T00:00", product="archive")
    body = _labelled(*[1] * 24, *[None] * 24, *[1] * 24, start="2025-10-01T00:00")
    answer = _parse(body, ask)
    assert len(answer.readings) == 48
    assert answer.no_verdict == {at("2025-10-02T00:00") + n * HOUR for n in range(24)}
    alone = ask_of("2025-10-02T00:00", "2025-10-03T00:00", product="archive")
    assert len(_parse(_labelled(*[None] * 24, start="2025-10-02T00:00"), alone).no_verdict) == 24


def test_nulls_at_the_recent_end_are_hours_that_are_not_there_yet() -> None:
    """Within its grace a model may be late; after it, it is not."""
    ask = ask_of("2025-11-05T06:00", "2025-11-05T11:00")
    body = _labelled(1, 1, None, None, None, start="2025-11-05T06:00")
    assert _no_verdict(_parse(body, ask)) == []
    later = replace(ask, now=at("2025-11-06T10:00"))
    assert _no_verdict(_parse(body, later)) == ["05T08", "05T09"]


def test_a_required_field_that_is_null_among_values_has_no_verdict() -> None:
    """The hour is read, and what it is without is asked again; an optional one is not."""
    ask = ask_of("2025-11-05T06:00", "2025-11-05T09:00")
    labels = ["2025-11-05T07:00", "2025-11-05T08:00", "2025-11-05T09:00"]
    without = (ONE_HOUR[0], None, *ONE_HOUR[2:])
    answer = _parse(body_of(labels, [ONE_HOUR, without, ONE_HOUR]), ask)
    assert (len(answer.readings), _no_verdict(answer)) == (3, ["05T07"])
    calm = (*ONE_HOUR[:5], None, *ONE_HOUR[6:])
    assert _no_verdict(_parse(body_of(labels, [ONE_HOUR, calm, ONE_HOUR]), ask)) == []


@pytest.mark.parametrize(
    "change,reason",
    [
        (None, "is missing"),
        ([1.0], "has 1 values for 2 times"),
        ([1.0, 2.0, 3.0], "has 3 values for 2 times"),
        ({}, "is not a list"),
        (7, "is not a list"),
    ],
)
@pytest.mark.parametrize(
    "name,field", [("wind_gusts_10m", "wind_gust"), ("temperature_2m", "temperature")]
)
def test_an_array_that_does_not_fit_costs_its_own_field_alone(
    name: str, field: str, change: object, reason: str
) -> None:
    """A required one too: the others are read, and it is reported once."""
    document = json.loads(body_of(LABELS))
    document["hourly"][name] = change
    if change is None:
        del document["hourly"][name]
    answer = _parse(json.dumps(document).encode())
    assert [len(reading.values) for reading in answer.readings] == [7, 7]
    assert answer.rejected == (Rejected(None, field, f"hourly.{name}", reason),)
    is_required = field == "temperature"
    assert answer.no_verdict == (set(_slots(answer)) if is_required else set())


@pytest.mark.parametrize("unit", [None, 5, [], {}])
def test_an_array_without_a_unit_costs_its_own_field_alone(unit: object) -> None:
    """A number of no unit could be anything."""
    units = {**UNITS, "precipitation": unit}
    answer = _parse(body_of(LABELS, hourly_units=units))
    assert [len(reading.values) for reading in answer.readings] == [7, 7]
    assert [(r.field, r.reason) for r in answer.rejected] == [("precipitation", "has no unit")]
    nothing = _parse(_without("precipitation", inside="hourly_units"))
    assert [len(reading.values) for reading in nothing.readings] == [7, 7]


@pytest.mark.parametrize("value", [[1], {"v": 1}, True, "n/d", 10**400])
def test_a_member_of_the_wrong_kind_costs_its_own_value_alone(value: object) -> None:
    """It is reported with its hour."""
    answer = _parse(body_of(LABELS, [(*ONE_HOUR[:3], value, *ONE_HOUR[4:]), ONE_HOUR]))
    assert [len(reading.values) for reading in answer.readings] == [7, 8]
    assert [(r.slot, r.field) for r in answer.rejected] == [(at("2025-11-04T10:00"), "wind_speed")]


@pytest.mark.parametrize("label", [None, 5, "yesterday", "2025-11-04T11:00Z", "0001-01-01T00:00"])
def test_a_label_that_cannot_be_read_costs_its_own_hour_alone(label: object) -> None:
    """The hour that is missing may be that one: no verdict."""
    document = json.loads(body_of(LABELS))
    document["hourly"]["time"][0] = label
    answer = _parse(json.dumps(document).encode())
    assert _slots(answer) == [at("2025-11-04T11:00")]
    assert [(r.slot, r.field, r.value) for r in answer.rejected] == [
        (None, "row", "hourly.time[0]")
    ]
    assert answer.no_verdict == {at("2025-11-04T10:00")}


def test_a_variable_of_no_unit_may_have_no_value() -> None:
    """A model without it has ``undefined``; a number of that unit could be anything."""
    units = {**UNITS, "wind_gusts_10m": "undefined"}
    rows = [(*ONE_HOUR[:5], None, *ONE_HOUR[6:])] * 2
    answer = _parse(body_of(LABELS, rows, hourly_units=units))
    assert len(answer.readings) == 2
    with pytest.raises(MalformedPayload, match="wind_gusts_10m is 'undefined', not 'm/s'"):
        _parse(body_of(LABELS, hourly_units=units))


@pytest.mark.parametrize("name", list(UNITS)[1:])
def test_another_unit_than_asked_for_spoils_the_answer(name: str) -> None:
    """Knots read as m/s would be believed."""
    with pytest.raises(MalformedPayload, match=f"hourly_units.{name} is 'other'"):
        _parse(body_of(LABELS, hourly_units={**UNITS, name: "other"}))


@pytest.mark.parametrize("literal", ["nan", "NaN", "1e9", '"n/d"', "true", "-274"])
def test_an_unbelievable_value_is_reported_and_the_rest_kept(literal: str) -> None:
    """Also in the API's own ``nan``, which is not JSON."""
    body = body_of(LABELS, [("X", *ONE_HOUR[1:]), ONE_HOUR])
    answer = _parse(body.replace(b'"X"', literal.encode()))
    assert [len(reading.values) for reading in answer.readings] == [7, 8]
    assert "temperature" not in answer.readings[0].values
    assert [(r.slot, r.field) for r in answer.rejected] == [(at("2025-11-04T10:00"), "temperature")]


def test_a_place_outside_the_model_is_empty_with_evidence() -> None:
    """Its coordinates are no numbers, and neither is anything else."""
    answer = _parse(NOWHERE)
    assert answer.readings == ()
    assert answer.evidence.startswith('HTTP 200: the place is not covered: {"latitude":nan,')
    nothing = body_of(LABELS, [["X"] * 8] * 2, latitude="X", longitude="X")
    assert _parse(nothing.replace(b'"X"', b"nan")).readings == ()


def test_values_of_a_place_that_is_no_number_are_not_believed() -> None:
    """Nobody knows where they are from."""
    body = body_of(LABELS, latitude="X", longitude="X").replace(b'"X"', b"nan")
    with pytest.raises(MalformedPayload, match="its latitude is nan"):
        _parse(body)


@pytest.mark.parametrize(
    "place,cell",
    [((38.09, -3.63), (38.46, -4.0)), ((-17.8, 179.95), (-17.75, -179.9)), ((0.0, 0.0), (0.0, 0))],
    ids=["a neighbour of like elevation", "over the date line", "origin"],
)
def test_a_grid_cell_near_the_place_is_that_of_the_place(
    place: tuple[float, float], cell: tuple[float, float]
) -> None:
    """Its centre may be a cell and a half away."""
    here = replace(TWO_HOURS.series.place, latitude=place[0], longitude=place[1])
    ask = replace(TWO_HOURS, series=replace(TWO_HOURS.series, place=here))
    answer = _parse(body_of(LABELS, latitude=cell[0], longitude=cell[1]), ask)
    assert len(answer.readings) == 2


def test_the_same_hour_twice_is_believed_only_if_it_says_the_same() -> None:
    """Otherwise one of the two is wrong."""
    twice = (LABELS[0], LABELS[0])
    assert _slots(_parse(body_of(twice))) == [at("2025-11-04T10:00")]
    answer = _parse(body_of(twice, [ONE_HOUR, (15.0, *ONE_HOUR[1:])]))
    assert answer.readings == ()
    assert answer.no_verdict == {at("2025-11-04T10:00"), at("2025-11-04T11:00")}


@pytest.mark.parametrize(
    "body,words",
    [
        (b"", "not whole JSON: ''"),
        (NOWHERE.replace(b"nan", b"38.0"), "its longitude is 38.0, of no cell near -3.629453"),
        (_without("hourly"), "it has no hourly"),
        (_without("hourly_units"), "it has no hourly_units"),
        (_without("utc_offset_seconds"), "it has no utc_offset_seconds"),
        (_without("latitude"), "it has no latitude"),
        (b"[" + body_of(LABELS) + b"]", "the whole of it is not an object"),
        (b'{"error": true, "reason": "Out of\\npatience"}', "is an error: 'Out of patience'"),
        (b'{"error": true}', "is an error: 'no reason'"),
        (body_of(LABELS, utc_offset_seconds=3600), "its times are 3600 s off UTC"),
        (body_of(LABELS, utc_offset_seconds=None), "its times are None s off UTC"),
        (body_of(LABELS, latitude=38.6), "its latitude is 38.6"),
        (body_of(LABELS, latitude=398.09), "its latitude is 398.09"),
        (body_of(LABELS, longitude=1e300), "its longitude is 1e"),
        (body_of(LABELS, longitude=-4.1), "its longitude is -4.1"),
        (body_of(LABELS, longitude=None), "its longitude is None"),
        (body_of(LABELS, [ONE_HOUR]), "fits its times: hourly.temperature_2m has 1 values for 2"),
        (body_of(LABELS[:1], [ONE_HOUR] * 2), "has 2 values for 1 times"),
        (body_of(["2025-11-04T11:30"]), "off the series' grid"),
        (body_of(["2025-11-04T11:00Z"]), r"hourly.time\[0\] has the time '2025-11-04T11:00Z'"),
        (body_of(["yesterday"]), "'yesterday', which is not a time without offset"),
        (body_of(["0001-01-01T00:00"]), "not a time without offset"),
        (body_of(LABELS)[:600], "not whole JSON"),
        (b"<html>", "a web page, not JSON"),
    ],
)
def test_an_answer_of_another_shape_is_malformed(body: bytes, words: str) -> None:
    """Nothing of it is stored, and the sentence says what is wrong with it."""
    with pytest.raises(MalformedPayload, match=words) as caught:
        _parse(body)
    assert (caught.value.source, caught.value.series) == ("open_meteo", "weather_hourly")


def test_dates_outside_the_api_window_are_malformed_with_its_reason() -> None:
    """They are our mistake, and no statement about the hours: nothing may read it as empty."""
    refused = payload("open_meteo_error_out_of_range.json")
    with pytest.raises(MalformedPayload, match=r"HTTP 400.* out of allowed range from 2026-07-03"):
        open_meteo.parse(TWO_HOURS, Payload(400, refused))


def test_a_year_of_the_archive_is_read() -> None:
    """365 days, an hour apart, from one answer."""
    ask = ask_of("2024-01-01T00:00", "2024-12-31T00:00", product="archive")
    labels = [(at("2024-01-01T01:00") + n * HOUR).isoformat()[:16] for n in range(365 * 24)]
    answer = _parse(body_of(labels), ask)
    assert len(answer.readings) == 8760
    assert answer.readings[-1].slot == at("2024-12-30T23:00")
