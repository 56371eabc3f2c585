"""One Call 4.0 as the sandbox serves it: pages of a timeline, links with the key, a forecast."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from gapfill_sandbox import serve
from tests.sandbox.http_client import call
from tests.sandbox.shapes import payload, shape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gapfill_sandbox import Sandbox
    from tests.sandbox.http_client import Reply

TIMELINE, CURRENT = "/data/4.0/onecall/timeline/1h", "/data/4.0/onecall/current"
TIMEMACHINE, WEATHER = "/data/3.0/onecall/timemachine", "/data/2.5/weather"
NOW = datetime(2025, 11, 5, 12, 34, tzinfo=UTC)
HOUR = timedelta(hours=1)
NOON = datetime(2025, 11, 5, 12, tzinfo=UTC)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Serve at 12:34, without a rate."""
    with serve(now=NOW, rates={"openweathermap": 0}) as running:
        yield running


def _unix(instant: datetime) -> int:
    return int(instant.timestamp())


def _get(root: str, path: str = TIMELINE, /, **more: object) -> Reply:
    """Call for Linares with a key of 4.0."""
    query: dict[str, object] = {"lat": 38.09, "lon": -3.63, "units": "metric", "appid": "key-4.0"}
    known = {name: value for name, value in (query | more).items() if value is not None}
    return call(f"{root}{path}?{urlencode(known)}")


def _page(sandbox: Sandbox, start: datetime, **more: object) -> Any:  # noqa: ANN401 - any JSON
    return _get(sandbox.url, start=_unix(start), **more).json()


def _labels(page: Any) -> list[int]:  # noqa: ANN401 - any JSON
    return [row["dt"] for row in page["data"]]


def test_a_page_has_twenty_rows_an_hour_apart(sandbox: Sandbox) -> None:
    """However many are asked for; fewer where fewer are."""
    start = NOON - 60 * HOUR
    for cnt, rows in ((None, 20), (20, 20), (500, 20), (7, 7), (1, 1)):
        labels = _labels(_page(sandbox, start, cnt=cnt))
        assert len(labels) == rows
        assert labels[0] == _unix(start)
        assert {later - earlier for earlier, later in pairwise(labels)} <= {3600}


def test_a_page_has_the_shape_of_the_documentation(sandbox: Sandbox) -> None:
    """The place, the zone, two links and the rows; an hour as every one of One Call."""
    page = _page(sandbox, NOON - 60 * HOUR)
    assert list(page) == ["lat", "lon", "timezone", "timezone_offset", "prev", "next", "data"]
    capture = payload("openweathermap_onecall_hour_2024-04-26.json")
    del capture["pop"]  # the chance of rain: a forecast's
    for row in page["data"]:
        row.pop("rain", None)
        assert shape(row) == shape(capture)


def test_the_links_are_whole_and_carry_the_key(sandbox: Sandbox) -> None:
    """The trap: plain http, with the key in it. They lead to the pages before and after."""
    start = NOON - 60 * HOUR
    page = _page(sandbox, start, cnt=5)
    for name, first in (("prev", start - 5 * HOUR), ("next", start + 5 * HOUR)):
        assert page[name].startswith("http://")
        query = parse_qs(urlsplit(page[name]).query)
        assert query["appid"] == ["key-4.0"]
        assert _labels(call(page[name]).json())[0] == _unix(first)


@pytest.mark.parametrize(
    "start,link",
    [(datetime(1979, 1, 1, tzinfo=UTC), "prev"), (NOON + 30 * HOUR, "next")],
    ids=["first", "last"],
)
def test_the_ends_of_the_timeline_have_no_link(
    sandbox: Sandbox, start: datetime, link: str
) -> None:
    """It begins in 1979 and ends two days ahead."""
    page = _page(sandbox, start)
    assert page[link] is None
    assert max(_labels(page)) <= _unix(NOW + 48 * HOUR)


def test_rows_after_now_are_a_forecast_in_the_same_shape(sandbox: Sandbox) -> None:
    """Whoever takes one for a reading is too warm by a degree and a half."""
    rows = _page(sandbox, NOON - HOUR, cnt=4)["data"]
    sandbox.clock.set(NOW + 5 * HOUR)
    true = _page(sandbox, NOON - HOUR, cnt=4)["data"]
    errors = [round(row["temp"] - then["temp"], 2) for row, then in zip(rows, true, strict=True)]
    assert errors == [0, 0, 1.5, 1.5]


