"""What to ask whom: the fewest requests, packed into units, with the bill before anything runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from gapfill.domain.interval import Interval, iso, merge
from gapfill.domain.route import choose
from gapfill.domain.severity import Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
    """

    series: Series
    candidates: Sequence[Candidate]
    gaps: Sequence[tuple[Interval, Severity]]
    lower: Sequence[Graded] = ()
    again: Sequence[Interval] = ()


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
                asked.append(Interval(rest.start, end))
                rest = Interval(end, rest.end) if end < rest.end else None
            if rest is not None:
                requests.append(Request(start, asked[-1].end, tuple(asked)))
                start, asked = None, []
    if start is not None:
        requests.append(Request(start, asked[-1].end, tuple(asked)))
    return requests


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
    sources = {}
    for wish in wishes:
        for key, runs in _assign(wish, now, waiting, unhealable, force=force).items():
            candidate = next(c for c in wish.candidates if _key(c) == key)
            sources[candidate.source.name] = candidate
            units += _units(wish, candidate, runs)
    units.sort(key=lambda u: (u.severity, u.interval.end), reverse=True)
    kept, left = _within_quota(units[:max_units], sources)
    return Plan(
        now=now,
        units=tuple(kept),
        waiting=tuple(waiting),
        unhealable=tuple(unhealable),
        deferred=len(units) - len(kept),
        bill=_bill(kept, sources, left),
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

    def place(runs: Sequence[Interval], above: Grade | None = None) -> Iterator[Assignment]:
        for assigned in choose(runs, wish.series, wish.candidates, now, force=force, above=above):
            if assigned.candidate is None:
                yield assigned
            else:
                chosen.setdefault(_key(assigned.candidate), []).append(assigned.interval)

    for left in place([interval for interval, _ in wish.gaps]):
        _set_aside(left, wish.series, waiting, unhealable)
    for left in place(wish.again):
        _set_aside(left, wish.series, waiting, unhealable)
    for run in wish.lower:
        list(place([run.interval], above=run.grade))
    return {key: merge(runs) for key, runs in chosen.items()}


def _set_aside(
    left: Assignment, series: Series, waiting: list[Waiting], unhealable: list[Unhealable]
) -> None:
    """Note slots that nobody can be asked for, joined to the note before where they continue it."""
    interval, slots = left.interval, series.grid.count(left.interval)
    if left.until is not None and left.by is not None:
        last = waiting[-1] if waiting else None
        if last and (last.series, last.until, last.source, last.interval.end) == (
            series.name, left.until, left.by, interval.start,
        ):
            waiting.pop()
            interval, slots = Interval(last.interval.start, interval.end), last.slots + slots
        waiting.append(
            Waiting(series.name, interval, slots, left.until, left.by, left.reason)
        )
        return
    gone = unhealable[-1] if unhealable else None
    if gone and (gone.series, gone.reason, gone.interval.end) == (
        series.name, left.reason, interval.start,
    ):
        unhealable.pop()
        interval, slots = Interval(gone.interval.start, interval.end), gone.slots + slots
    unhealable.append(Unhealable(series.name, interval, slots, left.reason))


def _units(wish: Wish, candidate: Candidate, runs: Sequence[Interval]) -> Iterator[Unit]:
    """Yield the runs of one candidate as units of a minute's worth of requests."""
    series, product = wish.series, candidate.product
    requests = coalesce(runs, series.grid, product.fits)
    size = max(1, candidate.source.per_minute // product.hops)
    for first in range(0, len(requests), size):
        part = tuple(requests[first : first + size])
        yield Unit(
            series=series.name,
            source=candidate.source.name,
            product=product.name,
            station=candidate.station.id if candidate.station else None,
            severity=_worst(wish, Interval(part[0].start, part[-1].end)),
            slots=sum(series.grid.count(run) for request in part for run in request.asked),
            requests=part,
            refresh=bool(wish.again),
        )


def _worst(wish: Wish, span: Interval) -> Severity:
    touched = (severity for gap, severity in wish.gaps if gap.intersection(span))
    return max(touched, default=Severity.MINOR)


def _within_quota(
    units: Sequence[Unit], sources: Mapping[str, Candidate]
) -> tuple[list[Unit], dict[str, int | None]]:
    """Keep the units that the day's quotas still allow; say what each source had left."""
    before = {name: candidate.quota_left for name, candidate in sources.items()}
    left, kept = dict(before), []
    for unit in units:
        quota, calls = left[unit.source], _calls(unit, sources)
        if quota is None or calls <= quota:
            kept.append(unit)
            left[unit.source] = None if quota is None else quota - calls
    return kept, before


def _calls(unit: Unit, sources: Mapping[str, Candidate]) -> int:
    products = {p.name: p for p in sources[unit.source].source.products}
    return len(unit.requests) * products[unit.product].hops


def _bill(
    units: Sequence[Unit], sources: Mapping[str, Candidate], left: Mapping[str, int | None]
) -> dict[str, Cost]:
    calls: dict[str, int] = {}
    for unit in units:
        calls[unit.source] = calls.get(unit.source, 0) + _calls(unit, sources)
    return {
        name: Cost(n, n * sources[name].source.pause_s, left[name]) for name, n in calls.items()
    }
