"""Conditions of the set-up: what missing slots need, and sources that cannot be used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from gapfill.alerts.incidents import Condition
from gapfill.domain.cause import Cause
from gapfill.domain.formatting import count, needed
from gapfill.domain.incident_key import IncidentKind
from gapfill.services.context import RunContext
from gapfill.services.detection import Report

SOURCES = "sources"
"""Subject of the one incident about sources that are not set up."""


def evaluate_setup(context: RunContext, reports: Sequence[Report]) -> Iterator[Condition]:
    """Yield the conditions of the set-up.

    All sources that are not set up make one condition for the whole installation. A run over some
    of the series knows only a part of it, and does not yield it.

    Args:
        context: The installation.
        reports: Reports over the whole history. A source of a series that could not be read is not
            reported as usable.
    """
    read = [report for report in reports if not report.error]
    if {report.series for report in read} == set(context.catalog.series):
        yield _setup(read)
    broken = {b.source: b.sentence for report in read for b in report.broken}
    looked_at = _sources_of(context, read) - _sources_of(context, [r for r in reports if r.error])
    for source in sorted(looked_at | set(broken)):
        what = broken.get(source, "")
        yield Condition(IncidentKind.BROKEN, source, is_there=source in broken, what=what)


def _sources_of(context: RunContext, reports: Sequence[Report]) -> set[str]:
    """Return the sources of the routes of the reports' series."""
    return {
        product.source
        for report in reports
        for _, product, _ in context.catalog.products_of(context.catalog.series[report.series])
    }


def _setup(reports: Sequence[Report]) -> Condition:
    """Return the condition that lists what each series needs, and for how many slots."""
    parts: list[str] = []
    for report in reports:
        slots = Counter[tuple[str, ...]]()
        for gap in report.coverage.gaps:
            if gap.cause is Cause.SETUP:
                slots[gap.needs] += gap.slots
        parts += [
            f"{report.series} {needed(needs)} for {count(n, 'slot')}" for needs, n in slots.items()
        ]
    what = f"{'; '.join(parts)}." if parts else "No missing slot needs a source to be set up."
    return Condition(IncidentKind.SETUP, SOURCES, is_there=bool(parts), what=what)
