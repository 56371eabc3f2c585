"""Makes the plan of one run from reports and the request of a person."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from gapfill.domain.candidate import Candidate
from gapfill.domain.coverage import Coverage
from gapfill.domain.due import due_until
from gapfill.domain.gap import Gap
from gapfill.domain.interval import BEGINNING, END_OF_TIME, Interval, intersect, merge, subtract
from gapfill.domain.plan import BackfillRequest, Missing, Plan, Unit, Unread
from gapfill.domain.series import Series
from gapfill.domain.unit_planner import plan_units
from gapfill.errors import RequestError, StoreError
from gapfill.services.context import RunContext
from gapfill.services.detection import Report, detect, unread
from gapfill.services.each_series import ask_each, candidates_of, good
from gapfill.services.ports import Each, SeriesWindow
from gapfill.services.selection import Selection

_AGES_H = 10**7
"""Maximum hours: longer than any gap, and within the range of ``timedelta``."""


@dataclass(frozen=True, slots=True)
class RunRequest:
    """The request of a run.

    Attributes:
        selection: Series and range.
        max_gap_hours: Only gaps longer than this; above 0 there are no upgrades.
        force: Ask for slots that the ledger excludes.
        refresh: Ask for complete slots again; needs a range.
        sources: Ask only these; ``None``: all. Slots that none of these has are left to a run that
            asks all sources; they are not listed as waiting or unhealable.
        without: Keys of products not to ask, so that others replace them.
        one_process: Whether one process runs it, and so logs in once to each source.
    """

    selection: Selection
    max_gap_hours: float = 0
    force: bool = False
    refresh: bool = False
    sources: tuple[str, ...] | None = None
    without: frozenset[str] = frozenset()
    one_process: bool = False

    def check(self, context: RunContext) -> None:
        """Raise if the request is invalid.

        Raises:
            RequestError: With a sentence for the person who made it.
        """
        self.selection.check(context.now)
        if self.max_gap_hours < 0:
            message = f"max_gap_hours must be 0 or more, got {self.max_gap_hours:g}."
            raise RequestError(message)
        if self.refresh and not (self.selection.start and self.selection.end):
            message = "refresh asks for complete slots again: give a start and an end."
            raise RequestError(message)


def detect_all(context: RunContext, order: RunRequest) -> list[Report]:
    """Detect over the whole history of the selected series, so that gaps have their full length."""
    return detect(context, Selection(order.selection.series))


def make_plan(
    context: RunContext,
    order: RunRequest,
    reports: Sequence[Report],
    logged_in: Collection[str] = (),
    is_new: Callable[[Unit], bool] = lambda _: True,
) -> Plan:
    """Make the plan of a request, from reports over the whole history.

    Args:
        context: The installation.
        order: The request.
        reports: The reports.
        logged_in: Sources to which this process has logged in, if it runs the plan itself.
        is_new: Whether to run a unit.

    Returns:
        The plan of the series that could be read; ``unread`` names the others.

    Raises:
        StoreError: If no series could be read.
    """
    planned = [context.catalog.series[r.series] for r in reports if not r.error]
    errors: dict[str, StoreError] = {}
    coverages = {report.series: report.coverage for report in reports}
    optional = good(_missing_optional(context, order, planned, coverages), errors)
    slots = _in_question(order, [coverages[one.name] for one in planned], optional.values())
    readable = [one for one in planned if one.name not in errors]
    candidates = good(candidates_of(context, readable, slots=slots), errors)
    wishes = [
        _backfill(
            context, order, one, coverages[one.name], candidates[one.name], optional.get(one.name)
        )
        for one in planned
        if one.name not in errors
    ]
    lost = [Unread(report.series, report.error) for report in reports if report.error]
    lost += [Unread(one.name, str(errors[one.name])) for one in planned if one.name in errors]
    if lost and not wishes:
        raise nothing_planned(lost)
    opened = logged_in if order.one_process else None
    plan = plan_units(wishes, context.now, force=order.force, logged_in=opened, is_new=is_new)
    if order.sources is not None:
        plan = replace(plan, waiting=(), unhealable=())
    return replace(plan, unread=tuple(lost))


def make_whole_plan(context: RunContext, order: RunRequest, reports: Sequence[Report]) -> Plan:
    """Make the plan as ``make_plan`` does, but for all series or none.

    Raises:
        StoreError: If some series could not be read.
    """
    plan = make_plan(context, order, reports)
    if plan.unread:
        raise nothing_planned(plan.unread)
    return plan


def nothing_planned(lost: Sequence[Unread]) -> StoreError:
    """Return the error for series that could not be read."""
    return StoreError(f"No plan can be made: {' '.join(unread(lost))}")


def _backfill(
    context: RunContext,
    order: RunRequest,
    series: Series,
    coverage: Coverage,
    candidates: Sequence[Candidate],
    optional: Mapping[str, Sequence[Interval]] | None,
) -> BackfillRequest:
    candidates = _asked_by(order, candidates)
    selection = order.selection
    asked_for = series.grid.cover(selection.interval or Interval(BEGINNING, END_OF_TIME))
    within = [asked_for] if asked_for else []
    longer_than = timedelta(hours=min(order.max_gap_hours, _AGES_H))
    gaps = [
        Missing(part, gap.severity, () if order.refresh else gap.fields)
        for gap, length in _with_length(coverage)
        if length > longer_than
        for part in intersect([gap.interval], within)
    ]
    lower = [
        run._replace(interval=part)
        for run in coverage.lower
        if not order.max_gap_hours
        for part in intersect([run.interval], within)
    ]
    again: list[Interval] = []
    if order.refresh and coverage.window:
        end = min(due_until(series, candidates, context.now), coverage.window.end)
        start = coverage.window.start
        due = intersect([Interval(start, end)] if start < end else [], within)
        again = subtract(due, merge(g.interval for g in coverage.gaps))
        lower = []
    pending = intersect(coverage.pending, within)
    missing_optional = {
        field: intersect(runs, within) for field, runs in (optional or {}).items() if runs
    }
    return BackfillRequest(
        series,
        candidates,
        gaps,
        lower,
        again,
        pending=pending if not order.max_gap_hours else [],
        missing_optional=missing_optional,
        refresh=order.refresh,
    )


def _asked_by(order: RunRequest, candidates: Sequence[Candidate]) -> list[Candidate]:
    return [
        c
        for c in candidates
        if (order.sources is None or c.source.name in order.sources)
        and c.product.key not in order.without
    ]


def _missing_optional(
    context: RunContext,
    order: RunRequest,
    planned: Sequence[Series],
    coverages: Mapping[str, Coverage],
) -> Each[dict[str, list[Interval]]]:
    """Return, by series and wanted field, the slots without a value of the field."""
    if order.refresh or order.max_gap_hours:
        return {}
    windows = [
        SeriesWindow(one, window)
        for one in planned
        if (window := coverages[one.name].window) and any(field.wanted for field in one.fields)
    ]
    return ask_each(context.store.missing_optional_each, windows) if windows else {}


def _in_question(
    order: RunRequest,
    coverages: Sequence[Coverage],
    optional: Iterable[Mapping[str, Sequence[Interval]]],
) -> list[Interval] | None:
    """Return the slots that the plan is about, ``None`` for all slots of its range."""
    if order.refresh:
        return order.selection.slots
    gaps = (gap.interval for one in coverages for gap in one.gaps)
    lower = (run.interval for one in coverages for run in one.lower)
    pending = (run for one in coverages for run in one.pending)
    missing = (run for by_field in optional for runs in by_field.values() for run in runs)
    return merge([*gaps, *lower, *pending, *missing])


def _with_length(coverage: Coverage) -> list[tuple[Gap, timedelta]]:
    """Return the gaps, each with the duration of its whole run of slots without a reading."""
    whole = merge(gap.interval for gap in coverage.gaps)
    lengths: list[tuple[Gap, timedelta]] = []
    n = 0
    for gap in coverage.gaps:
        while whole[n].end < gap.interval.end:
            n += 1
        lengths.append((gap, whole[n].duration))
    return lengths
