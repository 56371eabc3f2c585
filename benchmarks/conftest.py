"""Ten years of hourly prices in a real store, and the table of ratios at the end."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

import tests.conftest  # noqa: F401 - an Airflow home of its own, before anything imports Airflow
from gapfill import catalog
from gapfill.domain.interval import Interval
from gapfill.domain.reading import Reading
from gapfill.domain.series import Grade
from gapfill.services.context import RunContext
from gapfill.stores.sqlite.store import SqliteStore
from tests.obstacles import obstacle

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from gapfill.catalog import Catalog
    from gapfill.domain.candidate import Obstacle, Unusable
    from gapfill.domain.product import Product
    from gapfill.domain.series import Series, Station
    from gapfill.services.ports import Caller

START = datetime(2015, 12, 31, 23, tzinfo=UTC)
END = datetime(2025, 12, 31, 23, tzinfo=UTC)
HOUR = timedelta(hours=1)
GAPS = 724


@dataclass(frozen=True)
class Ratio:
    """One line of the table; without a target it is shown and holds nobody to anything."""

    what: str
    value: float
    target: float | None = None
    at_least: bool = True

    @property
    def is_met(self) -> bool:
        """Whether the target is met."""
        if self.target is None:
            return True
        return self.value >= self.target if self.at_least else self.value <= self.target

    def cells(self) -> tuple[str, str, str]:
        """Return the cells of a table: what, the value, the target."""
        sign = "≥" if self.at_least else "≤"
        return (
            self.what,
            f"{self.value:.2f}" if self.value == 0 or self.value >= 0.1 else f"{self.value:.2g}",
            f"{sign} {self.target:g}" if self.target is not None else "–",
        )


_RATIOS: list[Ratio] = []


@pytest.fixture
def ratio() -> Callable[[Ratio], None]:
    """Note a ratio for the table, and fail where its target is not met."""

    def note(found: Ratio) -> None:
        _RATIOS.append(found)
        assert found.is_met, f"{found.what}: {found.value:.2f}, target {found.target}"

    return note


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print every ratio of this run, as the table of ``docs/reference/benchmarks.md`` has it."""
    if not _RATIOS:
        return
    terminalreporter.section("ratios of this run, for docs/reference/benchmarks.md")
    terminalreporter.write_line("| what | seen | target |\n|---|---|---|")
    for found in _RATIOS:
        missed = "" if found.is_met else " MISSED"
        terminalreporter.write_line(f"| {' | '.join(found.cells())}{missed} |")


class NoSources:
    """Sources that are all set up and never asked."""

    def obstacle(self, product: Product) -> Obstacle | None:
        """Say that only keyless products are set up."""
        return obstacle("is not configured" if product.needs_key else None)

    def account(self, source: str) -> str:
        """No key anywhere."""
        return f"{source} has none"

    def unusable(self, _product: Product, _station: Station) -> list[Unusable]:
        """Nothing is known of any product that cannot be used."""
        return []

    def available_intervals(self, product: Product, station: Station) -> None:
        """Nothing is known beforehand of any product."""

    def caller(self, source: str, before_call: Callable[[int], None]) -> Caller:
        """Refuse: a benchmark calls nobody."""
        raise AssertionError(source, before_call)

    def turn(self, source: str) -> AbstractContextManager[object]:
        """Refuse: a benchmark calls nobody."""
        raise AssertionError(source)


def ten_years() -> Interval:
    """Return the window of all benchmarks."""
    return Interval(START, END)


def holes(rng: random.Random, count: int = GAPS) -> set[int]:
    """Return the hours missing from ten years: ``count`` separate runs of 1 to 30 hours."""
    hours = int((END - START) / HOUR)
    width = hours // count
    gone: set[int] = set()
    for n in range(count):
        first = n * width + rng.randrange(1, width - 32)
        gone.update(range(first, first + rng.choice((1, 1, 1, 2, 6, 13, 24, 30))))
    return gone


def group(present: set[datetime]) -> list[tuple[datetime, datetime]]:
    """Group the missing hours of ten years, datetime by datetime."""
    gaps: list[tuple[datetime, datetime]] = []
    slot, first = START, None
    while slot < END:
        if slot not in present:
            first = first or slot
        elif first:
            gaps.append((first, slot))
            first = None
        slot += HOUR
    if first:
        gaps.append((first, END))
    return gaps


@pytest.fixture(scope="session")
def known() -> Catalog:
    """Return the shipped catalogue with prices that begin ten years ago."""
    shipped = catalog.load()
    pvpc = replace(shipped.series["pvpc"], earliest=START)
    ree = shipped.sources["ree"]
    ree = replace(ree, products=tuple(replace(p, since=START) for p in ree.products))
    return replace(shipped, series={"pvpc": pvpc}, sources={**shipped.sources, "ree": ree})


@pytest.fixture(scope="session")
def pvpc(known: Catalog) -> Series:
    """Return the price series."""
    return known.series["pvpc"]


def prices(gone: set[int]) -> list[Reading]:
    """Return a price for each hour of ten years that is not gone."""
    return [
        Reading(START + n * HOUR, {"price_eur_mwh": n % 300 / 2}, Grade.OFFICIAL, "ree")
        for n in range(int((END - START) / HOUR))
        if n not in gone
    ]


def _seed(path: Path, series: Series, gone: set[int]) -> SqliteStore:
    store = SqliteStore(path)
    readings = prices(gone)
    for first in range(0, len(readings), 5000):
        store.write(series, readings[first : first + 5000], "seed")
    return store


@pytest.fixture(scope="session")
def gappy(tmp_path_factory: pytest.TempPathFactory, known: Catalog, pvpc: Series) -> RunContext:
    """Return a site whose store has ten years with 724 gaps."""
    path = tmp_path_factory.mktemp("gappy") / "store.db"
    store = _seed(path, pvpc, holes(random.Random(724)))
    return RunContext(known, store, NoSources(), END)


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory, known: Catalog, pvpc: Series) -> RunContext:
    """Return a site whose store has ten years without a gap."""
    path = tmp_path_factory.mktemp("whole") / "store.db"
    return RunContext(known, _seed(path, pvpc, set()), NoSources(), END)
