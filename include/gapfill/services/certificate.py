"""The result of a fill, for summaries and people."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gapfill.domain.interval import Interval
from gapfill.domain.plan import Unit
from gapfill.errors import ErrorCode


class UnitOutcome(StrEnum):
    """Outcome of a unit.

    Attributes:
        FILLED: Every slot has every field asked for, some of them from this unit.
        PARTIAL: Some slots or fields were filled.
        PRESENT: Everything was already stored.
        NOT_YET: Nothing was filled: the source does not have the values yet.
        NO_DATA: Nothing was filled: the source does not have the values.
        DEFERRED: The rest is left for a later run.
        FAILED: The unit ended with an error, or an answer was unusable.
    """

    FILLED = "filled"
    PARTIAL = "partial"
    PRESENT = "stood"  # codespell:ignore stood
    NOT_YET = "not_yet"
    NO_DATA = "no_data"
    DEFERRED = "deferred"
    FAILED = "failed"

    @property
    def words(self) -> str:
        """Return the outcome in words."""
        return self.value.replace("_", " ")


@dataclass(frozen=True, slots=True)
class Certificate:
    """The result of a fill.

    Attributes:
        batch: Id of the fill, written beside each value.
        unit: Label of the unit.
        series: Catalogue name.
        source: Catalogue name.
        calls: API calls made.
        slots_asked: Slots that the unit had to heal.
        slots_filled: Slots that this batch wrote and read back.
        grade: Grade of the readings, the lowest if they differ.
        outcome: Outcome of the unit.
        seconds: Real time taken.
        rejected: Values that were not believed and not stored.
        note: A note for people.
        error: The error with which it failed.
        slots_enriched: Of the filled slots, those that got only wanted fields.
        slots_unproven: Other slots that this batch wrote; a failure prevented reading them back.
        refused: Slots of which the store refused all or one field, as runs in order.
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
    """Return the certificate of a unit that failed before it could start."""
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
