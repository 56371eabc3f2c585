"""What an answer comes to in the ledger, for each slot and field that was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from gapfill.domain.evidence import NOT_BELIEVED, PARTIAL_DAY, EvidenceKind
from gapfill.domain.interval import Interval, merge
from gapfill.domain.ledger import LedgerEntry, Outcome
from gapfill.domain.local_time import local_date
from gapfill.sources.answer import ROW

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gapfill.domain.reading import Reading
    from gapfill.sources.model import Answer, Ask

NO_VERDICT = "which proves nothing for this slot"

_DOUBT = EvidenceKind.NOT_BELIEVED


@dataclass(frozen=True, slots=True)
class Settled:
    """What an answer came to.

    Attributes:
        entries: Lines for the ledger.
        not_yet: Slots that the source does not have yet.
        no_data: Slots that it does not have.
        lacking: Slots that were not in the answer, for whatever reason.
        asked: Slots that were asked for.
        without: By field asked for that some slots came without, the number of those where no
            value was refused either.
        unproven: Slots about which the answer proves nothing.
    """

    entries: Sequence[LedgerEntry]
    not_yet: int
    no_data: int
    lacking: frozenset[datetime]
    asked: frozenset[datetime]
    without: Mapping[str, int]
    unproven: int = 0


@dataclass(frozen=True, slots=True)
class LedgerWriter:
    """Writes the lines of one unit.

    Attributes:
        product: Key under which the lines stand.
        batch: The fill that asks.
    """

    product: str
    batch: str

    def settle(
        self,
        ask: Ask,
        asked: Sequence[datetime],
        fields: Sequence[str],
        readings: Iterable[Reading],
        answer: Answer,
        told: Sequence[str] = (),
    ) -> Settled:
        """Say for each slot asked for, and for each field of it, what the answer came to.

        Empty before the product's grace has passed is "not yet", and so is what is missing
        from a published day: no verdict. Empty later is "no data". Where an answer has the
        slot and not the field, the line is about the field alone. Of a field that could not be
        read at all, and of slots of which the answer proves nothing, there is no verdict.

        Args:
            ask: What was asked.
            asked: The slots asked for.
            fields: The fields asked for.
            readings: What was used of the answer.
            answer: The answer.
            told: Fields that were not asked for, and of which a row tells all the same: what
                it is without is not asked for again.
        """
        wanted = set(asked)
        there = {r.slot: r.values for r in readings if r.slot in wanted}
        lost = {r.field for r in answer.rejected if r.slot is None and r.field != ROW}
        open_ = frozenset(wanted) if lost & set(ask.series.required) else answer.no_verdict
        refused = {r.slot for r in answer.rejected if r.slot} & wanted - there.keys()
        unproven = (open_ & wanted) - there.keys() - refused
        absent = [s for s in asked if s not in there and s not in refused and s not in unproven]
        evidence = answer.evidence
        if there or answer.days:
            evidence = f"{evidence.rstrip('.')}, none of them for this"
        entries = [
            *self._lines(ask, there, Outcome.FILLED, ""),
            *self._lines(ask, refused, Outcome.FAILED, _doubt(answer, None), kind=_DOUBT),
            *self._lines(ask, unproven, Outcome.FAILED, f"{answer.evidence}; {NO_VERDICT}"),
        ]
        absence = self._absent(ask, absent, answer, evidence)
        entries += absence
        without: dict[str, int] = {}
        bad = {(r.slot, r.field) for r in answer.rejected}
        for name in (*fields, *told):
            slots = [s for s, values in there.items() if name not in values]
            if slots:
                doubtful = frozenset(slots) if name in lost else frozenset[datetime]()
                if name in ask.series.required:
                    doubtful |= answer.no_verdict
                entries += self._without(ask, name, slots, len(there), answer, doubtful)
            if slots and name in fields:
                without[name] = sum((slot, name) not in bad for slot in slots)
        if not entries:
            entries = [self.line(ask, ask.interval, Outcome.FILLED, "")]
        early = _count(ask, absence, Outcome.NOT_YET, but=EvidenceKind.PARTIAL_DAY)
        late = _count(ask, absence, Outcome.NO_DATA)
        sets = frozenset(absent), frozenset(asked)
        return Settled(entries, early, late, *sets, without, len(unproven))

    def _absent(
        self, ask: Ask, slots: Sequence[datetime], answer: Answer, evidence: str, field: str = ""
    ) -> list[LedgerEntry]:
        """Return the lines about slots that an answer, or one field of it, was without."""
        product, grid = ask.product, ask.series.grid
        partial: set[datetime] = set()
        if product.publishes_days and product.day_zone:
            zone = product.day_zone
            partial = {s for s in slots if local_date(s, zone) in answer.days}
        rest = [s for s in slots if s not in partial]
        early = {s for s in rest if product.grace.instant(s, grid) > ask.now}
        late = [s for s in rest if s not in early]
        return [
            *self._lines(ask, early, Outcome.NOT_YET, evidence, field),
            *self._lines(
                ask, partial, Outcome.NOT_YET, PARTIAL_DAY, field, EvidenceKind.PARTIAL_DAY
            ),
            *self._lines(ask, late, Outcome.NO_DATA, evidence, field),
        ]

    def _without(
        self,
        ask: Ask,
        name: str,
        slots: Sequence[datetime],
        rows: int,
        answer: Answer,
        doubtful: frozenset[datetime],
    ) -> list[LedgerEntry]:
        """Return the lines about one field that rows of an answer were without.

        Of doubtful slots the answer proves nothing, such as of an array that does not fit.
        """
        refused = {r.slot for r in answer.rejected if r.slot and r.field == name}.intersection(
            slots
        )
        unproven = doubtful.intersection(slots) - refused
        rest = [s for s in slots if s not in refused and s not in unproven]
        some = f"{len(slots)} of them without" if len(slots) < rows else "none of them with"
        said = f"{answer.evidence.rstrip('.')}, {some} {name}"
        doubts = self._lines(ask, refused, Outcome.FAILED, _doubt(answer, name), name, _DOUBT)
        doubts += self._lines(ask, unproven, Outcome.FAILED, f"{said}; {NO_VERDICT}", name)
        return [*doubts, *self._absent(ask, rest, answer, said, name)]

    def line(
        self,
        ask: Ask,
        interval: Interval,
        outcome: Outcome,
        evidence: str,
        field: str = "",
        kind: EvidenceKind = EvidenceKind.OTHER,
    ) -> LedgerEntry:
        """Return a line about an interval, or about one field in it."""
        return LedgerEntry(
            series=ask.series.name,
            product=self.product,
            station=ask.station.id if ask.station else None,
            interval=interval,
            outcome=outcome,
            asked_at=ask.now,
            evidence=evidence,
            batch=self.batch,
            field=field or None,
            evidence_kind=kind,
        )

    def _lines(
        self,
        ask: Ask,
        slots: Iterable[datetime],
        outcome: Outcome,
        evidence: str,
        field: str = "",
        kind: EvidenceKind = EvidenceKind.OTHER,
    ) -> list[LedgerEntry]:
        runs = merge(Interval(s, ask.series.grid.end_of(s)) for s in slots)
        return [self.line(ask, run, outcome, evidence, field, kind) for run in runs]


def _count(
    ask: Ask, entries: Iterable[LedgerEntry], outcome: Outcome, *, but: EvidenceKind | None = None
) -> int:
    count = ask.series.grid.count
    return sum(
        count(e.interval) for e in entries if e.outcome is outcome and e.evidence_kind is not but
    )


def _doubt(answer: Answer, field: str | None) -> str:
    """Return what was not believed, by the first value."""
    first = next((r for r in answer.rejected if field in (None, r.field)), None)
    if first is None:
        return NOT_BELIEVED
    is_value = first.field != ROW and first.slot is not None  # one for all slots of the line
    said = f"{first.field} {first.value!r} {first.reason}" if is_value else first.said
    return f"{NOT_BELIEVED}: {said}"
