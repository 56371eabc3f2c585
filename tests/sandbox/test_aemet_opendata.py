"""A public client reads the sandbox: AEMET-OpenData, the library behind Home Assistant's AEMET."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import aemet_opendata.interface
import aiohttp
import pytest
from aemet_opendata.exceptions import ApiError, AuthError, TooManyRequests
from aemet_opendata.interface import AEMET, ConnectionOptions
from aemet_opendata.station import Station

from gapfill_sandbox import serve
from tests.sources.aemet.asks import HOUR, days, hours

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from gapfill.domain.reading import Reading
    from gapfill_sandbox import Sandbox

NOW = datetime(2025, 11, 5, 12, 30, tzinfo=UTC)
DAYS = (
    "valores/climatologicos/diarios/datos/fechaini/2025-10-01T00:00:00UTC"
    "/fechafin/2025-10-20T23:59:59UTC/estacion/5279X"
)


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """Serve a sandbox that the library calls where it would call AEMET."""
    with serve(now=NOW) as running:
        monkeypatch.setattr(aemet_opendata.interface, "API_URL", f"{running.url}/opendata/api")
        yield running


def _ask(question: Callable[[AEMET], Awaitable[Any]], key: str = "k") -> Any:  # noqa: ANN401 - any JSON
    """Return what the library gives."""

    async def run() -> Any:  # noqa: ANN401 - any JSON
        async with aiohttp.ClientSession() as session:
            return await question(AEMET(session, ConnectionOptions(key)))

    return asyncio.run(run())


def _ours(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, which: str) -> tuple[Reading, ...]:
    """Return what our hook reads of the same."""
    from gapfill.sources.aemet.hook import AemetHook

    given = {"conn_type": "http", "host": sandbox.url, "password": "k"}
    monkeypatch.setenv("AIRFLOW_CONN_AEMET_DEFAULT", json.dumps(given))
    midday = NOW.replace(minute=0)
    asks = {"hours": hours(midday - 13 * HOUR, midday), "days": days("2025-10-01", "2025-10-20")}
    return AemetHook().fetch(asks[which]).readings


@pytest.mark.airflow
def test_a_public_client_reads_the_hours_that_we_read(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of the values that it knows: no humidity and no pressure, as the station has none."""
    answer = _ask(lambda client: client.get_conventional_observation_station_data("5279X"))
    ours = _ours(sandbox, monkeypatch, "hours")
    assert len(answer["data"]) == len(ours) == 13
    for row, reading in zip(answer["data"], ours, strict=True):
        station = Station({**row, "distance": 0.0})
        assert station.get_id() == "5279X"
        assert station.get_datetime() == reading.slot + HOUR
        assert "pres" not in row
        seen = {
            "temperature": station.get_temp(),
            "humidity": station.get_humidity(),
            "wind_speed": station.get_wind_speed(),
            "wind_direction": station.get_wind_direction(),
            "wind_gust": station.get_wind_speed_max(),
            "precipitation": station.get_precipitation(),
        }
        assert {name: value for name, value in seen.items() if value is not None} == reading.values
        assert seen["humidity"] is None


@pytest.mark.airflow
def test_a_public_client_reads_the_days_that_we_read(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its way to call any path, both hops."""
    rows = _ask(lambda client: client.api_call(DAYS, fetch_data=True))["data"]
    ours = _ours(sandbox, monkeypatch, "days")
    assert [row["fecha"] for row in rows] == [f"{reading.slot:%Y-%m-%d}" for reading in ours]
    means = [float(row["tmed"].replace(",", ".")) for row in rows]
    assert means == [reading.values["temperature_mean"] for reading in ours]


def test_a_public_client_finds_the_station_by_its_place(sandbox: Sandbox) -> None:
    """The list of stations has its coordinates as AEMET writes them."""
    found = _ask(
        lambda client: client.get_climatological_values_station_by_coordinates(38.09, -3.63)
    )
    assert (found["indicativo"], found["nombre"]) == ("5279X", "LINARES (ESTACIÓN)")
    assert len(sandbox.requests.of("aemet")) == 2


def test_a_public_client_takes_the_refusals_for_what_they_are(sandbox: Sandbox) -> None:
    """Its own three kinds of error."""
    with pytest.raises(AuthError):
        _ask(lambda client: client.get_climatological_values_stations(), key="bad")
    with pytest.raises(ApiError):
        _ask(lambda client: client.get_conventional_observation_station_data("0000X"))
    sandbox.faults.add({"api": "aemet", "kind": "429", "times": 1})
    with pytest.raises(TooManyRequests):
        _ask(lambda client: client.get_conventional_observation_station_data("5279X"))
    sandbox.faults.add({"api": "aemet", "kind": "expired_link"})
    with pytest.raises(ApiError):
        _ask(lambda client: client.get_conventional_observation_station_data("5279X"))
