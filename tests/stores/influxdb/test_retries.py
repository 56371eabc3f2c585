"""A server that refuses or breaks off only for now: asked again in place, within bounds."""

from __future__ import annotations

from email.utils import format_datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from gapfill.errors import StoreError
from gapfill.stores.influxdb.errors import Transient, of_status
from gapfill.stores.influxdb.retries import Retries
from gapfill.stores.influxdb.store import InfluxStore
from tests.builders import PVPC, hour, hours, price, prices
from tests.sources.http import raw_server
from tests.sources.http.raw_server import RawServer, reset
from tests.stores.backends import InfluxBackend
from tests.stores.influxdb.fault_proxy import Fault, FaultProxy
from tests.stores.influxdb.forwarder import ORG, TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

from gapfill.stores.influxdb.config import InfluxConfig


def reply(status: int, body: bytes = b"", **headers: str) -> bytes:
    """Return an answer after which the connection is closed, as this server does."""
    return raw_server.reply(status, body, Connection="close", **headers)


EMPTY = reply(200, b'{"results":[{"statement_id":0}]}', Content_Type="application/json")
WHERE = InfluxConfig("gapfill_store", "http://127.0.0.1:1", ORG, "b", TOKEN)


class Slept(list[float]):
    """The seconds that were slept, without sleeping."""

    def __call__(self, seconds: float) -> None:
        """Remember them."""
        self.append(seconds)


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> Slept:
    """Return what would have been slept between tries."""
    times = Slept()
    monkeypatch.setattr("gapfill.stores.influxdb.retries.time", SimpleNamespace(sleep=times))
    return times


def blocks(server: RawServer, **more: object) -> object:
    """Ask a server for the blocks."""
    access = InfluxConfig("gapfill_store", server.url, ORG, "b", TOKEN, **more)  # type: ignore[arg-type]
    return InfluxStore(access).blocks(hour(0))


@pytest.mark.parametrize(
    "first, least, most",
    [
        (reply(503, b"busy", Retry_After="3"), 3, 3.75),
        (reply(429, b"", Retry_After="1"), 1, 1.25),
        (reply(429), 0.5, 0.625),
        (reply(502, b"<html>Bad Gateway</html>"), 0.5, 0.625),
        (reply(504), 0.5, 0.625),
        (reset, 0.5, 0.625),
        (EMPTY[:-9], 0.5, 0.625),
        (b"", 0.5, 0.625),
    ],
    ids=["503", "429", "429 without", "502", "504", "reset", "cut", "closed"],
)
def test_what_passes_is_asked_again(slept: Slept, first: bytes, least: float, most: float) -> None:
    """After the time that the server names, else after half a second, and a little more."""
    with RawServer([first, EMPTY]) as server:
        assert blocks(server) == []
        assert len(server.received) == 2
    (waited,) = slept
    assert least <= waited <= most


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422, 500])
def test_what_does_not_pass_is_asked_once(slept: Slept, status: int) -> None:
    """A wrong token is not tried four times."""
    with RawServer([reply(status, b"no")]) as server:
        with pytest.raises(StoreError, match=f"answered {status}"):
            blocks(server)
        assert len(server.received) == 1
    assert slept == []


def test_it_ends_after_four_tries(slept: Slept) -> None:
    """And the sentence says so."""
    with RawServer([reply(503)]) as server:
        with pytest.raises(Transient, match=r"answered 503.*It was tried 4 times\.$"):
            blocks(server)
        assert len(server.received) == 4
    assert len(slept) == 3
    assert sum(slept) < 5


def test_a_longer_wait_than_there_is_time_for_ends_at_once(slept: Slept) -> None:
    """A page has a second and a half, a connection with a timeout of 2 s has 20 s."""
    with RawServer([reply(503, Retry_After="90")]) as server:
        with pytest.raises(StoreError, match="asks to wait 90 s"):
            blocks(server)
        assert len(server.received) == 1
    with RawServer([reply(503, Retry_After="30")]) as server:
        with pytest.raises(StoreError):
            blocks(server, timeout_s=2.0)
        assert len(server.received) == 1
    with RawServer([reply(503, Retry_After="2")]) as server:
        with pytest.raises(StoreError):
            blocks(server, busy_wait_s=1.5)
        assert len(server.received) == 1
    assert slept == []


def test_all_requests_together_wait_no_longer_than_a_task_may() -> None:
    """Five times as long as one of them."""
    slept = Slept()
    patience = Retries(10, slept)
    refused = 0

    def refuse() -> None:
        message = "busy"
        raise Transient(message, retry_after=4)

    for _ in range(50):
        with pytest.raises(Transient):
            patience.persist(refuse)
        refused += 1
    assert refused == 50
    assert 40 < sum(slept) <= 50


def test_a_date_to_wait_for_is_understood() -> None:
    """As a proxy may say it, and what is neither date nor number is not."""
    late = of_status(WHERE, "/query", 503, "", {"Retry-After": format_datetime(hour(24 * 999))})
    assert isinstance(late, Transient)
    assert late.retry_after is not None
    assert late.retry_after > 10**6
    past = of_status(WHERE, "/query", 503, "", {"Retry-After": format_datetime(hour(0))})
    assert isinstance(past, Transient)
    assert past.retry_after == 0
    vague = of_status(WHERE, "/query", 503, "", {"Retry-After": "soon"})
    assert isinstance(vague, Transient)
    assert vague.retry_after is None


def test_nobody_there_is_said_at_once(slept: Slept) -> None:
    """Only a server that has answered before may be starting again."""
    with pytest.raises(StoreError, match="no connection can be made"):
        InfluxStore(WHERE).blocks(hour(0))
    assert slept == []
    with RawServer([EMPTY]) as server:
        store = InfluxStore(InfluxConfig("gapfill_store", server.url, ORG, "b", TOKEN))
        assert store.blocks(hour(0)) == []
    store.close()
    with pytest.raises(StoreError, match=r"no connection can be made.*It was tried 4 times"):
        store.blocks(hour(0))
    assert len(slept) == 3


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[InfluxBackend]:
    """Return an empty bucket."""
    made = InfluxBackend(tmp_path)
    yield made
    made.close()


class Flaky(FaultProxy):
    """Spoils each third request: it refuses, cuts what is answered, or answers and then closes."""

    faults = (Fault(503, b"", {"Retry-After": "0"}), Fault(cut=True, status=0), Fault(429))

    def fault_for(self, path: str) -> Fault | None:
        """Return the next kind of fault for each third request."""
        self.paths.append(path)
        number = len(self.paths)
        return self.faults[number // 3 % 3] if number % 3 == 0 else None


@pytest.mark.server
@pytest.mark.usefixtures("slept")
def test_a_flaky_server_costs_nothing(backend: InfluxBackend) -> None:
    """Written once, counted once, undone whole, although requests were carried out twice."""
    proxy = Flaky(backend.engine.url)
    store = InfluxStore(backend.engine.access(backend.bucket, url=proxy.url, busy_wait_s=1000.0))
    for n in range(6):
        store.record_call("ree", hour(n), "run/a")
        assert store.write(PVPC, prices(range(10 * n, 10 * n + 10)), f"run/{n}") == 10
    assert store.calls_of("run") == 6
    assert store.missing(PVPC, hours(0, 60)) == []
    assert store.write(PVPC, [price(0)], "run/0") == 0
    assert store.undo("run/3", [PVPC]) == (0, 10, 0)
    assert store.missing(PVPC, hours(0, 60)) == [hours(30, 40)]
    store.close()
    proxy.close()
    assert len(proxy.paths) > 30
