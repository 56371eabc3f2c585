"""AEMET against the sandbox: two hops as one, the key on the first, every fault one error."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from gapfill.errors import (
    AuthRejected,
    ConfigError,
    MalformedPayload,
    RateLimited,
    SourceError,
    SourceUnavailable,
    SpanRefused,
)
from gapfill_sandbox import serve
from gapfill_sandbox.times import stamp
from tests.sandbox.http_client import call
from tests.sources.aemet.asks import HOUR, NOW, days, hours
from tests.time_limit import patient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gapfill.sources.aemet.hook import AemetHook
    from gapfill.sources.model import Ask
    from gapfill_sandbox import Sandbox

pytestmark = pytest.mark.airflow

KEY = "eyJhbGciOiJIUzI1NiJ9.k3y"
MIDDAY = datetime(2025, 11, 5, 12, tzinfo=UTC)
HOURS = hours(MIDDAY - 12 * HOUR, MIDDAY)
DAYS = days("2025-10-01", "2025-10-10")
ASKS = {"hours": HOURS, "days": DAYS}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Serve a sandbox at 12:30Z of 2025-11-05: the hour to 12:00Z is there."""
    with serve(now=NOW, rates={"aemet": 0}) as running:
        yield running


@pytest.fixture
def aemet(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> AemetHook:
    """Return the hook with its connection to the sandbox and a key."""
    from gapfill.sources.aemet.hook import AemetHook

    given = {"conn_type": "http", "host": sandbox.url, "password": KEY}
    text = json.dumps({**given, "extra": {"timeout": patient(1.5)}})
    monkeypatch.setenv("AIRFLOW_CONN_AEMET_DEFAULT", text)
    return AemetHook()


def _truth(sandbox: Sandbox, ask: Ask) -> list[dict[str, str]]:
    """Return what AEMET states for the asked slots, by the sandbox's own account."""
    start, end = stamp(ask.interval.start), stamp(ask.interval.end)
    query = f"series={ask.series.name}&source=aemet&start={start}&end={end}"
    head, *lines = call(f"{sandbox.url}/_sandbox/truth?{query}").text.splitlines()
    names = head.split(",")
    return [dict(zip(names, line.split(","), strict=True)) for line in lines]


@pytest.mark.parametrize("name", ASKS)
def test_readings_are_what_aemet_states(aemet: AemetHook, sandbox: Sandbox, name: str) -> None:
    """Field by field, an absent value where it states none."""
    ask = ASKS[name]
    answer = aemet.fetch(ask)
    expected = [
        {name: float(value) for name, value in row.items() if name != "slot" and value}
        for row in _truth(sandbox, ask)
    ]
    assert [dict(reading.values) for reading in answer.readings] == expected
    assert len(expected) == {"hours": 12, "days": 10}[name]
    assert answer.rejected == ()


def test_half_a_year_with_every_word_for_a_number_is_read(
    aemet: AemetHook, sandbox: Sandbox
) -> None:
    """Traces of rain, rain counted later, keys that lack: none is reported as wrong."""
    ask = days("2025-05-01", "2025-10-27")
    answer = aemet.fetch(ask)
    assert len(answer.readings) == 180
    assert answer.rejected == ()
    stated = [row["precipitation"] for row in _truth(sandbox, ask)]
    found = [reading.values.get("precipitation") for reading in answer.readings]
    assert found == [float(text) if text else None for text in stated]
    assert None in found
    assert len(sandbox.requests.of("aemet")) == 2


def test_the_key_goes_to_the_first_hop_alone(aemet: AemetHook, sandbox: Sandbox) -> None:
    """In its header, in no query, and not along to the rows."""
    aemet.fetch(DAYS)
    envelope, rows = sandbox.requests.of("aemet")
    assert envelope["secrets"]["api_key"]
    assert [name for name, came in envelope["secrets"].items() if came] == ["api_key"]
    assert rows["path"].startswith("/opendata/sh/")
    assert not any(rows["secrets"].values())


def test_both_hops_are_counted(aemet: AemetHook, sandbox: Sandbox) -> None:
    """Both go to the API."""
    sent: list[int] = []
    aemet._before_call = lambda _records: sent.append(len(sandbox.requests.all()))
    aemet.fetch(HOURS)
    assert sent == [0, 1]


def test_what_is_not_there_yet_is_empty_with_evidence(aemet: AemetHook, sandbox: Sandbox) -> None:
    """Said on the first hop, so the second is spared."""
    answer = aemet.fetch(days("2025-11-02", "2025-11-04"))
    words = "No hay datos que satisfagan esos criterios"
    assert (answer.readings, answer.evidence) == ((), f"HTTP 200, estado 404: {words}")
    assert len(sandbox.requests.of("aemet")) == 1
    later = aemet.fetch(hours(MIDDAY, MIDDAY + HOUR))
    assert (later.readings, later.evidence) == ((), "HTTP 200: 13 rows")


def test_an_outage_leaves_its_days_out_of_a_longer_answer(
    aemet: AemetHook, sandbox: Sandbox
) -> None:
    """What lies around it comes."""
    outage = {"api": "aemet", "kind": "outage", "from": "2025-10-03", "to": "2025-10-06"}
    sandbox.faults.add(outage)
    dates = [reading.slot.day for reading in aemet.fetch(DAYS).readings]
    assert dates == [1, 2, 7, 8, 9, 10]
    assert aemet.fetch(days("2025-10-04", "2025-10-05")).evidence.startswith("HTTP 200, estado 404")
    assert len(aemet.fetch(HOURS).readings) == 12


def test_an_outage_takes_the_hours_of_its_local_days_along(
    aemet: AemetHook, sandbox: Sandbox
) -> None:
    """Those of the evening before, to 23:00Z, are there."""
    sandbox.faults.add({"api": "aemet", "kind": "outage", "from": "2025-11-05"})
    assert aemet.fetch(HOURS).evidence.startswith("HTTP 200, estado 404")
    morning = datetime(2025, 11, 5, 6, 30, tzinfo=UTC)
    sandbox.clock.set(morning)
    ask = hours(MIDDAY - 18 * HOUR, MIDDAY - 6 * HOUR, now=morning)
    assert [reading.slot.hour for reading in aemet.fetch(ask).readings] == [18, 19, 20, 21, 22]


def test_a_range_above_six_months_is_refused_for_its_length(
    aemet: AemetHook, sandbox: Sandbox
) -> None:
    """Half of it may be asked; so is what an installation's own limit refuses."""
    with pytest.raises(SpanRefused, match="no puede ser superior a 6 meses") as caught:
        aemet.fetch(days("2025-01-01", "2025-07-04"))
    assert caught.value.interval == days("2025-01-01", "2025-07-04").interval
    assert len(aemet.fetch(days("2025-01-01", "2025-07-03")).readings) == 184
    assert len(sandbox.requests.of("aemet")) == 3


FAILURES: list[tuple[str, int, type[SourceError], str]] = [
    ("timeout", 0, SourceUnavailable, r"no answer within [\d.]+ s"),
    ("timeout", 1, SourceUnavailable, r"no answer within [\d.]+ s"),
    ("reset", 0, SourceUnavailable, "the connection was reset"),
    ("reset", 1, SourceUnavailable, "the connection was reset"),
    ("truncated", 0, SourceUnavailable, "the answer broke off"),
    ("truncated", 1, SourceUnavailable, "the answer broke off"),
    ("429", 0, RateLimited, "Límite de peticiones .* asked again in 61 s"),
    ("429", 1, RateLimited, "Límite de peticiones .* asked again in 61 s"),
    ("estado_429", 0, RateLimited, "HTTP 200: Límite de peticiones .* again in 61 s"),
    ("estado_429", 1, RateLimited, "HTTP 200: Límite de peticiones .* again in 61 s"),
    ("401", 0, AuthRejected, r"key of connection 'aemet_default' \(AIRFLOW_CONN_AEMET_DEFAULT\)"),
    ("401", 1, RateLimited, "without credentials was refused"),
    ("403", 0, AuthRejected, "AIRFLOW_CONN_AEMET_DEFAULT"),
    ("403_quota", 0, AuthRejected, "Quota exceeded"),
    ("500", 0, SourceUnavailable, "answered HTTP 500"),
    ("500", 1, SourceUnavailable, "answered HTTP 500"),
    ("502", 1, SourceUnavailable, "answered HTTP 502"),
    ("html", 0, MalformedPayload, "a web page, not JSON"),
    ("html", 1, MalformedPayload, "a web page, not JSON"),
    ("redirect", 0, SourceUnavailable, "redirected to .*, which is not followed"),
    ("redirect", 1, SourceUnavailable, "redirected to .*, which is not followed"),
    ("big_body", 0, MalformedPayload, "larger than 5000000 bytes"),
    ("big_body", 1, MalformedPayload, "larger than 5000000 bytes"),
    ("shifted", 0, MalformedPayload, "not over yet|which was not asked"),
]


@pytest.mark.parametrize("name", ASKS)
@pytest.mark.parametrize(
    "kind,after,error,words", FAILURES, ids=[f"{kind} of hop {n + 1}" for kind, n, *_ in FAILURES]
)
def test_each_fault_of_either_hop_is_one_error(
    aemet: AemetHook,
    sandbox: Sandbox,
    caplog: pytest.LogCaptureFixture,
    kind: str,
    after: int,
    error: type[SourceError],
    words: str,
    name: str,
) -> None:
    """It tells of no key, leaves nothing behind, and the next call is served."""
    caplog.set_level(logging.DEBUG)
    sandbox.faults.add({"api": "aemet", "kind": kind, "after": after, "times": 1})
    with pytest.raises(error, match=words) as caught:
        aemet.fetch(ASKS[name])
    assert (caught.value.source, caught.value.series) == ("aemet", ASKS[name].series.name)
    assert caught.value.interval == ASKS[name].interval
    assert KEY not in str(caught.value) + caplog.text
    assert not [r for r in sandbox.requests.all() if r["path"].startswith("/_elsewhere")]
    assert aemet.fetch(ASKS[name]).readings


def test_a_day_alone_that_is_shifted_is_malformed(aemet: AemetHook, sandbox: Sandbox) -> None:
    """It is of another date than was asked."""
    sandbox.faults.add({"api": "aemet", "kind": "shifted"})
    with pytest.raises(MalformedPayload, match="2025-10-06T00:00:00Z, which was not asked"):
        aemet.fetch(days("2025-10-05"))


def test_a_wait_that_is_named_is_kept(aemet: AemetHook, sandbox: Sandbox) -> None:
    """Else the next minute is waited for, which a fill does in place."""
    sandbox.faults.add({"api": "aemet", "kind": "429", "retry_after": 17, "times": 1})
    sandbox.faults.add({"api": "aemet", "kind": "estado_429"})
    waits = []
    for _ in range(2):
        with pytest.raises(RateLimited) as caught:
            aemet.fetch(HOURS)
        waits.append(caught.value.retry_after)
    assert waits == [17, 61]


def test_an_expired_link_is_asked_for_anew_once(aemet: AemetHook, sandbox: Sandbox) -> None:
    """Both hops again, with the key on the first alone."""
    sandbox.faults.add({"api": "aemet", "kind": "expired_link", "times": 1})
    assert len(aemet.fetch(DAYS).readings) == 10
    came = [entry["secrets"]["api_key"] for entry in sandbox.requests.of("aemet")]
    assert came == [True, False, True, False]


def test_links_that_keep_expiring_are_an_outage(aemet: AemetHook, sandbox: Sandbox) -> None:
    """Never "no data", though they say 404."""
    sandbox.faults.add({"api": "aemet", "kind": "expired_link"})
    with pytest.raises(SourceUnavailable, match="gave 2 links to the rows, and both had"):
        aemet.fetch(DAYS)
    assert len(sandbox.requests.of("aemet")) == 4


@pytest.mark.parametrize("name,rows,kept", [("hours", 12, 10), ("days", 10, 8)])
@pytest.mark.parametrize(
    "kind,is_struck",
    [
        ("duplicated", False),
        ("nan", True),
        ("text", True),
        ("huge", True),
    ],
)
def test_what_can_be_believed_is_kept(
    aemet: AemetHook,
    sandbox: Sandbox,
    name: str,
    rows: int,
    kept: int,
    kind: str,
    is_struck: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """Each fifth row is spoilt; of 13 rows of hours the first was not asked for."""
    sandbox.faults.add({"api": "aemet", "kind": kind, "every": 5})
    answer = aemet.fetch(ASKS[name])
    spoilt = {rejected.slot for rejected in answer.rejected}
    assert len(answer.readings) == (kept if is_struck else rows)
    assert bool(spoilt) is is_struck


@pytest.mark.parametrize("name,rows", [("hours", 12), ("days", 10)])
def test_a_zero_is_a_value(aemet: AemetHook, sandbox: Sandbox, name: str, rows: int) -> None:
    """Of temperature, wind and rain; the station has no pressure that would be out of bounds."""
    sandbox.faults.add({"api": "aemet", "kind": "zero", "every": 5})
    answer = aemet.fetch(ASKS[name])
    assert len(answer.readings) == rows
    assert answer.rejected == ()


def test_negative_values_are_refused_where_there_are_none(
    aemet: AemetHook, sandbox: Sandbox
) -> None:
    """Frost is real, a negative share of humidity is not."""
    sandbox.faults.add({"api": "aemet", "kind": "negative"})
    hours = aemet.fetch(HOURS)
    assert len(hours.readings) == 12
    assert {name for reading in hours.readings for name in reading.values} == {"temperature"}
    answer = aemet.fetch(DAYS)
    assert len(answer.readings) == 10
    assert all(reading.values["temperature_mean"] < 0 for reading in answer.readings)
    assert "precipitation" in {rejected.field for rejected in answer.rejected}


def test_a_partial_day_gives_what_it_has(aemet: AemetHook, sandbox: Sandbox) -> None:
    """Two thirds of each local day, as it stands."""
    sandbox.faults.add({"api": "aemet", "kind": "partial_day"})
    assert 0 < len(aemet.fetch(HOURS).readings) < 12


def test_the_rate_of_the_api_is_met_with_its_own_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both hops count there, too."""
    from gapfill.sources.aemet.hook import AemetHook

    with serve(now=NOW, rates={"aemet": 3}) as sandbox:
        given = {"conn_type": "http", "host": sandbox.url, "password": KEY}
        monkeypatch.setenv("AIRFLOW_CONN_AEMET_DEFAULT", json.dumps(given))
        assert AemetHook().fetch(HOURS).readings
        with pytest.raises(RateLimited, match="Espere al siguiente minuto"):
            AemetHook().fetch(HOURS)
        assert [r["fault"] for r in sandbox.requests.all()] == [None, None, None, "rate"]


def test_a_refused_key_names_the_connection_and_not_the_key(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what the API said."""
    from gapfill.sources.aemet.hook import AemetHook

    given = {"conn_type": "http", "host": sandbox.url, "password": "bad"}
    monkeypatch.setenv("AIRFLOW_CONN_AEMET_DEFAULT", json.dumps(given))
    with pytest.raises(AuthRejected, match="AIRFLOW_CONN_AEMET_DEFAULT") as caught:
        AemetHook().fetch(DAYS)
    assert "API key invalido" in str(caught.value)
    is_fine, words = AemetHook().test_connection()
    assert not is_fine
    assert "API key invalido" in words


def test_without_a_key_nothing_is_sent(sandbox: Sandbox) -> None:
    """The message shows how to set it."""
    from gapfill.sources.aemet.hook import AemetHook

    with pytest.raises(ConfigError, match="AIRFLOW_CONN_AEMET_DEFAULT="):
        AemetHook(host=sandbox.url).fetch(DAYS)
    assert sandbox.requests.all() == []


def test_the_connection_can_be_tested(aemet: AemetHook, sandbox: Sandbox) -> None:
    """With one hop, and the key."""
    assert aemet.test_connection() == (True, f"aemet answered HTTP 200 at {sandbox.url}.")
    (entry,) = sandbox.requests.all()
    assert entry["secrets"]["api_key"]


def test_an_hour_is_there_an_hour_after_its_end(aemet: AemetHook, sandbox: Sandbox) -> None:
    """Whatever the minute: twelve slots that the catalogue counts on."""
    for minutes in (0, 9, 10, 30, 59):
        now = MIDDAY + timedelta(minutes=minutes)
        sandbox.clock.set(now)
        ask = hours(MIDDAY - 13 * HOUR, MIDDAY - HOUR, now=now)
        assert len(aemet.fetch(ask).readings) == 12
