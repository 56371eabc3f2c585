"""Finds the state of every expected slot. A failed read is ``unknown``, never "no gaps"."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from gapfill.domain.candidate import Candidate
from gapfill.domain.coverage import Coverage, classify, nothing, unknown
from gapfill.domain.due import horizon
from gapfill.domain.interval import Interval
from gapfill.domain.invalid_values import Ahead, Flaws, sentences
from gapfill.domain.plan import Unread
from gapfill.domain.series import Series, State
from gapfill.errors import StoreError
from gapfill.services.context import RunContext
from gapfill.services.coverage_warnings import UnusableSource, unusable_of, warnings_of
from gapfill.services.each_series import ask_each, candidates_of, good
from gapfill.services.findings import Findings, read_findings
from gapfill.services.ports import Each, SeriesInstant, SeriesWindow
from gapfill.services.selection import Selection
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

    Series are read together, so the number of statements grows with the measurements.

    Args:
        context: The installation.
        selection: The series and the range.
        closely: Whether to count stored values that are not readings. That reads every field;
            gaps need only the required ones.
    """
    candidates = candidates_of(context, selection.series, slots=selection.slots)
    found = _detect(context, selection, candidates)
    if not closely:
        return found
    return warn_of_unfinished(context, look_closely(context, found, candidates))


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

    Args:
        context: The installation.
        series: The series.
        selection: The range.
        status: Of the sources, in the same phase; ``None`` to read it.
    """
    only = replace(selection, series=(series,))
    (report,) = _detect(context, only, candidates_of(context, [series], status, selection.slots))
    return report


def _detect(
    context: RunContext, selection: Selection, known: Each[Sequence[Candidate]]
) -> list[Report]:
    """Return the reports of the selected series."""
    found = read_findings(context, selection, known)
    return [_report(context, series, found) for series in selection.series]


def _report(context: RunContext, series: Series, found: Findings) -> Report:
    name, window = series.name, found.windows[series.name]
    if name in found.errors:
        return _failed(series, window, found.errors[name])
    if window is None:
        return Report(name, nothing(), found.newest[name])
    own = found.candidates[name]
    coverage = classify(series, window, found.missing[name], found.lower[name], own, context.now)
    broken = unusable_of(series, coverage, own, context.now)
    warnings = (
        *(b.sentence for b in broken),
        *warnings_of(series, coverage, own),
        *found.early.get(name, ()),
    )
    return Report(name, coverage, found.newest[name], warnings=warnings, broken=broken)


def look_closely(
    context: RunContext, reports: Sequence[Report], known: Each[Sequence[Candidate]] | None = None
) -> list[Report]:
    """Return reports with the stored values that are not readings, and warnings about them.

    Args:
        context: The installation.
        reports: The reports.
        known: The candidates of their series, in the same phase; ``None`` to read them.
    """
    series = [context.catalog.series[report.series] for report in reports if not report.error]
    errors: dict[str, StoreError] = {}
    candidates = good(known or candidates_of(context, series), errors)
    of_series = {report.series: report.coverage.window for report in reports}
    windows = [SeriesWindow(s, w) for s in series if (w := of_series[s.name])]
    ends = [
        SeriesInstant(one, horizon(one, candidates[one.name], context.now))
        for one in series
        if one.name in candidates
    ]
    flaws = good(ask_each(context.store.flaws_each, windows), errors)
    ahead = good(ask_each(context.store.ahead_each, ends), errors)
    return [
        report
        if report.error
        else _unread(context, report, errors[report.series])
        if report.series in errors
        else with_stored(
            report,
            context.catalog.series[report.series],
            flaws.get(report.series, Flaws()),
            ahead[report.series],
        )
        for report in reports
    ]


def _unread(context: RunContext, report: Report, exc: StoreError) -> Report:
    """Return the report of a series for which a later read failed."""
    if report.error:
        return report
    return _failed(context.catalog.series[report.series], report.coverage.window, exc)


def _failed(series: Series, window: Interval | None, exc: StoreError) -> Report:
    """Return the report of a series that could not be read."""
    coverage = unknown(series, window) if window else nothing()
    return Report(series.name, coverage, error=str(exc))


def with_stored(report: Report, series: Series, flaws: Flaws, ahead: Ahead | None) -> Report:
    """Return a report with the stored values that are not readings, and warnings about them."""
    warnings = (*report.warnings, *sentences(series, flaws, ahead))
    return replace(report, flaws=flaws, ahead=ahead, warnings=warnings)
