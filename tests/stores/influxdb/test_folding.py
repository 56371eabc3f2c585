"""The clean-up on InfluxDB: what it leaves alone."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gapfill.errors import StoreError
from gapfill.stores.influxdb.client import InfluxClient
from gapfill.stores.influxdb.store import InfluxStore
from tests.builders import hours
from tests.stores.backends import InfluxBackend
from tests.stores.influxdb.fault_proxy import Fault, FaultProxy
from tests.stores.test_contract_folding import BEFORE, LIMIT, LINE, decided, history

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from gapfill.domain.ledger import LedgerEntry

pytestmark = pytest.mark.server


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[InfluxBackend]:
    """Return an empty bucket."""
    made = InfluxBackend(tmp_path)
    yield made
    made.close()


def _append(
    backend: InfluxBackend, monkeypatch: pytest.MonkeyPatch, line: LedgerEntry, at: int
) -> None:
    """Append a line as another process does whose clock is at a time in nanoseconds."""
    with monkeypatch.context() as patched:
        patched.setattr("time.time_ns", lambda: at)
        backend.open().append_ledger([line])


def test_a_line_that_comes_between_the_read_and_the_deletion_stays(
    backend: InfluxBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a machine whose clock is late: its time lies among those of the lines that go."""
    store = backend.open()
    start = time.time_ns()
    _append(backend, monkeypatch, LINE, start)
    _append(backend, monkeypatch, replace(LINE, interval=hours(1, 2)), start + 1000)
    late = replace(LINE, interval=hours(5, 6))
    plain = InfluxClient.write

    def write(server: InfluxClient, lines: Sequence[str], precision: str = "s") -> None:
        plain(server, lines, precision)
        monkeypatch.undo()
        _append(backend, monkeypatch, late, start + 500)

    monkeypatch.setattr(InfluxClient, "write", write)
    assert store.fold_old(BEFORE, LIMIT).lines == 0
    assert late in store.entries("pvpc")
    assert store.fold_old(BEFORE, LIMIT).lines == 3
    assert [e.interval for e in store.entries("pvpc")] == [hours(0, 2), hours(5, 6)]


def test_nothing_is_folded_on_a_server_that_does_not_delete(backend: InfluxBackend) -> None:
    """Else the summary rows would grow with each clean-up."""
    store = backend.open()
    store.append_ledger(history())
    before, stored = decided(store), store.entries("pvpc")
    proxy = FaultProxy(backend.engine.url)
    proxy.fault = Fault(501, b"not implemented", path="/api/v2/delete")
    hindered = InfluxStore(backend.engine.access(backend.bucket, url=proxy.url))
    with pytest.raises(StoreError):
        hindered.fold_old(BEFORE, LIMIT)
    hindered.close()
    proxy.close()
    assert store.entries("pvpc") == stored
    assert decided(store) == before
