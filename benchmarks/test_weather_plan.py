"""Calls over weather against the optimum, every source set up: requests, hops, openings apart."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple, cast

import pytest

from benchmarks.conftest import Ratio
from gapfill import catalog
from gapfill.domain.interval import Interval, merge
from gapfill.domain.plan import BackfillRequest, Missing
from gapfill.domain.severity import Severity
from gapfill.domain.unit_planner import plan_units
from gapfill.services.context import RunContext
from gapfill.stores.sqlite.store import SqliteStore
from tests.obstacles import obstacle
from tests.services.conftest import Scripted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from gapfill.domain.candidate import Obstacle
    from gapfill.domain.plan import Plan
    from gapfill.domain.product import Product
    from gapfill.domain.series import Series

HISTORIES = 1000
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
FIRST = datetime(2024, 1, 1, tzinfo=UTC)
LAST_HOUR = datetime(2026, 6, 30, tzinfo=UTC)


class Window(NamedTuple):
    """What one request may ask for, as the design's table has it."""

    days: float
    is_of_dates: bool = False


WINDOWS = {
    "openweathermap.current": Window(1 / 24),
    "openweathermap.timeline": Window(20 / 24),
    "aemet.observations": Window(0.5),
    "aemet.daily": Window(180),
    "siar.hourly": Window(7, is_of_dates=True),
    "siar.daily": Window(31),
    "open_meteo.forecast": Window(92),
    "open_meteo.archive": Window(365),
}
HOPS = {"aemet": 2}
OPENING = {"siar": 4}
REQUESTS_A_UNIT = {"openweathermap": 60, "aemet": 10, "siar": 26, "open_meteo": 600}
"""A minute's worth, with the hops and the calls that open an account: what a unit is made of."""

ALL = {"openweathermap.current", "aemet.observations", "aemet.daily", "siar.hourly", "siar.daily"}


def _optimum(slots: Iterable[tuple[datetime, datetime]], window: Window) -> int:
    """Return the fewest windows that cover the slots, counted slot by slot."""
    requests, start, first = 0, datetime.min.replace(tzinfo=UTC), date.min
    for begin, end in sorted(slots):
        is_too_long = end - start > timedelta(window.days)
        is_too_late = window.is_of_dates and (begin.date() - first).days >= window.days
        if is_too_long or is_too_late:
            requests, start, first = requests + 1, begin, begin.date()
    return requests


class SetUp(Scripted):
    """Sources that are all set up but for some, and the folder: a read of files is no call."""

    without: tuple[str, ...] = ()

    def obstacle(self, product: Product) -> Obstacle | None:
        """Leave out what is not set up."""
        is_set_up = product.hops and product.source not in self.without
        return obstacle(None if is_set_up else "is not configured")


@pytest.fixture
def context(tmp_path: Path) -> Iterator[RunContext]:
    """Return a site with every source set up."""
    store = SqliteStore(tmp_path / "store.db")
    yield RunContext(catalog.load(), store, SetUp(), LAST_HOUR)
    store.close()


def _gone(rng: random.Random, now: datetime, step: timedelta) -> list[Interval]:
    """Return random runs of missing slots, half of them in the last days, where routes part."""
    runs: list[Interval] = []
    for _ in range(rng.randrange(1, 40)):
        back = rng.choice((3 * DAY, 40 * DAY, now - FIRST))
        slots = int(back / step) or 1
        start = now.replace(minute=0) - rng.randrange(1, slots + 1) * step
        if step == DAY:
            start = start.replace(hour=0)
        end = min(start + rng.choice((1, 1, 2, 6, 13, 24, 400)) * step, now)
        whole = (end - start) // step * step
        if whole and start >= FIRST:
            runs.append(Interval(start, start + whole))
    return merge(runs)


