"""Detects, plans and applies the incident rules with the build that ``PYTHONPATH`` names.

``test_status`` starts one for each build. It seeds a store, and for each line that it reads it
makes one pass and answers with the seconds and the store calls, as JSON. It uses only what
the build of commit 1c77920 has too, there under other names.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from gapfill import catalog
from gapfill.domain.reading import Reading
from gapfill.domain.series import Grade
from gapfill.services.selection import Selection

if TYPE_CHECKING:
    from gapfill.catalog import Catalog
    from gapfill.domain.series import Series
    from gapfill.services.context import RunContext
    from gapfill.services.ports import Sources, Store
    from gapfill.stores.sqlite.store import SqliteStore

HOUR = timedelta(hours=1)
NOW = datetime(2026, 6, 30, 12, 5, tzinfo=UTC)
FIRST = datetime(2026, 6, 1, tzinfo=UTC)
HOLE = 24 * 10
"""Each series is without this hour."""


def named(ours: str, before: str) -> Any:  # noqa: ANN401 - a class or a function
    """Return what is at ``module:name``, in this build or in that of commit 1c77920."""
    for place in (ours, before):
        module, _, name = place.partition(":")
        try:
            return getattr(import_module(f"gapfill.{module}"), name)
        except ModuleNotFoundError:
            continue
    message = f"{ours} is missing"
    raise ImportError(message)


context_class = named("services.context:RunContext", "services.site:Site")
request_class = named("services.planning:RunRequest", "services.planner:Order")
store_class = named("stores.sqlite.store:SqliteStore", "stores.sqlite:SqliteStore")
detect_all = named("services.planning:detect_all", "services.planner:survey")
make_plan = named("services.planning:make_plan", "services.planner:make_plan")
evaluate_conditions = named("alerts.conditions:evaluate_conditions", "services.sights:look")
worth_telling = named("alerts.conditions:worth_telling", "services.sights:worth_telling")


class Counting:
    """A store that counts the calls of its methods."""

    def __init__(self, store: object) -> None:
        self._store = store
        self.calls: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the port has
        """Return a method of the store, and count it as called."""
        self.calls[name] += 1
        return getattr(self._store, name)


class SetUp:
    """Sources that are all set up and are not asked."""

    def obstacle(self, product: object) -> None:
        """Return nothing: every product can be asked."""

    def account(self, source: str) -> str:
        """Return the same short name for every key."""
        return f"{source} has none"

    def available_intervals(self, product: object, station: object) -> None:
        """Return nothing: it is not known."""

    held = available_intervals  # its name in the build of commit 1c77920


def _known(count: int) -> Catalog:
    """Return the shipped catalogue with copies of the hourly weather."""
    shipped = catalog.load()
    one = replace(shipped.series["weather_hourly"], earliest=FIRST)
    copies = [
        replace(one, name=f"weather_hourly_{n:03}", tags={**one.tags, "place": f"place_{n:03}"})
        for n in range(count)
    ]
    return replace(shipped, series={series.name: series for series in copies})


def _seed(store: SqliteStore, series: Series) -> None:
    """Write every field of every hour but one, as ``siar`` gives it."""
    values = {field.name: 20.0 for field in series.fields}
    readings = [
        Reading(FIRST + n * HOUR, values, Grade.OFFICIAL, "siar/J17")
        for n in range((NOW - FIRST) // HOUR + 1)
        if n != HOLE
    ]
    store.write(series, readings, "seed")


def _pass(context: RunContext) -> None:
    """Do what a cycle does beside asking the sources."""
    order = request_class(Selection(tuple(context.catalog.series.values())))
    reports = detect_all(context, order)
    missing = [len(report.coverage.gaps) for report in reports]
    assert missing == [1] * len(reports), missing
    plan = make_plan(context, order, reports)
    assert plan.units
    healed = {report.series: [report.coverage.gaps[0].interval] for report in reports}
    seen = evaluate_conditions(context, reports, reports, [], healed)
    assert len(seen) > len(reports)
    assert worth_telling(context, reports, healed) == {}


def main(file: str, count: str) -> None:
    """Seed a store with ``count`` series, then make a pass for each line read."""
    known, store = _known(int(count)), store_class(Path(file))
    for series in known.series.values():
        _seed(store, series)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for _ in sys.stdin:
        counting = Counting(store)
        context = context_class(known, cast("Store", counting), cast("Sources", SetUp()), NOW)
        began = time.perf_counter()
        _pass(context)
        seconds = time.perf_counter() - began
        calls = {"seconds": seconds, "calls": counting.calls.total(), "by": counting.calls}
        sys.stdout.write(json.dumps(calls) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
