"""OpenWeatherMap against the sandbox and raw answers: the key, the refusals, the readings."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from gapfill.errors import (
    AuthRejected,
    ConfigError,
    MalformedPayload,
    RateLimited,
    SourceError,
    SourceUnavailable,
)
from gapfill_sandbox import serve
from tests.sources.asks import payload
from tests.sources.http.raw_server import RawServer, reply
from tests.sources.openweathermap.asks import HOUR, NOW, owm_ask

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gapfill.sources.model import Ask
    from gapfill.sources.openweathermap.hook import OpenWeatherMapHook
    from gapfill_sandbox import Sandbox

pytestmark = pytest.mark.airflow

KEY = "0123456789abcdef0123456789abcdef"
NOON = datetime(2025, 11, 5, 12, tzinfo=UTC)
YESTERDAY = datetime(2025, 11, 4, 12, tzinfo=UTC)
NO_SUBSCRIPTION = payload("openweathermap_error_no_subscription.json")
INVALID_KEY = payload("openweathermap_error_invalid_key.json")
BLOCKED = payload("openweathermap_error_blocked.json")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Serve a sandbox at 12:34 of 2025-11-05 UTC."""
    with serve(now=NOW, rates={"openweathermap": 0}) as running:
        yield running


def _hook(
    monkeypatch: pytest.MonkeyPatch, host: str, key: str = KEY, **extra: object
) -> OpenWeatherMapHook:
    from gapfill.sources.openweathermap.hook import OpenWeatherMapHook

    given = {"conn_type": "http", "host": host, "password": key}
    text = json.dumps({**given, "extra": {"timeout": 1.5, **extra}})
    monkeypatch.setenv("AIRFLOW_CONN_OPENWEATHERMAP_DEFAULT", text)
    return OpenWeatherMapHook()


