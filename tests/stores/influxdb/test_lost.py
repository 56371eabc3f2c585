"""A bucket that held readings and was made anew: an error, as a file that is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from gapfill.errors import StoreError
from gapfill.orchestration.store_memory import FileMemory
from gapfill.services.store_guard import GuardedStore
from gapfill.stores.influxdb.store import InfluxStore
from tests.builders import PVPC, WEATHER, hours, prices
from tests.stores.backends import InfluxBackend

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gapfill.services.ports import Store

pytestmark = pytest.mark.server


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[InfluxBackend]:
    """Return an empty bucket."""
    made = InfluxBackend(tmp_path)
    yield made
    made.close()


def test_a_bucket_that_was_made_anew_is_no_first_use(
    backend: InfluxBackend, tmp_path: Path
) -> None:
    """Until a person says so; another bucket is another store."""
    told: list[str] = []
    memory = FileMemory(tmp_path / "state", told.append)

    def open_store(bucket: str) -> Store:
        raw = InfluxStore(backend.engine.access(bucket))
        return cast("Store", GuardedStore(raw, memory, [PVPC, WEATHER], told.append))

    store = open_store(backend.bucket)
    store.verify()
    store.write(PVPC, prices([0, 1, 2]), "run/a")
    store.close()
    backend.engine.drop_bucket(backend.bucket)
    with pytest.raises(StoreError, match="not found"):
        open_store(backend.bucket).missing_by_field(PVPC, hours(0, 3))
    backend.engine.make_bucket(backend.bucket)
    lost = open_store(backend.bucket)
    for use in (
        lambda: lost.missing_by_field(PVPC, hours(0, 3)),
        lost.verify,
        lambda: lost.write(PVPC, prices([5]), "run/b"),
    ):
        with pytest.raises(StoreError) as caught:
            use()
        assert str(caught.value).startswith(
            "The store that had readings until 2026-01-01T02:00Z is empty: no series has a "
            f"reading in the bucket {backend.bucket} of "
        )
    backend.engine.make_bucket("another")
    assert open_store("another").missing_by_field(PVPC, hours(0, 3)) == {
        "price_eur_mwh": [hours(0, 3)]
    }
    backend.engine.drop_bucket("another")
    assert memory.forget(lost.place)
    assert open_store(backend.bucket).write(PVPC, prices([5]), "run/b") == 1
    assert told == []
