"""``gap_detection`` on a real InfluxDB: the same account, and a database that goes away."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from gapfill import catalog
from gapfill.domain.interval import Interval
from gapfill_sandbox import world
from tests.dags.conftest import run_dag
from tests.stores.backends import InfluxBackend
from tests.stores.influxdb.fault_proxy import Fault, FaultProxy
from tests.stores.influxdb.forwarder import ORG, TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.dags.conftest import Plant

pytestmark = [pytest.mark.airflow, pytest.mark.server]


@pytest.fixture
def backend(
    plant: Plant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[InfluxBackend, FaultProxy]]:
    """Put a bucket in the place of the plant's file, with a proxy before it."""
    assert plant.catalog_file.exists()
    made = InfluxBackend(tmp_path)
    proxy = FaultProxy(made.engine.url)
    extra = {"token": TOKEN, "org": ORG, "bucket": made.bucket, "timeout": 20}
    store = {"conn_type": "influxdb", "host": proxy.url, "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_GAPFILL_STORE", json.dumps(store))
    yield made, proxy
    proxy.close()
    made.close()


def test_a_run_heals_and_the_next_is_quiet(
    plant: Plant, backend: tuple[InfluxBackend, FaultProxy]
) -> None:
    """34 days take three calls; every hour equals what REE published; then nothing is asked."""
    run = run_dag()
    assert (run.state, run.summary["status"]) == ("success", "completed")
    assert run.summary["ree_records_recovered"] == 816
    assert (run.summary["gaps_found"], run.summary["gaps_resolved"]) == (1, 1)
    assert (run.summary["calls"], run.summary["units_failed"]) == (3, 0)
    pvpc = catalog.load(plant.catalog_file).series["pvpc"]
    window = Interval(pvpc.earliest, datetime(2026, 4, 1, tzinfo=UTC))
    rows = backend[0].open().read(pvpc, window)
    assert len(rows) == 816
    assert all(r.values["price_eur_mwh"] == world.price(8741, r.slot) for r in rows)
    again = run_dag()
    assert (again.state, again.ran, again.summary["status"]) == ("success", 6, "nothing_to_do")
    assert backend[0].open().read(pvpc, window) == rows


def test_a_database_that_goes_away_makes_the_run_red_and_the_next_one_heals(
    plant: Plant, backend: tuple[InfluxBackend, FaultProxy]
) -> None:
    """No verdict is left of what could not be written, and nobody was asked without it."""
    made, proxy = backend
    proxy.fault = Fault(503, b"", {"Retry-After": "1"}, path="/api/v2/write")
    assert run_dag().state == "failed"
    assert plant.sandbox.requests.all() == []
    writes = proxy.paths.count("/api/v2/write")
    proxy.fault = Fault(503, b"", path="/api/v2/write", after=writes + 6)
    assert run_dag().state == "failed"
    proxy.fault = None
    assert all(entry.outcome != "no_data" for entry in made.open().entries("pvpc"))
    run = run_dag()
    assert run.state == "success"
    pvpc = catalog.load(plant.catalog_file).series["pvpc"]
    window = Interval(pvpc.earliest, datetime(2026, 3, 20, 23, tzinfo=UTC))
    assert made.open().missing(pvpc, window) == []
