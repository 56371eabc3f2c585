"""What the answers of one unit came to, in numbers and in a sentence."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gapfill.domain.formatting import count
from gapfill.domain.interval import iso
from gapfill.services.certificate import UnitOutcome
from gapfill.sources.answer import ROW

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gapfill.domain.reading import Reading
    from gapfill.domain.series import Grade
    from gapfill.services.ledger_writer import Settled
    from gapfill.services.slot_writer import WrittenSlots
    from gapfill.sources.model import Answer, Rejected


SHOWN = 5
"""So many of the values that were not stored are named in a note."""


@dataclass(slots=True)
class UnitCounts:
    """Counts over the answers of a unit.

    Attributes:
        filled: Slots that this batch has written.
        enriched: Those of them that only got wanted fields.
        beside: Those of them that were not asked for.
        stood: Slots that were filled already.
        rejected: Values, rows and fields that were not stored.
        not_yet: Slots that the source does not have yet.
        no_data: Slots that it does not have.
        refused: What they are, in the order of the answers.
        lacking: Slots that were not in the answers.
        grades: Grades of the readings.
        without: By field asked for that some slots came without, the number of those where no
            value was refused either.
        unproven: Slots about which the answers prove nothing.
    """

    filled: int = 0
    enriched: int = 0
    beside: int = 0
    stood: int = 0
    rejected: int = 0
    not_yet: int = 0
    no_data: int = 0
    refused: list[Rejected] = field(default_factory=list)
    lacking: set[datetime] = field(default_factory=set)
    grades: set[Grade] = field(default_factory=set)
    without: Counter[str] = field(default_factory=Counter)
    unproven: int = 0

    def deliver(self, delivered: WrittenSlots) -> None:
        """Add what was read back."""
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
        self.lacking |= settled.lacking
        self.rejected += len(answer.rejected)
        self.refused += answer.rejected

    def outcome(self, slots: int) -> UnitOutcome:
        """Return what the unit came to.

        Args:
            slots: Number of slots that were to be filled.
        """
        had = self.filled - self.beside + self.stood
        if had >= slots and not self.without:
            return UnitOutcome.FILLED if self.filled else UnitOutcome.STOOD
        if had > 0:
            return UnitOutcome.PARTIAL
        if self.not_yet:
            return UnitOutcome.NOT_YET
        return UnitOutcome.NO_DATA if self.no_data else UnitOutcome.PARTIAL

    def note(self) -> str:
        """Return what a person should know: what was not stored, and what was not there."""
        said: list[str] = []
        if self.refused:
            said.append(_not_stored(self.refused))
        said += [f"{count(n, 'slot')} came without {name}" for name, n in self.without.items() if n]
        if self.unproven:
            said.append(
                f"{count(self.unproven, 'slot')} came without values in an answer that proves "
                "nothing for them; asked again in the next run"
            )
        if self.lacking:
            said.append(
                f"{count(len(self.lacking), 'slot', 'was', 'were')} not in what it answered, "
                f"the first {iso(min(self.lacking))}"
            )
        if self.beside:
            said.append("the source answered for another slot than asked; stored where it belongs")
        return "; ".join(said)


def _not_stored(refused: Sequence[Rejected]) -> str:
    """Return what was not stored: how many values, rows and fields, and the first of them."""
    kinds = Counter(_kind(one) for one in refused)
    counts = [count(n, kind) for kind, n in kinds.items()]
    many = " and ".join([part for part in (", ".join(counts[:-1]), counts[-1]) if part])
    more = f"; and {len(refused) - SHOWN} more" if len(refused) > SHOWN else ""
    return f"{many} not stored: {'; '.join(one.said for one in refused[:SHOWN])}{more}"


def _kind(one: Rejected) -> str:
    if one.field == ROW:
        return "row"
    return "value" if one.slot else "field"
