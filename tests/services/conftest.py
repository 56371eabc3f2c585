"""A real embedded store, the frozen catalogue, and sources that answer by a script."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from gapfill.domain.reading import Reading
from gapfill.domain.series import Grade
from gapfill.services.context import RunContext
from gapfill.sources.model import Answer, Ask
from gapfill.stores.sqlite.store import SqliteStore
from tests.catalogs import frozen
from tests.obstacles import obstacle

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gapfill.domain.account_limits import AccountLimits
    from gapfill.domain.candidate import Obstacle, Unusable
    from gapfill.domain.product import Product
    from gapfill.domain.series import Station

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)


def priced(ask: Ask) -> Answer:
    """Answer every slot asked for with the price 100."""
    return Answer(
        tuple(
            Reading(slot, {"price_eur_mwh": 100.0}, Grade.OFFICIAL, ask.origin)
            for slot in ask.series.grid.slots(ask.interval)
        ),
        evidence="HTTP 200",
    )


def empty(_ask: Ask) -> Answer:
    """Answer that there is nothing."""
    return Answer(evidence="HTTP 502: There are no data for the selected filters.")


@dataclass
class Scripted:
    """Sources that answer as told, and keep what they were asked (port ``Sources``)."""

    answers: dict[str, list[Callable[[Ask], Answer]]] = field(default_factory=dict)
    otherwise: Callable[[Ask], Answer] = priced
    allowances: dict[str, AccountLimits] = field(default_factory=dict)
    obstacles: dict[str, str] = field(default_factory=dict)
    keyed: set[str] = field(default_factory=set)
    asked: list[Ask] = field(default_factory=list)

    def obstacle(self, product: Product) -> Obstacle | None:
        """Only keyless products, and those without an obstacle, are set up."""
        text = self.obstacles.get(product.source) or self.obstacles.get(product.key)
        if product.needs_key and product.source not in self.keyed:
            text = text or "is not configured"
        return obstacle(text, f"{product.source}_default")

    def unusable(self, _product: Product, _station: Station) -> list[Unusable]:
        """Nothing is known of any product that cannot be used."""
        return []

    def available_intervals(self, product: Product, station: Station) -> None:
        """Nothing is known beforehand of any product."""

    def caller(self, source: str, before_call: Callable[[int], None]) -> Scripted._Caller:
        """Return a caller of one source."""
        return self._Caller(self, source, before_call)

    def account(self, source: str) -> str:
        """One key, or none, at each source."""
        return "keyless" if source else ""

    def turn(self, source: str) -> AbstractContextManager[object]:
        """One process, so no waiting."""
        return nullcontext(source)

    @dataclass
    class _Caller:
        sources: Scripted
        source: str
        before_call: Callable[[int], None]

        def open(self, _ask: Ask | None = None) -> AccountLimits | None:
            """Say what the account allows, where the script says so."""
            return self.sources.allowances.get(self.source)

        def fetch(self, ask: Ask) -> Answer:
            """Pace, remember and answer."""
            slots = ask.series.grid.count(ask.interval)
            self.before_call(ask.product.records * slots)
            self.sources.asked.append(ask)
            script = self.sources.answers.get(self.source)
            return (script.pop(0) if script else self.sources.otherwise)(ask)


@dataclass
class FakeTime:
    """A monotonic clock that only sleeping moves."""

    seconds: float = 0.0
    slept: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        """Return the seconds so far."""
        return self.seconds

    def sleep(self, seconds: float) -> None:
        """Move the clock."""
        self.slept.append(seconds)
        self.seconds += seconds


@pytest.fixture
def sources() -> Scripted:
    """Return sources that answer every slot, unless told otherwise."""
    return Scripted()


@pytest.fixture
def time() -> FakeTime:
    """Return the clock that pauses are measured by."""
    return FakeTime()


@pytest.fixture
def context(tmp_path: Path, sources: Scripted, time: FakeTime) -> RunContext:
    """Return a site with an empty store at noon of 2026-03-20, prices since 2026-03-01."""
    known = frozen()
    pvpc = replace(known.series["pvpc"], earliest=datetime(2026, 2, 28, 23, tzinfo=UTC))
    known = replace(known, series={"pvpc": pvpc})
    store = SqliteStore(tmp_path / "store.db")
    return RunContext(known, store, sources, NOW, time.sleep, time.monotonic)
