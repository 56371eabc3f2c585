"""Which source heals a slot: candidates, their verdicts, and cutting runs where those change.

One function, ``judge``, says what a candidate can do for one slot; choosing, waiting,
``unfillable`` and ``explain`` all ask it. Its answer changes only at a few instants
(``edges``), so whole runs are judged by their first slot.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from gapfill.domain.civil import local_date, month_start
from gapfill.domain.interval import BEGINNING, END_OF_TIME, Interval, iso
from gapfill.domain.ledger import Rulings
from gapfill.domain.resolution import DAY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from gapfill.domain.product import Product, Source
    from gapfill.domain.series import Grade, Series, Station, Zone


class Standing(StrEnum):
    """What a candidate can do for a slot."""

    SERVES = "serves"
    RECENT = "recent"
    NOT_OUT = "not_out"
    BLOCKED = "blocked"
    QUOTA_SPENT = "quota_spent"
    ASKED = "asked"
    RULED_OUT = "ruled_out"
    GONE = "gone"
    OUT_OF_REACH = "out_of_reach"
    NO_BETTER = "no_better"
    UNCONFIGURED = "unconfigured"


ASKABLE = (Standing.SERVES, Standing.RECENT)
"""Standings at which a slot may be asked now; ``RECENT`` only where nobody else serves it."""

WAITS = (Standing.NOT_OUT, Standing.BLOCKED, Standing.QUOTA_SPENT, Standing.ASKED)
"""Standings that pass with time, without the slot being given up."""


class Verdict(NamedTuple):
    """A candidate's standing towards a slot.

    Attributes:
        standing: What it can do.
        until: When that may change, ``None`` where it will not or need not.
        sentence: The same for a person.
    """

    standing: Standing
    until: datetime | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A product, at one station where it has stations, as it stands now.

    Attributes:
        source: Its source.
        product: The product.
        station: The station, ``None`` where the product has none.
        obstacle: Why it is not configured, ``None`` where it is.
        blocked_until: When the source may be called again after a refusal.
        block_reason: What the refusal said.
        quota_left: Calls left of the daily quota, ``None`` for no quota.
        rulings: "No data" answers by slot.
        recent: Stretches that failed or were "not yet" in the last two hours, merged.
    """

    source: Source
    product: Product
    station: Station | None = None
    obstacle: str | None = None
    blocked_until: datetime | None = None
    block_reason: str = ""
    quota_left: int | None = None
    rulings: Rulings = field(default_factory=Rulings)
    recent: tuple[Interval, ...] = ()

    @property
    def reach(self) -> Interval:
        """Dates it has data for, whatever now is."""
        since = self.product.since
        if self.station is None:
            return Interval(since, END_OF_TIME)
        reach = self.station.reach
        return Interval(max(since, reach.start), max(reach.end, since + DAY))

    @property
    def name(self) -> str:
        """Return ``source product`` and the station, for people."""
        station = f" at {self.station.id}" if self.station else ""
        return f"{self.source.name} {self.product.name}{station}"

    @property
    def origin(self) -> str:
        """Return what its readings name as their source."""
        return f"{self.source.name}/{self.station.id}" if self.station else self.source.name


def judge(  # noqa: PLR0911 - one return per standing, in order, reads best
    candidate: Candidate,
    series: Series,
    slot: datetime,
    now: datetime,
    *,
    force: bool = False,
    above: Grade | None = None,
) -> Verdict:
    """Say what a candidate can do for a slot.

    Args:
        candidate: Who is asked.
        series: Whose slot.
        slot: Start of the slot.
        now: The clock.
        force: Whether the ledger's "no data" is disregarded.
        above: Grade the slot already has; only a better one helps.
    """
    product = candidate.product
    if candidate.obstacle:
        return Verdict(Standing.UNCONFIGURED, None, candidate.obstacle)
    if slot not in candidate.reach:
        return Verdict(
            Standing.OUT_OF_REACH, None, f"has data only from {_dates(candidate.reach)}"
        )
    if above is not None and product.grade <= above:
        return Verdict(
            Standing.NO_BETTER, None, f"gives {product.grade.label}, which is no better"
        )
    if product.window is not None and now - slot > product.window:
        return Verdict(Standing.GONE, None, f"keeps only {_hours(product.window)}")
    out_at = product.available.instant(slot, series.grid)
    if out_at > now:
        return Verdict(Standing.NOT_OUT, out_at, f"has it from {iso(out_at)}")
    ruling = candidate.rulings.at(slot)
    if ruling and ruling.until > now and not force:
        standing = Standing.RULED_OUT if ruling.is_final else Standing.ASKED
        times = "once" if ruling.count == 1 else f"{ruling.count} times"
        said = f"said {times} that it has none ({ruling.evidence}); asked again {iso(ruling.until)}"
        return Verdict(standing, ruling.until, said)
    if candidate.blocked_until and candidate.blocked_until > now:
        why = f"is blocked until {iso(candidate.blocked_until)}: {candidate.block_reason}"
        return Verdict(Standing.BLOCKED, candidate.blocked_until, why)
    if candidate.quota_left is not None and candidate.quota_left < product.hops:
        return Verdict(Standing.QUOTA_SPENT, now + DAY, "has spent its calls of the last 24 h")
    if any(slot in stretch for stretch in candidate.recent):
        return Verdict(
            Standing.RECENT, None, "failed or had nothing within the last 2 h; others go first"
        )
    return Verdict(Standing.SERVES, None, "can serve it now")


