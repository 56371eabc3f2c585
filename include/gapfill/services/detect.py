"""Finds the state of every expected slot. A failed read is ``unknown``, never "no gaps"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gapfill.domain.coverage import Coverage, classify, nothing, unknown
from gapfill.domain.series import State
from gapfill.errors import StoreError
from gapfill.services.local_clock import shifted
from gapfill.services.reach import Broken, broken_of, warnings_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from gapfill.domain.candidate import Candidate
    from gapfill.domain.interval import Interval
    from gapfill.domain.series import Series
    from gapfill.services.selection import Selection
    from gapfill.services.site import Site


@dataclass(frozen=True, slots=True)
class Report:
    """What is known of one series.

    Attributes:
        series: Catalogue name.
        coverage: Its slots by state, and its gaps.
        newest: Newest slot with a reading, ``None`` for none or unknown.
        error: Why the read failed, ``None`` where it did not.
        warnings: What an operator should know of its sources, and what an earlier release
            wrote wrongly, a sentence each.
        broken: Sources that are set up and cannot be used.
    """

    series: str
    coverage: Coverage
    newest: datetime | None = None
    error: str | None = None
    warnings: tuple[str, ...] = ()
    broken: tuple[Broken, ...] = ()

    @property
    def is_missing(self) -> bool:
        """Whether some due slot has no reading and could have one."""
        return self.coverage.counts[State.MISSING] > 0


def detect(site: Site, selection: Selection) -> list[Report]:
    """Return a report for each selected series; the reports of failed reads carry the error."""
    return [detect_series(site, series, selection) for series in selection.series]


def unread(reports: Iterable[Report]) -> list[str]:
    """Return why reads failed, a sentence for each reason, which names the series."""
    failed: dict[str, list[str]] = {}
    for report in reports:
        if report.error:
            failed.setdefault(report.error, []).append(report.series)
    return [f"{', '.join(names)} could not be read: {why}" for why, names in failed.items()]


def detect_series(site: Site, series: Series, selection: Selection) -> Report:
    """Return the report of one series."""
    candidates: list[Candidate] = []
    try:
        candidates = site.candidates(series)
        window = selection.window(series, candidates, site.now)
        if window is None:
            return Report(series.name, nothing(), site.store.newest(series))
        coverage = _cover(site, series, window, candidates)
        broken = broken_of(series, coverage, candidates, site.now)
        warnings = (
            *(b.sentence for b in broken),
            *warnings_of(series, coverage, candidates),
            *shifted(site, series, window),
        )
        newest = site.store.newest(series)
        return Report(series.name, coverage, newest, warnings=warnings, broken=broken)
    except StoreError as exc:
        window = selection.window(series, candidates, site.now)
        coverage = unknown(series, window) if window else nothing()
        return Report(series.name, coverage, error=str(exc))


def _cover(
    site: Site, series: Series, window: Interval, candidates: Sequence[Candidate]
) -> Coverage:
    missing = site.store.missing(series, window)
    lower = site.store.below_target(series, window)
    return classify(series, window, missing, lower, candidates, site.now)
