"""The grid of expected slots."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gapfill.domain.grid import Era, Grid
from gapfill.domain.interval import BEGINNING, Interval
from tests.domain.samples import DAILY, HOURLY, SPOT_GRID, at, span, thoroughly

QUARTER = timedelta(minutes=15)


@pytest.mark.parametrize(
    "start, end, slots",
    [
        ("2025-10-25 22:00", "2025-10-26 23:00", 25),
        ("2025-03-29 23:00", "2025-03-30 22:00", 23),
        ("2025-06-30 22:00", "2025-07-01 22:00", 24),
    ],
    ids=["autumn", "spring", "summer"],
)
def test_a_madrid_day_has_25_23_or_24_hourly_slots(start: str, end: str, slots: int) -> None:
    """The day's bounds move, the grid does not."""
    assert HOURLY.count(span(start, end)) == slots
    assert len(list(HOURLY.slots(span(start, end)))) == slots


def test_the_hour_that_comes_twice_is_two_slots() -> None:
    """Both 02:00 of 2025-10-26 have their own instant."""
    assert list(HOURLY.slots(span("2025-10-26 00:00", "2025-10-26 02:00"))) == [
        at("2025-10-26 00:00"),
        at("2025-10-26 01:00"),
    ]


def test_the_first_quarter_hourly_day_has_96_slots() -> None:
    """And the last hourly one 24."""
    assert SPOT_GRID.count(span("2025-09-30 22:00", "2025-10-01 22:00")) == 96
    assert SPOT_GRID.count(span("2025-09-29 22:00", "2025-09-30 22:00")) == 24


def test_the_quarter_hourly_day_of_25_hours_has_100_slots() -> None:
    """The worst day of all: both at once."""
    assert SPOT_GRID.count(span("2025-10-25 22:00", "2025-10-26 23:00")) == 100


def test_slots_change_step_at_the_era() -> None:
    """The slot before the era is an hour long, the first one of it a quarter."""
    found = list(SPOT_GRID.slots(span("2025-09-30 20:00", "2025-09-30 22:31")))
    assert found == [
        at("2025-09-30 20:00"),
        at("2025-09-30 21:00"),
        at("2025-09-30 22:00"),
        at("2025-09-30 22:15"),
        at("2025-09-30 22:30"),
    ]
    assert SPOT_GRID.end_of(at("2025-09-30 21:00")) == at("2025-09-30 22:00")
    assert SPOT_GRID.end_of(at("2025-09-30 22:00")) == at("2025-09-30 22:15")


def test_floor_and_ceil_use_the_step_in_force() -> None:
    """Twenty past the hour is in the whole hour before the era, in the second quarter after it."""
    assert SPOT_GRID.floor(at("2025-09-30 21:20")) == at("2025-09-30 21:00")
    assert SPOT_GRID.ceil(at("2025-09-30 21:20")) == at("2025-09-30 22:00")
    assert SPOT_GRID.floor(at("2025-09-30 22:20")) == at("2025-09-30 22:15")
    assert SPOT_GRID.ceil(at("2025-09-30 22:20")) == at("2025-09-30 22:30")
    assert SPOT_GRID.ceil(at("2025-09-30 22:00")) == at("2025-09-30 22:00")


def test_a_point_belongs_to_the_slot_that_contains_it() -> None:
    """Five-minute samples cover their hour; the next hour begins with its first instant."""
    assert HOURLY.floor(at("2025-10-26 10:55")) == at("2025-10-26 10:00")
    assert HOURLY.floor(at("2025-10-26 11:00")) == at("2025-10-26 11:00")
    assert DAILY.floor(at("2025-10-26 23:59")) == at("2025-10-26")


def test_instants_before_1970_lie_on_the_grid_too() -> None:
    """Open-Meteo reaches back to 1940."""
    assert HOURLY.floor(at("1940-01-01 00:30")) == at("1940-01-01 00:00")
    assert HOURLY.ceil(at("1940-01-01 00:30")) == at("1940-01-01 01:00")
    assert DAILY.count(span("1940-01-01", "1941-01-01")) == 366


def test_a_range_covers_exactly_the_slots_that_start_in_it() -> None:
    """Both bounds are taken up to the grid; nothing starts in a part of an hour."""
    assert HOURLY.cover(span("2025-10-26 00:10", "2025-10-26 02:10")) == span(
        "2025-10-26 01:00", "2025-10-26 03:00"
    )
    assert HOURLY.cover(span("2025-10-26 00:00", "2025-10-26 01:00")) == span(
        "2025-10-26 00:00", "2025-10-26 01:00"
    )
    assert HOURLY.cover(span("2025-10-26 00:10", "2025-10-26 00:50")) is None


def test_a_local_day_covers_the_daily_slot_of_its_date() -> None:
    """The daily slot lies at 00:00 UTC, inside the Madrid day."""
    assert DAILY.cover(span("2025-10-25 22:00", "2025-10-26 23:00")) == span(
        "2025-10-26", "2025-10-27"
    )


@pytest.mark.parametrize(
    "eras, problem",
    [
        ((), "at least one era"),
        ((Era(BEGINNING, timedelta(0)),), "must divide a day"),
        ((Era(BEGINNING, timedelta(hours=7)),), "must divide a day"),
        ((Era(BEGINNING, timedelta(days=2)),), "must divide a day"),
        ((Era(at("2025-01-01"), QUARTER), Era(at("2024-01-01"), QUARTER)), "in order"),
        ((Era(BEGINNING, QUARTER), Era(BEGINNING, QUARTER)), "in order"),
        (
            (Era(BEGINNING, timedelta(hours=1)), Era(at("2025-01-01 00:30"), QUARTER)),
            "on the grid of both",
        ),
        (
            (Era(BEGINNING, timedelta(hours=1)), Era(at("2025-01-01 01:00"), timedelta(hours=2))),
            "on the grid of both",
        ),
        ((Era(datetime(2025, 1, 1), QUARTER),), "needs a time zone"),  # noqa: DTZ001 - what is refused
    ],
    ids=["none", "zero", "uneven", "two-days", "backward", "twice", "off-old", "off-new", "naive"],
)
def test_a_grid_that_makes_no_sense_is_refused(eras: tuple[Era, ...], problem: str) -> None:
    """With a sentence that says what is wrong."""
    with pytest.raises(ValueError, match=problem):
        Grid(eras)


instants = st.integers(-4000, 4000).map(lambda n: at("2025-09-30 22:00") + timedelta(minutes=n))
intervals = st.builds(
    lambda start, minutes: Interval(start, start + timedelta(minutes=minutes)),
    instants,
    st.integers(1, 4000),
)


@thoroughly
@given(intervals, st.sampled_from([HOURLY, DAILY, SPOT_GRID]))
def test_count_is_the_number_of_slots(interval: Interval, grid: Grid) -> None:
    """Arithmetic agrees with enumeration, off the grid and across the era."""
    slots = list(grid.slots(interval))
    assert grid.count(interval) == len(slots)
    assert all(slot in interval and grid.floor(slot) == slot for slot in slots)
    covered = grid.cover(interval)
    assert (list(grid.slots(covered)) if covered else []) == slots


@thoroughly
@given(instants, st.sampled_from([HOURLY, DAILY, SPOT_GRID]))
def test_every_instant_lies_in_exactly_one_slot(instant: datetime, grid: Grid) -> None:
    """Slots leave no hole and do not overlap, at the era's edge either."""
    slot = grid.floor(instant)
    assert slot <= instant < grid.end_of(slot)
    assert grid.ceil(instant) in (slot, grid.end_of(slot))
    assert grid.ceil(instant) >= instant
