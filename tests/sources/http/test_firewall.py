"""A firewall before each API: a block that passes, and never a word about a key."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gapfill.domain.interval import Interval
from gapfill.errors import AuthRejected, GapfillError, Limit, RateLimited, SourceUnavailable
from gapfill.sources import hooks
from gapfill.sources.http.hook import ApiHook
from gapfill.sources.model import Ask
from tests.catalogs import frozen
from tests.sources.http.raw_server import RawServer, reply
from tests.sources.test_firewall_pages import AKAMAI, CHALLENGE, CLOUDFLARE, INCAPSULA, NGINX_403

pytestmark = pytest.mark.airflow

KEY = "s3cret-t0ken-of-the-firewall"
NOW = datetime(2025, 11, 5, 12, 30, tzinfo=UTC)
DAY = Interval(datetime(2025, 11, 3, 23, tzinfo=UTC), datetime(2025, 11, 4, 23, tzinfo=UTC))
HOURS = Interval(datetime(2025, 11, 5, 6, tzinfo=UTC), datetime(2025, 11, 5, 11, tzinfo=UTC))
DAYS = Interval(datetime(2025, 10, 1, tzinfo=UTC), datetime(2025, 10, 3, tzinfo=UTC))
SLOT = Interval(datetime(2025, 11, 5, 12, tzinfo=UTC), datetime(2025, 11, 5, 13, tzinfo=UTC))
KEYLESS = [
    ("ree", "pvpc", "pvpc", DAY),
    ("esios", "archive70", "pvpc", DAY),
    ("open_meteo", "forecast", "weather_hourly", HOURS),
    ("open_meteo", "archive", "weather_hourly", HOURS),
]
KEYED = [
    ("esios", "1001", "pvpc", DAY),
    ("aemet", "observations", "weather_hourly", HOURS),
    ("aemet", "daily", "weather_daily", DAYS),
    ("openweathermap", "current", "weather_hourly", SLOT),
    ("siar", "daily", "weather_daily", DAYS),
]
PAGES = [INCAPSULA, CLOUDFLARE, AKAMAI, CHALLENGE]


def ask_of(source: str, product: str, series: str, interval: Interval) -> Ask:
    """Return a question to a product."""
    known = frozen()
    wanted = known.series[series]
    (offered,) = (p for p in known.sources[source].products if p.name == product)
    stations = [s for s in wanted.place.stations if s.source == source]
    return Ask(wanted, offered, stations[0] if stations else None, interval, NOW)


def hook_of(
    source: str, server: RawServer, monkeypatch: pytest.MonkeyPatch, *, has_key: bool
) -> ApiHook:
    """Return the hook of a source, set up against a server."""
    key = {"password": KEY, "login": "12345678Z"} if has_key else {}
    name = frozen().sources[source].connection
    monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", server.connection(**key))
    hook = hooks.hook_of(source)
    assert hook is not None
    assert issubclass(hook, ApiHook)
    return hook(name)


@pytest.mark.parametrize("page", PAGES, ids=["incapsula", "cloudflare", "akamai", "challenge"])
@pytest.mark.parametrize("status", [200, 403, 429, 503])
@pytest.mark.parametrize("asked", KEYLESS + KEYED, ids=lambda asked: f"{asked[0]}-{asked[1]}")
def test_a_firewall_is_a_block_of_minutes(
    server: RawServer,
    monkeypatch: pytest.MonkeyPatch,
    asked: tuple[str, str, str, Interval],
    status: int,
    page: bytes,
) -> None:
    """With a key or without one, whatever the status; no connection and no key is named."""
    server.answers = [reply(status, page, Content_Type="text/html")]
    hook = hook_of(asked[0], server, monkeypatch, has_key=asked in KEYED)
    with pytest.raises(RateLimited, match="the API's firewall refused the request") as caught:
        hook.fetch(ask_of(*asked))
    said = str(caught.value)
    assert f"HTTP {status}, a web page" in said
    assert (caught.value.limit, caught.value.retry_after) == (Limit.WALL, 600)
    assert [word for word in (KEY, "AIRFLOW_CONN", "connection", "key") if word in said] == []
    assert len(server.received) == 1


def test_the_words_of_the_capture_are_a_block(
    server: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Case 11: REE, HTTP 403, without any tag."""
    server.answers = [reply(403, b"Request unsuccessful. Incapsula incident ID 1-2")]
    hook = hook_of("ree", server, monkeypatch, has_key=False)
    with pytest.raises(RateLimited) as caught:
        hook.fetch(ask_of(*KEYLESS[0]))
    assert str(caught.value) == (
        "ree pvpc for pvpc 2025-11-03T23:00:00Z–2025-11-04T23:00:00Z: the API's firewall refused "
        "the request (HTTP 403, a web page: 'Request unsuccessful. Incapsula incident ID 1-2'). "
        "The block ends by itself."
    )


