"""What was asked and answered, and what follows from it for the next question."""

from __future__ import annotations

from bisect import bisect_right, insort
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from itertools import pairwise
from operator import attrgetter
from typing import TYPE_CHECKING

from gapfill.domain.evidence import EvidenceKind
from gapfill.domain.interval import Interval, merge

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

ASK_AGAIN = (timedelta(days=1), timedelta(days=7), timedelta(days=30), timedelta(days=90))
"""How long after the n-th "no data" a source is asked again; the last one repeats (design, 6)."""

APART = timedelta(hours=24)
"""Two answers count as two only this far apart (design, 6: "twice, 24 h apart")."""

FINAL = 2
"""Number of counted "no data" answers after which a product is excluded for a slot."""

BELIEVED_SOON = 2
"""So many such answers may be slips; from the next one on they count as "no data"."""

RECENT = timedelta(hours=2)
"""A failure or "not yet" younger than this lets another source stand in (design, 4)."""

JUST_NOW = timedelta(minutes=15)
"""So young, it does so even where the product drops the slot within two hours."""

LAST_CHANCE = timedelta(hours=4)
"""Before a slot is dropped, the next station is asked where one failed: two cycles, as the newest
row of a window is not always there at the same minute."""


class Outcome(StrEnum):
    """What a request came to, as the ledger keeps it.

    Only ``NO_DATA`` is a verdict. ``UNPROVEN``: the answer was empty while everything else
    that the source was asked for was empty too, as in an outage; it is asked again after a
    day. ``UNREACHED``: there was no answer, or the key was refused (``EvidenceKind.KEY_REFUSED``);
    ``FAILED``: the answer was of no use; ``DEFERRED``: the source was not asked, as it was
    down for other units.
    """

    FILLED = "filled"
    NO_DATA = "no_data"
    UNPROVEN = "unproven"
    NOT_YET = "not_yet"
    UNREACHED = "unreached"
    FAILED = "failed"
    DEFERRED = "deferred"


STOOD_IN_FOR = (Outcome.NOT_YET, Outcome.UNREACHED, Outcome.FAILED, Outcome.DEFERRED)
"""Outcomes after which, for a while, another source goes first."""

UNREACHED = (Outcome.UNREACHED, Outcome.DEFERRED)
"""Outcomes of a source that could not be reached."""


@dataclass(frozen=True, slots=True)
class LedgerEntry:
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
        field: The one field that the line is about; ``None``: the slots as such.
        evidence_kind: What the evidence proves, beside the outcome.
    """

    series: str
    product: str
    station: str | None
    interval: Interval
    outcome: Outcome
    asked_at: datetime
    evidence: str
    batch: str = ""
    field: str | None = None
    evidence_kind: EvidenceKind = EvidenceKind.OTHER


@dataclass(frozen=True, slots=True)
class Exclusion:
    """What "no data" answers come to for a stretch of slots.

    Attributes:
        interval: The stretch, ``[start, end)``.
        count: Answers that count, each 24 h after the one before; 0 where none proves anything.
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


ANY_WANTED = "*wanted"
"""Field of a line, of an earlier build, that is about all wanted fields of its product."""

_OLD_WANTED = "#wanted"


def as_read(entry: LedgerEntry) -> LedgerEntry:
    """Return a stored line as this build writes it.

    Earlier builds ended the product's key with ``#wanted`` where a line was about wanted fields.
    """
    if not entry.product.endswith(_OLD_WANTED):
        return entry
    return replace(entry, product=entry.product.removesuffix(_OLD_WANTED), field=ANY_WANTED)


_start = attrgetter("interval.start")


@dataclass(frozen=True, slots=True)
class Exclusions:
    """Rulings in order, disjoint, with a look-up by slot in logarithmic time."""

    items: tuple[Exclusion, ...] = ()

    def at(self, slot: datetime) -> Exclusion | None:
        """Return the ruling on a slot, ``None`` where there is none."""
        n = bisect_right(self.items, slot, key=_start)
        return self.items[n - 1] if n and slot < self.items[n - 1].interval.end else None


def exclusions_from(entries: Iterable[LedgerEntry], *, proves: bool = True) -> Exclusions:
    """Return what the "no data" entries of one product and station come to.

    An answer whose values cannot be believed is a slip twice; from the third on it counts
    as "no data", so that the same values are not requested every cycle.

    Args:
        entries: Lines of the ledger.
        proves: Whether "no data" can rule the product out. It cannot for a model that covers
            the place: it has no permanent holes and is asked again every day.

    Entries may come in any order and overlap; the answer is cut where the history
    changes. Cost grows with the number of entries times the number of overlaps.
    """
    said = sorted(
        (e for e in entries if e.outcome in _EMPTY or _is_doubt(e)),
        key=lambda e: e.interval.start,
    )
    edges = sorted({e.interval.start for e in said} | {e.interval.end for e in said})
    items: list[Exclusion] = []
    active: list[LedgerEntry] = []
    position = 0
    for start, end in pairwise(edges):
        active = [e for e in active if e.interval.end > start]
        while position < len(said) and said[position].interval.start == start:
            insort(active, said[position], key=attrgetter("asked_at"))
            position += 1
        counted = _counted(active)
        if counted:
            items.append(_ruling(Interval(start, end), counted, proves=proves))
    return Exclusions(tuple(items))


_EMPTY = (Outcome.NO_DATA, Outcome.UNPROVEN)


def _is_doubt(entry: LedgerEntry) -> bool:
    is_doubt = entry.evidence_kind is EvidenceKind.NOT_BELIEVED
    return is_doubt and entry.outcome is Outcome.FAILED


def _counted(history: Sequence[LedgerEntry]) -> list[LedgerEntry]:
    """Return the answers that rule: empty ones, and values that stay unbelievable."""
    doubts = [e for e in history if e.outcome is Outcome.FAILED][BELIEVED_SOON:]
    return [e for e in history if e.outcome in _EMPTY or e in doubts]


def _ruling(interval: Interval, history: Sequence[LedgerEntry], *, proves: bool) -> Exclusion:
    count, counted_at, until = 0, None, history[0].asked_at
    for entry in history:
        is_proof = proves and entry.outcome is not Outcome.UNPROVEN
        if is_proof and (counted_at is None or entry.asked_at - counted_at >= APART):
            count, counted_at = count + 1, entry.asked_at
        wait = ASK_AGAIN[min(max(count, 1), len(ASK_AGAIN)) - 1] if is_proof else ASK_AGAIN[0]
        until = max(until, entry.asked_at + wait)
    return Exclusion(interval, count, until, history[-1].evidence)


def without(entries: Iterable[LedgerEntry], field: str) -> list[Interval]:
    """Return the stretches that were answered without a field, merged."""
    return merge(
        e.interval for e in entries if e.field == field and e.outcome in (*_EMPTY, Outcome.NOT_YET)
    )


def key_refused(entries: Iterable[LedgerEntry], now: datetime) -> list[Interval]:
    """Return the stretches that were not given within the last two hours for a refused key."""
    own = (e for e in entries if e.evidence_kind is EvidenceKind.KEY_REFUSED)
    return recent(own, now, UNREACHED)


def recent(
    entries: Iterable[LedgerEntry],
    now: datetime,
    outcomes: Collection[Outcome] = STOOD_IN_FOR,
    within: timedelta = RECENT,
) -> list[Interval]:
    """Return the stretches that had one of some outcomes within the last two hours, merged."""
    return merge(
        e.interval for e in entries if e.outcome in outcomes and now - within < e.asked_at <= now
    )
