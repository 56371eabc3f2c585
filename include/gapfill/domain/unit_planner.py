"""What to ask whom: the fewest requests, packed into units, with the bill before anything runs."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from operator import attrgetter
from typing import TYPE_CHECKING

from gapfill.domain.cost import Asked, cost_of, within_quotas
from gapfill.domain.interval import BEGINNING, Interval, intersect, merge, subtract
from gapfill.domain.plan import BackfillRequest, Plan, Unhealable, Unit, Waiting
from gapfill.domain.request import coalesce
from gapfill.domain.route import choose
from gapfill.domain.series import Grade
from gapfill.domain.severity import Severity
from gapfill.domain.unit_order import in_order

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from datetime import datetime

    from gapfill.domain.candidate import Candidate
    from gapfill.domain.plan import Missing
    from gapfill.domain.route import Assignment
    from gapfill.domain.series import Series

MAX_UNITS = 64
"""Units of one run; what is left over is reported as deferred (design, 5)."""


LONGEST_MINUTES = 10
"""Minutes that a unit may last where records, not calls, set the pace."""


def plan_units(
    wishes: Sequence[BackfillRequest],
    now: datetime,
    *,
    force: bool = False,
    max_units: int = MAX_UNITS,
    logged_in: Collection[str] | None = None,
    is_new: Callable[[Unit], bool] = lambda _: True,
) -> Plan:
    """Plan what to ask, from what is missing and what the sources can do now.

    Args:
        wishes: What each series wants asked.
        now: The clock.
        force: Whether "no data" and blocks are disregarded.
        max_units: Cap on the units of one run.
        logged_in: Sources that the one process that carries the plan out has logged in to; it
            logs in to every other one once. ``None``: each unit logs in.
        is_new: Whether a unit is carried out; a process does not ask the same twice.
    """
    units: list[Unit] = []
    waiting: list[Waiting] = []
    unhealable: list[Unhealable] = []
    asked: Asked = {}
    for wish in wishes:
        chosen = _assign(wish, now, waiting, unhealable, force=force)
        for choice in chosen.values():
            asked[choice.candidate.source.name, choice.candidate.product.name] = choice.candidate
            made = _units(wish, choice, _observed_elsewhere(choice, chosen))
            units += (replace(u, force=force) if force else u for u in made if is_new(u))
    kept = within_quotas(in_order(units, wishes), asked, max_units, logged_in=logged_in)
    return Plan(
        now=now,
        units=tuple(kept),
        waiting=tuple(waiting),
        unhealable=tuple(unhealable),
        deferred=len(units) - len(kept),
        bill=cost_of(kept, asked, logged_in=logged_in),
    )


@dataclass(slots=True)
class _Choice:
    """Runs that one candidate is asked for.

    Attributes:
        candidate: The product that is asked.
        fields: Required fields that it is asked for.
        enrich: Wanted fields that it is asked for.
        runs: Runs to heal or upgrade, in no order.
        enriched: Runs that only get wanted fields, in no order.
    """

    candidate: Candidate
    fields: set[str] = dataclass_field(default_factory=set)
    enrich: set[str] = dataclass_field(default_factory=set)
    runs: list[Interval] = dataclass_field(default_factory=list)
    enriched: list[Interval] = dataclass_field(default_factory=list)


_Chosen = dict[tuple[str, str | None], _Choice]


def _choice(chosen: _Chosen, candidate: Candidate) -> _Choice:
    key = candidate.product.key, candidate.station.id if candidate.station else None
    return chosen.setdefault(key, _Choice(candidate))


def _assign(
    wish: BackfillRequest,
    now: datetime,
    waiting: list[Waiting],
    unhealable: list[Unhealable],
    *,
    force: bool,
) -> _Chosen:
    """Give each missing field of each slot to a candidate; what is left over goes to the lists.

    Gaps, upgrades and enrichments of one candidate are asked for together.
    """
    chosen: _Chosen = {}
    left: list[Assignment] = []

    def place(runs: Sequence[Interval], field: str, above: Grade | None = None) -> None:
        assignments = choose(
            runs, wish.series, wish.candidates, now, field=field, force=force, above=above
        )
        for assigned in assignments:
            if assigned.candidate is not None:
                choice = _choice(chosen, assigned.candidate)
                choice.fields.add(field)
                choice.runs.append(assigned.interval)
            elif above is None:
                left.append(assigned)

    gaps = [gap.interval for gap in wish.gaps]
    planned = merge([*gaps, *(run.interval for run in wish.lower)])
    again = subtract(merge(wish.again), planned)
    for field in wish.series.required:
        place([g.interval for g in wish.gaps if not g.fields or field in g.fields], field)
        place(again, field)
    _set_all_aside(left, chosen, wish.series, waiting, unhealable)
    below = {(name, grade) for run in wish.lower for name, grade in run.below(wish.series.required)}
    for name, grade in sorted(below):
        runs = [r.interval for r in wish.lower if (name, grade) in r.below(wish.series.required)]
        place(runs, name, above=grade)
    left.clear()
    for field in wish.series.required:
        place(wish.pending, field)
    _assign_enrichments(wish, now, chosen, force=force)
    return chosen


def _assign_enrichments(
    wish: BackfillRequest, now: datetime, chosen: _Chosen, *, force: bool
) -> None:
    """Assign slots without a wanted field to a candidate that has it.

    Slots that such a candidate is asked for anyway are left out, and those that it did not
    have within the last two hours: nothing waits for them.
    """
    for field, lacking in wish.lacking.items():
        giving = [c for c in wish.candidates if _observes(c, wish.series, field)]
        asked = merge(
            run
            for choice in chosen.values()
            if _observes(choice.candidate, wish.series, field)
            for run in choice.runs
        )
        runs = subtract(lacking, asked)
        for assigned in choose(runs, wish.series, giving, now, field=field, force=force):
            candidate, start = assigned.candidate, assigned.interval.start
            if candidate is not None and (force or not candidate.is_recent(start, field)):
                choice = _choice(chosen, candidate)
                choice.enrich.add(field)
                choice.enriched.append(assigned.interval)


def _observes(candidate: Candidate, series: Series, field: str) -> bool:
    """Tell whether a candidate has observed values of a wanted field."""
    is_given = candidate.gives(series, field) and field not in candidate.never
    return candidate.product.grade >= Grade.OBSERVED and is_given


def _set_all_aside(
    left: Sequence[Assignment],
    chosen: _Chosen,
    series: Series,
    waiting: list[Waiting],
    unhealable: list[Unhealable],
) -> None:
    """Note slots of which no field can be asked for, once each: first what cannot be healed."""
    noted = merge(run for choice in chosen.values() for run in choice.runs)
    for is_lost in (True, False):
        found = sorted((a for a in left if (a.until is None) is is_lost), key=_start)
        free = subtract(merge(assigned.interval for assigned in found), noted)
        starts = [run.start for run in free]
        last = BEGINNING
        for assigned in found:
            first = max(assigned.interval.start, last)
            n = max(bisect_right(starts, first) - 1, 0)
            while n < len(free) and free[n].start < assigned.interval.end:
                start, end = max(free[n].start, first), min(free[n].end, assigned.interval.end)
                if start < end:
                    part = assigned._replace(interval=Interval(start, end))
                    _set_aside(part, series, waiting, unhealable)
                n += 1
            last = max(last, assigned.interval.end)
        noted = merge([*noted, *free])


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
        waiting.append(
            Waiting(series.name, interval, slots, left.until, left.by, left.reason, left.is_down)
        )
        return
    gone = unhealable[-1] if unhealable else None
    if gone and (gone.series, gone.reason, gone.interval.end) == (
        series.name,
        left.reason,
        interval.start,
    ):
        unhealable.pop()
        interval, slots = Interval(gone.interval.start, interval.end), gone.slots + slots
    unhealable.append(
        Unhealable(series.name, interval, slots, left.reason, left.needs, left.is_down)
    )


def _observed_elsewhere(choice: _Choice, chosen: _Chosen) -> set[str]:
    """Return the required fields that other candidates are asked for that observe them."""
    return {
        field
        for other in chosen.values()
        if other is not choice and other.candidate.product.grade >= Grade.OBSERVED
        for field in other.fields - choice.fields
    }


def _units(wish: BackfillRequest, choice: _Choice, elsewhere: set[str]) -> Iterator[Unit]:
    """Yield the runs of one candidate as units of a minute's worth of requests.

    Where the account's records make a request last longer, a unit lasts ten minutes at most.
    """
    series, candidate = wish.series, choice.candidate
    product = candidate.product
    healed = merge(choice.runs)
    enriched = subtract(merge(choice.enriched), healed)
    starts, ends = [run.start for run in enriched], [run.end for run in enriched]
    requests = coalesce(merge([*healed, *enriched]), series.grid, product.fits)
    size = _unit_size(candidate) or max(1, len(requests))
    for first in range(0, len(requests), size):
        part = tuple(requests[first : first + size])
        asked = [run for request in part for run in request.asked]
        near = slice(bisect_left(ends, asked[0].start), bisect_right(starts, asked[-1].end) + 1)
        only_enriched = intersect(enriched[near], merge(asked))
        slots = sum(series.grid.count(run) for run in asked)
        heals = sum(series.grid.count(run) for run in only_enriched) < slots
        fields = _in_order(series, choice.fields if heals else ())
        yield Unit(
            series=series.name,
            source=candidate.source.name,
            product=product.name,
            station=candidate.station.id if candidate.station else None,
            severity=_worst(wish.gaps, asked),
            slots=slots,
            requests=part,
            refresh=wish.refresh or bool(wish.again),
            fields=fields,
            enrich=_in_order(series, choice.enrich if only_enriched else ()),
            enriched=tuple(only_enriched),
            elsewhere=_in_order(series, elsewhere if heals else ()),
            part=fields if len(fields) < len(series.required) else (),
        )


def _in_order(series: Series, names: Collection[str]) -> tuple[str, ...]:
    return tuple(field.name for field in series.fields if field.name in names)


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


def _worst(gaps: Sequence[Missing], asked: Sequence[Interval]) -> Severity:
    """Return the worst severity among the gaps of which something is asked for."""
    starts = [gap.interval.start for gap in gaps]
    worst = Severity.MINOR
    for run in asked:
        touched = slice(max(bisect_right(starts, run.start) - 1, 0), bisect_left(starts, run.end))
        worst = max([worst, *(g.severity for g in gaps[touched] if g.interval.end > run.start)])
    return worst


_start = attrgetter("interval.start")