def test_a_longer_wait_that_the_page_asks_for_is_kept(
    server: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shorter one is not: it would be hammering."""
    hook = hook_of("ree", server, monkeypatch, has_key=False)
    server.answers = [
        reply(429, CLOUDFLARE, Retry_After="1800"),
        reply(429, CLOUDFLARE, Retry_After="5"),
    ]
    for seconds in (1800, 600):
        with pytest.raises(RateLimited) as caught:
            hook.fetch(ask_of(*KEYLESS[0]))
        assert caught.value.retry_after == seconds


@pytest.mark.parametrize("asked", KEYED, ids=lambda asked: f"{asked[0]}-{asked[1]}")
def test_a_web_page_with_403_is_not_a_verdict_on_the_key(
    server: RawServer, monkeypatch: pytest.MonkeyPatch, asked: tuple[str, str, str, Interval]
) -> None:
    """Even one that names no firewall."""
    server.answers = [reply(403, NGINX_403)]
    with pytest.raises(RateLimited, match=r"firewall refused the request .*403 Forbidden"):
        hook_of(asked[0], server, monkeypatch, has_key=True).fetch(ask_of(*asked))


@pytest.mark.parametrize("asked", KEYED[:3], ids=lambda asked: f"{asked[0]}-{asked[1]}")
@pytest.mark.parametrize("status", [401, 403])
def test_what_the_api_says_of_a_key_is_a_verdict(
    server: RawServer,
    monkeypatch: pytest.MonkeyPatch,
    asked: tuple[str, str, str, Interval],
    status: int,
) -> None:
    """In its own format, to a call that carries one."""
    server.answers = [reply(status, b'{ "Status": 403, "message": "Forbidden" }')]
    with pytest.raises(AuthRejected, match="AIRFLOW_CONN"):
        hook_of(asked[0], server, monkeypatch, has_key=True).fetch(ask_of(*asked))


@pytest.mark.parametrize("asked", KEYED, ids=lambda asked: f"{asked[0]}-{asked[1]}")
@pytest.mark.parametrize("body", [b"", b'{"descripcion": "API key invalido", "estado": 401}'])
def test_a_refusal_behind_a_redirect_says_nothing_about_a_key(
    server: RawServer,
    monkeypatch: pytest.MonkeyPatch,
    asked: tuple[str, str, str, Interval],
    body: bytes,
) -> None:
    """No key goes along it, not even on the same host."""
    server.answers = [reply(307, Location="/elsewhere"), reply(401, body)]
    with pytest.raises(SourceUnavailable, match="without the key"):
        hook_of(asked[0], server, monkeypatch, has_key=True).fetch(ask_of(*asked))
    assert KEY not in server.received[1].raw


def test_aemets_second_hop_carries_no_key_and_refuses_none(
    server: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it says of one."""
    envelope = f'{{"estado": 200, "datos": "{server.url}/opendata/sh/1", "metadatos": ""}}'
    refused = b'{"descripcion": "API key invalido", "estado": 401}'
    server.answers = [reply(200, envelope.encode()), reply(200, refused)]
    with pytest.raises(RateLimited, match="a call without credentials was refused") as caught:
        hook_of("aemet", server, monkeypatch, has_key=True).fetch(ask_of(*KEYED[1]))
    assert caught.value.limit is Limit.WALL


BODIES = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        [
            b"",
            b"Forbidden",
            b'{"message": "API key invalido"}',
            b'{"cod": 401, "message": "Invalid API key"}',
            b'{"estado": 401, "descripcion": "API key invalido"}',
            b'{"datos": null, "MensajeRespuesta": "El token no es v\xc3\xa1lido"}',
            b'{"errors": [{"code": 403, "detail": "Unauthorized"}]}',
            INCAPSULA,
            NGINX_403,
        ]
    ),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    asked=st.sampled_from(KEYLESS),
    status=st.integers(200, 599) | st.sampled_from([401, 403]),
    body=BODIES,
    hops=st.integers(0, 2),
)
def test_no_answer_to_a_call_without_a_key_is_a_refused_key(
    asked: tuple[str, str, str, Interval], status: int, body: bytes, hops: int
) -> None:
    """Of any source, with any status and body, behind a redirect or not."""
    with RawServer() as server, pytest.MonkeyPatch.context() as patched:
        redirects = [reply(302, Location=f"/hop{n}") for n in range(hops)]
        server.answers = [*redirects, reply(status, body)]
        hook = hook_of(asked[0], server, patched, has_key=False)
        raised: GapfillError | None = None
        try:
            hook.fetch(ask_of(*asked))
        except GapfillError as exc:
            raised = exc
        assert not isinstance(raised, AuthRejected)


