"""Log lines of tasks: tables, and the sentences of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from gapfill.domain.cause import Cause
from gapfill.domain.formatting import count, needed, percent, short, span, total
from gapfill.domain.gap import Gap
from gapfill.domain.plan import Plan, Unhealable, Unit, Waiting
from gapfill.domain.series import State
from gapfill.domain.severity import Severity
from gapfill.reporting.documents import first_line
from gapfill.reporting.plan_models import BillOut
from gapfill.services.certificate import Certificate
from gapfill.services.detection import Report, unread
from gapfill.services.planning import RunRequest
from gapfill.services.summary import RunStatus

T = TypeVar("T")

MOST = 20
"""Lines of one kind in a log; the others are counted."""

NAMED = 5
"""Items named in one sentence; the others are counted."""


def request_line(order: RunRequest, *, is_dry: bool) -> str:
    """Return the request of a run, as a sentence."""
    selection = order.selection
    parts = [", ".join(series.name for series in selection.series)]
    if selection.has_range:
        since, until = (short(b) if b else "open" for b in (selection.start, selection.end))
        parts.append(f"from {since} to {until}")
    else:
        parts.append("the whole history")
    if order.sources:
        parts.append(f"only of {', '.join(order.sources)}")
    if order.max_gap_hours:
        parts.append(f"only gaps longer than {order.max_gap_hours:g} h")
    flags = {"force": order.force, "refresh": order.refresh, "dry_run": is_dry}
    parts += [name for name, is_on in flags.items() if is_on]
    return f"Asked for: {'; '.join(parts)}."


def report_lines(reports: Sequence[Report]) -> Iterator[str]:
    """Yield ``status``'s first line, the state of every series, and the worst gaps."""
    yield first_line(reports)
    states = tuple(State)
    yield from _table(
        ("series", *(state.value for state in states), "coverage", "newest"),
        [
            (
                report.series,
                *(f"{report.coverage.counts[state]:,}" for state in states),
                percent(report.coverage.coverage),
                short(report.newest) if report.newest else "–",
            )
            for report in reports
        ],
    )
    yield from unread(reports)
    yield from dict.fromkeys(warning for report in reports for warning in report.warnings)
    yield from _gap_lines("gap", reports, Severity.MINOR)


def _gap_lines(head: str, reports: Sequence[Report], least: Severity) -> Iterator[str]:
    """Yield the gaps of at least a severity, worst first, then newest first."""
    gaps = [
        (report.series, gap)
        for report in reports
        for gap in report.coverage.gaps
        if gap.severity >= least
    ]
    gaps.sort(key=lambda pair: (pair[1].severity, pair[1].interval.end), reverse=True)
    yield from _some(gaps, lambda pair: f"{head}: {_gap(*pair)}")


def _gap(series: str, gap: Gap) -> str:
    parts = [gap.severity.label, count(gap.slots, "slot"), gap.state.value]
    words = _CAUSES.get(gap.cause)
    parts += [words] if words else []
    parts += [needed(gap.needs)] if gap.cause is Cause.SETUP else []
    parts += [f"waits until {short(gap.waiting)}"] if gap.waiting else []
    return f"{series} {span(gap.interval)} ({', '.join(parts)})"


_CAUSES = {Cause.DOWN: "source down", Cause.NONE: "no source has it"}


def plan_lines(plan: Plan) -> Iterator[str]:
    """Yield the plan with its bill, and the slots without a request, by cause with the reason."""
    yield f"Plan: {bill_of(len(plan.units), plan)}."
    yield from (f"Nothing is planned of it: {said}" for said in unread(plan.unread))
    if plan.deferred:
        yield f"{count(plan.deferred, 'unit')} more left for the next run."
    yield from _table(
        ("source", "calls", "seconds", "quota left"),
        [
            (name, str(cost.calls), f"{cost.seconds:.0f}", _quota(cost.quota_left))
            for name, cost in plan.bill.items()
        ],
    )
    yield from _table(
        ("unit", "source", "product", "severity", "slots", "requests"),
        [
            (u.label, u.source, u.product, u.severity.label, str(u.slots), str(len(u.requests)))
            for u in plan.units
        ],
    )
    yield from _some(plan.waiting, _waiting)
    yield from _some(plan.unhealable, _unhealable)


def _waiting(left: Waiting) -> str:
    return (
        f"{'source down' if left.is_down else 'waits'}: {left.series} {span(left.interval)} "
        f"({count(left.slots, 'slot')}) until {short(left.until)} for {left.source}: {left.reason}"
    )


def _unhealable(left: Unhealable) -> str:
    return (
        f"{_CAUSES.get(left.cause) or needed(left.needs)}: {left.series} {span(left.interval)} "
        f"({count(left.slots, 'slot')}): {left.reason}"
    )


