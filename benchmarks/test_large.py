"""A thousand series over a year, on both stores: under a minute and 500 MB (``make bench-large``).

Each series has a run of five hours missing, at a place of its own. All are in one
measurement, told apart by a tag, as programs write sensors. Seeding is not counted; what is
looked at is looked at by a process of its own, whose memory is that of nothing else.
"""

from __future__ import annotations

import multiprocessing
import resource
import sqlite3
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

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