@pytest.mark.parametrize("status", [400, 429])
@pytest.mark.parametrize("product", ["forecast", "archive"])
def test_too_many_requests_at_once_are_waited_out(
    server: RawServer, monkeypatch: pytest.MonkeyPatch, product: str, status: int
) -> None:
    """Open-Meteo's queue of six per address: it may be full of another program's requests."""
    server.answers = [reply(status, b'{"error":true,"reason":"Too many concurrent requests"}')]
    hook = hook_of("open_meteo", server, monkeypatch, has_key=False)
    with pytest.raises(RateLimited, match="Too many concurrent requests") as caught:
        hook.fetch(ask_of("open_meteo", product, "weather_hourly", HOURS))
    assert (caught.value.limit, caught.value.retry_after) == (Limit.QUEUE, 15)


@pytest.mark.parametrize(
    "reason,limit",
    [
        ("Minutely API request limit exceeded. Please try again in one minute.", Limit.RATE),
        ("Hourly API request limit exceeded. Please try again in the next hour.", Limit.QUOTA),
        ("Daily API request limit exceeded. Please try again tomorrow.", Limit.QUOTA),
    ],
)
def test_only_the_limit_of_a_minute_is_a_rate(
    server: RawServer, monkeypatch: pytest.MonkeyPatch, reason: str, limit: Limit
) -> None:
    """Slower calls do not help against the others."""
    server.answers = [reply(429, f'{{"error": true, "reason": "{reason}"}}'.encode())]
    hook = hook_of("open_meteo", server, monkeypatch, has_key=False)
    with pytest.raises(RateLimited) as caught:
        hook.fetch(ask_of(*KEYLESS[2]))
    assert caught.value.limit is limit


@pytest.mark.parametrize("asked", KEYLESS + KEYED[:4], ids=lambda asked: f"{asked[0]}-{asked[1]}")
def test_any_source_may_say_that_its_queue_is_full(
    server: RawServer, monkeypatch: pytest.MonkeyPatch, asked: tuple[str, str, str, Interval]
) -> None:
    """With 429, in its words."""
    server.answers = [reply(429, b'{"message": "Too many concurrent requests."}')]
    hook = hook_of(asked[0], server, monkeypatch, has_key=asked in KEYED)
    with pytest.raises(RateLimited, match="oo many concurrent requests"):
        hook.fetch(ask_of(*asked))
