"""What was asked and answered, and what follows from it for the next question."""

from __future__ import annotations

from bisect import bisect_right, insort
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from itertools import pairwise
from operator import attrgetter
from typing import TYPE_CHECKING

from gapfill.domain.interval import Interval, merge

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

ASK_AGAIN = (timedelta(days=1), timedelta(days=7), timedelta(days=30), timedelta(days=90))
"""How long after the n-th "no data" a source is asked again; the last one repeats (design, 6)."""

APART = timedelta(hours=24)
"""Two answers count as two only this far apart (design, 6: "twice, 24 h apart")."""

FINAL = 2
"""So many counted "no data" rule a product out for a slot."""

NOT_BELIEVED = "values that cannot be believed"
"""Begins the evidence of a failed answer whose values were not stored."""

BELIEVED_SOON = 2
"""So many such answers may be slips; from the next one on they count as "no data"."""

RECENT = timedelta(hours=2)
"""A failure or "not yet" younger than this lets another source stand in (design, 4)."""


class Outcome(StrEnum):
    """What a request came to, as the ledger keeps it.

    Only ``NO_DATA`` is a verdict. ``UNREACHED``: no answer was had; ``FAILED``: the
    answer was of no use; ``DEFERRED``: nobody asked, as the source was down for others.
    """

    FILLED = "filled"
    NO_DATA = "no_data"
    NOT_YET = "not_yet"
    UNREACHED = "unreached"
    FAILED = "failed"
    DEFERRED = "deferred"


STOOD_IN_FOR = (Outcome.NOT_YET, Outcome.UNREACHED, Outcome.FAILED, Outcome.DEFERRED)
"""Outcomes after which, for a while, another source goes first."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger.

    Attributes:
        series: Series asked for.
        product: ``source.name`` of the product.
        station: Station asked, ``None`` where the product has none.
        interval: What the line speaks of, ``[start, end)``.
        outcome: What the answer was.
        asked_at: When it was asked.
        evidence: Status and first words of the answer, without secrets.
        batch: The fill that asked.
    """

    series: str
    product: str
    station: str | None
    interval: Interval
    outcome: Outcome
    asked_at: datetime
    evidence: str
    batch: str = ""


@dataclass(frozen=True, slots=True)
class Ruling:
    """What "no data" answers come to for a stretch of slots.

    Attributes:
        interval: The stretch, ``[start, end)``.
        count: Answers that count, each 24 h after the one before.
        until: When the source may be asked again.
        evidence: Of the last answer.
    """

    interval: Interval
    count: int
    until: datetime
    evidence: str

    @property
    def is_final(self) -> bool:
        """Whether the product is ruled out for these slots, until it is asked again."""
        return self.count >= FINAL


_start = attrgetter("interval.start")


@dataclass(frozen=True, slots=True)
class Rulings:
    """Rulings in order, disjoint, with a look-up by slot in logarithmic time."""

    items: tuple[Ruling, ...] = ()

    def at(self, slot: datetime) -> Ruling | None:
        """Return the ruling on a slot, ``None`` where there is none."""
        n = bisect_right(self.items, slot, key=_start)
        return self.items[n - 1] if n and slot < self.items[n - 1].interval.end else None


def rule(entries: Iterable[Entry]) -> Rulings:
    """Return what the "no data" entries of one product and station come to.

    An answer whose values cannot be believed is a slip twice; from the third on it counts
    as "no data", so that nobody is asked for the same nonsense every cycle.

    Entries may come in any order and overlap; the answer is cut where the history
    changes. Cost grows with the number of entries times the number of overlaps.
    """
    said = sorted(
        (e for e in entries if e.outcome is Outcome.NO_DATA or _is_doubt(e)),
        key=lambda e: e.interval.start,
    )
    edges = sorted({e.interval.start for e in said} | {e.interval.end for e in said})
    items: list[Ruling] = []
    active: list[Entry] = []
    position = 0
    for start, end in pairwise(edges):
        active = [e for e in active if e.interval.end > start]
        while position < len(said) and said[position].interval.start == start:
            insort(active, said[position], key=attrgetter("asked_at"))
            position += 1
        counted = _counted(active)
        if counted:
            items.append(_ruling(Interval(start, end), counted))
    return Rulings(tuple(items))


def _is_doubt(entry: Entry) -> bool:
    return entry.outcome is Outcome.FAILED and entry.evidence.startswith(NOT_BELIEVED)


def _counted(history: Sequence[Entry]) -> list[Entry]:
    """Return the answers that rule: "no data", and values that stay unbelievable."""
    doubts = [e for e in history if e.outcome is Outcome.FAILED][BELIEVED_SOON:]
    return [e for e in history if e.outcome is Outcome.NO_DATA or e in doubts]


def _ruling(interval: Interval, history: Sequence[Entry]) -> Ruling:
    count, counted_at = 0, None
    for entry in history:
        if counted_at is None or entry.asked_at - counted_at >= APART:
            count, counted_at = count + 1, entry.asked_at
    wait = ASK_AGAIN[min(count, len(ASK_AGAIN)) - 1]
    return Ruling(interval, count, history[-1].asked_at + wait, history[-1].evidence)


def recent(entries: Iterable[Entry], now: datetime) -> list[Interval]:
    """Return the stretches that failed or were "not yet" within the last two hours, merged."""
    return merge(
        e.interval
        for e in entries
        if e.outcome in STOOD_IN_FOR and now - RECENT < e.asked_at <= now
    )