def _dates(reach: Interval) -> str:
    start = reach.start.date().isoformat()
    return start if reach.end >= END_OF_TIME else f"{start} to {reach.end.date().isoformat()}"


def _hours(window: object) -> str:
    return f"the last {window}".replace(":00:00", " h")


def edges(candidate: Candidate, series: Series, now: datetime) -> Iterator[datetime]:
    """Yield the slots at which ``judge`` may change its answer for a candidate."""
    product, grid = candidate.product, series.grid
    yield grid.ceil(candidate.reach.start)
    yield grid.ceil(candidate.reach.end)
    yield product.available.until(now, grid)
    if product.window is not None:
        yield grid.ceil(now - product.window)
    for stretch in (*(r.interval for r in candidate.rulings.items), *candidate.recent):
        yield grid.ceil(stretch.start)
        yield grid.ceil(stretch.end)


def zone_bounds(series: Series, now: datetime) -> list[tuple[Interval, Zone]]:
    """Return, in order of time, which zone of the route takes which slots.

    A slot of exactly the limit's age is older. Daily slots belong to the month of
    their date.
    """
    grid, taken_from = series.grid, END_OF_TIME
    bounds: list[tuple[Interval, Zone]] = []
    for zone in series.route:
        start = BEGINNING
        if zone.younger_than is not None:
            start = grid.end_of(grid.floor(now - zone.younger_than))
        elif zone.current_month:
            start = _month_of(series, now)
        if start < taken_from:
            bounds.append((Interval(start, taken_from), zone))
            taken_from = start
    return bounds[::-1]


def _month_of(series: Series, now: datetime) -> datetime:
    start = month_start(now, series.place.zone)
    if series.grid.step_at(now) < DAY:
        return series.grid.ceil(start)
    first = local_date(start, series.place.zone)
    return start.replace(year=first.year, month=first.month, day=1, hour=0, minute=0)


class Piece(NamedTuple):
    """Slots that every candidate judges alike.

    Attributes:
        interval: The slots, ``[start, end)``.
        candidates: Candidates in the order of the route.
    """

    interval: Interval
    candidates: tuple[Candidate, ...]


def cut(
    runs: Sequence[Interval], series: Series, candidates: Sequence[Candidate], now: datetime
) -> Iterator[Piece]:
    """Cut runs of slots where a zone or any candidate's verdict changes.

    Args:
        runs: Sorted, disjoint runs of whole slots.
        series: Whose slots.
        candidates: All products of the series' route.
        now: The clock.
    """
    bounds = zone_bounds(series, now)
    starts = [interval.start for interval, _ in bounds]
    ordered = [_in_order(zone, candidates) for _, zone in bounds]
    marks = sorted({*starts[1:], *(e for c in candidates for e in edges(c, series, now))})
    for run in runs:
        inner = marks[bisect_right(marks, run.start) : bisect_left(marks, run.end)]
        for start, end in zip([run.start, *inner], [*inner, run.end], strict=True):
            yield Piece(Interval(start, end), ordered[bisect_right(starts, start) - 1])


def _in_order(zone: Zone, candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    return tuple(c for name in zone.sources for c in candidates if c.source.name == name)


class Assignment(NamedTuple):
    """Slots given to a candidate, or left over.

    Attributes:
        interval: The slots, ``[start, end)``.
        candidate: Who is to be asked; ``None`` where nobody can be now.
        until: For slots left over, when somebody can; ``None`` where nobody ever will.
        reason: For slots left over, why, in a sentence.
        by: For slots left over, the source that is waited for.
    """

    interval: Interval
    candidate: Candidate | None
    until: datetime | None = None
    reason: str = ""
    by: str | None = None


def choose(
    runs: Sequence[Interval],
    series: Series,
    candidates: Sequence[Candidate],
    now: datetime,
    *,
    force: bool = False,
    above: Grade | None = None,
) -> Iterator[Assignment]:
    """Give each slot to the first candidate of its route that can serve it.

    A candidate that failed or had nothing in the last two hours is passed over where
    another can serve meanwhile. Pieces come in order of time, uncoalesced.
    """
    for piece in cut(runs, series, candidates, now):
        verdicts = [
            (c, judge(c, series, piece.interval.start, now, force=force, above=above))
            for c in piece.candidates
        ]
        taken = next(
            (c for standing in ASKABLE for c, v in verdicts if v.standing is standing), None
        )
        if taken is not None:
            yield Assignment(piece.interval, taken)
        else:
            yield _left_over(piece.interval, verdicts)


def _left_over(interval: Interval, verdicts: Iterable[tuple[Candidate, Verdict]]) -> Assignment:
    pairs = list(verdicts)
    waits = [(v.until, c, v) for c, v in pairs if v.standing in WAITS and v.until]
    if waits:
        until, candidate, verdict = min(waits, key=lambda w: w[0])
        return Assignment(
            interval, None, until, f"{candidate.name} {verdict.sentence}", candidate.source.name
        )
    reason = "; ".join(f"{c.name}: {v.sentence}" for c, v in pairs)
    return Assignment(interval, None, None, reason or "no source of its route offers it")
