"""A test that hangs is ended; one that waits for a busy machine is not."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.time_limit import Budget, slowness

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[1]


def lasting(limit_s: float, measure: Callable[[], float]) -> float:
    """Return how long by the clock a test may hang."""
    budget, clock = Budget(limit_s, measure), 0.0
    while step := budget.next_s():
        clock += step
        budget.pass_by(step)
    return clock


def test_on_an_idle_machine_the_limit_is_the_limit() -> None:
    """Looked at once."""
    assert lasting(120, lambda: 1.0) == 120


@pytest.mark.parametrize("times,least,most", [(2.0, 240, 264), (4.0, 480, 504), (9.5, 1140, 1200)])
def test_on_a_busy_machine_it_is_longer(times: float, least: float, most: float) -> None:
    """By as much as things take longer, give or take a look."""
    assert least <= lasting(120, lambda: times) <= most


def test_a_hang_is_ended_however_busy_the_machine_is() -> None:
    """After ten times the limit."""
    assert 1200 <= lasting(120, lambda: 1000.0) <= 1212


def test_a_machine_is_never_quicker_than_idle() -> None:
    """A limit is what a test has at least."""
    assert slowness() >= 1


@pytest.mark.slow
def test_a_test_that_hangs_is_failed_and_the_next_one_runs(tmp_path: Path) -> None:
    """With the line where it hung; a fixture that hangs likewise."""
    (tmp_path / "test_hang.py").write_text(
        "import time, threading, pytest\n"
        "@pytest.mark.timeout(0.3)\n"
        "def test_sleeps(): time.sleep(3600)\n"
        "@pytest.mark.timeout(0.3)\n"
        "def test_waits(): threading.Event().wait()\n"
        "@pytest.mark.timeout(0.3)\n"
        "def test_spins():\n    while True: pass\n"
        "@pytest.fixture\n"
        "def slow(): time.sleep(3600)\n"
        "@pytest.mark.timeout(0.3)\n"
        "def test_never_begins(slow): pass\n"
        "def test_is_well(): pass\n"
    )
    began = time.monotonic()
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "tests.conftest", "-p", "no:cacheprovider"),
            *("-q", f"--rootdir={tmp_path}", "-c", os.devnull, str(tmp_path)),
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "include"), str(ROOT)])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "4 failed, 1 passed" in done.stdout or "3 failed, 1 passed, 1 error" in done.stdout
    assert "time.sleep(3600)" in done.stdout
    assert done.stdout.count("Timeout") >= 4
    assert time.monotonic() - began < 600
