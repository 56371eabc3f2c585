"""A sandbox, a store file and connections around DAGs that run in this process."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gapfill import catalog
from gapfill.domain.interval import Interval
from gapfill.stores.sqlite.store import SqliteStore
from gapfill_sandbox import serve
from tests.catalogs import write_catalog

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gapfill.domain.reading import Row
    from gapfill_sandbox import Sandbox

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
EARLIEST = "2026-02-15"


@dataclass
class Plant:
    """What a run finds around it.

    Attributes:
        sandbox: REE and ESIOS.
        store_file: The embedded store.
        catalog_file: Prices since ``EARLIEST``, and no pause between calls.
    """

    sandbox: Sandbox
    store_file: Path
    catalog_file: Path

    def rows(self) -> list[Row]:
        """Return everything in the store."""
        pvpc = catalog.load(self.catalog_file).series["pvpc"]
        window = Interval(pvpc.earliest, datetime(2026, 4, 1, tzinfo=UTC))
        store = SqliteStore(self.store_file)
        rows = store.read(pvpc, window)
        store.close()
        return rows

    def prices(self) -> dict[datetime, float]:
        """Return the stored prices; no slot can be there twice."""
        rows = self.rows()
        prices = {row.slot: row.values["price_eur_mwh"] for row in rows}
        assert len(prices) == len(rows)
        return prices


@dataclass
class Run:
    """What became of a run."""

    state: str
    tasks: dict[str, list[str]]
    labels: list[str]
    summary: dict[str, Any]

    @property
    def ran(self) -> int:
        """Number of task instances that were not skipped."""
        return sum(state != "skipped" for states in self.tasks.values() for state in states)


@pytest.fixture(scope="session", autouse=True)
def _database() -> None:
    from airflow.utils.db import initdb

    initdb()


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plant]:
    """Serve REE and ESIOS at noon of 2026-03-20, and connect everything to it."""
    with standing(tmp_path, monkeypatch) as built:
        yield built


@contextmanager
def standing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plant]:
    """Let a plant stand in a folder, with everything connected to it by the environment."""
    catalog_file = write_catalog(folder, only=["pvpc"], earliest=EARLIEST, per_minute=60_000)
    store = {"conn_type": "sqlite", "host": str(folder / "store.db")}
    with serve(now=NOW, rates={"ree": 0, "esios": 0}) as sandbox:
        host = json.dumps({"conn_type": "http", "host": sandbox.url})
        monkeypatch.setenv("GAPFILL_CATALOG", str(catalog_file))
        monkeypatch.setenv("GAPFILL_NOW", f"{sandbox.url}/_sandbox/clock")
        monkeypatch.setenv("GAPFILL_LOCKS", str(folder / "locks"))
        monkeypatch.setenv("GAPFILL_STATE", str(folder / "state"))
        monkeypatch.setenv("GAPFILL_RETRY_DELAY", "0")
        monkeypatch.setenv("AIRFLOW_CONN_GAPFILL_STORE", json.dumps(store))
        monkeypatch.setenv("AIRFLOW_CONN_REE_DEFAULT", host)
        monkeypatch.setenv("AIRFLOW_CONN_ESIOS_DEFAULT", host)
        yield Plant(sandbox, folder / "store.db", catalog_file)


def run_dag(dag_id: str = "gap_detection", /, **params: object) -> Run:
    """Run a DAG in this process."""
    from airflow.dag_processing.dagbag import DagBag
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session

    bag = DagBag(str(Path(__file__).parents[2] / "dags"))
    assert bag.import_errors == {}
    run = bag.dags[dag_id].test(run_conf=params)
    tasks: dict[str, list[str]] = {}
    labels: list[str] = []
    for instance in run.get_task_instances():
        tasks.setdefault(instance.task_id, []).append(str(instance.state))
        if instance.rendered_map_index:
            labels.append(instance.rendered_map_index)
    with create_session() as session:
        found = XComModel.get_many(
            run_id=run.run_id, task_ids=["summarize"], key="return_value", dag_ids=[run.dag_id]
        )
        entry = session.scalars(found).first()
        summary = XComModel.deserialize_value(entry) if entry else {}
    return Run(str(run.state), tasks, labels, summary)