def test_a_row_is_that_of_the_time_machine(sandbox: Sandbox) -> None:
    """And of the weather of now for the hour that its calculation lies in."""
    row = _page(sandbox, NOON - 3 * HOUR, cnt=1)["data"][0]
    dt = _unix(NOON - 3 * HOUR)
    (then,) = _get(sandbox.url, TIMEMACHINE, dt=dt, appid="key-3.0").json()["data"]
    assert row == {name: value for name, value in then.items() if name not in ("sunrise", "sunset")}
    (current,) = _get(sandbox.url, CURRENT).json()["data"]
    assert current["temp"] == _get(sandbox.url, WEATHER).json()["main"]["temp"]
    assert current["dt"] == _get(sandbox.url, WEATHER).json()["dt"]


def test_pressure_is_at_sea_level_and_kelvin_the_default(sandbox: Sandbox) -> None:
    """As everywhere in One Call."""
    ground = _get(sandbox.url, WEATHER).json()["main"]["grnd_level"]
    assert _get(sandbox.url, CURRENT).json()["data"][0]["pressure"] == ground + 53
    kelvin, celsius = (_page(sandbox, NOON - HOUR, units=u)["data"][0] for u in (None, "metric"))
    assert kelvin["temp"] == pytest.approx(celsius["temp"] + 273.15)


@pytest.mark.parametrize("key", ["key-3.0", "0123456789abcdef", "my-free-key", "my-4.0-free-key"])
def test_a_key_that_is_not_of_4_is_refused(sandbox: Sandbox, key: str) -> None:
    """With 401 and words like those of 3.0; the weather of now is served."""
    for path in (TIMELINE, CURRENT):
        reply = _get(sandbox.url, path, appid=key)
        assert reply.status == 401
        assert "One Call 4.0 requires a separate subscription" in reply.json()["message"]
    assert _get(sandbox.url, WEATHER, appid=key).status == 200


def test_a_bad_key_is_refused_as_everywhere(sandbox: Sandbox) -> None:
    """Not as one without a subscription."""
    assert "Invalid API key" in _get(sandbox.url, appid="bad-4.0").json()["message"]


@pytest.mark.parametrize(
    "more",
    [
        {"start": "noon"},
        {"start": 10**30},
        {"start": 283996799 - 3600},
        {"start": _unix(NOW + 49 * HOUR)},
        {"cnt": 0},
        {"cnt": "x"},
        {"lat": 91},
        {"lat": None},
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused(sandbox: Sandbox, more: dict[str, object]) -> None:
    """With 400, as by the other paths."""
    assert _get(sandbox.url, **{"start": _unix(NOON - HOUR), **more}).status == 400


def test_a_start_between_the_hours_is_the_next_hour(sandbox: Sandbox) -> None:
    """That of now where none is given."""
    assert _labels(_page(sandbox, NOON - 90 * timedelta(minutes=1)))[0] == _unix(NOON - HOUR)
    assert _labels(_get(sandbox.url).json())[0] == _unix(NOON + HOUR)


def test_both_generations_share_the_thousand_calls_of_a_day() -> None:
    """The weather of now goes on."""
    with serve(now=NOW, rates={"openweathermap": 0}) as sandbox:
        for number in range(1000):
            path = (TIMELINE, CURRENT)[number > 4]
            assert _get(sandbox.url, path, start=_unix(NOON), cnt=1).status == 200
        assert _get(sandbox.url).status == 429
        assert _get(sandbox.url, TIMEMACHINE, dt=_unix(NOON), appid="k").status == 429
        assert _get(sandbox.url, WEATHER).status == 200


def test_faults_find_the_days_of_a_page(sandbox: Sandbox) -> None:
    """A row's day is that of its hour, which ends at the label."""
    day = {"from": "2025-11-04", "to": "2025-11-04"}
    sandbox.faults.add({"api": "openweathermap", "kind": "500", **day})
    statuses = [
        _get(sandbox.url, start=_unix(datetime(2025, 11, *at, tzinfo=UTC)), cnt=cnt).status
        for at, cnt in (((3, 22), 2), ((3, 22), 3), ((4, 23), 1), ((5, 0), 1))
    ]
    assert statuses == [200, 500, 500, 200]
    assert _get(sandbox.url, start="x").status == 400


@pytest.mark.parametrize(
    "kind,rows", [("empty", 0), ("duplicated", 40), ("shifted", 20), ("partial_day", 13)]
)
def test_faults_of_rows_befall_a_page(sandbox: Sandbox, kind: str, rows: int) -> None:
    """As they do every answer with several rows."""
    sandbox.faults.add({"api": "openweathermap", "kind": kind})
    start = datetime(2025, 11, 3, 23, tzinfo=UTC)
    labels = _labels(_page(sandbox, start))
    assert len(labels) == rows
    assert not labels or labels[0] == _unix(start) + (3600 if kind == "shifted" else 0)
