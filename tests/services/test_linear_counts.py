"""Counts of gaps by look-up: the numbers of the plain comparison of every gap with every gap."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, cast

from hypothesis import given
from hypothesis import strategies as st

from gapfill.alerts.late_data import late_runs
from gapfill.domain.cause import Cause
from gapfill.domain.coverage import Coverage
from gapfill.domain.gap import Gap
from gapfill.domain.interval import Interval, intersect, merge, overlap, overlaps
from gapfill.domain.plan import Plan, Unit
from gapfill.domain.request import Request
from gapfill.domain.series import State
from gapfill.domain.severity import Severity
from gapfill.services.context import RunContext
from gapfill.services.detection import Report
from gapfill.services.gap_counts import GapCounts, count_gaps
from tests.catalogs import frozen
from tests.domain.samples import HOUR, at, thoroughly

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gapfill.services.ports import Sources, Store
    from gapfill.services.source_status import SourceStatus

NOW = at("2026-03-20 12:00")
ORIGIN = at("2026-02-28 23:00")
LETTERS = ".mwdsunx"
"""One letter a slot: complete; missing, and then askable, waiting, down or in need of set-up;
unfillable; missing without a field; unknown."""

KNOWN = frozen()
CONTEXT = RunContext(KNOWN, cast("Store", None), cast("Sources", None), NOW)


def _hours(start: int, end: int) -> Interval:
    return Interval(ORIGIN + start * HOUR, ORIGIN + end * HOUR)


def _gap(interval: Interval, letter: str) -> Gap:
    states = {"u": State.UNFILLABLE, "x": State.UNKNOWN}
    return Gap(
        interval,
        int(interval.hours),
        Severity.MINOR,
        states.get(letter, State.MISSING),
        waiting=NOW + HOUR if letter == "w" else None,
        needs=("a_connection",) if letter == "s" else (),
        fields=("a",) if letter == "n" else (),
        is_down=letter == "d",
    )


def _report(letters: str) -> Report:
    """Return a report with a gap for each run of one letter."""
    gaps: list[Gap] = []
    start = 0
    for n in range(1, len(letters) + 1):
        if n == len(letters) or letters[n] != letters[start]:
            if letters[start] != ".":
                gaps.append(_gap(_hours(start, n), letters[start]))
            start = n
    counts = dict.fromkeys(State, 0)
    return Report("pvpc", Coverage(_hours(0, len(letters)), counts, 0, tuple(gaps)))


def _unit(runs: Sequence[Interval]) -> Unit:
    request = Request(runs[0].start, runs[-1].end, tuple(runs))
    return Unit("pvpc", "ree", "pvpc", None, Severity.MINOR, 1, (request,))


def _plainly(
    before: Report, after: Report, units: Sequence[Unit], asked: Interval | None
) -> GapCounts:
    """Count each gap against all gaps after, without any order or look-up."""
    within = [asked or _hours(-1000, 1000)]
    planned = merge(run for unit in units for run in unit.asked)
    missing = before.coverage.runs(State.MISSING)
    missing += intersect(before.coverage.runs(State.UNFILLABLE), planned)
    found = [part for gap in merge(missing) for part in intersect([gap], within)]

    def has(gap: Interval, *states: State) -> bool:
        return any(gap.intersection(run) for run in after.coverage.runs(*states))

    askable = [
        part
        for g in after.coverage.gaps
        if g.cause in (Cause.ASKABLE, Cause.DOWN) and not g.waiting
        for part in intersect([g.interval], within)
    ]
    every = (State.MISSING, State.UNFILLABLE, State.UNKNOWN)
    left = [g for g in after.coverage.gaps if g.interval.intersection(within[0])]
    return GapCounts(
        found=len(found),
        resolved=sum(not has(gap, *every) for gap in found),
        left=sum(any(gap.intersection(run) for run in askable) for gap in found),
        given_up=sum(
            has(gap, State.UNFILLABLE) and not has(gap, State.MISSING, State.UNKNOWN)
            for gap in found
        ),
        waiting=sum(gap.waiting is not None for gap in left),
        unfillable=sum(gap.state is State.UNFILLABLE for gap in left),
        need_setup=sum(gap.cause is Cause.SETUP for gap in left),
    )


slots = st.text(LETTERS, min_size=1, max_size=40)
bounds = st.tuples(st.integers(0, 20), st.integers(1, 20)).map(lambda b: _hours(b[0], b[0] + b[1]))


@given(
    before=slots,
    after=slots,
    asked=st.none() | bounds,
    runs=st.lists(bounds, max_size=4).map(merge),
)
@thoroughly
def test_gaps_are_counted_as_by_comparing_each_with_each(
    before: str, after: str, asked: Interval | None, runs: list[Interval]
) -> None:
    """Found, resolved, left, given up, and the gaps that remain, for any two reports."""
    units = [_unit(runs)] if runs else []
    plans, then, now = [Plan(NOW, tuple(units))], _report(before), _report(after)
    assert count_gaps(CONTEXT, plans, [then], [now], asked) == _plainly(then, now, units, asked)


@given(letters=slots, is_with_setup=st.booleans())
@thoroughly
def test_a_late_run_has_the_gaps_that_share_a_slot_with_it(
    letters: str, *, is_with_setup: bool
) -> None:
    """Whatever causes and fields part the gaps of a run."""
    series, report = KNOWN.series["pvpc"], _report(letters)
    status = cast("SourceStatus", CONTEXT)  # of which only the clock is read: the series has a rule
    found = late_runs(status, series, report, with_setup=is_with_setup)
    gaps = [
        gap
        for gap in report.coverage.gaps
        if gap.state is State.MISSING and (is_with_setup or gap.cause is not Cause.SETUP)
    ]
    assert [(run.interval, run.gaps) for run in found] == [
        (whole, tuple(gap for gap in gaps if gap.interval.intersection(whole)))
        for whole in merge(gap.interval for gap in gaps)
    ]


@given(starts=st.sets(st.integers(0, 40), max_size=16), span=bounds)
@thoroughly
def test_overlapping_intervals_are_found_by_position(starts: set[int], span: Interval) -> None:
    """Those that share an instant with a span, and no others, also where they touch."""
    intervals = [_hours(n, n + 1) for n in sorted(starts)]
    plainly = [one for one in intervals if one.intersection(span)]
    assert intervals[overlap(intervals, span)] == plainly
    assert overlaps(intervals, span) is bool(plainly)


def test_a_span_between_two_intervals_overlaps_none() -> None:
    """It may touch both."""
    intervals = [_hours(0, 2), _hours(4, 6)]
    assert intervals[overlap(intervals, _hours(2, 4))] == []
    assert not overlaps(intervals, _hours(2, 4))
    assert not overlaps([], Interval(NOW, NOW + timedelta(hours=1)))
