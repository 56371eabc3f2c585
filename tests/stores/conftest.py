"""Every test that asks for ``backend`` or ``store`` runs once per kind of store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.stores.backends import BACKENDS, KINDS, Backend

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gapfill.services.ports import Store


@pytest.fixture(params=KINDS)
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Backend]:
    """Return an empty database of each kind in turn."""
    made = BACKENDS[request.param](tmp_path)
    yield made
    made.close()


@pytest.fixture
def store(backend: Backend) -> Store:
    """Return a store on it."""
    return backend.open()
