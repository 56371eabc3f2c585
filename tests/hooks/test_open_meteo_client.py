"""A public client reads from the sandbox what our hook reads: open-meteo, by its maintainer."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, date, timedelta
from typing import TYPE_CHECKING

import pytest
from open_meteo import (
    Forecast,
    HourlyParameters,
    OpenMeteo,
    OpenMeteoRateLimitError,
    OpenMeteoResponseError,
    WindSpeedUnit,
)
from yarl import URL

from gapfill.sandbox import serve
from tests.sources.open_meteo_asks import NOW, ask_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from gapfill.sandbox import Sandbox

pytestmark = pytest.mark.airflow

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


async def _read(root: str, product: str, first: date, last: date) -> Forecast:
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


def _by_client(sandbox: Sandbox, product: str, first: date, last: date) -> Values:
    """Return what the library reads of whole dates, without the hours that have no values."""
    hourly = asyncio.run(_read(sandbox.url, product, first, last)).hourly
    assert hourly is not None
    values: Values = {}
    for n, label in enumerate(hourly.time):
        row = {field: getattr(hourly, name)[n] for name, field in FIELDS.items()}
        if None not in row.values():
            values[label.replace(tzinfo=UTC) - timedelta(hours=1)] = row
    return values


def _by_hook(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, product: str, start: str, end: str
) -> Values:
    from gapfill.hooks.open_meteo import OpenMeteoHook

    text = json.dumps({"conn_type": "http", "host": sandbox.url})
    monkeypatch.setenv("AIRFLOW_CONN_OPEN_METEO_DEFAULT", text)
    readings = OpenMeteoHook().fetch(ask_of(start, end, product=product)).readings
    return {reading.slot: dict(reading.values) for reading in readings}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Serve a sandbox at noon of 2025-11-05 UTC."""
    with serve(now=NOW) as running:
        yield running


@pytest.mark.parametrize("product", ["forecast", "archive"])
def test_both_read_the_same_values_of_past_dates(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, product: str
) -> None:
    """Three dates of labels, over the clock change."""
    theirs = _by_client(sandbox, product, date(2025, 10, 25), date(2025, 10, 27))
    ours = _by_hook(sandbox, monkeypatch, product, "2025-10-24T23:00", "2025-10-27T23:00")
    assert len(ours) == 72
    assert ours == theirs


def test_only_the_client_reads_the_hours_to_come(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To it they are what it is for; to us they are no observations."""
    theirs = _by_client(sandbox, "forecast", date(2025, 11, 5), date(2025, 11, 5))
    ours = _by_hook(sandbox, monkeypatch, "forecast", "2025-11-04T23:00", "2025-11-05T23:00")
    assert (len(theirs), len(ours)) == (24, 13)
    assert ours == {slot: row for slot, row in theirs.items() if slot.hour < 12 or slot.hour == 23}


def test_the_client_reads_the_archive_no_further_than_five_days_ago(sandbox: Sandbox) -> None:
    """Noon of 2025-10-31 is the last label with values."""
    theirs = _by_client(sandbox, "archive", date(2025, 10, 30), date(2025, 11, 1))
    assert max(theirs) + timedelta(hours=1) == NOW - timedelta(days=5)


def test_the_client_understands_the_refusals(sandbox: Sandbox) -> None:
    """A date too far ahead, and too many calls."""
    far = date(2025, 12, 24)
    with pytest.raises(OpenMeteoResponseError, match="out of allowed range"):
        asyncio.run(_read(sandbox.url, "forecast", far, far))
    sandbox.faults.add({"api": "open_meteo", "kind": "429", "retry_after": 7})
    with pytest.raises(OpenMeteoRateLimitError, match="Minutely API request limit") as caught:
        asyncio.run(_read(sandbox.url, "forecast", far, far))
    assert caught.value.retry_after == 7
