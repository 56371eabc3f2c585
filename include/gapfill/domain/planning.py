"""What to ask whom: the fewest requests, packed into units, with the bill before anything runs."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from typing import TYPE_CHECKING

from gapfill.domain.interval import Interval, merge, subtract
from gapfill.domain.plan import Cost, Plan, Unhealable, Unit, Waiting, Wish
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
    asked: dict[tuple[str, str], Candidate] = {}
    for wish in wishes:
        for key, runs in _assign(wish, now, waiting, unhealable, force=force).items():
            candidate = next(c for c in wish.candidates if _key(c) == key)
            asked[candidate.source.name, candidate.product.name] = candidate
            units += _units(wish, candidate, runs)
    units.sort(key=lambda u: (u.severity, u.interval.end), reverse=True)
    kept = _within(units, asked, max_units)
    return Plan(
        now=now,
        units=tuple(kept),
        waiting=tuple(waiting),
        unhealable=tuple(unhealable),
        deferred=len(units) - len(kept),
        bill=_bill(kept, asked),
    )


_Key = tuple[str, str | None]


def _key(candidate: Candidate) -> _Key:
    return candidate.product.key, candidate.station.id if candidate.station else None


def _assign(
    wish: Wish,
    now: datetime,
    waiting: list[Waiting],
    unhealable: list[Unhealable],
    *,
    force: bool,
) -> dict[_Key, list[Interval]]:
    """Give every wished slot to a candidate; what is left over goes to the lists."""
    chosen: dict[_Key, list[Interval]] = {}

    def place(runs: Sequence[Interval], above: Grade | None = None) -> list[Assignment]:
        left: list[Assignment] = []
        for assigned in choose(runs, wish.series, wish.candidates, now, force=force, above=above):
            if assigned.candidate is None:
                left.append(assigned)
            else:
                chosen.setdefault(_key(assigned.candidate), []).append(assigned.interval)
        return left

    gaps = [interval for interval, _ in wish.gaps]
    planned = merge([*gaps, *(run.interval for run in wish.lower)])
    for left in (*place(gaps), *place(subtract(merge(wish.again), planned))):
        _set_aside(left, wish.series, waiting, unhealable)
    for grade in {run.grade for run in wish.lower}:
        place([run.interval for run in wish.lower if run.grade is grade], above=grade)
    place(wish.pending)
    return {key: merge(runs) for key, runs in chosen.items()}


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


def _units(wish: Wish, candidate: Candidate, runs: Sequence[Interval]) -> Iterator[Unit]:
    """Yield the runs of one candidate as units of a minute's worth of requests."""
    series, product = wish.series, candidate.product
    requests = coalesce(runs, series.grid, product.fits)
    calls = candidate.source.per_minute
    if candidate.quota_left is not None:
        calls = min(calls, candidate.quota_left)
    size = max(1, calls // product.hops)
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
        )


def _worst(gaps: Sequence[tuple[Interval, Severity]], asked: Sequence[Interval]) -> Severity:
    """Return the worst severity among the gaps of which something is asked for."""
    starts = [gap.start for gap, _ in gaps]
    worst = Severity.MINOR
    for run in asked:
        touched = slice(max(bisect_right(starts, run.start) - 1, 0), bisect_left(starts, run.end))
        worst = max([worst, *(s for gap, s in gaps[touched] if gap.end > run.start)])
    return worst


_Asked = Mapping[tuple[str, str], "Candidate"]
"""Who is asked, by source and product."""


def _within(units: Sequence[Unit], asked: _Asked, max_units: int) -> list[Unit]:
    """Keep the first units, up to the cap, that the day's quotas still allow."""
    left = {source: candidate.quota_left for (source, _), candidate in asked.items()}
    kept: list[Unit] = []
    for unit in units:
        quota, calls = left[unit.source], _calls(unit, asked)
        if len(kept) < max_units and (quota is None or calls <= quota):
            kept.append(unit)
            left[unit.source] = None if quota is None else quota - calls
    return kept


def _calls(unit: Unit, asked: _Asked) -> int:
    return len(unit.requests) * asked[unit.source, unit.product].product.hops


def _bill(units: Sequence[Unit], asked: _Asked) -> dict[str, Cost]:
    bill: dict[str, Cost] = {}
    for unit in units:
        candidate = asked[unit.source, unit.product]
        before = bill.get(unit.source)
        calls = (before.calls if before else 0) + _calls(unit, asked)
        bill[unit.source] = Cost(calls, calls * candidate.source.pause_s, candidate.quota_left)
    return bill
