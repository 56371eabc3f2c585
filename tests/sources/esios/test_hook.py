"""ESIOS against the sandbox: the token goes to its API, and nowhere else."""

from __future__ import annotations

import json
import logging
from datetime import date
from typing import TYPE_CHECKING

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
from tests.sources.asks import NOW, ask_of, payload
from tests.sources.http.raw_server import RawServer, reply
from tests.time_limit import patient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gapfill.sources.esios.hook import EsiosHook
    from gapfill_sandbox import Sandbox

pytestmark = pytest.mark.airflow

AUTUMN = date(2025, 10, 26)
TOKEN = "0123456789abcdef-t0ken"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Serve a sandbox whose archive leads to another host name of the same machine."""
    with serve(now=NOW, rates={"esios": 0}, archive_redirect_host="localhost") as running:
        yield running


@pytest.fixture
def esios(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> EsiosHook:
    """Return the hook with its connection to the sandbox and a token."""
    from gapfill.sources.esios.hook import EsiosHook

    given = {"conn_type": "http", "host": sandbox.url, "password": TOKEN}
    text = json.dumps(
        {**given, "extra": {"timeout": patient(1.5), "redirect_hosts": ["localhost"]}}
    )
    monkeypatch.setenv("AIRFLOW_CONN_ESIOS_DEFAULT", text)
    return EsiosHook()


@pytest.mark.parametrize("product", ["esios.1001", "esios.archive70"])
def test_days_of_23_24_and_25_hours_come_whole(esios: EsiosHook, product: str) -> None:
    """By either way the same hours."""
    for day, hours in ((date(2025, 3, 30), 23), (date(2025, 7, 1), 24), (AUTUMN, 25)):
        answer = esios.fetch(ask_of(product, day))
        assert len(answer.readings) == hours
        assert answer.days == {day}


def test_both_ways_give_the_same_prices_of_each_place(esios: EsiosHook) -> None:
    """The sandbox's places all have their own; the archive has them for two columns."""
    for geo in ("8741", "8744"):
        by_token = esios.fetch(ask_of("esios.1001", AUTUMN, geo=geo))
        by_archive = esios.fetch(ask_of("esios.archive70", AUTUMN, geo=geo))
        assert by_token.readings == by_archive.readings


def test_the_token_is_sent_for_an_indicator_only(esios: EsiosHook, sandbox: Sandbox) -> None:
    """In x-api-key alone; the archive and what it leads to never see it."""
    esios.fetch(ask_of("esios.1001", AUTUMN))
    esios.fetch(ask_of("esios.archive70", AUTUMN))
    indicator, archive, file = sandbox.requests.all()
    assert indicator["secrets"]["x-api-key"]
    assert not indicator["secrets"]["authorization"]
    assert not any(archive["secrets"].values())
    assert not any(file["secrets"].values())
    assert file["host"].startswith("localhost:")


