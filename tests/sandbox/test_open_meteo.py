"""Open-Meteo as the sandbox serves it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from gapfill_sandbox import serve
from tests.sandbox.http_client import call
from tests.sandbox.shapes import PAYLOADS, payload, shape

if TYPE_CHECKING:
    from gapfill_sandbox import Sandbox
    from tests.sandbox.http_client import Reply

PLACE = {"latitude": "38.09", "longitude": "-3.63"}
DAY = {"start_date": "2025-11-04", "end_date": "2025-11-04"}
HOURLY = {"hourly": "temperature_2m,relative_humidity_2m,wind_speed_10m"}


def _ask(root: str, product: str, *queries: dict[str, str]) -> Reply:
    """Call a product with all of these parameters."""
    query = {name: value for part in queries for name, value in part.items()}
    return call(f"{root}/v1/{product}?{urlencode(query)}")


def _reason(reply: Reply) -> str:
    """Return the reason of a refusal, which has nothing else in it."""
    assert reply.status == 400
    document: dict[str, Any] = reply.json()
    assert list(document) == ["reason", "error"]
    assert document["error"] is True
    return str(document["reason"])


def test_a_forecast_has_the_shape_of_the_capture() -> None:
    """Same keys in the same order, same types, same units and the offset of New York."""
    capture = payload("open_meteo_forecast_2025-12-19.json")
    ours = ("temperature_2m", "relative_humidity_2m", "precipitation", "surface_pressure")
    names = ["time", *ours, "wind_speed_10m", "wind_direction_10m", "wind_gusts_10m"]
    for part in ("hourly", "hourly_units"):
        capture[part] = {name: capture[part][name] for name in names}
    units = {
        "temperature_unit": "fahrenheit",
        "wind_speed_unit": "mph",
        "precipitation_unit": "inch",
        "timezone": "America/New_York",
    }
    days = {"start_date": "2025-12-18", "end_date": "2025-12-20"}
    with serve(now=datetime(2025, 12, 19, 0, tzinfo=UTC)) as sandbox:
        hourly = {"hourly": ",".join(names[1:])}
        reply = _ask(sandbox.url, "forecast", PLACE, days, hourly, units)
    answer = reply.json()
    assert shape(answer) == shape(capture)
    assert list(answer) == list(capture)
    for part in ("hourly", "hourly_units"):
        assert list(answer[part]) == names
    for key in ("utc_offset_seconds", "timezone", "timezone_abbreviation", "hourly_units"):
        assert answer[key] == capture[key]
    assert answer["hourly"]["time"][19:67] == capture["hourly"]["time"]
    assert reply.headers["content-type"] == "application/json; charset=utf-8"
    assert '"temperature_2m":"°F"'.encode() in reply.body


def test_the_archive_has_the_same_keys_around_its_values(sandbox: Sandbox) -> None:
    """The capture is of daily values, which the sandbox does not have."""
    capture = payload("open_meteo_archive_daily_2025-11-27.json")
    answer = _ask(
        sandbox.url, "archive", PLACE, {"start_date": "2025-10-01", "end_date": "2025-10-01"}
    ).json()
    around = {key: value for key, value in capture.items() if not key.startswith("daily")}
    assert shape(answer) == shape(around)
    assert list(answer) == list(around)


@pytest.mark.parametrize("product", ["forecast", "archive"])
def test_a_day_is_whole_and_wind_comes_in_kilometres_an_hour(
    sandbox: Sandbox, product: str
) -> None:
    """Unless m/s are asked for, with two decimals; both dates are inside."""
    days = {"start_date": "2025-10-26", "end_date": "2025-10-27"}
    usual = _ask(sandbox.url, product, PLACE, days, HOURLY).json()
    metric = _ask(sandbox.url, product, PLACE, days, HOURLY, {"wind_speed_unit": "ms"}).json()
    assert usual["hourly"]["time"][0] == "2025-10-26T00:00"
    assert usual["hourly"]["time"][-1] == "2025-10-27T23:00"
    assert {len(column) for column in usual["hourly"].values()} == {48}
    assert usual["hourly_units"]["wind_speed_10m"] == "km/h"
    assert metric["hourly_units"]["wind_speed_10m"] == "m/s"
    ratios = [
        fast / slow
        for fast, slow in zip(
            usual["hourly"]["wind_speed_10m"], metric["hourly"]["wind_speed_10m"], strict=True
        )
    ]
    assert 3.5 < min(ratios) <= max(ratios) < 3.7
    assert usual["hourly"]["temperature_2m"] == metric["hourly"]["temperature_2m"]
    assert usual["timezone"] == "GMT"


def test_the_hours_to_come_are_in_the_forecast(sandbox: Sandbox) -> None:
    """With values: whoever takes them for observations makes values up."""
    days = {"start_date": "2025-11-05", "end_date": "2025-11-21"}
    hourly = _ask(sandbox.url, "forecast", PLACE, days, HOURLY).json()["hourly"]
    assert len(hourly["time"]) == 17 * 24
    assert None not in hourly["temperature_2m"]


def test_the_archive_is_null_from_five_days_ago_on(sandbox: Sandbox) -> None:
    """The hours are there, their values are not."""
    days = {"start_date": "2025-10-31", "end_date": "2025-11-04"}
    hourly = _ask(sandbox.url, "archive", PLACE, days, HOURLY).json()["hourly"]
    values = dict(zip(hourly["time"], hourly["temperature_2m"], strict=True))
    assert isinstance(values["2025-10-31T12:00"], float)
    assert values["2025-10-31T13:00"] is None
    assert values["2025-11-04T23:00"] is None
    assert len(values) == 120


def test_both_products_have_the_same_weather(sandbox: Sandbox) -> None:
    """In the hour that the label ends."""
    days = {"start_date": "2025-10-20", "end_date": "2025-10-20"}
    one, other = (_ask(sandbox.url, p, PLACE, days, HOURLY).json() for p in ("forecast", "archive"))
    assert one["hourly"] == other["hourly"]
    assert (one["latitude"], other["latitude"]) == (38.0625, 38.1026)


@pytest.mark.parametrize("first", ["2025-08-04", "2025-11-22"])
def test_a_date_outside_the_window_is_refused_as_in_the_capture(
    sandbox: Sandbox, first: str
) -> None:
    """92 days back to 16 ahead; the capture's window is as long."""
    days = {"start_date": first, "end_date": "2025-11-22"}
    said = _reason(_ask(sandbox.url, "forecast", PLACE, days, HOURLY))
    window = "is out of allowed range from 2025-08-05 to 2025-11-21"
    assert said == f"Parameter 'start_date' {window}"
    with serve(now=datetime(2026, 10, 3, 12, tzinfo=UTC)) as later:
        body = _ask(later.url, "forecast", PLACE, days, HOURLY).body
    assert body == (PAYLOADS / "open_meteo_error_out_of_range.json").read_bytes().strip()


