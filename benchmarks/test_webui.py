"""What the page costs an API server: 20 clients at once, against a bare route behind the login."""

from __future__ import annotations

import http.client
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from benchmarks.conftest import Ratio
from tests.webui.served import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.webui.served import Served

CLIENTS, REQUESTS = 20, 25
BARE = "/gaps/static/nav.svg"
"""A route that does nothing but see that somebody is logged in."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Run an Airflow around two years of three series."""
    with serving(tmp_path_factory.mktemp("bench-webui")) as running:
        yield running


def test_the_summary_under_load(served: Served, ratio: Callable[[Ratio], None]) -> None:
    """The slowest twentieth waits at most three times as long; measured in turn, three times."""
    _load(served, BARE)
    _load(served, "/gaps/summary")
    pairs = [(_load(served, "/gaps/summary"), _load(served, BARE)) for _ in range(3)]
    summaries, bare = (sorted(times)[1] for times in zip(*pairs, strict=True))
    what = "`/gaps/summary` ÷ a bare route behind the login, p95 of 20 clients"
    ratio(Ratio(what, summaries / bare, 3.0, at_least=False))


def _load(served: Served, path: str) -> float:
    """Return the 95th percentile, in seconds, of what the clients waited."""
    headers = {"Authorization": f"Bearer {served.token('vera')}"}

    def client(_: int) -> list[float]:
        connection = http.client.HTTPConnection("127.0.0.1", served.airflow.port, timeout=60)
        waited = []
        for _ in range(REQUESTS):
            began = time.perf_counter()
            connection.request("GET", path, headers=headers)
            reply = connection.getresponse()
            reply.read()
            waited.append(time.perf_counter() - began)
            assert reply.status == 200
        connection.close()
        return waited

    with ThreadPoolExecutor(CLIENTS) as pool:
        times = sorted(wait for waits in pool.map(client, range(CLIENTS)) for wait in waits)
    return times[int(0.95 * len(times))]
