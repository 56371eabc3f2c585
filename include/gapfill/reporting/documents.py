"""Reports as JSON documents. Their keys are contracts: more may be added, none taken away."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal

from gapfill.domain.interval import iso
from gapfill.domain.reading import format_kept
from gapfill.domain.series import State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from gapfill.catalog import Catalog
    from gapfill.domain.gap import Gap
    from gapfill.domain.grid import Grid
    from gapfill.domain.interval import Interval
    from gapfill.domain.plan import Plan, Unit, Unread
    from gapfill.services.certificate import Certificate
    from gapfill.services.detection import Report
    from gapfill.services.explain import Explanation
    from gapfill.services.ports import StoreLocation
    from gapfill.services.summary import Summary

Document = dict[str, Any]

OverallWord = Literal["ok", "gaps", "unknown"]


def overall(reports: Sequence[Report]) -> OverallWord:
    """Return ``unknown`` when any read failed, ``gaps`` when something is missing, else ``ok``."""
    if any(report.error for report in reports):
        return "unknown"
    return "gaps" if any(report.is_missing for report in reports) else "ok"


def status(
    catalog: Catalog, reports: Sequence[Report], now: datetime, place: StoreLocation | None = None
) -> Document:
    """Return the document of ``status --json``; ``place`` is the store that was read."""
    return {
        "now": iso(now),
        "store": place._asdict() if place else None,
        "state": overall(reports),
        "series": [_series(catalog, report) for report in reports],
    }


def _series(catalog: Catalog, report: Report) -> Document:
    series, coverage = catalog.series[report.series], report.coverage
    return {
        "series": series.name,
        "group": series.group,
        "resolution": resolution(series.grid),
        "earliest": iso(series.earliest),
        "newest": _instant(report.newest),
        "slots": {state.value: n for state, n in coverage.counts.items()},
        "coverage": coverage.coverage,
        "usable": coverage.usable,
        "gaps": [_gap(gap) for gap in coverage.gaps],
        "error": report.error,
        **stored(report),
    }


def stored(report: Report) -> Document:
    """Return what is known of a series beside its gaps."""
    return {
        "warnings": list(report.warnings),
        "flaws": _flaws(report),
        "ahead": _ahead(report),
    }


def _flaws(report: Report) -> Document | None:
    """Return the stored values that do not count, ``None`` where nobody looked."""
    flaws = report.flaws
    if flaws is None:
        return None
    first = flaws.first
    return {
        "values": flaws.values,
        "not_numbers": flaws.not_numbers,
        "first": first and {"at": iso(first.instant), "field": first.field, "value": first.value},
    }


def _ahead(report: Report) -> Document | None:
    ahead = report.ahead
    return ahead and {"points": ahead.points, "newest": iso(ahead.newest)}


def _gap(gap: Gap) -> Document:
    return {
        **_bounds(gap.interval),
        "slots": gap.slots,
        "hours": gap.interval.duration.total_seconds() / 3600,
        "severity": gap.severity.label,
        "state": gap.state.value,
        "waiting": _instant(gap.waiting),
        "next_ask": _instant(gap.next_ask),
        "reason": gap.reason,
        "needs": list(gap.needs),
        "fields": list(gap.fields),
    }


def plan(made: Plan) -> Document:
    """Return the document of ``plan --json``; ``errors`` names series that could not be read."""
    return {
        "now": iso(made.now),
        "units": [unit(u) for u in made.units],
        "waiting": [
            {
                "series": w.series,
                **_bounds(w.interval),
                "slots": w.slots,
                "until": iso(w.until),
                "source": w.source,
                "reason": w.reason,
            }
            for w in made.waiting
        ],
        "unhealable": [
            {
                "series": u.series,
                **_bounds(u.interval),
                "slots": u.slots,
                "reason": u.reason,
                "needs": list(u.needs),
            }
            for u in made.unhealable
        ],
        "deferred": made.deferred,
        "bill": {
            "calls": made.calls,
            "seconds": made.seconds,
            "slots": sum(u.slots for u in made.units),
            "by_source": {
                name: {"calls": c.calls, "seconds": c.seconds, "quota_left": c.quota_left}
                for name, c in made.bill.items()
            },
        },
        **errors(made.unread),
    }


def errors(unread: Sequence[Unread]) -> Document:
    """Return the key ``errors``, which names series that could not be read, if there are any."""
    found = [{"series": one.series, "error": one.error} for one in unread]
    return {"errors": found} if found else {}


def unit(u: Unit) -> Document:
    """Return a unit as a document."""
    return {
        "label": u.label,
        "series": u.series,
        "source": u.source,
        "product": u.product,
        "station": u.station,
        "severity": u.severity.label,
        "slots": u.slots,
        "fields": [*u.fields, *u.enrich],
        "requests": [_bounds(request.interval) for request in u.requests],
    }


def healed(
    summary: Summary,
    certificates: Sequence[Certificate],
    after: Sequence[Report],
    last: Plan | None,
    error: str | None = None,
) -> Document:
    """Return the document of ``heal --json``; ``error`` is what ended it before its end.

    What is not known is ``None``; ``errors`` names series that could not be read.
    """
    left = plan(last) if last else {}
    is_planned = summary.gaps_found is not None
    document = {
        **summarized(summary),
        "certificates": [_certificate(c) for c in certificates],
        "state": "unknown" if error else overall(after),
        "waiting": left["waiting"] if is_planned else None,
        "unhealable": left["unhealable"] if is_planned else None,
    }
    document |= errors(last.unread if last else ())
    if error:
        document |= {"error": error, "batches": batches(certificates)}
        document["healed"] = None if document["batches"] else {}
    return document


def _certificate(certificate: Certificate) -> Document:
    document = asdict(certificate)
    document |= {"outcome": certificate.outcome.value, "error": certificate.error.value}
    document["refused"] = [_bounds(run) for run in certificate.refused]
    for name in ("slots_unproven", "refused"):  # of failures only
        if not document[name]:
            del document[name]
    return document


def batches(certificates: Sequence[Certificate]) -> list[Document]:
    """Return what was written, by batch, read back or not."""
    found: dict[str, Document] = {}
    for c in certificates:
        if c.slots_filled or c.slots_unproven:
            one = found.setdefault(c.batch, {"batch": c.batch, "series": c.series, "slots": 0})
            one["slots"] += c.slots_filled + c.slots_unproven
    return list(found.values())


def summarized(summary: Summary) -> Document:
    """Return what ``summarize`` returns."""
    document = asdict(summary) | {"status": summary.status.value}
    del document["records"]  # of whose slots ``healed`` has all that changed
    document["healed"] = {
        name: [_bounds(run) for run in runs] for name, runs in summary.healed.items()
    }
    document["failures"] = [failure.sentence for failure in summary.failures]
    return document


def explained(explanation: Explanation) -> Document:
    """Return the document of ``explain --json``."""
    row = explanation.row
    return {
        "series": explanation.series,
        "slot": iso(explanation.slot),
        "state": explanation.state.value if explanation.state else "not_expected",
        "sentence": explanation.sentence,
        "row": None
        if row is None
        else {
            "values": dict(row.values),
            "grade": row.grade.label,
            "source": row.source,
            "batch": row.batch,
            "kept": format_kept(row.kept),
        },
        "candidates": [
            {
                "candidate": o.candidate,
                "standing": o.eligibility,
                "until": _instant(o.until),
                "sentence": o.sentence,
            }
            for o in explanation.opinions
        ],
        "next": explanation.next,
    }


def totals(reports: Sequence[Report]) -> dict[State, int]:
    """Return the slots of all series by state."""
    counts = dict.fromkeys(State, 0)
    for report in reports:
        for state, n in report.coverage.counts.items():
            counts[state] += n
    return counts


def first_line(reports: Sequence[Report]) -> str:
    """Return the state of everything in one line.

    It says that nothing is missing only where that is true of every slot that is due: slots
    that no source has are missing too.
    """
    counts = totals(reports)
    named = (State.MISSING, State.UNKNOWN, State.PROVISIONAL, State.PENDING, State.UNFILLABLE)
    parts = [f"{counts[state]:,} {state.value}" for state in named if counts[state]]
    words = {"gaps": "Gaps", "unknown": "A read failed"}
    well = "No gap that a source could fill" if counts[State.UNFILLABLE] else "Nothing missing"
    head = words.get(overall(reports), well)
    return f"{head}: " + ", ".join([f"{counts[State.COMPLETE]:,} complete", *parts])


def resolution(grid: Grid) -> str:
    """Return the newest spacing of a grid as ISO 8601."""
    seconds = int(grid.eras[-1].step.total_seconds())
    for size, before, letter in ((86400, "P", "D"), (3600, "PT", "H"), (60, "PT", "M")):
        if seconds % size == 0:
            return f"{before}{seconds // size}{letter}"
    return f"PT{seconds}S"


def _bounds(interval: Interval) -> Mapping[str, str]:
    return {"start": iso(interval.start), "end": iso(interval.end)}


def _instant(instant: datetime | None) -> str | None:
    return iso(instant) if instant else None
