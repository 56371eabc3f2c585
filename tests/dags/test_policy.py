"""What every DAG of the package has."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.sources.third_party import install

pytestmark = pytest.mark.airflow

DAGS = Path(__file__).parents[2] / "dags"


@pytest.fixture(scope="module")
def dags() -> dict[str, Any]:
    """Return all DAGs of the folder."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(str(DAGS))
    assert bag.import_errors == {}
    return dict(bag.dags)


def test_every_dag_file_gives_the_dag_of_its_name(dags: dict[str, Any]) -> None:
    """DAG id, file name and function name are one; there is at least one."""
    assert (
        sorted(dags)
        == sorted(path.stem for path in DAGS.glob("*.py"))
        == [
            "gap_detection",
            "preventive_ingestion",
        ]
    )


def test_every_dag_is_documented_tagged_and_bounded(dags: dict[str, Any]) -> None:
    """No catch-up, two runs at once at most, an end to every run."""
    for dag in dags.values():
        assert dag.tags == {"gapfill"}
        assert "When it fails" in dag.doc_md
        assert dag.catchup is False
        assert dag.max_active_runs in (1, 2)
        assert dag.dagrun_timeout <= timedelta(minutes=100)


def test_gap_detection_runs_every_two_hours(dags: dict[str, Any]) -> None:
    """On the even hours, UTC."""
    assert dags["gap_detection"].schedule == "0 */2 * * *"


def test_preventive_ingestion_runs_hourly_and_ends_before_the_next(dags: dict[str, Any]) -> None:
    """At five past, when the hour's reading is out; one at a time, without a form."""
    hourly = dags["preventive_ingestion"]
    assert (hourly.schedule, hourly.max_active_runs, dict(hourly.params)) == ("5 * * * *", 1, {})
    assert hourly.dagrun_timeout < timedelta(hours=1)


def test_every_task_has_a_retry_policy_and_a_time_limit(dags: dict[str, Any]) -> None:
    """One retry layer; no task hangs for ever."""
    for dag in dags.values():
        for task in dag.tasks:
            kwargs = getattr(task, "partial_kwargs", None) or vars(task)
            assert kwargs.get("retry_policy") is not None, task.task_id
            assert kwargs.get("execution_timeout") is not None, task.task_id


def test_units_of_a_source_share_its_pool(dags: dict[str, Any]) -> None:
    """One caller per source, whatever the DAG and the number of workers."""
    for dag in dags.values():
        units = {t.task_id: t for t in dag.tasks if t.task_id.startswith("backfill_")}
        assert len(units) >= 3
        for task_id, task in units.items():
            source = task_id.removeprefix("backfill_")
            assert task.partial_kwargs["pool"] == f"gapfill_{source}"
            assert task.partial_kwargs["retries"] == 5


def test_gates_of_all_dags_take_turns(dags: dict[str, Any]) -> None:
    """One pool: two that told incidents at once would overwrite each other's state."""
    assert {dag.get_task("gate").pool for dag in dags.values()} == {"gapfill_gates"}


def test_the_trigger_form_shows_the_dates_first(dags: dict[str, Any]) -> None:
    """In the order a person fills them in."""
    assert list(dags["gap_detection"].params) == [
        "start_date",
        "end_date",
        "data_source",
        "days_back",
        "max_gap_hours",
        "dry_run",
        "force",
        "refresh",
    ]


def test_every_source_that_is_installed_has_tasks_in_the_dag(dags: dict[str, Any]) -> None:
    """And a hook: a source without its tasks would fail the branch."""
    from gapfill.sources import registry
    from gapfill.sources.hooks import hook_of

    leaves = {t.task_id for t in dags["gap_detection"].tasks if t.task_id.startswith("backfill_")}
    known = ("aemet", "esios", "open_meteo", "openweathermap", "ree", "siar", "siar_csv")
    assert leaves >= {f"backfill_{name}" for name in known}
    assert leaves == {f"backfill_{name}" for name in registry.names()}
    assert all(hook_of(name) for name in registry.names())


def test_a_source_that_another_package_adds_has_tasks_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its entry point is enough; no DAG file names it."""
    from airflow.dag_processing.dagbag import DagBag

    install(tmp_path, monkeypatch, "third_party")
    bag = DagBag(str(DAGS))
    assert bag.import_errors == {}
    task: Any = bag.dags["gap_detection"].get_task("backfill_third_party")
    assert task.partial_kwargs["pool"] == "gapfill_third_party"


def test_dag_files_stay_wiring() -> None:
    """A DAG file is read in one look; what its tasks do lives in ``orchestration``."""
    for path in DAGS.glob("*.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) < 120, path
