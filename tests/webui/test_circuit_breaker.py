"""What becomes of everybody else while the store hangs, and of a store file that is lost."""

from __future__ import annotations

import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import requests
import uvicorn

from tests.time_limit import patient
from tests.webui.test_query_routes import fill

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI
    from fastapi.testclient import TestClient

    from tests.dags.conftest import Plant

pytestmark = pytest.mark.airflow


@contextmanager
def hanging() -> Iterator[tuple[int, list[Any]]]:
    """Accept connections and never answer; yield the port and who has come."""
    came: list[Any] = []
    with socket.create_server(("127.0.0.1", 0), backlog=200) as server:

        def accept() -> None:
            while True:
                try:
                    came.append(server.accept()[0])
                except OSError:
                    return

        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1], came
        server.shutdown(socket.SHUT_RDWR)
    for one in came:
        one.close()


@contextmanager
def listening(app: FastAPI) -> Iterator[str]:
    """Serve an app over HTTP."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(30)


@pytest.mark.timeout(120)
@pytest.mark.usefixtures("plant")
def test_a_store_that_hangs_keeps_nobody_else_waiting(
    root: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked once for all who wait; they are told soon, and other routes go on."""
    from gapfill.webui import circuit_breaker

    @root.get("/bare")
    def bare() -> str:
        return "here"

    waits_s = min(12.0, patient(3.0))  # less than WAIT_S of worker_pool
    monkeypatch.setattr(circuit_breaker, "ANSWER_WAIT_S", waits_s)
    monkeypatch.setattr("gapfill.webui.snapshot_cache.ANSWER_WAIT_S", waits_s)
    monkeypatch.setattr(circuit_breaker, "PAUSE_S", 600.0)
    paths = ["/gaps/coverage"] * 40 + ["/gaps/plan", "/influxdb/verify", "/gaps/summary"]
    with hanging() as (port, came), listening(root) as url:
        extra = {"token": "t0ken", "org": "o", "bucket": "b"}
        store = {"conn_type": "influxdb", "host": f"http://127.0.0.1:{port}", "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_GAPFILL_STORE", json.dumps(store))

        def ask(path: str) -> tuple[int, str]:
            reply = requests.get(f"{url}{path}", timeout=600)
            return reply.status_code, reply.json()["detail"]

        with ThreadPoolExecutor(50) as pool:
            asked = [pool.submit(ask, path) for path in paths]
            time.sleep(1)
            assert requests.get(f"{url}/bare", timeout=600).text == '"here"'
            assert not any(one.done() for one in asked)
            told = [one.result() for one in asked]
        assert {status for status, _ in told} == {503}
        assert all(f"did not answer within {waits_s:g} s" in detail for _, detail in told)
        assert len(came) <= 3  # the look, the plan, and verify, which came at the same moment
        before = len(came)
        assert ask("/gaps/coverage")[0] == 503
        assert len(came) == before


def test_more_than_can_wait_are_told_so_at_once() -> None:
    """With when to come again; what nobody waits for any more is not begun."""
    import asyncio

    from gapfill.webui.worker_pool import BoundedExecutor, Busy

    pool, gate, done = BoundedExecutor(workers=1, queue=1), threading.Event(), []

    async def ask() -> list[Any]:
        first = asyncio.ensure_future(pool.run(lambda: gate.wait(600)))
        await asyncio.sleep(0.05)
        second = asyncio.ensure_future(pool.run(lambda: done.append(1), 0.3))
        await asyncio.sleep(0.05)
        with pytest.raises(Busy, match="2 requests wait for the store"):
            await pool.run(lambda: None)
        with pytest.raises(Busy, match=r"has not answered for 0\.3 s"):
            await second
        gate.set()
        return [await first, await pool.run(lambda: 7), done]

    assert asyncio.run(ask()) == [True, 7, []]


PATHS = ("/influxdb/verify", "/gaps/coverage", "/gaps/summary", "/gaps/plan")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("is_replaced", [False, True])
def test_a_store_file_that_is_lost_is_no_first_use(
    client: TestClient,
    plant: Plant,
    monkeypatch: pytest.MonkeyPatch,
    *,
    path: str,
    is_replaced: bool,
) -> None:
    """It held readings: nothing is read, written or started until it is back."""
    monkeypatch.setattr("gapfill.webui.snapshot_cache.FRESH_S", 0.0)
    fill(plant)
    assert client.get(path).status_code == 200
    kept = plant.store_file.rename(plant.store_file.with_name("kept.db"))
    if is_replaced:
        plant.store_file.touch()
    reply = client.get(path)
    while reply.status_code == 200:  # a look is kept for twice as long as it took
        reply = client.get(path)
    assert reply.status_code == 503
    what = "is empty: no series" if is_replaced else "is gone: there is no file"
    sentence = f"The store that had readings until 2026-03-20T22:00Z {what}"
    assert sentence in reply.json()["detail"]
    assert client.post("/gaps/backfill").status_code == 503
    assert plant.store_file.exists() is is_replaced
    kept.rename(plant.store_file)
    assert client.get(path).status_code == 200


def test_an_empty_store_is_a_first_use(client: TestClient) -> None:
    """Nothing was ever seen in it."""
    assert client.get("/influxdb/verify").json()["series"][0]["newest"] is None
    assert client.get("/gaps/coverage").json()["state"] == "gaps"
