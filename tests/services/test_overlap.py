"""Two runs at once: after one more cycle the store is as after one run."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import pytest

from gapfill.domain.interval import Interval
from gapfill.domain.reading import Reading
from gapfill.services.context import RunContext
from gapfill.services.planning import RunRequest, detect_all, make_plan
from gapfill.services.selection import Selection
from gapfill.sources.model import Answer, Ask
from gapfill.stores.sqlite.store import SqliteStore
from tests.catalogs import frozen
from tests.filling import fill
from tests.obstacles import obstacle
from tests.services.conftest import FakeTime, Scripted
from tests.services.test_weather import NOW

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from gapfill.domain.candidate import Obstacle
    from gapfill.domain.plan import Plan, Unit
    from gapfill.domain.product import Product
    from gapfill.domain.reading import Origin
    from gapfill.domain.series import Grade

HOUR = timedelta(hours=1)
WORTH = {"siar": 1.0, "aemet": 2.0, "openweathermap": 3.0, "open_meteo": 4.0}
"""What each source measures, so that a value tells whose it is."""


def measured(ask: Ask) -> Answer:
    """Answer every slot with the source's own values; only SIAR and Open-Meteo have radiation."""
    worth = WORTH[ask.product.source]
    values = {"temperature": worth, "humidity": 10 * worth}
    if ask.product.source in ("siar", "open_meteo"):
        values["solar_radiation"] = 100 * worth
    slots = ask.series.grid.slots(ask.interval)
    grade = ask.product.grade
    return Answer(tuple(Reading(s, values, grade, ask.origin) for s in slots), evidence="HTTP 200")


@dataclass
class Keyed(Scripted):
    """Every product is set up but the time machine and those named in ``obstacles``."""

    def obstacle(self, product: Product) -> Obstacle | None:
        """Return why not."""
        return obstacle(self.obstacles.get(product.source) or self.obstacles.get(product.key))


def site_of(path: Path, **obstacles: str) -> RunContext:
    """Return a site with hourly weather since 2026-03-01 and a store of its own connection."""
    known = frozen()
    weather = replace(known.series["weather_hourly"], earliest=NOW.replace(day=1, minute=0))
    known = replace(known, series={"weather_hourly": weather})
    sources = Keyed(otherwise=measured)
    sources.obstacles = {"openweathermap.timemachine": "needs one_call", **obstacles}
    time = FakeTime()
    return RunContext(known, SqliteStore(path), sources, NOW, time.sleep, time.monotonic)


def plan_of(context: RunContext) -> Plan:
    """Plan everything."""
    order = RunRequest(Selection(tuple(context.catalog.series.values())))
    return make_plan(context, order, detect_all(context, order))


def cycle(context: RunContext, run: str) -> None:
    """Plan and carry out."""
    for unit in plan_of(context).units:
        fill(context, unit, run)


class Held(NamedTuple):
    """What the store says of a slot, whoever wrote it."""

    slot: datetime
    values: Mapping[str, float]
    grade: Grade
    source: str | None
    kept: Mapping[str, Origin]


def held(context: RunContext) -> list[Held]:
    """Return what the store says of every slot, whoever wrote it."""
    series = context.catalog.series["weather_hourly"]
    rows = context.store.read(series, Interval(series.earliest, NOW + HOUR))
    slots = [row.slot for row in rows]
    assert len(slots) == len(set(slots))
    return [Held(r.slot, r.values, r.grade, r.source, r.kept) for r in rows]


def in_parts(plan: Plan) -> list[Unit]:
    """Return the units cut into small ones, so that two runs get in each other's way."""
    parts: list[Unit] = []
    for unit in plan.units:
        for request in unit.requests:
            slots = request.asked[0].duration // HOUR
            for first in range(0, slots, 40):
                start = request.start + first * HOUR
                run = Interval(start, min(start + 40 * HOUR, request.end))
                part = replace(request, start=run.start, end=run.end, asked=(run,))
                parts.append(replace(unit, requests=(part,), slots=run.duration // HOUR))
    return parts


@pytest.fixture
def once(tmp_path: Path) -> list[Held]:
    """Return what the store holds after one run, and a quiet cycle."""
    context = site_of(tmp_path / "once.db")
    cycle(context, "one")
    cycle(context, "two")
    assert {row.source for row in held(context)} == {
        "siar/J17",
        "aemet/5279X",
        "openweathermap",
    }
    return held(context)


@pytest.mark.parametrize("seed", range(4))
def test_units_of_two_runs_in_any_order_leave_the_store_of_one(
    tmp_path: Path, once: list[Held], seed: int
) -> None:
    """The second run was planned without SIAR and AEMET: its values are worse, and may be last."""
    path = tmp_path / "twice.db"
    good, bad = site_of(path), site_of(path, siar="paused", aemet="paused")
    units = [(good, u, "good") for u in in_parts(plan_of(good))]
    units += [(bad, u, "bad") for u in in_parts(plan_of(bad))]
    random.Random(seed).shuffle(units)  # noqa: S311 - an order, no secret
    for context, unit, run in units:
        fill(context, unit, run)
    cycle(good, "more")
    _same(held(good), once)
    assert plan_of(good).units == ()


def test_two_runs_at_the_same_time_leave_the_store_of_one(tmp_path: Path, once: list[Held]) -> None:
    """Two threads, each with a connection of its own, on the same slots."""
    path = tmp_path / "twice.db"
    sites = [site_of(path), site_of(path)]
    plans = [in_parts(plan_of(context)) for context in sites]
    together = threading.Barrier(2)
    failures: list[Exception] = []

    def carry_out(number: int) -> None:
        together.wait(30)
        try:
            for unit in plans[number]:
                fill(sites[number], unit, f"run{number}")
        except Exception as exc:  # noqa: BLE001 - told to the test
            failures.append(exc)

    threads = [threading.Thread(target=carry_out, args=(n,)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    cycle(sites[0], "more")
    assert held(sites[0]) == once


def _same(found: list[Held], expected: list[Held]) -> None:
    """Compare rows; a wanted field that the worse source gave first is kept, and named so."""
    assert [(r.slot, r.grade, r.source) for r in found] == [
        (r.slot, r.grade, r.source) for r in expected
    ]
    for row, once in zip(found, expected, strict=True):
        for name, value in row.values.items():
            whose = row.kept[name].source if name in row.kept else row.source
            assert whose
            assert value == WORTH[whose.partition("/")[0]] * _SCALE[name]
            assert name in row.kept or value == once.values[name]


_SCALE = {"temperature": 1, "humidity": 10, "solar_radiation": 100}