class Tally:
    """What plans ask, beside the fewest."""

    def __init__(self) -> None:
        self.planned: Counter[str] = Counter()
        self.fewest: Counter[str] = Counter()
        self.asked: Counter[str] = Counter()

    def add(self, plan: Plan, wishes: Sequence[BackfillRequest]) -> None:
        """Count a plan."""
        slots: dict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
        steps = {wish.series.name: wish.series.grid.eras[0].step for wish in wishes}
        requests: Counter[str] = Counter()
        for unit in plan.units:
            key = f"{unit.source}.{unit.product}"
            requests[key] += len(unit.requests)
            for run in (run for request in unit.requests for run in request.asked):
                slots[key] += _slots(run, steps[unit.series])
        self._check_once(plan, wishes, slots)
        hops = {key: HOPS.get(key.split(".")[0], 1) for key in slots}
        fewest = {key: _optimum(found, WINDOWS[key]) for key, found in slots.items()}
        self.planned["requests"] += requests.total()
        self.fewest["requests"] += sum(fewest.values())
        with_hops = sum(n * hops[key] for key, n in requests.items())
        self.planned["requests, every hop counted"] += with_hops
        self.fewest["requests, every hop counted"] += sum(n * hops[k] for k, n in fewest.items())
        self.planned["opening calls"] += plan.calls - with_hops
        for key, n in fewest.items():
            source = key.split(".")[0]
            units = -(-n // REQUESTS_A_UNIT[source])
            self.fewest["opening calls"] += OPENING.get(source, 0) * units
        self.asked += Counter({key: len(found) for key, found in slots.items()})

    @staticmethod
    def _check_once(
        plan: Plan,
        wishes: Sequence[BackfillRequest],
        slots: dict[str, list[tuple[datetime, datetime]]],
    ) -> None:
        """Each missing slot is asked of one product, waits, or cannot be healed."""
        given = sum(map(len, slots.values()))
        left = sum(w.slots for w in plan.waiting) + sum(u.slots for u in plan.unhealable)
        gone = sum(wish.series.grid.count(run) for wish in wishes for run, *_ in wish.gaps)
        assert given - len(slots.get("openweathermap.current", ())) + left == gone
        assert plan.deferred == 0


def _slots(run: Interval, step: timedelta) -> list[tuple[datetime, datetime]]:
    count = int((run.end - run.start) / step)
    return [(run.start + n * step, run.start + (n + 1) * step) for n in range(count)]


def _pending(series: Series, now: datetime) -> list[Interval]:
    """Return the slot of now, which only the current reading has."""
    grid = series.grid
    is_hourly = grid.eras[0].step == HOUR
    return [Interval(grid.floor(now), grid.end_of(grid.floor(now)))] if is_hourly else []


def _tally(context: RunContext, histories: int) -> Tally:
    """Plan random histories of both series, each at a random instant of two years."""
    rng, tally = random.Random(1000), Tally()
    both = [context.catalog.series[name] for name in ("weather_hourly", "weather_daily")]
    known = [(series, context.candidates(series)) for series in both]
    hours = int((LAST_HOUR - FIRST) / HOUR)
    for _ in range(histories):
        now = FIRST + rng.randrange(24 * 60, hours) * HOUR + rng.choice((0, 5, 30, 59)) * MINUTE
        wishes = [
            BackfillRequest(
                series,
                candidates,
                [Missing(r, Severity.MINOR) for r in _gone(rng, now, series.grid.eras[0].step)],
                pending=_pending(series, now),
            )
            for series, candidates in known
        ]
        tally.add(plan_units(wishes, now, max_units=10_000), wishes)
    return tally


def test_calls_over_weather_are_the_fewest_possible(
    context: RunContext, ratio: Callable[[Ratio], None]
) -> None:
    """1,000 random histories, every source set up."""
    tally = _tally(context, HISTORIES)
    assert set(tally.asked) == ALL
    for what, planned in tally.planned.items():
        found = planned / tally.fewest[what]
        name = f"weather, {HISTORIES} random histories: {what} ÷ the fewest"
        ratio(Ratio(name, found, 1, at_least=False))
        assert planned == tally.fewest[what]


@pytest.mark.parametrize(
    "without,product",
    [
        (("siar",), "open_meteo.archive"),
        (("siar", "aemet"), "openweathermap.timeline"),
        (("siar", "openweathermap"), "open_meteo.forecast"),
    ],
)
def test_so_are_they_where_sources_lack(
    context: RunContext, without: tuple[str, ...], product: str
) -> None:
    """So that the products which stand in are counted too."""
    cast("SetUp", context.sources).without = without
    tally = _tally(context, HISTORIES // 4)
    assert tally.asked[product] > 0
    assert tally.planned == tally.fewest
