"""The demo's holes, and how few requests they need."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.demo import world
from tools.demo.world import HOUR, Hole, fewest_requests, midnight, utc


def hole(name: str) -> Hole:
    """Return the demo's hole of this name."""
    return next(hole for hole in world.holes(world.NOW) if hole.name == name)


def test_the_long_day_has_a_hole_of_25_hours() -> None:
    """The day on which the clocks go back is left out whole."""
    slots = hole("a whole day of 25 hours").slots
    assert len(slots) == 25
    assert slots[0] == datetime(2024, 10, 26, 22, tzinfo=UTC)
    assert slots[-1] == datetime(2024, 10, 27, 22, tzinfo=UTC)


def test_the_short_day_has_a_hole_of_23_hours() -> None:
    """The day on which the clocks go forward is left out whole."""
    slots = hole("a whole day of 23 hours").slots
    assert len(slots) == 23
    assert slots[0] == datetime(2025, 3, 29, 23, tzinfo=UTC)
    assert slots[-1] == datetime(2025, 3, 30, 21, tzinfo=UTC)


def test_both_passings_of_the_doubled_hour_are_left_out() -> None:
    """02:00 local comes twice on 2025-10-26; both are in one hole and nothing else is."""
    local = [slot.astimezone(world.MADRID) for slot in hole("the hour that came twice, both").slots]
    assert [(t.hour, t.fold) for t in local] == [(2, 0), (2, 1)]


def test_the_hours_around_the_jump_are_left_out() -> None:
    """02:00 local does not exist on 2024-03-31; the hole has the hours before and after it."""
    local = [slot.astimezone(world.MADRID) for slot in hole("around the jump to summer time").slots]
    assert [t.hour for t in local] == [1, 3]


def test_the_holes_are_apart_in_order_and_due() -> None:
    """No slot lies in two holes, and the last hole ends where nothing is due any more."""
    holes = world.holes(world.NOW)
    assert all(left.end < right.start for left, right in pairwise(holes))
    assert holes[0].start == datetime(2023, 11, 19, 23, tzinfo=UTC)
    assert holes[-1].end == datetime(2025, 11, 20, 23, tzinfo=UTC)
    assert sum(len(hole.slots) for hole in holes) == 412


@pytest.mark.parametrize(
    "now,end",
    [
        (datetime(2025, 11, 20, 19, 49, 59, tzinfo=UTC), datetime(2025, 11, 20, 23, tzinfo=UTC)),
        (datetime(2025, 11, 20, 19, 50, tzinfo=UTC), datetime(2025, 11, 21, 23, tzinfo=UTC)),
        (datetime(2025, 3, 29, 12, tzinfo=UTC), datetime(2025, 3, 29, 23, tzinfo=UTC)),
        (datetime(2025, 3, 29, 20, tzinfo=UTC), datetime(2025, 3, 30, 22, tzinfo=UTC)),
    ],
)
def test_a_day_is_due_from_the_evening_before(now: datetime, end: datetime) -> None:
    """At 20:50 in Madrid the next day becomes due, 23 hours of it or 24."""
    assert world.due_end(now) == end


def test_the_demo_needs_ten_requests() -> None:
    """Eleven holes, two of which are nine days apart and share a request."""
    slots = [slot for hole in world.holes(world.NOW) for slot in hole.slots]
    assert fewest_requests(slots) == 10


def test_no_hole_needs_no_request() -> None:
    """Nothing missing, nothing asked."""
    assert fewest_requests([]) == 0


def test_fourteen_days_are_one_request_and_fifteen_are_two() -> None:
    """The span counts Madrid days, first and last included, across the change of clocks."""
    first = midnight(date(2025, 10, 20))
    last_hour = midnight(date(2025, 11, 3)) - HOUR
    assert fewest_requests([first, last_hour]) == 1
    assert fewest_requests([first, last_hour + HOUR]) == 2


@given(st.sets(st.integers(0, 45), max_size=8), st.integers(1, 15))
def test_the_fewest_requests_are_those_of_an_exhaustive_search(days: set[int], span: int) -> None:
    """No choice of windows is smaller: all are tried."""
    slots = [midnight(date(2025, 10, 1) + timedelta(days=n)) + 5 * HOUR for n in days]
    assert fewest_requests(slots, span) == exhaustive(sorted(days), span)


def exhaustive(days: list[int], span: int) -> int:
    """Return the fewest windows by trying every set of windows that start at a missing day."""
    fits = [
        sum(chosen)
        for chosen in product((0, 1), repeat=len(days))
        if all(
            any(
                is_in and start <= day < start + span
                for start, is_in in zip(days, chosen, strict=True)
            )
            for day in days
        )
    ]
    return min(fits)


def test_hours_without_a_break_are_one_run() -> None:
    """Runs are maximal."""
    slots = [utc(2025, 1, 1, 0), utc(2025, 1, 1, 1), utc(2025, 1, 1, 3)]
    assert world.runs(slots) == [
        (utc(2025, 1, 1, 0), utc(2025, 1, 1, 2)),
        (utc(2025, 1, 1, 3), utc(2025, 1, 1, 4)),
    ]
