"""Other versions than the lock's: the lowest declared, and those of Airflow's release day.

``python -m tools.other_versions day airflow``: the day after the lowest Airflow that
``pyproject.toml`` allows was released. Airflow's constraints file has the versions of that day.
``day lock``: the day after the newest file of ``uv.lock`` was uploaded, so that a resolver finds
tomorrow what it finds today. ``lowest FILE``: fail where a bound of ``pyproject.toml`` cannot be
had. ``ranges``: the requirements of the runtime, for an Airflow that has its own constraints.
"""

from __future__ import annotations

import re
import sys
import tomllib
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ROOT = Path(__file__).parents[1]

_HEADER = """\
# The ranges of the runtime, from pyproject.toml by "make lock"; do not edit.
# For an Airflow that exists: with its constraints file, and with its own version named.
"""

_BOUND = re.compile(r"([A-Za-z0-9_.-]+)\s*>=\s*([0-9.]+)")
_PIN = re.compile(r"^([A-Za-z0-9_.-]+)==([^\s;]+)", re.MULTILINE)


def release_day(lock: Mapping[str, Any], name: str = "") -> date:
    """Return the day after the newest upload of a package, or of all of them.

    Raises:
        ValueError: If the lock has no such package.
    """
    days = [
        datetime.fromisoformat(file["upload-time"]).date()
        for package in lock["package"]
        if name in ("", package["name"])
        for file in _files(package)
    ]
    if not days:
        message = f"uv.lock has no file of {name} with an upload time"
        raise ValueError(message)
    return max(days) + timedelta(days=1)


def _files(package: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    files = [*package.get("wheels", ()), *([package["sdist"]] if "sdist" in package else [])]
    return (file for file in files if "upload-time" in file)


def above_bounds(pins: str, dependencies: Sequence[str]) -> list[str]:
    """Return which lower bounds cannot be had, a sentence each.

    Args:
        pins: A file of requirements, resolved to the lowest.
        dependencies: Those that are declared.
    """
    pinned = dict(_PIN.findall(pins))
    found: list[str] = []
    for declared in dependencies:
        bound = _BOUND.match(declared)
        if bound is None:
            found.append(f"pyproject.toml declares {declared!r} without a lower bound.")
            continue
        name, least = bound.groups()
        got = pinned.get(name, "nothing")
        if _numbers(got) != _numbers(least):
            found.append(
                f"pyproject.toml declares {name}>={least}, and the lowest that can be had is "
                f"{got}: raise the bound."
            )
    return found


def _numbers(version: str) -> list[int]:
    """Return the numbers of a version, without zeros at its end."""
    numbers = [int(number) for number in re.findall(r"\d+", version)]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return numbers


def ranges(dependencies: Sequence[str]) -> str:
    """Return the file of the runtime's ranges."""
    return _HEADER + "".join(f"{line}\n" for line in sorted(dependencies))


def main(arguments: list[str]) -> int:
    """Do what the module's description says, and return the exit code."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    match arguments:
        case ["day", "airflow" | "lock" as what]:
            lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
            print(release_day(lock, "apache-airflow" if what == "airflow" else ""))
        case ["lowest", path]:
            problems = above_bounds(Path(path).read_text(encoding="utf-8"), project["dependencies"])
            print("\n".join(problems), file=sys.stderr, end="\n" if problems else "")
            return 1 if problems else 0
        case ["ranges"]:
            print(ranges(project["dependencies"]), end="")
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
