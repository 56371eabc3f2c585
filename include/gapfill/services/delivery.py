"""The store's side of a unit: what stands already, and readings written and read back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gapfill.domain.interval import Interval, iso, merge
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
        """What the unit's readings may take the place of."""
        if self.unit.enrich:
            return Replace.NOTHING
        return Replace.EQUAL if self.unit.refresh else Replace.WORSE

    def still_to_ask(self, request: Request, product: Product) -> list[datetime]:
        """Return the asked slots that do not stand already, by this batch or a better source.

        Raises:
            StoreError: If the store cannot be read.
        """
        grid = self.series.grid
        rows = {row.slot: row for row in self.store.read(self.series, request.interval)}
        slots = (slot for run in request.asked for slot in grid.slots(run))
        return [slot for slot in slots if not self._stands(slot, rows.get(slot), product)]

    def _stands(self, slot: datetime, row: Row | None, product: Product) -> bool:
        is_whole = row is not None and all(name in row.values for name in self.series.required)
        if row is None or not is_whole:
            return bool(self.unit.enrich)  # what is gone by now is a gap, and no enrichment
        if self.unit.enrich:
            return all(_has(row, name) for name in self.unit.enrich)
        if self.unit.refresh:
            return row.batch == self.batch
        return row.grade >= product.grade_at(slot, self.now)

    def write(self, readings: Sequence[Reading]) -> int:
        """Write what is better than what stands, and read it back.

        Returns:
            How many slots stand by this batch.

        Raises:
            StoreError: If the store cannot be written, or a slot cannot be read back.
        """
        if not readings:
            return 0
        slots = sorted(reading.slot for reading in readings)
        self.store.write(self.series, readings, self.batch, replace=self.replace)
        rows = {
            row.slot: row
            for run in merge(Interval(s, self.series.grid.end_of(s)) for s in slots)
            for row in self.store.read(self.series, run)
        }
        lost = [r.slot for r in readings if not self._is_there(r, rows.get(r.slot))]
        if lost:
            message = (
                f"{self.series.name}: {len(lost)} of {len(readings)} slots were written and could "
                f"not be read back, the first is {iso(lost[0])}; run it again."
            )
            raise StoreError(message)
        return sum(rows[slot].batch == self.batch for slot in slots)

    def _is_there(self, reading: Reading, row: Row | None) -> bool:
        """Tell whether what was read back is at least as good as the reading."""
        if row is None:
            return False
        if self.replace is Replace.NOTHING:
            return all(name in row.values for name in reading.values)
        return row.grade >= reading.grade


def _has(row: Row, name: str) -> bool:
    """Tell whether a row has an observed value of a wanted field."""
    return name in row.values and (name not in row.kept or row.kept[name].grade >= Grade.OBSERVED)
