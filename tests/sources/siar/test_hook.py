"""SIAR against the sandbox: a token, its renewal, the account's limits, and no secret told."""

from __future__ import annotations

import csv
import json
import logging
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from gapfill.domain.account_limits import AccountLimits
from gapfill.domain.interval import iso
from gapfill.errors import (
    AuthRejected,
    MalformedPayload,
    RateLimited,
    SourceError,
    SourceUnavailable,
    SpanRefused,
)
from gapfill_sandbox import serve
from tests.sandbox.http_client import call
from tests.sources.asks import NOW
from tests.sources.siar.asks import daily_ask, hourly_ask
from tests.time_limit import patient

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gapfill.sources.model import Ask
    from gapfill.sources.siar.hook import SiarHook
    from gapfill_sandbox import Sandbox

pytestmark = pytest.mark.airflow

LOGIN, PASSWORD = "98765432-Z", "a p4ss/w+rd"
WEEK = (date(2025, 10, 20), date(2025, 10, 26))
AUTHENTICATION = ["cifrarCadena", "cifrarCadena", "obtenerToken"]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Serve a sandbox at noon of 2025-11-05 UTC."""
    with serve(now=NOW, rates={"siar": 0}) as running:
        yield running


def _hook(monkeypatch: pytest.MonkeyPatch, url: str, **more: object) -> SiarHook:
    from gapfill.sources.siar.hook import SiarHook

    given = {"conn_type": "http", "host": url, "login": LOGIN, "password": PASSWORD}
    text = json.dumps({**given, "extra": {"timeout": patient(1.5)}, **more})
    monkeypatch.setenv("AIRFLOW_CONN_SIAR_DEFAULT", text)
    return SiarHook()


@pytest.fixture
def siar(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> SiarHook:
    """Return the hook with its connection to the sandbox."""
    return _hook(monkeypatch, sandbox.url)


def _paths(sandbox: Sandbox) -> list[str]:
    """Return the last part of each path called."""
    return [entry["path"].rsplit("/", 1)[1] for entry in sandbox.requests.of("siar")]


def test_opening_gets_a_token_and_tells_what_the_account_may_do(
    siar: SiarHook, sandbox: Sandbox
) -> None:
    """In the four calls that the catalogue names."""
    assert siar.open() == AccountLimits(
        calls_minute=None, calls_day=1000, records_minute=1_000_000, calls_today=4
    )
    assert _paths(sandbox) == [*AUTHENTICATION, "ACCESOS"]


def test_a_week_of_half_hours_is_a_week_of_hours(siar: SiarHook) -> None:
    """336 rows, 168 readings, the whole autumn night among them."""
    siar.open()
    answer = siar.fetch(hourly_ask(*WEEK))
    start = datetime(2025, 10, 20, tzinfo=UTC)
    assert [r.slot for r in answer.readings] == [start + n * timedelta(hours=1) for n in range(168)]
    assert {r.source for r in answer.readings} == {"siar/J17"}
    assert answer.evidence == "HTTP 200: 336 half-hours"
    assert set(answer.readings[12].values) == {
        "temperature",
        "humidity",
        "wind_speed",
        "wind_direction",
        "precipitation",
        "solar_radiation",
    }


@pytest.mark.parametrize(
    "ask,series,slots",
    [
        (hourly_ask(date(2025, 3, 28), date(2025, 4, 2)), "weather_hourly", 144),
        (daily_ask(date(2025, 3, 1), date(2025, 3, 31)), "weather_daily", 31),
    ],
    ids=["hours", "days"],
)
def test_what_is_read_is_the_truth(
    siar: SiarHook, sandbox: Sandbox, ask: Ask, series: str, slots: int
) -> None:
    """Each value of each slot, over the spring change of the clock and ends named 0 and 2400."""
    bounds = f"start={iso(ask.interval.start)}&end={iso(ask.interval.end)}"
    url = f"{sandbox.url}/_sandbox/truth?series={series}&source=siar&{bounds}"
    truth = list(csv.DictReader(call(url).text.splitlines()))
    read = [
        {"slot": iso(r.slot), **{name: str(value) for name, value in r.values.items()}}
        for r in siar.fetch(ask).readings
    ]
    assert len(truth) == slots
    assert read == truth


def test_today_is_read_up_to_what_is_published(siar: SiarHook) -> None:
    """At 12:00 the half-hour to 10:30 is the last, so 09:00 is the last hour."""
    answer = siar.fetch(hourly_ask(date(2025, 11, 5)))
    assert answer.readings[-1].slot == datetime(2025, 11, 5, 9, tzinfo=UTC)


def test_a_month_of_days_comes_with_its_evapotranspiration(siar: SiarHook) -> None:
    """In one call."""
    answer = siar.fetch(daily_ask(date(2025, 10, 1), date(2025, 10, 31)))
    assert len(answer.readings) == 31
    assert all("et0" in r.values for r in answer.readings)


def test_what_is_not_there_is_empty_with_evidence(siar: SiarHook) -> None:
    """Today's day, and a day of before the station."""
    for day in (date(2025, 11, 5), date(2018, 6, 12)):
        answer = siar.fetch(daily_ask(day))
        assert answer.readings == ()
        assert answer.evidence == "HTTP 200: datos is empty, MensajeRespuesta null"


