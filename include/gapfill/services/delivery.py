"""The store's side of a unit: what stands already, and readings written and read back."""

from __future__ import annotations

from dataclasses import dataclass, replace
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
    def fields(self) -> Sequence[str]:
        """The required fields that the unit is for; a unit that names none is for all."""
        return self.unit.fields or self.series.required

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
        is_enriched = self.unit.is_enrichment or covers(self.unit.enriched, slot)
        if row is None:
            return is_enriched  # what is gone by now is a gap, and no enrichment
        if self.unit.refresh:
            return row.batch == self.batch
        if is_enriched:
            return all(_has_observed(row, name) for name in self.unit.enrich)
        grade = product.grade_at(slot, self.now)
        return all(name in row.values and row.origin(name).grade >= grade for name in self.fields)

    def write(self, readings: Sequence[Reading]) -> Delivered:
        """Write what is better than what is stored, and read it back.

        Raises:
            StoreError: If the store cannot be written, or a value cannot be read back.
        """
        if not readings:
            return Delivered(0, 0)
        slots = sorted(reading.slot for reading in readings)
        how = Replace.EQUAL if self.unit.refresh else Replace.WORSE
        self.store.write(self.series, readings, self.batch, replace=how)
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

    def asked_part(self, reading: Reading) -> Reading | None:
        """Return what the unit stores of a reading, ``None`` where that is nothing.

        Where another source is asked for some required fields, an observed value of these must
        not come first, as one of the same grade would then stay. Of a station behind another
        one only the fields that were asked for are stored.
        """
        others = set(self.unit.elsewhere)
        if not others or reading.grade < Grade.OBSERVED:
            return reading
        asked = {*self.fields, *self.unit.enrich}
        names = reading.values.keys() - others
        if self._is_behind(reading.slot):
            names = reading.values.keys() & asked
        values = {name: value for name, value in reading.values.items() if name in names}
        return replace(reading, values=values) if values else None

    def _is_behind(self, slot: datetime) -> bool:
        """Tell whether the unit's station comes after another one of its source for a slot."""
        stations = [
            station.id
            for station in self.series.place.stations
            if station.source == self.unit.source and slot in station.reach
        ]
        return self.unit.station in stations[1:]


def is_stored(reading: Reading, row: Row | None) -> bool:
    """Tell whether each value that was read back is at least as good as the reading's."""
    return row is not None and all(
        name in row.values and row.origin(name).grade >= reading.grade for name in reading.values
    )


def _has_observed(row: Row, name: str) -> bool:
    """Tell whether a row has an observed value of a wanted field."""
    return name in row.values and (name not in row.kept or row.kept[name].grade >= Grade.OBSERVED)
