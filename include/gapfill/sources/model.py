"""Shared by all sources: a request for slots, and the checks that turn rows into readings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import pairwise

from gapfill.domain import tariff
from gapfill.domain.interval import Interval, iso
from gapfill.domain.local_time import local_date
from gapfill.domain.product import Product
from gapfill.domain.reading import Reading
from gapfill.domain.series import Series, Station
from gapfill.errors import MalformedPayload
from gapfill.sources.answer import ROW, Answer, RawRow, Rejected
from gapfill.sources.unit_checks import other_measure
from gapfill.sources.value_reader import EXCERPT, agree, assess, excerpt, is_blank, number, shown

__all__ = [  # what a source needs, from one place
    "EXCERPT",
    "ROW",
    "Answer",
    "Ask",
    "HttpRequest",
    "RawRow",
    "Rejected",
    "assess",
    "check",
    "excerpt",
    "is_blank",
    "malformed",
    "number",
    "shown",
]

DIGITS = 6
"""Decimal places for the comparison of two values of a slot, unless a source has fewer."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A request to one source for slots of one series.

    Attributes:
        series: The series of the slots.
        product: The source's product.
        station: The station, for products that have stations.
        interval: ``[start, end)`` of the requested slots.
        now: The clock.
    """

    series: Series
    product: Product
    station: Station | None
    interval: Interval
    now: datetime

    @property
    def origin(self) -> str:
        """Return the name of the source in its readings."""
        if self.station:
            return f"{self.product.source}/{self.station.id}"
        return tariff.origin(self.series, self.product)


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One GET; the hook adds the root URL, headers and credentials.

    Attributes:
        path: Path below the root URL, starting with ``/``; or the complete URL of a second
            hop, which must be on the root's host.
        params: Names and values of the query, in order; without secrets.
    """

    path: str
    params: tuple[tuple[str, str], ...] = ()


def malformed(ask: Ask, problem: str) -> MalformedPayload:
    """Return the error for an answer that does not answer the request."""
    return MalformedPayload(
        f"{ask.product.source} {ask.product.name} for {ask.series.name} {ask.interval}: {problem}. "
        "Nothing of it was stored; see docs/how_to/runbook.md, MalformedPayload.",
        source=ask.product.source,
        series=ask.series.name,
        interval=ask.interval,
    )


def check(
    ask: Ask,
    rows: Iterable[RawRow],
    allowed: Interval,
    evidence: str,
    *,
    dropped: Iterable[Rejected] = (),
    latest: datetime | None = None,
    digits: int = DIGITS,
) -> Answer:
    """Turn raw rows into readings on the series' grid, within the fields' bounds.

    One bad row or member does not affect the others. A row without any value is dropped before
    every other check. A value that is not a number or is outside its field's bounds, a row off the
    grid and a slot that comes twice with different values are reported and not stored. A slot gives
    a reading as soon as it has one value; the merge of the slot's sources checks the required ones.
    Rows outside the requested interval but inside ``allowed`` are dropped.

    Args:
        ask: The request.
        rows: Rows as parsed, in any order.
        allowed: Interval of the HTTP request, ``[start, end)``; wider than ``ask.interval``
            if the API takes only whole days.
        evidence: For the ledger.
        dropped: Rows and members that the parser could not read.
        latest: Latest slot that can have values yet; ``None`` if they come in advance.
        digits: Decimal places of the source.

    Raises:
        MalformedPayload: If the rows show a shift, or another place or step: one with a value lies
            outside ``allowed`` or after ``latest``; half of them, or two consecutive ones, are off
            the grid; half of the slots come twice with different values; every value of a field is
            outside its bounds, as in another unit (``unit_checks``).
    """
    sieve = _Sieve(ask, allowed, latest, digits)
    for row in rows:
        sieve.take(row)
    sieve.refuse_other_step()
    sieve.refuse_other_place()
    sieve.refuse_other_unit()
    return sieve.answer(evidence, dropped)


