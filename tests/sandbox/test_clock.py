"""The virtual clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from gapfill_sandbox.clock import Clock

NOON = datetime(2025, 11, 5, 12, tzinfo=UTC)


def test_a_clock_with_an_instant_stands_still() -> None:
    """Real time does not move it."""
    clock = Clock(NOON)
    time.sleep(0.02)
    assert clock.now() == NOON


def test_a_running_clock_goes_on_from_its_instant() -> None:
    """By as much as real time does."""
    began = time.monotonic()
    clock = Clock(NOON, is_running=True)
    time.sleep(0.02)
    passed = clock.now() - NOON
    assert timedelta(seconds=0.02) <= passed <= timedelta(seconds=time.monotonic() - began)


def test_a_clock_without_an_instant_is_real_until_it_is_set() -> None:
    """Then it stands still."""
    clock = Clock()
    before = datetime.now(UTC)
    assert before <= clock.now() <= datetime.now(UTC)
    clock.set(NOON)
    time.sleep(0.02)
    assert clock.now() == NOON


def test_a_running_clock_runs_on_after_it_is_set() -> None:
    """Setting does not stop it."""
    clock = Clock(NOON, is_running=True)
    clock.set(NOON + timedelta(days=1))
    time.sleep(0.02)
    assert clock.now() > NOON + timedelta(days=1)


def test_an_instant_in_another_zone_is_the_same_instant() -> None:
    """The clock answers in UTC."""
    clock = Clock(datetime.fromisoformat("2025-11-05T13:00:00+01:00"))
    assert clock.now() == NOON
    assert clock.now().tzinfo is UTC


def test_a_naive_instant_is_refused() -> None:
    """A clock needs a time zone."""
    with pytest.raises(ValueError, match="no time zone"):
        Clock(datetime(2025, 11, 5, 12))  # noqa: DTZ001 - the point of it
