"""A public client reads the sandbox: pyowm, the most used reader of OpenWeatherMap in Python."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import requests
from pyowm.commons.exceptions import APIRequestError, UnauthorizedError
from pyowm.owm import OWM
from pyowm.utils.config import get_default_config
from pyowm.weatherapi30.weather import Weather

from gapfill.sources.json_reader import Payload
from gapfill.sources.openweathermap import parser as openweathermap
from gapfill_sandbox import serve
from tests.sources.openweathermap.asks import HOUR, LINARES, NOW, owm_ask

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gapfill.sources.model import Ask
    from gapfill_sandbox import Sandbox

WET = datetime(2025, 11, 15, 9, 34, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture(params=[NOW, WET], ids=["dry", "wet"])
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """Serve a sandbox in a dry and in a wet hour."""
    with serve(now=request.param) as running:
        yield running


def _client(sandbox: Sandbox, key: str = "k") -> Any:  # noqa: ANN401 - it has no types
    """Return pyowm's manager, calling the sandbox where it calls OpenWeatherMap."""
    config = get_default_config()
    config["connection"]["use_ssl"] = False
    manager = OWM(key, config).weather_manager()
    host = sandbox.url.removeprefix("http://")
    for client, path in ((manager.http_client, "2.5"), (manager.one_call_http_client, "3.0")):
        client.root_uri, client.admits_subdomains = f"{host}/data/{path}", False
    return manager


def _ours(sandbox: Sandbox, ask: Ask) -> Mapping[str, float]:
    """Return the values that our own request and parser read."""
    request = openweathermap.request(ask)
    query = dict(request.params) | {"appid": "k"}
    reply = requests.get(sandbox.url + request.path, params=query, timeout=300)
    (reading,) = openweathermap.parse(ask, Payload(reply.status_code, reply.content)).readings
    return reading.values


def _theirs(weather: Any, unit: str) -> dict[str, float]:  # noqa: ANN401 - it has no types
    """Return the values that pyowm read, under the catalogue's names."""
    wind = weather.wind()
    return {
        "temperature": round(weather.temperature(unit)["temp"], 2),
        "humidity": weather.humidity,
        "wind_speed": wind["speed"],
        "wind_direction": wind["deg"],
        "wind_gust": wind["gust"],
        "precipitation": weather.rain.get("1h", 0.0),
    }


def test_a_public_client_reads_the_same_weather_of_now(sandbox: Sandbox) -> None:
    """It asks in kelvin, and makes °C itself."""
    now = sandbox.clock.now()
    slot = now.replace(minute=0)
    ours = dict(_ours(sandbox, owm_ask("current", slot, now)))
    seen = _client(sandbox).weather_at_coords(*LINARES)
    at = datetime.fromtimestamp(seen.weather.reference_time(), UTC)
    assert (at, seen.location.lat, seen.location.lon) == (now - timedelta(minutes=4), *LINARES)
    pressure = seen.weather.barometric_pressure()
    assert pressure["sea_level"] - 53 == ours.pop("pressure")
    assert _theirs(seen.weather, "celsius") == ours
    assert (ours["precipitation"] > 0) == (seen.weather.status == "Rain")


def test_a_public_client_reads_the_same_past_hour(sandbox: Sandbox) -> None:
    """With its reader of one row: its method for the time machine still expects One Call 2.5."""
    now = sandbox.clock.now()
    slot = now.replace(minute=0) - 3 * HOUR
    ours = _ours(sandbox, owm_ask("timemachine", slot, now))
    end = int((slot + HOUR).timestamp())
    query: dict[str, object] = {"lat": 38.09, "lon": -3.63, "dt": end, "appid": "k"}
    url = f"{sandbox.url}/data/3.0/onecall/timemachine"
    body = requests.get(url, params={k: str(v) for k, v in query.items()}, timeout=300).content
    (row,) = json.loads(body)["data"]
    seen = Weather.from_dict(row)
    assert seen.reference_time() == end
    assert _theirs(seen, "celsius") == ours


def test_a_public_client_reads_one_call_and_the_forecast(sandbox: Sandbox) -> None:
    """And finds the same weather of now in it."""
    client = _client(sandbox)
    seen = client.one_call(*LINARES)
    now = client.weather_at_coords(*LINARES).weather
    assert _theirs(seen.current, "celsius") == _theirs(now, "celsius")
    assert (len(seen.forecast_hourly), len(seen.forecast_daily)) == (48, 8)
    assert len(client.forecast_at_coords(*LINARES, "3h").forecast.weathers) == 40


def test_a_public_client_meets_the_refusals_it_knows(sandbox: Sandbox) -> None:
    """Of a key, of a subscription, and of an account that is blocked."""
    with pytest.raises(UnauthorizedError):
        _client(sandbox, "bad").weather_at_coords(*LINARES)
    free = _client(sandbox, "free")
    with pytest.raises(UnauthorizedError):
        free.one_call(*LINARES)
    assert free.weather_at_coords(*LINARES).weather.humidity > 0
    sandbox.faults.add({"api": "openweathermap", "kind": "429"})
    with pytest.raises(APIRequestError, match="temporary blocked"):
        free.weather_at_coords(*LINARES)
