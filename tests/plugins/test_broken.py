"""A plugin whose package cannot be imported says so, and leaves Airflow as it is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = Path(__file__).with_name("broken.py")

pytestmark = [pytest.mark.airflow, pytest.mark.slow]


def answers(folder: Path, *path: str) -> dict[str, Any]:
    """Return what Airflow's API server answers where only this is on the path."""
    env = {name: text for name, text in os.environ.items() if not name.startswith("AIRFLOW")}
    done = subprocess.run(
        [sys.executable, str(PROGRAM)],
        env={
            **env,
            "AIRFLOW_HOME": str(folder),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "PYTHONPATH": os.pathsep.join(path),
        },
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _raises(folder: Path, statement: str) -> str:
    """Make a package of our name that raises when the page is imported."""
    webui = folder / "broken" / "gapfill" / "webui"
    webui.mkdir(parents=True)
    (webui.parent / "__init__.py").touch()
    (webui / "__init__.py").touch()
    (webui / "app.py").write_text(statement)
    return str(folder / "broken")


@pytest.mark.parametrize(
    "statement,reason",
    [
        (
            None,
            (
                "Gapfill cannot be loaded: its package is not found: put its folder include/ on "
                "PYTHONPATH of the API server, then restart the API server."
            ),
        ),
        (
            "raise RuntimeError('password=s3cr3t')",
            (
                "Gapfill cannot be loaded: RuntimeError: read the API server's log and "
                "correct the cause, then restart the API server."
            ),
        ),
    ],
    ids=["no package", "anything else"],
)
def test_a_package_that_cannot_be_imported_is_503_and_a_sentence(
    tmp_path: Path, statement: str | None, reason: str
) -> None:
    """Every route of ours, for people and programs; every other one is Airflow's as ever."""
    told = answers(tmp_path, *([_raises(tmp_path, statement)] if statement else []))
    vera, nobody = told["vera"], told["nobody"]
    for path in ("/gaps", "/gaps/", "/gaps/summary", "/gaps/coverage", "/influxdb/verify", "POST"):
        status, text = vera[path]
        assert status == 503, path
        assert json.loads(text)["detail"].endswith(reason), path
        assert "s3cr3t" not in text
    assert vera["page"][0] == 503
    assert "Gapfill cannot be loaded" in vera["page"][1]
    assert nobody["/gaps/"][0] == 503
    assert json.loads(nobody["/gaps/"][1])["detail"] == (
        "Gapfill cannot be loaded: log in, or see the API server's log, for the reason."
    )
    assert (vera["/gaps/static/nav.svg"][0], vera["/gaps/static/nav.svg"][1][:4]) == (200, "<svg")
    assert told["icons"] == ["gaps/static/nav.svg"] * 2
    assert vera["/api/v2/version"][0] == vera["/anything"][0] == 200


def test_the_whole_package_answers_at_both_forms_of_its_path(tmp_path: Path) -> None:
    """Airflow would answer ``/gaps`` without the slash by itself, with 200 whatever is wrong."""
    told = answers(tmp_path, str(ROOT / "include"))
    for path in ("/gaps", "/gaps/"):
        assert told["nobody"][path][0] == 401
        status, text = told["vera"][path]
        assert status == 503, path
        assert "There is no connection gapfill_store" in json.loads(text)["detail"]
    assert told["vera"]["/influxdb"][0] == 404
    assert told["vera"]["/gaps/static/nav.svg"][0] == 200
