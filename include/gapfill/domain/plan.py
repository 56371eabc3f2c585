"""What to ask whom: the fewest requests, packed into units, with the bill before anything runs."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from gapfill.domain.interval import Interval, iso, merge, subtract
from gapfill.domain.route import choose
from gapfill.domain.severity import Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from gapfill.domain.coverage import Graded
    from gapfill.domain.resolution import Grid
    from gapfill.domain.route import Assignment, Candidate
    from gapfill.domain.series import Grade, Series

MAX_UNITS = 64
"""Units of one run; what is left over is reported as deferred (design, 5)."""


@dataclass(frozen=True, slots=True)
class Request:
    """One API call's worth of asking.

    Attributes:
        start: Start of the first slot asked for.
        end: End of the last slot asked for; between the two there may be slots not asked for.
        asked: The runs of slots asked for, in order.
    """

    start: datetime
    end: datetime
    asked: tuple[Interval, ...]

    @property
    def interval(self) -> Interval:
        """Return ``[start, end)``."""
        return Interval(self.start, self.end)


@dataclass(frozen=True, slots=True)
class Unit:
    """What one mapped task does: consecutive requests of one series to one product.

    Attributes:
        series: Catalogue name.
        source: Catalogue name.
        product: Catalogue name, within the source.
        station: Station id, ``None`` where the product has none.
        severity: The worst of the gaps it heals.
        slots: Slots asked for.
        requests: A minute's worth at most, in order.
        refresh: Whether slots of the same grade are replaced.
    """

    series: str
    source: str
    product: str
    station: str | None
    severity: Severity
    slots: int
    requests: tuple[Request, ...]
    refresh: bool = False

    @property
    def interval(self) -> Interval:
        """Return the stretch from the first to the last slot."""
        return Interval(self.requests[0].start, self.requests[-1].end)

    @property
    def label(self) -> str:
        """Return ``series start–end``, for people and as the mapped task's name."""
        return f"{self.series} {_minutes(self.interval.start)}–{_minutes(self.interval.end)}"

    @property
    def id(self) -> str:
        """Return what tells it from every other unit of its plan, stable over retries."""
        station = f"@{self.station}" if self.station else ""
        span = f"{self.interval.start:%Y%m%dT%H%MZ}-{self.interval.end:%Y%m%dT%H%MZ}"
        return f"{self.series}:{self.source}.{self.product}{station}:{span}"


def _minutes(instant: datetime) -> str:
    return iso(instant).replace(":00Z", "Z")


class Waiting(NamedTuple):
    """Slots that nobody can be asked for now, but later."""

    series: str
    interval: Interval
    slots: int
    until: datetime
    source: str
    reason: str


class Unhealable(NamedTuple):
    """Slots that nobody can be asked for, and why."""

    series: str
    interval: Interval
    slots: int
    reason: str


@dataclass(frozen=True, slots=True)
class Cost:
    """What asking costs.

    Attributes:
        calls: API calls, every hop counted.
        seconds: Time at the source's rate.
        quota_left: Calls left of the day's quota before these, ``None`` for no quota.
    """

    calls: int
    seconds: float
    quota_left: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be asked, what waits, what cannot be healed, and the bill.

    Attributes:
        now: The clock it was made by.
        units: Worst first, then newest first; no more than the cap.
        waiting: What nobody has now.
        unhealable: What nobody will ever have.
        deferred: Units left for the next run.
        bill: Cost by source.
    """

    now: datetime
    units: tuple[Unit, ...]
    waiting: tuple[Waiting, ...] = ()
    unhealable: tuple[Unhealable, ...] = ()
    deferred: int = 0
    bill: Mapping[str, Cost] = field(default_factory=dict)

    @property
    def calls(self) -> int:
        """Return all calls of the bill."""
        return sum(cost.calls for cost in self.bill.values())

    @property
    def seconds(self) -> float:
        """Return the time at the sources' rates, one source after the other."""
        return sum(cost.seconds for cost in self.bill.values())


class Wish(NamedTuple):
    """What one series wants asked.

    Attributes:
        series: The series.
        candidates: All products of its route, as they stand now.
        gaps: Maximal runs of missing slots, with the severity of the *whole* gap.
        lower: Runs to upgrade.
        again: Runs to ask again although complete (``refresh``).
        pending: Runs that are not due: asked where a product has them already, such as
            the slot of now, and passed over in silence elsewhere.
    """

    series: Series
    candidates: Sequence[Candidate]
    gaps: Sequence[tuple[Interval, Severity]]
    lower: Sequence[Graded] = ()
    again: Sequence[Interval] = ()
    pending: Sequence[Interval] = ()


def coalesce(
    runs: Sequence[Interval], grid: Grid, fits: Callable[[datetime, datetime], bool]
) -> list[Request]:
    """Cover the slots of the runs with the fewest requests.

    Greedy from the left: each request starts at the first slot not yet covered and
    takes every slot it may. That is optimal, since whatever fits a request, each part
    of it fits one too.

    Args:
        runs: Sorted, disjoint runs of whole slots.
        grid: Where slots lie.
        fits: Whether one request may reach from a start to an end.
    """
    requests: list[Request] = []
    start: datetime | None = None
    asked: list[Interval] = []
    for run in (part for whole in runs for part, _ in grid.stretches(whole)):
        rest: Interval | None = run
        while rest is not None:
            start = rest.start if start is None else start
            end = _reach(start, rest, grid, fits)
            if end is not None:
                _append(asked, Interval(rest.start, end))
                rest = Interval(end, rest.end) if end < rest.end else None
            if rest is not None:
                requests.append(Request(start, asked[-1].end, tuple(asked)))
                start, asked = None, []
    if start is not None:
        requests.append(Request(start, asked[-1].end, tuple(asked)))
    return requests


def _append(runs: list[Interval], run: Interval) -> None:
    if runs and runs[-1].end == run.start:
        run = Interval(runs.pop().start, run.end)
    runs.append(run)


def _reach(
    start: datetime, run: Interval, grid: Grid, fits: Callable[[datetime, datetime], bool]
) -> datetime | None:
    """Return how far into the run a request from ``start`` may go; by bisection over slots."""
    if fits(start, run.end):
        return run.end
    low, high = 0, grid.count(run)
    step = grid.step_at(run.start)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(start, run.start + middle * step) else (low, middle)
    if low == 0 and start < run.start:
        return None
    return run.start + max(low, 1) * step


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
