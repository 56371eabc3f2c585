"""Which source heals a slot: candidates, their verdicts, and cutting runs where those change.

One function, ``judge``, says what a candidate can do for one slot; choosing, waiting,
``unfillable`` and ``explain`` all ask it. Its answer changes only at a few instants
(``edges``), so whole runs are judged by their first slot, and runs between two of
them share one judgement.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from itertools import pairwise
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from gapfill.domain.civil import local_date, month_start
from gapfill.domain.interval import BEGINNING, END_OF_TIME, Interval, covers, iso
from gapfill.domain.ledger import Ruling, Rulings
from gapfill.domain.resolution import DAY
from gapfill.domain.series import Grade, Zone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from gapfill.domain.product import Product, Source
    from gapfill.domain.series import Series, Station


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
    OTHER_STEP = "other_step"
    NO_BETTER = "no_better"
    UNCONFIGURED = "unconfigured"


ASKABLE = (Standing.SERVES, Standing.RECENT)
"""Standings at which a slot may be asked now; ``RECENT`` only where nobody else serves it."""

WAITS = (Standing.NOT_OUT, Standing.BLOCKED, Standing.QUOTA_SPENT, Standing.ASKED)
"""Standings that pass with time, without the slot being given up."""


NOWHERE = Interval(END_OF_TIME, END_OF_TIME + DAY)
"""Reach of a candidate whose station and product have no date in common."""


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
        reach: Dates it has data for, whatever now is.
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
    reach: Interval = field(init=False)

    def __post_init__(self) -> None:
        """Work out the reach once: it is asked for at every slot."""
        reach: Interval | None = Interval(self.product.since, END_OF_TIME)
        if self.station is not None:
            reach = self.station.reach.intersection(Interval(self.product.since, END_OF_TIME))
        object.__setattr__(self, "reach", reach or NOWHERE)

    @property
    def name(self) -> str:
        """Return ``source product`` and the station, for people."""
        station = f" at {self.station.id}" if self.station else ""
        return f"{self.source.name} {self.product.name}{station}"

    @property
    def origin(self) -> str:
        """Return what its readings name as their source."""
        return f"{self.source.name}/{self.station.id}" if self.station else self.source.name


class Verdict(NamedTuple):
    """A candidate's standing towards a slot.

    Attributes:
        standing: What it can do.
        until: When that may change, ``None`` where it will not or need not. Where the
            slot is gone by the time it may be asked for again, that time.
        candidate: Whose standing it is.
        ruling: What the ledger says against it.
    """

    standing: Standing
    until: datetime | None
    candidate: Candidate
    ruling: Ruling | None = None

    @property
    def sentence(self) -> str:
        """Return the same for a person."""
        return _SENTENCES[self.standing](self)


def judge(
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
    never = _never(candidate, series, slot, now, above)
    if never:
        return Verdict(never, None, candidate)
    out_at = product.available.instant(slot, series.grid)
    if out_at > now:
        return Verdict(Standing.NOT_OUT, out_at, candidate)
    ruling = None if force else candidate.rulings.at(slot)
    if ruling and ruling.until > now:
        standing = Standing.RULED_OUT if ruling.is_final else Standing.ASKED
        return _while_kept(Verdict(standing, ruling.until, candidate, ruling), slot)
    if candidate.blocked_until and candidate.blocked_until > now:
        return _while_kept(Verdict(Standing.BLOCKED, candidate.blocked_until, candidate), slot)
    if candidate.quota_left is not None and candidate.quota_left < product.hops:
        return Verdict(Standing.QUOTA_SPENT, now + DAY, candidate)
    is_recent = covers(candidate.recent, slot)
    return Verdict(Standing.RECENT if is_recent else Standing.SERVES, None, candidate)


def _never(
    candidate: Candidate, series: Series, slot: datetime, now: datetime, above: Grade | None
) -> Standing | None:
    """Return why a candidate will never serve a slot, ``None`` where it may."""
    product = candidate.product
    if candidate.obstacle:
        return Standing.UNCONFIGURED
    if slot not in candidate.reach:
        return Standing.OUT_OF_REACH
    if product.resolution != series.grid.step_at(slot):
        return Standing.OTHER_STEP
    if above is not None and product.grade_at(slot, now) <= above:
        return Standing.NO_BETTER
    return None if product.keeps(slot, now) else Standing.GONE


def _while_kept(verdict: Verdict, slot: datetime) -> Verdict:
    """Return ``GONE`` where the product will have dropped the slot before it may be asked again."""
    until = verdict.until
    if until is None or verdict.candidate.product.keeps(slot, until):
        return verdict
    return verdict._replace(standing=Standing.GONE)


def _say_gone(verdict: Verdict) -> str:
    keeps = f"keeps only the last {_length(verdict.candidate.product.window)}"
    if verdict.until is None:
        return keeps
    return f"{keeps} and may not be asked again before {iso(verdict.until)}"


def _say_ruled(verdict: Verdict) -> str:
    ruling = verdict.ruling
    if ruling is None:
        return "said that it has none"
    times = "once" if ruling.count == 1 else f"{ruling.count} times"
    return f"said {times} that it has none ({ruling.evidence}); asked again {iso(ruling.until)}"


def _say_reach(verdict: Verdict) -> str:
    reach, zone = verdict.candidate.reach, verdict.candidate.product.day_zone or "UTC"
    if reach is NOWHERE:
        return "has data for no date"
    first, last = local_date(reach.start, zone), local_date(reach.end - _MOMENT, zone)
    return f"has data only from {first}" + (f" to {last}" if reach.end < END_OF_TIME else "")


def _instant(verdict: Verdict) -> str:
    return iso(verdict.until) if verdict.until else "an unknown time"


def _length(window: timedelta | None) -> str:
    hours = window / _HOUR if window else 0
    if hours < 1:
        return f"{hours * 60:.3g} min"
    return f"{hours:g} h" if hours <= _HOURS_READ_WELL else f"{hours / 24:g} d"


_HOUR = timedelta(hours=1)
_MOMENT = timedelta(microseconds=1)
_HOURS_READ_WELL = 72

_SENTENCES: Mapping[Standing, Callable[[Verdict], str]] = {
    Standing.SERVES: lambda _: "can serve it now",
    Standing.RECENT: lambda _: "failed or had nothing within the last 2 h; others go first",
    Standing.NOT_OUT: lambda v: f"has it from {_instant(v)}",
    Standing.BLOCKED: lambda v: f"is blocked until {_instant(v)}: {v.candidate.block_reason}",
    Standing.QUOTA_SPENT: lambda _: "has spent its calls of the last 24 h",
    Standing.ASKED: _say_ruled,
    Standing.RULED_OUT: _say_ruled,
    Standing.GONE: _say_gone,
    Standing.OUT_OF_REACH: _say_reach,
    Standing.OTHER_STEP: lambda v: f"has a value every {_length(v.candidate.product.resolution)}",
    Standing.NO_BETTER: lambda v: f"gives {v.candidate.product.grade.label}, which is no better",
    Standing.UNCONFIGURED: lambda v: v.candidate.obstacle or "is not configured",
}


def edges(candidate: Candidate, series: Series, now: datetime) -> Iterator[datetime]:
    """Yield the slots at which ``judge`` may change its answer for a candidate."""
    if candidate.obstacle:
        return
    product, grid = candidate.product, series.grid
    yield grid.ceil(candidate.reach.start)
    yield grid.ceil(candidate.reach.end)
    yield product.available.until(now, grid)
    ruled = [ruling for ruling in candidate.rulings.items if ruling.until > now]
    for stretch in (*(ruling.interval for ruling in ruled), *candidate.recent):
        yield grid.ceil(stretch.start)
        yield grid.ceil(stretch.end)
    if product.official_after is not None:
        yield grid.end_of(grid.floor(now - product.official_after))
    blocked = {candidate.blocked_until} if candidate.blocked_until else set()
    for until in {now, *blocked, *(ruling.until for ruling in ruled)}:
        kept_from = product.kept_from(until)
        if kept_from is not None:
            yield grid.ceil(kept_from)


def zone_bounds(series: Series, now: datetime) -> list[tuple[Interval, Zone]]:
    """Return, in order of time, which zone of the route takes which slots.

    A slot of exactly the limit's age is older. Daily slots belong to the month of
    their date. Slots that no zone takes have a zone without sources.
    """
    grid, taken_from = series.grid, END_OF_TIME
    bounds: list[tuple[Interval, Zone]] = []
    for zone in (*series.route, Zone(())):
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
        verdicts: Of the candidates, in the order of the route; the same tuple for
            consecutive pieces that are judged alike.
    """

    interval: Interval
    verdicts: tuple[Verdict, ...]

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """The candidates in the order of the route."""
        return tuple(verdict.candidate for verdict in self.verdicts)


