"""What people read on a terminal: one sentence first, then tables that fit 80 columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.table import Table

from gapfill.domain.interval import iso
from gapfill.domain.series import State
from gapfill.services.views import first_line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rich.console import Console

    from gapfill.domain.coverage import Gap
    from gapfill.domain.interval import Interval
    from gapfill.domain.plan import Plan
    from gapfill.services.detect import Report
    from gapfill.services.explain import Explanation
    from gapfill.services.heal import Healed

MOST = 12
"""Lines of one list; what is left over is counted."""

_COLOUR = {State.MISSING: "red", State.UNKNOWN: "red", State.UNFILLABLE: "yellow"}


def show_status(out: Console, reports: Sequence[Report]) -> None:
    """Print the state of everything, then a row per series, then the gaps, worst first."""
    out.print(first_line(reports))
    for report in reports:
        if report.error:
            out.print(f"{report.series}: {report.error}", style="red", soft_wrap=True)
    table = _table("series", "coverage", "usable", "missing", "pending", "unfill.", "newest")
    for report in reports:
        counts = report.coverage.counts
        table.add_row(
            report.series,
            _percent(report.coverage.coverage),
            _percent(report.coverage.usable),
            f"{counts[State.MISSING] + counts[State.UNKNOWN]:,}",
            f"{counts[State.PENDING]:,}",
            f"{counts[State.UNFILLABLE]:,}",
            _short(report.newest),
        )
    out.print(table)
    _show_gaps(out, reports)


def _show_gaps(out: Console, reports: Sequence[Report]) -> None:
    gaps = [(r.series, gap) for r in reports for gap in r.coverage.gaps]
    gaps.sort(key=lambda pair: (pair[1].state is State.MISSING, pair[1].severity, pair[1].interval.end), reverse=True)
    for series, gap in gaps[:MOST]:
        out.print(_gap_line(series, gap), style=_COLOUR[gap.state], soft_wrap=True)
    if len(gaps) > MOST:
        out.print(f"… and {len(gaps) - MOST:,} more; --json lists all.")


def _gap_line(series: str, gap: Gap) -> str:
    waits = f", waits until {_short(gap.waiting)}" if gap.waiting else ""
    return f"{gap.severity.label:<8} {series} {_span(gap.interval)} {gap.slots:,} slots {gap.state}{waits}"


def show_plan(out: Console, plan: Plan) -> None:
    """Print the units, the bill, and what waits or cannot be healed with the reason."""
    slots = sum(unit.slots for unit in plan.units)
    out.print(
        f"Plan: {len(plan.units)} units, {slots:,} slots, {plan.calls} calls, "
        f"about {plan.seconds:.0f} s; {plan.deferred} units deferred."
    )
    if plan.units:
        table = _table("series", "from", "to", "source", "severity", "slots", "calls")
        for unit in plan.units[:MOST]:
            table.add_row(
                unit.series, _short(unit.interval.start), _short(unit.interval.end),
                f"{unit.source} {unit.product}", unit.severity.label, f"{unit.slots:,}",
                str(len(unit.requests)),
            )
        out.print(table)
        if len(plan.units) > MOST:
            out.print(f"… and {len(plan.units) - MOST} more units; --json lists all.")
    show_left(out, plan)


def show_left(out: Console, plan: Plan) -> None:
    """Print what nobody can be asked for now, and why."""
    lines = [
        f"waits     {w.series} {_span(w.interval)} {w.slots:,} slots until {_short(w.until)}: {w.reason}"
        for w in plan.waiting
    ]
    lines += [
        f"unhealable {u.series} {_span(u.interval)} {u.slots:,} slots: {u.reason}"
        for u in plan.unhealable
    ]
    for line in lines[:MOST]:
        out.print(line, soft_wrap=True)
    if len(lines) > MOST:
        out.print(f"… and {len(lines) - MOST} more; --json lists all.")


def show_healed(out: Console, done: Healed, after: Sequence[Report]) -> None:
    """Print what healing came to, what is left, and the batches it may be undone by."""
    summary = done.summary
    records = summary.ree_records_recovered + summary.weather_records_recovered
    out.print(
        f"{summary.status}: {records:,} slots healed, {summary.gaps_resolved} of "
        f"{summary.gaps_found} gaps closed, {summary.calls} calls, "
        f"{summary.units_failed} units failed, {summary.units_deferred} deferred."
    )
    for failure in summary.failures[:MOST]:
        out.print(failure, style="red", soft_wrap=True)
    out.print(first_line(after))
    _show_gaps(out, after)
    for certificate in done.certificates[:MOST]:
        if certificate.slots_filled:
            out.print(f"batch {certificate.batch}", soft_wrap=True)


def show_explanation(out: Console, found: Explanation) -> None:
    """Print the state in a sentence, each candidate's verdict, and what comes next."""
    out.print(f"{found.series} {iso(found.slot)} is {found.state}: it {found.sentence}.", soft_wrap=True)
    for opinion in found.opinions:
        out.print(f"  {opinion.candidate} {opinion.sentence}", soft_wrap=True)
    out.print(f"Next: {found.next}.", soft_wrap=True)


def _table(*columns: str) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        is_number = column in ("coverage", "usable", "missing", "pending", "unfill.", "slots", "calls")
        table.add_column(column, justify="right" if is_number else "left", no_wrap=True)
    return table


def _percent(share: float | None) -> str:
    """Return a share in percent; 100 % only for the whole, never by rounding."""
    if share is None:
        return "–"
    return "100 %" if share >= 1 else f"{min(share * 100, 99.99):.2f} %"


def _span(interval: Interval) -> str:
    return f"{_short(interval.start)}–{_short(interval.end)}"


def _short(instant: datetime | None) -> str:
    return iso(instant).replace(":00Z", "Z") if instant else "–"
