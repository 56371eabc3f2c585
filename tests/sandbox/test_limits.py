"""Undocumented limits: requests a minute, and requests at the same time."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from gapfill_sandbox import serve
from tests.sandbox import asks
from tests.sandbox.conftest import NOON
from tests.sandbox.http_client import archive_url, call
from tests.sandbox.shapes import PAYLOADS
from tests.time_limit import patient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gapfill_sandbox import Sandbox

SECOND = timedelta(seconds=1)


@pytest.fixture
def unlimited() -> Iterator[Sandbox]:
    """Serve a sandbox that admits any number of requests."""
    names = ("ree", "esios", "aemet", "siar", "open_meteo")
    with serve(now=NOON, rates=dict.fromkeys(names, 0)) as running:
        yield running


def _statuses(sandbox: Sandbox, seconds: list[int]) -> list[int]:
    """Return the statuses of AEMET's first hop, asked at these seconds of the virtual clock."""
    found = []
    for second in seconds:
        sandbox.clock.set(NOON + second * SECOND)
        found.append(call(asks.aemet_hours(sandbox.url), headers={"api_key": "k"}).status)
    return found


@pytest.mark.parametrize(
    "window, statuses",
    [
        ("sliding", [200, 200, 429, 429, 200, 429, 200]),
        ("fixed", [200, 200, 429, 200, 200, 429, 429]),
    ],
)
def test_a_hidden_limit_slides_or_is_of_each_minute(
    unlimited: Sandbox, window: str, statuses: list[int]
) -> None:
    """On the virtual clock, so that a test need not wait; a refused request does not count."""
    limit = {"per_minute": 2, "window": window, "clock": "virtual"}
    unlimited.faults.add({"api": "aemet", "kind": "429", **limit})
    assert _statuses(unlimited, [10, 50, 55, 60, 70, 100, 110]) == statuses


def test_both_hops_count_and_the_refusal_is_as_captured(unlimited: Sandbox) -> None:
    """On the real clock by default: three requests in the same minute are one too many."""
    unlimited.faults.add({"api": "aemet", "kind": "429", "per_minute": 2})
    assert len(asks.aemet(asks.aemet_hours(unlimited.url))) == 12
    reply = call(asks.aemet_hours(unlimited.url), headers={"api_key": "k"})
    assert reply.status == 429
    assert reply.body == (PAYLOADS / "aemet_error_too_many.json").read_bytes()
    assert [entry["fault"] for entry in unlimited.requests.all()] == [None, None, "429"]


@pytest.mark.parametrize(
    "api, kind, status",
    [("aemet", "estado_429", 200), ("siar", "403_quota", 403), ("ree", "firewall", 403)],
)
def test_a_limit_may_be_refused_in_any_way(
    unlimited: Sandbox, api: str, kind: str, status: int
) -> None:
    """In the form of the API, or of the firewall in front of it."""
    unlimited.faults.add({"api": api, "kind": kind, "per_minute": 1})
    urls = {
        "aemet": asks.aemet_hours(unlimited.url),
        "siar": f"{unlimited.url}/siarapi/API/V1/Autenticacion/cifrarCadena?cadena=x",
        "ree": f"{unlimited.url}/es/datos/mercados/precios-mercados-tiempo-real",
    }
    first, second = (call(urls[api], headers={"api_key": "k"}) for _ in range(2))
    assert first.body != second.body
    assert second.status == status
    assert [entry["fault"] for entry in unlimited.requests.all()] == [None, kind]


def test_a_limit_may_change_in_mid_run_by_the_virtual_clock(unlimited: Sandbox) -> None:
    """Two limits in a row, each in its own time."""
    limit = {"api": "aemet", "kind": "429", "clock": "virtual"}
    turn = "2025-11-05T12:02:00Z"
    unlimited.faults.add({**limit, "per_minute": 3, "until": turn})
    unlimited.faults.add({**limit, "per_minute": 1, "since": turn})
    assert _statuses(unlimited, [0, 1, 2, 3]) == [200, 200, 200, 429]
    assert _statuses(unlimited, [120, 121, 180]) == [200, 429, 200]


