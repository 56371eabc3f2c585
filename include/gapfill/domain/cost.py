"""What units cost: calls, seconds at the sources' rates, and which of them the quotas allow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gapfill.domain.plan import Cost

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from gapfill.domain.candidate import Candidate
    from gapfill.domain.plan import Unit

Asked = dict[tuple[str, str], "Candidate"]
"""Who is asked, by source and product."""


LONGEST_S = 4800.0
"""A source that accepts fewer calls than its ceiling is asked for so long in one run, which may
last 100 minutes; its other units are left for the next run."""


def within_quotas(
    units: Sequence[Unit],
    asked: Asked,
    max_units: int,
    *,
    logged_in: Collection[str] | None = None,
) -> list[Unit]:
    """Keep the first units, up to the cap, that the day's quotas and a run's time still allow.

    Args:
        units: In the order in which they are carried out.
        asked: The candidates of the units.
        max_units: Number of units at most.
        logged_in: Sources that the one process that carries all of them out has logged in to;
            it logs in to every other one once. ``None``: each unit logs in.
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
    """Return the calls of a unit, with those before its first request unless they were made."""
    candidate = asked[unit.source, unit.product]
    opening = 0 if is_open else candidate.opening_calls
    return len(unit.requests) * candidate.product.hops + opening


def _slow_seconds(unit: Unit, asked: Asked) -> float:
    """Return how long a unit takes where the key has a slower pace, else nothing."""
    is_slow = asked[unit.source, unit.product].source.pace is not None
    return _seconds(unit, asked) if is_slow else 0.0


def _seconds(unit: Unit, asked: Asked, is_open: bool = False) -> float:  # noqa: FBT001, FBT002
    """Return how long a unit takes at the source's rate, of calls or of records."""
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
        units: What is carried out.
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
