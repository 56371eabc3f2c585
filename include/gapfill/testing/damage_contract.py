"""Tests of a source with a damaged answer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gapfill.domain.interval import iso
from gapfill.sources.model import Answer
from gapfill.testing import faults
from gapfill.testing.source_bench import SourceBench
from gapfill.testing.source_case import SourceCase, by_slot, check_values, usable


class DamageContract(SourceCase):
    """A bad row is never stored, and changes no other; the whole answer may be refused."""

    def test_a_missing_row_stays_missing(self, bench: SourceBench) -> None:
        """The source invents no value for it, and moves no other value."""
        whole = self.readings(bench)
        slots = self.slots()
        for slot in (slots[0], slots[len(slots) // 2], slots[-1]):
            document = self.decode(self.answer)
            self.drop_row(document, slot)
            said = usable(self.said(bench, self.encode(document)))
            if said is None:
                continue
            found = by_slot(said)
            assert slot not in found, f"{iso(slot)} has no row, and got {found[slot]}."
            moved = [s for s, values in found.items() if values != whole[s]]
            assert not moved, f"Without the row of {iso(slot)}, {iso(moved[0])} has other values."
            assert len(found) == len(whole) - 1, "Without one row, other rows are lost."

    @pytest.mark.parametrize("name", faults.VALUES)
    def test_a_value_that_cannot_be_believed_is_not_stored(
        self, bench: SourceBench, name: str
    ) -> None:
        """It is not a finite number, or lies outside the bounds of its field."""
        whole = self.readings(bench)
        slots = self.slots()
        slot, value = slots[len(slots) // 2], faults.VALUES[name]
        for field in sorted({field for fields in self.values.values() for field in fields}):
            document = self.decode(self.answer)
            self.set_value(document, slot, field, value)
            said = usable(self.said(bench, self.encode(document)))
            if said is None:
                continue
            for reading in said.readings:
                check_values(self.ask(), reading)
            found = by_slot(said)
            stored = found.pop(slot, {}).get(field)
            assert stored is None, f"The API gave {value!r} for {field}, stored as {stored}."
            assert found == {s: values for s, values in whole.items() if s != slot}, (
                f"With {value!r} for {field} of {iso(slot)}, other slots have other values."
            )

    def test_no_hour_to_come_is_stored(self, bench: SourceBench) -> None:
        """A value for a future hour is a forecast. Prices come in advance."""
        slots = self.slots()
        ask = replace(self.ask(), now=slots[len(slots) // 2])
        grid = ask.series.grid
        said = self.said(bench, self.answer, ask)
        for reading in said.readings if isinstance(said, Answer) else ():
            is_early = ask.product.available.instant(reading.slot, grid) < grid.end_of(reading.slot)
            assert is_early or grid.end_of(reading.slot) <= ask.now, (
                f"It is {iso(ask.now)}, and {iso(reading.slot)} got {dict(reading.values)}."
            )
