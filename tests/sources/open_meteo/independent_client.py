"""The library open-meteo, calling the sandbox where it calls Open-Meteo.

A module of its own, as it takes seconds to import: tests import it when they run.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, date, timedelta
from typing import TYPE_CHECKING

from open_meteo import Forecast, HourlyParameters, OpenMeteo, WindSpeedUnit
from yarl import URL

if TYPE_CHECKING:
    from datetime import datetime

    from gapfill_sandbox import Sandbox

HOSTS = {"https://api.open-meteo.com": "forecast", "https://archive-api.open-meteo.com": "archive"}
FIELDS = {
    "temperature_2m": "temperature",
    "relative_humidity_2m": "humidity",
    "surface_pressure": "pressure",
    "wind_speed_10m": "wind_speed",
    "wind_direction_10m": "wind_direction",
    "wind_gusts_10m": "wind_gust",
    "precipitation": "precipitation",
    "shortwave_radiation": "solar_radiation",
}

Values = dict["datetime", dict[str, float]]
"""By the start of the hour."""


class _Client(OpenMeteo):
    """The library, calling the sandbox where it calls Open-Meteo."""

    root = ""

    async def _request(self, url: URL) -> str:
        assert str(url.origin()) in HOSTS
        return await super()._request(URL(self.root).join(url.relative()))


async def read(root: str, product: str, first: date, last: date) -> Forecast:
    """Return what the library reads of whole dates."""
    async with _Client() as client:
        client.root = root
        ask = client.forecast if product == "forecast" else client.historical_weather
        return await ask(
            latitude=38.09,
            longitude=-3.63,
            hourly=[HourlyParameters(name) for name in FIELDS],
            start_date=first,
            end_date=last,
            wind_speed_unit=WindSpeedUnit.METERS_PER_SECOND,
        )


def by_client(sandbox: Sandbox, product: str, first: date, last: date) -> Values:
    """Return what the library reads of whole dates, without the hours that have no values."""
    hourly = asyncio.run(read(sandbox.url, product, first, last)).hourly
    assert hourly is not None
    values: Values = {}
    for n, label in enumerate(hourly.time):
        row = {field: getattr(hourly, name)[n] for name, field in FIELDS.items()}
        if None not in row.values():
            values[label.replace(tzinfo=UTC) - timedelta(hours=1)] = row
    return values
