"""What a person waits for who types a command: the CPU of the process, against an empty Python."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.conftest import Ratio

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

ROOT = Path(__file__).parents[1]
TURNS = 12


def cpu_s(argv: Sequence[str], env: Mapping[str, str]) -> float:
    """Return the CPU seconds of one process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, *argv], env=env, capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode in (0, 3), done.stderr
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_status_starts_at_once(ratio: Callable[[Ratio], None], tmp_path: Path) -> None:
    """On an empty store, with the connection in the environment: the quickest of some turns."""
    store = {"conn_type": "sqlite", "host": str(tmp_path / "store.db")}
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PYTHONPATH": str(ROOT / "include"),
        "GAPFILL_STATE": str(tmp_path / "state"),
        "AIRFLOW_CONN_GAPFILL_STORE": json.dumps(store),
    }
    commands = (["-c", "pass"], ["-m", "gapfill", "status", "pvpc"], ["-m", "gapfill", "--help"])
    least = [min(cpu_s(argv, env) for _ in range(TURNS)) for argv in commands]
    ratio(
        Ratio(
            "CPU of `gapfill status` on an empty store ÷ `python -c pass`",
            least[1] / least[0],
            58,
            at_least=False,
        )
    )
    ratio(Ratio("CPU of `gapfill --help` ÷ `python -c pass`", least[2] / least[0]))
