"""The clean-up on InfluxDB: what it leaves alone."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gapfill.errors import StoreError
from gapfill.stores.influxdb import line_protocol
from gapfill.stores.influxdb.client import InfluxClient
from gapfill.stores.influxdb.ledger_rows import ROWS, rows_question, timed_rows
from gapfill.stores.influxdb.store import InfluxStore
from tests.builders import hour, hours
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


def _times_of_rows(backend: InfluxBackend) -> list[int]:
    """Return the times of the points of all summary rows."""
    client = InfluxClient(backend.engine.access(backend.bucket))
    (tables,) = client.ask([rows_question()], "ns")
    client.close()
    return [time for time, _ in timed_rows(tables)]


def test_rows_go_in_the_clean_up_after_the_one_that_replaced_them(backend: InfluxBackend) -> None:
    """So a read that began before the newer rows were written finds the older ones."""
    store = backend.open()
    seen: list[set[int]] = []
    for n in range(3):
        store.append_ledger([replace(LINE, interval=hours(4 * n, 4 * n + 1))])
        assert store.fold_old(BEFORE, LIMIT).lines == 1
        seen.append(set(_times_of_rows(backend)))
    first, second, third = seen
    assert (len(first), len(second - first), len(third - second)) == (1, 2, 3)
    assert first < second
    assert third == (third - second) | (second - first)
    assert [e.interval for e in store.entries("pvpc")] == [hours(0, 1), hours(4, 5), hours(8, 9)]


def test_lines_stay_if_their_rows_are_not_there(
    backend: InfluxBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if another process had written a point of its own at the time of one of them."""
    store = backend.open()
    store.append_ledger(history())
    before, plain = decided(store), InfluxClient.write

    def write(server: InfluxClient, lines: Sequence[str], precision: str = "s") -> None:
        plain(server, lines[:-1], precision)

    monkeypatch.setattr(InfluxClient, "write", write)
    assert store.fold_old(BEFORE, LIMIT).lines == 0
    monkeypatch.undo()
    assert decided(store) == before
    assert store.fold_old(BEFORE, LIMIT).lines == len(history())
    assert decided(store) == before


def test_a_row_that_the_server_shows_in_part_is_not_read(backend: InfluxBackend) -> None:
    """Its fields become visible one after the other, and its lines are deleted only then."""
    store = backend.open()
    store.append_ledger([LINE])
    before = decided(store)
    client = InfluxClient(backend.engine.access(backend.bucket))
    head = line_protocol.head(ROWS, {"series": "pvpc", "source": "ree"})
    client.write([f'{head} product="ree.pvpc",start=0i {time.time_ns()}'], "ns")
    client.close()
    assert decided(store) == before
    assert store.entries("pvpc") == [LINE]
    assert store.fold_old(BEFORE, LIMIT).lines == 1
    assert decided(store) == before


def test_a_line_a_nanosecond_after_the_last_one_stays(
    backend: InfluxBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some servers delete the end of a range too, so the clean-up ends before both."""
    store = backend.open()
    start = time.time_ns()
    lines = [replace(LINE, interval=hours(n, n + 1), asked_at=hour(30 + n)) for n in range(3)]
    for line, at in zip(lines, (start, start + 1000, start + 1001), strict=True):
        _append(backend, monkeypatch, line, at)
    assert store.fold_old(BEFORE, 2).lines == 1
    assert store.entries("pvpc")[1:] == lines[1:]
    assert store.fold_old(BEFORE, 2).lines == 2


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


def test_nothing_is_folded_without_removal(backend: InfluxBackend) -> None:
    """The extra of the connection says that the server cannot delete."""
    backend.open().append_ledger(history())
    access = replace(backend.engine.access(backend.bucket), without_removal=True)
    store = InfluxStore(access)
    assert store.fold_old(BEFORE, LIMIT) == (0, 0)
    assert not any(e.folded for e in store.entries("pvpc"))
    store.close()