def test_the_second_host_of_the_archive_receives_nothing_of_ours(
    server: RawServer, elsewhere: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What really came over the wire there."""
    from gapfill.sources.esios.hook import EsiosHook

    extra = {"redirect_hosts": ["127.0.0.1"]}
    text = server.connection(password=TOKEN, extra=extra)
    monkeypatch.setenv("AIRFLOW_CONN_ESIOS_DEFAULT", text)
    server.answers = [reply(307, Location=f"{elsewhere.url}/bucket/70?X-Amz-Signature=abc")]
    elsewhere.answers = [reply(200, payload("esios_archive70_2021-10-31.json"))]
    answer = EsiosHook().fetch(ask_of("esios.archive70", date(2021, 10, 31)))
    assert answer.readings[2].values["price_eur_mwh"] == 109.55
    assert TOKEN not in server.received[0].raw + elsewhere.received[0].raw
    assert set(elsewhere.received[0].headers) == {
        "accept",
        "accept-encoding",
        "connection",
        "host",
        "user-agent",
    }


def test_an_indicator_is_not_asked_elsewhere(
    server: RawServer, elsewhere: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A redirect of a call with a token to another host is refused, not followed."""
    from gapfill.sources.esios.hook import EsiosHook

    monkeypatch.setenv("AIRFLOW_CONN_ESIOS_DEFAULT", server.connection(password=TOKEN))
    server.answers = [reply(302, Location=f"{elsewhere.url}/indicators/1001")]
    with pytest.raises(SourceUnavailable, match="which is not followed"):
        EsiosHook().fetch(ask_of("esios.1001", AUTUMN))
    assert elsewhere.received == []


def test_without_a_token_the_archive_is_asked_and_the_indicator_is_not(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The keyless way needs no key, only this test's hosts do."""
    from gapfill.sources.esios.hook import EsiosHook

    extra = {"redirect_hosts": ["localhost"]}
    text = json.dumps({"conn_type": "http", "host": sandbox.url, "extra": extra})
    monkeypatch.setenv("AIRFLOW_CONN_ESIOS_DEFAULT", text)
    hook = EsiosHook()
    assert len(hook.fetch(ask_of("esios.archive70", AUTUMN)).readings) == 25
    sandbox.requests.clear()
    with pytest.raises(ConfigError, match="AIRFLOW_CONN_ESIOS_DEFAULT"):
        hook.fetch(ask_of("esios.1001", AUTUMN))
    assert sandbox.requests.all() == []
    assert EsiosHook().test_connection()[0]


def test_the_archive_leads_to_no_host_that_is_not_listed(
    server: RawServer, elsewhere: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sentence says where to list it."""
    from gapfill.sources.esios.hook import EsiosHook

    monkeypatch.setenv("AIRFLOW_CONN_ESIOS_DEFAULT", server.connection())
    server.answers = [reply(307, Location=f"{elsewhere.url}/bucket/70")]
    words = f"redirected to {elsewhere.url}, which is not followed: .*redirect_hosts"
    for _ in range(2):
        with pytest.raises(SourceUnavailable, match=words):
            EsiosHook().fetch(ask_of("esios.archive70", AUTUMN))
    answered, _ = EsiosHook().test_connection()
    assert not answered
    assert elsewhere.received == []


def test_the_archive_is_refused_one_host_behind_a_listed_one(
    server: RawServer, elsewhere: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A listed host may not lead on to any other."""
    from gapfill.sources.esios.hook import EsiosHook

    extra = {"redirect_hosts": [f"127.0.0.1:{elsewhere.port}"]}
    monkeypatch.setenv("AIRFLOW_CONN_ESIOS_DEFAULT", server.connection(extra=extra))
    server.answers = [reply(307, Location=f"{elsewhere.url}/bucket/70")]
    with RawServer() as third:
        elsewhere.answers = [reply(302, Location=f"{third.url}/bucket/70")]
        with pytest.raises(SourceUnavailable, match=f"redirected to {third.url}, which is not"):
            EsiosHook().fetch(ask_of("esios.archive70", AUTUMN))
        assert third.received == []
    assert len(elsewhere.received) == 1


@pytest.mark.parametrize(
    "given", ["files.example, a b", {}, [5], ["a b"], ["https://x.example/y"], [""]]
)
def test_redirect_hosts_that_are_no_list_of_names_are_a_config_error(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, given: object
) -> None:
    """Nobody is asked, and the sentence shows how it is written."""
    from gapfill.sources.esios.hook import EsiosHook

    extra = {"redirect_hosts": given}
    text = json.dumps({"conn_type": "http", "host": sandbox.url, "extra": extra})
    monkeypatch.setenv("AIRFLOW_CONN_ESIOS_DEFAULT", text)
    with pytest.raises(ConfigError, match=r'write \{"redirect_hosts": \["files.example.org"\]\}'):
        EsiosHook().fetch(ask_of("esios.archive70", AUTUMN))
    assert sandbox.requests.all() == []


def test_the_connection_is_tested_with_the_token_where_there_is_one(
    esios: EsiosHook, sandbox: Sandbox
) -> None:
    """Or a wrong token would pass the test."""
    assert esios.test_connection() == (True, f"esios answered HTTP 200 at {sandbox.url}.")
    assert sandbox.requests.all()[0]["secrets"]["x-api-key"]


@pytest.mark.parametrize(
    "product,evidence",
    [
        ("esios.1001", "HTTP 200: values is empty, values_updated_at null"),
        ("esios.archive70", "HTTP 200: No values for specified archive"),
    ],
)
def test_what_is_not_published_is_empty_with_evidence(
    esios: EsiosHook, product: str, evidence: str
) -> None:
    """Neither is an error."""
    answer = esios.fetch(ask_of(product, date(2025, 11, 7)))
    assert (answer.readings, answer.evidence) == ((), evidence)


def test_a_refused_token_names_the_connection_and_not_the_token(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The sandbox refuses this one; nothing tells it."""
    from gapfill.sources.esios.hook import EsiosHook

    caplog.set_level(logging.DEBUG)
    given = {"conn_type": "http", "host": sandbox.url, "password": "bad"}
    monkeypatch.setenv("AIRFLOW_CONN_ESIOS_DEFAULT", json.dumps(given))
    with pytest.raises(AuthRejected, match="AIRFLOW_CONN_ESIOS_DEFAULT") as caught:
        EsiosHook().fetch(ask_of("esios.1001", AUTUMN))
    assert "Forbidden" in str(caught.value)
    assert "x-api-key" not in caplog.text + str(caught.value)


FAILURES: list[tuple[str, type[SourceError]]] = [
    ("timeout", SourceUnavailable),
    ("reset", SourceUnavailable),
    ("truncated", SourceUnavailable),
    ("429", RateLimited),
    ("401", AuthRejected),
    ("403", AuthRejected),
    ("500", SourceUnavailable),
    ("html", MalformedPayload),
    ("redirect", SourceUnavailable),
    ("big_body", MalformedPayload),
    ("shifted", MalformedPayload),
]


@pytest.mark.parametrize("kind,error", FAILURES, ids=[kind for kind, _ in FAILURES])
def test_each_fault_of_an_indicator_is_one_error_without_the_token(
    esios: EsiosHook,
    sandbox: Sandbox,
    caplog: pytest.LogCaptureFixture,
    kind: str,
    error: type[SourceError],
) -> None:
    """The token is in no message and no line of the log."""
    caplog.set_level(logging.DEBUG)
    sandbox.faults.add({"api": "esios", "kind": kind})
    with pytest.raises(error) as caught:
        esios.fetch(ask_of("esios.1001", AUTUMN))
    assert TOKEN not in str(caught.value) + caplog.text
    assert not [r for r in sandbox.requests.all() if r["path"].startswith("/_elsewhere")]


ARCHIVE_FAILURES: list[tuple[str, int, type[SourceError]]] = [
    ("reset", 0, SourceUnavailable),
    ("reset", 1, SourceUnavailable),
    ("truncated", 1, SourceUnavailable),
    ("expired_link", 0, SourceUnavailable),
    ("403", 0, RateLimited),
    ("500", 1, SourceUnavailable),
    ("html", 1, MalformedPayload),
    ("big_body", 1, MalformedPayload),
    ("shifted", 0, MalformedPayload),
]


@pytest.mark.parametrize(
    "kind,after,error",
    ARCHIVE_FAILURES,
    ids=[f"{kind} of hop {after + 1}" for kind, after, _ in ARCHIVE_FAILURES],
)
def test_each_fault_of_either_hop_of_the_archive_is_one_error(
    esios: EsiosHook, sandbox: Sandbox, kind: str, after: int, error: type[SourceError]
) -> None:
    """A refused link is the link's fault and says nothing of a key."""
    sandbox.faults.add({"api": "esios", "kind": kind, "after": after})
    with pytest.raises(error):
        esios.fetch(ask_of("esios.archive70", AUTUMN))


@pytest.mark.parametrize("product", ["esios.1001", "esios.archive70"])
@pytest.mark.parametrize(
    "kind,stored,rejected",
    [("duplicated", 25, 0), ("text", 20, 5), ("huge", 20, 5), ("negative", 25, 0), ("zero", 25, 0)],
)
def test_what_can_be_believed_is_kept(
    esios: EsiosHook, sandbox: Sandbox, product: str, kind: str, stored: int, rejected: int
) -> None:
    """Each fifth price is spoilt, where prices are."""
    sandbox.faults.add({"api": "esios", "kind": kind, "every": 5})
    answer = esios.fetch(ask_of(product, AUTUMN))
    assert (len(answer.readings), len(answer.rejected)) == (stored, rejected)


def test_a_partial_day_of_the_archive_is_read_by_its_labels(
    esios: EsiosHook, sandbox: Sandbox
) -> None:
    """The first 16 hours of a usual day; those of an autumn day may be two things."""
    usual = ask_of("esios.archive70", date(2025, 10, 25))
    whole = esios.fetch(usual)
    sandbox.faults.add({"api": "esios", "kind": "partial_day"})
    assert esios.fetch(usual).readings == whole.readings[:16]
    with pytest.raises(MalformedPayload, match="its 17 rows are ambiguous"):
        esios.fetch(ask_of("esios.archive70", AUTUMN))
