"""One Call 4.0: which rows of a page are readings, and which are a forecast, a slip or a shift."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gapfill.catalog import SHIPPED, load
from gapfill.domain.series import Grade
from gapfill.errors import ConfigError, MalformedPayload
from gapfill.sources.json_reader import Payload
from gapfill.sources.openweathermap import parser as owm
from tests.examples import examples
from tests.sources.asks import payload
from tests.sources.openweathermap.asks import HOUR, owm_ask

if TYPE_CHECKING:
    from gapfill.sources.model import Answer

PAGE = payload("openweathermap_timeline_2025-11-05.json")
EIGHT = datetime(2025, 11, 5, 8, tzinfo=UTC)
"""Start of the hour whose row is labelled 09:00Z, the first of the page."""

START = datetime(2025, 11, 3, 20, tzinfo=UTC)
DRY = [{"id": 800, "main": "Clear"}]


def _row(slot: datetime, **changes: object) -> dict[str, Any]:
    """Return the row of a slot, labelled with its end, and as many degrees as its hour."""
    at = int((slot + HOUR).timestamp())
    held = {"dt": at, "temp": float(slot.hour), "humidity": 60, "pressure": 1019, "weather": DRY}
    return held | changes


def _rows(first: int, last: int) -> list[Any]:
    """Return the rows of the hours from START + first to START + last, both included."""
    return [_row(START + n * HOUR) for n in range(first, last + 1)]


def _page(rows: list[Any], **changes: object) -> bytes:
    return json.dumps({"lat": 38.09, "lon": -3.63, "data": rows, **changes}).encode()


def _read(rows: list[Any], slots: int = 5, /, **changes: object) -> Answer:
    ask = owm_ask("timeline", START, slots=slots)
    return owm.parse(ask, Payload(200, _page(rows, **changes)))


def _hours(answer: Answer) -> list[int]:
    """Return the hours after START that have a reading, each checked to hold its own values."""
    for reading in answer.readings:
        assert reading.values["temperature"] == reading.slot.hour
    return [(reading.slot - START) // HOUR for reading in answer.readings]


def _unsure(answer: Answer) -> list[int]:
    return sorted((slot - START) // HOUR for slot in answer.no_verdict)


def test_twenty_hours_are_asked_for_from_the_end_of_the_first() -> None:
    """A row is labelled with the end of its hour; a call has twenty of them."""
    request = owm.request(owm_ask("timeline", START, slots=20))
    assert request.path == "/data/4.0/onecall/timeline/1h"
    assert request.params == (
        ("lat", "38.09"),
        ("lon", "-3.63"),
        ("start", "1762203600"),  # 2025-11-03T21:00:00Z
        ("cnt", "20"),
        ("units", "metric"),
    )


def test_more_than_twenty_hours_in_a_call_are_a_catalogue_error() -> None:
    """The slots that no answer can hold would look as if there were no data for them."""
    with pytest.raises(ConfigError, match=r"openweathermap\.timeline answers 20 slots"):
        owm.request(owm_ask("timeline", START, slots=21))


def test_the_catalogue_has_the_facts_of_both_generations() -> None:
    """Twenty slots a call of 4.0 and one of 3.0, told apart by the generation of the key."""
    products = {p.name: p for p in load(SHIPPED).sources["openweathermap"].products}
    line, machine = products["timeline"], products["timemachine"]
    assert (line.span, line.window) == (20 * HOUR, timedelta(days=90))
    assert (machine.span, machine.window) == (HOUR, timedelta(days=7))
    assert (line.is_last_resort, machine.is_last_resort) == (True, True)
    named = {name: products[name].params["generation"] for name in owm.GENERATIONS}
    assert named == owm.GENERATIONS


def test_a_page_is_read_without_its_forecast_its_pressure_and_its_links() -> None:
    """At 12:34Z the rows of 13:00Z and 14:00Z are to come; pressure is at sea level."""
    answer = owm.parse(owm_ask("timeline", EIGHT, slots=4), Payload(200, PAGE))
    assert [(r.slot - EIGHT) // HOUR for r in answer.readings] == [0, 1, 2, 3]
    assert answer.readings[1].values == {
        "temperature": 12.4,
        "humidity": 69.0,
        "wind_speed": 2.31,
        "wind_direction": 215.0,
        "wind_gust": 4.02,
        "precipitation": 0.32,
    }
    assert answer.readings[2].values == {
        "temperature": 13.5,
        "humidity": 64.0,
        "wind_speed": 2.6,
        "wind_direction": 221.0,
        "precipitation": 0.0,
    }
    assert {(r.grade, r.source) for r in answer.readings} == {(Grade.PROVISIONAL, "openweathermap")}
    assert answer.evidence == "HTTP 200: 4 rows, dt 2025-11-05T09:00:00Z to 2025-11-05T12:00:00Z"
    assert (answer.rejected, answer.no_verdict) == ((), frozenset())


@pytest.mark.parametrize("minute,hours", [(59, [0, 1, 2]), (60, [0, 1, 2, 3]), (119, [0, 1, 2, 3])])
def test_a_row_is_a_forecast_until_its_hour_is_over(minute: int, hours: list[int]) -> None:
    """The hour that ends this moment is over; none is read before, whoever asked for it."""
    now = EIGHT + 3 * HOUR + timedelta(minutes=minute)
    answer = owm.parse(owm_ask("timeline", EIGHT, now, slots=4), Payload(200, PAGE))
    assert [(r.slot - EIGHT) // HOUR for r in answer.readings] == hours
    assert {(slot - EIGHT) // HOUR for slot in answer.no_verdict} == {0, 1, 2, 3} - set(hours)


@pytest.mark.parametrize(
    "rows,hours",
    [
        (_rows(0, 4)[::-1], [0, 1, 2, 3, 4]),
        (_rows(0, 4) * 2, [0, 1, 2, 3, 4]),
        (_rows(0, 19), [0, 1, 2, 3, 4]),
        (_rows(-1, 4), [0, 1, 2, 3, 4]),
        (_rows(-3, 19), [0, 1, 2, 3, 4]),
        (_rows(0, 2), [0, 1, 2]),
        (_rows(2, 4), [2, 3, 4]),
        (_rows(0, 0) + _rows(4, 4), [0, 4]),
        (_rows(0, 1) + _rows(3, 6), [0, 1, 3, 4]),
    ],
    ids=[
        "reversed",
        "doubled",
        "more than asked",
        "from before the start",
        "both",
        "fewer at the end",
        "fewer at the start",
        "a hole",
        "a hole, filled up at the end",
    ],
)
def test_rows_are_read_by_their_label_in_any_order_and_number(
    rows: list[Any], hours: list[int]
) -> None:
    """What is missing beside others gets no verdict: a model has no holes."""
    answer = _read(rows)
    assert _hours(answer) == hours
    assert _unsure(answer) == sorted(set(range(5)) - set(hours))
    assert answer.rejected == ()


@pytest.mark.parametrize("by", [-26, -5, -4, -1, 1, 4, 5, 26])
def test_a_page_whose_rows_are_moved_is_refused(by: int) -> None:
    """They go beyond one end of what was asked and miss the other, or all lie elsewhere."""
    with pytest.raises(MalformedPayload, match="its rows are moved"):
        _read(_rows(by, 4 + by))


def test_rows_that_are_moved_into_the_future_are_refused() -> None:
    """A forecast row is no sign of a shift, but the first hour that is missing with it is."""
    body = json.loads(PAGE)
    body["data"] = body["data"][1:5]  # labels 10:00 to 13:00, of which the last is to come
    with pytest.raises(MalformedPayload, match="its rows are moved"):
        owm.parse(owm_ask("timeline", EIGHT, slots=4), Payload(200, json.dumps(body).encode()))


@pytest.mark.parametrize("seconds", [1800, -900, 1])
def test_rows_of_another_step_are_refused(seconds: int) -> None:
    """Labels between the hours, on all rows."""
    rows = [row | {"dt": row["dt"] + seconds} for row in _rows(0, 4)]
    with pytest.raises(MalformedPayload, match=r"off the series' grid|its rows are moved"):
        _read(rows)


@pytest.mark.parametrize(
    "bad",
    [None, "x", 3, [], {}, {"dt": None, "temp": 1}, {"dt": "2025"}, {"dt": 10**30}, {"dt": 1.5}],
    ids=str,
)
def test_a_row_that_cannot_be_read_costs_nothing_but_itself(bad: object) -> None:
    """It is reported; the hour that is missing with it gets no verdict."""
    answer = _read([*_rows(0, 1), bad, *_rows(3, 4)])
    assert _hours(answer) == [0, 1, 3, 4]
    assert _unsure(answer) == [2]
    assert [(r.slot, r.field) for r in answer.rejected] == [(None, "row")]


@pytest.mark.parametrize("dt", [0, -1, 253402300799, 1762203600 + 90 * 86400])
def test_a_single_time_that_slipped_costs_nothing_but_its_row(dt: int) -> None:
    """Far from all others it is no shift, also in the place of the first or the last row."""
    for n in (0, 2, 4):
        rows = _rows(0, 4)
        rows[n]["dt"] = dt
        answer = _read(rows)
        assert _hours(answer) == [hour for hour in range(5) if hour != n]
        assert _unsure(answer) == [n]
        assert [r.field for r in answer.rejected] == ["row"]


@pytest.mark.parametrize(
    "changes,field",
    [
        ({"temp": "n/d"}, "temperature"),
        ({"temp": 293.15}, "temperature"),
        ({"temp": -273}, "temperature"),
        ({"humidity": 101}, "humidity"),
        ({"humidity": [60]}, "humidity"),
        ({"wind_speed": True}, "wind_speed"),
        ({"wind_gust": 1e9}, "wind_gust"),
        ({"wind_deg": {}}, "wind_direction"),
        ({"rain": 0.3}, "precipitation"),
        ({"rain": "0.3"}, "precipitation"),
        ({"rain": [0.3]}, "precipitation"),
        ({"rain": {"1h": -1}}, "precipitation"),
        ({"snow": 2}, "precipitation"),
    ],
    ids=str,
)
def test_a_member_that_cannot_be_costs_nothing_but_itself(
    changes: dict[str, object], field: str
) -> None:
    """The other values of its hour are read, and so are the other hours."""
    rows = _rows(0, 4)
    rows[2] |= changes
    answer = _read(rows)
    assert len(answer.readings) == 5
    assert field not in answer.readings[2].values
    assert set(answer.readings[2].values) | {field} >= {"temperature", "humidity"}
    assert [(r.slot, r.field) for r in answer.rejected] == [(START + 2 * HOUR, field)]


@pytest.mark.parametrize("missing", ["temp", "humidity", "weather", "pressure"])
def test_a_member_that_is_missing_costs_nothing_but_itself(missing: str) -> None:
    """It is not reported either: a member may be left out."""
    rows = _rows(0, 4)
    del rows[2][missing]
    answer = _read(rows)
    assert len(answer.readings) == 5
    assert answer.rejected == ()


def test_an_hour_of_nulls_proves_nothing() -> None:
    """Between values or alone: the model covers the place."""
    empty = dict.fromkeys(_row(START))
    rows = _rows(0, 4)
    rows[2] = {**empty, "dt": rows[2]["dt"]}
    answer = _read(rows)
    assert (_hours(answer), _unsure(answer)) == ([0, 1, 3, 4], [2])
    answer = _read([{**empty, "dt": row["dt"]} for row in _rows(0, 4)])
    assert (answer.readings, _unsure(answer)) == ((), [0, 1, 2, 3, 4])
    assert answer.evidence == "HTTP 200: no row of what was asked has a value"


def test_an_hour_with_two_rows_that_differ_is_dropped() -> None:
    """Which one is right nobody knows; rows that are equal after rounding are one."""
    doubled = _row(START + 2 * HOUR, temp=9.0)
    answer = _read([*_rows(0, 4), doubled])
    assert (_hours(answer), _unsure(answer)) == ([0, 1, 3, 4], [2])
    assert [(r.slot, r.field) for r in answer.rejected] == [(START + 2 * HOUR, "row")]
    dust = _row(START + 2 * HOUR, temp=22.000000000000004)
    assert _hours(_read([*_rows(0, 4), dust])) == [0, 1, 2, 3, 4]


def test_a_page_in_kelvin_is_refused() -> None:
    """An answer does not say its units; one hour among others in °C is a bad value instead."""
    rows = [row | {"temp": row["temp"] + 273.15} for row in _rows(0, 4)]
    with pytest.raises(MalformedPayload, match="is in kelvin, and degrees Celsius were asked for"):
        _read(rows)


def test_no_rows_are_an_empty_answer_with_evidence() -> None:
    """Not an error, and not a reading."""
    answer = _read([])
    assert (answer.readings, answer.no_verdict) == ((), frozenset())
    assert answer.evidence == "HTTP 200: data is empty"


@pytest.mark.parametrize(
    "changes,words",
    [
        ({"lat": 40.4}, "asked was 38.09, -3.63"),
        ({"lon": None}, "not a pair of numbers"),
        ({"data": None}, "data is not a list"),
        ({"data": {"dt": 1}}, "data is not a list"),
        ({"cod": 401}, "an error inside of HTTP 200"),
    ],
)
def test_a_page_of_another_place_or_shape_is_refused(
    changes: dict[str, object], words: str
) -> None:
    """Nothing of it is stored."""
    with pytest.raises(MalformedPayload, match=words):
        _read(_rows(0, 4), **changes)


@pytest.mark.parametrize("link", [None, 7, "", "http://elsewhere.example/?appid=KEY", {}])
def test_whatever_the_links_are_they_are_not_read(link: object) -> None:
    """Nothing of them is in the answer."""
    answer = _read(_rows(0, 4), prev=link, next=link)
    assert _hours(answer) == [0, 1, 2, 3, 4]
    assert "elsewhere" not in answer.evidence


def test_an_ask_of_the_timeline_is_for_the_time_machine_its_newest_hour() -> None:
    """Which answers one moment in a call; the other way round it is the same hour."""
    ask = owm_ask("timeline", START, slots=20)
    one = owm.as_asked_of(ask, "timemachine")
    assert dict(owm.request(one).params)["dt"] == "1762272000"  # 2025-11-04T16:00:00Z
    back = owm.as_asked_of(owm_ask("timemachine", START), "timeline")
    assert owm.request(back).params[2:4] == (("start", "1762203600"), ("cnt", "1"))


@settings(max_examples=examples(300), deadline=None)
@given(
    hours=st.lists(st.integers(-30, 60), max_size=25),
    slots=st.integers(1, 20),
    ago=st.integers(0, 40),
)
def test_whatever_hours_a_page_has_none_is_stored_that_was_not_asked_or_is_not_over(
    hours: list[int], slots: int, ago: int
) -> None:
    """And each one that is stored is that of its own label."""
    ask = owm_ask("timeline", START, slots=slots)
    ask = replace(ask, now=START + ago * HOUR + timedelta(minutes=30))
    rows = [_row(START + n * HOUR) for n in hours]
    try:
        answer = owm.parse(ask, Payload(200, _page(rows)))
    except MalformedPayload:
        assert {n for n in hours if n < 0 or n >= min(slots, ago)}
        return
    stored = set(_hours(answer))
    assert stored <= set(hours) & set(range(min(slots, ago)))
    assert not answer.no_verdict & {reading.slot for reading in answer.readings}
    assert set(_unsure(answer)) == (set(range(slots)) - stored if hours else set())
