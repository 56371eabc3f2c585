"""Civil time of the sandbox."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from gapfill_sandbox import times

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    "day, hours",
    [(date(2025, 3, 30), 23), (date(2025, 6, 1), 24), (date(2025, 10, 26), 25)],
)
def test_a_madrid_day_has_23_24_or_25_hours(day: date, hours: int) -> None:
    """Days are bounded by local midnights."""
    assert len(times.day_slots(day, HOUR)) == hours


def test_a_day_starts_at_its_local_midnight() -> None:
    """In summer at 22:00 UTC of the day before."""
    assert times.at_local(date(2025, 7, 1)) == datetime(2025, 6, 30, 22, tzinfo=UTC)


def test_a_bound_is_a_local_day_or_an_instant() -> None:
    """A bare end date includes its day."""
    assert times.parse_bound("2025-11-01") == datetime(2025, 10, 31, 23, tzinfo=UTC)
    assert times.parse_bound("2025-11-01", is_end=True) == datetime(2025, 11, 1, 23, tzinfo=UTC)
    assert times.parse_bound("2025-11-01T00:00Z", is_end=True) == datetime(2025, 11, 1, tzinfo=UTC)


def test_an_instant_needs_a_time_zone() -> None:
    """A clock time alone is refused."""
    with pytest.raises(ValueError, match="no time zone"):
        times.parse_instant("2025-11-01T00:00")


def test_local_bounds_cover_both_passings_of_the_autumn_hour() -> None:
    """A start is the first 02:00, an end the second."""
    assert times.parse_local("2025-10-26T02:00") == datetime(2025, 10, 26, 0, tzinfo=UTC)
    assert times.parse_local("2025-10-26T02:00", is_end=True) == datetime(
        2025, 10, 26, 1, tzinfo=UTC
    )


def test_stamps_are_those_of_the_apis() -> None:
    """UTC with Z, local with milliseconds and offset."""
    instant = datetime(2025, 10, 26, 1, tzinfo=UTC)
    assert times.stamp(instant) == "2025-10-26T01:00:00Z"
    assert times.local_stamp(instant) == "2025-10-26T02:00:00.000+01:00"
