"""Plans the fewest requests to each source, in units, with the bill before anything runs."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from datetime import datetime
from operator import attrgetter

from gapfill.domain.candidate import Candidate
from gapfill.domain.cost import Asked, cost_of, within_quotas
from gapfill.domain.interval import BEGINNING, Interval, intersect, merge, overlap, subtract
from gapfill.domain.plan import BackfillRequest, Missing, Plan, Unhealable, Unit, Waiting
from gapfill.domain.request import coalesce
from gapfill.domain.route import Assignment, choose
from gapfill.domain.series import Grade, Series
from gapfill.domain.severity import Severity
from gapfill.domain.unit_order import in_order

MAX_UNITS = 64
"""Maximum units of one run; the others are reported as deferred (design, 5)."""


LONGEST_MINUTES = 10
"""Minutes that a unit may last if records, not calls, limit the rate."""


def plan_units(
    backfills: Sequence[BackfillRequest],
    now: datetime,
    *,
    force: bool = False,
    max_units: int = MAX_UNITS,
    logged_in: Collection[str] | None = None,
    is_new: Callable[[Unit], bool] = lambda _: True,
) -> Plan:
    """Plan the requests, from the missing slots and the present state of the sources.

    Args:
        backfills: What to ask for each series.
        now: The clock.
        force: Whether to ignore "no data" answers and blocks.
        max_units: Cap on the units of one run.
        logged_in: Sources to which the one process that runs the plan has logged in; it logs in
            once to each other source. ``None``: each unit logs in.
        is_new: Whether to run a unit; a process does not repeat a unit.
    """
    units: list[Unit] = []
    waiting: list[Waiting] = []
    unhealable: list[Unhealable] = []
    asked: Asked = {}
    for backfill in backfills:
        chosen = _assign(backfill, now, waiting, unhealable, force=force)
        for choice in chosen.values():
            asked[choice.candidate.source.name, choice.candidate.product.name] = choice.candidate
            made = _units(backfill, choice, _observed_elsewhere(choice, chosen))
            units += (replace(u, force=force) if force else u for u in made if is_new(u))
    kept = within_quotas(in_order(units, backfills), asked, max_units, logged_in=logged_in)
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
    """Runs of slots that one candidate is asked for.

    Attributes:
        candidate: The candidate.
        fields: Required fields that it is asked for.
        enrich: Wanted fields that it is asked for.
        runs: Runs to heal or upgrade, unordered.
        enriched: Runs that get only wanted fields,
            unordered.
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
    backfill: BackfillRequest,
    now: datetime,
    waiting: list[Waiting],
    unhealable: list[Unhealable],
    *,
    force: bool,
) -> _Chosen:
    """Assign each missing field of each slot to a candidate; add the others to the lists.

    Gaps, upgrades and enrichments of one candidate are asked for together.
    """
    chosen: _Chosen = {}
    left: list[Assignment] = []

    def place(runs: Sequence[Interval], field: str, above: Grade | None = None) -> None:
        assignments = choose(
            runs, backfill.series, backfill.candidates, now, field=field, force=force, above=above
        )
        for assigned in assignments:
            if assigned.candidate is not None:
                choice = _choice(chosen, assigned.candidate)
                choice.fields.add(field)
                choice.runs.append(assigned.interval)
            elif above is None:
                left.append(assigned)

    gaps = [gap.interval for gap in backfill.gaps]
    planned = merge([*gaps, *(run.interval for run in backfill.lower)])
    again = subtract(merge(backfill.again), planned)
    for field in backfill.series.required:
        place([g.interval for g in backfill.gaps if not g.fields or field in g.fields], field)
        place(again, field)
    _set_all_aside(left, chosen, backfill.series, waiting, unhealable)
    below = {
        (name, grade)
        for run in backfill.lower
        for name, grade in run.below(backfill.series.required)
    }
    for name, grade in sorted(below):
        runs = [
            r.interval for r in backfill.lower if (name, grade) in r.below(backfill.series.required)
        ]
        place(runs, name, above=grade)
    left.clear()
    for field in backfill.series.required:
        place(backfill.pending, field)
    _assign_enrichments(backfill, now, chosen, force=force)
    return chosen


