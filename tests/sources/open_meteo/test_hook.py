"""Open-Meteo against the sandbox, which speaks as the API does, well and badly."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from gapfill.errors import (
    ConfigError,
    MalformedPayload,
    RateLimited,
    SourceError,
    SourceUnavailable,
)
from gapfill_sandbox import serve
from gapfill_sandbox.weather import weather
from tests.sources.asks import payload
from tests.sources.http.raw_server import RawServer, reply
from tests.sources.open_meteo.asks import NOW, ask_of, at, body_of
from tests.time_limit import patient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gapfill.sources.open_meteo.hook import OpenMeteoHook
    from gapfill_sandbox import Sandbox

pytestmark = pytest.mark.airflow

HOUR = timedelta(hours=1)
DAY = ask_of("2025-11-03T00:00", "2025-11-04T00:00")
"""The slots of a date; their labels touch two."""
HOURLY = (
    b'{"error":true,"reason":"Hourly API request limit exceeded. '
    b'Please try again in the next hour."}'
)
DAILY = b'{"error":true,"reason":"Daily API request limit exceeded. Please try again tomorrow."}'


def _connect(monkeypatch: pytest.MonkeyPatch, **given: object) -> OpenMeteoHook:
    """Return the hook with this connection."""
    from gapfill.sources.open_meteo.hook import OpenMeteoHook

    text = json.dumps({"conn_type": "http", **given})
    monkeypatch.setenv("AIRFLOW_CONN_OPEN_METEO_DEFAULT", text)
    return OpenMeteoHook()


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Serve a sandbox at noon of 2025-11-05 UTC."""
    with serve(now=NOW, rates={"open_meteo": 0}) as running:
        yield running


