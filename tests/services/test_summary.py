"""What a run says it came to: closed, waiting, given up, never more than the truth."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from gapfill.domain.interval import Interval
from gapfill.domain.ledger import LedgerEntry, Outcome
from gapfill.domain.series import State
from gapfill.services.gap_counts import count_gaps
from gapfill.services.planning import RunRequest, detect_all, make_plan
from gapfill.services.selection import Selection
from gapfill.services.summary import Summary, summarize
from tests.filling import fill
from tests.services.conftest import empty

if TYPE_CHECKING:
    from gapfill.services.context import RunContext
    from tests.services.conftest import Scripted


def run_once(context: RunContext) -> Summary:
    """Carry out what is to be asked, and sum up."""
    order = RunRequest(Selection(tuple(context.catalog.series.values())))
    before = detect_all(context, order)
    plan = make_plan(context, order, before)
    certificates = [fill(context, unit, "run") for unit in plan.units]
    after = detect_all(context, order)
    return summarize(context, "run", [plan], certificates, before, after, 1.0)


def test_a_gap_that_was_given_up_is_not_closed(context: RunContext, sources: Scripted) -> None:
    """Two sources say for the second time that they have nothing."""
    window = Selection(tuple(context.catalog.series.values())).window(
        context.catalog.series["pvpc"],
        context.candidates(context.catalog.series["pvpc"]),
        context.now,
    )
    assert window is not None
    sources.obstacles["esios.1001"] = "is paused"
    later = replace(context, now=context.now + timedelta(days=3))
    before = Interval(window.start - timedelta(days=1), window.start)
    for product in ("ree.pvpc", "esios.archive70"):
        two_days_ago = context.now - timedelta(days=2)
        context.store.append_ledger(
            [
                LedgerEntry("pvpc", product, None, window, Outcome.NO_DATA, two_days_ago, "502"),
                LedgerEntry("pvpc", product, None, before, Outcome.FILLED, later.now, "no outage"),
            ]
        )
    sources.otherwise = empty
    run_once(later)  # asks REE, the second after it ESIOS
    summary = run_once(later)
    assert (summary.gaps_found, summary.gaps_unfillable) == (1, 1)
    assert (summary.gaps_resolved, summary.ree_records_recovered) == (0, 0)
    assert summary.status == "partial"  # the days since then are asked for again


def test_what_only_waits_leaves_a_run_complete(context: RunContext) -> None:
    """Everything that somebody had was asked for; the rest is named as waiting."""
    summary = run_once(context)
    assert (summary.status, summary.gaps_found, summary.gaps_resolved) == ("completed", 1, 1)


def test_a_range_of_local_days_counts_the_days_that_start_in_it(context: RunContext) -> None:
    """A gap that goes on outside the range is closed where its part inside is."""
    series = tuple(context.catalog.series.values())
    start = context.now.replace(day=10, hour=1, minute=30)
    order = RunRequest(Selection(series, start, start + timedelta(hours=4)))
    before = detect_all(context, order)
    plan = make_plan(context, order, before)
    certificates = [fill(context, unit, "run") for unit in plan.units]
    after = detect_all(context, order)
    interval = order.selection.interval
    summary = summarize(context, "run", [plan], certificates, before, after, 1.0, interval)
    assert (summary.status, summary.gaps_found, summary.gaps_resolved) == ("completed", 1, 1)


def test_a_gap_that_was_given_up_is_counted_apart(context: RunContext) -> None:
    """It is not left to be asked for, and not closed; a gap that is missing in part is left."""
    order = RunRequest(Selection(tuple(context.catalog.series.values())))
    (before,) = detect_all(context, order)
    (gap,) = before.coverage.gaps
    half = Interval(gap.interval.start, gap.interval.start + timedelta(days=1))
    rest = Interval(half.end, gap.interval.end)
    lost, open_ = State.UNFILLABLE, State.MISSING
    for pieces, expected in (
        ({gap.interval: lost}, 1),
        ({half: lost, rest: open_}, 0),
        ({half: lost}, 1),
        ({}, 0),
    ):
        gaps = tuple(replace(gap, interval=run, state=state) for run, state in pieces.items())
        after = replace(before, coverage=replace(before.coverage, gaps=gaps))
        assert count_gaps(context, [], [before], [after], None).given_up == expected
