"""In which order the units of a plan run."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gapfill.domain.plan import BackfillRequest, Unit


def in_order(units: Iterable[Unit], wishes: Sequence[BackfillRequest]) -> list[Unit]:
    """Return the units by severity, then newest first; enrichments come last.

    Where units of one series and product have slots in common, that of an earlier station
    comes first, so that a field which both stations have comes from the earlier one.
    """
    rank = {
        (wish.series.name, c.product.key, c.station.id if c.station else None): n
        for wish in wishes
        for n, c in enumerate(wish.candidates)
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
    """Return units, each before those of later stations that it has slots in common with."""
    found: list[tuple[int, Unit]] = []
    for rank, unit in ranked:
        later = (n for n, (r, other) in enumerate(found) if r > rank and _overlap(unit, other))
        found.insert(next(later, len(found)), (rank, unit))
    return [unit for _, unit in found]


def _overlap(one: Unit, other: Unit) -> bool:
    return one.interval.start < other.interval.end and other.interval.start < one.interval.end
