"""What a run says it came to: closed, waiting, given up, never more than the truth."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from gapfill.domain.interval import Interval
from gapfill.domain.ledger import Entry, Outcome
from gapfill.services.backfill import fill
from gapfill.services.planning import Order, make_plan, survey
from gapfill.services.selection import Selection
from gapfill.services.summary import Summary, summarize
from tests.services.conftest import empty

if TYPE_CHECKING:
    from gapfill.services.context import Site
    from tests.services.conftest import Scripted


def run_once(site: Site) -> Summary:
    """Carry out what is to be asked, and sum up."""
    order = Order(Selection(tuple(site.catalog.series.values())))
    before = survey(site, order)
    plan = make_plan(site, order, before)
    certificates = [fill(site, unit, "run") for unit in plan.units]
    after = survey(site, order)
    return summarize(site, "run", [plan], certificates, before, after, 1.0)


def test_a_gap_that_was_given_up_is_not_closed(site: Site, sources: Scripted) -> None:
    """Two sources say for the second time that they have nothing."""
    window = Selection(tuple(site.catalog.series.values())).window(
        site.catalog.series["pvpc"], site.candidates(site.catalog.series["pvpc"]), site.now
    )
    assert window is not None
    sources.obstacles["esios.1001"] = "is paused"
    later = replace(site, now=site.now + timedelta(days=3))
    before = Interval(window.start - timedelta(days=1), window.start)
    for product in ("ree.pvpc", "esios.archive70"):
        two_days_ago = site.now - timedelta(days=2)
        site.store.note(
            [
                Entry("pvpc", product, None, window, Outcome.NO_DATA, two_days_ago, "502"),
                Entry("pvpc", product, None, before, Outcome.FILLED, later.now, "no outage"),
            ]
        )
    sources.otherwise = empty
    run_once(later)  # asks REE, the second after it ESIOS
    summary = run_once(later)
    assert (summary.gaps_found, summary.gaps_unfillable) == (1, 1)
    assert (summary.gaps_resolved, summary.ree_records_recovered) == (0, 0)
    assert summary.status == "partial"  # the days since then are asked for again


def test_what_only_waits_leaves_a_run_complete(site: Site) -> None:
    """Everything that somebody had was asked for; the rest is named as waiting."""
    summary = run_once(site)
    assert (summary.status, summary.gaps_found, summary.gaps_resolved) == ("completed", 1, 1)


def test_a_range_of_local_days_counts_the_days_that_start_in_it(site: Site) -> None:
    """A gap that goes on outside the range is closed where its part inside is."""
    series = tuple(site.catalog.series.values())
    start = site.now.replace(day=10, hour=1, minute=30)
    order = Order(Selection(series, start, start + timedelta(hours=4)))
    before = survey(site, order)
    plan = make_plan(site, order, before)
    certificates = [fill(site, unit, "run") for unit in plan.units]
    after = survey(site, order)
    interval = order.selection.interval
    summary = summarize(site, "run", [plan], certificates, before, after, 1.0, interval)
    assert (summary.status, summary.gaps_found, summary.gaps_resolved) == ("completed", 1, 1)
