"""The clock: an instant, a clock's URL, or the real time; anything else is said."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gapfill.clock import read_clock
from gapfill.errors import ConfigError
from gapfill_sandbox import serve

AT = datetime(2025, 10, 26, 0, 30, tzinfo=UTC)


def test_without_a_setting_it_is_the_real_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which is aware."""
    monkeypatch.delenv("GAPFILL_NOW", raising=False)
    before = datetime.now(UTC)
    assert before <= read_clock() <= datetime.now(UTC)


def test_the_environment_sets_it_and_an_argument_goes_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Any offset is understood."""
    monkeypatch.setenv("GAPFILL_NOW", "2025-10-26T02:30:00+02:00")
    assert read_clock() == AT
    assert read_clock("2024-01-01T00:00:00Z") == datetime(2024, 1, 1, tzinfo=UTC)


def test_the_sandboxs_clock_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that all processes of a demo have one."""
    with serve(now=AT) as sandbox:
        monkeypatch.setenv("GAPFILL_NOW", f"{sandbox.url}/_sandbox/clock")
        assert read_clock() == AT


def test_what_is_no_instant_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A naive one has no zone, a dead clock no time."""
    with pytest.raises(ConfigError, match=r"The clock returned '2025-10-26': expected an instant"):
        read_clock("2025-10-26")
    monkeypatch.setenv("GAPFILL_NOW", "http://127.0.0.1:9/clock")
    with pytest.raises(ConfigError, match=r"The clock http://127\.0\.0\.1:9/clock .* not answer"):
        read_clock()
