"""Asks of Open-Meteo as the fill service makes them, and answers in its format."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gapfill.domain.interval import Interval
from gapfill.sources.model import Ask
from tests.catalogs import frozen
from tests.sources.asks import payload

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NOW = datetime(2025, 11, 5, 12, tzinfo=UTC)
UNITS = {
    "time": "iso8601",
    "temperature_2m": "°C",
    "relative_humidity_2m": "%",
    "surface_pressure": "hPa",
    "wind_speed_10m": "m/s",
    "wind_direction_10m": "°",
    "wind_gusts_10m": "m/s",
    "precipitation": "mm",
    "shortwave_radiation": "W/m²",
}
ONE_HOUR = (14.2, 61, 957.3, 1.75, 312, 4.4, 0.3, 205.5)
"""Values in the order of ``UNITS``."""


def at(text: str) -> datetime:
    """Return an instant of UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def ask_of(start: str, end: str, *, product: str = "forecast", now: datetime = NOW) -> Ask:
    """Return an ask for hourly weather at Linares, of the slots ``[start, end)`` in UTC."""
    catalog = frozen()
    found = next(p for p in catalog.sources["open_meteo"].products if p.name == product)
    series = catalog.series["weather_hourly"]
    return Ask(series, found, None, Interval(at(start), at(end)), now)


def body_of(
    labels: Sequence[str], rows: Sequence[Sequence[object]] | None = None, **other: object
) -> bytes:
    """Return an answer with these labels, each with ``ONE_HOUR`` unless rows are given."""
    given = rows if rows is not None else [ONE_HOUR] * len(labels)
    names = list(UNITS)[1:]
    columns = {name: [row[n] for row in given] for n, name in enumerate(names)}
    return json.dumps(
        {
            "latitude": 38.0625,
            "longitude": -3.625,
            "generationtime_ms": 0.42,
            "utc_offset_seconds": 0,
            "timezone": "GMT",
            "timezone_abbreviation": "GMT",
            "elevation": 419.0,
            "hourly_units": UNITS,
            "hourly": {"time": list(labels), **columns},
            **other,
        }
    ).encode()


def capture_ask() -> Ask:
    """Return an ask for the hours of the capture, at its place, as if its times were UTC."""
    ask = ask_of("2025-12-18T18:00", "2025-12-20T18:00", now=at("2025-12-21T00:00"))
    place = replace(ask.series.place, latitude=39.95, longitude=-74.8)
    return replace(ask, series=replace(ask.series, place=place))


def capture_in(units: Mapping[str, str]) -> bytes:
    """Return the capture, its numbers untouched, as if it had been asked for in these units.

    It was asked for in °F and local time, and without radiation.
    """
    document = json.loads(payload("open_meteo_forecast_2025-12-19.json"))
    document["utc_offset_seconds"] = 0
    document["hourly_units"].update(units)
    document["hourly"]["shortwave_radiation"] = [None] * 48
    return json.dumps(document).encode()
