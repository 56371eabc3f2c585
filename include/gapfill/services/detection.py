"""Finds the state of every expected slot. A failed read is ``unknown``, never "no gaps"."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gapfill.domain.candidate import Candidate
from gapfill.domain.coverage import Coverage, classify, nothing, unknown
from gapfill.domain.due import horizon
from gapfill.domain.interval import Interval, merge
from gapfill.domain.invalid_values import Ahead, Flaws, sentences
from gapfill.domain.plan import Unread
from gapfill.domain.series import Series, State
from gapfill.errors import StoreError
from gapfill.services.context import RunContext
from gapfill.services.coverage_warnings import UnusableSource, unusable_of, warnings_of
from gapfill.services.selection import Selection
from gapfill.services.shifted_prices import shifted
from gapfill.services.source_status import SourceStatus


@dataclass(frozen=True, slots=True)
class Report:
    """The state of one series.

    Attributes:
        series: Catalogue name.
        coverage: Its slots by state, and its gaps.
        newest: Newest expected slot with a reading, ``None`` for none or unknown.
        error: Why the read failed, ``None`` if it did not.
        warnings: Warnings about its sources, and about wrong values of an earlier release, one
            sentence each.
        broken: Sources that are set up but cannot be used.
        flaws: The stored values of its slots that do not count, ``None`` if not checked.
        ahead: The points after its last expected slot, ``None`` if not checked or none.
    """

    series: str
    coverage: Coverage
    newest: datetime | None = None
    error: str | None = None
    warnings: tuple[str, ...] = ()
    broken: tuple[UnusableSource, ...] = ()
    flaws: Flaws | None = None
    ahead: Ahead | None = None

    @property
    def is_missing(self) -> bool:
        """Whether a due slot has no reading and could have one."""
        return self.coverage.counts[State.MISSING] > 0


def detect(context: RunContext, selection: Selection, *, closely: bool = False) -> list[Report]:
    """Return a report for each selected series; the report of a failed read has the error.

    Args:
        context: The installation.
        selection: The series and the range.
        closely: Whether to count stored values that are not readings. That reads every field;
            gaps need only the required ones.
    """
    status = status_of(context, selection.series)
    found = [detect_series(context, series, selection, status) for series in selection.series]
    if not closely:
        return found
    return warn_of_unfinished(context, [look_closely(context, report, status) for report in found])


def status_of(context: RunContext, series: Sequence[Series]) -> SourceStatus | None:
    """Return the status for all series; ``None`` if each series must read its own.

    If they cannot be read together, each is read alone, which shows which of them fail.
    """
    if len(series) <= 1:
        return None
    try:
        return context.status(series)
    except StoreError:
        return None


def warn_of_unfinished(context: RunContext, reports: Sequence[Report]) -> list[Report]:
    """Return reports with a warning about removals that have not written back all points yet.

    A ``retype`` that nothing is read beside is an error of the report already.
    """
    if all(report.error for report in reports):
        return list(reports)
    try:
        left = [one for one in context.store.unfinished() if not one.bars]
    except StoreError as exc:
        return [_unread(context, report, exc) for report in reports]
    measurements = {name: one.measurement for name, one in context.catalog.series.items()}
    return [
        replace(
            report,
            warnings=(
                *report.warnings,
                *(one.sentence for one in left if one.measurement == measurements[report.series]),
            ),
        )
        for report in reports
    ]


def unread(reports: Iterable[Report | Unread]) -> list[str]:
    """Return why reads failed, one sentence for each reason, which names the series."""
    failed: dict[str, list[str]] = {}
    for report in reports:
        if report.error:
            failed.setdefault(report.error, []).append(report.series)
    return [f"{', '.join(names)} could not be read: {why}" for why, names in failed.items()]


def detect_series(
    context: RunContext, series: Series, selection: Selection, status: SourceStatus | None = None
) -> Report:
    """Return the report of one series.

    The newest slot follows from the missing slots, if these are known up to the last expected
    slot.

    Args:
        context: The installation.
        series: The series.
        selection: The range.
        status: Of the sources, in the same phase; ``None`` to read it.
    """
    candidates: Sequence[Candidate] = []
    try:
        candidates = (status or context).candidates(series)
        window = selection.window(series, candidates, context.now)
        if window is None:
            return Report(series.name, nothing(), _newest(context, series, candidates))
        missing = context.store.missing_by_field(series, window)
        lower = context.store.lower_grade(series, window)
        coverage = classify(series, window, missing, lower, candidates, context.now)
        broken = unusable_of(series, coverage, candidates, context.now)
        warnings = (
            *(b.sentence for b in broken),
            *warnings_of(series, coverage, candidates),
            *shifted(context, series, window),
        )
        newest: datetime | None
        until = _present_until(window, missing)
        if until and selection.end is None:  # to the last expected slot
            newest = series.grid.floor(until - timedelta(microseconds=1))
        else:
            newest = _newest(context, series, candidates)
        return Report(series.name, coverage, newest, warnings=warnings, broken=broken)
    except StoreError as exc:
        window = selection.window(series, candidates, context.now)
        coverage = unknown(series, window) if window else nothing()
        return Report(series.name, coverage, error=str(exc))


def look_closely(context: RunContext, report: Report, status: SourceStatus | None = None) -> Report:
    """Return a report with the stored values that are not readings, and warnings about them."""
    if report.error:
        return report
    series, window = context.catalog.series[report.series], report.coverage.window
    try:
        flaws = context.store.flaws(series, window) if window else Flaws()
        ahead = context.store.ahead(series, last_expected(context, series, status))
    except StoreError as exc:
        return _unread(context, report, exc)
    return with_stored(report, series, flaws, ahead)


def _unread(context: RunContext, report: Report, exc: StoreError) -> Report:
    """Return the report of a series for which a later read failed."""
    if report.error:
        return report
    series, window = context.catalog.series[report.series], report.coverage.window
    found = unknown(series, window) if window else nothing()
    return Report(report.series, found, error=str(exc))


def with_stored(report: Report, series: Series, flaws: Flaws, ahead: Ahead | None) -> Report:
    """Return a report with the stored values that are not readings, and warnings about them."""
    warnings = (*report.warnings, *sentences(series, flaws, ahead))
    return replace(report, flaws=flaws, ahead=ahead, warnings=warnings)


def last_expected(
    context: RunContext, series: Series, status: SourceStatus | None = None
) -> datetime:
    """Return the end of the last expected slot.

    Args:
        context: The installation.
        series: The series.
        status: Of the sources, in the same phase; ``None`` to read it.

    Raises:
        StoreError: If the ledger cannot be read.
    """
    return horizon(series, (status or context).candidates(series), context.now)


def _present_until(window: Interval, missing: Mapping[str, Sequence[Interval]]) -> datetime | None:
    """Return the end of the last slot of a window with every field, ``None`` for none."""
    absent = merge(run for runs in missing.values() for run in runs)
    is_last_gone = bool(absent) and absent[-1].end == window.end
    until = absent[-1].start if is_last_gone else window.end
    return until if until > window.start else None


def _newest(
    context: RunContext, series: Series, candidates: Sequence[Candidate]
) -> datetime | None:
    return context.store.newest(series, horizon(series, candidates, context.now))
