"""Open-Meteo's sentences: what refuses for how long, and what says that there is nothing."""

from __future__ import annotations

import pytest

from gapfill.sources.json_reader import Payload
from gapfill.sources.open_meteo import parser as open_meteo
from gapfill.sources.open_meteo.refusals import NotCovered, Refusal, read, seconds_refused
from tests.sources.asks import payload
from tests.sources.open_meteo.asks import ask_of, at

MINUTELY = payload("open_meteo_error_minutely.json")
HOURLY = (
    b'{"error":true,"reason":"Hourly API request limit exceeded. '
    b'Please try again in the next hour."}'
)
DAILY = b'{"reason":"Daily API request limit exceeded. Please try again tomorrow.","error":true}'
NOT_HERE = b'{"error":true,"reason":"No data is available for this location"}'


def _refusal(body: bytes) -> Refusal:
    said = read(Payload(429, body))
    assert isinstance(said, Refusal)
    return said


@pytest.mark.parametrize(
    "body,now,seconds",
    [
        (MINUTELY, "2025-11-05T12:20:30", 60),
        (HOURLY, "2025-11-05T12:20:30", 40 * 60 + 30),
        (HOURLY, "2025-11-05T12:00:00", 3660),
        (DAILY, "2025-11-05T12:20:30", 11 * 3600 + 40 * 60 + 30),
        (DAILY, "2025-11-05T00:00:00", 86_460),
        (b'{"error":true,"reason":"Too many concurrent requests"}', "2025-11-05T12:20:30", 60),
        (b"<html>429 Too Many Requests</html>", "2025-11-05T12:20:30", 60),
        (b'{"reason": 429}', "2025-11-05T12:20:30", 60),
        (b'["daily"]', "2025-11-05T12:20:30", 60),
        (b"", "2025-11-05T12:20:30", 60),
    ],
)
def test_a_refusal_lasts_until_its_limit_is_lifted(body: bytes, now: str, seconds: float) -> None:
    """A minute, until a minute past the hour, or a minute past midnight UTC."""
    assert seconds_refused(_refusal(body), at(now)) == seconds


def test_without_a_clock_the_whole_time_is_waited() -> None:
    """Too long is a delay, too short a second refusal."""
    said = [_refusal(body) for body in (MINUTELY, HOURLY, DAILY)]
    assert [seconds_refused(refusal) for refusal in said] == [60, 3660, 86_460]


def test_nothing_for_the_place_is_empty_with_evidence() -> None:
    """The API's newer way to say what ``nan`` says."""
    there = Payload(400, NOT_HERE)
    assert read(there) == NotCovered("No data is available for this location")
    answer = open_meteo.parse(ask_of("2025-11-04T10:00", "2025-11-04T12:00"), there)
    assert answer.readings == ()
    assert answer.evidence == "HTTP 400: No data is available for this location"


@pytest.mark.parametrize(
    "status,body",
    [
        (400, payload("open_meteo_error_out_of_range.json")),
        (404, NOT_HERE),
        (500, NOT_HERE),
        (400, b'["No data is available for this location"]'),
        (400, b"No data is available for this location"),
    ],
)
def test_other_errors_are_not_taken_for_no_data(status: int, body: bytes) -> None:
    """A failure must never read as "nothing there"."""
    assert read(Payload(status, body)) is None
