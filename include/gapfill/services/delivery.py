"""The store's side of a unit: what stands already, and readings written and read back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from gapfill.domain.interval import Interval, covers, iso, merge
from gapfill.domain.reading import Replace
from gapfill.domain.series import Grade
from gapfill.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gapfill.domain.plan import Unit
    from gapfill.domain.product import Product
    from gapfill.domain.reading import Reading, Row
    from gapfill.domain.request import Request
    from gapfill.domain.series import Series
    from gapfill.services.ports import Store


class Delivered(NamedTuple):
    """Slots that a batch has written.

    Attributes:
        slots: Number of slots.
        enriched: How many of them only got wanted fields.
    """

    slots: int
    enriched: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """Brings the readings of one unit into the store, once.

    Attributes:
        store: Where to.
        series: Whose readings.
        unit: What is to be healed, upgraded, refreshed or enriched.
        batch: Id of the fill.
        now: The clock.
    """

    store: Store
    series: Series
    unit: Unit
    batch: str
    now: datetime

    @property
    def replace(self) -> Replace:
        """Which stored values the unit's readings replace."""
        return Replace.EQUAL if self.unit.refresh else Replace.WORSE

    def still_to_ask(self, request: Request, product: Product) -> list[datetime]:
        """Return the asked slots that this batch or a better source has not filled already.

        Raises:
            StoreError: If the store cannot be read.
        """
        grid = self.series.grid
        rows = {row.slot: row for row in self.store.read(self.series, request.interval)}
        slots = (slot for run in request.asked for slot in grid.slots(run))
        return [slot for slot in slots if not self._has_all(slot, rows.get(slot), product)]

    def _has_all(self, slot: datetime, row: Row | None, product: Product) -> bool:
        """Tell whether a row holds what the unit could add to it."""
        is_enriched = covers(self.unit.enriched, slot)
        if row is None:
            return is_enriched  # what is gone by now is a gap, and no enrichment
        if self.unit.refresh:
            return row.batch == self.batch
        if is_enriched:
            return all(_has_observed(row, name) for name in self.unit.enrich)
        grade = product.grade_at(slot, self.now)
        return all(
            name in row.values and row.origin(name).grade >= grade for name in self.unit.fields
        )

    def write(self, readings: Sequence[Reading]) -> Delivered:
        """Write what is better than what is stored, and read it back.

        Raises:
            StoreError: If the store cannot be written, or a value cannot be read back.
        """
        if not readings:
            return Delivered(0, 0)
        slots = sorted(reading.slot for reading in readings)
        self.store.write(self.series, readings, self.batch, replace=self.replace)
        rows = {
            row.slot: row
            for run in merge(Interval(s, self.series.grid.end_of(s)) for s in slots)
            for row in self.store.read(self.series, run)
        }
        lost = [r.slot for r in readings if not is_stored(r, rows.get(r.slot))]
        if lost:
            message = (
                f"{self.series.name}: {len(lost)} of {len(readings)} slots were written and could "
                f"not be read back, the first is {iso(lost[0])}; run it again."
            )
            raise StoreError(message)
        written = [slot for slot in slots if rows[slot].batch == self.batch]
        return Delivered(len(written), sum(covers(self.unit.enriched, s) for s in written))


def is_stored(reading: Reading, row: Row | None) -> bool:
    """Tell whether each value that was read back is at least as good as the reading's."""
    return row is not None and all(
        name in row.values and row.origin(name).grade >= reading.grade for name in reading.values
    )


def _has_observed(row: Row, name: str) -> bool:
    """Tell whether a row has an observed value of a wanted field, as ``Store.lacking`` tells it."""
    return name in row.values and not row.origin(name).grade < Grade.OBSERVED <= row.grade
