"""Numbers, instants and shares in words, the same wherever a person reads them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gapfill.domain.formatting import count, duration, percent, short, span
from gapfill.domain.interval import Interval


@pytest.mark.parametrize(
    "number,expected", [(0, "0 slots were"), (1, "1 slot was"), (1450, "1,450 slots were")]
)
def test_a_count_has_the_noun_and_the_verb_that_fit(number: int, expected: str) -> None:
    """None is many; thousands are set apart."""
    assert count(number, "slot", "was", "were") == expected
    assert count(number, "slot") == expected.rpartition(" ")[0]


def test_one_missing_slot_is_never_100_per_cent() -> None:
    """In ten years of hours, on the command line and in a task's log."""
    assert percent(1 - 1 / 87_600) == "99.99 %"
    assert percent(1.0) == "100.00 %"
    assert percent(None) == "–"


def test_an_instant_is_shown_to_the_minute_where_it_has_no_second() -> None:
    """What lies between two seconds is left out."""
    instant = datetime(2025, 10, 26, 1, tzinfo=UTC)
    assert short(instant) == "2025-10-26T01:00Z"
    assert short(instant + timedelta(seconds=3, microseconds=7)) == "2025-10-26T01:00:03Z"
    one = Interval(instant, instant + timedelta(hours=1))
    assert span(one) == "2025-10-26T01:00Z–2025-10-26T02:00Z"
    assert span(one, " – ") == "2025-10-26T01:00Z – 2025-10-26T02:00Z"


@pytest.mark.parametrize(
    "seconds,expected",
    [(0.2, "0 s"), (59.4, "59 s"), (75, "1 min"), (3540, "59 min"), (5400, "1 h 30 min")],
)
def test_a_duration_is_in_its_greatest_units(seconds: float, expected: str) -> None:
    """Seconds, minutes, or hours with minutes."""
    assert duration(seconds) == expected
