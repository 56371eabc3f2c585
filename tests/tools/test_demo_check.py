"""The demo's comparison with the truth: it must be able to fail."""

from __future__ import annotations

from dataclasses import replace

from tools.demo_check import Stored, Verdict, compare
from tools.demo_world import utc

A, B, C, D = (utc(2025, 11, 20, hour) for hour in (10, 11, 12, 13))
TRUTH = {A: 50.0, B: 0.0, C: -1.25}
GOOD = [
    Stored(A, 50.0, 0.05, "import"),
    Stored(B, 0.0, 0.0, "ree"),
    Stored(C, -1.25, -0.00125, "ree"),
]
WELL = Verdict(healed=frozenset({B, C}))


def test_a_store_that_equals_the_truth_is_well() -> None:
    """Zero and negative prices too; what was healed is named, and nothing is wrong."""
    verdict = compare(GOOD, TRUTH, {B, C})
    assert verdict == WELL
    assert list(verdict.sentences()) == []


def test_a_missing_slot_is_found() -> None:
    """A due slot without a row."""
    verdict = compare(GOOD[:2], TRUTH, {B, C})
    assert verdict == replace(WELL, missing=(C,), healed=frozenset({B}))
    assert list(verdict.sentences()) == ["1 slots are due and missing: 2025-11-20 12:00Z–13:00Z."]


def test_a_row_without_a_price_is_a_missing_slot() -> None:
    """A row alone heals nothing."""
    verdict = compare([*GOOD[:2], Stored(C, None, None, "ree")], TRUTH, {B, C})
    assert verdict == replace(WELL, missing=(C,), healed=frozenset({B}))


def test_a_wrong_price_is_found() -> None:
    """A cent is enough, in a hole or outside one."""
    rows = [Stored(A, 50.01, 0.05, "import"), Stored(B, 0.01, 0.0, "ree"), GOOD[2]]
    assert compare(rows, TRUTH, {B, C}) == replace(WELL, wrong=(A, B), healed=frozenset({C}))


def test_a_price_per_kwh_that_contradicts_the_other_is_wrong() -> None:
    """Both units are compared; the second may lack."""
    rows = [Stored(A, 50.0, None, "import"), GOOD[1], Stored(C, -1.25, -1.25, "ree")]
    assert compare(rows, TRUTH, {B, C}) == replace(WELL, wrong=(C,), healed=frozenset({B}))


def test_a_price_that_is_no_number_is_wrong() -> None:
    """NaN is not equal to anything."""
    rows = [*GOOD[:2], Stored(C, float("nan"), None, "ree")]
    assert compare(rows, TRUTH, {B, C}) == replace(WELL, wrong=(C,), healed=frozenset({B}))


def test_a_slot_that_nobody_could_know_is_found() -> None:
    """Tomorrow's price, or one off the hour."""
    verdict = compare([*GOOD, Stored(D, 1.0, 0.001, "ree")], TRUTH, {B, C})
    assert verdict == replace(WELL, invented=(D,))


def test_a_slot_that_is_there_twice_is_found() -> None:
    """Even with the same price."""
    assert compare([*GOOD, GOOD[0]], TRUTH, {B, C}) == replace(WELL, double=(A,))


def test_a_healed_slot_without_a_source_is_found() -> None:
    """A value carries where it came from; what was there before need not."""
    rows = [Stored(A, 50.0, 0.05, None), Stored(B, 0.0, 0.0, None), GOOD[2]]
    assert compare(rows, TRUTH, {B, C}) == replace(WELL, unnamed=(B,))


def test_an_empty_store_misses_everything() -> None:
    """The comparison never passes for lack of rows."""
    assert compare([], TRUTH, {B, C}) == Verdict(missing=(A, B, C))


def test_a_stretch_of_days_is_told_with_both_dates() -> None:
    """From the first hour to the end of the last."""
    slots = (utc(2024, 7, 4, 23), utc(2024, 7, 5, 0))
    (sentence,) = Verdict(missing=slots).sentences()
    assert sentence == "2 slots are due and missing: 2024-07-04 23:00Z–2024-07-05 01:00Z."


def test_many_stretches_are_counted() -> None:
    """A sentence names three of them."""
    slots = tuple(utc(2025, 11, day, 1) for day in range(1, 6))
    (sentence,) = Verdict(wrong=slots).sentences()
    assert sentence.endswith("2025-11-03 01:00Z–02:00Z and 2 more stretches.")
