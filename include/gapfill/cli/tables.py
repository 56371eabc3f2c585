"""Reports for people: they fit 80 columns, times are UTC, and colour is only on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import pendulum
from rich.table import Table
from rich.text import Text

from gapfill.cli.words import brief, count, duration, percent, short, span
from gapfill.domain.series import State
from gapfill.domain.severity import Severity
from gapfill.services import views

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from rich.console import Console

    from gapfill.domain.gap import Gap
    from gapfill.domain.interval import Interval
    from gapfill.domain.plan import Plan
    from gapfill.services.detect import Report
    from gapfill.services.explain import Explanation
    from gapfill.services.heal import Healed

T = TypeVar("T")

SHOWN = 10
"""Lines of one list; what is left out is counted, and --json lists all."""

_COLOURS = {
    "ok": "bold green",
    "gaps": "bold red",
    "unknown": "bold magenta",
    Severity.CRITICAL: "red",
    Severity.MODERATE: "yellow",
    Severity.MINOR: "",
}
_COLUMNS = {
    State.COMPLETE: "complete",
    State.PROVISIONAL: "provis.",
    State.MISSING: "missing",
    State.PENDING: "pending",
    State.UNFILLABLE: "unfill.",
}
_WORST_STATE = (State.UNKNOWN, State.MISSING, State.UNFILLABLE)


def show_status(out: Console, reports: Sequence[Report], now: datetime) -> None:
    """Print the state of every series: a first line, two tables, the gaps, the failures."""
    headline(out, reports)
    out.print(f"as of {short(now)}\n", style="dim")
    counts = _table("series", numbers=("coverage", "usable", *_COLUMNS.values()))
    newest = _table("series", "newest", "worst gap")
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
    for warning in (w for report in reports for w in report.warnings):
        out.print(f"\n{warning}", style="yellow", soft_wrap=not out.is_terminal)
    for report in reports:
        _show_gaps(out, report, report.coverage.gaps)


def headline(out: Console, reports: Sequence[Report]) -> None:
    """Print the first line, which names everything that is not complete."""
    style = _COLOURS[views.overall(reports)]
    out.print(Text(views.first_line(reports), style), soft_wrap=True)


def worst_first(gaps: Sequence[Gap]) -> list[Gap]:
    """Return gaps by state, severity, length and newness."""
    newest = sorted(gaps, key=lambda g: g.interval.start, reverse=True)
    return sorted(
        newest, key=lambda g: (_WORST_STATE.index(g.state), -g.severity, -g.interval.duration)
    )


def _worst(gap: Gap) -> Text:
    line = f"{gap.slots:,} {gap.state} from {short(gap.interval.start)}"
    return Text(line, _COLOURS[gap.severity])


def _show_gaps(out: Console, report: Report, gaps: Sequence[Gap]) -> None:
    if not gaps:
        return
    out.print(f"\n{report.series}, {count(len(gaps), 'gap')}, worst first:")
    if report.error:
        _sentence(out, report.error)

    def show(gap: Gap) -> None:
        line = (
            f"  {span(gap.interval)}  {count(gap.slots, 'slot')}, {gap.severity.label}, {gap.state}"
        )
        out.print(Text(line, _COLOURS[gap.severity]), soft_wrap=True)
        if gap.waiting:
            _sentence(out, f"waits until {short(gap.waiting)}: {brief(gap.reason)}")
        elif gap.reason:
            _sentence(out, brief(gap.reason))

    _capped(out, worst_first(gaps), show)


def show_plan(out: Console, plan: Plan) -> None:
    """Print what would be asked, the bill, and what cannot be asked with the reason."""
    slots = count(sum(unit.slots for unit in plan.units), "slot")
    if plan.units:
        first = (
            f"To ask: {slots} in {count(len(plan.units), 'unit')}, "
            f"{count(plan.calls, 'call')}, about {duration(plan.seconds)}"
        )
    else:
        first = "Nothing to ask now"
    waiting, lost = sum(w.slots for w in plan.waiting), sum(u.slots for u in plan.unhealable)
    left = [f"{waiting:,} wait"] if waiting else []
    left += [f"{lost:,} cannot be healed"] if lost else []
    out.print(Text(", ".join([first, *left]) + ".", "bold"), soft_wrap=True)
    out.print(f"as of {short(plan.now)}", style="dim")
    if plan.units:
        table = _table("unit", "severity", "source", numbers=("slots", "calls"))
        for unit in plan.units:
            severity = Text(unit.severity.label, _COLOURS[unit.severity])
            cells = f"{unit.slots:,}", f"{len(unit.requests):,}"
            table.add_row(unit.label, severity, unit.source, *cells)
        out.print()
        out.print(table)
    for name, cost in plan.bill.items():
        quota = "" if cost.quota_left is None else f", {cost.quota_left:,} left of the day's quota"
        line = f"{name}: {count(cost.calls, 'call')}, {duration(cost.seconds)}{quota}"
        out.print(line, soft_wrap=True)
    if plan.deferred:
        out.print(f"{count(plan.deferred, 'unit')} more are left for the next run.")
    show_left(out, plan)


def show_left(out: Console, plan: Plan) -> None:
    """Print what waits and what cannot be healed, and why."""
    if plan.waiting:
        out.print("\nWaits:")
        _capped(
            out,
            plan.waiting,
            lambda w: _left(
                out, w.series, w.interval, w.slots, f"until {short(w.until)}: {brief(w.reason)}"
            ),
        )
    if plan.unhealable:
        out.print("\nCannot be healed:")
        _capped(
            out,
            plan.unhealable,
            lambda u: _left(out, u.series, u.interval, u.slots, brief(u.reason)),
        )


def _left(out: Console, series: str, interval: Interval, slots: int, why: str) -> None:
    out.print(f"  {series} {span(interval)}, {count(slots, 'slot')}", soft_wrap=True)
    _sentence(out, why)


def show_healed(out: Console, healed: Healed) -> None:
    """Print what healing came to: the state now, the account, failures, batches."""
    headline(out, healed.after)
    summary = healed.summary
    records = summary.ree_records_recovered + summary.weather_records_recovered
    left = summary.gaps_found - summary.gaps_resolved
    out.print(
        f"{summary.status}: {count(records, 'slot')} written; {count(summary.gaps_found, 'gap')} "
        f"found, {summary.gaps_resolved:,} resolved, {left:,} left; "
        f"{count(summary.calls, 'call')} in {duration(summary.duration_seconds)}",
        soft_wrap=True,
    )
    if summary.units_deferred:
        out.print(f"{count(summary.units_deferred, 'unit')} left for a later run.")
    if summary.failures:
        out.print("\nFailed:")
        _capped(out, summary.failures, lambda failure: _sentence(out, failure))
    notes = [c for c in healed.certificates if c.note and c.outcome != "failed"]
    if notes:
        out.print("\nTo know:")
        _capped(out, notes, lambda c: _sentence(out, f"{c.unit}, {c.outcome}: {c.note}"))
    for report in healed.after:
        missing = [gap for gap in report.coverage.gaps if gap.state is State.MISSING]
        _show_gaps(out, report, missing)
    show_left(out, healed.plan)
    batches = list(dict.fromkeys(c.batch for c in healed.certificates if c.slots_filled))
    if batches:
        out.print("\nBatches, each of which `undo` takes back:")
        for batch in batches:
            out.print(f"  {batch}", soft_wrap=True)


def show_explanation(out: Console, explanation: Explanation, zone: str) -> None:
    """Print one slot's state, every candidate's verdict, and what comes next.

    Args:
        out: Where to.
        explanation: What is known.
        zone: Time zone of the series' place, for the local time beside UTC.
    """
    local = f"{explanation.slot.astimezone(pendulum.timezone(zone)):%Y-%m-%d %H:%M %Z}"
    state = explanation.state or "not expected"
    first = (
        f"{explanation.series} {short(explanation.slot)} ({local}) is {state}: "
        f"{explanation.sentence}."
    )
    out.print(Text(first, "bold"), soft_wrap=not out.is_terminal)
    out.print("\nWho could give it, in the order of the route:")
    for opinion in explanation.opinions:
        _sentence(out, f"{opinion.candidate} {opinion.sentence}.")
    if not explanation.opinions:
        _sentence(out, "nobody: no source of its route offers it.")
    out.print(f"\nNext: {explanation.next}.", soft_wrap=not out.is_terminal)


def _capped(out: Console, items: Sequence[T], show: Callable[[T], None]) -> None:
    for item in items[:SHOWN]:
        show(item)
    if len(items) > SHOWN:
        out.print(f"  and {len(items) - SHOWN:,} more; --json lists all")


def _sentence(out: Console, text: str) -> None:
    """Print a sentence, indented and wrapped on a terminal, in one line elsewhere."""
    if not out.is_terminal:
        out.print(f"    {text}", soft_wrap=True)
        return
    for line in Text(text).wrap(out, max(out.width - 4, 20)):
        out.print(f"    {line.plain.rstrip()}")


def _table(*columns: str, numbers: Iterable[str] = ()) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in columns:
        table.add_column(name, overflow="fold")
    for name in numbers:
        table.add_column(name, justify="right")
    return table
