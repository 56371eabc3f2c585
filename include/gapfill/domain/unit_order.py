"""The order in which the units of a plan run."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from math import inf

from gapfill.domain.interval import overlap
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


def _earlier_first(ranked: Sequence[tuple[int, Unit]]) -> list[Unit]:
    """Return units, each before those of later stations with which it shares slots.

    Each unit goes to the end, or directly before the first such unit that has a place. Units of
    one station share no slots, so these are found by bisection. A place is a tuple: ``(n, END)``
    is the n-th at the end, ``(n, 0, END)``, ``(n, 1, END)`` and so on are those put before it.
    """
    lines: defaultdict[int, list[Unit]] = defaultdict(list)
    for rank, unit in sorted(ranked, key=lambda pair: pair[1].interval):
        lines[rank].append(unit)
    spans = {rank: [unit.interval for unit in line] for rank, line in lines.items()}
    places: dict[int, _Place] = {}
    before: Counter[_Place] = Counter()
    for n, (rank, unit) in enumerate(ranked):
        later = (
            places[id(other)]
            for r, line in lines.items()
            if r > rank
            for other in line[overlap(spans[r], unit.interval)]
            if id(other) in places
        )
        first = min(later, default=None)
        place: _Place = (n, _END)
        if first is not None:
            place = (*first[:-1], before[first], _END)
            before[first] += 1
        places[id(unit)] = place
    return sorted((unit for _, unit in ranked), key=lambda unit: places[id(unit)])


_Place = tuple[float, ...]
_END = inf
