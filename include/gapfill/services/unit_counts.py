"""Counts over the answers of one unit, and the note about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from gapfill.domain.formatting import count
from gapfill.domain.interval import iso
from gapfill.domain.reading import Reading
from gapfill.domain.series import Grade
from gapfill.services.certificate import UnitOutcome
from gapfill.services.ledger_writer import Settled
from gapfill.services.slot_writer import WrittenSlots
from gapfill.sources.answer import ROW
from gapfill.sources.model import Answer, Rejected

SHOWN = 5
"""Number of refused values that a note names."""


@dataclass(slots=True)
class UnitCounts:
    """Counts over the answers of a unit.

    Attributes:
        filled: Slots that this batch wrote.
        enriched: Those of them that got only wanted fields.
        beside: Those of them that were not asked for.
        present: Slots that were already filled.
        rejected: Values, rows and fields that were not stored.
        not_yet: Slots that the source does not have yet.
        no_data: Slots that it does not have.
        refused: These, in the order of the answers.
        absent: Slots that were not in the answers.
        grades: Grades of the readings.
        without: By requested field, the number of slots without a value, also without a refused
            one.
        unproven: Slots for which the answers prove nothing.
    """

    filled: int = 0
    enriched: int = 0
    beside: int = 0
    present: int = 0
    rejected: int = 0
    not_yet: int = 0
    no_data: int = 0
    refused: list[Rejected] = field(default_factory=list)
    absent: set[datetime] = field(default_factory=set)
    grades: set[Grade] = field(default_factory=set)
    without: Counter[str] = field(default_factory=Counter)
    unproven: int = 0

    def deliver(self, delivered: WrittenSlots) -> None:
        """Add slots that were read back."""
        self.filled += delivered.slots
        self.enriched += delivered.enriched

    def take(self, answer: Answer, settled: Settled, readings: Sequence[Reading]) -> None:
        """Add one answer to the counts."""
        self.without.update(settled.without)
        self.unproven += settled.unproven
        self.beside += sum(reading.slot not in settled.asked for reading in readings)
        self.grades |= {reading.grade for reading in readings}
        self.not_yet += settled.not_yet
        self.no_data += settled.no_data
        self.absent |= settled.absent
        self.rejected += len(answer.rejected)
        self.refused += answer.rejected

    def outcome(self, slots: int) -> UnitOutcome:
        """Return the outcome of the unit, which was to fill this number of slots."""
        had = self.filled - self.beside + self.present
        if had >= slots and not self.without:
            return UnitOutcome.FILLED if self.filled else UnitOutcome.PRESENT
        if had > 0:
            return UnitOutcome.PARTIAL
        if self.not_yet:
            return UnitOutcome.NOT_YET
        return UnitOutcome.NO_DATA if self.no_data else UnitOutcome.PARTIAL

    def note(self) -> str:
        """Return the note for people: refused values, and missing slots and fields."""
        said: list[str] = []
        if self.refused:
            said.append(_not_stored(self.refused))
        said += [f"{count(n, 'slot')} had no {name}" for name, n in self.without.items() if n]
        if self.unproven:
            said.append(
                f"{count(self.unproven, 'slot')} had no values in an answer that proves "
                "nothing for them; the next run asks again"
            )
        if self.absent:
            said.append(
                f"{count(len(self.absent), 'slot', 'was', 'were')} not in the answer of the "
                f"source, the first {iso(min(self.absent))}"
            )
        if self.beside:
            said.append(
                "the source answered for another slot than requested; "
                "its values are stored in their own slot"
            )
        return "; ".join(said)


def _not_stored(refused: Sequence[Rejected]) -> str:
    """Return a text about refused values, rows and fields: their counts, and the first of them."""
    kinds = Counter(_kind(one) for one in refused)
    counts = [count(n, kind) for kind, n in kinds.items()]
    many = " and ".join([part for part in (", ".join(counts[:-1]), counts[-1]) if part])
    more = f"; and {len(refused) - SHOWN} more" if len(refused) > SHOWN else ""
    return f"{many} not stored: {'; '.join(one.said for one in refused[:SHOWN])}{more}"


def _kind(one: Rejected) -> str:
    if one.field == ROW:
        return "row"
    return "value" if one.slot else "field"
