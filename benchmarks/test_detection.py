"""Detection over ten years of hours, against pulling every timestamp.

(a) pulls every timestamp through SQLAlchemy and groups ``datetime`` objects in Python,
(b) pulls them with pandas and takes ``date_range().difference``.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import pandas as pd
import pytest
import sqlalchemy as sa

from benchmarks.conftest import END, GAPS, HOUR, START, Ratio, group, ten_years
from gapfill.domain.interval import Interval, merge
from gapfill.services.detection import detect
from gapfill.services.selection import Selection

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_benchmark.fixture import BenchmarkFixture

    from gapfill.domain.series import Series
    from gapfill.services.context import RunContext
    from gapfill.stores.sqlite.store import SqliteStore

ROUNDS = 9
_MEDIAN: dict[str, float] = {}
_QUERY = sa.text("SELECT slot FROM energy_prices WHERE price_eur_mwh IS NOT NULL ORDER BY slot")


def _engine(context: RunContext) -> sa.Engine:
    return sa.create_engine(f"sqlite:///{cast('SqliteStore', context.store).path}")


def _pull(context: RunContext) -> list[tuple[datetime, datetime]]:
    with _engine(context).connect() as connection:
        rows = connection.execute(_QUERY).all()
    return group({datetime.fromtimestamp(row.slot, UTC) for row in rows})


def _pandas(context: RunContext) -> list[tuple[pd.Timestamp, pd.Timestamp]]:
    with _engine(context).connect() as connection:
        slots = pd.read_sql(_QUERY, connection)["slot"]
    present = pd.DatetimeIndex(pd.to_datetime(slots, unit="s", utc=True))
    lacking = pd.date_range(START, END, freq="h", inclusive="left").difference(present)
    runs = (lacking.to_series().diff() != pd.Timedelta(hours=1)).cumsum()
    grouped = lacking.to_series().groupby(runs.to_numpy())
    return list(zip(grouped.min(), grouped.max(), strict=True))


def _ours(context: RunContext) -> list[Interval]:
    (report,) = detect(context, Selection((context.catalog.series["pvpc"],), START, END))
    return [gap.interval for gap in report.coverage.gaps]


def _time(benchmark: BenchmarkFixture, name: str, run: Callable[[], list[object]]) -> list[object]:
    found = cast(
        "list[object]", cast("Any", benchmark).pedantic(run, rounds=ROUNDS, warmup_rounds=1)
    )
    _MEDIAN[name] = cast("Any", benchmark).stats.stats.median
    return found


@pytest.mark.benchmark(group="724 gaps in ten years")
@pytest.mark.parametrize("way", [_pull, _pandas, _ours])
def test_finds_every_gap(
    benchmark: BenchmarkFixture, gappy: RunContext, way: Callable[[RunContext], list[object]]
) -> None:
    """Each way finds the same gaps, to the slot."""
    found = _time(benchmark, f"gappy{way.__name__}", lambda: way(gappy))
    truth = _pull(gappy)
    assert [_bounds(gap) for gap in found] == truth
    assert len(truth) == GAPS


def _bounds(gap: Any) -> tuple[datetime, datetime]:  # noqa: ANN401 - each way has its own
    """Return a gap of any way as start and end; pandas gives its first and last slot."""
    if isinstance(gap, Interval):
        return gap.start, gap.end
    start, end = gap
    if isinstance(start, pd.Timestamp):
        return start.to_pydatetime(), end.to_pydatetime() + HOUR
    return start, end


@pytest.mark.benchmark(group="ten years complete")
@pytest.mark.parametrize("way", [_pull, _pandas, _ours])
def test_finds_nothing_in_a_complete_decade(
    benchmark: BenchmarkFixture, whole: RunContext, way: Callable[[RunContext], list[object]]
) -> None:
    """Each way finds no gap."""
    assert _time(benchmark, f"whole{way.__name__}", lambda: way(whole)) == []


@pytest.mark.benchmark(group="grouping in memory")
def test_grouping_in_memory_by_datetimes(benchmark: BenchmarkFixture, gappy: RunContext) -> None:
    """Grouping pulled timestamps as Python objects."""
    with _engine(gappy).connect() as connection:
        present = {datetime.fromtimestamp(r.slot, UTC) for r in connection.execute(_QUERY)}
    assert len(_time(benchmark, "memory_pull", lambda: list(group(present)))) == GAPS


@pytest.mark.benchmark(group="grouping in memory")
def test_grouping_in_memory_by_runs(
    benchmark: BenchmarkFixture, gappy: RunContext, pvpc: Series
) -> None:
    """What is left to do in Python once the store has found the runs: joining those that touch.

    Not the same work as grouping datetimes, and meant so: that work is gone.
    """
    absent = gappy.store.missing(pvpc, ten_years())
    assert len(_time(benchmark, "memory_ours", lambda: list(merge(absent)))) == GAPS


def test_ratios_meet_their_targets(ratio: Callable[[Ratio], None]) -> None:
    """Print and hold the ratios of design section 14."""
    m = _MEDIAN
    assert len(m) == 8, "run this file as a whole: the ratios are of the times taken above"
    ratio(
        Ratio(
            "724 gaps, end to end: pulling every timestamp ÷ ours",
            m["gappy_pull"] / m["gappy_ours"],
            8,
        )
    )
    ratio(
        Ratio(
            "724 gaps, end to end: pandas difference ÷ ours", m["gappy_pandas"] / m["gappy_ours"], 1
        )
    )
    ratio(
        Ratio("complete decade, end to end: pulling ÷ ours", m["whole_pull"] / m["whole_ours"], 30)
    )
    ratio(Ratio("grouping in memory: datetimes ÷ runs", m["memory_pull"] / m["memory_ours"], 100))


def test_rows_that_cross_from_sql_grow_with_the_gaps(
    gappy: RunContext, pvpc: Series, ratio: Callable[[Ratio], None]
) -> None:
    """Count the rows SQLite hands over while gaps are looked for."""
    crossed = 0

    def count(_cursor: object, row: tuple[object, ...]) -> tuple[object, ...]:
        nonlocal crossed
        crossed += 1
        return row

    @sa.event.listens_for(sa.pool.Pool, "checkout")
    def _watch(connection: Any, *_: object) -> None:  # noqa: ANN401 - sqlite3.Connection
        connection.row_factory = count

    try:
        found = gappy.store.missing(pvpc, ten_years())
    finally:
        sa.event.remove(sa.pool.Pool, "checkout", _watch)
    assert crossed >= len(found) == GAPS
    ratio(Ratio("rows that cross from SQL ÷ gaps", crossed / GAPS, 3, at_least=False))
