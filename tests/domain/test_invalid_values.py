"""The sentence about stored values that do not count."""

from __future__ import annotations

import pytest

from gapfill.domain.invalid_values import Flaw, Flaws, sentences
from tests.builders import PVPC, hour


@pytest.mark.parametrize(
    "values, not_numbers, expected",
    [
        (5, 0, "pvpc: 5 values out of bounds, the first"),
        (5, 1, "pvpc: 5 values out of bounds (1 of them is not a number), the first"),
        (5, 3, "pvpc: 5 values out of bounds (3 of them are not numbers), the first"),
        (5, 5, "pvpc: 5 values out of bounds (none of them is a number), the first"),
        (1, 1, "pvpc: 1 value out of bounds (not a number), the first"),
    ],
)
def test_values_that_are_not_numbers_are_counted_in_words(
    values: int, not_numbers: int, expected: str
) -> None:
    """One, some, all, or the only one."""
    flaws = Flaws(values, not_numbers, Flaw(hour(1), "price_eur_mwh", "'x'"))
    (said,) = sentences(PVPC, flaws, None)
    assert said.startswith(expected)
