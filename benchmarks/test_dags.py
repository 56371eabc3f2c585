"""What Airflow pays for our DAG files: parsing, and the tasks of a quiet cycle."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.conftest import Ratio

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[1]
ROUNDS = 5

_TRIVIAL = """
from datetime import datetime, timedelta, timezone
from airflow.sdk import AssetAlias, Param, TriggerRule, dag, task

@dag(schedule="0 */2 * * *", start_date=datetime(2025, 1, 1, tzinfo=timezone.utc), catchup=False,
     default_args={"retries": 1, "retry_delay": timedelta(seconds=30)},
     params={f"p{n}": Param(None, type=["null", "string"], description="d") for n in range(8)})
def trivial():
    @task
    def one(before=None):
        return 1
    @task.branch
    def choose(before=None):
        return []
    @task(outlets=[AssetAlias("trivial")], trigger_rule=TriggerRule.ALL_DONE)
    def last(before=None):
        return 1
    plan = one.override(task_id="plan")(one.override(task_id="detect")(one(None)))
    chosen = choose(plan)
    done = []
    for name in "ab":
        units = one.override(task_id=f"units_{name}")(plan)
        chosen >> units
        done.append(one.override(task_id=f"fill_{name}").expand(before=units))
    one.override(task_id="gate")(last(done))

trivial()
"""
"""As many tasks and params as ours, doing nothing: what Airflow itself takes."""

_PARSE = """
import sys, time
import airflow.sdk, airflow.providers.standard.decorators.python
from airflow.dag_processing.dagbag import DagBag
DagBag(sys.argv[1])
start = time.perf_counter()
bag = DagBag(sys.argv[2])
seconds = time.perf_counter() - start
assert len(bag.dags) == 1 and not bag.import_errors, bag.import_errors
print(seconds)
"""


def _parse_s(warm: Path, file: Path, home: Path) -> float:
    """Return how long a fresh process takes to parse a DAG file, Airflow already imported."""
    done = subprocess.run(
        [sys.executable, "-c", _PARSE, str(warm), str(file)],
        env=os.environ
        | {
            "AIRFLOW_HOME": str(home),
            "PYTHONPATH": str(ROOT / "include"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout.splitlines()[-1])


def test_a_dag_file_parses_nearly_as_fast_as_a_trivial_one(
    tmp_path: Path, ratio: Callable[[Ratio], None]
) -> None:
    """Of the same shape; in turn, each in a fresh process that has parsed another before."""
    trivial, warm = tmp_path / "trivial.py", tmp_path / "warm.py"
    trivial.write_text(_TRIVIAL, encoding="utf-8")
    warm.write_text(_TRIVIAL.replace("trivial", "warm"), encoding="utf-8")
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(_parse_s(warm, ROOT / "dags" / "gap_detection.py", tmp_path))
        theirs.append(_parse_s(warm, trivial, tmp_path))
    found = statistics.median(ours) / statistics.median(theirs)
    ratio(
        Ratio(
            "parsing gap_detection ÷ parsing a trivial DAG of its shape", found, 1.5, at_least=False
        )
    )
