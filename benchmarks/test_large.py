"""Thousands of series: time, store calls and memory of detection and plan (``make bench-large``).

All are in one measurement and differ in a tag, as programs write sensors. Seeding is not counted. A
process of its own reads them, whose memory is that of nothing else.

Some rows compare with the build of commit 1c77920. It is read from the repository's history, or
from the worktree that the environment variable ``GAPFILL_BASE`` names.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pytest

from benchmarks.conftest import NoSources, Ratio
from gapfill import catalog
from gapfill.domain.reading import Reading
from gapfill.domain.series import Grade
from gapfill.services.context import RunContext
from gapfill.services.detection import detect
from gapfill.services.selection import Selection
from gapfill.stores.influxdb.store import InfluxStore
from gapfill.stores.sqlite.store import SqliteStore
from tests.stores.influxdb.engine import engine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gapfill.catalog import Catalog
    from gapfill.services.ports import Store
    from gapfill.stores.influxdb.config import InfluxConfig

SERIES, HOURS, HOLE = 1000, 8760, 5
FIRST = datetime(2024, 12, 31, 23, tzinfo=UTC)
END = FIRST + timedelta(hours=HOURS)
BODY = 50_000
"""Lines of a body of the seed."""


def known() -> Catalog:
    """Return the shipped catalogue with a thousand series instead of its own."""
    shipped = catalog.load()
    series = {
        name: replace(
            shipped.series["pvpc"],
            name=name,
            measurement="sensors",
            tags={"sensor": name},
            earliest=FIRST,
        )
        for name in (f"sensor{n:04}" for n in range(SERIES))
    }
    return replace(shipped, series=series)


def hole_of(n: int) -> int:
    """Return the first missing hour of the n-th series."""
    return 24 + n * 8 % (HOURS - 200)


def check(where: Path | InfluxConfig) -> tuple[int, int, float, int]:
    """Look at all series, in this process.

    Returns:
        The gaps, the complete slots, the seconds and the peak of memory in MiB.
    """
    store: Store = SqliteStore(where) if isinstance(where, Path) else InfluxStore(where)
    context = RunContext(known(), store, NoSources(), END)
    began = time.perf_counter()
    reports = detect(context, Selection(tuple(context.catalog.series.values()), FIRST, END))
    took = time.perf_counter() - began
    assert not any(report.error for report in reports)
    gaps = [gap for report in reports for gap in report.coverage.gaps]
    assert all(gap.interval.duration == timedelta(hours=HOLE) for gap in gaps)
    complete = sum(report.coverage.due_complete for report in reports)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return len(gaps), complete, took, peak


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an embedded store with a year of each series, written inside SQLite."""
    path = tmp_path_factory.mktemp("large") / "store.db"
    store = SqliteStore(path)
    for series in known().series.values():
        reading = Reading(FIRST, {"price_eur_mwh": 1.0}, Grade.OFFICIAL, "ree")
        store.write(series, [reading], "seed")
        break
    store.close()
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("DELETE FROM sensors")
        connection.execute(
            "WITH RECURSIVE s(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM s WHERE n < ?), "
            "h(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM h WHERE n < ?) "
            "INSERT INTO sensors (tags, slot, price_eur_mwh, gapfill_grade, gapfill_source, "
            "gapfill_batch) SELECT printf('sensor=sensor%04d', s.n), ? + 3600 * h.n, h.n, 40, "
            "'ree', 'seed' FROM s CROSS JOIN h "
            "WHERE h.n NOT BETWEEN 24 + s.n * 8 % ? AND 24 + s.n * 8 % ? + ? - 1",
            [SERIES - 1, HOURS - 1, int(FIRST.timestamp()), HOURS - 200, HOURS - 200, HOLE],
        )
    connection.close()
    return path


@pytest.fixture(scope="module")
def bucket() -> Iterator[InfluxConfig]:
    """Return a bucket with a year of each series, in shards of a year."""
    engine().make_bucket("large", shard_weeks=52)
    start, lines = int(FIRST.timestamp()), list[str]()
    for n in range(SERIES):
        hole = range(hole_of(n), hole_of(n) + HOLE)
        lines += [
            f"sensors,sensor=sensor{n:04} price_eur_mwh={h}.0,gapfill_grade=40i,"
            f'gapfill_source="ree",gapfill_batch="seed" {start + 3600 * h}'
            for h in range(HOURS)
            if h not in hole
        ]
        while len(lines) >= BODY or (n == SERIES - 1 and lines):
            engine().write("large", lines[:BODY], "s")
            del lines[:BODY]
    yield engine().access("large")
    engine().drop_bucket("large")


