"""How bad a gap is."""

from __future__ import annotations

import pytest

from gapfill.domain.severity import Severity, Thresholds
from tests.domain.samples import DAY, HOUR, PVPC, SPOT, WEATHER_DAILY, span


@pytest.mark.parametrize(
    "hours, severity",
    [
        (0.25, "minor"),
        (1, "minor"),
        (2, "minor"),
        (3, "moderate"),
        (12, "moderate"),
        (13, "critical"),
    ],
)
def test_severity_is_by_duration(hours: float, severity: str) -> None:
    """Up to 2 h minor, up to 12 h moderate, 13 missing hours critical."""
    assert Thresholds().of(hours * HOUR).label == severity


@pytest.mark.parametrize(
    "days, severity",
    [(1, "minor"), (2, "minor"), (3, "moderate"), (12, "moderate"), (13, "critical")],
)
def test_a_daily_series_has_its_own_thresholds(days: int, severity: str) -> None:
    """One missing day is not a critical gap."""
    assert Thresholds(2 * DAY, 12 * DAY).of(days * DAY).label == severity
    start = span("2025-10-01", "2025-10-02").start
    gap = type(span("2025-10-01", "2025-10-02"))(start, start + days * DAY)
    assert WEATHER_DAILY.severity_of(gap).label == severity


def test_severity_does_not_depend_on_the_resolution() -> None:
    """Thirteen hours are critical as 13 slots and as 52."""
    gap = span("2025-10-26 00:00", "2025-10-26 13:00")
    assert PVPC.severity_of(gap) is SPOT.severity_of(gap) is Severity.CRITICAL


def test_severities_compare_by_badness() -> None:
    """The worst of several is their maximum."""
    assert max(Severity.MINOR, Severity.CRITICAL, Severity.MODERATE) is Severity.CRITICAL
