"""The store's side of a unit: what stands already, and readings written and read back."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from gapfill.domain.interval import Interval, covers, iso, merge, subtract
from gapfill.domain.reading import Replace
from gapfill.domain.series import Grade
from gapfill.errors import StoreError
from gapfill.services.read_back import is_held, is_stored

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from gapfill.domain.ledger import LedgerEntry
    from gapfill.domain.plan import Unit
    from gapfill.domain.product import Product
    from gapfill.domain.reading import Reading, Row
    from gapfill.domain.request import Request
    from gapfill.domain.series import Series
    from gapfill.services.ports import Store


NEAR = 500
"""Stretches with no more slots between them are read as one: a question costs more than those."""

PENDING = 20_000
"""Slots that are kept for the proof at most: then they are read back before more is written."""


class WrittenSlots(NamedTuple):
    """Slots that a batch has written.

    Attributes:
        slots: Number of slots.
        enriched: How many of them only got wanted fields.
    """

    slots: int
    enriched: int


@dataclass(slots=True)
class SlotWriter:
    """Brings the readings of one unit into the store, once.

    Each answer is written before the next request is sent. What all of them have written is
    read back together, at the end of the unit.

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
    _known: list[Interval] = field(default_factory=list)
    _rows: dict[datetime, Row] = field(default_factory=dict)
    _firm: list[Reading] = field(default_factory=list)
    _perhaps: list[Reading] = field(default_factory=list)
    _written: int = 0

    @property
    def unproven(self) -> int:
        """How many slots were written since the last proof."""
        return self._written

    @property
    def fields(self) -> Sequence[str]:
        """The required fields that the unit is for; a unit that names none is for all."""
        return self.unit.fields or self.series.required

    @property
    def _replace(self) -> Replace:
        return Replace.EQUAL if self.unit.refresh else Replace.WORSE

    def still_to_ask(self, request: Request, product: Product) -> list[datetime]:
        """Return the asked slots that this batch or a better source has not filled already.

        Raises:
            StoreError: If the store cannot be read.
        """
        if subtract([request.interval], self._known):
            self._look(request)
        slots = (slot for run in request.asked for slot in self.series.grid.slots(run))
        return [slot for slot in slots if not self._has_all(slot, self._rows.get(slot), product)]

    def _look(self, first: Request) -> None:
        """Read what stands at the slots of a request, and of those after it that fit in."""
        count, slots = self.series.grid.count, 0
        runs: list[Interval] = []
        for request in self.unit.requests:
            if request.start >= first.start and slots <= PENDING:
                runs.append(request.interval)
                slots += count(request.interval)
        self._known = self._near(merge([*runs, first.interval]))
        self._rows = {row.slot: row for row in self.store.read(self.series, *self._known)}

    def _near(self, runs: Sequence[Interval]) -> list[Interval]:
        """Return sorted runs of slots, those near one another as one."""
        found: list[Interval] = []
        for run in runs:
            between = Interval(found[-1].end, run.start) if found else None
            if between and self.series.grid.count(between) <= NEAR:
                found[-1] = Interval(found[-1].start, run.end)
            else:
                found.append(run)
        return found

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

    def write(self, readings: Sequence[Reading], entries: Sequence[LedgerEntry]) -> None:
        """Write what is better than what is stored, and lines for the ledger with it.

        Raises:
            StoreRefused: If the store took a part of it, for good.
            StoreError: If the store cannot be written.
        """
        if not readings:
            self.store.append_ledger(entries)
            return
        try:
            self._written += self.store.write(
                self.series, readings, self.batch, replace=self._replace, entries=entries
            )
        except (StoreError, KeyboardInterrupt):  # some of it may be written all the same
            self._perhaps += readings
            raise
        self._firm += readings

    @property
    def is_full(self) -> bool:
        """Whether as much is written as is kept for the proof."""
        return len(self._firm) + len(self._perhaps) >= PENDING

    def prove(self) -> WrittenSlots:
        """Read back what was written since the last proof.

        Raises:
            StoreError: If it cannot be read, or a value is not there or is another one.
        """
        firm, written = self._firm, [*self._firm, *self._perhaps]
        if not written:
            return WrittenSlots(0, 0)
        slots = sorted({reading.slot for reading in written})
        windows = self._near(merge(Interval(s, self.series.grid.end_of(s)) for s in slots))
        rows = {row.slot: row for row in self.store.read(self.series, *windows)}
        self._firm, self._perhaps, self._written = [], [], 0
        given: dict[datetime, list[Mapping[str, float]]] = {}
        for reading in written:
            given.setdefault(reading.slot, []).append(reading.values)
        lost = [r.slot for r in firm if not self._is_held(r, rows.get(r.slot), given[r.slot])]
        if lost:
            message = (
                f"{self.series.name}: {len(lost)} of {len(firm)} slots were written and could "
                f"not be read back, the first is {iso(lost[0])}; run it again."
            )
            raise StoreError(message)
        own = [slot for slot in slots if slot in rows and rows[slot].batch == self.batch]
        return WrittenSlots(len(own), sum(covers(self.unit.enriched, s) for s in own))

    def _is_held(
        self, reading: Reading, row: Row | None, given: Sequence[Mapping[str, float]]
    ) -> bool:
        """Tell whether a row holds a reading; of some slots it is not known what they held."""
        if not covers(self._known, reading.slot):
            return is_stored(reading, row)
        before = self._rows.get(reading.slot)
        return is_held(reading, row, self.batch, before, self._replace, given)

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


def _has_observed(row: Row, name: str) -> bool:
    """Tell whether a row has an observed value of a wanted field (``Store.missing_optional``)."""
    return name in row.values and not row.origin(name).grade < Grade.OBSERVED <= row.grade