def test_a_token_serves_all_requests_of_a_hook(siar: SiarHook, sandbox: Sandbox) -> None:
    """It is got at the first one where nothing was opened."""
    for _ in range(2):
        siar.fetch(hourly_ask(WEEK[0]))
    assert _paths(sandbox) == [*AUTHENTICATION, "ESTACION", "ESTACION"]


def test_a_token_that_ends_on_the_way_is_renewed_once(siar: SiarHook, sandbox: Sandbox) -> None:
    """The request is sent again, and nothing is lost."""
    siar.open()
    sandbox.clock.set(NOW + timedelta(hours=2))
    assert len(siar.fetch(hourly_ask(WEEK[0])).readings) == 24
    again = ["ESTACION", *AUTHENTICATION, "ESTACION"]
    assert _paths(sandbox) == [*AUTHENTICATION, "ACCESOS", *again]


def test_a_token_may_serve_one_request_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Then each request but the first renews it."""
    with serve(now=NOW, rates={"siar": 0}, limits={"siar.token_uses": 1}) as sandbox:
        siar = _hook(monkeypatch, sandbox.url)
        for _ in range(3):
            assert len(siar.fetch(hourly_ask(WEEK[0])).readings) == 24


def test_every_request_is_announced_with_its_records(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Authentication counts none; a data call 48 a day, or one."""
    from gapfill.sources.siar.hook import SiarHook

    _hook(monkeypatch, sandbox.url)
    announced: list[int] = []
    siar = SiarHook(before_call=announced.append)
    siar.open()
    siar.fetch(hourly_ask(*WEEK))
    siar.fetch(daily_ask(*WEEK))
    assert announced == [0, 0, 0, 0, 336, 7]
    assert len(sandbox.requests.all()) == 6


LIMITED: list[tuple[Mapping[str, int], type[SourceError], str, float | None]] = [
    ({"siar.records_minute": 100}, SpanRefused, "336 records in one answer", None),
    ({"siar.records_day": 100}, SpanRefused, "the account may have 100", None),
    ({"siar.calls_day": 4}, RateLimited, "peticiones permitidas en un día", 43_200 + 3600),
]