@pytest.mark.parametrize(
    "product,query,words",
    [
        ("forecast", {**DAY, "end_date": "2025-11-22"}, "Parameter 'end_date' is out of allowed"),
        ("archive", {**DAY, "start_date": "1939-12-31"}, "from 1940-01-01 to 2025-11-04"),
        ("archive", {**DAY, "end_date": "2025-11-05"}, "Parameter 'end_date' is out of allowed"),
        ("forecast", {"start_date": "2025-11-04"}, "Both 'start_date' and 'end_date' must be set"),
        ("archive", {}, "Both 'start_date' and 'end_date' must be set"),
        ("forecast", {**DAY, "end_date": "2025-11-03"}, "End-date must be larger or equals"),
        ("forecast", {**DAY, "past_days": "1"}, "'past_days' is mutually exclusive"),
        ("forecast", {**DAY, "forecast_days": "1"}, "'forecast_days' is mutually exclusive"),
        ("forecast", {**DAY, "start_date": "today"}, "Invalid date"),
        ("forecast", {"past_days": "93"}, "Past days is invalid. Allowed range 0 to 92. Given 93."),
        ("forecast", {"forecast_days": "-1"}, "Forecast days is invalid. Allowed range 0 to 16."),
        ("forecast", {**DAY, "timezone": "Europe/Linares"}, "Invalid timezone"),
        ("forecast", {**DAY, "timezone": "../etc"}, "Invalid timezone"),
        ("forecast", {**DAY, "hourly": "tide"}, "invalid String value tide"),
        ("forecast", {**DAY, "latitude": "91"}, "Latitude must be in range of -90 to 90°."),
        ("forecast", {**DAY, "longitude": "nan"}, "Longitude must be in range"),
        ("forecast", {**DAY, "latitude": "north"}, "'north' is not a number"),
    ],
)
def test_what_is_wrong_is_refused_with_a_reason(
    sandbox: Sandbox, product: str, query: dict[str, str], words: str
) -> None:
    """HTTP 400, in one shape."""
    assert words in _reason(_ask(sandbox.url, product, PLACE, HOURLY, query))


