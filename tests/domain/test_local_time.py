"""Civil days and rules of local clock time."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gapfill.domain import local_time
from gapfill.domain.local_time import (
    AfterEnd,
    AtClock,
    BoundError,
    at_local,
    day_interval,
    days_of,
    local_date,
    month_start,
    parse_bound,
    parse_instant,
)
from tests.domain.samples import DAILY, HOUR, HOURLY, MADRID, SPOT_GRID, at, span, thoroughly

if TYPE_CHECKING:
    from gapfill.domain.grid import Grid

PRICES_DUE = AtClock(-1, time(20, 50), MADRID)
SIAR_DAILY = AtClock(1, time(18), MADRID)


@pytest.mark.parametrize(
    "day, start, end",
    [
        (date(2025, 10, 26), "2025-10-25 22:00", "2025-10-26 23:00"),
        (date(2025, 3, 30), "2025-03-29 23:00", "2025-03-30 22:00"),
        (date(2025, 7, 1), "2025-06-30 22:00", "2025-07-01 22:00"),
        (date(2025, 1, 1), "2024-12-31 23:00", "2025-01-01 23:00"),
    ],
    ids=["25-hours", "23-hours", "summer", "winter"],
)
def test_a_civil_day_lies_between_its_local_midnights(day: date, start: str, end: str) -> None:
    """In UTC it starts at 22:00 or 23:00 of the day before."""
    assert day_interval(day, MADRID) == span(start, end)


def test_a_clock_time_that_does_not_exist_moves_forward() -> None:
    """02:30 of the 23-hour day is 03:30 in summer time."""
    assert at_local(date(2025, 3, 30), time(2, 30), MADRID) == at("2025-03-30 01:30")


def test_a_clock_time_that_comes_twice_is_the_first() -> None:
    """02:30 of the 25-hour day is still summer time."""
    assert at_local(date(2025, 10, 26), time(2, 30), MADRID) == at("2025-10-26 00:30")


@pytest.mark.parametrize(
    "instant, day",
    [
        ("2025-07-01 21:59", date(2025, 7, 1)),
        ("2025-07-01 22:00", date(2025, 7, 2)),
        ("2025-01-01 22:59", date(2025, 1, 1)),
        ("2025-01-01 23:00", date(2025, 1, 2)),
    ],
)
def test_the_last_utc_hours_belong_to_the_next_local_day(instant: str, day: date) -> None:
    """A summer gap ending at 23:00Z touches the next day's prices."""
    assert local_date(at(instant), MADRID) == day


def test_a_month_starts_at_local_midnight() -> None:
    """October begins on 30 September at 22:00Z, November, after the change, at 23:00Z."""
    assert month_start(at("2025-10-15"), MADRID) == at("2025-09-30 22:00")
    assert month_start(at("2025-09-30 22:00"), MADRID) == at("2025-09-30 22:00")
    assert month_start(at("2025-09-30 21:59"), MADRID) == at("2025-08-31 22:00")
    assert month_start(at("2025-11-15"), MADRID) == at("2025-10-31 23:00")


def test_an_interval_touches_the_days_of_its_first_and_last_instant() -> None:
    """An end at local midnight does not touch the day that begins there."""
    assert days_of(span("2025-10-25 22:00", "2025-10-26 23:00"), MADRID) == [date(2025, 10, 26)]
    assert days_of(span("2025-10-25 21:00", "2025-10-26 23:01"), MADRID) == [
        date(2025, 10, 25),
        date(2025, 10, 26),
        date(2025, 10, 27),
    ]


@pytest.mark.parametrize(
    "slot, due",
    [
        ("2025-10-25 22:00", "2025-10-25 18:50"),
        ("2025-10-26 22:00", "2025-10-25 18:50"),
        ("2025-10-26 23:00", "2025-10-26 19:50"),
        ("2025-03-29 23:00", "2025-03-29 19:50"),
        ("2025-03-30 21:00", "2025-03-29 19:50"),
        ("2025-03-30 22:00", "2025-03-30 18:50"),
    ],
    ids=["25h-first", "25h-last", "after-25h", "23h-first", "23h-last", "after-23h"],
)
def test_prices_are_due_the_evening_before_in_either_offset(slot: str, due: str) -> None:
    """20:50 in Madrid is 18:50Z in summer, 19:50Z in winter, for the whole local day alike."""
    assert PRICES_DUE.instant(at(slot), HOURLY) == at(due)


@pytest.mark.parametrize(
    "now, first_not_due",
    [
        ("2025-10-25 18:49", "2025-10-25 22:00"),
        ("2025-10-25 18:50", "2025-10-26 23:00"),
        ("2025-10-26 19:49", "2025-10-26 23:00"),
        ("2025-10-26 19:50", "2025-10-27 23:00"),
        ("2025-03-29 19:50", "2025-03-30 22:00"),
        ("2025-03-30 18:49", "2025-03-30 22:00"),
        ("2025-03-30 18:50", "2025-03-31 22:00"),
    ],
)
def test_due_prices_end_with_a_whole_local_day(now: str, first_not_due: str) -> None:
    """All 25 or 23 slots of tomorrow become due together, to the minute."""
    assert PRICES_DUE.until(at(now), HOURLY) == at(first_not_due)
    assert PRICES_DUE.until(at(now), SPOT_GRID) == at(first_not_due)


