"""A minute's budget: used nearly whole by one caller, and never exceeded, for every source.

Each is asked through its real hook in a real fill, so that hops, the calls that open an
account and their pauses all count; only the clock is one that nothing but sleeping moves.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import pytest

from benchmarks.apis import Plant, plant
from benchmarks.conftest import Ratio
from gapfill import catalog
from gapfill.domain.account_limits import AccountLimits
from gapfill.domain.interval import Interval
from gapfill.domain.local_time import day_start, local_date
from gapfill.domain.plan import Unit
from gapfill.domain.request import Request
from gapfill.domain.severity import Severity
from tests.filling import fill

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

NOW = datetime(2026, 3, 20, 12, 30, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
MINUTE_S = 60.0
SMALL = AccountLimits(calls_minute=30, calls_day=1000, records_minute=100, records_day=10_000)
"""As a real account had it (sources.md): two days of half-hours a minute."""


class Case(NamedTuple):
    """Whom to ask, for requests of what length, how often, and the budget of a minute."""

    source: str
    product: str
    series: str
    length: timedelta
    requests: int
    per_minute: int


CASES = (
    Case("ree", "pvpc", "pvpc", DAY, 45, 30),
    Case("esios", "1001", "pvpc", DAY, 45, 30),
    Case("openweathermap", "timemachine", "weather_hourly", HOUR, 75, 60),
    Case("aemet", "daily", "weather_daily", DAY, 25, 20),
    Case("siar", "hourly", "weather_hourly", DAY, 45, 30),
    Case("open_meteo", "archive", "weather_hourly", DAY, 605, 600),
)


def _unit(context: Plant, case: Case) -> Unit:
    """Return a unit of so many requests, each of one day or hour, the last before yesterday."""
    zone = "Europe/Madrid" if case.series == "pvpc" else "UTC"
    last = day_start(local_date(NOW - 8 * DAY, zone), zone)
    if case.length == HOUR:
        starts = [
            NOW.replace(minute=0) - (case.requests + 2 - n) * HOUR for n in range(case.requests)
        ]
    else:
        first = local_date(last, zone)
        starts = [day_start(first - (case.requests - n) * DAY, zone) for n in range(case.requests)]
    ends = [*starts[1:], starts[-1] + case.length]
    requests = tuple(
        Request(start, end, (Interval(start, end),))
        for start, end in zip(starts, ends, strict=True)
    )
    series = context.context.catalog.series[case.series]
    station = next((s.id for s in series.place.stations if s.source == case.source), None)
    slots = sum(series.grid.count(r.interval) for r in requests)
    return Unit(case.series, case.source, case.product, station, Severity.CRITICAL, slots, requests)


def _busiest(calls: Sequence[tuple[float, int]]) -> int:
    """Return the most that any sliding minute holds."""
    starts = [at for at, _ in calls]
    return max(sum(n for at, n in calls if start <= at < start + MINUTE_S) for start in starts)


def _filled(context: Plant, case: Case) -> list[tuple[float, int]]:
    """Carry out the unit; return when each call was made, and for how many records."""
    certificate = fill(context.context, _unit(context, case), "run")
    assert certificate.outcome == "filled", certificate
    return [(at, records) for _, at, records in context.sources.calls]


def test_every_source_that_is_called_has_a_case() -> None:
    """So that a source that joins the catalogue joins this table."""
    called = {s.name for s in catalog.load().sources.values() if any(p.hops for p in s.products)}
    assert {case.source for case in CASES} == called


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.source)
def test_a_minutes_calls_are_used_and_never_exceeded(
    case: Case, tmp_path: Path, ratio: Callable[[Ratio], None]
) -> None:
    """From the first pause to the last call, over minutes of virtual time."""
    with plant(tmp_path, NOW) as built:
        if case.source == "siar":
            built.sources.allowances["siar"] = AccountLimits(calls_minute=30, calls_day=1000)
        if case.product == "timemachine":  # asked only where the key is known to be of 3.0
            built.context.store.save_limits(case.source, {"one_call_generation": 3.0}, NOW)
        calls = [(at, 1) for at, _ in _filled(built, case)]
    source = catalog.load().sources[case.source]
    hops = next(p.hops for p in source.products if p.name == case.product)
    assert source.per_minute == case.per_minute
    assert len(calls) == case.requests * hops + source.opening_calls
    assert _busiest(calls) <= case.per_minute
    used = len(calls) / (calls[-1][0] / MINUTE_S * case.per_minute)
    ratio(Ratio(f"calls of a minute used by one caller of {case.source}", used, 0.95))


def test_a_minutes_records_of_a_small_account_are_used(
    tmp_path: Path, ratio: Callable[[Ratio], None]
) -> None:
    """100 records a minute take two whole days of half-hours, 96 of them: no more can be asked."""
    case = Case("siar", "hourly", "weather_hourly", DAY, 12, 30)
    with plant(tmp_path, NOW) as built:
        built.sources.allowances["siar"] = SMALL
        records = [(at, n) for at, n in _filled(built, case) if n]
    assert {n for _, n in records} == {48}
    assert _busiest(records) == 96
    # The first minute's worth is sent at once: what is paced lies between it and the last.
    paced = sum(n for _, n in records[2:]) / ((records[-1][0] - records[1][0]) / MINUTE_S)
    ratio(Ratio("records of a minute used by a SIAR account of 100, of the 100", paced / 100, 0.95))
    ratio(Ratio("the same, of the 96 that whole days can use", paced / 96, 0.95))
