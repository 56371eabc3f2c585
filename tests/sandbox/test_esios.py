"""ESIOS's indicators as the sandbox serves them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gapfill_sandbox import Sandbox, serve
from tests.sandbox.http_client import call, esios, esios_url
from tests.sandbox.shapes import PAYLOADS, payload, shape

AUTUMN = datetime(2021, 10, 31, 12, tzinfo=UTC)
_MOMENTS = ("datetime", "datetime_utc", "tz_time", "geo_id", "geo_name")


def test_answer_has_the_shape_of_the_capture() -> None:
    """Same keys, same types at every path, UTF-8 that is not escaped."""
    with serve(now=AUTUMN) as sandbox:
        reply = esios(sandbox.url, "2021-10-31T00:00", "2021-10-31T23:59")
    assert shape(reply.json()) == shape(payload("esios_1001_2021-10-31.json"))
    assert reply.headers["content-type"] == "application/json; charset=utf-8"
    assert "Término de facturación".encode() in reply.body


def test_moments_and_places_of_the_autumn_day_are_those_of_the_capture() -> None:
    """All 125, with the wrong datetime_utc of the second 02:00."""
    capture = payload("esios_1001_2021-10-31.json")["indicator"]
    with serve(now=AUTUMN) as sandbox:
        answer = esios(sandbox.url, "2021-10-31T00:00", "2021-10-31T23:59").json()["indicator"]
    found = sorted(tuple(value[key] for key in _MOMENTS) for value in answer["values"])
    assert found == sorted(tuple(value[key] for key in _MOMENTS) for value in capture["values"])
    assert len(found) == 125
    assert answer["geos"] == capture["geos"]


def test_the_second_two_o_clock_carries_the_instant_of_the_first() -> None:
    """datetime_utc is wrong by an hour there, tz_time is right."""
    with serve(now=AUTUMN) as sandbox:
        reply = esios(sandbox.url, "2021-10-31T02:00", "2021-10-31T02:59", {"geo_ids[]": "8741"})
    first, second = reply.json()["indicator"]["values"]
    assert first["datetime"] == "2021-10-31T02:00:00.000+02:00"
    assert second["datetime"] == "2021-10-31T02:00:00.000+01:00"
    assert second["datetime_utc"] == first["datetime_utc"] == "2021-10-31T00:00:00Z"
    assert second["tz_time"] == "2021-10-31T01:00:00.000Z"


def test_places_of_an_hour_come_in_no_fixed_order(sandbox: Sandbox) -> None:
    """The order differs from hour to hour."""
    values = esios(sandbox.url, "2025-11-01T00:00", "2025-11-01T23:59").json()["indicator"][
        "values"
    ]
    orders = {tuple(v["geo_id"] for v in values[n : n + 5]) for n in range(0, len(values), 5)}
    assert len(values) == 120
    assert len(orders) > 5


def test_a_place_filter_leaves_that_place(sandbox: Sandbox) -> None:
    """24 values of one place, and only that place is listed."""
    reply = esios(sandbox.url, "2025-11-01T00:00", "2025-11-01T23:59", {"geo_ids[]": "8743"})
    answer = reply.json()["indicator"]
    assert [value["geo_id"] for value in answer["values"]] == [8743] * 24
    assert answer["geos"] == [{"geo_id": 8743, "geo_name": "Baleares"}]


def test_what_is_not_published_is_an_empty_list(sandbox: Sandbox) -> None:
    """HTTP 200, no values, no time of update, as in the capture."""
    reply = esios(sandbox.url, "2025-11-07T00:00", "2025-11-07T23:59")
    assert reply.status == 200
    assert reply.json()["indicator"]["values"] == []
    assert reply.json()["indicator"]["values_updated_at"] is None
    assert shape(reply.json()) == shape(payload("esios_573_empty.json"))


def test_time_of_update_is_the_publication_of_the_last_day(sandbox: Sandbox) -> None:
    """On the evening before, at 20:xx Madrid time."""
    reply = esios(sandbox.url, "2025-11-01T00:00", "2025-11-02T23:59")
    assert reply.json()["indicator"]["values_updated_at"].startswith("2025-11-01T20:")


@pytest.mark.parametrize(
    "headers, status",
    [
        ({}, 403),
        ({"x-api-key": "bad"}, 403),
        ({"x-api-key": ""}, 403),
        ({"Authorization": "Basic k"}, 403),
        ({"Authorization": "Token token=bad"}, 403),
        ({"x-api-key": "k"}, 200),
        ({"Authorization": "Token token=k"}, 200),
        ({"Authorization": 'Token token="k"'}, 200),
        ({"Authorization": "Token token=k", "x-api-key": "k"}, 200),
    ],
)
def test_a_token_is_required(sandbox: Sandbox, headers: dict[str, str], status: int) -> None:
    """Either header will do; without a good one the answer is the captured 403."""
    url = esios_url(sandbox.url, "2025-11-01T00:00", "2025-11-01T23:59")
    reply = call(url, headers=headers)
    forbidden = (PAYLOADS / "esios_error_forbidden.json").read_bytes().strip()
    assert reply.status == status
    assert (reply.body == forbidden) == (status == 403)


def test_a_range_over_21_days_fails(sandbox: Sandbox) -> None:
    """21 days are answered, a minute more is not."""
    whole = esios(sandbox.url, "2025-10-05T00:00", "2025-10-25T23:59", {"geo_ids[]": "8741"})
    longer = esios(sandbox.url, "2025-10-05T00:00", "2025-10-26T00:01", {"geo_ids[]": "8741"})
    assert len(whole.json()["indicator"]["values"]) == 21 * 24
    assert longer.status == 500


@pytest.mark.parametrize(
    "day, more, values",
    [
        ("2025-09-30", {}, 24),
        ("2025-10-01", {}, 96),
        ("2025-10-01", {"time_trunc": "hour"}, 24),
    ],
)
def test_spot_is_quarter_hourly_since_october_2025(
    sandbox: Sandbox, day: str, more: dict[str, str], values: int
) -> None:
    """96 quarters, 24 when cut to hours."""
    query = {"geo_ids[]": "3", **more}
    reply = esios(sandbox.url, f"{day}T00:00", f"{day}T23:59", query, indicator=600)
    assert len(reply.json()["indicator"]["values"]) == values


def test_hours_of_spot_are_sums_unless_a_mean_is_asked_for(sandbox: Sandbox) -> None:
    """The trap: four quarters summed look like a fourfold price."""
    bounds = ("2025-10-01T10:00", "2025-10-01T10:59")
    query = {"geo_ids[]": "3", "time_trunc": "hour"}
    summed = esios(sandbox.url, *bounds, query, indicator=600)
    mean = esios(sandbox.url, *bounds, {**query, "time_agg": "avg"}, indicator=600)
    (total,) = [value["value"] for value in summed.json()["indicator"]["values"]]
    (average,) = [value["value"] for value in mean.json()["indicator"]["values"]]
    assert total == pytest.approx(4 * average, abs=0.03)


@pytest.mark.parametrize(
    "indicator, query, status",
    [
        (1001, {"time_trunc": "day"}, 400),
        (1001, {"geo_ids[]": "Jaen"}, 400),
        (1001, {"start_date": "soon"}, 400),
        (1001, {"start_date": "2025-11-02"}, 400),
        (10211, {}, 404),
    ],
)
def test_wrong_requests_are_refused(
    sandbox: Sandbox, indicator: int, query: dict[str, str], status: int
) -> None:
    """A parameter that cannot be read is 400, an indicator that is not simulated 404."""
    wanted = {"start_date": "2025-11-01T00:00", "end_date": "2025-11-01T23:59", **query}
    start, end = wanted.pop("start_date"), wanted.pop("end_date")
    assert esios(sandbox.url, start, end, wanted, indicator=indicator).status == status


def test_dates_are_required(sandbox: Sandbox) -> None:
    """No day is guessed."""
    assert call(f"{sandbox.url}/indicators/1001", headers={"x-api-key": "k"}).status == 400
