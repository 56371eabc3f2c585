"""REE against the sandbox, which speaks as apidatos does, well and badly."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from gapfill.errors import (
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

    from gapfill.sources.ree.hook import ReeHook
    from gapfill_sandbox import Sandbox

pytestmark = pytest.mark.airflow

AUTUMN = date(2025, 10, 26)
SPRING = date(2025, 3, 30)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Serve a sandbox at noon of 2025-11-05 UTC, when 11-06 is not published."""
    with serve(now=NOW, rates={"ree": 0}) as running:
        yield running


@pytest.fixture
def ree(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> ReeHook:
    """Return the hook with its connection to the sandbox."""
    from gapfill.sources.ree.hook import ReeHook

    text = json.dumps(
        {"conn_type": "http", "host": sandbox.url, "extra": {"timeout": patient(1.5)}}
    )
    monkeypatch.setenv("AIRFLOW_CONN_REE_DEFAULT", text)
    return ReeHook()


def test_days_of_23_24_and_25_hours_come_whole(ree: ReeHook, sandbox: Sandbox) -> None:
    """In one request of whole Madrid days each."""
    for day, hours in ((SPRING, 23), (date(2025, 7, 1), 24), (AUTUMN, 25)):
        answer = ree.fetch(ask_of("ree.pvpc", day))
        assert len(answer.readings) == hours
        assert answer.days == {day}
    assert len(sandbox.requests.of("ree")) == 3
    first = sandbox.requests.of("ree")[0]
    assert first["query"]["start_date"] == ["2025-03-30T00:00"]
    assert first["query"]["end_date"] == ["2025-03-30T23:59"]
    assert first["headers"]["user-agent"].startswith("gapfill/")
    assert not any(first["secrets"].values())


def test_fourteen_days_over_the_clock_change_are_one_call(ree: ReeHook, sandbox: Sandbox) -> None:
    """14 × 24 hours and the one of the autumn night."""
    answer = ree.fetch(ask_of("ree.pvpc", date(2025, 10, 20), date(2025, 11, 2)))
    assert len(answer.readings) == 337
    assert len(sandbox.requests.of("ree")) == 1


def test_what_is_not_published_is_empty_with_evidence(ree: ReeHook) -> None:
    """Today is there, tomorrow not yet, and neither is an error."""
    answer = ree.fetch(ask_of("ree.pvpc", date(2025, 11, 7)))
    assert answer.readings == ()
    assert answer.evidence == "HTTP 502: There are no data for the selected filters."
    both = ree.fetch(ask_of("ree.pvpc", date(2025, 11, 5), date(2025, 11, 6)))
    assert both.readings[-1].slot == datetime(2025, 11, 5, 22, tzinfo=UTC)
    assert both.days == {date(2025, 11, 5)}


FAILURES: list[tuple[str, type[SourceError], str]] = [
    ("timeout", SourceUnavailable, r"no answer within [\d.]+ s"),
    ("reset", SourceUnavailable, "the connection was reset"),
    ("truncated", SourceUnavailable, "the answer broke off"),
    ("429", RateLimited, "too many requests"),
    ("401", RateLimited, "AIRFLOW_CONN_REE_DEFAULT"),
    ("403", RateLimited, "without credentials was refused"),
    ("403_quota", RateLimited, "without credentials was refused"),
    ("500", SourceUnavailable, "answered HTTP 500"),
    ("502", SourceUnavailable, "answered HTTP 502"),
    ("estado_429", MalformedPayload, "has no|is not an"),
    ("html", MalformedPayload, "a web page, not JSON"),
    ("redirect", SourceUnavailable, "redirected to .*, which is not followed"),
    ("big_body", MalformedPayload, "larger than 5000000 bytes"),
    ("shifted", MalformedPayload, "was not asked"),
]


@pytest.mark.parametrize("kind,error,words", FAILURES, ids=[kind for kind, _, _ in FAILURES])
def test_each_fault_of_the_wire_or_the_answer_is_one_error(
    ree: ReeHook, sandbox: Sandbox, kind: str, error: type[SourceError], words: str
) -> None:
    """And leaves nothing behind: the next call is served."""
    sandbox.faults.add({"api": "ree", "kind": kind, "times": 1})
    with pytest.raises(error, match=words) as caught:
        ree.fetch(ask_of("ree.pvpc", AUTUMN))
    assert (caught.value.source, caught.value.series) == ("ree", "pvpc")
    assert caught.value.interval == ask_of("ree.pvpc", AUTUMN).interval
    assert not [r for r in sandbox.requests.all() if r["path"].startswith("/_elsewhere")]
    assert len(ree.fetch(ask_of("ree.pvpc", AUTUMN)).readings) == 25


@pytest.mark.parametrize(
    "kind,stored,rejected",
    [
        ("empty", 0, 0),
        ("duplicated", 25, 0),
        ("nan", 20, 5),
        ("text", 20, 5),
        ("huge", 20, 5),
        ("negative", 25, 0),
        ("zero", 25, 0),
        ("partial_day", 17, 0),
    ],
)
def test_what_can_be_believed_is_kept(
    ree: ReeHook, sandbox: Sandbox, kind: str, stored: int, rejected: int
) -> None:
    """Each fifth price is spoilt, where prices are."""
    sandbox.faults.add({"api": "ree", "kind": kind, "every": 5})
    answer = ree.fetch(ask_of("ree.pvpc", AUTUMN))
    assert (len(answer.readings), len(answer.rejected)) == (stored, rejected)


def test_the_rate_of_the_api_is_met_with_its_own_refusal(sandbox: Sandbox, ree: ReeHook) -> None:
    """A wait that the server names is passed on."""
    sandbox.faults.add({"api": "ree", "kind": "429", "retry_after": 31})
    with pytest.raises(RateLimited) as caught:
        ree.fetch(ask_of("ree.pvpc", AUTUMN))
    assert caught.value.retry_after == 31


def test_a_404_with_the_detail_is_no_data_as_well(
    server: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Later clients saw it; another 404 is a wrong path."""
    from gapfill.sources.ree.hook import ReeHook

    monkeypatch.setenv("AIRFLOW_CONN_REE_DEFAULT", server.connection())
    server.answers = [reply(404, payload("ree_error_no_data.json")), reply(404, b"Not Found")]
    answer = ReeHook().fetch(ask_of("ree.pvpc", AUTUMN))
    assert answer.evidence == "HTTP 404: There are no data for the selected filters."
    with pytest.raises(MalformedPayload, match="HTTP 404: 'Not Found'"):
        ReeHook().fetch(ask_of("ree.pvpc", AUTUMN))


def test_the_connection_can_be_tested(ree: ReeHook, sandbox: Sandbox) -> None:
    """With a day that has been there since 2021."""
    assert ree.test_connection() == (True, f"ree answered HTTP 200 at {sandbox.url}.")
