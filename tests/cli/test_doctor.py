"""``doctor`` on installations with planted faults, in a process of its own as people run it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import ROOT

AEMET_KEY = "secret-key-of-aemet"


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """Return the environment of an installation whose folders and store are right."""
    store = {"conn_type": "sqlite", "host": str(tmp_path / "store.db")}
    (tmp_path / "state").mkdir()
    (tmp_path / "store.db").touch()
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PYTHONPATH": str(ROOT / "include"),
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "GAPFILL_STATE": str(tmp_path / "state"),
        "GAPFILL_LOCKS": str(tmp_path / "locks"),
        "AIRFLOW_CONN_GAPFILL_STORE": json.dumps(store),
    }


def doctor(env: dict[str, str], *more: str) -> tuple[int, str]:
    """Return the exit code and what ``doctor`` prints."""
    command = [sys.executable, "-m", "gapfill", "doctor", *more]
    ran = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert "Traceback" not in ran.stderr, ran.stderr
    return ran.returncode, ran.stdout


def found(env: dict[str, str], *more: str) -> dict[str, tuple[str, str]]:
    """Return the health and the sentence of each check, by subject."""
    _, out = doctor(env, "--json", *more)
    checks: list[dict[str, Any]] = json.loads(out)["checks"]
    return {one["subject"]: (one["health"], one["sentence"]) for one in checks}


def test_what_was_not_checked_is_no_all_clear(env: dict[str, str]) -> None:
    """Airflow is named as not checked, and the state is not ``ok``; nothing is left behind."""
    code, out = doctor(env)
    assert (code, out.splitlines()[-1]) == (0, "No fault found; not checked: Airflow.")
    assert json.loads(doctor(env, "--json")[1])["state"] == "skipped"
    assert not Path(env["AIRFLOW_HOME"]).exists()


def test_six_planted_faults_are_all_named(env: dict[str, str], tmp_path: Path) -> None:
    """One does not hide the next; no key is printed."""
    (tmp_path / "file").touch()
    env |= {
        "AIRFLOW_CONN_GAPFILL_STORE": '{"conn_type": "sqlite", "host": "gapfill.db"}',
        "GAPFILL_STATE": str(tmp_path / "file"),
        "GAPFILL_LOCKS": str(tmp_path / "file" / "locks"),
        "AIRFLOW_CONN_AEMET_DEFAULT": f'{{"conn_type": "http", "password": "{AEMET_KEY}"',
        "AIRFLOW_CONN_SIAR_DEFAULT": '{"conn_type": "http", "password": "half"}',
        "GAPFILL_SIAR_CSV": str(tmp_path / "nowhere"),
    }
    code, out = doctor(env)
    checks = found(env)
    broken = {name for name, (health, _) in checks.items() if health == "error"}
    assert broken == {"store", "state folder", "lock folder", "aemet", "siar", "siar_csv"}
    assert (code, out.splitlines()[-1]) == (1, "6 faults; not checked: Airflow.")
    assert "gapfill.db" in checks["store"][1]
    assert "set GAPFILL_STATE to a folder" in checks["state folder"][1]
    assert "AIRFLOW_CONN_AEMET_DEFAULT" in checks["aemet"][1]
    assert str(tmp_path / "nowhere") in checks["siar_csv"][1]
    assert AEMET_KEY not in out + str(checks)


def test_a_wrong_catalogue_and_clock_are_named_and_the_rest_is_checked(
    env: dict[str, str], tmp_path: Path
) -> None:
    """The sources need the catalogue, so they are named as not checked."""
    (tmp_path / "catalog.yaml").write_text("series: [")
    env |= {"GAPFILL_CATALOG": str(tmp_path / "catalog.yaml"), "GAPFILL_NOW": "soon"}
    checks = found(env)
    assert (checks["catalogue"][0], checks["clock"][0]) == ("error", "error")
    assert (checks["store"][0], checks["sources"][0]) == ("ok", "skipped")


def test_a_clock_of_tests_and_a_store_that_is_not_there_yet_are_warnings(
    env: dict[str, str], tmp_path: Path
) -> None:
    """Neither stops a run; no file is made."""
    (tmp_path / "store.db").unlink()
    env["GAPFILL_NOW"] = "2026-01-01T00:00:00Z"
    checks = found(env)
    assert checks["clock"] == (
        "warning",
        "GAPFILL_NOW sets the clock to 2026-01-01T00:00Z: remove it, except for tests.",
    )
    assert checks["store"][0] == "warning"
    assert not (tmp_path / "store.db").exists()


@pytest.mark.airflow
def test_airflow_without_a_database_is_named(env: dict[str, str]) -> None:
    """With the command that makes one."""
    checks = found(env, "--airflow")
    assert checks["Airflow"][0] == "error"
    assert "airflow db migrate" in checks["Airflow"][1]
