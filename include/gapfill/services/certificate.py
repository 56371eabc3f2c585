"""What a fill proved, for summaries and people."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from gapfill.domain.interval import Interval  # noqa: TC001 - pydantic reads the annotations
from gapfill.errors import ErrorCode

if TYPE_CHECKING:
    from gapfill.domain.plan import Unit


class UnitOutcome(StrEnum):
    """What a unit came to.

    Attributes:
        FILLED: Every slot has every field asked for, some of them by this unit.
        PARTIAL: Some slots, or some fields.
        STOOD: Everything was there already.
        NOT_YET: Nothing: the source does not have it yet.
        NO_DATA: Nothing: the source does not have it.
        DEFERRED: The rest is left for a later run.
        FAILED: It ended with an error, or an answer was of no use.
    """

    FILLED = "filled"
    PARTIAL = "partial"
    STOOD = "stood"
    NOT_YET = "not_yet"
    NO_DATA = "no_data"
    DEFERRED = "deferred"
    FAILED = "failed"

    @property
    def words(self) -> str:
        """Return it as people read it."""
        return self.value.replace("_", " ")


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a fill proved.

    Attributes:
        batch: Id of the fill, written beside each value.
        unit: Label of the unit.
        series: Catalogue name.
        source: Catalogue name.
        calls: API calls made.
        slots_asked: Slots the unit was to heal.
        slots_filled: Slots this batch wrote and read back.
        grade: Grade of the readings, the lowest where they differ.
        outcome: What the unit came to.
        seconds: Real time taken.
        rejected: Values that were not believed, and not stored.
        note: What a person should know, in a sentence.
        error: The error with which it failed.
        slots_enriched: Of the filled slots, those that only got wanted fields.
        slots_unproven: Slots this batch wrote besides, which a failure kept from being read back.
        refused: The slots that the store refused, whole or for a field, as runs in order.
    """

    batch: str
    unit: str
    series: str
    source: str
    calls: int
    slots_asked: int
    slots_filled: int
    grade: str
    outcome: UnitOutcome
    seconds: float
    rejected: int = 0
    note: str = ""
    error: ErrorCode = ErrorCode.NONE
    slots_enriched: int = 0
    slots_unproven: int = 0
    refused: tuple[Interval, ...] = ()


def failed(unit: Unit, run: str, exc: Exception) -> Certificate:
    """Return the certificate of a unit that failed before it could begin."""
    return Certificate(
        batch=unit.batch(run),
        unit=unit.label,
        series=unit.series,
        source=unit.source,
        calls=0,
        slots_asked=unit.slots,
        slots_filled=0,
        grade="",
        outcome=UnitOutcome.FAILED,
        seconds=0.0,
        note=str(exc),
        error=ErrorCode.of(exc),
    )
