"""Small builders for tests: series as the catalogue has them, instants, readings, rows.

Hours count from 2026-01-01 00:00 UTC, so that what a test expects can be read off:
``hours(3, 5)`` are the slots 3 and 4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gapfill.domain.interval import Interval
from gapfill.domain.reading import Reading, Row
from gapfill.domain.series import Field, Grade
from gapfill.stores.points import Point, format_tags
from tests.domain.samples import DAY, HOUR, SPOT_GRID, at, series

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

START = at("2026-01-01")
ERA = at("2025-09-30 22:00")
"""From here on ``SPOT`` has quarters of an hour."""

PVPC = series(
    measurement="energy_prices",
    tags={"market": "pvpc", "geo": "8741"},
    fields=(
        Field("price_eur_mwh", "€/MWh", -1000, 10000, required=True),
        Field("price_eur_kwh", "€/kWh", -1, 10),
    ),
)
SPOT = series(
    "spot",
    measurement="energy_prices",
    tags={"market": "spot"},
    grid=SPOT_GRID,
    fields=(Field("price_eur_mwh", "€/MWh", -1000, 10000, required=True),),
)
WEATHER = series(
    "weather_hourly",
    group="weather",
    quantity="weather",
    measurement="weather_data",
    tags={"place": "linares"},
    exclude={"data_type": ("forecast",), "data_source": ("aemet_daily", "aemet_forecast")},
    target=Grade.OBSERVED,
    default_grade=Grade.OBSERVED,
    fields=(
        Field("temperature", "°C", -40, 60, required=True),
        Field("humidity", "%", 0, 100, required=True),
        Field("pressure", "hPa", 500, 1100),
        Field("solar_radiation", "W/m²", 0, 1500, wanted=True),
    ),
)


def hour(number: float) -> datetime:
    """Return the instant so many hours after 2026-01-01 00:00 UTC."""
    return START + number * HOUR


def hours(start: float, end: float) -> Interval:
    """Return ``[start, end)`` in hours after 2026-01-01 00:00 UTC."""
    return Interval(hour(start), hour(end))


def day(number: int) -> datetime:
    """Return the instant so many days after 2026-01-01 00:00 UTC."""
    return START + number * DAY


def price(slot: float, euros: float = 50.0, grade: Grade = Grade.OFFICIAL) -> Reading:
    """Return REE's price of an hour, in €/MWh."""
    return Reading(hour(slot), {"price_eur_mwh": euros}, grade, "ree")


def prices(slots: Iterable[float], euros: float = 50.0) -> list[Reading]:
    """Return REE's prices of some hours, all the same."""
    return [price(slot, euros) for slot in slots]


def weather(slot: float, grade: Grade, source: str = "aemet/5279X", **values: float) -> Reading:
    """Return the weather of an hour: 20 °C and 50 % unless told otherwise."""
    known = {"temperature": 20.0, "humidity": 50.0}
    return Reading(hour(slot), known | values, grade, source)


def point(
    instant: datetime,
    tags: Mapping[str, str],
    values: Mapping[str, float],
    grade: int | None = None,
    source: str | None = None,
    batch: str | None = None,
    kept: str | None = None,
) -> Point:
    """Return a point as somebody else may have written it."""
    return Point(format_tags(tags), instant, values, grade, source, batch, kept)


def row(slot: float, euros: float = 50.0, batch: str = "run/a") -> Row:
    """Return a price of an hour as ``prices`` leaves it in a store."""
    return Row(hour(slot), {"price_eur_mwh": euros}, Grade.OFFICIAL, "ree", batch)


def with_other_prices(catalogue: str) -> str:
    """Return a catalogue of prices with a second series, ``other``, before ``pvpc``."""
    block = catalogue[catalogue.index("  pvpc:\n    group") :]
    other = block.replace("  pvpc:\n", "  other:\n").replace("energy_prices", "other_prices")
    return catalogue.replace(block, other + block)
