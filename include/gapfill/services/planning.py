"""Turns what was detected, and what a person asked for, into the plan of one run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from gapfill.domain.due import due_until
from gapfill.domain.interval import BEGINNING, END_OF_TIME, Interval, intersect, merge, subtract
from gapfill.domain.plan import BackfillRequest, Missing, Plan, Unread
from gapfill.domain.unit_planner import plan_units
from gapfill.errors import RequestError, StoreError
from gapfill.services.detection import detect, status_of, unread
from gapfill.services.selection import Selection

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from gapfill.domain.candidate import Candidate
    from gapfill.domain.coverage import Coverage
    from gapfill.domain.gap import Gap
    from gapfill.domain.plan import Unit
    from gapfill.domain.series import Series
    from gapfill.services.context import RunContext
    from gapfill.services.detection import Report

_AGES_H = 10**7
"""Longer than any gap in hours, and what a ``timedelta`` can hold."""


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What a run is to do.

    Attributes:
        selection: Series and range.
        max_gap_hours: Only gaps longer than this; above 0 no upgrades.
        force: Ask again what the ledger ruled out.
        refresh: Ask again what is complete; needs a range.
        sources: Ask only these; ``None``: all. What nobody of them has is then left to a run
            that asks all, and not said to wait or to be without a source.
        without: Keys of products that are not asked, so that others stand in for them.
        one_process: Whether one process carries it out, and so logs in once a source.
    """

    selection: Selection
    max_gap_hours: float = 0
    force: bool = False
    refresh: bool = False
    sources: tuple[str, ...] | None = None
    without: frozenset[str] = frozenset()
    one_process: bool = False

    def check(self, context: RunContext) -> None:
        """Refuse an order that makes no sense.

        Raises:
            RequestError: In a sentence for the person who gave it.
        """
        self.selection.check(context.now)
        if self.max_gap_hours < 0:
            message = f"max_gap_hours must be 0 or more, got {self.max_gap_hours:g}."
            raise RequestError(message)
        if self.refresh and not (self.selection.start and self.selection.end):
            message = "refresh asks again what is complete: give it a start and an end."
            raise RequestError(message)


def detect_all(context: RunContext, order: RunRequest) -> list[Report]:
    """Detect over the whole history of the order's series, so that gaps have their whole length."""
    return detect(context, Selection(order.selection.series))


def make_plan(
    context: RunContext,
    order: RunRequest,
    reports: Sequence[Report],
    logged_in: Collection[str] = (),
    is_new: Callable[[Unit], bool] = lambda _: True,
) -> Plan:
    """Plan what the order asks for, from reports over the whole history.

    Args:
        context: The installation.
        order: What to do.
        reports: What was detected.
        logged_in: Sources that this process has logged in to, where it is the one that carries
            the plan out.
        is_new: Whether a unit is to be carried out.

    Returns:
        The plan of the series that could be read; ``unread`` names the others. There is no
        plan for what is not known.

    Raises:
        StoreError: If no series could be read.
    """
    lost = [Unread(report.series, report.error) for report in reports if report.error]
    planned = [context.catalog.series[r.series] for r in reports if not r.error]
    status = status_of(context, planned)
    wishes: list[BackfillRequest] = []
    coverages = {report.series: report.coverage for report in reports}
    for series in planned:
        try:
            candidates = (status or context).candidates(series)
            wishes.append(_wish(context, order, series, coverages[series.name], candidates))
        except StoreError as exc:
            lost.append(Unread(series.name, str(exc)))
    if lost and not wishes:
        raise nothing_planned(lost)
    opened = logged_in if order.one_process else None
    plan = plan_units(wishes, context.now, force=order.force, logged_in=opened, is_new=is_new)
    if order.sources is not None:
        plan = replace(plan, waiting=(), unhealable=())
    return replace(plan, unread=tuple(lost))


def make_whole_plan(context: RunContext, order: RunRequest, reports: Sequence[Report]) -> Plan:
    """Plan as ``make_plan`` does, but all series or none.

    Raises:
        StoreError: If some series could not be read.
    """
    plan = make_plan(context, order, reports)
    if plan.unread:
        raise nothing_planned(plan.unread)
    return plan


def nothing_planned(lost: Sequence[Unread]) -> StoreError:
    """Return the error for series that could not be read."""
    return StoreError(f"Nothing can be planned: {' '.join(unread(lost))}")


def _wish(
    context: RunContext,
    order: RunRequest,
    series: Series,
    coverage: Coverage,
    candidates: Sequence[Candidate],
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
    lacking: dict[str, list[Interval]] = {}
    if not order.refresh and not order.max_gap_hours:
        lacking = {
            field: intersect(runs, within) for field, runs in _lacking(context, series, coverage)
        }
    return BackfillRequest(
        series,
        candidates,
        gaps,
        lower,
        again,
        pending=pending if not order.max_gap_hours else [],
        lacking=lacking,
        refresh=order.refresh,
    )


def _asked_by(order: RunRequest, candidates: Sequence[Candidate]) -> list[Candidate]:
    return [
        c
        for c in candidates
        if (order.sources is None or c.source.name in order.sources)
        and c.product.key not in order.without
    ]


def _lacking(
    context: RunContext, series: Series, coverage: Coverage
) -> Iterator[tuple[str, list[Interval]]]:
    """Yield each wanted field with missing values, and the slots that are without it.

    Raises:
        StoreError: If the store cannot be read.
    """
    for field in series.fields:
        if field.wanted and coverage.window:
            runs = context.store.missing_optional(series, field.name, coverage.window)
            if runs:
                yield field.name, runs


def _with_length(coverage: Coverage) -> list[tuple[Gap, timedelta]]:
    """Return the gaps, each with the duration of the whole run of slots without a reading."""
    whole = merge(gap.interval for gap in coverage.gaps)
    lengths: list[tuple[Gap, timedelta]] = []
    n = 0
    for gap in coverage.gaps:
        while whole[n].end < gap.interval.end:
            n += 1
        lengths.append((gap, whole[n].duration))
    return lengths
