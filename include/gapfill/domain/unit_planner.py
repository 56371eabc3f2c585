"""Plans the fewest requests to each source, in units, with the bill before anything runs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from gapfill.domain.candidate import Candidate
from gapfill.domain.cost import Asked, cost_of, within_quotas
from gapfill.domain.interval import Interval, intersect, merge, overlap, subtract
from gapfill.domain.plan import BackfillRequest, Missing, Plan, Unhealable, Unit, Waiting
from gapfill.domain.request import coalesce
from gapfill.domain.series import Grade, Series
from gapfill.domain.severity import Severity
from gapfill.domain.slot_assignment import Choice, Chosen, assign
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
        chosen = assign(backfill, now, waiting, unhealable, force=force)
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


def _observed_elsewhere(choice: Choice, chosen: Chosen) -> set[str]:
    """Return the required fields that other, observing candidates are asked for."""
    return {
        field
        for other in chosen.values()
        if other is not choice and other.candidate.product.grade >= Grade.OBSERVED
        for field in other.fields - choice.fields
    }


def _units(backfill: BackfillRequest, choice: Choice, elsewhere: set[str]) -> Iterator[Unit]:
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
        slots = series.grid.total(asked)
        heals = series.grid.total(only_enriched) < slots
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
