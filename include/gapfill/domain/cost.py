"""Cost of units: calls, seconds at the sources' rates, and the units that the quotas allow."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from gapfill.domain.candidate import Candidate
from gapfill.domain.plan import Cost, Unit

Asked = dict[tuple[str, str], "Candidate"]
"""Candidates by source and product."""


LONGEST_S = 4800.0
"""Longest time for which one run asks a source that accepts fewer calls than its ceiling. A run
may last 100 minutes; the other units of the source are left for the next run."""


def within_quotas(
    units: Sequence[Unit],
    asked: Asked,
    max_units: int,
    *,
    logged_in: Collection[str] | None = None,
) -> list[Unit]:
    """Return the first units, up to the cap, that the daily quotas and the time of a run allow.

    Args:
        units: In the order in which they run.
        asked: The candidates of the units.
        max_units: Maximum number of units.
        logged_in: Sources to which the one process that runs all units has logged in; it logs in
            once to each other source. ``None``: each unit logs in.
    """
    seconds: dict[str, float] = {}
    opened = set(logged_in or ())
    left: dict[str, int | None] = {}
    for (source, _), candidate in asked.items():
        known = [n for n in (left.get(source), candidate.quota_left) if n is not None]
        left[source] = min(known, default=None)
    kept: list[Unit] = []
    for unit in units:
        is_counted = asked[unit.source, unit.product].quota_left is not None
        is_open = logged_in is not None and unit.source in opened
        quota, calls = left[unit.source] if is_counted else None, _calls(unit, asked, is_open)
        lasts = seconds.get(unit.source, 0.0) + _slow_seconds(unit, asked)
        is_in_time = unit.source not in seconds or lasts <= LONGEST_S
        if len(kept) < max_units and is_in_time and (quota is None or calls <= quota):
            kept.append(unit)
            opened.add(unit.source)
            seconds[unit.source] = lasts
            if quota is not None:
                left[unit.source] = quota - calls
    return kept


def _calls(unit: Unit, asked: Asked, is_open: bool = False) -> int:  # noqa: FBT001, FBT002
    """Return the calls of a unit, including those before its first request if not made yet."""
    candidate = asked[unit.source, unit.product]
    opening = 0 if is_open else candidate.opening_calls
    return len(unit.requests) * candidate.product.hops + opening


def _slow_seconds(unit: Unit, asked: Asked) -> float:
    """Return how long a unit takes if the key has a lower rate, else 0."""
    is_slow = asked[unit.source, unit.product].source.key_rate is not None
    return _seconds(unit, asked) if is_slow else 0.0


def _seconds(unit: Unit, asked: Asked, is_open: bool = False) -> float:  # noqa: FBT001, FBT002
    """Return how long a unit takes at the source's rate of calls or records."""
    candidate = asked[unit.source, unit.product]
    source, product = candidate.source, candidate.product
    by_calls = _calls(unit, asked, is_open) * source.pause_s
    if not (source.records_per_minute and product.records):
        return by_calls
    slots = sum((r.end - r.start) // product.resolution for r in unit.requests)
    return max(by_calls, 60 * slots * product.records / source.records_per_minute)


def cost_of(
    units: Sequence[Unit], asked: Asked, *, logged_in: Collection[str] | None = None
) -> dict[str, Cost]:
    """Return the cost of units by source, before anything runs.

    Args:
        units: The units.
        asked: The candidates of the units.
        logged_in: As for ``within_quotas``.
    """
    costs: dict[str, Cost] = {}
    for unit in units:
        is_open = logged_in is not None and unit.source in {*logged_in, *costs}
        before = costs.get(unit.source, Cost(0, 0.0))
        quota = asked[unit.source, unit.product].quota_left
        costs[unit.source] = Cost(
            before.calls + _calls(unit, asked, is_open),
            before.seconds + _seconds(unit, asked, is_open),
            before.quota_left if quota is None else quota,
        )
    return costs
