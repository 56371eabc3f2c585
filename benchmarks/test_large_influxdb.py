"""Many series in one measurement of InfluxDB: time, requests and memory (``make bench-large``).

Each row is measured in a process of its own; seeding is not counted. Some rows compare with the
build of commit 1c77920, as in ``test_large``.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.conftest import Ratio
from benchmarks.large_worker import FIRST
from benchmarks.test_large import BEFORE, ROOT, base
from tests.stores.influxdb.engine import engine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["base"]

EIGHT_WEEKS = 24 * 7 * 8
"""Hours of all series that are written before the next ones, so that few shards are open."""

BODY = 50_000
"""Lines of a body of the seed."""


def seed(bucket: str, series: int, hours: int, share: float, weeks: int) -> int:
    """Write the hours of all series but a share of them, and return how many are written."""
    engine().make_bucket(bucket, shard_weeks=weeks)
    draws = [random.Random(n) for n in range(series)]
    start, lines, written = int(FIRST.timestamp()), list[str](), 0
    for first in range(0, hours, EIGHT_WEEKS):
        for n, draw in enumerate(draws):
            lines += [
                f"sensors,sensor=sensor{n:05} price_eur_mwh={h % 300 / 2},gapfill_grade=40i,"
                f'gapfill_source="ree",gapfill_batch="seed" {start + 3600 * h}'
                for h in range(first, min(first + EIGHT_WEEKS, hours))
                if draw.random() >= share
            ]
            if len(lines) >= BODY or (n == series - 1 and lines):
                engine().write(bucket, lines, "s")
                written += len(lines)
                lines.clear()
    return written


def measure(what: str, bucket: str, series: int, hours: int, include: Path) -> dict[str, Any]:
    """Do one thing in a process of its own, with one build, and return the measurements."""
    access = engine().access(bucket)
    names = ("url", "org", "bucket", "token")
    asked = {
        "what": what,
        "series": series,
        "hours": hours,
        "is_2": engine().is_2,
        "access": {name: getattr(access, name) for name in names},
    }
    said = subprocess.run(
        [sys.executable, "-m", "benchmarks.large_influxdb_worker", json.dumps(asked)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(include)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(said.stdout)
    return found


def note_all(ratio: Callable[[Ratio], None], *rows: Ratio) -> None:
    """Note all rows for the table, and fail after the last one if a target is missed."""
    missed = []
    for row in rows:
        try:
            ratio(row)
        except AssertionError as exc:
            missed.append(str(exc).partition("\n")[0])
    assert not missed


@pytest.fixture(scope="module", params=[52, 0], ids=["shards of a year", "shards of a week"])
def holed(request: pytest.FixtureRequest) -> Iterator[tuple[str, int, str]]:
    """Return a bucket of 200 series × 3 years without 2 % of the hours, its points and shards."""
    weeks: int = request.param
    bucket = f"holed{weeks}"
    written = seed(bucket, 200, 3 * 8760, 0.02, weeks)
    yield bucket, written, "a year" if weeks else "a week"
    engine().drop_bucket(bucket)


def test_many_series_with_holes_against_pulling_every_row(
    holed: tuple[str, int, str], ratio: Callable[[Ratio], None]
) -> None:
    """200 series of 3 years; every gap of a seeded draw is found."""
    bucket, written, shards = holed
    include, size = ROOT / "include", (200, 3 * 8760)
    pulled = measure("pull", bucket, *size, include)
    assert pulled["found"] == [written, 0]
    status = measure("status", bucket, *size, include)
    page = measure("detect", bucket, *size, include)
    assert status["found"] == page["found"]
    assert status["found"][0] > 90_000
    what = f"InfluxDB, 200 series × 3 years, 2 % holes, shards of {shards}"
    took = pulled["seconds"]
    peak = max(status["peak_mib"], page["peak_mib"]) / 150
    note_all(
        ratio,
        Ratio(f"{what}: pulling every row ÷ `status`", took / status["seconds"], 5),
        Ratio(f"{what}: pulling every row ÷ the page's first look", took / page["seconds"], 5),
        Ratio(f"{what}: peak of memory ÷ 150 MiB", peak, 1, at_least=False),
    )


@pytest.fixture(scope="module")
def thousand() -> Iterator[str]:
    """Return a bucket of 1,000 series × 1 year, a thousandth of whose hours are missing."""
    seed("thousand", 1000, 8760, 0.001, 52)
    yield "thousand"
    engine().drop_bucket("thousand")


def test_a_thousand_series_against_an_earlier_build(
    thousand: str, base: Path, ratio: Callable[[Ratio], None]
) -> None:
    """Detection and plan: both builds find the same gaps and plan the same units."""
    old = measure("plan", thousand, 1000, 8760, base)
    new = measure("plan", thousand, 1000, 8760, ROOT / "include")
    assert new["found"][0] == old["found"][0] > 8_000
    what = "InfluxDB, detect + plan of 1,000 series × 1 year"
    note_all(
        ratio,
        Ratio(f"{what}: time of {BEFORE} ÷ ours", old["seconds"] / new["seconds"], 8),
        Ratio(f"{what}: requests of {BEFORE} ÷ ours", old["requests"] / new["requests"], 50),
    )
