"""Conditions: what one run observed of each possible incident, from reports and certificates.

A run reports only what it checked: a source that it did not ask is neither down nor up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from gapfill.alerts.incidents import Condition
from gapfill.alerts.late_data import LateRun, late_by_sources, late_runs, tail
from gapfill.alerts.setup_conditions import evaluate_setup
from gapfill.alerts.source_conditions import evaluate_sources
from gapfill.domain.cause import Cause
from gapfill.domain.formatting import count
from gapfill.domain.incident_key import IncidentKey, IncidentKind
from gapfill.domain.interval import Interval, intersect, iso
from gapfill.domain.series import Series, State
from gapfill.domain.severity import Severity
from gapfill.services.certificate import Certificate, UnitOutcome
from gapfill.services.context import RunContext
from gapfill.services.detection import Report, unread
from gapfill.services.failure import STORE, Failure
from gapfill.services.source_status import SourceStatus

NAMED = 3
"""Gaps and attempts named in one line; the rest is counted."""


def evaluate_conditions(
    context: RunContext,
    before: Sequence[Report],
    after: Sequence[Report],
    certificates: Sequence[Certificate],
    healed: Mapping[str, Sequence[Interval]],
    *,
    asked_all: bool = True,
) -> list[Condition]:
    """Return what a run observed; of a series that could not be read, only that.

    Args:
        context: The installation.
        before: Reports over the whole history, from before the run.
        after: The same, from after the run.
        certificates: The results of its units.
        healed: Healed intervals by series.
        asked_all: Whether the run asked for every missing slot. A run with a range or a filter
            cannot report that a publisher is late, or that a slot was asked for.

    Raises:
        StoreError: If the store cannot be read.
    """
    conditions: list[Condition] = []
    failures = unread(after)
    if failures:
        conditions.append(store_failed(" ".join(f"{said.rstrip('.')}." for said in failures)))
    elif {report.series for report in after} == set(context.catalog.series):
        conditions.append(
            Condition(IncidentKind.STORE, STORE, is_there=False, what="Every series was read.")
        )
    read = [report for report in after if not report.error]
    if not read:
        return conditions
    status = context.status(late_by_sources(context.catalog, read))
    conditions += evaluate_sources(context, status, certificates)
    conditions += evaluate_setup(context, after)
    first = {report.series for report in before if not report.error and report.newest is None}
    of_series: defaultdict[str, list[Certificate]] = defaultdict(list)
    for certificate in certificates:
        of_series[certificate.series].append(certificate)
    for report in read:
        series = context.catalog.series[report.series]
        own = of_series[report.series]
        slots = series.grid.total(healed.get(report.series, ()))
        found = _series(status, series, report, own, slots, is_first=report.series in first)
        conditions += [
            s for s in found if asked_all or s.kind is IncidentKind.GAP or not s.is_there
        ]
    return conditions


def store_failed(what: str, tried: str = "") -> Condition:
    """Return the condition that the store cannot be read or written."""
    return Condition(IncidentKind.STORE, STORE, is_there=True, what=what, tried=tried)


def untold(
    failures: Sequence[Failure], seen: Sequence[Condition], after: Sequence[Report]
) -> list[Failure]:
    """Return the failures of a run that no other incident covers.

    If no series can be read, the incident of the store covers all of them.
    """
    if after and all(report.error for report in after):
        return []
    there = {
        IncidentKey(condition.kind, condition.subject) for condition in seen if condition.is_there
    }
    return [failure for failure in failures if failure.incident not in there]


def worth_telling(
    context: RunContext,
    before: Sequence[Report],
    healed: Mapping[str, Sequence[Interval]],
    *,
    everything: bool = False,
) -> dict[str, int]:
    """Return the healed slots that are worth a message, by series.

    A slot counts if its gap was late and worse than minor. Values that arrive on time are not
    worth a message.

    Args:
        context: The installation.
        before: Reports over the whole history, from before the run.
        healed: Healed intervals by series.
        everything: Whether each healed slot counts, as for a run that a person started.
    """
    if everything:
        series_of = context.catalog.series
        return {name: series_of[name].grid.total(runs) for name, runs in healed.items()}
    found: dict[str, int] = {}
    reports = [report for report in before if healed.get(report.series)]
    status = context.status(late_by_sources(context.catalog, reports))
    for report in reports:
        series = context.catalog.series[report.series]
        late = [
            run.interval
            for run in late_runs(status, series, report, with_setup=True)
            if series.severity_of(run.interval) > Severity.MINOR
        ]
        runs = intersect(late, list(healed[report.series]))
        slots = series.grid.total(runs)
        if slots:
            found[report.series] = slots
    return found


def _series(
    status: SourceStatus,
    series: Series,
    report: Report,
    certificates: Sequence[Certificate],
    healed: int,
    *,
    is_first: bool,
) -> Iterator[Condition]:
    late = late_runs(status, series, report)
    unserved = late
    if any(gap.cause is Cause.SETUP for gap in report.coverage.gaps):
        unserved = late_runs(status, series, report, with_setup=True)
    newest = tail(status, series, late)
    has_failed = any(c.outcome in (UnitOutcome.FAILED, UnitOutcome.DEFERRED) for c in certificates)
    tried = _tried(certificates)
    if not (newest and has_failed):  # a failed request does not mean that the publisher is late
        is_late = newest or tail(status, series, unserved)
        what = _sentence(series, [newest]) if newest else _left(report)
        opens = bool(newest) or not is_late
        yield Condition(
            IncidentKind.LATE, series.name, bool(is_late), what, tried, opens, healed=healed
        )
        late = [run for run in late if run is not newest]
    bad = [run for run in late if run.is_critical(series)]
    if bad:
        yield _gap_condition(series, bad, tried, healed, is_first=is_first)
    else:
        # Slots that need a source to be set up open no incident here, but keep one open.
        known = newest.interval if newest else None
        is_open = any(r.is_critical(series) for r in unserved if r.interval != known)
        what = _left(report)
        yield Condition(
            IncidentKind.GAP, series.name, is_open, what, opens=not is_open, healed=healed
        )
    asked = [c for c in certificates if c.calls or c.outcome is UnitOutcome.FAILED]
    has_records = any(c.slots_filled for c in certificates)
    if not late or has_records:
        what = "Nothing is late." if not late else "There were records."
        yield Condition(IncidentKind.NO_DATA, series.name, is_there=False, what=what, healed=healed)
    elif asked:
        yield Condition(
            IncidentKind.NO_DATA,
            series.name,
            is_there=True,
            what=_sentence(series, late),
            tried=tried,
            slot=late[-1].interval.start,
        )


def _gap_condition(
    series: Series, bad: Sequence[LateRun], tried: str, healed: int, *, is_first: bool
) -> Condition:
    what = _sentence(series, bad)
    if is_first:
        what = f"First fill: {what}"
    waits = [gap.waiting for run in bad for gap in run.gaps]
    until = None if None in waits else min(w for w in waits if w)
    reason = bad[-1].gaps[-1].reason.rstrip(".")
    if until:
        what += f" Waits until {iso(until)}{f': {reason}' if reason else ''}."
    return Condition(
        IncidentKind.GAP,
        series.name,
        is_there=True,
        what=what,
        tried=tried,
        until=until,
        healed=healed,
        slot=bad[-1].interval.start,
    )


def _left(report: Report) -> str:
    """Return what is still missing in a series, in a sentence."""
    counts = report.coverage.counts
    named = (
        (counts[State.MISSING], "missing"),
        (counts[State.UNFILLABLE], "that no source has"),
    )
    left = ", ".join(f"{count(n, 'slot')} {words}" for n, words in named if n)
    return f"Still {left}." if left else "Nothing is missing."


def _sentence(series: Series, late: Sequence[LateRun]) -> str:
    slots = series.grid.total(run.interval for run in late)
    spans = [str(run.interval) for run in late[-NAMED:]]
    more = f" and {len(late) - NAMED} more" if len(late) > NAMED else ""
    return f"{count(slots, 'slot')} missing: {', '.join(spans)}{more}."


def _tried(certificates: Sequence[Certificate]) -> str:
    """Return the outcomes of the units, failures first."""
    ordered = sorted(certificates, key=lambda c: c.outcome is not UnitOutcome.FAILED)
    said = [
        f"{c.source}: {c.outcome.words}{f' ({_short(c.note)})' if c.note else ''}" for c in ordered
    ]
    tried = list(dict.fromkeys(said))
    more = f"; and {len(tried) - NAMED} more" if len(tried) > NAMED else ""
    return f"{'; '.join(tried[:NAMED])}{more}." if tried else ""


def _short(note: str) -> str:
    return note.rstrip(".")[:200]