def test_a_limit_may_change_in_mid_run_by_the_control_route(unlimited: Sandbox) -> None:
    """PUT puts other faults in the place of all, and begins to count anew."""
    limit = {"api": "aemet", "kind": "429", "per_minute": 1}
    unlimited.faults.add(limit)
    assert _statuses(unlimited, [0, 0]) == [200, 429]
    body = json.dumps([{**limit, "per_minute": 3}])
    (told,) = call(f"{unlimited.url}/_sandbox/faults", method="PUT", body=body).json()
    assert (told["per_minute"], told["window"], told["clock"]) == (3, "sliding", "real")
    assert _statuses(unlimited, [0, 0, 0, 0]) == [200, 200, 200, 429]


def test_a_limit_may_begin_after_so_many_requests(unlimited: Sandbox) -> None:
    """Those that came before count in its first minute."""
    unlimited.faults.add({"api": "aemet", "kind": "429", "per_minute": 2, "after": 3})
    assert _statuses(unlimited, [0, 0, 0, 0]) == [200, 200, 200, 429]


def test_the_second_hop_of_archive_70_counts_towards_no_limit(unlimited: Sandbox) -> None:
    """The file is another host's."""
    unlimited.faults.add({"api": "esios", "kind": "429", "per_minute": 2})
    assert asks.archive(unlimited.url, "2025-11-01").status == 200
    assert asks.archive(unlimited.url, "2025-11-02").status == 200
    assert call(archive_url(unlimited.url, "2025-11-03")).status == 429


def test_too_many_at_once_can_be_asked_for(sandbox: Sandbox) -> None:
    """In Open-Meteo's words: status 429, and no word of a minute."""
    sandbox.faults.add({"api": "open_meteo", "kind": "too_many_at_once", "times": 1})
    reply = asks.open_meteo(sandbox.url, "2025-10-20", "2025-10-20")
    assert reply.status == 429
    assert reply.json() == {"error": True, "reason": "Too many concurrent requests"}
    assert asks.open_meteo(sandbox.url, "2025-10-20", "2025-10-20").status == 200


def _at_once(sandbox: Sandbox, requests: int) -> list[int]:
    """Return the statuses of so many requests that come at the same time."""

    def ask(_number: int) -> int:
        return asks.open_meteo(sandbox.url, "2025-10-20", "2025-10-20").status

    with ThreadPoolExecutor(requests) as pool:
        return sorted(pool.map(ask, range(requests)))


def test_six_requests_wait_for_one_and_the_eighth_is_refused(sandbox: Sandbox) -> None:
    """Open-Meteo answers one request of an address at a time."""
    seconds = patient(0.1)
    sandbox.faults.add({"api": "open_meteo", "kind": "slow", "seconds": seconds})
    before = time.monotonic()
    statuses = _at_once(sandbox, 9)
    assert statuses == [200] * 7 + [429] * 2
    assert time.monotonic() - before >= 7 * seconds
    assert [entry["fault"] for entry in sandbox.requests.all()].count("queue") == 2
    assert _at_once(sandbox, 1) == [200]


def test_a_client_that_leaves_gives_up_its_turn(sandbox: Sandbox) -> None:
    """The next one does not wait for it."""
    sandbox.faults.add({"api": "open_meteo", "kind": "timeout", "times": 1})
    url = f"{sandbox.url}/v1/forecast?latitude=38&longitude=-3"
    with pytest.raises(TimeoutError):
        call(url, timeout_s=0.1)
    assert call(url).status == 200


def test_the_queue_is_an_option() -> None:
    """Two at once and none that waits; or any number."""
    two = {"open_meteo.at_once": 2, "open_meteo.waiting": 0}
    slow = {"api": "open_meteo", "kind": "slow", "seconds": patient(0.3)}
    with serve(now=NOON, limits=two, faults=[slow]) as sandbox:
        assert _at_once(sandbox, 4) == [200, 200, 429, 429]
    with serve(now=NOON, limits={"open_meteo.at_once": 0}, faults=[slow]) as sandbox:
        assert _at_once(sandbox, 12) == [200] * 12
