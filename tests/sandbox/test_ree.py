"""REE apidatos as the sandbox serves it."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from gapfill_sandbox import serve
from tests.sandbox.http_client import REE_PATH, call, pvpc, ree_url
from tests.sandbox.shapes import PAYLOADS, payload, shape

if TYPE_CHECKING:
    from gapfill_sandbox import Sandbox
    from tests.sandbox.http_client import Reply


def _day(root: str, day: str, **more: str) -> Reply:
    """Call for a whole local day."""
    return call(ree_url(root, f"{day}T00:00", f"{day}T23:59", **more))


def _ids(reply: Reply) -> list[str]:
    """Return the ids of the answer's series, in its order."""
    return [series["id"] for series in reply.json()["included"]]


def _values(reply: Reply, series_id: str) -> list[dict[str, Any]]:
    """Return one series' values."""
    (found,) = [series for series in reply.json()["included"] if series["id"] == series_id]
    return list(found["attributes"]["values"])


def test_answer_has_the_shape_of_the_capture_with_both_series() -> None:
    """Same keys, same types at every path, same bytes for what is not ASCII."""
    capture = payload("ree_pvpc_2021-10-31.json")
    with serve(now=datetime(2021, 10, 31, 12, tzinfo=UTC)) as sandbox:
        reply = _day(sandbox.url, "2021-10-31", geo_ids="8741")
    assert shape(reply.json()) == shape(capture)
    assert _ids(reply) == ["1001", "600"]
    assert reply.headers["content-type"] == "application/json"
    assert b'"PVPC (\\u20ac\\/MWh)"' in reply.body
    assert b'"PVPC (\\u20ac\\/MWh)"' in (PAYLOADS / "ree_pvpc_2021-10-31.json").read_bytes()


@pytest.mark.parametrize("series_id", ["1001", "600"])
def test_datetimes_of_the_autumn_day_are_those_of_the_capture(series_id: str) -> None:
    """02:00+02:00 comes before 02:00+01:00, 25 values in all."""
    capture = payload("ree_pvpc_2021-10-31.json")
    (series,) = [s for s in capture["included"] if s["id"] == series_id]
    expected = [value["datetime"] for value in series["attributes"]["values"]]
    with serve(now=datetime(2021, 10, 31, 12, tzinfo=UTC)) as sandbox:
        reply = _day(sandbox.url, "2021-10-31")
    assert len(expected) == 25
    assert [value["datetime"] for value in _values(reply, series_id)] == expected


def test_answer_for_ceuta_has_the_shape_of_the_capture_without_spot() -> None:
    """Ceuta and Melilla have no spot series, and the share of PVPC is then 1."""
    capture = payload("ree_pvpc_2021-06-01_ceuta.json")
    with serve(now=datetime(2021, 6, 1, 12, tzinfo=UTC)) as sandbox:
        reply = _day(sandbox.url, "2021-06-01", geo_ids="8744")
    assert shape(reply.json()) == shape(capture)
    assert {value["percentage"] for value in pvpc(reply)} == {1}


def test_no_data_is_the_captured_502() -> None:
    """A day that is not published is HTTP 502 with a detail."""
    with serve(now=datetime(2025, 11, 5, 12, tzinfo=UTC)) as sandbox:
        reply = _day(sandbox.url, "2025-11-07")
    assert reply.status == 502
    assert reply.body == (PAYLOADS / "ree_error_no_data.json").read_bytes().strip()


@pytest.mark.parametrize("day, hours", [("2025-03-30", 23), ("2025-06-01", 24), ("2025-10-26", 25)])
def test_a_day_has_the_hours_of_its_clock_changes(sandbox: Sandbox, day: str, hours: int) -> None:
    """23, 24 and 25 values, an hour apart."""
    starts = [datetime.fromisoformat(v["datetime"]) for v in pvpc(_day(sandbox.url, day))]
    assert len(starts) == hours
    assert {(b - a).total_seconds() for a, b in pairwise(starts)} == {3600.0}


def test_spring_day_jumps_from_one_to_three(sandbox: Sandbox) -> None:
    """The hour that does not exist has no value."""
    starts = [value["datetime"] for value in pvpc(_day(sandbox.url, "2025-03-30"))]
    assert starts[1:3] == ["2025-03-30T01:00:00.000+01:00", "2025-03-30T03:00:00.000+02:00"]


def test_end_bound_is_inclusive(sandbox: Sandbox) -> None:
    """Midnight to midnight is 25 values."""
    reply = call(ree_url(sandbox.url, "2025-11-01T00:00", "2025-11-02T00:00"))
    assert len(pvpc(reply)) == 25
    assert pvpc(reply)[-1]["datetime"] == "2025-11-02T00:00:00.000+01:00"


@pytest.mark.parametrize("day, values", [("2025-09-30", 24), ("2025-10-01", 96)])
def test_spot_is_quarter_hourly_since_october_2025(sandbox: Sandbox, day: str, values: int) -> None:
    """The market changed on delivery day 2025-10-01; PVPC stayed hourly."""
    reply = _day(sandbox.url, day)
    assert len(_values(reply, "600")) == values
    assert len(_values(reply, "1001")) == 24


