"""The pause before each call, and the daily quota."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from gapfill.domain.account_limits import AccountLimits
from gapfill.errors import RateLimited
from gapfill.services.rate_limiter import RateLimiter

if TYPE_CHECKING:
    from gapfill.services.context import RunContext
    from tests.services.conftest import FakeTime


def test_the_first_call_waits_too(context: RunContext, time: FakeTime) -> None:
    """Another process may have called a moment ago."""
    RateLimiter(context, context.catalog.sources["ree"], "run/unit")()
    assert time.seconds == pytest.approx(2.02)


def test_a_minute_uses_nearly_all_of_its_budget_and_never_more(
    context: RunContext, time: FakeTime
) -> None:
    """At least 95 % of 30 calls a minute, and no sliding minute holds more than 30."""
    pace = RateLimiter(context, context.catalog.sources["ree"], "run/unit")
    calls = []
    for _ in range(120):
        pace()
        calls.append(time.seconds)
    assert len(calls) / (calls[-1] / 60) >= 0.95 * 30
    assert max(sum(1 for other in calls if at <= other < at + 60) for at in calls) <= 30


def test_time_spent_on_a_call_counts_towards_the_pause(context: RunContext, time: FakeTime) -> None:
    """A call of one second is followed by a pause of one second."""
    pace = RateLimiter(context, context.catalog.sources["ree"], "run/unit")
    pace()
    time.seconds += 1.0
    pace()
    assert time.slept == pytest.approx([2.02, 1.02])


def test_a_call_is_recorded_before_it_is_sent(context: RunContext) -> None:
    """A kill after the record spends a call too many, never one too few."""
    RateLimiter(context, context.catalog.sources["ree"], "run/unit")()
    assert context.store.calls_since("ree", context.now - timedelta(days=1)) == 1
    assert context.store.calls_of("run") == 1


def test_a_spent_daily_quota_stops_the_next_call(context: RunContext) -> None:
    """The quota counts the calls of every run in the last 24 hours."""
    source = replace(context.catalog.sources["ree"], per_day=2)
    context.store.record_call("ree", context.now - timedelta(hours=25), "old/unit")
    RateLimiter(context, source, "one/unit")()
    RateLimiter(context, source, "two/unit")()
    with pytest.raises(RateLimited, match="REE apidatos has used all its 2 calls of the last 24 h"):
        RateLimiter(context, source, "three/unit")()
    assert context.store.calls_since("ree", context.now - timedelta(days=1)) == 2


SMALL = AccountLimits(calls_minute=100, calls_day=1000, records_minute=100, records_day=10_000)


def _siar(context: RunContext, **used: int) -> RateLimiter:
    """Return the pace of a small SIAR account that has used some of it."""
    pace = RateLimiter(context, context.catalog.sources["siar"], "run/unit")
    pace.allow(replace(SMALL, **used))
    return pace


def test_the_accounts_own_rate_is_kept(context: RunContext, time: FakeTime) -> None:
    """A hundred calls a minute instead of the thirty of the catalogue."""
    _siar(context)()
    assert time.seconds == pytest.approx(0.606)


def test_records_of_a_minute_are_kept_to(context: RunContext, time: FakeTime) -> None:
    """Two days of half-hours a minute, and no sliding minute holds more than 100 records."""
    pace, calls = _siar(context), []
    for _ in range(10):
        pace(96)
        calls.append(time.seconds)
    assert calls[1] - calls[0] == pytest.approx(60.6)
    assert max(96 * sum(1 for other in calls if at <= other < at + 60) for at in calls) <= 100
    assert 9 * 96 / ((calls[-1] - calls[0]) / 60) >= 0.95 * 96


def test_records_that_others_used_in_this_minute_count(context: RunContext, time: FakeTime) -> None:
    """The account says so when it is opened."""
    _siar(context, records_now=48)(48)
    assert time.seconds == pytest.approx(0.606)
    _siar(context, records_now=60)(48)
    assert time.seconds == pytest.approx(0.606 + 60.6)


def test_a_call_without_records_waits_for_no_record(context: RunContext, time: FakeTime) -> None:
    """A token costs a call, no record."""
    pace = _siar(context, records_now=100)
    pace()
    assert time.seconds == pytest.approx(0.606)


@pytest.mark.parametrize("used", [{"records_today": 9_960}, {}])
def test_a_spent_quota_of_records_stops_the_next_call(
    context: RunContext, used: dict[str, int]
) -> None:
    """As the account counts it, or as this store does."""
    if not used:
        context.store.record_call("siar", context.now - timedelta(hours=23), "old/unit", 9_960)
    with pytest.raises(RateLimited, match="SIAR has used all its 10000 records of the last 24 h"):
        _siar(context, **used)(48)
    assert context.store.calls_of("run") == 0