@pytest.mark.parametrize("limits,error,words,seconds", LIMITED)
def test_the_quotas_of_an_account_are_told_apart(
    monkeypatch: pytest.MonkeyPatch,
    limits: Mapping[str, int],
    error: type[SourceError],
    words: str,
    seconds: float | None,
) -> None:
    """What no wait will help is a span; a day's quota ends at 02:00 in Madrid."""
    with serve(now=NOW, rates={"siar": 0}, limits=limits) as sandbox:
        siar = _hook(monkeypatch, sandbox.url)
        siar.open()
        with pytest.raises(error, match=words) as caught:
            siar.fetch(hourly_ask(*WEEK))
    assert getattr(caught.value, "retry_after", None) == seconds
    assert caught.value.interval == hourly_ask(*WEEK).interval


def test_a_minutes_quota_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two days are just the quota of a minute; the next two are too many, yet no span."""
    with serve(now=NOW, rates={"siar": 0}, limits={"siar.records_minute": 96}) as sandbox:
        siar = _hook(monkeypatch, sandbox.url)
        siar.open()
        two_days = hourly_ask(date(2025, 10, 20), date(2025, 10, 21))
        assert len(siar.fetch(two_days).readings) == 48
        with pytest.raises(RateLimited, match="datos permitidos en un minuto") as caught:
            siar.fetch(two_days)
        assert caught.value.retry_after == 65
        assert siar.open().records_now == 96


def test_the_calls_of_a_minute_are_limited_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thirty of them, authentication included."""
    with serve(now=NOW, rates={"siar": 5}) as sandbox:
        siar = _hook(monkeypatch, sandbox.url)
        assert siar.open().calls_minute == 5
        siar.fetch(daily_ask(WEEK[0]))
        with pytest.raises(RateLimited, match="peticiones permitidas en un minuto") as caught:
            siar.fetch(daily_ask(WEEK[0]))
    assert caught.value.retry_after == 65


