"""Slots that are missing although every grace of their publishers has passed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from gapfill.catalog import Catalog
from gapfill.domain.cause import Cause
from gapfill.domain.gap import Gap
from gapfill.domain.interval import BEGINNING, Interval, intersect, merge, overlap
from gapfill.domain.series import Series, State
from gapfill.domain.severity import Severity
from gapfill.services.detection import Report
from gapfill.services.source_status import SourceStatus

PUBLICATION = timedelta(hours=25)
"""The longest day that is published at once; a longer missing run is more than late."""


class LateRun(NamedTuple):
    """The part of a missing run for which every grace has passed.

    Attributes:
        interval: The run.
        gaps: Its gaps: slots that are missing for different reasons, or without different fields,
            form one run.
    """

    interval: Interval
    gaps: tuple[Gap, ...]

    def is_critical(self, series: Series) -> bool:
        """Return whether its duration is that of a critical gap."""
        return series.severity_of(self.interval) is Severity.CRITICAL


def late_by_sources(catalog: Catalog, reports: Iterable[Report]) -> list[Series]:
    """Return the series with missing slots that are late by the graces of their sources."""
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
        status: Status of the sources, for the series of ``late_by_sources``.
        series: The series.
        report: Its report.
        with_setup: Whether to include slots that need a source to be set up.
    """
    gaps = [
        gap
        for gap in report.coverage.gaps
        if gap.state is State.MISSING and (with_setup or gap.cause is not Cause.SETUP)
    ]
    if not gaps:
        return []
    whole = Interval(BEGINNING, _limit(status, series))
    intervals = [gap.interval for gap in gaps]
    return [
        LateRun(run, tuple(gaps[overlap(intervals, run)]))
        for run in intersect(merge(intervals), [whole])
    ]


def tail(status: SourceStatus, series: Series, late: Sequence[LateRun]) -> LateRun | None:
    """Return the newest run if it is late and no longer than one publication, else ``None``."""
    if series.overdue is None or not late:
        return None
    newest = late[-1]
    is_tail = newest.interval.end == _limit(status, series)
    return newest if is_tail and newest.interval.duration <= PUBLICATION else None


def _limit(status: SourceStatus, series: Series) -> datetime:
    """Return the first slot for which the grace of a usable source has not passed.

    If no source is usable, those that could be set up or corrected decide: a gap does not end
    because its last source is gone.
    """
    if series.overdue is not None:
        return series.overdue.until(status.now, series.grid)
    candidates = [c for c in status.candidates(series) if not c.is_paused]
    usable = [c for c in candidates if c.obstacle is None] or candidates
    graces = [c.product.grace.until(status.now, series.grid) for c in usable]
    return max(graces, default=BEGINNING + PUBLICATION)
