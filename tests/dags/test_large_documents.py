"""What a real run with many gaps leaves in XCom: references and counts, not reports and plans."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from gapfill import catalog
from tests.dags import conftest
from tests.dags.conftest import run_dag, standing

if TYPE_CHECKING:
    from pathlib import Path

BASE = 278_814
"""What the build of commit 1c77920 left for the same run."""

pytestmark = [pytest.mark.airflow, pytest.mark.slow]


def bytes_in_xcom() -> dict[str, int]:
    """Return the characters of JSON that the newest run left in XCom, by task."""
    from airflow.models.dagrun import DagRun
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session

    found: dict[str, int] = {}
    with create_session() as session:
        newest = session.query(DagRun).order_by(DagRun.id.desc()).first()
        assert newest is not None
        for entry in session.query(XComModel).filter_by(run_id=newest.run_id):
            size = len(json.dumps(XComModel.deserialize_value(entry)))
            found[entry.task_id] = found.get(entry.task_id, 0) + size
    return found


def test_a_run_with_724_gaps_leaves_little_in_xcom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gaps are healed all the same; a later run writes nothing again."""
    monkeypatch.setattr(conftest, "EARLIEST", "2025-12-19")
    with standing(tmp_path, monkeypatch) as plant:
        run_dag()
        table = catalog.load(plant.catalog_file).series["pvpc"].measurement
        whole = len(plant.prices())
        with closing(sqlite3.connect(plant.store_file)) as store, store:
            holes = f"DELETE FROM {table} WHERE slot / 3600 % 3 = 0 AND slot < 1773871200"  # noqa: S608 - the test's own name
            store.execute(holes)
        run = run_dag()
        sizes = bytes_in_xcom()
        assert run.state == "success"
        assert run.summary["gaps_found"] == run.summary["gaps_resolved"] > 700
        assert len(plant.prices()) == whole
    listed = len(run.summary["healed"]["pvpc"])
    assert (listed, listed + run.summary["healed_not_listed"]) == (100, run.summary["gaps_found"])
    assert sum(sizes.values()) < BASE / 10, sizes
