"""Ledger lines of an answer, for each slot and field that was asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gapfill.domain.evidence import NOT_BELIEVED, PARTIAL_DAY, EvidenceKind
from gapfill.domain.interval import Interval
from gapfill.domain.ledger import LedgerEntry, Outcome
from gapfill.domain.local_time import local_date
from gapfill.domain.reading import Reading
from gapfill.sources.answer import ROW
from gapfill.sources.model import Answer, Ask

PROVES_NOTHING = "which proves nothing for this slot"

_DOUBT = EvidenceKind.NOT_BELIEVED


@dataclass(frozen=True, slots=True)
class Settled:
    """The classified slots of an answer, and their ledger lines.

    Attributes:
        entries: Lines for the ledger.
        not_yet: Slots that the source does not have yet.
        no_data: Slots that it does not have.
        absent: Slots that were not in the answer, for any reason.
        asked: Slots that were asked for.
        without: By requested field, the number of slots without a value, also without a refused
            one.
        unproven: Slots for which the answer proves nothing.
    """

    entries: Sequence[LedgerEntry]
    not_yet: int
    no_data: int
    absent: frozenset[datetime]
    asked: frozenset[datetime]
    without: Mapping[str, int]
    unproven: int = 0


@dataclass(frozen=True, slots=True)
class LedgerWriter:
    """Writes the lines of one unit.

    Attributes:
        product: Key of the product in the lines.
        batch: Id of the fill.
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
        covered: Sequence[str] = (),
    ) -> Settled:
        """Classify each slot asked for, and each field of it.

        An empty answer before the product's grace has passed is "not yet", and so is a slot that
        is missing from a published day. Later it is "no data". If an answer has the slot but not
        the field, the line is about the field alone. A field that could not be read at all, and
        slots for which the answer proves nothing, are never "no data".

        Args:
            ask: The request.
            asked: The slots asked for.
            fields: The fields asked for.
            readings: The used readings of the answer.
            answer: The answer.
            covered: Fields that were not asked for but that a row of the answer covers: their
                missing values are not requested again.
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
            evidence = f"{evidence.rstrip('.')}, none of them for this slot"
        entries = [
            *self._lines(ask, there, Outcome.FILLED, ""),
            *self._lines(ask, refused, Outcome.FAILED, _doubt(answer, None), kind=_DOUBT),
            *self._lines(ask, unproven, Outcome.FAILED, f"{answer.evidence}; {PROVES_NOTHING}"),
        ]
        absence = self._absent(ask, absent, answer, evidence)
        entries += absence
        without: dict[str, int] = {}
        bad = {(r.slot, r.field) for r in answer.rejected}
        for name in (*fields, *covered):
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
        """Return the lines about slots that are missing from an answer, or from one field of it."""
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
        """Return the lines about one field that is missing from rows of an answer.

        For doubtful slots the answer proves nothing, such as for an array of the wrong length.
        """
        refused = {r.slot for r in answer.rejected if r.slot and r.field == name}.intersection(
            slots
        )
        unproven = doubtful.intersection(slots) - refused
        rest = [s for s in slots if s not in refused and s not in unproven]
        some = f"{len(slots)} of them without" if len(slots) < rows else "none of them with"
        said = f"{answer.evidence.rstrip('.')}, {some} {name}"
        doubts = self._lines(ask, refused, Outcome.FAILED, _doubt(answer, name), name, _DOUBT)
        doubts += self._lines(ask, unproven, Outcome.FAILED, f"{said}; {PROVES_NOTHING}", name)
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
        runs = ask.series.grid.runs(slots)
        return [self.line(ask, run, outcome, evidence, field, kind) for run in runs]


def _count(
    ask: Ask, entries: Iterable[LedgerEntry], outcome: Outcome, *, but: EvidenceKind | None = None
) -> int:
    count = ask.series.grid.count
    return sum(
        count(e.interval) for e in entries if e.outcome is outcome and e.evidence_kind is not but
    )


def _doubt(answer: Answer, field: str | None) -> str:
    """Return a text about the values that were not believed, with the first of them."""
    first = next((r for r in answer.rejected if field in (None, r.field)), None)
    if first is None:
        return NOT_BELIEVED
    is_value = first.field != ROW and first.slot is not None  # one for all slots of the line
    said = f"{first.field} {first.value!r} {first.reason}" if is_value else first.said
    return f"{NOT_BELIEVED}: {said}"