def test_a_place_filter_drops_spot_since_october_2025(sandbox: Sandbox) -> None:
    """With geo_ids only PVPC comes."""
    assert _ids(_day(sandbox.url, "2025-11-01", geo_ids="8741")) == ["1001"]


def test_either_series_may_come_first(sandbox: Sandbox) -> None:
    """Whoever takes the first series gets the wrong one every other day."""
    assert _ids(_day(sandbox.url, "2025-11-01")) == ["1001", "600"]
    assert _ids(_day(sandbox.url, "2025-11-02")) == ["600", "1001"]


def test_only_spot_comes_between_its_publication_and_that_of_pvpc() -> None:
    """At 15:00 the next day has market prices and no PVPC."""
    with serve(now=datetime(2025, 9, 1, 13, tzinfo=UTC)) as sandbox:
        reply = _day(sandbox.url, "2025-09-02")
    assert _ids(reply) == ["600"]
    assert reply.json()["data"]["attributes"]["last-update"] == "2025-09-01T13:42:00.000+02:00"


def test_a_range_into_the_unpublished_stops_at_the_last_published_day(sandbox: Sandbox) -> None:
    """Today is there, tomorrow is not, and that is no error."""
    reply = call(ree_url(sandbox.url, "2025-11-05T00:00", "2025-11-06T23:59", geo_ids="8741"))
    assert reply.status == 200
    assert pvpc(reply)[-1]["datetime"] == "2025-11-05T23:00:00.000+01:00"


def test_there_is_no_pvpc_before_its_tariff(sandbox: Sandbox) -> None:
    """The day before 2021-06-01 has market prices alone."""
    assert _ids(_day(sandbox.url, "2021-05-31")) == ["600"]
    assert _ids(_day(sandbox.url, "2021-06-01")) == ["1001", "600"]


def test_a_range_of_fourteen_days_is_answered_and_a_longer_one_is_not(sandbox: Sandbox) -> None:
    """The refusal is the 400 that apidatos gave for 92 days."""
    whole = call(ree_url(sandbox.url, "2025-10-20T00:00", "2025-11-02T23:59", geo_ids="8741"))
    longer = call(ree_url(sandbox.url, "2025-10-20T00:00", "2025-11-03T00:01", geo_ids="8741"))
    assert len(pvpc(whole)) == 14 * 24 + 1
    assert longer.status == 400
    assert longer.json() == {
        "errors": [
            {
                "status": "400",
                "title": "Error Interno",
                "detail": "Los datos solicitados no están disponibles en este momento. "
                "Inténtelo de nuevo más tarde.",
            }
        ]
    }


def test_the_longest_range_is_an_option() -> None:
    """31 days are answered where the option says so."""
    with serve(now=datetime(2025, 11, 5, 12, tzinfo=UTC), spans={"ree": 31}) as sandbox:
        reply = call(ree_url(sandbox.url, "2025-10-01T00:00", "2025-10-31T23:59"))
    assert len(pvpc(reply)) == 31 * 24 + 1


@pytest.mark.parametrize(
    "query",
    [
        "",
        "start_date=2025-11-01T00:00&end_date=2025-11-01T23:59",
        "start_date=2025-11-01T00:00&end_date=2025-11-01T23:59&time_trunc=day",
        "start_date=yesterday&end_date=2025-11-01T23:59&time_trunc=hour",
        "start_date=2025-11-02T00:00&end_date=2025-11-01T23:59&time_trunc=hour",
        "start_date=2025-11-01T00:00&end_date=2025-11-01T23:59&time_trunc=hour&geo_ids=Jaén",
        "start_date=2025-11-01T00:00&end_date=2025-11-01T23:59&time_trunc=hour&geo_limit=ccaa",
        "start_date=0001-01-01T00:00&end_date=2025-11-01T23:59&time_trunc=hour",
    ],
)
def test_missing_and_wrong_parameters_are_refused(sandbox: Sandbox, query: str) -> None:
    """The refusal has apidatos' shape."""
    reply = call(f"{sandbox.url}{REE_PATH}?{query}".replace("é", "%C3%A9"))
    assert reply.status == 400
    assert reply.json()["errors"][0]["status"] == "400"


def test_places_differ(sandbox: Sandbox) -> None:
    """Five places give five first prices, and a name stands for its number."""
    firsts = {
        geo: pvpc(_day(sandbox.url, "2025-11-01", geo_ids=geo))[0]["value"]
        for geo in ("8741", "8742", "8743", "8744", "8745")
    }
    assert len(set(firsts.values())) == 5
    by_name = _day(sandbox.url, "2025-11-01", geo_limit="canarias")
    assert pvpc(by_name)[0]["value"] == firsts["8742"]


def test_english_is_another_path_with_other_titles(sandbox: Sandbox) -> None:
    """Titles depend on the language, ids do not."""
    url = ree_url(sandbox.url, "2025-11-01T00:00", "2025-11-01T23:59").replace("/es/", "/en/")
    titles = {series["id"]: series["type"] for series in call(url).json()["included"]}
    assert titles == {"1001": "PVPC", "600": "Spot market price"}
