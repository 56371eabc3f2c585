"""Which versions the tests are run on beside the lock's, and what users install."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path

import pytest

from tools import other_versions

ROOT = Path(__file__).parents[2]

LOCK = {
    "package": [
        {"name": "gapfill"},
        {
            "name": "apache-airflow",
            "sdist": {"upload-time": "2026-09-17T08:39:00.645Z"},
            "wheels": [{"upload-time": "2026-09-17T08:38:26Z"}, {"url": "no time"}],
        },
        {"name": "rich", "wheels": [{"upload-time": "2026-11-20T23:59:59Z"}]},
    ]
}


def test_a_resolver_may_look_until_the_day_after_a_release() -> None:
    """So that files of that day count, whatever their hour."""
    assert other_versions.release_day(LOCK, "apache-airflow") == date(2026, 9, 18)
    assert other_versions.release_day(LOCK) == date(2026, 11, 21)
    with pytest.raises(ValueError, match=r"no file of click"):
        other_versions.release_day(LOCK, "click")


def test_a_bound_that_cannot_be_had_is_named() -> None:
    """It would be declared and never tested."""
    pins = "click==8.2.0\n    # via gapfill\npydantic==2.11.1\nrich==14.0.0\n"
    declared = ["click>=8.2,<9", "pydantic>=2.11,<3", "rich>=14,<16", "aiohttp>=3,<4", "pendulum"]
    assert other_versions.above_bounds(pins, declared) == [
        (
            "pyproject.toml declares pydantic>=2.11, and the lowest that can be had is 2.11.1: "
            "raise the bound."
        ),
        (
            "pyproject.toml declares aiohttp>=3, and the lowest that can be had is nothing: "
            "raise the bound."
        ),
        "pyproject.toml declares 'pendulum' without a lower bound.",
    ]


def test_the_file_of_ranges_says_what_pyproject_declares() -> None:
    """It has the direct dependencies, no pins, and no tools."""
    lines = (ROOT / "requirements-airflow.txt").read_text(encoding="utf-8").splitlines()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert [line for line in lines if not line.startswith("#")] == sorted(project["dependencies"])
    assert not any("==" in line for line in lines)
    assert "sqlalchemy>=2.0.50,<2.2" in lines


def test_commands_print_what_they_are_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And fail where they are asked for nothing."""
    assert other_versions.main(["day", "airflow"]) == 0
    assert date.fromisoformat(capsys.readouterr().out.strip()) >= date(2026, 9, 18)
    file = tmp_path / "pins.txt"
    file.write_text("click==99\n")
    assert other_versions.main(["lowest", str(file)]) == 1
    assert "the lowest that can be had is 99" in capsys.readouterr().err
    assert other_versions.main(["ranges"]) == 0
    assert capsys.readouterr().out == (ROOT / "requirements-airflow.txt").read_text()
    assert other_versions.main([]) == 2
