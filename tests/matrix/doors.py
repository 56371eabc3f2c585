"""Where the matrix asks: each product of each source, with a small gap that it can heal."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOW = datetime(2025, 11, 5, 12, 30, tzinfo=UTC)

KEY = "M4trix+k3y/of=all&doors"
"""With signs that a URL must quote, so that a leak in either form is found."""

LOGIN = "98765432X/l0gin+matrix"


@dataclass(frozen=True, slots=True)
class Door:
    """One product at one stage of its calls.

    Attributes:
        source: Catalogue name.
        product: Catalogue name.
        series: Whose gap.
        start: First slot of the gap.
        slots: Slots of the gap.
        step: Their spacing.
        grade: What a healthy run stores.
        skip: Requests that are well before the fault strikes.
        has_key: Whether the connection holds credentials.
        extra: Further extra of the connection.
        key: The key, where it has one.
        facts: What is known of its source from before.
    """

    source: str
    product: str
    series: str
    start: datetime
    slots: int = 4
    step: timedelta = HOUR
    grade: int = 30
    skip: int = 0
    has_key: bool = True
    extra: Mapping[str, object] = field(default_factory=dict)
    key: str = KEY
    facts: Mapping[str, float] = field(default_factory=dict)

    @property
    def end(self) -> datetime:
        """Where the gap ends."""
        return self.start + self.slots * self.step


_MONDAY = datetime(2025, 11, 3, tzinfo=UTC)
_EARLIER = datetime(2025, 10, 10, tzinfo=UTC)

DOORS: Mapping[str, Door] = {
    "ree": Door("ree", "pvpc", "pvpc", _MONDAY + 13 * HOUR, grade=40, has_key=False),
    "esios": Door(
        "esios",
        "1001",
        "pvpc",
        _MONDAY + 13 * HOUR,
        grade=40,
        extra={"redirect_hosts": ["localhost"]},  # for the archive, which stands in
    ),
    "esios_archive": Door(
        "esios",
        "archive70",
        "pvpc",
        _MONDAY + 13 * HOUR,
        grade=40,
        has_key=False,
        extra={"redirect_hosts": ["localhost"]},
    ),
    "openweathermap": Door(
        "openweathermap", "current", "weather_hourly", NOW.replace(minute=0), 1, grade=20
    ),
    "timemachine": Door(
        "openweathermap",
        "timemachine",
        "weather_hourly",
        _MONDAY + 13 * HOUR,
        2,
        grade=20,
        extra={"one_call": True},
        facts={"one_call_generation": 3.0},
    ),
    "timeline": Door(
        "openweathermap",
        "timeline",
        "weather_hourly",
        _MONDAY + 13 * HOUR,
        grade=20,
        extra={"one_call": True},
        key=f"{KEY}4.0",
    ),
    "aemet": Door("aemet", "observations", "weather_hourly", NOW.replace(hour=6, minute=0)),
    "aemet_rows": Door(
        "aemet", "observations", "weather_hourly", NOW.replace(hour=6, minute=0), skip=1
    ),
    "aemet_daily": Door("aemet", "daily", "weather_daily", _EARLIER, 3, DAY, grade=40, skip=1),
    "siar_token": Door("siar", "hourly", "weather_hourly", _MONDAY + 13 * HOUR),
    "siar": Door("siar", "hourly", "weather_hourly", _MONDAY + 13 * HOUR, skip=4),
    "siar_daily": Door("siar", "daily", "weather_daily", _EARLIER, 3, DAY, skip=4),
    "open_meteo": Door(
        "open_meteo", "forecast", "weather_hourly", _MONDAY + 13 * HOUR, grade=10, has_key=False
    ),
}