def _assign_enrichments(
    backfill: BackfillRequest, now: datetime, chosen: _Chosen, *, force: bool
) -> None:
    """Assign slots without a wanted field to a candidate that has it.

    It skips slots that such a candidate is already asked for, and slots that it did not have
    within the last two hours. Enrichments do not wait.
    """
    for field, runs_without in backfill.missing_optional.items():
        giving = [c for c in backfill.candidates if _observes(c, backfill.series, field)]
        asked = merge(
            run
            for choice in chosen.values()
            if _observes(choice.candidate, backfill.series, field)
            for run in choice.runs
        )
        runs = subtract(runs_without, asked)
        for assigned in choose(runs, backfill.series, giving, now, field=field, force=force):
            candidate, start = assigned.candidate, assigned.interval.start
            if candidate is not None and (force or not candidate.is_recent(start, field)):
                choice = _choice(chosen, candidate)
                choice.enrich.add(field)
                choice.enriched.append(assigned.interval)


def _observes(candidate: Candidate, series: Series, field: str) -> bool:
    """Return whether a candidate has observed values of a wanted field."""
    is_given = candidate.gives(series, field) and field not in candidate.never
    return candidate.product.grade >= Grade.OBSERVED and is_given


def _set_all_aside(
    left: Sequence[Assignment],
    chosen: _Chosen,
    series: Series,
    waiting: list[Waiting],
    unhealable: list[Unhealable],
) -> None:
    """Record slots without a field that can be asked for, once each, the unhealable ones first."""
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
    """Record slots for which no source can be asked; extend the record before if they follow it."""
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
    """Return the required fields that other, observing candidates are asked for."""
    return {
        field
        for other in chosen.values()
        if other is not choice and other.candidate.product.grade >= Grade.OBSERVED
        for field in other.fields - choice.fields
    }


def _units(backfill: BackfillRequest, choice: _Choice, elsewhere: set[str]) -> Iterator[Unit]:
    """Yield the runs of one candidate as units of a minute's worth of requests.

    If the account's limit of records makes requests slower, a unit lasts at most ten minutes.
    """
    series, candidate = backfill.series, choice.candidate
    product = candidate.product
    healed = merge(choice.runs)
    enriched = subtract(merge(choice.enriched), healed)
    gaps = [gap.interval for gap in backfill.gaps]
    requests = coalesce(merge([*healed, *enriched]), series.grid, product.fits)
    size = _unit_size(candidate) or max(1, len(requests))
    for first in range(0, len(requests), size):
        part = tuple(requests[first : first + size])
        asked = [run for request in part for run in request.asked]
        near = overlap(enriched, Interval(asked[0].start, asked[-1].end))
        only_enriched = intersect(enriched[near], merge(asked))
        slots = sum(series.grid.count(run) for run in asked)
        heals = sum(series.grid.count(run) for run in only_enriched) < slots
        fields = _in_order(series, choice.fields if heals else ())
        yield Unit(
            series=series.name,
            source=candidate.source.name,
            product=product.name,
            station=candidate.station.id if candidate.station else None,
            severity=_worst(backfill.gaps, gaps, asked),
            slots=slots,
            requests=part,
            refresh=backfill.refresh or bool(backfill.again),
            fields=fields,
            enrich=_in_order(series, choice.enrich if only_enriched else ()),
            enriched=tuple(only_enriched),
            elsewhere=_in_order(series, elsewhere if heals else ()),
            part=fields if len(fields) < len(series.required) else (),
        )


def _in_order(series: Series, names: Collection[str]) -> tuple[str, ...]:
    return tuple(field.name for field in series.fields if field.name in names)


def _unit_size(candidate: Candidate) -> int | None:
    """Return how many requests make a unit; ``None`` if they cost no call.

    Calls before the first request, such as for a login, count in the same minute and day.
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


def _worst(
    gaps: Sequence[Missing], intervals: Sequence[Interval], asked: Sequence[Interval]
) -> Severity:
    """Return the worst severity among the gaps, with these intervals, that are asked for."""
    found = (gap.severity for run in asked for gap in gaps[overlap(intervals, run)])
    return max(found, default=Severity.MINOR)


_start = attrgetter("interval.start")