def test_dates_before_what_the_account_may_see_are_empty_with_the_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Later ones of the same request are asked again and read."""
    with serve(now=NOW, rates={"siar": 0}, limits={"siar.authorised": 20251024}) as sandbox:
        siar = _hook(monkeypatch, sandbox.url)
        siar.open()
        answer = siar.fetch(hourly_ask(*WEEK))
        assert len(answer.readings) == 72
        assert answer.readings[0].slot == datetime(2025, 10, 24, tzinfo=UTC)
        assert "before 2025-10-24: HTTP 403: 'La fecha inicial no puede" in answer.evidence
        last = sandbox.requests.all()[-1]["query"]
        assert (last["FechaInicial"], last["FechaFinal"]) == (["2025-10-24"], ["2025-10-26"])
        early = siar.fetch(daily_ask(date(2025, 10, 20), date(2025, 10, 22)))
        assert early.readings == ()
        assert "fecha autorizada (24/10/2025)" in early.evidence


FAILURES: list[tuple[str, type[SourceError], str]] = [
    ("timeout", SourceUnavailable, r"no answer within [\d.]+ s"),
    ("reset", SourceUnavailable, "the connection was reset"),
    ("truncated", SourceUnavailable, "the answer broke off"),
    ("429", RateLimited, "too many requests"),
    ("401", AuthRejected, "AIRFLOW_CONN_SIAR_DEFAULT"),
    ("403", RateLimited, "blocked .*Forbidden"),
    ("403_quota", RateLimited, "peticiones permitidas en un minuto"),
    ("500", SourceUnavailable, "answered HTTP 500"),
    ("502", SourceUnavailable, "answered HTTP 502"),
    ("estado_429", MalformedPayload, "has no datos"),
    ("html", MalformedPayload, "a web page, not JSON|not return a single word"),
    ("redirect", SourceUnavailable, "redirected to .*, which is not followed"),
    ("big_body", MalformedPayload, "larger than 5000000 bytes"),
    ("shifted", MalformedPayload, "which was not asked"),
]


@pytest.mark.parametrize("is_open", [True, False], ids=["opened", "new"])
@pytest.mark.parametrize("kind,error,words", FAILURES, ids=[kind for kind, _, _ in FAILURES])
def test_each_fault_is_one_error_without_a_secret(
    siar: SiarHook,
    sandbox: Sandbox,
    caplog: pytest.LogCaptureFixture,
    kind: str,
    error: type[SourceError],
    words: str,
    is_open: bool,  # noqa: FBT001 - a table
) -> None:
    """On the data call or on the first of the authentication; and the next call is served."""
    caplog.set_level(logging.DEBUG)
    ask = hourly_ask(*WEEK)
    if is_open:
        siar.open()
    words = words if is_open or kind != "estado_429" else "not return a single word"
    sandbox.faults.add({"api": "siar", "kind": kind})
    with pytest.raises(error, match=words) as caught:
        siar.fetch(ask)
    assert (caught.value.source, caught.value.series) in {
        ("siar", "weather_hourly"),
        ("siar", None),
    }
    assert not [r for r in sandbox.requests.all() if r["path"].startswith("/_elsewhere")]
    told = str(caught.value) + caplog.text
    assert not [secret for secret in _secrets(siar) if secret in told]
    sandbox.faults.clear()
    assert len(siar.fetch(ask).readings) == 168


def _secrets(siar: SiarHook) -> set[str]:
    """Return all that the hook keeps secret: its own login and password at least."""
    known: set[str] = siar._secrets._texts
    return known | {LOGIN, PASSWORD}


@pytest.mark.parametrize(
    "kind,stored,rejected",
    [
        ("empty", 0, 0),
        ("duplicated", 168, 0),
        ("text", 84, 504),
        ("huge", 84, 504),
        ("negative", 168, 420),
        ("zero", 168, 0),
        ("partial_day", 110, 0),
    ],
)
def test_what_can_be_believed_is_kept(
    siar: SiarHook, sandbox: Sandbox, kind: str, stored: int, rejected: int
) -> None:
    """Each fourth half-hour is spoilt: every other hour."""
    sandbox.faults.add({"api": "siar", "kind": kind, "every": 4})
    answer = siar.fetch(hourly_ask(*WEEK))
    assert (len(answer.readings), len(answer.rejected)) == (stored, rejected)


def test_nothing_secret_is_told_when_all_goes_well(
    siar: SiarHook, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """Encrypted forms and tokens are as good as the password."""
    caplog.set_level(logging.DEBUG)
    siar.open()
    answer = siar.fetch(hourly_ask(*WEEK))
    secrets = _secrets(siar)
    assert len(secrets) == 5  # id and password, both encrypted, and the token
    told = caplog.text + answer.evidence + repr(siar.access) + str(siar.test_connection())
    assert "GET /siarapi/API/V1/Datos/Horarios/ESTACION?Id=J17&FechaInicial=2025-10-20" in told
    forms = [form for secret in secrets for form in (secret, quote(secret, safe=""))]
    assert not [form for form in forms if form in told]
    first = sandbox.requests.all()
    assert all(r["secrets"]["query.token"] for r in first if "Datos" in r["path"])


def test_wrong_credentials_name_the_connection(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sandbox answers null for these; nothing is asked without a token."""
    siar = _hook(monkeypatch, sandbox.url, password="bad")
    with pytest.raises(AuthRejected, match=r"AIRFLOW_CONN_SIAR_DEFAULT.*null"):
        siar.open()
    with pytest.raises(AuthRejected, match="connection 'siar_default'"):
        siar.fetch(hourly_ask(*WEEK))
    assert "ESTACION" not in _paths(sandbox)
    assert siar.test_connection()[0] is False


def test_the_connection_can_be_tested(siar: SiarHook, sandbox: Sandbox) -> None:
    """With the token, and it tells the account's limits."""
    is_fine, said = siar.test_connection()
    assert is_fine
    assert said == (
        f"siar gave a token at {sandbox.url}; the account has no published limit of calls and "
        "1000000 records a minute, 1000 calls and no published limit of records a day."
    )
