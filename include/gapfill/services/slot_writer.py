"""The store side of a unit: reads stored slots, writes readings and reads them back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from gapfill.domain.interval import Interval, covers, is_within, iso, merge
from gapfill.domain.ledger import LedgerEntry
from gapfill.domain.plan import Unit
from gapfill.domain.product import Product
from gapfill.domain.reading import Reading, Replace, Row
from gapfill.domain.request import Request
from gapfill.domain.series import Grade, Series
from gapfill.errors import StoreError
from gapfill.services.ports import Store
from gapfill.services.read_back import is_held, is_stored

NEAR = 500
"""Runs with at most this number of slots between them are read together: a query costs more."""

PENDING = 20_000
"""Maximum written slots in memory: they are read back before more are written."""


class WrittenSlots(NamedTuple):
    """Slots that a batch has written.

    Attributes:
        slots: Number of slots.
        enriched: Number of slots that got only wanted fields.
    """

    slots: int
    enriched: int


@dataclass(slots=True)
class SlotWriter:
    """Writes the readings of one unit into the store, once.

    Each answer is written before the next request is sent. All written slots are read back
    together, at the end of the unit.

    Attributes:
        store: The store.
        series: The series of the readings.
        unit: The unit.
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
        """Number of slots that were written since they were last read back."""
        return self._written

    @property
    def fields(self) -> Sequence[str]:
        """The required fields of the unit; all fields if it names none."""
        return self.unit.fields or self.series.required

    @property
    def _replace(self) -> Replace:
        return Replace.EQUAL if self.unit.refresh else Replace.WORSE

    def still_to_ask(self, request: Request, product: Product) -> list[datetime]:
        """Return the requested slots that neither this batch nor a better source has filled.

        Raises:
            StoreError: If the store cannot be read.
        """
        if not is_within([request.interval], self._known):
            self._look(request)
        slots = (slot for run in request.asked for slot in self.series.grid.slots(run))
        return [slot for slot in slots if not self._has_all(slot, self._rows.get(slot), product)]

    def _look(self, first: Request) -> None:
        """Read the stored rows of a request, and of later requests that fit in."""
        count, slots = self.series.grid.count, 0
        runs: list[Interval] = []
        for request in self.unit.requests:
            if request.start >= first.start and slots <= PENDING:
                runs.append(request.interval)
                slots += count(request.interval)
        self._known = self._near(merge([*runs, first.interval]))
        self._rows = {row.slot: row for row in self.store.read(self.series, *self._known)}

    def _near(self, runs: Sequence[Interval]) -> list[Interval]:
        """Return sorted runs of slots; runs near each other are joined."""
        found: list[Interval] = []
        for run in runs:
            between = Interval(found[-1].end, run.start) if found else None
            if between and self.series.grid.count(between) <= NEAR:
                found[-1] = Interval(found[-1].start, run.end)
            else:
                found.append(run)
        return found

    def _has_all(self, slot: datetime, row: Row | None, product: Product) -> bool:
        """Return whether a row already has everything that the unit could add."""
        is_enriched = self.unit.is_enrichment or covers(self.unit.enriched, slot)
        if row is None:
            return is_enriched  # a slot that is gone now is a gap, not an enrichment
        if self.unit.refresh:
            return row.batch == self.batch
        if is_enriched:
            return all(_has_observed(row, name) for name in self.unit.enrich)
        grade = product.grade_at(slot, self.now)
        return all(name in row.values and row.origin(name).grade >= grade for name in self.fields)

    def write(self, readings: Sequence[Reading], entries: Sequence[LedgerEntry]) -> None:
        """Write the readings that are better than the stored rows, with their ledger lines.

        Raises:
            StoreRefused: If the store permanently refused a part of it.
            StoreError: If the store cannot be written.
        """
        if not readings:
            self.store.append_ledger(entries)
            return
        try:
            self._written += self.store.write(
                self.series, readings, self.batch, replace=self._replace, entries=entries
            )
        except (StoreError, KeyboardInterrupt):  # a part of it may have been written
            self._perhaps += readings
            raise
        self._firm += readings

    @property
    def is_full(self) -> bool:
        """Whether written slots must be read back before more are written."""
        return len(self._firm) + len(self._perhaps) >= PENDING

    def prove(self) -> WrittenSlots:
        """Read back the slots that were written since the last call.

        Raises:
            StoreError: If they cannot be read, or a value is missing or different.
        """
        firm, written = self._firm, [*self._firm, *self._perhaps]
        if not written:
            return WrittenSlots(0, 0)
        slots = sorted({reading.slot for reading in written})
        windows = self._near(self.series.grid.runs(slots))
        rows = {row.slot: row for row in self.store.read(self.series, *windows)}
        self._firm, self._perhaps, self._written = [], [], 0
        given: dict[datetime, list[Mapping[str, float]]] = {}
        for reading in written:
            given.setdefault(reading.slot, []).append(reading.values)
        lost = [r.slot for r in firm if not self._is_held(r, rows.get(r.slot), given[r.slot])]
        if lost:
            raise StoreError(
                f"{self.series.name}: {len(lost)} of {len(firm)} slots were written but could "
                f"not be read back, the first is {iso(lost[0])}; run it again."
            )
        own = [slot for slot in slots if slot in rows and rows[slot].batch == self.batch]
        return WrittenSlots(len(own), sum(covers(self.unit.enriched, s) for s in own))

    def _is_held(
        self, reading: Reading, row: Row | None, given: Sequence[Mapping[str, float]]
    ) -> bool:
        """Return whether a row has a reading; the row before is unknown for some slots."""
        if not covers(self._known, reading.slot):
            return is_stored(reading, row)
        before = self._rows.get(reading.slot)
        return is_held(reading, row, self.batch, before, self._replace, given)

    def asked_part(self, reading: Reading) -> Reading | None:
        """Return the part of a reading that the unit stores, ``None`` for none.

        If another source is asked for some required fields, their observed values are not stored:
        they would stay, because the other source's values have the same grade. From a later
        station only the requested fields are stored.
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
        """Return whether the source has an earlier station for a slot than that of the unit."""
        stations = [
            station.id
            for station in self.series.place.stations
            if station.source == self.unit.source and slot in station.reach
        ]
        return self.unit.station in stations[1:]


def _has_observed(row: Row, name: str) -> bool:
    """Return whether a row has an observed value of a wanted field (``Store.missing_optional``)."""
    return name in row.values and not row.origin(name).grade < Grade.OBSERVED <= row.grade
