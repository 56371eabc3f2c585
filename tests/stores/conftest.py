"""Every test that asks for ``backend`` or ``store`` runs once per kind of store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.stores.backends import BACKENDS, KINDS, Backend
from tests.stores.influxdb.engine import find_influxd, is_2

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gapfill.services.ports import Store


# Flux and mappings are of 2.x, which cannot be had everywhere.
_PROGRAM = find_influxd()
_ONLY_2 = ["influxdb/test_flux.py", "influxdb/test_mapping.py"]
collect_ignore = [] if _PROGRAM and is_2(_PROGRAM) else _ONLY_2


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
