"""Reports for people: they fit 80 columns, times are UTC, and colour is only on a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pendulum
from rich.text import Text

from gapfill.catalog import Catalog
from gapfill.cli.gap_lists import show_gaps, show_left, worst_first
from gapfill.cli.layout import COLOURS, capped, sentence, table
from gapfill.domain.cause import Cause
from gapfill.domain.formatting import count, duration, percent, short, total
from gapfill.domain.gap import Gap
from gapfill.domain.plan import Plan, Unhealable, Waiting
from gapfill.domain.series import State
from gapfill.errors import ErrorCode
from gapfill.reporting import documents
from gapfill.services.certificate import UnitOutcome
from gapfill.services.context import RunContext
from gapfill.services.detection import Report
from gapfill.services.explain import Explanation
from gapfill.services.heal import Healed

if TYPE_CHECKING:
    from rich.console import Console

_COLUMNS = {
    State.COMPLETE: "complete",
    State.PROVISIONAL: "provis.",
    State.MISSING: "missing",
    State.PENDING: "pending",
    State.UNFILLABLE: "unfill.",
}


def show_status(out: Console, context: RunContext, reports: Sequence[Report]) -> None:
    """Print the state of every series: a first line, two tables, the store, the gaps."""
    headline(out, reports)
    out.print(f"as of {short(context.now)}\n", style="dim")
    counts = table("series", numbers=("coverage", "usable", *_COLUMNS.values()))
    newest = table("series", "newest", "worst gap")
    for report in reports:
        coverage = report.coverage
        n = ["?" if report.error else f"{coverage.counts[state]:,}" for state in _COLUMNS]
        counts.add_row(report.series, percent(coverage.coverage), percent(coverage.usable), *n)
        gaps = worst_first(coverage.gaps)
        newest.add_row(
            report.series,
            short(report.newest) if report.newest else "?" if report.error else "none",
            _worst(gaps[0]) if gaps else Text("no gap"),
        )
    out.print(counts)
    out.print()
    out.print(newest)
    place = context.store.place.where
    is_new = context.store.stamp() is None
    note = ", which does not exist yet: `heal` and `import` make it" if is_new else ""
    out.print(f"\nstore: {place}{note}", style="dim", soft_wrap=True)
    show_warnings(out, reports)
    for report in reports:
        show_gaps(out, context.catalog.series[report.series], report)


def headline(out: Console, reports: Sequence[Report], *, has_refused: bool = False) -> None:
    """Print the first line, which names everything that is not complete."""
    style = COLOURS[documents.overall(reports)]
    line = documents.first_line(reports, has_refused=has_refused)
    out.print(Text(line, style), soft_wrap=True)


def show_warnings(out: Console, reports: Sequence[Report]) -> None:
    """Print what an operator should know of the sources, each sentence once."""
    for warning in dict.fromkeys(w for report in reports for w in report.warnings):
        out.print(f"\n{warning}", style="yellow", soft_wrap=not out.is_terminal)


def _worst(gap: Gap) -> Text:
    line = f"{gap.slots:,} {gap.state} from {short(gap.interval.start)}"
    return Text(line, COLOURS[gap.severity])


def show_plan(out: Console, plan: Plan) -> None:
    """Print what would be asked, the bill, and what cannot be asked with the reason."""
    slots = count(plan.slots, "slot")
    if plan.units:
        first = (
            f"To ask: {slots} in {count(len(plan.units), 'unit')}, "
            f"{count(plan.calls, 'call')}, about {duration(plan.seconds)}"
        )
    else:
        first = "Nothing to ask now"
    lost = [f"{len(plan.unread):,} series that could not be read"] if plan.unread else []
    out.print(Text(", ".join([first, *_left(plan), *lost]) + ".", "bold"), soft_wrap=True)
    out.print(f"as of {short(plan.now)}", style="dim")
    if plan.units:
        units = table("unit", "severity", "source", numbers=("slots", "calls"))
        for unit in plan.units:
            severity = Text(unit.severity.label, COLOURS[unit.severity])
            cells = f"{unit.slots:,}", f"{len(unit.requests):,}"
            units.add_row(unit.label, severity, unit.source, *cells)
        out.print()
        out.print(units)
    for name, cost in plan.bill.items():
        quota = "" if cost.quota_left is None else f", {cost.quota_left:,} left of the day's quota"
        line = f"{name}: {count(cost.calls, 'call')}, {duration(cost.seconds)}{quota}"
        out.print(line, soft_wrap=True)
    if plan.deferred:
        out.print(f"{count(plan.deferred, 'unit')} more are left for the next run.")
    show_left(out, plan)


_NOT_ASKED = {
    Cause.DOWN: "whose source is down",
    Cause.SETUP: "that need set-up",
    Cause.WAITING: "waiting",
    Cause.NONE: "that no source has",
}


def _left(plan: Plan) -> list[str]:
    """Return how many slots are not asked for, by cause."""
    slots = Counter[Cause]()
    left: list[Waiting | Unhealable] = [*plan.waiting, *plan.unhealable]
    for item in left:
        slots[item.cause] += item.slots
    return [f"{slots[cause]:,} {words}" for cause, words in _NOT_ASKED.items() if slots[cause]]


def show_healed(out: Console, catalog: Catalog, healed: Healed) -> None:
    """Print what healing came to: the state now, the account, failures, batches."""
    has_refused = any(c.error is ErrorCode.STORE_REFUSED for c in healed.certificates)
    headline(out, healed.after, has_refused=has_refused)
    summary = healed.summary
    records = (summary.ree_records_recovered or 0) + (summary.weather_records_recovered or 0)
    found, resolved = summary.gaps_found or 0, summary.gaps_resolved or 0
    given_up = summary.gaps_given_up
    lost = f"{given_up:,} given up, " if given_up else ""
    out.print(
        f"{summary.status}: {total(records, summary.slots_enriched or 0)}; "
        f"{count(found, 'gap')} found, {resolved:,} resolved, {lost}"
        f"{found - resolved - given_up:,} left; "
        f"{count(summary.calls, 'call')} in {duration(summary.duration_seconds)}",
        soft_wrap=True,
    )
    if summary.units_deferred:
        out.print(f"{count(summary.units_deferred, 'unit')} left for a later run.")
    if summary.failures:
        out.print("\nFailed:")
        capped(out, summary.failures, lambda failure: sentence(out, failure.sentence))
    notes = [c for c in healed.certificates if c.note and c.outcome is not UnitOutcome.FAILED]
    if notes:
        out.print("\nNotes:")
        capped(out, notes, lambda c: sentence(out, f"{c.unit}, {c.outcome}: {c.note}"))
    show_warnings(out, healed.after)
    for report in healed.after:
        show_gaps(out, catalog.series[report.series], report)
    _show_batches(out, healed)


def show_broken_off(out: Console, healed: Healed) -> None:
    """Print what was done until an error or a signal ended the healing; stderr says which."""
    summary = healed.summary
    enriched = sum(c.slots_enriched for c in healed.certificates)
    records = sum(c.slots_filled for c in healed.certificates) - enriched
    line = f"Ended before its end: {total(records, enriched)}"
    if summary.gaps_found is not None:
        line += f"; {count(summary.gaps_found, 'gap')} found"
    calls = f"{count(summary.calls, 'call')} in {duration(summary.duration_seconds)}"
    out.print(Text(f"{line}; {calls}", "bold"), soft_wrap=True)
    unproven = sum(c.slots_unproven for c in healed.certificates)
    if unproven:
        out.print(f"{count(unproven, 'slot')} written besides could not be read back.")
    _show_batches(out, healed)


def _show_batches(out: Console, healed: Healed) -> None:
    batches = documents.batches(healed.certificates)
    if batches:
        out.print("\nBatches, each of which `undo` takes back:")
        for one in batches:
            out.print(f"  {one.batch}", soft_wrap=True)


def show_explanation(out: Console, explanation: Explanation, zone: str) -> None:
    """Print one slot's state, the assessment of every candidate, and what comes next.

    Args:
        out: Where to.
        explanation: What is known.
        zone: Time zone of the series' place, for the local time beside UTC.
    """
    local = f"{explanation.slot.astimezone(pendulum.timezone(zone)):%Y-%m-%d %H:%M %Z}"
    state = explanation.state or "not expected"
    first = (
        f"{explanation.series} {short(explanation.slot)} ({local}) is {state}: "
        f"{explanation.sentence.removesuffix('.')}."
    )
    out.print(Text(first, "bold"), soft_wrap=not out.is_terminal)
    out.print("\nWho could give it, in the order of the route:")
    for opinion in explanation.opinions:
        sentence(out, f"{opinion.candidate} {opinion.sentence}.")
    if not explanation.opinions:
        sentence(out, "none: no source of its route offers it.")
    out.print(f"\nNext: {explanation.next}.", soft_wrap=not out.is_terminal)
