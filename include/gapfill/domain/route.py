"""Which source heals a slot: zones of the route, runs of equal assessments, and the choice."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from operator import attrgetter
from typing import NamedTuple

from gapfill.domain.assessment import Assessment, needs_of, why_not
from gapfill.domain.candidate import ASKABLE, WAITS, Candidate, Eligibility
from gapfill.domain.cause import is_down
from gapfill.domain.eligibility import edges, evaluate
from gapfill.domain.grid import DAY
from gapfill.domain.interval import BEGINNING, END_OF_TIME, Interval
from gapfill.domain.local_time import local_date, month_start
from gapfill.domain.series import Grade, Series, Zone
from gapfill.domain.station_order import in_turn


def zone_bounds(series: Series, now: datetime) -> list[tuple[Interval, Zone]]:
    """Return the zones of the route with their slots, in order of time.

    A slot of exactly the limit's age is older. Daily slots belong to the month of their date.
    Slots outside all zones have a zone without sources.
    """
    grid, taken_from = series.grid, END_OF_TIME
    bounds: list[tuple[Interval, Zone]] = []
    for zone in (*series.route, Zone(())):
        start = BEGINNING
        if zone.younger_than is not None:
            start = grid.end_of(grid.floor(now - zone.younger_than))
        elif zone.current_month:
            start = _month_of(series, now)
        if start < taken_from:
            bounds.append((Interval(start, taken_from), zone))
            taken_from = start
    return bounds[::-1]


def _month_of(series: Series, now: datetime) -> datetime:
    start = month_start(now, series.place.zone)
    if series.grid.step_at(now) < DAY:
        return series.grid.ceil(start)
    first = local_date(start, series.place.zone)
    return start.replace(year=first.year, month=first.month, day=1, hour=0, minute=0)


class Piece(NamedTuple):
    """Slots for which every candidate has the same assessment.

    Attributes:
        interval: The slots, ``[start, end)``.
        assessments: Of the candidates, in the order of the route; the same tuple for consecutive
            pieces with the same assessments.
    """

    interval: Interval
    assessments: tuple[Assessment, ...]

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """The candidates in the order of the route."""
        return tuple(assessment.candidate for assessment in self.assessments)


def cut(
    runs: Sequence[Interval],
    series: Series,
    candidates: Sequence[Candidate],
    now: datetime,
    *,
    field: str | None = None,
    force: bool = False,
    above: Grade | None = None,
) -> Iterator[Piece]:
    """Split runs of slots where the zone or a candidate's assessment changes.

    If a product is not published yet, ``until`` is that of the piece's first slot.

    Args:
        runs: Sorted, disjoint runs of whole slots.
        series: The series of the slots.
        candidates: All products of the series' route.
        now: The clock.
        field: As for ``evaluate``.
        force: As for ``evaluate``.
        above: As for ``evaluate``.
    """
    if not runs:
        return
    known = _cuts_of(series, candidates, now, field, force=force, above=above)
    for run in runs:
        first = bisect_right(known.cuts, run.start)
        inner = known.cuts[first : bisect_left(known.cuts, run.end)]
        for n, (start, end) in enumerate(pairwise([run.start, *inner, run.end]), first):
            assessments = known.kept.get(n)
            if assessments is None:
                order = known.ordered[bisect_right(known.starts, start) - 1]
                assessed = [
                    evaluate(c, series, start, now, field=field, force=force, above=above)
                    for c in order
                ]
                assessments = tuple(in_turn(assessed, series, start, now, field))
                if not any(v.eligibility is Eligibility.NOT_OUT for v in assessments):
                    known.kept[n] = assessments
            yield Piece(Interval(start, end) if inner else run, assessments)


class _Cuts(NamedTuple):
    """Where the assessments of candidates can change.

    Attributes:
        cuts: The slots, sorted.
        starts: The first slot of each zone.
        ordered: The candidates of each zone, in its order.
        kept: Assessments between two cuts, by the number of the cut after.
        of: What the others follow from. It keeps these objects, and so their ids, alive.
    """

    cuts: Sequence[datetime]
    starts: Sequence[datetime]
    ordered: Sequence[tuple[Candidate, ...]]
    kept: dict[int, tuple[Assessment, ...]]
    of: tuple[object, ...]


_KNOWN: dict[tuple[object, ...], _Cuts] = {}
"""The cuts of late; many series of one place and route share them."""

_KEPT = 64


def _cuts_of(
    series: Series,
    candidates: Sequence[Candidate],
    now: datetime,
    field: str | None,
    *,
    force: bool,
    above: Grade | None,
) -> _Cuts:
    """Return the cuts for candidates; the same object for the same ones."""
    of = *candidates, series.route, series.grid
    how = now, field, force, above, series.place.zone, series.required
    key = *map(id, of), *how
    known = _KNOWN.get(key)
    if known is None:
        bounds = zone_bounds(series, now)
        starts = [interval.start for interval, _ in bounds]
        ordered = [_in_order(zone, candidates) for _, zone in bounds]
        marks = {*starts[1:], *(era.start for era in series.grid.eras[1:])}
        marks.update(e for c in candidates for e in edges(c, series, now, field))
        known = _Cuts(sorted(marks), starts, ordered, {}, of)
        while len(_KNOWN) >= _KEPT:
            _KNOWN.pop(next(iter(_KNOWN)), None)
        _KNOWN[key] = known
    return known


def _in_order(zone: Zone, candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    return tuple(c for name in zone.sources for c in candidates if c.source.name == name)


class Assignment(NamedTuple):
    """Slots assigned to a candidate, or left over.

    Attributes:
        interval: The slots, ``[start, end)``.
        candidate: The candidate to ask; ``None`` if none can be asked now.
        until: For slots left over, when a source can be asked; ``None`` for never.
        reason: For slots left over, a sentence that says why.
        by: For slots left over, the source that they wait for.
        needs: For slots left over, connections and settings that are not set up and could serve.
        is_down: For slots left over, whether their source is blocked or cannot be used.
    """

    interval: Interval
    candidate: Candidate | None
    until: datetime | None = None
    reason: str = ""
    by: str | None = None
    needs: tuple[str, ...] = ()
    is_down: bool = False


def choose(
    runs: Sequence[Interval],
    series: Series,
    candidates: Sequence[Candidate],
    now: datetime,
    *,
    field: str | None = None,
    force: bool = False,
    above: Grade | None = None,
) -> Iterator[Assignment]:
    """Assign each slot to the first candidate of its route that can serve it.

    A candidate that failed or had no value in the last two hours is used only if no other one can
    serve; a last resort only if no observed product can. The results are in order of time and not
    merged.
    """
    assessments: tuple[Assessment, ...] | None = None
    answer: _Answer = (None, None, "", None, (), False)
    for piece in cut(runs, series, candidates, now, field=field, force=force, above=above):
        if piece.assessments is not assessments:
            assessments = piece.assessments
            answer = _answer(assessments)
        yield Assignment(piece.interval, *answer)


_Answer = tuple["Candidate | None", "datetime | None", str, "str | None", tuple[str, ...], bool]


def _answer(assessments: Sequence[Assessment]) -> _Answer:
    """Return the assignment for these assessments, without its interval."""
    for standing in ASKABLE:
        able = [v.candidate for v in assessments if v.eligibility is standing]
        if able:
            return _first(able), None, "", None, (), False
    waits = [v for v in assessments if v.eligibility in WAITS and v.until]
    if waits:
        first = min(waits, key=_until)
        by = first.candidate
        why = f"{by.name} {first.sentence}"
        return None, first.until, why, by.source.name, (), is_down(assessments)
    return None, None, why_not(assessments), None, needs_of(assessments), is_down(assessments)


def _first(able: Sequence[Candidate]) -> Candidate:
    """Return the first candidate, or the first observed product if that one is a last resort."""
    observed = (c for c in able if c.product.grade >= Grade.OBSERVED)
    return next(observed, able[0]) if able[0].product.is_last_resort else able[0]


_until = attrgetter("until")
