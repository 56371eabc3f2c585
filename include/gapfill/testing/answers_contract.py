"""Tests of a source with a good answer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gapfill.domain.interval import Interval, iso
from gapfill.domain.local_time import parse_instant
from gapfill.errors import SourceError
from gapfill.testing.source_bench import SourceBench
from gapfill.testing.source_case import SourceCase, brief, by_slot, check_values, usable


class AnswersContract(SourceCase):
    """Readings of the requested slots, and of no others."""

    def test_each_value_is_in_its_own_slot(self, bench: SourceBench) -> None:
        """The values of the recorded answer, in the series' units, at the slots in ``values``."""
        found = self.readings(bench)
        known = {parse_instant(slot): fields for slot, fields in self.values.items()}
        assert len({tuple(fields.values()) for fields in known.values()}) > 1, (
            "values must name two slots at least, with different values."
        )
        for slot, fields in known.items():
            assert slot in found, f"There is no reading of {iso(slot)}."
            for name, value in fields.items():
                given = found[slot].get(name)
                assert given == pytest.approx(value, rel=1e-6, abs=1e-9), (
                    f"{name} of {iso(slot)} is {given}, not {value}: look at the unit, and at "
                    "whether the label of a row is the start or the end of its hour."
                )

    def test_no_row_is_dropped(self, bench: SourceBench) -> None:
        """Each requested slot has a reading."""
        ask = self.ask()
        found = self.readings(bench)
        lost = [iso(slot) for slot in ask.series.grid.slots(ask.interval) if slot not in found]
        assert not lost, f"The answer has rows for {', '.join(lost)}, and there is no reading."

    def test_a_slot_comes_once_in_order_and_was_asked(self, bench: SourceBench) -> None:
        """On the grid of the series, with finite numbers within the fields' bounds."""
        ask = self.ask()
        answer = self.recorded(bench)
        slots = [reading.slot for reading in answer.readings]
        assert slots == sorted(set(slots)), "Readings must come in order, one for each slot."
        for reading in answer.readings:
            assert reading.slot in ask.interval, f"{iso(reading.slot)} was not requested."
            assert ask.series.grid.floor(reading.slot) == reading.slot
            check_values(ask, reading)

    def test_readings_have_the_grade_and_origin_of_the_product(self, bench: SourceBench) -> None:
        """The store keeps them as the provenance of each value."""
        ask = self.ask()
        for reading in self.recorded(bench).readings:
            assert reading.grade == ask.product.grade_at(reading.slot, ask.now), (
                f"The grade is {reading.grade.label}: take ask.product.grade_at(slot, ask.now)."
            )
            assert reading.source == ask.origin, f"The origin is {reading.source!r}: ask.origin."

    def test_a_part_of_the_slots_has_the_same_values(self, bench: SourceBench) -> None:
        """A source that requests whole days selects the slots by their time."""
        whole = self.readings(bench)
        slots = self.slots()
        first, last = slots[len(slots) // 3], slots[2 * len(slots) // 3]
        part = replace(self.ask(), interval=Interval(first, last))
        said = usable(self.said(bench, self.answer, part))
        if said is None:
            return  # the recorded answer is of more than was asked
        found = by_slot(said)
        wanted = {s: values for s, values in whole.items() if first <= s < last}
        assert found == wanted, "A part of the slots must have the values of the whole."

    def test_another_day_is_another_request(self, bench: SourceBench) -> None:
        """A source that ignores the requested date gets the same answer each day."""
        self.recorded(bench)
        first = list(bench.api.received)
        for ask in (*self.other_asks(), self.longer_ask()):
            if ask is None:
                continue
            self.said(bench, self.answer, ask)
            assert bench.api.received != first, (
                f"{self.ask().interval} and {ask.interval} have the same request, "
                f"{first}: put the start and the end of ask.interval into it."
            )

    def test_the_answer_of_another_day_is_refused(self, bench: SourceBench) -> None:
        """An API that returns other days than requested must not fill the requested ones."""
        for ask in self.other_asks():
            said = self.said(bench, self.answer, ask)
            assert isinstance(said, SourceError), (
                f"The rows are of another day, and became {brief(said)}: take the time of each row "
                "from the answer, and give gapfill.sources.model.check the days that you requested."
            )