@dataclass(slots=True)
class _Sieve:
    ask: Ask
    allowed: Interval
    latest: datetime | None
    digits: int
    held: dict[datetime, dict[str, float]] = field(default_factory=dict)
    doubled: dict[datetime, str] = field(default_factory=dict)
    astray: set[datetime] = field(default_factory=set)
    rejected: list[Rejected] = field(default_factory=list)
    beyond: dict[str, dict[datetime, float]] = field(default_factory=dict)
    days: set[date] = field(default_factory=set)

    def take(self, row: RawRow) -> None:
        """Add one row."""
        ask, at = self.ask, row.instant
        if ask.product.day_zone and at in self.allowed:
            self.days.add(local_date(at, ask.product.day_zone))
        values = self._believed(at, row.values)
        if not values:
            return
        if self.latest is not None and at > self.latest:
            raise malformed(ask, f"it holds a row for {iso(at)}, which is not over yet")
        if at not in self.allowed:
            raise malformed(ask, f"it holds a row for {iso(at)}, which was not asked")
        if ask.series.grid.floor(at) != at:
            self.astray.add(at)
            return
        known = self.held.setdefault(at, {})
        for name, value in values.items():
            first = known.setdefault(name, value)
            if not agree(first, value, self.digits):
                self.doubled.setdefault(at, f"{name} {first:g} and {value:g}")

    def refuse_other_step(self) -> None:
        """Refuse rows off the grid if they are more than single errors."""
        off = sorted(self.astray)
        if not off:
            return
        step = self.ask.series.grid.step_at(off[0])
        follow = any(later - first <= step for first, later in pairwise(off))
        if follow or 2 * len(off) >= len(off) + len(self.held):
            problem = f"it holds a row for {iso(off[0])}, off the series' grid of {step}"
            raise malformed(self.ask, problem)

    def refuse_other_place(self) -> None:
        """Refuse rows of two places at once: half of the slots have two values."""
        if len(self.doubled) > 1 and 2 * len(self.doubled) >= len(self.held):
            first = min(self.doubled)
            problem = f"it holds {iso(first)} twice, with different values"
            raise malformed(self.ask, f"{problem}, and {len(self.doubled) - 1} more slots")

    def refuse_other_unit(self) -> None:
        """Refuse values in another unit, unlike a single error or a broken sensor."""
        good = {name for values in self.held.values() for name in values}
        problem = other_measure(self.ask.series.fields, self.beyond, good)
        if problem:
            raise malformed(self.ask, problem)

    def answer(self, evidence: str, dropped: Iterable[Rejected]) -> Answer:
        """Return the checked readings and the rejected values."""
        ask, grid = self.ask, self.ask.series.grid
        lost = list(dropped)
        for at in self.astray:
            reason = f"is off the series' grid of {grid.step_at(at)}"
            lost.append(Rejected(grid.floor(at), ROW, iso(at), reason))
        for slot, two in self.doubled.items():
            lost.append(Rejected(slot, ROW, two, "comes twice, with different values"))
        readings = tuple(
            Reading(slot, self.held[slot], ask.product.grade_at(slot, ask.now), ask.origin)
            for slot in sorted(self.held.keys() - self.doubled.keys())
            if slot in ask.interval
        )
        is_misplaced = any(r.slot is None and r.field == ROW for r in lost)
        is_any_lost = is_misplaced or self.astray or self.doubled
        unsure = set(grid.slots(ask.interval) if is_any_lost else ())
        unsure |= {r.slot for r in lost if r.slot and r.field == ROW and r.slot in ask.interval}
        listed = dict.fromkeys((*self.rejected, *lost))
        said = [r for r in listed if r.slot is None or r.slot in ask.interval]
        said.sort(key=lambda r: (r.slot is None, r.slot or ask.now))
        no_verdict = frozenset(unsure - {reading.slot for reading in readings})
        return Answer(readings, tuple(said), evidence, frozenset(self.days), no_verdict=no_verdict)

    def _believed(self, at: datetime, given: Mapping[str, object]) -> dict[str, float]:
        """Return the valid values of a row, and report the others."""
        values: dict[str, float] = {}
        for known in self.ask.series.fields:
            member = given.get(known.name)
            if is_blank(member):
                continue
            value, reason = assess(known, member)
            if value is None:
                slot = self.ask.series.grid.floor(at)
                size = number(member)
                if size is not None:
                    self.beyond.setdefault(known.name, {})[slot] = size
                self.rejected.append(Rejected(slot, known.name, shown(member), reason))
            else:
                values[known.name] = value
        return values
