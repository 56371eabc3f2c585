"""The order in which the units of a plan run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from gapfill.domain.plan import BackfillRequest, Unit


def in_order(units: Iterable[Unit], backfills: Sequence[BackfillRequest]) -> list[Unit]:
    """Return the units by severity, then newest first; enrichments come last.

    If units of one series and product share slots, the unit of the earlier station comes first, so
    that a field that both stations have comes from the earlier one.
    """
    rank = {
        (backfill.series.name, c.product.key, c.station.id if c.station else None): n
        for backfill in backfills
        for n, c in enumerate(backfill.candidates)
    }
    found = sorted(
        units, key=lambda u: (not u.is_enrichment, u.severity, u.interval.end), reverse=True
    )
    places: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for n, unit in enumerate(found):
        places[unit.series, str(unit.asks)].append(n)
    for key, positions in places.items():
        ranked = [(rank[(*key, found[n].station)], found[n]) for n in positions]
        if len({station for station, _ in ranked}) > 1:
            for n, unit in zip(positions, _earlier_first(ranked), strict=True):
                found[n] = unit
    return found


def _earlier_first(ranked: Iterable[tuple[int, Unit]]) -> list[Unit]:
    """Return units, each before those of later stations with which it shares slots."""
    found: list[tuple[int, Unit]] = []
    for rank, unit in ranked:
        later = (n for n, (r, other) in enumerate(found) if r > rank and _overlap(unit, other))
        found.insert(next(later, len(found)), (rank, unit))
    return [unit for _, unit in found]


def _overlap(one: Unit, other: Unit) -> bool:
    return one.interval.start < other.interval.end and other.interval.start < one.interval.end