@pytest.fixture
def open_meteo(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> OpenMeteoHook:
    """Return the hook with its connection to the sandbox."""
    return _connect(monkeypatch, host=sandbox.url, extra={"timeout": patient(1.5)})


def test_the_slots_of_a_date_come_in_one_call(open_meteo: OpenMeteoHook, sandbox: Sandbox) -> None:
    """Each with the weather of the hour that ends an hour after its start, in our units."""
    answer = open_meteo.fetch(DAY)
    assert [r.slot for r in answer.readings] == [
        at("2025-11-03T00:00") + n * HOUR for n in range(24)
    ]
    seen = weather(at("2025-11-03T14:00"), "open_meteo")
    values = answer.readings[13].values
    assert values["temperature"] == pytest.approx(seen.temperature, abs=0.051)
    assert values["wind_speed"] == pytest.approx(seen.wind_speed, abs=0.0051)
    assert values["solar_radiation"] == pytest.approx(seen.solar_radiation, abs=0.051)
    assert seen.solar_radiation > 100
    (request,) = sandbox.requests.of("open_meteo")
    assert request["query"]["start_date"] == ["2025-11-03"]
    assert request["query"]["end_date"] == ["2025-11-04"]
    assert request["headers"]["user-agent"].startswith("gapfill/")


def test_no_hour_to_come_becomes_a_reading(open_meteo: OpenMeteoHook) -> None:
    """The sandbox answers the whole of today with values; it is noon."""
    answer = open_meteo.fetch(ask_of("2025-11-05T00:00", "2025-11-06T00:00"))
    assert len(answer.readings) == 12
    assert answer.readings[-1].slot == at("2025-11-05T11:00")


def test_92_days_and_a_year_are_one_call_each(open_meteo: OpenMeteoHook, sandbox: Sandbox) -> None:
    """The longest requests that the catalogue's spans allow."""
    recent = open_meteo.fetch(ask_of("2025-08-05T13:00", "2025-11-05T12:00"))
    year = open_meteo.fetch(ask_of("2024-01-01T00:00", "2024-12-31T00:00", product="archive"))
    assert (len(recent.readings), len(year.readings)) == (2207, 8760)
    paths = [request["path"] for request in sandbox.requests.of("open_meteo")]
    assert paths == ["/v1/forecast", "/v1/archive"]


def test_days_of_clock_changes_have_24_hours(open_meteo: OpenMeteoHook) -> None:
    """UTC knows none."""
    for start, end in (
        ("2025-03-30T00:00", "2025-03-31T00:00"),
        ("2025-10-26T00:00", "2025-10-27T00:00"),
    ):
        assert len(open_meteo.fetch(ask_of(start, end, product="archive")).readings) == 24


def test_what_the_archive_does_not_have_yet_is_empty_with_evidence(
    open_meteo: OpenMeteoHook,
) -> None:
    """Its hours are null from five days ago on."""
    both = open_meteo.fetch(ask_of("2025-10-31T00:00", "2025-11-01T00:00", product="archive"))
    assert both.readings[-1].slot == at("2025-10-31T11:00")
    none = open_meteo.fetch(ask_of("2025-11-01T00:00", "2025-11-02T00:00", product="archive"))
    assert (none.readings, none.rejected) == ((), ())
    assert none.evidence == "HTTP 200: 24 past hours asked for, 24 of them without values"


def test_dates_that_left_the_window_are_an_error_and_not_empty(open_meteo: OpenMeteoHook) -> None:
    """The API's reason is in the sentence."""
    with pytest.raises(MalformedPayload, match=r"out of allowed range from 2025-08-05"):
        open_meteo.fetch(ask_of("2025-08-01T00:00", "2025-08-02T00:00"))


FAILURES: list[tuple[str, type[SourceError], str]] = [
    ("timeout", SourceUnavailable, r"no answer within [\d.]+ s"),
    ("reset", SourceUnavailable, "the connection was reset"),
    ("truncated", SourceUnavailable, "the answer broke off"),
    ("429", RateLimited, "Minutely API request limit exceeded"),
    ("401", RateLimited, "AIRFLOW_CONN_OPEN_METEO_DEFAULT"),
    ("403", RateLimited, "without credentials was refused"),
    ("403_quota", RateLimited, "without credentials was refused"),
    ("500", SourceUnavailable, "answered HTTP 500"),
    ("502", SourceUnavailable, "answered HTTP 502"),
    ("estado_429", MalformedPayload, "it has no utc_offset_seconds"),
    ("html", MalformedPayload, "a web page, not JSON"),
    ("redirect", SourceUnavailable, "redirected to .*, which is not followed"),
    ("big_body", MalformedPayload, "larger than 5000000 bytes"),
    ("shifted", MalformedPayload, "was not asked"),
]


@pytest.mark.parametrize("product", ["forecast", "archive"])
@pytest.mark.parametrize("kind,error,words", FAILURES, ids=[kind for kind, _, _ in FAILURES])
def test_each_fault_of_the_wire_or_the_answer_is_one_error(
    open_meteo: OpenMeteoHook,
    sandbox: Sandbox,
    product: str,
    kind: str,
    error: type[SourceError],
    words: str,
) -> None:
    """And leaves nothing behind: the next call is served."""
    ask = ask_of("2025-10-20T00:00", "2025-10-21T00:00", product=product)
    sandbox.faults.add({"api": "open_meteo", "kind": kind, "times": 1})
    with pytest.raises(error, match=words) as caught:
        open_meteo.fetch(ask)
    assert (caught.value.source, caught.value.series) == ("open_meteo", "weather_hourly")
    assert caught.value.interval == ask.interval
    assert not [r for r in sandbox.requests.all() if r["path"].startswith("/_elsewhere")]
    assert len(open_meteo.fetch(ask).readings) == 24


@pytest.mark.parametrize(
    "kind,stored,rejected",
    [
        ("empty", 0, 0),
        ("duplicated", 24, 0),
        ("nan", 20, 32),
        ("text", 20, 32),
        ("huge", 20, 32),
        ("negative", 24, 28),
        ("zero", 24, 4),
        ("partial_day", 16, 0),
    ],
)
def test_what_can_be_believed_is_kept(
    open_meteo: OpenMeteoHook, sandbox: Sandbox, kind: str, stored: int, rejected: int
) -> None:
    """Each fifth hour is spoilt, where hours are: four of ours, with eight values each.

    A temperature below zero can be, and all zeros but that of the pressure.
    """
    sandbox.faults.add({"api": "open_meteo", "kind": kind, "every": 5})
    answer = open_meteo.fetch(DAY)
    assert (len(answer.readings), len(answer.rejected)) == (stored, rejected)


def _refused(hook: OpenMeteoHook) -> float:
    with pytest.raises(RateLimited) as caught:
        hook.fetch(DAY)
    return caught.value.retry_after


def test_a_refusal_lasts_as_long_as_its_reason_or_header_says(
    server: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is noon: the hour's limit is lifted at 13:01, the day's a minute after midnight UTC."""
    hook = _connect(monkeypatch, host=server.url)
    server.answers = [
        reply(429, payload("open_meteo_error_minutely.json")),
        reply(429, HOURLY),
        reply(429, DAILY),
        reply(429, DAILY, Retry_After="31"),
        reply(429),
    ]
    assert [_refused(hook) for _ in range(5)] == [60, 3660, 12 * 3600 + 60, 31, 60]


def test_a_place_that_is_not_covered_is_empty_with_evidence(
    server: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Said with bare nan, or with 400; another 400 is an error, and so is no body at all."""
    hook = _connect(monkeypatch, host=server.url)
    server.answers = [
        reply(200, payload("open_meteo_error_not_covered.txt")),
        reply(400, b'{"error":true,"reason":"No data is available for this location"}'),
        reply(400, payload("open_meteo_error_out_of_range.json")),
        reply(200, b""),
    ]
    assert "the place is not covered" in hook.fetch(DAY).evidence
    assert hook.fetch(DAY).evidence == "HTTP 400: No data is available for this location"
    with pytest.raises(MalformedPayload, match=r"HTTP 400.*out of allowed range"):
        hook.fetch(DAY)
    with pytest.raises(MalformedPayload, match="not whole JSON: ''"):
        hook.fetch(DAY)


ARCHIVED = ask_of("2025-10-20T00:00", "2025-10-21T00:00", product="archive")
ANSWER = reply(200, body_of([f"2025-10-20T{hour:02}:00" for hour in range(1, 24)]))


def test_without_a_connection_each_product_has_its_public_host() -> None:
    """No call is made here: the roots tell."""
    from gapfill.sources.open_meteo.hook import OpenMeteoHook

    hook = OpenMeteoHook()
    assert hook.access.root == "https://api.open-meteo.com"
    assert hook.archive_root == "https://archive-api.open-meteo.com"


@pytest.mark.parametrize(
    "given,root",
    [
        ({}, "https://archive-api.open-meteo.com"),
        ({"extra": {"timeout": 9}}, "https://archive-api.open-meteo.com"),
        ({"host": "https://API.open-meteo.com:443/"}, "https://archive-api.open-meteo.com"),
        ({"host": "http://api.open-meteo.com"}, "https://archive-api.open-meteo.com"),
        ({"host": "https://weather.example:8443/meteo"}, "https://weather.example:8443/meteo"),
        (
            {"host": "https://weather.example", "extra": {"archive_host": ""}},
            "https://weather.example",
        ),
        ({"extra": {"archive_host": "https://old.example/"}}, "https://old.example"),
        (
            {"host": "https://a.example", "extra": {"archive_host": "b.example"}},
            "https://b.example",
        ),
        (
            {"host": "https://a.example", "extra": {"archive_host": "127.0.0.1:8"}},
            "http://127.0.0.1:8",
        ),
    ],
)
def test_the_archive_is_where_the_connection_says(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, object], root: str
) -> None:
    """By its extra, else its host, else the public archive, which is none of the public host's."""
    assert _connect(monkeypatch, **given).archive_root == root


@pytest.mark.parametrize(
    "given", [7, "ftp://old.example", "https://u:secret@old.example", "https://old.example/?a=b"]
)
def test_an_archive_host_that_is_none_is_an_error_without_its_text(
    monkeypatch: pytest.MonkeyPatch, given: object
) -> None:
    """It may hold a secret."""
    with pytest.raises(ConfigError, match="archive_host in its extra") as caught:
        _connect(monkeypatch, extra={"archive_host": given}).fetch(ARCHIVED)
    assert "secret" not in str(caught.value)


def test_two_hosts_are_called_each_for_its_product(
    server: RawServer, elsewhere: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And neither sees what a connection may have as a key."""
    extra = {"archive_host": elsewhere.url}
    hook = _connect(monkeypatch, host=server.url, extra=extra, password="k3y-of-nobody")
    server.answers = [reply(200, body_of(["2025-11-04T00:00"]))]
    elsewhere.answers = [ANSWER]
    assert len(hook.fetch(DAY).readings) == 1
    assert len(hook.fetch(ARCHIVED).readings) == 23
    assert [request.path.split("?")[0] for request in server.received] == ["/v1/forecast"]
    assert [request.path.split("?")[0] for request in elsewhere.received] == ["/v1/archive"]
    assert "k3y" not in server.received[0].raw + elsewhere.received[0].raw


def test_each_call_to_either_host_is_told_before(
    server: RawServer, elsewhere: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pace and quota are of both together."""
    from gapfill.sources.open_meteo.hook import OpenMeteoHook

    _connect(monkeypatch, host=server.url, extra={"archive_host": elsewhere.url})
    told: list[int] = []
    hook = OpenMeteoHook(before_call=told.append)
    server.answers = [reply(200, body_of(["2025-11-04T00:00"]))]
    elsewhere.answers = [ANSWER]
    hook.fetch(DAY)
    hook.fetch(ARCHIVED)
    assert told == [0, 0]


def test_the_connection_test_asks_both_hosts(open_meteo: OpenMeteoHook, sandbox: Sandbox) -> None:
    """With one variable of one day each."""
    said = f"open_meteo answered HTTP 200 at {sandbox.url}. Its archive answered HTTP 200 at "
    assert open_meteo.test_connection() == (True, f"{said}{sandbox.url}.")


def test_the_connection_test_fails_where_either_host_does(
    server: RawServer, elsewhere: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sentence names the one that failed."""
    hook = _connect(monkeypatch, host=server.url, extra={"archive_host": elsewhere.url})
    server.answers = [reply(200, b"{}"), reply(500)]
    elsewhere.answers = [reply(429, DAILY)]
    is_there, said = hook.test_connection()
    assert not is_there
    assert said.startswith("open_meteo: too many requests (HTTP 429: ")
    assert said.endswith("it may be asked again in 86460 s.")
    is_there, said = hook.test_connection()
    assert not is_there
    assert said == (
        f"open_meteo: {server.url} answered HTTP 500; if it lasts, look at the host of "
        "connection 'open_meteo_default', and at docs/how_to/runbook.md, SourceUnavailable."
    )
