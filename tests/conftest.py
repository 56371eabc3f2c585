"""An Airflow home and a catalogue of the tests' own, set before Airflow; skips fail in CI."""

from __future__ import annotations

import faulthandler
import gc
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_timeout
from xdist.scheduler import LoadFileScheduling

import tests.examples  # noqa: F401 - registers the profile of `make unit`
from tests.time_limit import arm

if TYPE_CHECKING:
    from tests.time_limit import Limits

ROOT = Path(__file__).parents[1]
PAGE = "tests/webui/"
EXIT_S = 600
"""How long the process may take to end after its tests, with threads that tests have left."""

MEMORY = Path("/dev/shm")  # noqa: S108 - a file system, not a file
ROOM = 4 * 2**30
"""Bytes free in memory from which on the tests' files are kept there."""


def has_room(folder: Path) -> bool:
    """Tell whether the tests' files fit into a folder, and programs among them may be run."""
    if not os.access(folder, os.W_OK | os.X_OK):
        return False
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize >= ROOM and not found.f_flag & os.ST_NOEXEC


# Nothing here outlives the machine, so no test gains from waiting for a disk after each write.
if "TMPDIR" not in os.environ and has_room(MEMORY):
    os.environ["TMPDIR"] = str(MEMORY)
    tempfile.tempdir = None
HOME = tempfile.mkdtemp(prefix="gapfill-tests-")

for name in list(os.environ):
    if name.startswith(("AIRFLOW_", "GAPFILL_")) and not name.startswith("GAPFILL_TEST_"):
        del os.environ[name]

os.environ |= {
    "AIRFLOW_HOME": HOME,
    "GAPFILL_CATALOG": str(Path(__file__).with_name("catalog.yaml")),
    "GAPFILL_STATE": f"{HOME}/state",
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
    "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
    "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{HOME}/airflow.db",
}


@pytest.hookimpl(tryfirst=True)
def pytest_timeout_set_timer(item: pytest.Item, settings: Limits) -> bool:
    """Limit a test's time, as ``time_limit`` counts it."""
    end = pytest_timeout.timeout_sigalrm
    item.cancel_timeout = arm(settings.timeout, lambda: end(item, settings))  # type: ignore[attr-defined] # what pytest-timeout calls
    return True


def unit_of(nodeid: str) -> str:
    """Return what one process runs: a file, or all files of the page, for which one Airflow is."""
    return PAGE if nodeid.startswith(PAGE) else nodeid.partition("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object | None:
    """Divide the tests by ``unit_of`` where they are to be divided by file."""
    if config.getoption("dist") != "loadfile":
        return None
    divider = LoadFileScheduling(config, log)
    divider._split_scope = unit_of
    found: object = divider  # xdist has no types
    return found


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest: the page, then files with a slow test."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (not item.nodeid.startswith(PAGE), item.path not in slow))


def pytest_collection_finish() -> None:
    """Let Python not look again and again through what stays until the end: every module."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def pytest_unconfigure() -> None:
    """End a process that does not end by itself, and show where its threads are."""
    shutil.rmtree(HOME, ignore_errors=True)
    faulthandler.dump_traceback_later(EXIT_S, exit=True)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a session in CI that has skipped anything."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if reporter and skipped and os.environ.get("CI") == "true" and session.exitstatus == 0:
        reporter.write_line(f"{len(skipped)} skipped, which CI=true does not allow", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
