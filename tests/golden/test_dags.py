"""Both DAGs: their wiring, what tasks leave for one another (XCom), what runs keep."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gapfill.sources import registry
from tests.alerts.receiver import receiving
from tests.catalogs import FROZEN, frozen
from tests.dags.conftest import run_dag
from tests.golden.compare import as_json, check, keep, names
from tests.golden.stories import HOLES
from tests.golden.world import command, standing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.golden.world import World

pytestmark = [pytest.mark.airflow, pytest.mark.slow]

Story = dict[str, str]

VARIABLE = "gapfill_incidents"

DAGS = Path(__file__).parents[2] / "dags"
SOURCES = ("ree", "esios", "openweathermap", "aemet", "siar", "siar_csv", "open_meteo")
"""Those that are installed, frozen: another one changes nothing here."""

OLD = Path(__file__).with_name("old") / "incidents.json"

_OF_AIRFLOW = ("skipmixin_key",)
"""Keys that Airflow's branch leaves for itself."""

FAULTS: tuple[dict[str, object], ...] = (
    {"api": "siar", "kind": "no_data"},
    {"api": "open_meteo", "kind": "429", "retry_after": 3600},
    {"api": "ree", "kind": "500"},
    {"api": "esios", "kind": "401"},
)


def runs(world: World) -> Story:
    """A dry run, sources that fail, what is current, and a run that heals all of it."""
    command("import", "pvpc", str(world.prices("prices.csv", *HOLES)))
    with receiving() as phone, receiving() as mail:
        services = [{"path": f"json://127.0.0.1:{one.port}/"} for one in (phone, mail)]
        alerts = {"conn_type": "apprise", "extra": {"config": services}}
        world.patch.setenv("AIRFLOW_CONN_GAPFILL_ALERTS", json.dumps(alerts))
        phone.status = mail.status = 500
        found = _run("1_dry", dry_run=True)
        world.fail(*FAULTS)
        found |= _run("2_faults")
        phone.status = 200
        world.later(0.2)
        found |= _run("3_current", "preventive_ingestion")
        world.later(0.3)
        found |= _run("4_stand_in")
        world.fail()
        world.later(26)
        found |= _run("5_healed")
        mail.status = 200
        found |= _run("6_quiet")
        found |= _run("7_range", start_date="2026-03-29", end_date="2026-03-29", refresh=True)
        told = [{"phone": phone.taken, "mail": mail.taken}]
    return found | {"messages.json": as_json(told)}


def old(world: World) -> Story:
    """Open incidents and messages that an earlier build kept, and a run that heals all."""
    from airflow.models.variable import Variable

    Variable.set(VARIABLE, OLD.read_text(encoding="utf-8"))
    command("import", "pvpc", str(world.prices("prices.csv", *HOLES)))
    world.later(26)
    with receiving() as phone:
        world.patch.setenv("AIRFLOW_CONN_GAPFILL_ALERTS", phone.connection())
        found = _run("run")
        again = _run("again")
        messages = {"messages.json": as_json(phone.taken)}
    kept = {name: found[name] for name in ("run/variable.json", "run/gate.json") if name in found}
    return kept | messages | {"again/variable.json": again["again/variable.json"]}


def refused(world: World) -> Story:
    """A form that makes no sense, and a store that cannot be read."""
    found = _run("form", start_date="2026-03-29")
    world.store.write_bytes(b"no database at all " * 100)
    return found | _run("store")


STORIES = {"old": old, "refused": refused, "runs": runs}


def _run(name: str, dag_id: str = "gap_detection", **params: object) -> Story:
    """Run a DAG; return what each task left, the states of all, and the Variable after it."""
    from airflow.models.variable import Variable

    run = run_dag(dag_id, **params)
    states = {task: ", ".join(found) for task, found in run.tasks.items() if _is_known(task)}
    kept = json.loads(Variable.get(VARIABLE, default_var="null"))
    return {
        f"{name}/states.json": as_json({"run": run.state, "tasks": states}),
        f"{name}/variable.json": as_json(kept),
        **{f"{name}/{task}.json": as_json(left) for task, left in _left(dag_id).items()},
    }


