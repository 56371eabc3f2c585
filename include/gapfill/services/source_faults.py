"""Sources that are set up but cannot be used, as failures of a run: never an all-clear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from gapfill.domain.interval import intersect
from gapfill.services.context import RunContext
from gapfill.services.detection import Report
from gapfill.services.failure import failure_to_use
from gapfill.services.planning import RunRequest
from gapfill.services.summary import RunStatus, Summary


def faults(context: RunContext, order: RunRequest, after: Sequence[Report]) -> dict[str, str]:
    """Return, by source, why an unusable source that could serve missing slots could not be used.

    Args:
        context: The installation.
        order: The request of the run: slots outside its range do not count, and neither do sources
            that it does not ask.
        after: Reports over the whole history, after the run.
    """
    found: dict[str, str] = {}
    for report in after:
        missed = [b for b in report.broken if order.sources is None or b.source in order.sources]
        within = order.selection.interval
        if within is not None:
            covered = context.catalog.series[report.series].grid.cover(within)
            missed = [b for b in missed if covered and intersect(b.missed, [covered])]
        found |= {b.source: b.sentence for b in missed if b.missed}
    return found


def with_faults(summary: Summary, unusable: Mapping[str, str]) -> Summary:
    """Return a summary with the unusable sources added."""
    if not unusable:
        return summary
    worse = {
        RunStatus.NOTHING_TO_DO: RunStatus.FAILED,
        RunStatus.COMPLETED: RunStatus.PARTIAL,
    }
    return replace(
        summary,
        status=worse.get(summary.status, summary.status),
        failures=[*(failure_to_use(*one) for one in unusable.items()), *summary.failures],
    )
