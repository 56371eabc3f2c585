"""A clean-up that is killed with SIGKILL at every step, and servers that are killed under it."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from gapfill.domain.ledger import Outcome
from gapfill.stores.influxdb.client import InfluxClient
from tests.builders import PVPC, hour, price
from tests.stores.backends import InfluxBackend
from tests.stores.test_contract_folding import BEFORE, DAY, LIMIT, NOW, decided, history

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gapfill.services.ports import Store
    from tests.stores.backends import Backend

pytestmark = pytest.mark.server

STEPS = 60
"""More than a clean-up has, so that a loop over them ends."""


def _seed(store: Store) -> None:
    """Write a history, of which a first clean-up has folded a part, and calls of two days."""
    store.append_ledger(history()[:20])
    assert store.fold_old(BEFORE, LIMIT).lines == 20
    store.append_ledger(history()[20:])
    store.write(PVPC, [price(0, 1.0)], "run/a")
    for n in range(0, 48, 8):
        store.record_call("ree", hour(n), "old/a", 2)


def _state(store: Store) -> dict[str, object]:
    """Return everything that must not change: decisions, filled slots, batch times, quotas."""
    filled = [e.interval for e in store.entries("pvpc") if e.outcome is Outcome.FILLED]
    return {
        **decided(store),
        "later": decided(store, NOW + 100 * DAY),
        "filled": [any(hour(n) in one for one in filled) for n in range(70)],
        "batches": [(one.id, one.at) for one in store.batches()],
        "calls": [store.calls_since("ree", hour(n)) for n in (0, 24, 48)],
        "records": [store.records_since("ree", hour(n)) for n in (0, 24, 48)],
    }


def _folds_until(backend: Backend, step: int) -> bool:
    """Fold in a child that kills itself before a step; return whether it came to the end."""
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        assert status in (0, signal.SIGKILL), status
        return status == 0
    try:
        _kill_before(step)
        backend.open().fold_old(BEFORE, LIMIT)
    except BaseException:  # noqa: BLE001 - the child must not run the rest of pytest
        os._exit(1)
    os._exit(0)


def _kill_before(step: int) -> None:
    """Kill this process before its n-th statement of SQL, its commit, or its n-th request."""
    left = [step]

    def count(*_: object, **__: object) -> None:
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1

    sa.event.listen(sa.engine.Engine, "before_cursor_execute", count)
    sa.event.listen(sa.engine.Engine, "commit", count)
    plain: Callable[..., object] = InfluxClient._call_once

    def call(*args: object, **more: object) -> object:
        count()
        return plain(*args, **more)

    InfluxClient._call_once = call  # type: ignore[assignment,method-assign] # in the child alone


def test_a_clean_up_that_is_killed_at_any_step_loses_nothing_and_counts_nothing_twice(
    backend: Backend, tmp_path: Path
) -> None:
    """The store decides the same after each kill, and after the next clean-up."""
    kills, is_done = 0, False
    for step in range(STEPS):
        folder = tmp_path / str(step)
        folder.mkdir()
        place = type(backend)(folder)  # type: ignore[call-arg] # every class of BACKENDS takes it
        store = place.open()
        _seed(store)
        before = _state(store)
        store.close()
        is_done = _folds_until(place, step)
        store = place.open()
        assert _state(store) == before, step
        store.fold_old(BEFORE, LIMIT)
        assert _state(store) == before, step
        assert all(entry.folded for entry in store.entries("pvpc")), step
        assert store.fold_old(BEFORE, LIMIT) == (0, 0)
        place.close()
        kills += not is_done
        if is_done:
            break
    assert is_done
    assert kills >= 8


def test_clean_ups_that_are_killed_again_and_again_come_to_an_end(backend: Backend) -> None:
    """Each gets one step further than the one before, on what that one left."""
    store = backend.open()
    _seed(store)
    before = _state(store)
    for step in range(STEPS):
        store.close()
        if _folds_until(backend, step):
            break
        assert _state(store) == before, step
    assert _state(store) == before
    assert all(entry.folded for entry in store.entries("pvpc"))


@pytest.mark.server
@pytest.mark.parametrize("backend", ["influxdb"], indirect=True)
def test_a_server_that_dies_during_a_clean_up_has_the_same_answers_afterwards(
    backend: InfluxBackend,
) -> None:
    """Killed with its last write in memory, after each request of the clean-up."""
    store = backend.open()
    _seed(store)
    before = _state(store)
    for step in range(4, 12, 2):
        _folds_until(backend, step)
        backend.engine.kill()
        backend.engine.start()
        assert _state(store) == before, step
    store.fold_old(BEFORE, LIMIT)
    assert _state(store) == before


def test_two_clean_ups_at_once_lose_nothing(backend: Backend) -> None:
    """Three processes fold the same lines at the same time."""
    store = backend.open()
    _seed(store)
    before = _state(store)
    children = []
    for _ in range(3):
        child = os.fork()
        if not child:
            try:
                backend.open().fold_old(BEFORE, LIMIT)
            finally:
                os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
    assert _state(store) == before
    assert all(entry.folded for entry in store.entries("pvpc"))


def test_readers_during_clean_ups_see_every_answer(backend: Backend) -> None:
    """Another process folds a few lines again and again; each read decides the same."""
    store = backend.open()
    store.append_ledger(history())
    before = decided(store)
    child = os.fork()
    if not child:
        try:
            own = backend.open()
            while own.fold_old(BEFORE, 4).lines:
                pass
            os._exit(0)
        finally:
            os._exit(1)
    reads = 0
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        assert decided(store) == before, reads
        reads += 1
    assert reads > 0
    assert decided(store) == before
    assert all(entry.folded for entry in store.entries("pvpc"))