@pytest.mark.parametrize("kind", ["sqlite", "influxdb"])
def test_a_thousand_series_are_checked_in_a_minute(
    request: pytest.FixtureRequest, ratio: Callable[[Ratio], None], kind: str
) -> None:
    """Every gap is found, to the slot."""
    where = request.getfixturevalue("file" if kind == "sqlite" else "bucket")
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        gaps, complete, took, peak = pool.apply(check, [where])
    assert (gaps, complete) == (SERIES, SERIES * (HOURS - HOLE))
    what = f"{kind}: 1,000 series of a year"
    ratio(Ratio(f"{what}, time ÷ a minute", took / 60, 1, at_least=False))
    ratio(Ratio(f"{what}, peak of memory ÷ 500 MiB", peak / 500, 1, at_least=False))


BEFORE = "1c77920"
ROOT = Path(__file__).resolve().parent.parent
PASSES = 3


class Worker:
    """A process that detects and plans with one build, in a file of its own.

    Args:
        include: The packages of the build.
        file: Where to put the store.
        series: Number of series.
        days: Days of each series.
        hole: Hours that each series is without.
    """

    def __init__(self, include: Path, file: Path, series: int, days: int, hole: int) -> None:
        args = [str(file), str(series), str(days), str(hole)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.large_worker", *args],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(include)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._said() == "ready\n"

    def __enter__(self) -> Self:
        """Return the worker, which is ready."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()

    def make_pass(self) -> dict[str, Any]:
        """Detect and plan once, and return the measurements."""
        assert self._process.stdin is not None
        self._process.stdin.write("pass\n")
        self._process.stdin.flush()
        found: dict[str, Any] = json.loads(self._said())
        return found

    def _said(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the worker has ended; its error is above"
        return line


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the packages of the build of commit 1c77920."""
    named = os.environ.get("GAPFILL_BASE")
    if named:
        return Path(named) / "include"
    git, folder = shutil.which("git"), tmp_path_factory.mktemp("base")
    assert git, "this benchmark needs git"
    archive = folder / "before.tar"
    command = [git, "-C", str(ROOT), "archive", "-o", str(archive), BEFORE, "include"]
    if subprocess.run(command, check=False).returncode:
        pytest.skip(
            f"Commit {BEFORE} is not in the history of this clone: fetch all of it, or name a "
            "worktree of that commit in GAPFILL_BASE."
        )
    shutil.unpack_archive(archive, folder, filter="data")
    return folder / "include"


def test_detection_and_plan_take_a_fraction_of_the_time_of_an_earlier_build(
    base: Path, tmp_path: Path, ratio: Callable[[Ratio], None]
) -> None:
    """Both build by turns; the quickest pass of each counts, in seconds of CPU."""
    old, new = tmp_path / "old.db", tmp_path / "new.db"
    hours = SERIES * (HOURS - HOLE)
    with (
        Worker(base, old, SERIES, HOURS // 24, HOLE) as before,
        Worker(ROOT / "include", new, SERIES, HOURS // 24, HOLE) as now,
    ):
        passes = [(before.make_pass(), now.make_pass()) for _ in range(PASSES)]
    for found in passes[-1]:
        assert (found["units"], found["complete"]) == (SERIES, hours)
    calls = [found["calls"] for found in passes[-1]]
    seconds = [min(found[n]["seconds"] for found in passes) for n in (0, 1)]
    what = "SQLite, detect + plan of 1,000 series of a year"
    ratio(Ratio(f"{what}: store calls of {BEFORE} ÷ ours", calls[0] / calls[1], 20))
    ratio(Ratio(f"{what}: CPU time of {BEFORE} ÷ ours", seconds[0] / seconds[1], 4))


def test_ten_thousand_quiet_series_take_ten_times_as_long_as_a_thousand(
    tmp_path: Path, ratio: Callable[[Ratio], None]
) -> None:
    """Nothing is missing; the time grows with the series, and the memory stays small."""
    include, found = ROOT / "include", []
    for series in (1_000, 10_000):
        with Worker(include, tmp_path / f"{series}.db", series, 90, 0) as worker:
            found.append([worker.make_pass() for _ in range(PASSES)])
    few, many = found
    assert (many[-1]["missing"], many[-1]["units"]) == (0, 0)
    assert many[-1]["complete"] >= 10_000 * (90 * 24 - 24)
    seconds = [min(one["seconds"] for one in passes) for passes in (few, many)]
    what = "SQLite, 10,000 quiet series of 90 days"
    times = seconds[1] / seconds[0]
    ratio(Ratio(f"{what}: CPU time ÷ of 1,000 series", times, 12, at_least=False))
    peak = many[-1]["peak_mib"] / 400
    ratio(Ratio(f"{what}: peak of memory ÷ 400 MiB", peak, 1, at_least=False))
