"""The routes that read: they answer from the store, through the services of the command line.

Reads of the store block, so each route runs in the ``worker_pool``.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from gapfill.domain.local_time import parse_bound
from gapfill.errors import RequestError, StoreError
from gapfill.orchestration.run_request import read_request
from gapfill.reporting import documents
from gapfill.reporting.models import ExplainOut
from gapfill.reporting.plan_models import PlanOut
from gapfill.reporting.source_models import SourcesOut
from gapfill.services.detection import detect_series
from gapfill.services.explain import explain as explain_slot
from gapfill.services.planning import make_whole_plan
from gapfill.services.run_params import read_params
from gapfill.services.selection import Selection
from gapfill.services.source_overview import look_at_sources
from gapfill.webui import response_models, responses
from gapfill.webui.auth import MAY_READ
from gapfill.webui.calendar_encoding import zone_of
from gapfill.webui.conditional_responses import Rendered, answer, render
from gapfill.webui.request_models import (
    DetectQuery,
    ExplainQuery,
    PlanQuery,
    SeriesQuery,
    SlotsQuery,
)
from gapfill.webui.slots import slots_of
from gapfill.webui.snapshot_cache import SnapshotCache, StoreSnapshot, open_context
from gapfill.webui.worker_pool import reading

MAX_ZOOM = timedelta(days=63)
"""Two months of slots fill a screen; for longer ranges the page has the days."""

Listed = Annotated[SeriesQuery, Query()]
Days = Annotated[DetectQuery, Query()]
Stretch = Annotated[SlotsQuery, Query()]
Order = Annotated[PlanQuery, Query()]
Slot = Annotated[ExplainQuery, Query()]

router = APIRouter(dependencies=[MAY_READ])


@router.get("/summary", response_model=response_models.SummaryOut)
@reading
def summary(request: Request, query: Listed) -> Response:
    """The state of all series in a few numbers, with a recommendation; each requested series."""
    snapshots = _snapshots(request)

    def make(view: StoreSnapshot) -> Rendered:
        responses.refuse_if_unread(view)
        return render(responses.summary(snapshots.closely(view), snapshots.plan(view), query))

    return answer(request, snapshots.derive(f"summary {query!r}", snapshots.view(), make))


@router.get("/detect", response_model=response_models.DetectOut)
@reading
def detect(request: Request, query: Days) -> Response:
    """Every gap that overlaps the last days, each with its whole length."""
    days_back = query.days_back
    read_params({"days_back": days_back})
    snapshots = _snapshots(request)
    view = snapshots.view()
    responses.refuse_if_unread(view)
    plan = snapshots.plan(view, responses.start_of(view.now, days_back))
    return answer(request, render(responses.detected(view, plan, days_back)))


@router.get("/sources", response_model=SourcesOut)
@reading
def sources(request: Request) -> Response:
    """What is known of each source: whether it answers, what it refuses, and what is left today."""

    def make(view: StoreSnapshot) -> Rendered:
        with open_context(view.now) as context:
            return render(documents.sources(look_at_sources(context), view.now))

    snapshots = _snapshots(request)
    return answer(request, snapshots.derive("sources", snapshots.view(), make))


@router.get("/coverage", response_model=response_models.CoverageOut)
@reading
def coverage(request: Request, query: Listed) -> Response:
    """Every day of the requested series for the calendar, and counts of all series."""
    snapshots = _snapshots(request)

    def make(view: StoreSnapshot) -> Rendered:
        return render(responses.coverage(snapshots.closely(view), query))

    return answer(request, snapshots.derive(f"coverage {query!r}", snapshots.view(), make))


@router.get("/coverage/slots", response_model=response_models.SlotsOut)
@reading
def slots(request: Request, query: Stretch) -> Response:
    """Every slot of a few days of one series, with source and value."""
    with open_context() as context:
        (chosen,) = context.catalog.find([query.series])
        zone = zone_of(chosen)
        start, end = (
            _bound("start_date", query.start_date, zone),
            _bound("end_date", query.end_date, zone, is_end=True),
        )
        selection = Selection((chosen,), start, end)
        selection.check(context.now)
        if end - start > MAX_ZOOM:
            asked = f"{query.start_date} to {query.end_date}"
            message = f"{asked} is too long: {MAX_ZOOM.days} days at most."
            raise RequestError(message)
        report = detect_series(context, chosen, selection)
        if report.error:
            raise StoreError(report.error)
        window = report.coverage.window
        rows = context.store.read(chosen, window) if window else []
        return answer(request, render(slots_of(chosen, report.coverage, rows, context.now)))


@router.get("/plan")
@reading
def plan(request: Request, query: Order) -> PlanOut:
    """Which sources a run would ask for what, and what that costs; no source is asked."""
    return make_bill(request, query.model_dump())


@router.get("/explain")
@reading
def explain(query: Slot) -> ExplainOut:
    """The state of a slot, and what each source can do for it; a date means its first slot."""
    with open_context() as context:
        (chosen,) = context.catalog.find([query.series])
        instant = _bound("slot", query.slot, chosen.place.zone)
        is_day = "T" not in query.slot and " " not in query.slot
        instant = chosen.grid.ceil(instant) if is_day else instant
        found = explain_slot(context, chosen, instant)
        return documents.explained(found)


def _snapshots(request: Request) -> SnapshotCache:
    """Return the cache of the app; all its requests share it."""
    found: SnapshotCache = request.app.state.snapshots
    return found


def _bound(name: str, text: str, zone: str, *, is_end: bool = False) -> datetime:
    try:
        return parse_bound(text, zone, is_end=is_end)
    except ValueError:
        message = (
            f"{name} is {text[:40]!r}: expected a date such as 2025-10-26, "
            "or an instant such as 2025-10-26T00:00:00Z."
        )
        raise RequestError(message) from None


def make_bill(request: Request, params: dict[str, Any]) -> PlanOut:
    """Plan what a run with these parameters would do, from the current snapshot of the store.

    Raises:
        ConfigError: If the catalogue, the store's connection or the clock is wrong.
        RequestError: If the parameters are invalid.
        StoreError: If the store cannot be read.
    """
    with open_context() as context:
        read_request(params, context.catalog, context.now)  # refuse before the store is read
        view = _snapshots(request).view()
        order = read_request(params, view.catalog, view.now)
        names = {series.name for series in order.selection.series}
        reports = [report for report in view.reports if report.series in names]
        seen = replace(context, catalog=view.catalog, now=view.now)
        return documents.plan(make_whole_plan(seen, order, reports))
