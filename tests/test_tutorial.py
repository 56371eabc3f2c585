"""The tutorial that adds a source does what it says: its files and commands are executed here."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = [pytest.mark.airflow, pytest.mark.server]

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "tutorials" / "add_a_source.md"
PYTHON = "$GAPFILL/.venv/bin/python"
_FILE = re.compile(r"^(Write|Add to) `([\w./]+)`:\n\n```\w+\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_COMMANDS = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_MARK = "=== command "


class Followed(NamedTuple):
    """The tutorial, followed to its end.

    Attributes:
        folder: Where its files are.
        environment: Variables of its commands.
        outputs: Output of each block of commands, by its last line.
    """

    folder: Path
    environment: Mapping[str, str]
    outputs: Mapping[str, str]


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Followed:
    """Write the files, install the package as pip does, serve its answer and run the commands."""
    folder = tmp_path_factory.mktemp("tutorial")
    text = PAGE.read_text(encoding="utf-8")
    for verb, name, content in _FILE.findall(text):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        with path.open("w" if verb == "Write" else "a", encoding="utf-8") as file:
            file.write(content if verb == "Write" else f"\n\n{content}")
    _install(folder)
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AIRFLOW", "GAPFILL", "PYTEST", "PYTHONPATH"))
    }
    environment |= {
        "GAPFILL": str(ROOT),
        "AIRFLOW_HOME": str(folder / "airflow"),
        "GAPFILL_STATE": str(folder / "state"),
        "GAPFILL_LOCKS": str(folder / "locks"),
        "PYTHONPATH": f"{ROOT / 'include'}:{folder}",
        "COLUMNS": "160",
    }
    blocks = _COMMANDS.findall(text)
    with subprocess.Popen(
        [sys.executable, "serve.py"],
        cwd=folder,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        environment["AIRFLOW_CONN_MY_NASA_POWER_DEFAULT"] = server.stdout.readline().strip()
        script = "".join(f"echo '{_MARK}{n}'\n{block}" for n, block in enumerate(blocks))
        said = _run(["bash", "-ec", script.replace(PYTHON, sys.executable)], folder, environment)
        server.communicate("")
    assert said.returncode == 0, said.stdout + said.stderr
    parts = said.stdout.split(_MARK)[1:]
    lasts = [block.strip().splitlines()[-1].removeprefix(f"{PYTHON} -m ") for block in blocks]
    return Followed(folder, environment, dict(zip(lasts, parts, strict=True)))


def _install(folder: Path) -> None:
    """Write what ``pip install --editable`` leaves of the project: its name and entry points."""
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    info = folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    metadata = f"Name: {project['name']}\nVersion: {project['version']}\n"
    (info / "METADATA").write_text(metadata, encoding="utf-8")
    lines = [
        line
        for group, entries in project["entry-points"].items()
        for line in (f"[{group}]", *(f"{name} = {value}" for name, value in entries.items()))
    ]
    (info / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")


def _run(
    command: list[str], folder: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_its_source_keeps_the_contract(followed: Followed) -> None:
    """Every test of the class runs on it."""
    assert "44 passed" in followed.outputs["pytest -q test_nasa_power.py"]


def test_a_plan_names_its_source(followed: Followed) -> None:
    """With the slots of the day in one call, and no other source."""
    planned = followed.outputs["gapfill plan $DAY"]
    assert "To ask: 24 slots in 1 unit, 1 call" in planned
    assert re.search(r"weather_hourly .*  my_nasa_power +24 +1\n", planned)


def test_heal_fills_the_day_from_its_source(followed: Followed) -> None:
    """With the source and grade of each value, in the units of the series."""
    explained = followed.outputs["gapfill explain weather_hourly 2025-11-03T12:00Z"]
    assert "Nothing missing: 0 complete, 24 provisional" in explained
    assert (
        "has temperature 12.5, humidity 71.25, pressure 962.4, wind_speed 2.31, "
        "precipitation 0.02, solar_radiation 512, modelled, from my_nasa_power, "
    ) in explained


def test_the_mistake_of_the_tutorial_is_caught_as_it_says(followed: Followed) -> None:
    """By the named test, with the unit that it looks like."""
    parser = followed.folder / "my_nasa_power" / "parser.py"
    right = parser.read_text(encoding="utf-8")
    assert right.count('"pressure", 10.0') == 1
    parser.write_text(right.replace('"pressure", 10.0', '"pressure", 1.0'), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "test_nasa_power.py"]
    try:
        said = _run([*command, "-vv", "-k", "each_value"], followed.folder, followed.environment)
    finally:
        parser.write_text(right, encoding="utf-8")
    assert "1 failed" in said.stdout
    assert "test_each_value_is_in_its_own_slot" in said.stdout
    assert "every pressure is out of bounds" in said.stdout
    assert "as if it were in kPa" in said.stdout
