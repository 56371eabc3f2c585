"""Half-open stretches of time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pendulum
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gapfill.domain.interval import (
    Interval,
    as_utc,
    covers,
    intersect,
    iso,
    merge,
    subtract,
)
from tests.domain.samples import at, span, spans, thoroughly

ZONE = ZoneInfo("Europe/Madrid")
ORIGIN = at("2025-10-26")


def _to_slots(intervals: list[Interval]) -> set[int]:
    return {
        n
        for i in intervals
        for n in range(
            (i.start - ORIGIN) // timedelta(hours=1), (i.end - ORIGIN) // timedelta(hours=1)
        )
    }


def _from_hours(bounds: set[int]) -> list[Interval]:
    edges = sorted(bounds)[: len(bounds) // 2 * 2]
    return [
        Interval(ORIGIN + timedelta(hours=a), ORIGIN + timedelta(hours=b))
        for a, b in zip(edges[::2], edges[1::2], strict=True)
    ]


apart = st.sets(st.integers(0, 40), max_size=16).map(_from_hours)
"""Sorted, disjoint intervals that never touch."""


def test_a_naive_bound_is_refused() -> None:
    """Civil time has no place inside."""
    with pytest.raises(ValueError, match="needs time zones"):
        Interval(datetime(2025, 10, 26), at("2025-10-27"))  # noqa: DTZ001 - what is refused
    with pytest.raises(ValueError, match="needs time zones"):
        Interval(at("2025-10-26"), datetime(2025, 10, 27))  # noqa: DTZ001 - what is refused


@pytest.mark.parametrize("end", ["2025-10-26", "2025-10-25"])
def test_an_empty_or_backward_interval_is_refused(end: str) -> None:
    """An interval holds at least an instant."""
    with pytest.raises(ValueError, match="must end after it starts"):
        span("2025-10-26", end)


def test_bounds_of_another_zone_become_utc() -> None:
    """The 25-hour day has 25 hours though its bounds are given in local time."""
    day = Interval(datetime(2025, 10, 26, tzinfo=ZONE), datetime(2025, 10, 27, tzinfo=ZONE))
    assert day == span("2025-10-25 22:00", "2025-10-26 23:00")
    assert day.duration == timedelta(hours=25)
    assert day.start.tzinfo is UTC


def test_the_hour_that_comes_twice_is_not_empty() -> None:
    """02:00 in summer time to 02:00 in winter time is an hour, whatever the clock shows."""
    first = datetime(2025, 10, 26, 2, tzinfo=ZONE)
    second = datetime(2025, 10, 26, 2, tzinfo=ZONE, fold=1)
    assert Interval(first, second) == span("2025-10-26 00:00", "2025-10-26 01:00")


def test_the_start_is_inside_and_the_end_is_not() -> None:
    """Intervals are half-open."""
    day = span("2025-10-26", "2025-10-27")
    assert at("2025-10-26") in day
    assert at("2025-10-26 23:59") in day
    assert at("2025-10-27") not in day
    assert at("2025-10-25 23:59") not in day


def test_intervals_are_ordered_by_start_then_end() -> None:
    """Sorting puts the earlier first, of two with one start the shorter."""
    long, short, late = spans(
        "2025-10-26 00:00 > 2025-10-26 05:00",
        "2025-10-26 00:00 > 2025-10-26 01:00",
        "2025-10-26 02:00 > 2025-10-26 03:00",
    )
    assert sorted([late, long, short]) == [short, long, late]


def test_an_instant_prints_with_z() -> None:
    """Whatever its zone, in UTC; pendulum's own type included."""
    assert iso(at("2025-10-26")) == "2025-10-26T00:00:00Z"
    assert iso(datetime(2025, 10, 26, 2, tzinfo=ZONE, fold=1)) == "2025-10-26T01:00:00Z"
    assert iso(pendulum.datetime(2025, 10, 26, tz="Europe/Madrid")) == "2025-10-25T22:00:00Z"
    assert str(span("2025-10-26", "2025-10-27")) == "2025-10-26T00:00:00Z–2025-10-27T00:00:00Z"