def test_days_are_counted_from_today_where_no_date_is_named(sandbox: Sandbox) -> None:
    """Seven days from today on, unless told otherwise."""
    usual = _ask(sandbox.url, "forecast", PLACE, HOURLY).json()["hourly"]["time"]
    assert _ask(sandbox.url, "forecast", PLACE, HOURLY, DAY, {"past_days": "0"}).status == 200
    other = _ask(sandbox.url, "forecast", PLACE, HOURLY, {"past_days": "2", "forecast_days": "1"})
    assert (usual[0], usual[-1]) == ("2025-11-05T00:00", "2025-11-11T23:00")
    times = other.json()["hourly"]["time"]
    assert (times[0], times[-1]) == ("2025-11-03T00:00", "2025-11-05T23:00")


def test_without_a_place_or_variables_200_says_nothing(sandbox: Sandbox) -> None:
    """No body, or one without hours."""
    nowhere = _ask(sandbox.url, "forecast", DAY, HOURLY)
    nothing = _ask(sandbox.url, "forecast", DAY, PLACE)
    assert (nowhere.status, nowhere.body) == (200, b"")
    assert nothing.status == 200
    assert "hourly" not in nothing.json()


def test_more_than_600_calls_a_minute_are_refused_as_in_the_capture() -> None:
    """With the API's own words."""
    with serve(now=datetime(2025, 11, 5, 12, tzinfo=UTC), rates={"open_meteo": 1}) as sandbox:
        first, second = (_ask(sandbox.url, "forecast", PLACE, DAY, HOURLY) for _ in range(2))
    assert (first.status, second.status) == (200, 429)
    assert second.body == (PAYLOADS / "open_meteo_error_minutely.json").read_bytes().strip()


def test_a_number_that_is_none_is_written_as_the_api_does(sandbox: Sandbox) -> None:
    """In lower case, which no reader of JSON takes."""
    sandbox.faults.add({"api": "open_meteo", "kind": "nan"})
    reply = _ask(sandbox.url, "forecast", PLACE, DAY, HOURLY)
    assert b'"temperature_2m":[nan,nan,' in reply.body
    with pytest.raises(ValueError, match="Expecting value"):
        json.loads(reply.body)


def test_the_truth_is_what_the_api_serves(sandbox: Sandbox) -> None:
    """In the catalogue's units, a slot an hour before its label."""
    url = f"{sandbox.url}/_sandbox/truth?series=weather_hourly&source=open_meteo"
    lines = call(f"{url}&start=2025-11-04T00:00Z&end=2025-11-04T02:00Z").text.splitlines()
    hourly = _ask(sandbox.url, "forecast", PLACE, DAY, HOURLY, {"wind_speed_unit": "ms"}).json()
    names = lines[0].split(",")
    assert names == [
        "slot",
        "temperature",
        "humidity",
        "pressure",
        "wind_speed",
        "wind_direction",
        "wind_gust",
        "precipitation",
        "solar_radiation",
    ]
    second = dict(zip(names, lines[2].split(","), strict=True))
    assert second["slot"] == "2025-11-04T01:00:00Z"
    assert float(second["temperature"]) == hourly["hourly"]["temperature_2m"][2]
    assert float(second["humidity"]) == hourly["hourly"]["relative_humidity_2m"][2]
    assert float(second["wind_speed"]) == hourly["hourly"]["wind_speed_10m"][2]
    assert len(lines) == 3
    odd = call(f"{url}&start=2025-11-04T00:30Z&end=2025-11-04T01:30Z").text.splitlines()
    assert odd[1:] == lines[2:]


@pytest.mark.parametrize(
    "name,unit,symbol,factor",
    [
        ("precipitation", {"precipitation_unit": "inch"}, "inch", 0.03937),
        ("wind_gusts_10m", {"wind_speed_unit": "kn"}, "kn", 1.9438),
        ("wind_gusts_10m", {"wind_speed_unit": "mph"}, "mp/h", 2.2369),
    ],
)
def test_another_unit_is_another_number(
    sandbox: Sandbox, name: str, unit: dict[str, str], symbol: str, factor: float
) -> None:
    """Of two weeks, in which it rains on some days."""
    days = {"start_date": "2025-10-20", "end_date": "2025-11-02"}
    query = ({"hourly": name}, PLACE, days)
    metric = _ask(sandbox.url, "forecast", *query, {"wind_speed_unit": "ms"}).json()
    other = _ask(sandbox.url, "forecast", *query, unit).json()
    assert other["hourly_units"][name] == symbol
    expected = [factor * value for value in metric["hourly"][name]]
    assert max(expected) > 0.03
    assert other["hourly"][name] == pytest.approx(expected, abs=0.06 * factor)
