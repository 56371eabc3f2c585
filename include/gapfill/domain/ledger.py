"""The ledger of requests and their outcomes, and the effect on later requests."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from operator import attrgetter
from typing import NamedTuple

from gapfill.domain.evidence import EvidenceKind
from gapfill.domain.interval import Interval, merge

ASK_AGAIN = (timedelta(days=1), timedelta(days=7), timedelta(days=30), timedelta(days=90))
"""Wait after the n-th "no data" answer before the next request; the last repeats (design, 6)."""

APART = timedelta(hours=24)
"""Answers count separately only if they are this far apart (design, 6: "twice, 24 h apart")."""

FINAL = 2
"""Number of counted "no data" answers after which a product is excluded for a slot."""

BELIEVED_SOON = 2
"""Number of such answers that may be errors; later ones count as "no data"."""

RECENT = timedelta(hours=2)
"""After a failure or "not yet" younger than this, other sources are asked first (design, 4)."""

JUST_NOW = timedelta(minutes=15)
"""The same for slots that the product drops within two hours."""

LAST_CHANCE = timedelta(hours=4)
"""Time before a slot is dropped in which the next station is asked if one failed: two cycles,
because the newest row of a window does not always appear at the same minute."""


class Outcome(StrEnum):
    """Outcome of a request in the ledger.

    Only ``NO_DATA`` excludes a product. ``UNPROVEN``: the answer was empty, and so were all other
    answers of the source, as in an outage; Gapfill asks again after a day. ``UNREACHED``: there
    was no answer, or the source refused the key (``EvidenceKind.KEY_REFUSED``). ``FAILED``: the
    answer was unusable. ``DEFERRED``: the source was not asked because it was down for other units.
    """

    FILLED = "filled"
    NO_DATA = "no_data"
    UNPROVEN = "unproven"
    NOT_YET = "not_yet"
    UNREACHED = "unreached"
    FAILED = "failed"
    DEFERRED = "deferred"


STOOD_IN_FOR = (Outcome.NOT_YET, Outcome.UNREACHED, Outcome.FAILED, Outcome.DEFERRED)
"""Outcomes after which other sources are asked first for a while."""

UNREACHED = (Outcome.UNREACHED, Outcome.DEFERRED)
"""Outcomes of a source that could not be reached."""


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One line of the ledger.

    Attributes:
        series: Series asked for.
        product: ``source.name`` of the product.
        station: Station asked, ``None`` if the product has none.
        interval: The slots of the line, ``[start, end)``.
        outcome: Outcome of the request.
        asked_at: Time of the request.
        evidence: Status and first words of the answer, without secrets.
        batch: Id of the fill that made the request.
        field: The one field of the line; ``None``: the whole slots.
        evidence_kind: Meaning of the evidence, beside the outcome.
        folded: Times of the answers of a summary row (``ledger_folding``), oldest first; the last
            is ``asked_at``. Empty: the line of one answer.
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
    folded: tuple[datetime, ...] = ()


class Answer(NamedTuple):
    """One answer of a summary row, with the attributes of a line that exclusions depend on."""

    asked_at: datetime
    outcome: Outcome
    evidence: str


@dataclass(frozen=True, slots=True)
class Exclusion:
    """The effect of "no data" answers on an interval of slots.

    Attributes:
        interval: The slots, ``[start, end)``.
        count: Answers that count, each 24 h after the one before; 0 if no answer proves anything.
        until: When the source may be asked again.
        evidence: Evidence of the last answer.
    """

    interval: Interval
    count: int
    until: datetime
    evidence: str

    @property
    def is_final(self) -> bool:
        """Whether the product is excluded for these slots, until it is asked again."""
        return self.count >= FINAL


ANY_WANTED = "*wanted"
"""Field of a line of an earlier build that is about all wanted fields of its product."""

OLD_WANTED = "#wanted"
"""End of the key of a product in such a line."""


def as_read(entry: LedgerEntry) -> LedgerEntry:
    """Return a stored line in the form of this build.

    In earlier builds the product's key ended with ``#wanted`` if the line was about wanted fields.
    """
    if not entry.product.endswith(OLD_WANTED):
        return entry
    return replace(entry, product=entry.product.removesuffix(OLD_WANTED), field=ANY_WANTED)


_start = attrgetter("interval.start")


@dataclass(frozen=True, slots=True)
class Exclusions:
    """Exclusions in order, disjoint, with a look-up by slot in logarithmic time."""

    items: tuple[Exclusion, ...] = ()

    def at(self, slot: datetime) -> Exclusion | None:
        """Return the exclusion of a slot, ``None`` if there is none."""
        n = bisect_right(self.items, slot, key=_start)
        return self.items[n - 1] if n and slot < self.items[n - 1].interval.end else None


def exclusions_from(entries: Iterable[LedgerEntry], *, proves: bool = True) -> Exclusions:
    """Return the exclusions from the "no data" lines of one product and station.

    The first two answers whose values cannot be believed may be errors. From the third on they
    count as "no data", so that the same values are not requested in every cycle.

    Args:
        entries: Lines of the ledger.
        proves: Whether "no data" can exclude the product. It cannot exclude a model that covers
            the place: a model has no permanent holes and is asked again every day.

    Lines may be in any order and overlap; the result is split where the history changes. Cost
    grows with the number of lines times the number of overlaps.
    """
    said = sorted((e for e in entries if excludes(e)), key=lambda e: e.interval.start)
    is_folded = any(e.folded for e in said)
    edges = sorted({e.interval.start for e in said} | {e.interval.end for e in said})
    items: list[Exclusion] = []
    active: list[LedgerEntry] = []
    position = 0
    for start, end in pairwise(edges):
        active = [e for e in active if e.interval.end > start]
        while position < len(said) and said[position].interval.start == start:
            insort(active, said[position], key=_turn)
            position += 1
        counted = _counted(answers_of(active) if is_folded else active)
        if counted:
            items.append(_ruling(Interval(start, end), counted, proves=proves))
    return Exclusions(tuple(items))


_EMPTY = (Outcome.NO_DATA, Outcome.UNPROVEN)


def excludes(entry: LedgerEntry) -> bool:
    """Return whether a line can exclude its product, at any age; only then its times count."""
    if entry.outcome in _EMPTY:
        return True
    return entry.outcome is Outcome.FAILED and entry.evidence_kind is EvidenceKind.NOT_BELIEVED


def decides(entry: LedgerEntry) -> bool:
    """Return whether a line decides about later requests at any age.

    Every other line decides for a day at most, and one of filled slots decides nothing.
    """
    return excludes(entry) or (entry.outcome is Outcome.NOT_YET and entry.field is not None)


def _turn(entry: LedgerEntry) -> tuple[datetime, str, str, str, str]:
    """Return the place of a line in a history: the same whether or not lines are folded."""
    return entry.asked_at, entry.field or "", entry.outcome, entry.evidence_kind, entry.evidence


_Key = tuple[datetime, str, str, str]


def answers_of(entries: Sequence[LedgerEntry]) -> list[LedgerEntry | Answer]:
    """Return the answers of lines and summary rows about the same slots, in order.

    A summary row and the lines that it was made of can be there together, after a kill. So an
    answer in both counts once. Answers are the same if time, outcome, kind and field are.
    """
    lines: dict[_Key, list[LedgerEntry | Answer]] = {}
    rows: dict[_Key, list[LedgerEntry | Answer]] = {}
    for entry in entries:
        times = entry.folded or (entry.asked_at,)
        for asked_at, times_of in Counter(times).items():
            key = asked_at, entry.field or "", entry.outcome, entry.evidence_kind
            if not entry.folded:
                lines.setdefault(key, []).append(entry)
            elif len(rows.get(key, ())) < times_of:
                rows[key] = [Answer(asked_at, entry.outcome, entry.evidence)] * times_of
    keys = sorted(lines.keys() | rows.keys())
    return [
        answer for key in keys for answer in max(lines.get(key, []), rows.get(key, []), key=len)
    ]


def _counted(history: Sequence[LedgerEntry | Answer]) -> list[LedgerEntry | Answer]:
    """Return the answers that count: empty ones, and repeated values that cannot be believed."""
    counted: list[LedgerEntry | Answer] = []
    doubts = 0
    for answer in history:
        doubts += answer.outcome is Outcome.FAILED
        if answer.outcome is not Outcome.FAILED or doubts > BELIEVED_SOON:
            counted.append(answer)
    return counted


def _ruling(
    interval: Interval, history: Sequence[LedgerEntry | Answer], *, proves: bool
) -> Exclusion:
    count, counted_at, until = 0, None, history[0].asked_at
    for entry in history:
        is_proof = proves and entry.outcome is not Outcome.UNPROVEN
        if is_proof and (counted_at is None or entry.asked_at - counted_at >= APART):
            count, counted_at = count + 1, entry.asked_at
        wait = ASK_AGAIN[min(max(count, 1), len(ASK_AGAIN)) - 1] if is_proof else ASK_AGAIN[0]
        until = max(until, entry.asked_at + wait)
    return Exclusion(interval, count, until, history[-1].evidence)


def without(entries: Iterable[LedgerEntry], field: str) -> list[Interval]:
    """Return the intervals whose answers were without a field, merged."""
    return merge(
        e.interval for e in entries if e.field == field and e.outcome in (*_EMPTY, Outcome.NOT_YET)
    )


def key_refused(entries: Iterable[LedgerEntry], now: datetime) -> list[Interval]:
    """Return the intervals for which the source refused the key in the last two hours."""
    own = (e for e in entries if e.evidence_kind is EvidenceKind.KEY_REFUSED)
    return recent(own, now, UNREACHED)


def recent(
    entries: Iterable[LedgerEntry],
    now: datetime,
    outcomes: Collection[Outcome] = STOOD_IN_FOR,
    within: timedelta = RECENT,
) -> list[Interval]:
    """Return the intervals with one of these outcomes within the last two hours, merged."""
    return merge(
        e.interval for e in entries if e.outcome in outcomes and now - within < e.asked_at <= now
    )
