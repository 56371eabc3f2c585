"""Reports as JSON documents, the same for the command line, the routes and XCom."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from gapfill.catalog import Catalog
from gapfill.domain.plan import Plan
from gapfill.domain.series import State
from gapfill.reporting.models import Document, ExplainOut, OverallWord, SeriesReport, StatusOut
from gapfill.reporting.plan_models import BatchOut, HealOut, PlanOut, RunOut
from gapfill.reporting.source_models import SourcesOut
from gapfill.services.certificate import Certificate
from gapfill.services.detection import Report
from gapfill.services.explain import Explanation
from gapfill.services.ports import StoreLocation
from gapfill.services.source_overview import SourceOverview
from gapfill.services.summary import Summary


def plain(document: Document) -> dict[str, Any]:
    """Return a document as plain JSON."""
    return document.model_dump(mode="json")


def status(
    catalog: Catalog, reports: Sequence[Report], now: datetime, place: StoreLocation | None = None
) -> StatusOut:
    """Return the document of ``status --json``; ``place`` is the store."""
    series = [SeriesReport(catalog.series[report.series], report) for report in reports]
    return StatusOut.model_validate(
        {"now": now, "store": place, "state": overall(reports), "series": series}
    )


def plan(made: Plan) -> PlanOut:
    """Return the document of ``plan --json``; ``errors`` names series that could not be read."""
    parts = {name: getattr(made, name, None) for name in PlanOut.model_fields}
    return PlanOut.model_validate(parts | {"bill": made, "errors": made.unread})


def healed(
    summary: Summary,
    certificates: Sequence[Certificate],
    after: Sequence[Report],
    last: Plan | None,
    error: str | None = None,
) -> HealOut:
    """Return the document of ``heal --json``; ``error`` is the error that stopped it."""
    is_planned = summary.gaps_found is not None
    parts = {name: getattr(summary, name) for name in RunOut.model_fields} | {
        "certificates": certificates,
        "state": "unknown" if error else overall(after),
        "waiting": last.waiting if last and is_planned else None,
        "unhealable": last.unhealable if last and is_planned else None,
        "errors": last.unread if last else (),
        "batches": batches(certificates),
    }
    if error:
        parts |= {"error": error, "healed": None if parts["batches"] else {}}
    return HealOut.model_validate(parts)


def batches(certificates: Sequence[Certificate]) -> list[BatchOut]:
    """Return the written slots by batch, verified or not."""
    found: dict[str, BatchOut] = {}
    for c in certificates:
        if c.slots_filled or c.slots_unproven:
            one = found.setdefault(c.batch, BatchOut(batch=c.batch, series=c.series, slots=0))
            one.slots += c.slots_filled + c.slots_unproven
    return list(found.values())


def explained(explanation: Explanation) -> ExplainOut:
    """Return the document of ``explain --json``."""
    return ExplainOut.model_validate(explanation)


def sources(found: Sequence[SourceOverview], now: datetime) -> SourcesOut:
    """Return the document of ``sources --json``."""
    return SourcesOut.model_validate({"now": now, "sources": found})


def overall(reports: Sequence[Report]) -> OverallWord:
    """Return ``unknown`` if any read failed, ``gaps`` if a slot is missing, else ``ok``."""
    if any(report.error for report in reports):
        return "unknown"
    return "gaps" if any(report.is_missing for report in reports) else "ok"


def first_line(reports: Sequence[Report], *, has_refused: bool = False) -> str:
    """Return the state of all series in one line; ``has_refused``: the store refused slots.

    It reports that nothing is missing only if no due slot is: slots that no source has are
    missing too.
    """
    counts = {state: sum(r.coverage.counts[state] for r in reports) for state in State}
    named = (State.MISSING, State.UNKNOWN, State.PROVISIONAL, State.PENDING, State.UNFILLABLE)
    parts = [f"{counts[state]:,} {state.value}" for state in named if counts[state]]
    words = {"gaps": "Gaps", "unknown": "A read failed"}
    well = "No gap that a source could fill" if counts[State.UNFILLABLE] else "Nothing missing"
    if has_refused and counts[State.UNFILLABLE]:
        well = "The store refused slots"
    head = words.get(overall(reports), well)
    return f"{head}: " + ", ".join([f"{counts[State.COMPLETE]:,} complete", *parts])
