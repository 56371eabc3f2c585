"""What an answer comes to in the ledger: for each slot asked for, had, early, late or refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gapfill.domain.civil import local_date
from gapfill.domain.interval import Interval, merge
from gapfill.domain.ledger import NOT_BELIEVED, Entry, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from gapfill.sources.base import Answer, Ask

PARTIAL_DAY = "a published day lacks it"


@dataclass(frozen=True, slots=True)
class Settled:
    """What an answer came to.

    Attributes:
        entries: Lines for the ledger.
        not_yet: Slots that the source does not have yet.
        no_data: Slots that it does not have.
        lacking: Slots that were not in the answer, for whatever reason.
        asked: Slots that were asked for.
    """

    entries: Sequence[Entry]
    not_yet: int
    no_data: int
    lacking: frozenset[datetime]
    asked: frozenset[datetime]


@dataclass(frozen=True, slots=True)
class Clerk:
    """Writes the lines of one unit.

    Attributes:
        product: Key under which the lines stand.
        batch: The fill that asks.
    """

    product: str
    batch: str

    def settle(
        self, ask: Ask, asked: Sequence[datetime], had: Iterable[datetime], answer: Answer
    ) -> Settled:
        """Say for each slot asked for what the answer came to.

        Empty before the product's grace has passed is "not yet", and so is what lacks from
        a published day: no verdict. Empty later is "no data".

        Args:
            ask: What was asked.
            asked: The slots asked for.
            had: Those of them that were had.
            answer: The answer.
        """
        product, grid = ask.product, ask.series.grid
        there = set(had)
        refused = {r.slot for r in answer.rejected if r.slot and r.slot not in there} & set(asked)
        lacking = [s for s in asked if s not in there and s not in refused]
        partial: set[datetime] = set()
        if product.publishes_days and product.day_zone:
            zone = product.day_zone
            partial = {s for s in lacking if local_date(s, zone) in answer.days}
        rest = [s for s in lacking if s not in partial]
        early = {s for s in rest if product.grace.instant(s, grid) > ask.now}
        late = [s for s in rest if s not in early]
        evidence = answer.evidence
        if there or answer.days:
            evidence = f"{evidence.rstrip('.')}, none of them for this"
        entries = [
            *self._lines(ask, there, Outcome.FILLED, ""),
            *self._lines(ask, refused, Outcome.FAILED, _doubt(answer)),
            *self._lines(ask, early, Outcome.NOT_YET, evidence),
            *self._lines(ask, partial, Outcome.NOT_YET, PARTIAL_DAY),
            *self._lines(ask, late, Outcome.NO_DATA, evidence),
        ]
        if not entries:
            entries = [self.line(ask, ask.interval, Outcome.FILLED, "")]
        return Settled(entries, len(early), len(late), frozenset(lacking), frozenset(asked))

    def line(self, ask: Ask, interval: Interval, outcome: Outcome, evidence: str) -> Entry:
        """Return a line about an interval."""
        return Entry(
            series=ask.series.name,
            product=self.product,
            station=ask.station.id if ask.station else None,
            interval=interval,
            outcome=outcome,
            asked_at=ask.now,
            evidence=evidence,
            batch=self.batch,
        )

    def _lines(
        self, ask: Ask, slots: Iterable[datetime], outcome: Outcome, evidence: str
    ) -> list[Entry]:
        runs = merge(Interval(s, ask.series.grid.end_of(s)) for s in slots)
        return [self.line(ask, run, outcome, evidence) for run in runs]


def _doubt(answer: Answer) -> str:
    """Return what was not believed, by the first value."""
    first = answer.rejected[0] if answer.rejected else None
    named = f": {first.field} {first.value!r} {first.reason}" if first else ""
    return f"{NOT_BELIEVED}{named}"