@pytest.fixture
def owm(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> OpenWeatherMapHook:
    """Return the hook with its connection to the sandbox, a key and One Call."""
    return _hook(monkeypatch, sandbox.url, one_call=True)


def test_the_weather_of_now_is_that_of_the_last_calculation(owm: OpenWeatherMapHook) -> None:
    """At 12:34 that of 12:30, whose hour is the slot of now."""
    answer = owm.fetch(owm_ask("current", NOON))
    assert answer.evidence == "HTTP 200: dt 2025-11-05T12:30:00Z"
    (reading,) = answer.readings
    assert reading.slot == NOON
    assert set(reading.values) == {
        "temperature",
        "humidity",
        "pressure",
        "wind_speed",
        "wind_direction",
        "wind_gust",
        "precipitation",
    }
    assert 940 < reading.values["pressure"] < 970


def test_just_after_the_hour_the_reading_is_of_the_slot_before(
    owm: OpenWeatherMapHook, sandbox: Sandbox
) -> None:
    """It is the reading that slot would have got before, and not one of the slot asked."""
    before = owm.fetch(owm_ask("current", NOON))
    sandbox.clock.set(NOON + HOUR)
    after = owm.fetch(owm_ask("current", NOON + HOUR, NOON + HOUR))
    assert after.evidence == "HTTP 200: dt 2025-11-05T12:50:00Z"
    assert after.readings == before.readings


def test_a_past_slot_is_the_same_by_either_product_but_for_its_pressure(
    owm: OpenWeatherMapHook, sandbox: Sandbox
) -> None:
    """The time machine is asked for the end of the slot that ``current`` was in."""
    now = owm.fetch(owm_ask("current", NOON)).readings[0]
    sandbox.clock.set(NOON + 5 * HOUR)
    then = owm.fetch(owm_ask("timemachine", NOON, NOON + 5 * HOUR)).readings[0]
    assert then.slot == now.slot
    assert dict(now.values) == {**then.values, "pressure": now.values["pressure"]}
    assert sandbox.requests.all()[1]["query"]["dt"] == ["1762347600"]  # 13:00:00Z


@pytest.mark.parametrize("product,slot", [("current", NOON), ("timemachine", YESTERDAY)])
def test_the_key_is_in_the_query_and_nowhere_else(
    server: RawServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    product: str,
    slot: datetime,
) -> None:
    """Not in a header, a log or an error, even where the server repeats it."""
    caplog.set_level(logging.DEBUG)
    server.answers = [reply(200, f'{{"key": "{KEY}"}}'.encode()), reply(404, KEY.encode())]
    hook = _hook(monkeypatch, server.url, one_call=True)
    for _ in range(2):
        with pytest.raises(MalformedPayload) as caught:
            hook.fetch(owm_ask(product, slot))
        assert KEY not in str(caught.value)
    query = parse_qs(urlsplit(server.received[0].path).query)
    assert query["appid"] == [KEY]
    assert query["units"] == ["metric"]
    assert set(server.received[0].headers) == {
        "accept",
        "accept-encoding",
        "connection",
        "host",
        "user-agent",
    }
    assert KEY not in caplog.text
    assert "GET /data/" in caplog.text
    assert KEY not in repr(hook.access)


def test_the_key_does_not_follow_a_redirect(
    server: RawServer, elsewhere: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is the other host asked at all."""
    server.answers = [reply(302, Location=f"{elsewhere.url}/data/2.5/weather")]
    with pytest.raises(SourceUnavailable, match="which is not followed") as caught:
        _hook(monkeypatch, server.url).fetch(owm_ask("current", NOON))
    assert elsewhere.received == []
    assert KEY not in str(caught.value)


def test_without_a_key_nothing_is_asked(server: RawServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence says where to put one."""
    from gapfill.sources.openweathermap.hook import OpenWeatherMapHook

    monkeypatch.setenv("AIRFLOW_CONN_OPENWEATHERMAP_DEFAULT", server.connection())
    with pytest.raises(ConfigError, match="AIRFLOW_CONN_OPENWEATHERMAP_DEFAULT"):
        OpenWeatherMapHook().fetch(owm_ask("current", NOON))
    assert server.received == []


def test_a_refused_key_names_the_connection(
    server: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And says that a new one takes its time, and nothing of a subscription."""
    server.answers = [reply(401, INVALID_KEY)]
    hook = _hook(monkeypatch, server.url, one_call=True)
    for ask in (owm_ask("current", NOON), owm_ask("timemachine", YESTERDAY)):
        with pytest.raises(AuthRejected, match="AIRFLOW_CONN_OPENWEATHERMAP_DEFAULT") as caught:
            hook.fetch(ask)
        assert "put a valid one into its password" in str(caught.value)
        assert "up to two hours" in str(caught.value)
        assert "subscri" not in str(caught.value)
        assert caught.value.interval == ask.interval
        assert caught.value.product == (None if ask.product.name == "current" else ask.product.key)


def test_a_missing_subscription_is_told_apart(
    server: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key is good: what helps is to subscribe, or not to ask One Call."""
    server.answers = [reply(401, NO_SUBSCRIPTION)]
    with pytest.raises(AuthRejected, match="AIRFLOW_CONN_OPENWEATHERMAP_DEFAULT") as caught:
        _hook(monkeypatch, server.url, one_call=True).fetch(owm_ask("timemachine", YESTERDAY))
    assert "no subscription to One Call 3.0 or 4.0" in str(caught.value)
    assert 'subscribe to it, or remove "one_call": true from its extra' in str(caught.value)
    assert "password" not in str(caught.value)
    assert caught.value.product == "openweathermap.timemachine"


@pytest.mark.parametrize(
    "key,words", [("bad-key-0000", "was refused"), ("k3y-of-the-free-tier", "no subscription")]
)
def test_the_sandbox_refuses_keys_as_the_api_does(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, key: str, words: str
) -> None:
    """A key of the free tier still gets the weather of now."""
    hook = _hook(monkeypatch, sandbox.url, key, one_call=True)
    with pytest.raises(AuthRejected, match=words):
        hook.fetch(owm_ask("timemachine", YESTERDAY))
    if words == "no subscription":
        assert len(hook.fetch(owm_ask("current", NOON)).readings) == 1


@pytest.mark.parametrize(
    "headers,seconds", [({}, 3600), ({"Retry-After": "90"}, 90)], ids=["no time", "a time"]
)
def test_a_blocked_account_is_left_alone_for_an_hour_unless_a_time_is_named(
    server: RawServer, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str], seconds: float
) -> None:
    """Nobody knows how long a block lasts; asking on prolongs it."""
    server.answers = [reply(429, BLOCKED, **headers)]
    with pytest.raises(RateLimited, match="temporary blocked") as caught:
        _hook(monkeypatch, server.url).fetch(owm_ask("current", NOON))
    assert caught.value.retry_after == seconds
    assert (caught.value.source, caught.value.series) == ("openweathermap", "weather_hourly")


FAILURES: list[tuple[str, type[SourceError], str]] = [
    ("timeout", SourceUnavailable, "no answer within 1.5 s"),
    ("reset", SourceUnavailable, "the connection was reset"),
    ("truncated", SourceUnavailable, "the answer broke off"),
    ("429", RateLimited, "too many requests"),
    ("401", AuthRejected, "AIRFLOW_CONN_OPENWEATHERMAP_DEFAULT"),
    ("403", AuthRejected, "AIRFLOW_CONN_OPENWEATHERMAP_DEFAULT"),
    ("403_quota", AuthRejected, "AIRFLOW_CONN_OPENWEATHERMAP_DEFAULT"),
    ("500", SourceUnavailable, "answered HTTP 500"),
    ("502", SourceUnavailable, "answered HTTP 502"),
    ("estado_429", MalformedPayload, "not whole JSON|it has no"),
    ("html", MalformedPayload, "a web page, not JSON"),
    ("redirect", SourceUnavailable, "redirected to .*, which is not followed"),
    ("big_body", MalformedPayload, "larger than 5000000 bytes"),
    ("shifted", MalformedPayload, "later than the clock|asked was"),
]


@pytest.mark.parametrize(
    "ask",
    [owm_ask("current", NOON), owm_ask("timemachine", YESTERDAY)],
    ids=["current", "timemachine"],
)
@pytest.mark.parametrize("kind,error,words", FAILURES, ids=[kind for kind, _, _ in FAILURES])
def test_each_fault_of_the_wire_or_the_answer_is_one_error_without_the_key(
    owm: OpenWeatherMapHook,
    sandbox: Sandbox,
    caplog: pytest.LogCaptureFixture,
    kind: str,
    error: type[SourceError],
    words: str,
    ask: Ask,
) -> None:
    """And leaves nothing behind: the next call is served."""
    caplog.set_level(logging.DEBUG)
    sandbox.faults.add({"api": "openweathermap", "kind": kind, "times": 1})
    with pytest.raises(error, match=words) as caught:
        owm.fetch(ask)
    assert (caught.value.source, caught.value.series) == ("openweathermap", "weather_hourly")
    assert caught.value.interval == ask.interval
    assert KEY not in str(caught.value) + caplog.text
    assert not [r for r in sandbox.requests.all() if r["path"].startswith("/_elsewhere")]
    assert len(owm.fetch(ask).readings) == 1


@pytest.mark.parametrize(
    "kind,stored,rejected",
    [
        ("nan", 0, {"temperature", "humidity"}),
        ("text", 0, {"temperature", "humidity"}),
        ("huge", 0, {"temperature", "humidity"}),
        ("negative", 1, {"humidity"}),
        ("zero", 1, set()),
    ],
)
@pytest.mark.parametrize(
    "ask",
    [owm_ask("current", NOON), owm_ask("timemachine", YESTERDAY)],
    ids=["current", "timemachine"],
)
def test_what_cannot_be_believed_is_reported_and_not_stored(
    owm: OpenWeatherMapHook,
    sandbox: Sandbox,
    kind: str,
    stored: int,
    rejected: set[str],
    ask: Ask,
) -> None:
    """Every value of the one row is spoilt; zeros are weather, but for the pressure.

    Below zero a temperature is believed.
    """
    sandbox.faults.add({"api": "openweathermap", "kind": kind})
    answer = owm.fetch(ask)
    assert len(answer.readings) == stored
    fields = {r.field for r in answer.rejected}
    assert fields & {"temperature", "humidity"} == rejected


@pytest.mark.parametrize("kind,stored", [("empty", 0), ("duplicated", 1)])
def test_a_moment_without_rows_is_empty_and_one_with_two_is_one(
    owm: OpenWeatherMapHook, sandbox: Sandbox, kind: str, stored: int
) -> None:
    """Neither is an error."""
    sandbox.faults.add({"api": "openweathermap", "kind": kind})
    answer = owm.fetch(owm_ask("timemachine", YESTERDAY))
    assert len(answer.readings) == stored
    assert answer.evidence


def test_an_unknown_city_is_malformed(server: RawServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Places are asked for by degrees, so a 404 is a wrong path or another API."""
    server.answers = [reply(404, payload("openweathermap_error_no_city.json"))]
    with pytest.raises(MalformedPayload, match=r"HTTP 404.*city not found"):
        _hook(monkeypatch, server.url).fetch(owm_ask("current", NOON))


def test_before_each_call_its_pace_is_kept(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One call of the bill per slot."""
    from gapfill.sources.openweathermap.hook import OpenWeatherMapHook

    _hook(monkeypatch, sandbox.url)
    told: list[int] = []
    hook = OpenWeatherMapHook(before_call=told.append)
    hook.fetch(owm_ask("current", NOON))
    hook.fetch(owm_ask("timemachine", YESTERDAY))
    assert told == [0, 0]


@pytest.mark.parametrize(
    "key,extra,paths,words",
    [
        (KEY, {}, ["/data/2.5/weather"], "."),
        (
            KEY,
            {"one_call": True},
            ["/data/4.0/onecall/timeline/1h", "/data/3.0/onecall/timemachine"],
            "; the key is of One Call 3.0.",
        ),
        (
            "a-key-of-4.0",
            {"one_call": True},
            ["/data/4.0/onecall/timeline/1h"],
            "; the key is of One Call 4.0.",
        ),
    ],
    ids=["free", "One Call 3.0", "One Call 4.0"],
)
def test_the_connection_is_tested_where_it_will_be_used(
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    key: str,
    extra: dict[str, Any],
    paths: list[str],
    words: str,
) -> None:
    """Or a missing subscription would pass the test; it says which generation the key is of."""
    hook = _hook(monkeypatch, sandbox.url, key, **extra)
    said = f"openweathermap answered HTTP 200 at {sandbox.url}{words}"
    assert hook.test_connection() == (True, said)
    assert [entry["path"] for entry in sandbox.requests.all()] == paths


def test_the_test_of_a_connection_says_what_is_wrong(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the same sentence as a call."""
    is_good, said = _hook(
        monkeypatch, sandbox.url, "k3y-of-the-free-tier", one_call=True
    ).test_connection()
    assert not is_good
    assert "no subscription to One Call 3.0" in said


def test_a_stale_reading_is_malformed(owm: OpenWeatherMapHook) -> None:
    """As a proxy that keeps answers would give."""
    with pytest.raises(MalformedPayload, match="too long before"):
        owm.fetch(owm_ask("current", NOON + 3 * HOUR, NOW + timedelta(hours=3)))
