"""What a fill proved, for summaries and people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gapfill.domain.interval import Interval
    from gapfill.domain.plan import Unit


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
        outcome: ``filled``, ``partial``, ``stood``, ``not_yet``, ``no_data``, ``deferred`` or
            ``failed``.
        seconds: Real time taken.
        rejected: Values that were not believed, and not stored.
        note: What a person should know, in a sentence.
        error: Name of the error with which it failed, empty where it did not.
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
    outcome: str
    seconds: float
    rejected: int = 0
    note: str = ""
    error: str = ""
    slots_enriched: int = 0
    slots_unproven: int = 0
    refused: tuple[Interval, ...] = ()


def failed(unit: Unit, run: str, exc: Exception) -> Certificate:
    """Return the certificate of a unit that failed before it could begin."""
    return Certificate(
        batch=f"{run}/{unit.id}",
        unit=unit.label,
        series=unit.series,
        source=unit.source,
        calls=0,
        slots_asked=unit.slots,
        slots_filled=0,
        grade="",
        outcome="failed",
        seconds=0.0,
        note=str(exc),
        error=type(exc).__name__,
    )
