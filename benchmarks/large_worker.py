"""Detects and plans many series of prices with the build that ``PYTHONPATH`` names.

``test_large`` starts one for each build, as a module, in the root of this repository. It seeds a
file; for each line that it reads it makes one pass and answers with its measurements, as JSON. It
uses only what the build of commit 1c77920 has too, there under other names.
"""

from __future__ import annotations

import json
import resource
import sqlite3
import sys
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, cast

from benchmarks.status_worker import (
    Counting,
    SetUp,
    context_class,
    detect_all,
    make_plan,
    request_class,
    store_class,
)
from gapfill import catalog
from gapfill.domain.reading import Reading
from gapfill.domain.series import Grade
from gapfill.services.selection import Selection

if TYPE_CHECKING:
    from gapfill.catalog import Catalog
    from gapfill.services.ports import Sources, Store

FIRST = datetime(2024, 12, 31, 23, tzinfo=UTC)
PENDING = 12
"""Hours between the clock and the last price if no hour is missing: it is noon then."""

MARGIN = 200
"""Hours before the end in which no hole begins."""


def known(count: int) -> Catalog:
    """Return the shipped catalogue with many series of prices in one measurement."""
    shipped = catalog.load()
    one = replace(shipped.series["pvpc"], measurement="sensors", earliest=FIRST)
    names = [f"sensor{n:05}" for n in range(count)]
    series = {name: replace(one, name=name, tags={"sensor": name}) for name in names}
    return replace(shipped, series=series)


def seed(file: Path, world: Catalog, hours: int, hole: int) -> None:
    """Write the hours of all series inside SQLite, each without ``hole`` of its own."""
    store = store_class(file)
    first = next(iter(world.series.values()))
    store.write(first, [Reading(FIRST, {"price_eur_mwh": 1.0}, Grade.OFFICIAL, "ree")], "seed")
    store.close()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        with connection:
            connection.execute("DELETE FROM sensors")
            connection.execute(
                "WITH RECURSIVE s(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM s WHERE n + 1 < ?), "
                "h(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM h WHERE n + 1 < ?) "
                "INSERT INTO sensors (tags, slot, price_eur_mwh, gapfill_grade, gapfill_source, "
                "gapfill_batch) SELECT printf('sensor=sensor%05d', s.n), ? + 3600 * h.n, h.n, 40, "
                "'ree', 'seed' FROM s CROSS JOIN h "
                "WHERE h.n < 24 + s.n * 8 % ? OR h.n >= 24 + s.n * 8 % ? + ?",
                [
                    len(world.series),
                    hours,
                    int(FIRST.timestamp()),
                    hours - MARGIN,
                    hours - MARGIN,
                    hole,
                ],
            )


def main(file: str, count: str, days: str, hole: str) -> None:
    """Seed a store, then make a pass for each line read."""
    world, hours, store = known(int(count)), 24 * int(days), store_class(Path(file))
    seed(Path(file), world, hours, int(hole))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    now = FIRST + timedelta(hours=hours if int(hole) else hours - PENDING)
    order = request_class(Selection(tuple(world.series.values())))
    for _ in sys.stdin:
        counting = Counting(store)
        context = context_class(world, cast("Store", counting), cast("Sources", SetUp()), now)
        began = time.process_time()
        reports = detect_all(context, order)
        plan = make_plan(context, order, reports)
        seconds = time.process_time() - began
        assert not any(report.error for report in reports)
        found = {
            "seconds": seconds,
            "calls": counting.calls.total(),
            "missing": sum(gap.slots for report in reports for gap in report.coverage.gaps),
            "complete": sum(report.coverage.due_complete for report in reports),
            "units": len(plan.units) + plan.deferred,
            "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        }
        sys.stdout.write(json.dumps(found) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
