"""Store calls and time of a cycle over many series, side by side with the build of 1c77920.

That build read the status of the sources for every series, and several times in a phase.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from benchmarks.conftest import Ratio

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BEFORE = "1c77920"
SERIES, PAIRS = 150, 12
READS = ("books", "ledger_snapshot")
"""The method that reads the ledger: in the build of ``BEFORE``, and in ours."""

HERE = Path(__file__).resolve().parent


class Pass(NamedTuple):
    """What one pass took.

    Attributes:
        seconds: Real time.
        calls: Calls of the store, all together.
        books: Those of them that read the status of the sources.
    """

    seconds: float
    calls: int
    books: int


class Build:
    """A process that makes passes with one build, on a store of its own.

    Args:
        include: The build's packages.
        store: File of the store.
    """

    def __init__(self, include: Path, store: Path) -> None:
        worker = [sys.executable, str(HERE / "status_worker.py"), str(store), str(SERIES)]
        self._process = subprocess.Popen(
            worker,
            env={**os.environ, "PYTHONPATH": str(include)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def begin(self) -> None:
        """Wait until the store is seeded."""
        assert self._said() == "ready\n"

    def make_pass(self) -> Pass:
        """Detect, plan and apply the incident rules once."""
        assert self._process.stdin is not None
        self._process.stdin.write("pass\n")
        self._process.stdin.flush()
        said = json.loads(self._said())
        return Pass(said["seconds"], said["calls"], sum(said["by"].get(name, 0) for name in READS))

    def end(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()

    def _said(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the worker has ended; its error is above"
        return line


@pytest.fixture
def builds(tmp_path: Path) -> Iterator[tuple[Build, Build]]:
    """Return the build of commit 1c77920, out of the repository's history, and this one."""
    git = shutil.which("git")
    assert git, "this benchmark needs git"
    archive = tmp_path / "before.tar"
    command = [git, "-C", str(HERE.parent), "archive", "-o", str(archive), BEFORE, "include"]
    subprocess.run(command, check=True)
    shutil.unpack_archive(archive, tmp_path, filter="data")
    made = (
        Build(tmp_path / "include", tmp_path / "before.db"),
        Build(HERE.parent / "include", tmp_path / "now.db"),
    )
    try:
        for build in made:
            build.begin()
        yield made
    finally:
        for build in made:
            build.end()


def test_a_status_is_read_once_per_phase(
    builds: tuple[Build, Build], ratio: Callable[[Ratio], None]
) -> None:
    """Both make a pass in turn; the quickest quarter of each counts."""
    took: tuple[list[float], list[float]] = ([], [])
    calls = [0, 0]
    for build in builds:
        build.make_pass()
    for n in range(PAIRS):
        for way in (0, 1) if n % 2 else (1, 0):
            made = builds[way].make_pass()
            took[way].append(made.seconds)
            calls[way] = made.calls
            if way:  # detection, plan, what a run saw, and what of it is news
                assert made.books == 4
    before, now = (sum(sorted(seconds)[: PAIRS // 4]) for seconds in took)
    what = f"detection, plan and incident rules over {SERIES} weather series"
    ratio(Ratio(f"{what}: store calls of {BEFORE} ÷ ours", calls[0] / calls[1], 4.5))
    ratio(Ratio(f"{what}, SQLite: time of {BEFORE} ÷ ours", before / now, 3))
