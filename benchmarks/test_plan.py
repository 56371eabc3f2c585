"""Calls against the optimum, and how many tasks a bad decade needs."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import TYPE_CHECKING

from benchmarks.conftest import END, GAPS, HOUR, START, Ratio, holes
from gapfill.domain.interval import Interval, merge
from gapfill.domain.local_time import local_date
from gapfill.domain.plan import BackfillRequest, Missing
from gapfill.domain.severity import Severity
from gapfill.domain.unit_planner import plan_units
from gapfill.services.planning import RunRequest, detect_all, make_plan
from gapfill.services.selection import Selection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gapfill.domain.series import Series
    from gapfill.services.context import RunContext

HISTORIES = 1000
SPAN_DAYS = 14


def _optimum(gone: Iterable[int]) -> int:
    """Return the fewest windows of 14 Madrid days, and 336 hours, that cover the hours."""
    calls, first_day, first_hour = 0, date.min, -(10**9)
    for n in sorted(gone):
        day = local_date(START + n * HOUR, "Europe/Madrid")
        if day - first_day >= timedelta(SPAN_DAYS) or n - first_hour >= SPAN_DAYS * 24:
            calls, first_day, first_hour = calls + 1, day, n
    return calls


def test_calls_are_the_fewest_possible(
    gappy: RunContext, pvpc: Series, ratio: Callable[[Ratio], None]
) -> None:
    """Plan 1,000 random histories and compare the calls with a count over hours."""
    rng = random.Random(1000)
    candidates = gappy.candidates(pvpc)
    planned = optimum = 0
    for _ in range(HISTORIES):
        gone = holes(rng, rng.randrange(1, 40))
        runs = merge(Interval(START + n * HOUR, START + (n + 1) * HOUR) for n in gone)
        wish = BackfillRequest(pvpc, candidates, [Missing(run, Severity.MINOR) for run in runs])
        planned += plan_units([wish], END).calls
        optimum += _optimum(gone)
    ratio(
        Ratio(
            f"calls ÷ fewest possible, {HISTORIES} random histories",
            planned / optimum,
            1.0,
            at_least=False,
        )
    )


def test_a_bad_decade_needs_few_mapped_tasks(
    gappy: RunContext, ratio: Callable[[Ratio], None]
) -> None:
    """724 gaps over ten years are planned as at most 64 units, none deferred."""
    order = RunRequest(Selection((gappy.catalog.series["pvpc"],)))
    plan = make_plan(gappy, order, detect_all(gappy, order))
    assert plan.deferred == 0
    ratio(Ratio(f"mapped tasks for {GAPS} gaps", len(plan.units), 64, at_least=False))
