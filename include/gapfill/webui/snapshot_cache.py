"""What is known of the store just now, shared by all requests of a few seconds.

An open page asks every few seconds, and several people may look at once: the store is
read once for all of them. All waiting requests get the same failure; a slow failure
is kept for some seconds too, so that no request waits for a store that hangs.
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
from gapfill.webui.circuit_breaker import PATIENCE_S, CircuitBreakerStore
from gapfill.webui.stored_values import Stored

T = TypeVar("T")

FRESH_S = 3.0
"""How long a reading of the store is good for, or twice as long as it took."""

FAILED_S = 10.0
"""How long a failure is good for at most."""

MOST_DERIVED = 32
"""Documents that are kept of a view; each search makes another one."""

_SLOW_S = 1.0
"""A failure that came more quickly is not kept: to ask again costs little."""


@dataclass(frozen=True, slots=True)
class StoreSnapshot:
    """Every series at one instant.

    Attributes:
        now: The clock.
        catalog: Whose series.
        reports: A report over the whole history for each; failed reads carry their error.
        store: Where the store is that was looked at.
    """

    now: datetime
    catalog: Catalog
    reports: tuple[Report, ...]
    store: str = ""

    @property
    def errors(self) -> list[str]:
        """Why reads failed, a sentence for each reason."""
        return unread(self.reports)


class SnapshotCache:
    """Reads the store for the routes; concurrent requests share one read."""

    def __init__(self) -> None:
        self._looking, self._deriving = Lock(), RLock()
        self._view: StoreSnapshot | None = None
        self._ended = self._until = 0.0
        self._derived: dict[str, tuple[StoreSnapshot, object]] = {}
        self._stored = Stored()

    def view(self) -> StoreSnapshot:
        """Return every series as it is now, or was a few seconds ago.

        Raises:
            ConfigError: If the catalogue, the store's connection or the clock is wrong.
        """
        came = time.monotonic()
        with self._looking:
            began = time.monotonic()
            is_shared = self._ended > came or began < self._until
            if self._view is None or not is_shared:
                self._view = None
                view = _look()
                self._ended = time.monotonic()
                self._view, self._until = view, self._ended + _kept_s(view, self._ended - began)
            return self._view

    def plan(self, view: StoreSnapshot, since: datetime | None = None) -> Plan:
        """Return what a run over the series that can be read would do.

        Args:
            view: What was found.
            since: Where the run's range begins; left out: the whole history.

        Raises:
            ConfigError: As ``view``.
            StoreError: If the ledger cannot be read.
        """
        return self.derive(f"plan since {since}", view, lambda of: _plan(of, since))

    def closely(self, view: StoreSnapshot) -> StoreSnapshot:
        """Return the view with the stored values that are not readings, as far as they are counted.

        Raises:
            ConfigError: As ``view``.
        """
        return self.derive(
            "closely", view, lambda of: self._stored.beside(of, partial(open_context, of.now))
        )

    def derive(self, name: str, view: StoreSnapshot, make: Callable[[StoreSnapshot], T]) -> T:
        """Return what is made of a view, made once for each view."""
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
    """Return how long a view is good for."""
    if view.errors:
        return min(FAILED_S, 2 * took_s) if took_s > _SLOW_S else 0.0
    return max(FRESH_S, 2 * took_s)


def _look() -> StoreSnapshot:
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
    """Open this installation, with little patience for its store, and give connections back.

    Args:
        now: The clock; read again if left out.

    Raises:
        ConfigError: If the catalogue, the store's connection or the clock is wrong.
    """
    context = container.make_context(now, PATIENCE_S)
    context = replace(context, store=cast("Store", CircuitBreakerStore(context.store)))
    try:
        yield context
    finally:
        context.store.close()
