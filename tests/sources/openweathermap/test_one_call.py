"""One Call: which generation a key is of, found out by one call, and never by a link."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from gapfill.errors import AuthRejected, MalformedPayload, RateLimited, SourceUnavailable
from tests.sources.openweathermap.asks import HOUR, NOW, owm_ask
from tests.sources.openweathermap.server import (
    BLOCKED,
    INVALID_KEY,
    NO_SUBSCRIPTION,
    TIMELINE,
    TIMEMACHINE,
    WEATHER,
    OwmServer,
)
from tests.time_limit import patient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gapfill.sources.model import Ask
    from gapfill.sources.openweathermap.hook import OpenWeatherMapHook

pytestmark = pytest.mark.airflow

KEY = "0123456789abcdef0123456789abcdef"
START = datetime(2025, 11, 3, 20, tzinfo=UTC)
NOON = datetime(2025, 11, 5, 12, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[OwmServer]:
    """Serve both generations, until a test refuses one."""
    with OwmServer(NOW) as running:
        yield running


@pytest.fixture
def hook(server: OwmServer, monkeypatch: pytest.MonkeyPatch) -> OpenWeatherMapHook:
    """Return the hook with its connection to the server."""
    from gapfill.sources.openweathermap.hook import OpenWeatherMapHook

    given = {"conn_type": "http", "host": server.url, "password": KEY}
    text = json.dumps({**given, "extra": {"timeout": patient(2), "one_call": True}})
    monkeypatch.setenv("AIRFLOW_CONN_OPENWEATHERMAP_DEFAULT", text)
    return OpenWeatherMapHook()


def _line(n: int = 0, slots: int = 20) -> Ask:
    return owm_ask("timeline", START + n * HOUR, slots=slots)


def _machine(n: int = 0) -> Ask:
    return owm_ask("timemachine", START + n * HOUR)


def test_a_key_of_4_gets_twenty_hours_in_its_first_call(
    hook: OpenWeatherMapHook, server: OwmServer
) -> None:
    """And the answer says of which generation it is."""
    server.refuse(TIMEMACHINE)
    for n in (0, 1):
        answer = hook.fetch(_line(n))
        assert [reading.slot for reading in answer.readings] == [
            START + (n + k) * HOUR for k in range(20)
        ]
        assert (answer.no_verdict, answer.facts) == (frozenset(), {"one_call_generation": 4.0})
    assert server.counts == {TIMELINE: 2}
    assert server.asked[0][1] == {
        "lat": "38.09",
        "lon": "-3.63",
        "start": str(int((START + HOUR).timestamp())),
        "cnt": "20",
        "units": "metric",
        "appid": KEY,
    }


def test_a_key_of_3_that_is_asked_for_the_timeline_costs_one_call_more(
    hook: OpenWeatherMapHook, server: OwmServer
) -> None:
    """Which brings the newest hour; of the others nothing is proved."""
    server.refuse(TIMELINE)
    answer = hook.fetch(_line())
    assert [reading.slot for reading in answer.readings] == [START + 19 * HOUR]
    assert answer.no_verdict == {START + n * HOUR for n in range(19)}
    assert answer.facts == {"one_call_generation": 3.0}
    assert server.counts == {TIMELINE: 1, TIMEMACHINE: 1}
    hook.fetch(_line(20))  # it remembers
    hook.fetch(_machine())
    assert server.counts == {TIMELINE: 1, TIMEMACHINE: 3}


def test_a_key_of_4_that_is_asked_for_the_time_machine_costs_one_call_more(
    hook: OpenWeatherMapHook, server: OwmServer
) -> None:
    """The same hour comes from the timeline."""
    server.refuse(TIMEMACHINE)
    answer = hook.fetch(_machine(5))
    assert [reading.slot for reading in answer.readings] == [START + 5 * HOUR]
    assert (answer.no_verdict, answer.facts) == (frozenset(), {"one_call_generation": 4.0})
    hook.fetch(_machine(6))
    assert server.counts == {TIMEMACHINE: 1, TIMELINE: 2}


def test_both_generations_read_the_same_hour_alike(
    hook: OpenWeatherMapHook, server: OwmServer
) -> None:
    """A row is labelled with the end of its hour in both, and has no pressure at the ground."""
    by_line = hook.fetch(_line(7, slots=1)).readings
    server.refuse(TIMELINE)
    assert hook.fetch(_machine(7)).readings == by_line
    assert by_line[0].slot == START + 7 * HOUR
    assert by_line[0].values == {
        "temperature": 4.0,  # degrees of the hour that the row is labelled with
        "humidity": 60.0,
        "wind_speed": 2.5,
        "wind_direction": 200.0,
        "precipitation": 0.0,
    }


def test_a_generation_that_changes_in_mid_run_is_found_out_again(
    hook: OpenWeatherMapHook, server: OwmServer
) -> None:
    """By the refusal of the one that served before."""
    for refused, generation in ((TIMELINE, 3.0), (TIMEMACHINE, 4.0), (TIMELINE, 3.0)):
        server.refuse(refused)
        answer = hook.fetch(_line())
        assert answer.facts == {"one_call_generation": generation}
        assert answer.readings


@pytest.mark.parametrize("ask", [_line(), _machine()], ids=["timeline", "timemachine"])
@pytest.mark.parametrize(
    "status,body,words",
    [
        (401, NO_SUBSCRIPTION, "has no subscription to One Call 3.0 or 4.0"),
        (401, INVALID_KEY, "put a valid one into its password"),
        (401, b"", "put a valid one into its password"),
        (403, b"<html>Forbidden</html>", "put a valid one into its password"),
    ],
)
def test_a_key_of_neither_is_refused_for_one_call_alone(
    hook: OpenWeatherMapHook, server: OwmServer, ask: Ask, status: int, body: bytes, words: str
) -> None:
    """In a sentence that names the connection and the next step; the hour of now is served."""
    server.refuse(TIMELINE, TIMEMACHINE, status=status, body=body)
    with pytest.raises(AuthRejected, match=words) as caught:
        hook.fetch(ask)
    said = str(caught.value)
    assert caught.value.product == ask.product.key
    assert "connection 'openweathermap_default' (AIRFLOW_CONN_OPENWEATHERMAP_DEFAULT)" in said
    assert 'remove "one_call": true from' in said
    assert "One Call 4.0" in said
    assert "One Call 3.0" in said
    assert len(said) < 1200
    assert server.counts == {TIMELINE: 1, TIMEMACHINE: 1}
    assert len(hook.fetch(owm_ask("current", NOON)).readings) == 1


def test_a_key_that_is_refused_as_a_whole_is_refused_by_the_weather_of_now(
    hook: OpenWeatherMapHook, server: OwmServer
) -> None:
    """That refusal is of the whole source."""
    server.refuse(WEATHER, TIMELINE, TIMEMACHINE, body=INVALID_KEY)
    with pytest.raises(AuthRejected, match="put a valid one into its password") as caught:
        hook.fetch(owm_ask("current", NOON))
    assert caught.value.product is None


@pytest.mark.parametrize(
    "product,expected", [("timeline", "openweathermap.timeline"), ("current", None)]
)
def test_a_blocked_account_is_one_of_what_was_asked(
    hook: OpenWeatherMapHook, server: OwmServer, product: str, expected: str | None
) -> None:
    """One Call has a daily quota of its own; a block of the weather of now is of the source."""
    server.refuse(WEATHER, TIMELINE, status=429, body=BLOCKED)
    with pytest.raises(RateLimited, match="temporary blocked") as caught:
        hook.fetch(owm_ask(product, NOON if product == "current" else START))
    assert (caught.value.product, caught.value.retry_after) == (expected, 3600)
    assert len(server.asked) == 1


def test_a_generation_that_has_no_such_path_is_not_the_keys(
    hook: OpenWeatherMapHook, server: OwmServer
) -> None:
    """As a proxy of 3.0 alone would answer; where both have none, the answer is malformed."""
    server.refuse(TIMELINE, status=404, body=b'{"cod":"404","message":"Internal error"}')
    assert hook.fetch(_line()).facts == {"one_call_generation": 3.0}
    server.refuse(TIMELINE, TIMEMACHINE, status=404)
    with pytest.raises(MalformedPayload, match="HTTP 404"):
        hook.fetch(_machine())
    server.refusals = {TIMELINE: (401, NO_SUBSCRIPTION), TIMEMACHINE: (404, b"no data")}
    with pytest.raises(MalformedPayload, match="HTTP 404: 'no data'"):
        hook.fetch(_machine())


def test_an_outage_says_nothing_of_the_generation(
    hook: OpenWeatherMapHook, server: OwmServer
) -> None:
    """The other one is not tried."""
    server.refuse(TIMELINE, status=503, body=b"")
    with pytest.raises(SourceUnavailable):
        hook.fetch(_line())
    assert server.counts == {TIMELINE: 1}


@pytest.mark.parametrize("status", [200, 401, 404, 429, 500])
def test_the_key_is_in_no_log_and_no_error_and_no_answer(
    hook: OpenWeatherMapHook,
    server: OwmServer,
    caplog: pytest.LogCaptureFixture,
    status: int,
) -> None:
    """Though the API puts it into the links of its answers, and may repeat it in a refusal."""
    caplog.set_level(logging.DEBUG)
    link = f"http://api.example/?appid={KEY}"
    server.more = {"prev": link, "next": link, "message": KEY}
    if status != 200:
        server.refuse(TIMELINE, TIMEMACHINE, status=status, body=f'{{"message": "{KEY}"}}'.encode())
    said = ""
    try:
        said = repr(hook.fetch(_line()))
    except (AuthRejected, MalformedPayload, RateLimited, SourceUnavailable) as exc:
        said = f"{exc!r} {exc}"
    assert KEY not in said + caplog.text
    assert "GET /data/4.0/onecall/timeline/1h" in caplog.text


@pytest.mark.parametrize("rows", [1, 19, 20])
def test_no_link_is_followed_however_few_rows_there_are(
    hook: OpenWeatherMapHook, server: OwmServer, rows: int
) -> None:
    """They carry the key over plain http; the hours that are left are asked for by their time."""
    server.rows = lambda served: served[:rows]
    answer = hook.fetch(_line())
    assert len(answer.readings) == rows
    assert len(server.asked) == 1
    assert "start" in server.asked[0][1]
    assert answer.no_verdict == {START + n * HOUR for n in range(rows, 20)}


def test_a_forecast_is_never_a_reading(hook: OpenWeatherMapHook, server: OwmServer) -> None:
    """The timeline goes on beyond now in the same shape, also where that was asked for."""
    first = NOW.replace(minute=0) - 5 * HOUR
    answer = hook.fetch(owm_ask("timeline", first, slots=12))
    assert len(server.asked) == 1
    assert [reading.slot for reading in answer.readings] == [first + n * HOUR for n in range(5)]
    assert all(reading.slot + HOUR <= NOW for reading in answer.readings)
    assert answer.readings[-1].slot == NOW.replace(minute=0) - timedelta(hours=1)


@pytest.mark.usefixtures("hook")
def test_each_call_is_counted_before_it_is_sent(server: OwmServer) -> None:
    """Also the one that finds the generation out."""
    from gapfill.sources.openweathermap.hook import OpenWeatherMapHook

    told: list[int] = []
    server.refuse(TIMELINE)
    OpenWeatherMapHook(before_call=lambda _: told.append(len(server.asked))).fetch(_line())
    assert told == [0, 1]
