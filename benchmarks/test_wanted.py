"""Holes of a wanted field in ten complete years of hourly weather, against pulling every slot."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import pytest
import sqlalchemy as sa

from benchmarks.conftest import END, HOUR, START, Ratio, ten_years
from gapfill import catalog
from gapfill.domain.interval import Interval
from gapfill.domain.reading import Reading
from gapfill.domain.series import Grade
from gapfill.stores.sqlite import gap_sql as queries
from gapfill.stores.sqlite import hole_sql
from gapfill.stores.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_benchmark.fixture import BenchmarkFixture

    from gapfill.domain.series import Series

ROUNDS = 9
HOLE = Interval(datetime(2019, 5, 1, tzinfo=UTC), datetime(2019, 5, 8, tzinfo=UTC))
"""A week in which a sensor was away."""

_MEDIAN: dict[str, float] = {}
_QUERY = sa.text("SELECT slot, solar_radiation FROM weather_data ORDER BY slot")


@pytest.fixture(scope="module")
def weather() -> Series:
    """Return the hourly weather."""
    return catalog.load().series["weather_hourly"]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, weather: Series) -> SqliteStore:
    """Return a store with ten years of every hour, and no radiation for a week of them."""
    store = SqliteStore(tmp_path_factory.mktemp("weather") / "store.db")
    readings = []
    for n in range(int((END - START) / HOUR)):
        slot, values = START + n * HOUR, {"temperature": n % 40 / 2, "humidity": 50.0 + n % 40}
        if slot not in HOLE:
            values["solar_radiation"] = float(n % 24 * 20)
        readings.append(Reading(slot, values, Grade.OBSERVED, "siar/J17"))
    for first in range(0, len(readings), 5000):
        store.write(weather, readings[first : first + 5000], "seed")
    return store


def _pull(store: SqliteStore, _: Series) -> list[Interval]:
    """Pull every slot with its radiation and group datetimes in Python."""
    with sa.create_engine(f"sqlite:///{store.path}").connect() as connection:
        rows = connection.execute(_QUERY).all()
    lacking = [datetime.fromtimestamp(r.slot, UTC) for r in rows if r.solar_radiation is None]
    runs: list[Interval] = []
    for slot in lacking:
        start = runs.pop().start if runs and runs[-1].end == slot else slot
        runs.append(Interval(start, slot + HOUR))
    return runs


def _ours(store: SqliteStore, series: Series) -> list[Interval]:
    return store.missing_optional(series, "solar_radiation", ten_years())


def _absent_and_ours(store: SqliteStore, series: Series) -> list[Interval]:
    """Look for all that a cycle looks for in the store: absent, below the target, lacking."""
    assert store.missing(series, ten_years()) == []
    assert store.lower_grade(series, ten_years()) == []
    return _ours(store, series)


@pytest.mark.benchmark(group="radiation of ten years, a week of it missing")
@pytest.mark.parametrize("way", [_pull, _ours, _absent_and_ours])
def test_finds_the_week(
    benchmark: BenchmarkFixture,
    store: SqliteStore,
    weather: Series,
    way: Callable[[SqliteStore, Series], list[Interval]],
) -> None:
    """Each way finds the same hole."""
    timed = cast("Any", benchmark)
    found = timed.pedantic(lambda: way(store, weather), rounds=ROUNDS, warmup_rounds=1)
    _MEDIAN[way.__name__] = timed.stats.stats.median
    assert found == [HOLE]


def test_ratios_meet_their_targets(ratio: Callable[[Ratio], None]) -> None:
    """The week alone, and with everything else that a cycle looks for."""
    pull = _MEDIAN["_pull"]
    name = "a week without radiation in ten complete years: pulling every slot ÷"
    ratio(Ratio(f"{name} ours", pull / _MEDIAN["_ours"], 100))
    ratio(Ratio(f"{name} ours with gaps and grades", pull / _MEDIAN["_absent_and_ours"], 15))


COMPLETE = "weather_data with temperature -40.0 to 60.0, humidity 0.0 to 100.0 every 3600 s"


@pytest.mark.parametrize(
    "template,field,index",
    [
        (
            queries.WITHOUT_FIELD,
            "solar_radiation",
            "weather_data lacking observed solar_radiation ",
        ),
        (queries.LOWER, "", "weather_data below 30 else 30"),
        (hole_sql.BOUNDS, "", COMPLETE),
        (hole_sql.HALVES, "", COMPLETE),
        (hole_sql.STRETCHES, "", COMPLETE),
    ],
    ids=["lacking", "below", "bounds", "halves", "stretches"],
)
def test_the_statement_finds_its_slots_in_a_partial_index(
    store: SqliteStore, weather: Series, template: str, field: str, index: str
) -> None:
    """It looks at the slots in question only, and walks through neither the table nor its key."""
    statement = queries.query(template, weather, 3600, field)
    values = {"asked": "[]", "before": 1, "after": 1, "pieces": 1}
    with closing(sqlite3.connect(store.path)) as connection:
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
    walks = [step for step in plan if "weather_data USING" in step]
    assert index in walks[0], plan
    is_one_walk = template in (queries.WITHOUT_FIELD, queries.LOWER)
    assert is_one_walk or all(index in step for step in walks)
