"""Retry-After in seconds, as a date, as nonsense."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gapfill.sources.http.retry_after import seconds_to_wait

DATE = "Wed, 05 Nov 2025 12:00:00 GMT"
NOW = datetime(2025, 11, 5, 11, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    "text,expected",
    [
        ("30", 30.0),
        (" 30 ", 30.0),
        ("0", 1.0),
        ("-5", 1.0),
        ("999999999", 86400.0),
        ("1e999", 60.0),
        ("", 60.0),
        ("soon", 60.0),
        ("nan", 60.0),
        ("Wed, 05 Nov 2025 12:02:05 GMT", 125.0),
        ("Wed, 05 Nov 2025 12:02:05 -0000", 125.0),
        ("Wed, 05 Nov 2025 11:00:00 GMT", 1.0),
        ("Fri, 05 Nov 2100 11:00:00 GMT", 86400.0),
        ("Wed, 99 Nov 2025 12:02:05 GMT", 60.0),
    ],
)
def test_both_forms_are_read_and_kept_between_a_second_and_a_day(
    text: str, expected: float
) -> None:
    """A date counts from the answer's own Date: no clock of ours is asked."""
    assert seconds_to_wait({"Retry-After": text, "Date": DATE}, NOW) == expected


def test_without_a_date_of_the_answer_the_clock_is_used() -> None:
    """Nearly every server sends one."""
    later = {"Retry-After": "Wed, 05 Nov 2025 12:00:30 GMT"}
    assert seconds_to_wait(later, NOW) == 90.0
    assert seconds_to_wait(later) == 60.0


def test_a_refusal_without_the_header_waits_a_minute() -> None:
    """Every limit met so far is per minute."""
    assert seconds_to_wait({}, NOW) == 60.0
