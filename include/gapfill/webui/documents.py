"""Views as documents: numbers, gaps, and what to do about them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from gapfill.domain.civil import day_start, local_date
from gapfill.domain.interval import iso
from gapfill.domain.series import State
from gapfill.errors import RequestError, StoreError
from gapfill.orchestration.params import LOCAL, MAX_DAYS_BACK
from gapfill.services import views
from gapfill.webui import models
from gapfill.webui.cells import LETTERS, calendar
from gapfill.webui.runs import DAG, dag_state

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from gapfill.domain.coverage import Gap
    from gapfill.domain.plan import Plan
    from gapfill.domain.severity import Severity
    from gapfill.services.detect import Report
    from gapfill.webui.lookout import View

SHOWN_GAPS = 200
"""Gaps that the page lists; the rest are counted."""

RECENT_DAYS = 10
"""Gaps no older than this are healed by ``days_back``, older ones by their range."""


def summary(view: View, plan: Plan) -> models.SummaryOut:
    """Return everything in a few numbers.

    Raises:
        StoreError: If any series could not be read: numbers without it would look too good.
    """
    insist(view)
    recommendation, strategy = recommend(view.reports, plan)
    return models.SummaryOut(
        now=view.now,
        state="gaps" if any(r.is_missing for r in view.reports) else "ok",
        ree_data=_group(view, "ree"),
        weather_data=_group(view, "weather"),
        series=[_series(view, report) for report in view.reports],
        recovery=recovery(plan),
        recommendation=recommendation,
        strategy=strategy,
        dag=dag(),
    )


def detected(view: View, plan: Plan, days_back: int | None) -> models.DetectOut:
    """Return every gap that reaches into the last days, each with its whole length.

    Raises:
        StoreError: As ``summary``.
    """
    insist(view)
    since = None
    if days_back is not None:
        since = day_start(local_date(view.now, LOCAL) - timedelta(days=days_back), LOCAL)
    gaps = [
        (view.catalog.series[report.series].group, gap_out(report.series, gap))
        for report in view.reports
        for gap in report.coverage.gaps
        if since is None or gap.interval.end > since
    ]
    recommendation, strategy = recommend(view.reports, plan)
    return models.DetectOut(
        now=view.now,
        days_back=days_back,
        ree_gaps=[gap for group, gap in gaps if group == "ree"],
        weather_gaps=[gap for group, gap in gaps if group != "ree"],
        recommendation=recommendation,
        strategy=strategy,
        recovery=recovery(plan),
    )


def coverage(view: View) -> models.CoverageOut:
    """Return what the page draws.

    Raises:
        StoreError: If no series at all could be read.
    """
    if view.reports and all(report.error for report in view.reports):
        insist(view)
    gaps = [(report.series, gap) for report in view.reports for gap in report.coverage.gaps]
    gaps.sort(key=_worst_first, reverse=True)
    return models.CoverageOut(
        now=view.now,
        state=views.overall(view.reports),  # type: ignore[arg-type] # one of the three words
        letters=LETTERS,
        series=[_calendar(view, report) for report in view.reports],
        gaps=[gap_out(name, gap) for name, gap in gaps[:SHOWN_GAPS]],
        gaps_total=len(gaps),
        dag=dag(),
    )


def check_days(days_back: int | None) -> None:
    """Refuse a number of days that makes no sense.

    Raises:
        RequestError: In a sentence.
    """
    if days_back is not None and not 1 <= days_back <= MAX_DAYS_BACK:
        message = f"days_back is {days_back}: expected a whole number from 1 to {MAX_DAYS_BACK}."
        raise RequestError(message)


def insist(view: View) -> None:
    """Refuse to speak of series that could not be read.

    Raises:
        StoreError: If there is one.
    """
    if view.errors:
        raise StoreError(" ".join(view.errors))


def dag() -> models.DagOut:
    """Return how the DAG that heals stands."""
    state = dag_state()
    return models.DagOut(id=DAG, known=state.is_known, paused=state.is_paused)


def recovery(plan: Plan) -> models.Recovery:
    """Return what healing would take."""
    return models.Recovery(
        units=len(plan.units),
        calls=plan.calls,
        seconds=plan.seconds,
        slots=sum(unit.slots for unit in plan.units),
        waiting_slots=sum(w.slots for w in plan.waiting),
        unhealable_slots=sum(u.slots for u in plan.unhealable),
        deferred_units=plan.deferred,
    )


def recommend(reports: Sequence[Report], plan: Plan) -> tuple[str, models.Strategy]:
    """Return what to do, in a sentence and as a request."""
    gaps = [g for r in reports for g in r.coverage.gaps if g.state is State.MISSING]
    if not gaps:
        return "Nothing is missing.", models.Strategy(name="none")
    askable = [g for g in gaps if g.waiting is None]
    if not askable or not plan.units:
        until = min((g.waiting for g in gaps if g.waiting), default=None)
        when = f" before {iso(until)}" if until else " now"
        sentence = f"{_gaps(len(gaps))} open, but no source can be asked{when}: wait."
        return sentence, models.Strategy(name="wait")
    first = local_date(min(g.interval.start for g in askable), LOCAL)
    last = local_date(max(g.interval.end for g in askable) - timedelta(microseconds=1), LOCAL)
    cost = f"{plan.calls:,} calls, about {_duration(plan.seconds)}"
    days = (local_date(plan.now, LOCAL) - first).days
    if 0 <= days <= RECENT_DAYS:
        path = f"/gaps/backfill?days_back={max(1, days)}"
        strategy = models.Strategy(name="backfill", method="POST", path=path)
        return f"{_gaps(len(gaps))} open: heal the last {max(1, days)} days ({cost}).", strategy
    body = {"start_date": str(first), "end_date": str(last), "data_source": "all"}
    strategy = models.Strategy(name="range", method="POST", path="/gaps/backfill/range", body=body)
    return f"{_gaps(len(gaps))} open: heal {first} to {last} ({cost}).", strategy


def gap_out(series: str, gap: Gap) -> models.GapOut:
    """Return a gap as a document."""
    return models.GapOut(
        series=series,
        start=gap.interval.start,
        end=gap.interval.end,
        slots=gap.slots,
        hours=gap.interval.duration.total_seconds() / 3600,
        severity=gap.severity.label,  # type: ignore[arg-type] # one of the three words
        state=gap.state.value,  # type: ignore[arg-type] # one of the three words
        waiting=gap.waiting,
        next_ask=gap.next_ask,
        reason=gap.reason,
    )


def _group(view: View, name: str) -> models.GroupOut:
    chosen = [
        r for r in view.reports if (view.catalog.series[r.series].group == "ree") == (name == "ree")
    ]
    gaps = [g for r in chosen for g in r.coverage.gaps if g.state is State.MISSING]
    newest: list[datetime] = [r.newest for r in chosen if r.newest]
    return models.GroupOut(
        status=("gaps" if gaps else "ok") if chosen else "none",
        gap_hours=_hours(gaps),
        gaps=len(gaps),
        newest=max(newest, default=None),
        severity=_worst(gaps),
        series=[r.series for r in chosen],
    )


def _series(view: View, report: Report) -> models.SeriesOut:
    series, found = view.catalog.series[report.series], report.coverage
    gaps = [g for g in found.gaps if g.state is State.MISSING]
    return models.SeriesOut(
        series=series.name,
        group=series.group,
        resolution=views.resolution(series.grid),
        earliest=series.earliest,
        newest=report.newest,
        state="gaps" if report.is_missing else "ok",
        slots={state.value: n for state, n in found.counts.items()},
        coverage=found.coverage,
        usable=found.usable,
        missing_hours=_hours(gaps),
        gaps=len(gaps),
        severity=_worst(gaps),
    )


def _calendar(view: View, report: Report) -> models.CalendarOut:
    series, found = view.catalog.series[report.series], report.coverage
    days = calendar(series, found)
    return models.CalendarOut(
        series=series.name,
        group=series.group,
        resolution=views.resolution(series.grid),
        target=series.target.label,
        measurement=series.measurement,
        zone=days.zone,
        first_day=days.first_day,
        newest=report.newest,
        coverage=found.coverage,
        usable=found.usable,
        slots={state.value: n for state, n in found.counts.items()},
        days=days.days,
        error=report.error,
    )


def _hours(gaps: Iterable[Gap]) -> float:
    return sum(gap.interval.duration.total_seconds() for gap in gaps) / 3600


def _worst(gaps: Iterable[Gap]) -> models.SeverityWord | None:
    worst: Severity | None = max((gap.severity for gap in gaps), default=None)
    return worst.label if worst else None  # type: ignore[return-value] # one of the three words


def _worst_first(named: tuple[str, Gap]) -> tuple[bool, Severity, datetime]:
    gap = named[1]
    return gap.state is not State.UNFILLABLE, gap.severity, gap.interval.end


def _gaps(count: int) -> str:
    return "1 gap is" if count == 1 else f"{count:,} gaps are"


def _duration(seconds: float) -> str:
    if seconds < 1:
        return "a second"
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"  # noqa: PLR2004 - two minutes are told in minutes