def _left(dag_id: str) -> dict[str, dict[str, Any]]:
    """Return what the tasks of the newest run left, by task and key; a list where it is mapped."""
    from airflow.models.dagrun import DagRun
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session

    found: dict[str, dict[str, Any]] = {}
    with create_session() as session:
        newest = session.query(DagRun).filter_by(dag_id=dag_id).order_by(DagRun.id.desc()).first()
        assert newest is not None
        entries = session.query(XComModel).filter_by(dag_id=dag_id, run_id=newest.run_id)
        order = (XComModel.task_id, XComModel.key, XComModel.map_index)
        for entry in entries.order_by(*order):
            if entry.key in _OF_AIRFLOW:
                continue
            value, left = XComModel.deserialize_value(entry), found.setdefault(entry.task_id, {})
            value = _whole(value)
            if entry.map_index < 0:
                left[entry.key] = value
            else:
                left.setdefault(entry.key, []).append(value)
    return found


def _whole(value: Any) -> Any:  # noqa: ANN401 - whatever is JSON
    """Return the document that a value refers to, or the unit of which it is the place."""
    from gapfill.orchestration.large_documents import is_reference, opened
    from gapfill.orchestration.tasks import open_context

    if isinstance(value, list):
        return [_whole(one) for one in value]
    if isinstance(value, dict) and "number" in value:
        return _whole(value["plan"])["units"][value["number"]]
    if not is_reference(value):
        return value
    with open_context() as context:
        return opened(value, context.store, context.now)


def _is_known(task: str) -> bool:
    """Whether a task is of no source, or of one that the frozen catalogue has."""
    kind, _, source = task.partition("_")
    return kind not in ("units", "backfill") or source in frozen().sources


def _wiring() -> Story:
    """Return how the tasks of each DAG are wired, and its form in the order of its fields."""
    from airflow.dag_processing.dagbag import DagBag

    found: Story = {}
    for dag_id, dag in DagBag(str(DAGS)).dags.items():
        tasks = {
            task.task_id: {
                "after": sorted(filter(_is_known, task.upstream_task_ids)),
                "pool": task.pool,
                "retries": task.retries,
                "rule": str(task.trigger_rule),
            }
            for task in dag.tasks
            if _is_known(task.task_id)
        }
        facts = {"schedule": str(dag.schedule), "runs": dag.max_active_runs, "tasks": tasks}
        found[f"wiring/{dag_id}.json"] = as_json(facts)
        form = {name: dag.params.get_param(name).dump() for name in dag.params}
        found[f"form/{dag_id}.json"] = as_json(form, is_ordered=True)
    return found


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """Return what is left of every run, each story in a world of its own."""
    from airflow.models.variable import Variable
    from airflow.utils.db import initdb

    initdb()
    with pytest.MonkeyPatch.context() as fixed:
        fixed.setattr(registry, "names", lambda: SOURCES)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("GAPFILL_CATALOG", str(FROZEN))
            found = _wiring()
        for name, story in STORIES.items():
            Variable.delete(VARIABLE)
            folder = tmp_path_factory.mktemp(name)
            with pytest.MonkeyPatch.context() as patch, standing(folder, patch) as world:
                found |= {f"{name}/{step}": said for step, said in story(world).items()}
            Variable.delete(VARIABLE)
    return found


def test_what_each_task_leaves_has_its_file(outputs: Mapping[str, str]) -> None:
    """And with `make golden` the files are written."""
    keep("dags", outputs)


@pytest.mark.parametrize("name", names("dags"))
def test_a_task_leaves_what_it_left(outputs: Mapping[str, str], name: str) -> None:
    """The keys sorted, as whoever reads them asks for them by name."""
    check("dags", name, outputs)
