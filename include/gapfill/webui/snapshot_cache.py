"""The current state of the store, shared by all requests of a few seconds.

An open page sends a request every few seconds, and several people may have it open. The store is
read once for all of them. If a read fails, all waiting requests get that failure. A slow failure
is also kept for some seconds, so that requests do not wait for a store that hangs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from threading import Lock, RLock
from typing import TypeVar, cast

from gapfill.catalog import Catalog
from gapfill.domain.plan import Plan
from gapfill.orchestration import container
from gapfill.services.context import RunContext
from gapfill.services.detection import Report, unread
from gapfill.services.planning import RunRequest, detect_all, make_whole_plan
from gapfill.services.ports import Store
from gapfill.services.selection import Selection
from gapfill.webui.circuit_breaker import ANSWER_WAIT_S, CircuitBreakerStore
from gapfill.webui.stored_values import Stored

T = TypeVar("T")

FRESH_S = 3.0
"""How long a snapshot is valid; twice as long as the read took, if that is longer."""

FAILED_S = 10.0
"""How long a failure is valid at most."""

MOST_DERIVED = 32
"""Maximum number of documents of a snapshot that are kept; each search adds one."""

_SLOW_S = 1.0
"""A failure that took less than this is not kept, because another read costs little."""


@dataclass(frozen=True, slots=True)
class StoreSnapshot:
    """Every series at one instant.

    Attributes:
        now: The clock.
        catalog: The catalogue of the series.
        reports: A report per series over the whole history, with the error if its read failed.
        store: The place of the store that was read.
    """

    now: datetime
    catalog: Catalog
    reports: tuple[Report, ...]
    store: str = ""

    @property
    def errors(self) -> list[str]:
        """The reasons why reads failed, a sentence each."""
        return unread(self.reports)


class SnapshotCache:
    """Reads the store for the routes; concurrent requests share one read."""

    def __init__(self) -> None:
        self._reading, self._deriving = Lock(), RLock()
        self._view: StoreSnapshot | None = None
        self._ended = self._until = 0.0
        self._derived: dict[str, tuple[StoreSnapshot, object]] = {}
        self._stored = Stored()

    def view(self) -> StoreSnapshot:
        """Return the snapshot, which may be some seconds old.

        Raises:
            ConfigError: If the catalogue, the store's connection or the clock is wrong.
        """
        came = time.monotonic()
        with self._reading:
            began = time.monotonic()
            is_shared = self._ended > came or began < self._until
            if self._view is None or not is_shared:
                self._view = None
                view = _read_store()
                self._ended = time.monotonic()
                self._view, self._until = view, self._ended + _kept_s(view, self._ended - began)
            return self._view

    def plan(self, view: StoreSnapshot, since: datetime | None = None) -> Plan:
        """Return the plan of a run over all series that can be read.

        Args:
            view: The snapshot.
            since: Start of the run's range; if omitted, the whole history.

        Raises:
            ConfigError: As ``view``.
            StoreError: If the ledger cannot be read.
        """
        return self.derive(f"plan since {since}", view, lambda of: _plan(of, since))

    def closely(self, view: StoreSnapshot) -> StoreSnapshot:
        """Return the snapshot with the stored values that are not readings, where counted already.

        Raises:
            ConfigError: As ``view``.
        """
        return self.derive(
            "closely", view, lambda of: self._stored.add_to(of, partial(open_context, of.now))
        )

    def derive(self, name: str, view: StoreSnapshot, make: Callable[[StoreSnapshot], T]) -> T:
        """Return a document of a snapshot; it is made once for each snapshot and name."""
        with self._deriving:
            kept = self._derived.get(name)
            if kept is None or kept[0] is not view:
                made = make(view)
                of_view = [(k, of) for k, of in self._derived.items() if of[0] is view]
                self._derived = dict(of_view[1 - MOST_DERIVED :])
                self._derived[name] = view, made
                return made
            return cast("T", kept[1])


def _kept_s(view: StoreSnapshot, took_s: float) -> float:
    """Return how long a snapshot is valid."""
    if view.errors:
        return min(FAILED_S, 2 * took_s) if took_s > _SLOW_S else 0.0
    return max(FRESH_S, 2 * took_s)


def _read_store() -> StoreSnapshot:
    with open_context() as context:
        order = RunRequest(Selection(tuple(context.catalog.series.values())))
        reports = tuple(detect_all(context, order))
        return StoreSnapshot(context.now, context.catalog, reports, context.store.place.where)


def _plan(view: StoreSnapshot, since: datetime | None) -> Plan:
    reports = [report for report in view.reports if not report.error]
    with open_context(view.now) as context:
        order = RunRequest(Selection(tuple(view.catalog.series[r.series] for r in reports), since))
        return make_whole_plan(context, order, reports)


@contextmanager
def open_context(now: datetime | None = None) -> Iterator[RunContext]:
    """Open this installation, with a short timeout for its store; close connections at the end.

    Args:
        now: The clock; if omitted, it is read.

    Raises:
        ConfigError: If the catalogue, the store's connection or the clock is wrong.
    """
    context = container.make_context(now, ANSWER_WAIT_S)
    context = replace(context, store=cast("Store", CircuitBreakerStore(context.store)))
    try:
        yield context
    finally:
        context.store.close()
