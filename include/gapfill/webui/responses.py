"""Snapshots of the store as documents: numbers, gaps, and what to do about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING

from gapfill.domain.cause import Cause
from gapfill.domain.gap import Gap
from gapfill.domain.local_time import day_start, local_date
from gapfill.domain.plan import Plan
from gapfill.domain.series import Series, State
from gapfill.errors import StoreError
from gapfill.orchestration.run_request import LOCAL
from gapfill.reporting import documents
from gapfill.reporting.models import GapFacts
from gapfill.services.detection import Report
from gapfill.webui import response_models
from gapfill.webui.calendar_encoding import LETTERS, calendar, zone_of
from gapfill.webui.dag_runs import DAG, dag_state
from gapfill.webui.recommendations import recommend, recovery
from gapfill.webui.request_models import SeriesQuery
from gapfill.webui.snapshot_cache import StoreSnapshot

if TYPE_CHECKING:
    from gapfill.domain.severity import Severity, SeverityWord

SHOWN_GAPS = 200
"""Maximum number of gaps that the page lists; the others are only counted."""


def summary(view: StoreSnapshot, plan: Plan, query: SeriesQuery) -> response_models.SummaryOut:
    """Return numbers and advice for all series, and the state of those that a query selects.

    Raises:
        StoreError: If no series at all could be read.
    """
    refuse_if_unread(view)
    recommendation, strategy = recommend(view, plan)
    asked = _asked(view, query)
    return response_models.SummaryOut(
        now=view.now,
        state=documents.overall(view.reports),
        store=view.store,
        ree_data=_group(view, "ree"),
        weather_data=_group(view, "weather"),
        series=[_series(view, report) for report in _page(asked, query)],
        series_total=len(asked),
        recovery=recovery(plan),
        recommendation=recommendation,
        strategy=strategy,
        dag=dag(),
    )


def detected(view: StoreSnapshot, plan: Plan, days_back: int | None) -> response_models.DetectOut:
    """Return every gap that overlaps the last days, each with its whole length.

    Args:
        view: The snapshot.
        plan: The plan for those days.
        days_back: Number of days; ``None`` for the whole history.

    Raises:
        StoreError: As ``summary``.
    """
    refuse_if_unread(view)
    since = start_of(view.now, days_back)
    gaps = [
        (view.catalog.series[report.series].group, gap_out(report.series, gap))
        for report in view.reports
        for gap in report.coverage.gaps
        if since is None or gap.interval.end > since
    ]
    recommendation, strategy = recommend(view, plan, since)
    return response_models.DetectOut(
        now=view.now,
        days_back=days_back,
        ree_gaps=[gap for group, gap in gaps if group == "ree"],
        weather_gaps=[gap for group, gap in gaps if group != "ree"],
        errors=view.errors,
        recommendation=recommendation,
        strategy=strategy,
        recovery=recovery(plan),
    )


def coverage(view: StoreSnapshot, query: SeriesQuery) -> response_models.CoverageOut:
    """Return what the page draws: the series that a query selects, and counts of all series.

    Raises:
        StoreError: If no series at all could be read.
    """
    refuse_if_unread(view)
    asked = _asked(view, query)
    gaps = [(report.series, gap) for report in view.reports for gap in report.coverage.gaps]
    gaps.sort(key=_worst_first, reverse=True)
    return response_models.CoverageOut(
        now=view.now,
        state=documents.overall(view.reports),
        store=view.store,
        letters=LETTERS,
        series=[_calendar(view, report) for report in _page(asked, query)],
        series_total=len(asked),
        groups=_groups(view),
        slots={s.value: sum(r.coverage.counts[s] for r in view.reports) for s in State},
        errors=view.errors,
        unread=[report.series for report in view.reports if report.error],
        gaps=[_listed(view.catalog.series[name], gap) for name, gap in gaps[:SHOWN_GAPS]],
        gaps_total=len(gaps),
        gaps_open=sum(gap.state is State.MISSING for _, gap in gaps),
        gaps_by_cause=Counter(gap.cause.value for _, gap in gaps),
        dag=dag(),
    )


def _asked(view: StoreSnapshot, query: SeriesQuery) -> list[Report]:
    def is_asked(series: Series) -> bool:
        is_found = query.search.casefold() in series.name.casefold()
        return is_found and query.group in (None, series.group)

    return [report for report in view.reports if is_asked(view.catalog.series[report.series])]


def _page(asked: list[Report], query: SeriesQuery) -> list[Report]:
    end = None if query.limit is None else query.offset + query.limit
    return asked[query.offset : end]


def _groups(view: StoreSnapshot) -> list[response_models.GroupCount]:
    """Return the groups in the order of the catalogue."""
    found: dict[str, list[Report]] = {}
    for report in view.reports:
        found.setdefault(view.catalog.series[report.series].group, []).append(report)
    return [
        response_models.GroupCount(
            name=name, series=len(some), incomplete=sum(r.is_missing or bool(r.error) for r in some)
        )
        for name, some in found.items()
    ]


def start_of(now: datetime, days_back: int | None) -> datetime | None:
    """Return the start of the last days, as for a run with ``days_back``."""
    if days_back is None:
        return None
    return day_start(local_date(now, LOCAL) - timedelta(days=days_back), LOCAL)


def refuse_if_unread(view: StoreSnapshot) -> None:
    """Raise if no series could be read.

    Raises:
        StoreError: With the reasons.
    """
    if view.reports and all(report.error for report in view.reports):
        raise StoreError(" ".join(view.errors))


def dag() -> response_models.DagOut:
    """Return the state of the DAG that heals gaps."""
    state = dag_state()
    return response_models.DagOut(id=DAG, known=state.is_known, paused=state.is_paused)


def gap_out(series: str, gap: Gap) -> response_models.GapOut:
    """Return a gap as a document."""
    facts = dict(GapFacts.model_validate(gap))
    return response_models.GapOut.model_validate(facts | {"series": series, "cause": gap.cause})


def _listed(series: Series, gap: Gap) -> response_models.ListedGapOut:
    facts = dict(GapFacts.model_validate(gap))
    facts |= {"series": series.name, "cause": gap.cause}
    facts |= {"zone": zone_of(series), "required": series.required}
    return response_models.ListedGapOut.model_validate(facts)


def _group(view: StoreSnapshot, name: str) -> response_models.GroupOut:
    chosen = [
        r for r in view.reports if (view.catalog.series[r.series].group == "ree") == (name == "ree")
    ]
    gaps = [g for r in chosen for g in r.coverage.gaps if g.state is State.MISSING]
    newest: list[datetime] = [r.newest for r in chosen if r.newest]
    is_known = not any(r.error for r in chosen)
    return response_models.GroupOut(
        status=documents.overall(chosen) if chosen else "none",
        gap_hours=_hours(gaps) if is_known else None,
        gaps=len(gaps) if is_known else None,
        newest=max(newest, default=None),
        severity=_worst(gaps),
        series=[r.series for r in chosen],
    )


def _series(view: StoreSnapshot, report: Report) -> response_models.SeriesOut:
    gaps = [g for g in report.coverage.gaps if g.state is State.MISSING]
    found = SimpleNamespace(
        series=view.catalog.series[report.series],
        report=report,
        state=documents.overall([report]),
        missing_hours=None if report.error else _hours(gaps),
        gaps=None if report.error else len(gaps),
        severity=_worst(gaps),
    )
    return response_models.SeriesOut.model_validate(found)


def _calendar(view: StoreSnapshot, report: Report) -> response_models.CalendarOut:
    series, gaps = view.catalog.series[report.series], report.coverage.gaps
    causes = Counter[str]()
    for gap in gaps:
        causes[gap.cause.value] += gap.slots
    found = SimpleNamespace(
        series=series,
        report=report,
        calendar=calendar(series, report.coverage),
        causes=causes,
        needs=[*dict.fromkeys(n for g in gaps if g.cause is Cause.SETUP for n in g.needs)],
    )
    return response_models.CalendarOut.model_validate(found)


def _hours(gaps: Iterable[Gap]) -> float:
    return sum(gap.interval.hours for gap in gaps)


def _worst(gaps: Iterable[Gap]) -> SeverityWord | None:
    worst: Severity | None = max((gap.severity for gap in gaps), default=None)
    return worst.label if worst else None


def _worst_first(named: tuple[str, Gap]) -> tuple[bool, Severity, datetime]:
    gap = named[1]
    return gap.state is not State.UNFILLABLE, gap.severity, gap.interval.end
