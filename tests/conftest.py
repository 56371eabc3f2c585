"""An Airflow home of the tests' own, set before anything imports Airflow; skips fail in CI."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

import tests.examples  # noqa: F401 - registers the profile of `make unit`

ROOT = Path(__file__).parents[1]
HOME = tempfile.mkdtemp(prefix="gapfill-tests-")

for name in list(os.environ):
    if name.startswith(("AIRFLOW_", "GAPFILL_")) and not name.startswith("GAPFILL_TEST_"):
        del os.environ[name]

os.environ |= {
    "AIRFLOW_HOME": HOME,
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
    "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
    "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{HOME}/airflow.db",
}


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a session in CI that has skipped anything."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if reporter and skipped and os.environ.get("CI") == "true" and session.exitstatus == 0:
        reporter.write_line(f"{len(skipped)} skipped, which CI=true does not allow", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
