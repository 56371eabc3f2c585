"""One sandbox for the whole matrix, and a bench for each cell of it."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

import pytest

from gapfill.services.context import RunContext
from gapfill.stores.sqlite.store import SqliteStore
from gapfill_sandbox import serve
from gapfill_sandbox.registry import APIS
from tests.matrix.doors import DOORS, NOW
from tests.services.conftest import FakeTime
from tests.time_limit import patient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from gapfill_sandbox import Sandbox
    from tests.matrix.bench import Bench

PATIENT_S, HASTY_S = 120.0, patient(1.0)
"""Waits for an answer: of all, and of those that wait in vain; a busy machine may need some."""


@pytest.fixture(scope="session")
def served() -> Iterator[Sandbox]:
    """Serve every API without its rate; the archive's rows are on another host, as they are.

    A station measures everything, so that what is missing is missing for a fault.
    """
    rates = {api.name: 0 for api in APIS}
    limits = {"siar.calls_day": 0}
    with serve(
        now=NOW,
        rates=rates,
        limits=limits,
        archive_redirect_host="localhost",
        stations="full",
    ) as running:
        yield running


@pytest.fixture
def sandbox(served: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """Return the sandbox without faults at the matrix's hour, and no connection to it."""
    for name in list(os.environ):
        if name.startswith("AIRFLOW_CONN_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("GAPFILL_LOCKS", str(tmp_path / "locks"))
    served.faults.clear()
    served.requests.clear()
    served.clock.set(NOW)
    yield served
    served.faults.clear()


@pytest.fixture
def bench(
    sandbox: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> Callable[..., Bench]:
    """Return what sets a door up: its connection, a store with its hole, a time of its own."""
    from gapfill.orchestration.source_factory import AirflowSources
    from tests.matrix.bench import Bench, connections, known_catalog

    caplog.set_level(logging.DEBUG)

    def make(name: str, *, timeout_s: float = PATIENT_S) -> Bench:
        door = DOORS[name]

        def connect(seconds: float) -> None:
            for variable, value in connections(door, sandbox.url, seconds).items():
                monkeypatch.setenv(variable, value)

        connect(timeout_s)
        known, time, file = known_catalog(door), FakeTime(), tmp_path / "store.db"
        store, sources = SqliteStore(file), AirflowSources(known)
        store.save_limits(door.source, door.facts, NOW)
        context = RunContext(known, store, sources, NOW, time.sleep, time.monotonic)
        made = Bench(door, sandbox, context, time, file, connect)
        made.seed()
        return made

    return make
