"""Counts the gaps that a run found, closed and left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gapfill.domain.cause import Cause
from gapfill.domain.grid import Grid
from gapfill.domain.interval import (
    BEGINNING,
    END_OF_TIME,
    Interval,
    intersect,
    merge,
    overlaps,
)
from gapfill.domain.plan import Plan, Unit
from gapfill.domain.series import State
from gapfill.services.context import RunContext
from gapfill.services.detection import Report

Runs = Mapping[str, Sequence[Interval]]
"""By series, sorted and disjoint."""


class GapCounts(NamedTuple):
    """Gaps in the range of a run.

    Attributes:
        found: Those with a due slot missing, before.
        resolved: How many of those are completely filled, after.
        left: How many of those could still be asked for, after.
        given_up: How many of those are neither closed nor missing, but unfillable, after.
        waiting: Gaps, after, for which a source can be asked later.
        unfillable: Gaps, after, that no source has.
        need_setup: Gaps, after, that only sources that are not set up could serve.
    """

    found: int
    resolved: int
    left: int
    given_up: int
    waiting: int
    unfillable: int
    need_setup: int


def count_gaps(
    context: RunContext,
    plans: Sequence[Plan],
    before: Sequence[Report],
    after: Sequence[Report],
    asked: Interval | None,
) -> GapCounts:
    """Count the gaps that a run found, closed and left; arguments as for ``summarize``."""
    units = [unit for plan in plans for unit in plan.units]
    ranges = {name: _range(series.grid, asked) for name, series in context.catalog.series.items()}
    gaps = [g for r in after for g in r.coverage.gaps if overlaps(ranges[r.series], g.interval)]
    return GapCounts(
        *_resolved(before, after, ranges, planned_runs(context, units)),
        waiting=sum(gap.waiting is not None for gap in gaps),
        unfillable=sum(gap.state is State.UNFILLABLE for gap in gaps),
        need_setup=sum(gap.cause is Cause.SETUP for gap in gaps),
    )


def planned_runs(context: RunContext, units: Sequence[Unit]) -> Runs:
    """Return the runs that units ask for, by series."""
    runs: dict[str, list[Interval]] = {name: [] for name in context.catalog.series}
    for unit in units:
        runs.setdefault(unit.series, []).extend(unit.asked)
    return {name: merge(own) for name, own in runs.items()}


def _range(grid: Grid, asked: Interval | None) -> list[Interval]:
    """Return the slots that start in the range of a run."""
    if asked is None:
        return [Interval(BEGINNING, END_OF_TIME)]
    covered = grid.cover(asked)
    return [covered] if covered else []


def _resolved(
    before: Sequence[Report], after: Sequence[Report], ranges: Runs, planned: Runs
) -> tuple[int, int, int, int]:
    """Return how many gaps were found, are closed, could be asked for still, and are given up.

    Gaps are those that ``status`` lists. One that has become unfillable is neither closed nor left
    to ask for; one that was unfillable counts where a run asked for it all the same. Each gap is
    looked up in the runs after: the cost is linear in the gaps, but for a logarithm.
    """
    read = {r.series: r for r in after if not r.error}
    found = resolved = left = given_up = 0
    for report in before:
        now, within = read.get(report.series), ranges[report.series]
        lost = intersect(report.coverage.runs(State.UNFILLABLE), planned[report.series])
        gaps = intersect(merge([*report.coverage.runs(State.MISSING), *lost]), within)
        found += len(gaps)
        if now is None:
            left += len(gaps)
            continue
        open_, could_end = open_runs(now), now.coverage.runs(State.MISSING, State.UNKNOWN)
        askable = intersect([g.interval for g in now.coverage.gaps if g.is_askable], within)
        for gap in gaps:
            is_closed = not overlaps(open_, gap)
            resolved += is_closed
            left += overlaps(askable, gap)
            given_up += not is_closed and not overlaps(could_end, gap)
    return found, resolved, left, given_up


def open_runs(report: Report) -> list[Interval]:
    """Return the slots of a report without a reading, for any reason, as runs."""
    return report.coverage.runs(State.MISSING, State.UNFILLABLE, State.UNKNOWN)
