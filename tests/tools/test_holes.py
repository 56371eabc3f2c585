"""The demo's checks can fail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tools import holes

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_the_holes_are_of_all_kinds() -> None:
    """One hour, the 23-hour and the 25-hour day, ten days, the tail up to what is due."""
    sizes = {hole.what: len(hole.slots()) for hole in holes.HOLES}
    assert sizes["a single hour"] == 1
    assert sizes["the 23-hour day of 2025"] == 23
    assert sizes["the 25-hour day of 2025"] == 25
    assert sizes["ten days"] == 240
    assert len(holes.missing_slots()) == sum(sizes.values()) == 401
    assert max(holes.missing_slots()) + HOUR == datetime(2026, 3, 20, 23, tzinfo=UTC)


def test_the_fewest_calls_are_counted_in_madrid_days() -> None:
    """Fourteen days are one call, an hour more is two."""
    start = holes.day("2026-01-01")
    assert holes.fewest_calls(holes.hours(start, holes.day("2026-01-15"))) == 1
    assert holes.fewest_calls(holes.hours(start, holes.day("2026-01-15") + HOUR)) == 2
    assert holes.fewest_calls([]) == 0


def test_a_store_that_equals_the_truth_has_no_difference() -> None:
    """The only way to exit with 0."""
    assert holes.differences([(NOON, 1.5)], {NOON: 1.5}) == []


def test_a_missing_a_wrong_a_double_and_an_invented_price_are_told() -> None:
    """Each in its own sentence."""
    stored = [(NOON, 1.5), (NOON, 1.5), (NOON + HOUR, 2.0), (NOON + 3 * HOUR, 9.0)]
    truth = {NOON: 1.5, NOON + HOUR: 2.5, NOON + 2 * HOUR: 3.5}
    assert holes.differences(stored, truth) == [
        "2026-01-01T12:00Z is there twice",
        "2026-01-01T13:00Z holds 2.0, REE published 2.5",
        "2026-01-01T15:00Z is not due, and holds 9.0",
        "2026-01-01T14:00Z is missing",
    ]
