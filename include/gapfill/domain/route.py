"""Which source heals a slot: the route's zones, runs cut where a verdict changes, the choice."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import pairwise
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from gapfill.domain.candidate import ASKABLE, WAITS, Candidate, Eligibility
from gapfill.domain.cause import is_down
from gapfill.domain.eligibility import Assessment, edges, evaluate, in_turn, needs_of, why_not
from gapfill.domain.grid import DAY
from gapfill.domain.interval import BEGINNING, END_OF_TIME, Interval
from gapfill.domain.local_time import local_date, month_start
from gapfill.domain.series import Grade, Zone

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from gapfill.domain.series import Series


def zone_bounds(series: Series, now: datetime) -> list[tuple[Interval, Zone]]:
    """Return, in order of time, which zone of the route takes which slots.

    A slot of exactly the limit's age is older. Daily slots belong to the month of
    their date. Slots that no zone takes have a zone without sources.
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
    """Slots that every candidate judges alike.

    Attributes:
        interval: The slots, ``[start, end)``.
        verdicts: Of the candidates, in the order of the route; the same tuple for
            consecutive pieces that are judged alike.
    """

    interval: Interval
    verdicts: tuple[Assessment, ...]

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """The candidates in the order of the route."""
        return tuple(verdict.candidate for verdict in self.verdicts)


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
    """Cut runs of slots where a zone or any candidate's verdict changes.

    Where a product is not out yet, ``until`` is that of the piece's first slot.

    Args:
        runs: Sorted, disjoint runs of whole slots.
        series: Whose slots.
        candidates: All products of the series' route.
        now: The clock.
        field: As for ``evaluate``.
        force: As for ``evaluate``.
        above: As for ``evaluate``.
    """
    if not runs:
        return
    bounds = zone_bounds(series, now)
    starts = [interval.start for interval, _ in bounds]
    ordered = [_in_order(zone, candidates) for _, zone in bounds]
    marks = {*starts[1:], *(era.start for era in series.grid.eras[1:])}
    marks.update(e for c in candidates for e in edges(c, series, now, field))
    cuts = sorted(marks)
    judged: int | None = None
    verdicts: tuple[Assessment, ...] = ()
    for run in runs:
        first = bisect_right(cuts, run.start)
        inner = cuts[first : bisect_left(cuts, run.end)]
        for n, (start, end) in enumerate(pairwise([run.start, *inner, run.end]), first):
            if n != judged:
                order = ordered[bisect_right(starts, start) - 1]
                judged_now = [
                    evaluate(c, series, start, now, field=field, force=force, above=above)
                    for c in order
                ]
                verdicts = tuple(in_turn(judged_now, series, start, now, field))
                varies = any(v.eligibility is Eligibility.NOT_OUT for v in verdicts)
                judged = None if varies else n
            yield Piece(Interval(start, end) if inner else run, verdicts)


def _in_order(zone: Zone, candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    return tuple(c for name in zone.sources for c in candidates if c.source.name == name)


class Assignment(NamedTuple):
    """Slots given to a candidate, or left over.

    Attributes:
        interval: The slots, ``[start, end)``.
        candidate: Who is to be asked; ``None`` where nobody can be now.
        until: For slots left over, when somebody can; ``None`` where nobody ever will.
        reason: For slots left over, why, in a sentence.
        by: For slots left over, the source that is waited for.
        needs: For slots left over, what is not set up and could serve them.
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
    """Give each slot to the first candidate of its route that can serve it.

    A candidate that failed or had nothing in the last two hours is passed over where
    another can serve meanwhile; a last resort is, where something observed can.
    Pieces come in order of time, uncoalesced.
    """
    verdicts: tuple[Assessment, ...] | None = None
    answer: _Answer = (None, None, "", None, (), False)
    for piece in cut(runs, series, candidates, now, field=field, force=force, above=above):
        if piece.verdicts is not verdicts:
            verdicts = piece.verdicts
            answer = _answer(verdicts)
        yield Assignment(piece.interval, *answer)


_Answer = tuple["Candidate | None", "datetime | None", str, "str | None", tuple[str, ...], bool]


def _answer(verdicts: Sequence[Assessment]) -> _Answer:
    """Return an assignment for these verdicts, without its interval."""
    for standing in ASKABLE:
        able = [v.candidate for v in verdicts if v.eligibility is standing]
        if able:
            return _first(able), None, "", None, (), False
    waits = [v for v in verdicts if v.eligibility in WAITS and v.until]
    if waits:
        first = min(waits, key=_until)
        by = first.candidate
        why = f"{by.name} {first.sentence}"
        return None, first.until, why, by.source.name, (), is_down(verdicts)
    return None, None, why_not(verdicts), None, needs_of(verdicts), is_down(verdicts)


def _first(able: Sequence[Candidate]) -> Candidate:
    """Return the first candidate; instead of a last resort the first that observes, if any does."""
    observed = (c for c in able if c.product.grade >= Grade.OBSERVED)
    return next(observed, able[0]) if able[0].product.is_last_resort else able[0]


_until = attrgetter("until")
