"""Every store that runs the contract suite: a new one joins with a line in ``BACKENDS``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gapfill import catalog
from gapfill.stores.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from gapfill.domain.series import Series
    from gapfill.services.ports import Store


def _sqlite(folder: Path) -> Store:
    return SqliteStore(folder / "store.db")


BACKENDS: dict[str, Callable[[Path], Store]] = {"sqlite": _sqlite}


@pytest.fixture(params=sorted(BACKENDS))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Return an empty store of each kind."""
    made = BACKENDS[request.param](tmp_path)
    yield made
    made.close()


@pytest.fixture
def pvpc() -> Series:
    """Return the hourly prices of the shipped catalogue."""
    return catalog.load().series["pvpc"]


@pytest.fixture
def weather() -> Series:
    """Return the hourly weather of the shipped catalogue: two required fields."""
    return catalog.load().series["weather_hourly"]
