"""A run of the real DAGs on a store that is gone, and on one that never was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.dags.conftest import run_dag

if TYPE_CHECKING:
    from tests.dags.conftest import Plant

pytestmark = [pytest.mark.airflow, pytest.mark.slow]


@pytest.mark.parametrize("dag", ["gap_detection", "preventive_ingestion"])
def test_a_run_makes_no_store_where_one_held_readings(
    plant: Plant, caplog: pytest.LogCaptureFixture, dag: str
) -> None:
    """It is red and says why, asks nobody, and goes on where the file is put back."""
    assert run_dag("gap_detection").state == "success"
    told = f"A new store was created: file {plant.store_file} (connection gapfill_store)."
    assert caplog.text.count(told) == 1
    kept = plant.store_file.rename(plant.store_file.with_name("elsewhere.db"))
    asked = len(plant.sandbox.requests.all())
    caplog.clear()
    lost = run_dag(dag)
    assert lost.state == "failed"
    assert (
        "The run could not do its work: The store that had readings until 2026-03-20T22:00Z is "
        f"gone: there is no file {plant.store_file}"
    ) in caplog.text
    assert len(plant.sandbox.requests.all()) == asked
    assert not plant.store_file.exists()
    kept.rename(plant.store_file)
    assert run_dag(dag).state == "success"


def test_a_dry_run_of_a_lost_store_is_no_plan(plant: Plant) -> None:
    """It would be one to fetch everything again."""
    assert run_dag("gap_detection").state == "success"
    plant.store_file.unlink()
    assert run_dag("gap_detection", dry_run=True).state == "failed"
    assert not plant.store_file.exists()