def test_a_daily_value_is_there_the_next_evening() -> None:
    """SIAR's day D comes at 18:00 Madrid of D+1, in either offset."""
    assert SIAR_DAILY.instant(at("2025-10-24"), DAILY) == at("2025-10-25 16:00")
    assert SIAR_DAILY.instant(at("2025-10-25"), DAILY) == at("2025-10-26 17:00")
    assert SIAR_DAILY.until(at("2025-10-26 16:59"), DAILY) == at("2025-10-25")
    assert SIAR_DAILY.until(at("2025-10-26 17:00"), DAILY) == at("2025-10-26")


def test_a_daily_slot_is_its_date_west_of_greenwich_too() -> None:
    """Its label is its date, not the local date of 00:00 UTC."""
    rule = AtClock(1, time(18), "America/Lima")
    assert rule.instant(at("2025-10-25"), DAILY) == at("2025-10-26 23:00")
    assert rule.until(at("2025-10-26 22:59"), DAILY) == at("2025-10-25")
    assert rule.until(at("2025-10-26 23:00"), DAILY) == at("2025-10-26")


def test_a_lag_counts_from_the_end_of_the_slot() -> None:
    """At exactly end plus lag it has happened."""
    rule = AfterEnd(HOUR)
    assert rule.instant(at("2025-10-26 10:00"), HOURLY) == at("2025-10-26 12:00")
    assert rule.until(at("2025-10-26 11:59"), HOURLY) == at("2025-10-26 10:00")
    assert rule.until(at("2025-10-26 12:00"), HOURLY) == at("2025-10-26 11:00")
    assert AfterEnd(5 * 24 * HOUR).instant(at("2025-10-20"), DAILY) == at("2025-10-26")


def test_a_lag_of_minus_the_resolution_is_there_from_the_start() -> None:
    """The slot of now is out, the next one is not."""
    assert AfterEnd(-HOUR).until(at("2025-10-26 10:00"), HOURLY) == at("2025-10-26 11:00")
    assert AfterEnd(-HOUR).until(at("2025-10-26 09:59"), HOURLY) == at("2025-10-26 10:00")


@thoroughly
@given(
    st.sampled_from(
        [
            AfterEnd(timedelta(0)),
            AfterEnd(timedelta(hours=2)),
            AfterEnd(-HOUR),
            PRICES_DUE,
            SIAR_DAILY,
            AtClock(0, time(2, 30), MADRID),
            AtClock(1, time(0), MADRID),
            AtClock(1, time(18), "America/Lima"),
        ]
    ),
    st.sampled_from([HOURLY, DAILY, SPOT_GRID]),
    st.sampled_from(["2025-03-30 01:00", "2025-10-26 01:00", "2025-09-30 22:00"]),
    st.integers(-60 * 60, 60 * 60),
)
def test_a_rule_says_the_same_by_slot_and_by_first_slot(
    rule: local_time.Rule, grid: Grid, around: str, minutes: int
) -> None:
    """Slots before ``until`` have happened, later ones not, around every clock change."""
    now = at(around) + timedelta(minutes=minutes)
    until = rule.until(now, grid)
    before = grid.floor(until - timedelta(microseconds=1))
    assert grid.floor(until) == until
    assert rule.instant(before, grid) <= now < rule.instant(until, grid)


def test_an_instant_needs_a_time_zone() -> None:
    """A clock time alone could be any of two."""
    assert parse_instant("2025-10-26T02:00:00+02:00") == at("2025-10-26 00:00")
    assert parse_instant("2025-10-26T00:00Z") == at("2025-10-26 00:00")
    with pytest.raises(BoundError, match="has no time zone: add Z"):
        parse_instant("2025-10-26T02:00:00")
    with pytest.raises(ValueError, match="isoformat"):
        parse_instant("yesterday")


def test_a_bare_date_is_a_local_day_and_an_end_date_is_included() -> None:
    """An instant as end is exclusive."""
    assert parse_bound("2025-10-26", MADRID) == at("2025-10-25 22:00")
    assert parse_bound("2025-10-26", MADRID, is_end=True) == at("2025-10-26 23:00")
    assert parse_bound("2025-10-26T12:00Z", MADRID, is_end=True) == at("2025-10-26 12:00")
    with pytest.raises(BoundError, match="no time zone"):
        parse_bound("2025-10-26T12:00", MADRID)


@pytest.mark.parametrize(
    "text",
    ["0001-01-01", "9999-12-31", "0001-01-01T00:00:00+14:00", "2300-01-01T00:00Z", "1898-12-31"],
)
def test_a_year_beyond_all_slots_is_refused_in_a_sentence(text: str) -> None:
    """No overflow reaches the person who mistyped a year."""
    with pytest.raises(BoundError, match="not between the years 1900 and 2200"):
        parse_bound(text, MADRID, is_end=True)


def test_a_zone_is_read_from_disk_once() -> None:
    """Pendulum drops a zone that nobody holds, and reading it costs more than all the rest."""
    local_time._zone.cache_clear()
    for hour in range(100):
        local_date(at("2025-10-26") + hour * HOUR, MADRID)
    assert local_time._zone.cache_info().misses == 1