def bill_of(units: int, bill: Plan | BillOut) -> str:
    """Return the size and the cost of a plan."""
    return (
        f"{count(units, 'unit')}, {count(bill.slots, 'slot')}, {count(bill.calls, 'call')}, "
        f"about {bill.seconds:.0f} s at the sources' rates"
    )


def unit_lines(unit: Unit) -> Iterator[str]:
    """Yield the requests of a unit, before it makes them."""
    yield (
        f"Asks {unit.source} {unit.product}{f' at {unit.station}' if unit.station else ''} "
        f"for {count(unit.slots, 'slot')} of {unit.series} ({unit.severity.label}) "
        f"in {count(len(unit.requests), 'request')}."
    )
    yield from _some(unit.requests, lambda request: f"request: {span(request.interval)}")


def certificate_line(certificate: Certificate) -> str:
    """Return the result of a unit, as a sentence."""
    c = certificate
    note = f" {c.note.rstrip('.')}." if c.note else ""
    rejected = f", {count(c.rejected, 'value')} not believed" if c.rejected else ""
    return (
        f"{c.outcome}: {count(c.calls, 'call')} to {c.source}, "
        f"{count(c.slots_asked, 'slot')} asked for, {c.slots_filled} written and read back "
        f"as {c.grade}{rejected}, in {c.seconds:.1f} s; batch {c.batch}.{note}"
    )


def summary_lines(document: Mapping[str, Any], after: Sequence[Report]) -> Iterator[str]:
    """Yield the result of a run, and the remaining gaps that are worse than minor.

    Args:
        document: The result of ``summarize``.
        after: Reports over the whole history, after the run.
    """
    yield sentence(document)
    yield first_line(after)
    for name, runs in document["healed"].items():
        spans = [f"{run['start']}–{run['end']}" for run in runs]
        yield f"healed: {name} {_list(spans)}"
    yield from _gap_lines("left", after, Severity.MODERATE)


def sentence(document: Mapping[str, Any]) -> str:
    """Return the result of a run, as a sentence."""
    d = document
    if d["dry_run"]:
        return (
            f"Dry run: {count(d['units_planned'], 'unit')} with "
            f"{count(d['calls_planned'], 'call')} planned, nothing asked and nothing written; "
            f"{count(d['gaps_found'], 'gap')} found."
        )
    records = d["ree_records_recovered"] + d["weather_records_recovered"]
    parts = [
        (
            f"{d['status']}: {total(records, d['slots_enriched'])}; "
            f"{count(d['calls'], 'call')} in {d['duration_seconds']:.0f} s"
        ),
        f"{d['gaps_resolved']} of {count(d['gaps_found'], 'gap')} closed",
    ]
    named = {
        "gaps_waiting": "waiting for a source",
        "gaps_need_setup": "in need of a source to be set up",
        "gaps_unfillable": "that no source has",
    }
    parts += [f"{count(d[key], 'gap')} {words}" for key, words in named.items() if d[key]]
    if d["units_failed"]:
        parts.append(f"{count(d['units_failed'], 'unit')} failed")
    if d["units_deferred"]:
        parts.append(f"{count(d['units_deferred'], 'unit')} deferred to a later run")
    return "; ".join(parts) + "."


UNREAD = " could not be read: "
"""Text of a failure after the name of a series (``services.detection.unread``)."""


def trouble(document: Mapping[str, Any]) -> str | None:
    """Return why a run must fail, as a sentence for the operator; ``None`` if it must not.

    Deferred units do not fail it: the next run asks a source again that refused, or was down
    for other units.
    """
    failures: list[str] = document["failures"]
    if not failures and not document["units_failed"]:
        return None
    failed = document["units_failed"]
    head = "Not every source could be asked"
    if any(UNREAD in said for said in failures):
        head = "Not every series could be read"
    if failed or document["status"] == RunStatus.FAILED:
        head = f"{count(failed, 'unit')} failed" if failed else "The run could not do its work"
    return f"{head}: {_list([said.rstrip('.') for said in failures], '; ')}."


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield a table with columns as wide as needed; nothing for no rows."""
    if not rows:
        return
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for row in (head, *rows):
        yield "  ".join(cell.ljust(n) for cell, n in zip(row, widths, strict=True)).rstrip()


def _some(items: Sequence[T], line: Callable[[T], str]) -> Iterator[str]:
    """Yield the lines of the first items, and how many there are besides."""
    yield from map(line, items[:MOST])
    if len(items) > MOST:
        yield f"… and {len(items) - MOST:,} more"


def _list(items: Iterable[str], mark: str = ", ") -> str:
    named = list(items)
    more = len(named) - NAMED
    return mark.join(named[:NAMED]) + (f"{mark}and {more:,} more" if more > 0 else "")


def _quota(left: int | None) -> str:
    return "no quota" if left is None else f"{left:,}"
