"""What Airflow pays for our DAG files: parsing them, beside files that do nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmarks.conftest import Ratio

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROOT = Path(__file__).parents[1]
ROUNDS = 25

_HEAD = """
from datetime import UTC, datetime, timedelta
from airflow.sdk import AssetAlias, Param, TriggerRule, dag, task
from airflow.sdk.definitions.param import ParamsDict

@dag(schedule="0 */2 * * *", start_date=datetime(2025, 1, 1, tzinfo=UTC), catchup=False,
     default_args={"retries": 1, "retry_delay": timedelta(seconds=30)})
"""

_ONE = (
    _HEAD
    + """
def one():
    @task
    def only():
        return 1
    only()

wired = one()
"""
)
"""A DAG of a single task."""

_FORM = """
wired.params = ParamsDict(
    {f"p{n}": Param(None, type=["null", "string"], title="t", description="d") for n in range(8)}
)
"""
"""A form of as many fields as ours, set last as ours is: it is then copied for no task."""

_SHAPE = (
    _HEAD
    + """
def shape():
    @task
    def one(before=None):
        return 1
    @task.branch
    def choose(before=None):
        return []
    @task(outlets=[AssetAlias("shape")], trigger_rule=TriggerRule.ALL_DONE)
    def last(before=None):
        return 1
    plan = one.override(task_id="plan")(one.override(task_id="detect")(one(None)))
    chosen = choose(plan)
    done = []
    for n in range(SOURCES):
        units = one.override(task_id=f"units_{n}")(plan)
        chosen >> units
        done.append(one.override(task_id=f"fill_{n}").expand(before=units))
    one.override(task_id="gate")(last(done))

wired = shape()
"""
)
"""Tasks that do nothing, as many as ours and joined in the same way: what Airflow itself takes."""

_PARSE = """
import gc, json, os, sys, time
import airflow.sdk, airflow.providers.standard.decorators.python
import airflow.providers.standard.decorators.branch_python, airflow.sdk.definitions.retry_policy
from airflow.dag_processing.dagbag import DagBag

def parse(file):
    start = time.process_time()
    bag = DagBag(file)
    seconds = time.process_time() - start
    assert len(bag.dags) == 1 and not bag.import_errors, bag.import_errors
    return seconds

def parse_in_a_child(file):
    reading, writing = os.pipe()
    if not os.fork():
        os.write(writing, json.dumps(parse(file)).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        found = json.loads(pipe.read())
    os.wait()
    return found

warm, rounds, *files = sys.argv[1:]
parse(warm)
gc.collect()
gc.freeze()
found = {file: [] for file in files}
for _ in range(int(rounds)):
    for file in files:
        found[file].append(parse_in_a_child(file))
print(json.dumps({file: min(times[1:]) for file, times in found.items()}))
"""
"""As the DAG processor does: Airflow is imported once, each file is parsed in a fork of its own.

Processor time, the least of all rounds; the first, which compiles, does not count.
"""


@pytest.fixture(scope="module")
def seconds(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, float]:
    """Return the seconds each file takes, all in turn in one run."""
    folder = tmp_path_factory.mktemp("dags")
    texts = {
        "warm": _ONE,
        "one task": _ONE,
        "one task with a form": _ONE + _FORM,
        "gap_detection's shape": _SHAPE.replace("SOURCES", "7") + _FORM,
        "preventive_ingestion's shape": _SHAPE.replace("SOURCES", "3"),
    }
    files = {name: folder / f"{name.replace(' ', '_')}.py" for name in texts}
    for name, text in texts.items():
        files[name].write_text(text, encoding="utf-8")
    warm = files.pop("warm")
    files |= {n: ROOT / "dags" / f"{n}.py" for n in ("gap_detection", "preventive_ingestion")}
    environ = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    home = {"AIRFLOW_HOME": str(folder), "PYTHONPYCACHEPREFIX": str(folder / "compiled")}
    done = subprocess.run(
        [sys.executable, "-c", _PARSE, str(warm), str(ROUNDS), *map(str, files.values())],
        env=environ | home | {"PYTHONPATH": str(ROOT / "include")},
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout.splitlines()[-1])
    return {name: found[str(path)] for name, path in files.items()}


@pytest.mark.parametrize("dag", ["gap_detection", "preventive_ingestion"])
def test_a_dag_file_parses_nearly_as_fast_as_a_trivial_one(
    dag: str, seconds: Mapping[str, float], ratio: Callable[[Ratio], None]
) -> None:
    """Of the same shape: as many tasks, joined alike, and as many fields in the form."""
    found = seconds[dag] / seconds[f"{dag}'s shape"]
    name = f"parsing {dag} ÷ a DAG of its shape that does nothing"
    ratio(Ratio(name, found, 1.5, at_least=False))


def test_what_tasks_and_form_take_is_airflows(
    seconds: Mapping[str, float], ratio: Callable[[Ratio], None]
) -> None:
    """Shown without a target: a DAG of a single task is no measure for one of twenty."""
    one, form = seconds["one task"], seconds["one task with a form"]
    ratio(
        Ratio(
            "parsing gap_detection ÷ a DAG of one task with as long a form",
            seconds["gap_detection"] / form,
        )
    )
    ratio(Ratio("parsing gap_detection ÷ a DAG of one task", seconds["gap_detection"] / one))
    ratio(
        Ratio(
            "parsing preventive_ingestion ÷ a DAG of one task",
            seconds["preventive_ingestion"] / one,
        )
    )
    ratio(
        Ratio(
            "parsing a DAG of gap_detection's shape that does nothing ÷ one task",
            seconds["gap_detection's shape"] / one,
        )
    )
