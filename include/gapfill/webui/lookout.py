"""What is known of the store just now, shared by all requests of a few seconds.

An open page asks every few seconds, and several people may look at once: the store is
read once for all of them. What failed is not kept.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

from gapfill.orchestration import wiring
from gapfill.services.planner import Order, make_plan, survey
from gapfill.services.selection import Selection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from gapfill.catalog import Catalog
    from gapfill.domain.plan import Plan
    from gapfill.services.detect import Report
    from gapfill.services.site import Site

T = TypeVar("T")

FRESH_S = 3.0
"""How long a reading of the store is good for, or twice as long as it took."""


@dataclass(frozen=True, slots=True)
class View:
    """Every series at one instant.

    Attributes:
        now: The clock.
        catalog: Whose series.
        reports: A report over the whole history for each; failed reads carry their error.
    """

    now: datetime
    catalog: Catalog
    reports: tuple[Report, ...]

    @property
    def errors(self) -> list[str]:
        """Why reads failed, a sentence for each series."""
        return [f"{r.series} could not be read: {r.error}" for r in self.reports if r.error]


@dataclass(slots=True)
class _Kept(Generic[T]):
    """A value that is good until an instant."""

    make: Callable[[], T]
    is_good: Callable[[T], bool] = lambda _: True
    lock: Lock = field(default_factory=Lock)
    value: T | None = None
    until: float = 0.0

    def get(self) -> T:
        """Return it, made anew when it is not fresh; meanwhile the others wait for it."""
        with self.lock:
            if self.value is None or time.monotonic() >= self.until:
                self.value = None
                began = time.monotonic()
                made = self.make()
                ended = time.monotonic()
                if not self.is_good(made):
                    return made
                self.value, self.until = made, ended + max(FRESH_S, 2 * (ended - began))
            return self.value


class Lookout:
    """Reads the store for the routes."""

    def __init__(self) -> None:
        self._view = _Kept(_look, lambda view: not view.errors)
        self._plan = _Kept(self._make_plan)

    def view(self) -> View:
        """Return every series as it is now.

        Raises:
            ConfigError: If the catalogue, the store's connection or the clock is wrong.
        """
        return self._view.get()

    def plan(self) -> Plan:
        """Return what a run with no parameters would do now.

        Raises:
            ConfigError: As ``view``.
            StoreError: If a series or the ledger cannot be read.
        """
        return self._plan.get()

    def _make_plan(self) -> Plan:
        view = self.view()
        with open_site(view.now) as site:
            order = Order(Selection(tuple(site.catalog.series.values())))
            return make_plan(site, order, view.reports)


def _look() -> View:
    with open_site() as site:
        order = Order(Selection(tuple(site.catalog.series.values())))
        return View(site.now, site.catalog, tuple(survey(site, order)))


@contextmanager
def open_site(now: datetime | None = None) -> Iterator[Site]:
    """Open this installation, and give its connections back.

    Args:
        now: The clock, read anew when left out.

    Raises:
        ConfigError: If the catalogue, the store's connection or the clock is wrong.
    """
    site = wiring.make_site(now)
    try:
        yield site
    finally:
        site.store.close()