def test_as_utc_gives_plain_datetimes_and_refuses_naive_ones() -> None:
    """Subclasses would compute in civil time."""
    plain = as_utc(pendulum.datetime(2025, 10, 26, 0, 0, 0, 1, tz="UTC"))
    assert type(plain) is datetime
    assert plain == datetime(2025, 10, 26, 0, 0, 0, 1, tzinfo=UTC)
    with pytest.raises(ValueError, match="no time zone"):
        as_utc(datetime(2025, 10, 26))  # noqa: DTZ001 - what is refused


def test_touching_intervals_share_nothing() -> None:
    """An end belongs to the next interval."""
    morning, evening = spans(
        "2025-10-26 00:00 > 2025-10-26 12:00", "2025-10-26 12:00 > 2025-10-27 00:00"
    )
    assert morning.intersection(evening) is None
    assert intersect([morning], [evening]) == []
    assert subtract([morning], [evening]) == [morning]


def test_merge_joins_what_overlaps_touches_or_lies_inside() -> None:
    """The union comes sorted, whatever the order given."""
    assert merge(
        spans(
            "2025-10-26 08:00 > 2025-10-26 09:00",
            "2025-10-26 00:00 > 2025-10-26 05:00",
            "2025-10-26 01:00 > 2025-10-26 02:00",
            "2025-10-26 05:00 > 2025-10-26 06:00",
        )
    ) == spans("2025-10-26 00:00 > 2025-10-26 06:00", "2025-10-26 08:00 > 2025-10-26 09:00")
    assert merge([]) == []


def test_subtract_leaves_what_is_before_between_and_after_the_holes() -> None:
    """Holes may stick out at both sides and lie between two intervals."""
    whole = spans("2025-10-26 00:00 > 2025-10-26 10:00", "2025-10-26 12:00 > 2025-10-26 14:00")
    holes = spans(
        "2025-10-25 22:00 > 2025-10-26 01:00",
        "2025-10-26 03:00 > 2025-10-26 04:00",
        "2025-10-26 09:00 > 2025-10-26 13:00",
    )
    assert subtract(whole, holes) == spans(
        "2025-10-26 01:00 > 2025-10-26 03:00",
        "2025-10-26 04:00 > 2025-10-26 09:00",
        "2025-10-26 13:00 > 2025-10-26 14:00",
    )


def test_covers_looks_into_the_right_interval() -> None:
    """Both bounds of the first and the last of several."""
    found = spans("2025-10-26 02:00 > 2025-10-26 03:00", "2025-10-26 05:00 > 2025-10-26 06:00")
    asked = {f"2025-10-26 0{n}:00": covers(found, at(f"2025-10-26 0{n}:00")) for n in range(1, 8)}
    assert [text[-5:] for text, held in asked.items() if held] == ["02:00", "05:00"]
    assert not covers([], at("2025-10-26"))


@thoroughly
@given(apart, apart)
def test_set_operations_agree_with_sets_of_slots(
    left: list[Interval], right: list[Interval]
) -> None:
    """Union, intersection and difference are those of the slots, sorted and disjoint."""
    one, other = _to_slots(left), _to_slots(right)
    for made, expected in (
        (merge([*left, *right]), one | other),
        (intersect(left, right), one & other),
        (subtract(left, right), one - other),
    ):
        assert _to_slots(made) == expected
        assert all(a.end <= b.start for a, b in pairwise(made))
        assert sum(i.duration // timedelta(hours=1) for i in made) == len(expected)


@thoroughly
@given(apart, st.integers(-1, 41))
def test_covers_agrees_with_looking_at_each(found: list[Interval], hour: int) -> None:
    """Bisection finds what a scan finds."""
    instant = ORIGIN + timedelta(hours=hour)
    assert covers(found, instant) == any(instant in interval for interval in found)
