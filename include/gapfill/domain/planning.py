"""What to ask whom: the fewest requests, packed into units, with the bill before anything runs."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, NamedTuple

from gapfill.domain.bill import Asked, bill, within_quotas
from gapfill.domain.interval import Interval, covers, merge, subtract
from gapfill.domain.plan import Plan, Unhealable, Unit, Waiting, Wish
from gapfill.domain.request import coalesce
from gapfill.domain.route import choose
from gapfill.domain.severity import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from gapfill.domain.candidate import Candidate
    from gapfill.domain.route import Assignment
    from gapfill.domain.series import Grade, Series

MAX_UNITS = 64
"""Units of one run; what is left over is reported as deferred (design, 5)."""


LONGEST_MINUTES = 10
"""Minutes that a unit may last where records, not calls, set the pace."""


def plan_units(
    wishes: Iterable[Wish],
    now: datetime,
    *,
    force: bool = False,
    max_units: int = MAX_UNITS,
) -> Plan:
    """Plan what to ask, from what is missing and what the sources can do now.

    Args:
        wishes: What each series wants asked.
        now: The clock.
        force: Whether the ledger's "no data" is disregarded.
        max_units: Cap on the units of one run.
    """
    units: list[Unit] = []
    waiting: list[Waiting] = []
    unhealable: list[Unhealable] = []
    asked: Asked = {}
    for wish in wishes:
        chosen = _assign(wish, now, waiting, unhealable, force=force)
        for choice in chosen.values():
            asked[choice.candidate.source.name, choice.candidate.product.name] = choice.candidate
            units += _units(wish, choice)
    units.sort(key=lambda u: (not u.enrich, u.severity, u.interval.end), reverse=True)
    kept = within_quotas(units, asked, max_units)
    return Plan(
        now=now,
        units=tuple(kept),
        waiting=tuple(waiting),
        unhealable=tuple(unhealable),
        deferred=len(units) - len(kept),
        bill=bill(kept, asked),
    )


class _Choice(NamedTuple):
    """Runs that one candidate is asked for.

    Attributes:
        candidate: Who is asked.
        fields: Wanted fields to add, where it is an enrichment.
        runs: The runs, in no order.
    """

    candidate: Candidate
    fields: tuple[str, ...]
    runs: list[Interval]


_Chosen = dict[tuple[object, ...], _Choice]


def _add(
    chosen: _Chosen, candidate: Candidate, run: Interval, fields: tuple[str, ...] = ()
) -> None:
    key = (candidate.product.key, candidate.station and candidate.station.id, fields)
    chosen.setdefault(key, _Choice(candidate, fields, [])).runs.append(run)


def _assign(
    wish: Wish,
    now: datetime,
    waiting: list[Waiting],
    unhealable: list[Unhealable],
    *,
    force: bool,
) -> _Chosen:
    """Give every wished slot to a candidate; what is left over goes to the lists."""
    chosen: _Chosen = {}

    def place(runs: Sequence[Interval], above: Grade | None = None) -> list[Assignment]:
        left: list[Assignment] = []
        for assigned in choose(runs, wish.series, wish.candidates, now, force=force, above=above):
            if assigned.candidate is None:
                left.append(assigned)
            else:
                _add(chosen, assigned.candidate, assigned.interval)
        return left

    gaps = [interval for interval, _ in wish.gaps]
    planned = merge([*gaps, *(run.interval for run in wish.lower)])
    for left in (*place(gaps), *place(subtract(merge(wish.again), planned))):
        _set_aside(left, wish.series, waiting, unhealable)
    for grade in {run.grade for run in wish.lower}:
        place([run.interval for run in wish.lower if run.grade is grade], above=grade)
    place(wish.pending)
    _assign_enrichments(wish, now, chosen, force=force)
    return chosen


def _assign_enrichments(wish: Wish, now: datetime, chosen: _Chosen, *, force: bool) -> None:
    """Give slots that lack a wanted field to who has it.

    Not those that are asked for anyway, nor what was just not had: nothing waits for it.
    """
    planned = merge(run for choice in chosen.values() for run in choice.runs)
    for field, lacking in wish.lacking.items():
        runs = subtract(lacking, planned)
        giving = [c for c in wish.enrichers if field in c.product.gives]
        for assigned in choose(runs, wish.series, giving, now, force=force):
            asked = assigned.candidate
            if asked is not None and not covers(asked.recent, assigned.interval.start):
                gives = asked.product.gives
                fields = tuple(name for name in gives if name in wish.lacking)
                _add(chosen, asked, assigned.interval, fields)


def _set_aside(
    left: Assignment, series: Series, waiting: list[Waiting], unhealable: list[Unhealable]
) -> None:
    """Note slots that nobody can be asked for, joined to the note before where they continue it."""
    interval, slots = left.interval, series.grid.count(left.interval)
    if left.until is not None and left.by is not None:
        last = waiting[-1] if waiting else None
        if last and (last.series, last.until, last.source, last.interval.end) == (
            series.name,
            left.until,
            left.by,
            interval.start,
        ):
            waiting.pop()
            interval, slots = Interval(last.interval.start, interval.end), last.slots + slots
        waiting.append(Waiting(series.name, interval, slots, left.until, left.by, left.reason))
        return
    gone = unhealable[-1] if unhealable else None
    if gone and (gone.series, gone.reason, gone.interval.end) == (
        series.name,
        left.reason,
        interval.start,
    ):
        unhealable.pop()
        interval, slots = Interval(gone.interval.start, interval.end), gone.slots + slots
    unhealable.append(Unhealable(series.name, interval, slots, left.reason))


def _units(wish: Wish, choice: _Choice) -> Iterator[Unit]:
    """Yield the runs of one candidate as units of a minute's worth of requests.

    Where the account's records make a request last longer, a unit lasts ten minutes at most.
    """
    series, candidate = wish.series, choice.candidate
    product = candidate.product
    requests = coalesce(merge(choice.runs), series.grid, product.fits)
    size = _unit_size(candidate) or max(1, len(requests))
    for first in range(0, len(requests), size):
        part = tuple(requests[first : first + size])
        asked = [run for request in part for run in request.asked]
        yield Unit(
            series=series.name,
            source=candidate.source.name,
            product=product.name,
            station=candidate.station.id if candidate.station else None,
            severity=_worst(wish.gaps, asked),
            slots=sum(series.grid.count(run) for run in asked),
            requests=part,
            refresh=bool(wish.again),
            enrich=choice.fields,
        )


def _unit_size(candidate: Candidate) -> int | None:
    """Return how many requests make a unit; ``None`` where they cost no call.

    What a caller asks before its first request is of the same minute and day.
    """
    source, product = candidate.source, candidate.product
    if not product.hops:
        return None
    calls = source.per_minute
    if candidate.quota_left is not None:
        calls = min(calls, candidate.quota_left)
    size = (calls - candidate.opening_calls) // product.hops
    if source.records_per_minute and product.records:
        records = product.records * (product.span // product.resolution)
        size = min(size, LONGEST_MINUTES * source.records_per_minute // records)
    return max(1, size)


def _worst(gaps: Sequence[tuple[Interval, Severity]], asked: Sequence[Interval]) -> Severity:
    """Return the worst severity among the gaps of which something is asked for."""
    starts = [gap.start for gap, _ in gaps]
    worst = Severity.MINOR
    for run in asked:
        touched = slice(max(bisect_right(starts, run.start) - 1, 0), bisect_left(starts, run.end))
        worst = max([worst, *(s for gap, s in gaps[touched] if gap.end > run.start)])
    return worst