def cut(
    runs: Sequence[Interval],
    series: Series,
    candidates: Sequence[Candidate],
    now: datetime,
    *,
    force: bool = False,
    above: Grade | None = None,
) -> Iterator[Piece]:
    """Cut runs of slots where a zone or any candidate's verdict changes.

    Where a product is not out yet, ``until`` is that of the piece's first slot.

    Args:
        runs: Sorted, disjoint runs of whole slots.
        series: Whose slots.
        candidates: All products of the series' route.
        now: The clock.
        force: As for ``judge``.
        above: As for ``judge``.
    """
    bounds = zone_bounds(series, now)
    starts = [interval.start for interval, _ in bounds]
    ordered = [_in_order(zone, candidates) for _, zone in bounds]
    marks = {*starts[1:], *(era.start for era in series.grid.eras[1:])}
    marks.update(e for c in candidates for e in edges(c, series, now))
    cuts = sorted(marks)
    judged: int | None = None
    verdicts: tuple[Verdict, ...] = ()
    for run in runs:
        first = bisect_right(cuts, run.start)
        inner = cuts[first : bisect_left(cuts, run.end)]
        for n, (start, end) in enumerate(pairwise([run.start, *inner, run.end]), first):
            if n != judged:
                order = ordered[bisect_right(starts, start) - 1]
                verdicts = tuple(
                    judge(c, series, start, now, force=force, above=above) for c in order
                )
                varies = any(v.standing is Standing.NOT_OUT for v in verdicts)
                judged = None if varies else n
            yield Piece(Interval(start, end) if inner else run, verdicts)


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
    another can serve meanwhile; a last resort is, where something observed can.
    Pieces come in order of time, uncoalesced.
    """
    verdicts: tuple[Verdict, ...] | None = None
    answer: _Answer = (None, None, "", None)
    for piece in cut(runs, series, candidates, now, force=force, above=above):
        if piece.verdicts is not verdicts:
            verdicts = piece.verdicts
            answer = _answer(verdicts)
        yield Assignment(piece.interval, *answer)


_Answer = tuple["Candidate | None", "datetime | None", str, "str | None"]


def _answer(verdicts: Sequence[Verdict]) -> _Answer:
    """Return an assignment for these verdicts, without its interval."""
    for standing in ASKABLE:
        able = [v.candidate for v in verdicts if v.standing is standing]
        if able:
            return _first(able), None, "", None
    waits = [v for v in verdicts if v.standing in WAITS and v.until]
    if waits:
        first = min(waits, key=_until)
        by = first.candidate
        return None, first.until, f"{by.name} {first.sentence}", by.source.name
    return None, None, why_not(verdicts), None


def _first(able: Sequence[Candidate]) -> Candidate:
    """Return the first candidate; instead of a last resort the first that observes, if any does."""
    observed = (c for c in able if c.product.grade >= Grade.OBSERVED)
    return next(observed, able[0]) if able[0].product.is_last_resort else able[0]


_until = attrgetter("until")


def why_not(verdicts: Sequence[Verdict]) -> str:
    """Return why nobody can be asked, a clause for each candidate."""
    clauses = (f"{v.candidate.name} {v.sentence}" for v in verdicts)
    return "; ".join(clauses) or "no source of its route offers it"
