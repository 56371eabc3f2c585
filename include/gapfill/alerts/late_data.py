"""What is missing beyond every grace of its publishers: more than on its way."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from gapfill.domain.candidate import Eligibility
from gapfill.domain.cause import Cause
from gapfill.domain.interval import BEGINNING, Interval, intersect, merge
from gapfill.domain.series import State
from gapfill.domain.severity import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from gapfill.catalog import Catalog
    from gapfill.domain.candidate import Candidate
    from gapfill.domain.gap import Gap
    from gapfill.domain.series import Series
    from gapfill.services.detection import Report
    from gapfill.services.source_status import SourceStatus

PUBLICATION = timedelta(hours=25)
"""The longest day that is published at once: what is missing beyond it is more than late."""


class LateRun(NamedTuple):
    """A missing run, as far as it lies beyond every grace.

    Attributes:
        interval: The run.
        gaps: What it consists of: slots that are missing for several reasons, or without
            several fields, are one run.
    """

    interval: Interval
    gaps: tuple[Gap, ...]

    def is_critical(self, series: Series) -> bool:
        """Tell whether it is as long as a critical gap."""
        return series.severity_of(self.interval) is Severity.CRITICAL


def judge_by_sources(catalog: Catalog, reports: Iterable[Report]) -> list[Series]:
    """Return the series with missing slots that are late by what their sources promise."""
    return [
        series
        for report in reports
        if (series := catalog.series[report.series]).overdue is None
        and any(gap.state is State.MISSING for gap in report.coverage.gaps)
    ]


def late_runs(
    status: SourceStatus, series: Series, report: Report, *, with_setup: bool = False
) -> list[LateRun]:
    """Return the runs of slots that are missing and late, in order.

    Args:
        status: Of the sources, for ``judge_by_sources``.
        series: The series.
        report: What is known of it.
        with_setup: Whether slots count that only sources that are not set up could serve.
    """
    gaps = [
        gap
        for gap in report.coverage.gaps
        if gap.state is State.MISSING and (with_setup or gap.cause is not Cause.SETUP)
    ]
    if not gaps:
        return []
    whole = Interval(BEGINNING, _limit(status, series))
    return [
        LateRun(run, tuple(gap for gap in gaps if gap.interval.intersection(run)))
        for run in intersect(merge(gap.interval for gap in gaps), [whole])
    ]


def tail(status: SourceStatus, series: Series, late: Sequence[LateRun]) -> LateRun | None:
    """Return the run that is the newest publication, and no more, where that is late."""
    if series.overdue is None or not late:
        return None
    newest = late[-1]
    is_tail = newest.interval.end == _limit(status, series)
    return newest if is_tail and newest.interval.duration <= PUBLICATION else None


def _limit(status: SourceStatus, series: Series) -> datetime:
    """Return the first slot that may still be on its way, by what can be asked.

    Where nothing can be, by what could be if it were set up or corrected: a gap is not over
    because its last source is gone.
    """
    if series.overdue is not None:
        return series.overdue.until(status.now, series.grid)
    candidates = [c for c in status.candidates(series) if not _is_paused(c)]
    usable = [c for c in candidates if c.obstacle is None] or candidates
    graces = [c.product.grace.until(status.now, series.grid) for c in usable]
    return max(graces, default=BEGINNING + PUBLICATION)


def _is_paused(candidate: Candidate) -> bool:
    return candidate.obstacle is not None and candidate.obstacle.eligibility is Eligibility.PAUSED
