"""OpenWeatherMap as the sandbox serves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from gapfill_sandbox import serve
from tests.sandbox.http_client import call
from tests.sandbox.shapes import PAYLOADS, payload, shape

if TYPE_CHECKING:
    from gapfill_sandbox import Sandbox
    from tests.sandbox.http_client import Reply

WEATHER, FORECAST = "/data/2.5/weather", "/data/2.5/forecast"
ONE_CALL, TIMEMACHINE = "/data/3.0/onecall", "/data/3.0/onecall/timemachine"
PATHS = [WEATHER, FORECAST, ONE_CALL, TIMEMACHINE]
NOON = datetime(2025, 11, 5, 12, tzinfo=UTC)
WET = datetime(2025, 11, 15, 9, tzinfo=UTC)


def _unix(instant: datetime) -> int:
    return int(instant.timestamp())


def _get(root: str, path: str, **more: object) -> Reply:
    """Call for Linares with a good key, of the time machine for noon unless it says otherwise."""
    query: dict[str, object] = {"lat": 38.09, "lon": -3.63, "units": "metric", "appid": "k"}
    query |= {"dt": _unix(NOON)} if path == TIMEMACHINE else {}
    known = {name: value for name, value in (query | more).items() if value is not None}
    return call(f"{root}{path}?{urlencode(known)}")


def _then(root: str, moment: datetime) -> Any:  # noqa: ANN401 - any JSON
    """Return the one row of the time machine."""
    (row,) = _get(root, TIMEMACHINE, dt=_unix(moment)).json()["data"]
    return row


def _raw(name: str) -> bytes:
    return (PAYLOADS / f"openweathermap_{name}.json").read_bytes()


def test_the_weather_of_now_has_the_shape_of_the_sample() -> None:
    """Of a wet hour, as the sample is: same keys in the same order, same types."""
    with serve(now=WET + timedelta(minutes=34)) as sandbox:
        reply = _get(sandbox.url, WEATHER, units=None)
    sample = payload("openweathermap_current_2022-08-30.json")
    assert shape(reply.json()) == shape(sample)
    assert list(reply.json()) == list(sample)
    assert reply.headers["content-type"] == "application/json; charset=utf-8"
    assert reply.json()["weather"][0]["main"] == "Rain"


def test_a_moment_has_the_shape_of_the_sample() -> None:
    """Of a dry hour, as the sample is, and with the gust that it lacks."""
    with serve(now=NOON + timedelta(hours=3)) as sandbox:
        reply = _get(sandbox.url, TIMEMACHINE, units=None)
    served, sample = reply.json(), payload("openweathermap_timemachine_2022-02-26.json")
    assert served["data"][0].pop("wind_gust") > 0
    assert shape(served) == shape(sample)
    assert list(served) == list(sample)


def test_an_hour_of_one_call_has_the_shape_of_the_capture(sandbox: Sandbox) -> None:
    """Whether or not it rains an amount."""
    hours = _get(sandbox.url, ONE_CALL).json()["hourly"]
    capture = payload("openweathermap_onecall_hour_2024-04-26.json")
    for hour in hours:
        hour.pop("rain", None)
        assert shape(hour) == shape(capture)


@pytest.mark.parametrize(
    "key,path,body",
    [
        ("bad", WEATHER, "error_invalid_key"),
        ("bad-or-worse", ONE_CALL, "error_invalid_key"),
        ("", FORECAST, "error_invalid_key"),
        (None, TIMEMACHINE, "error_invalid_key"),
        ("my-free-key", ONE_CALL, "error_no_subscription"),
        ("my-free-key", TIMEMACHINE, "error_no_subscription"),
        ("my-key-of-4.0", ONE_CALL, "error_no_subscription"),
        ("my-key-of-4.0", TIMEMACHINE, "error_no_subscription"),
    ],
)
def test_keys_are_refused_in_the_recorded_words(
    sandbox: Sandbox, key: str | None, path: str, body: str
) -> None:
    """All with 401; the subscription is asked of One Call alone."""
    reply = _get(sandbox.url, path, appid=key)
    assert (reply.status, reply.body) == (401, _raw(body))
    assert _get(sandbox.url, WEATHER, appid="my-free-key").status == 200


def test_the_sixty_first_call_of_a_minute_is_refused_in_the_recorded_words(
    sandbox: Sandbox,
) -> None:
    """Of all paths together."""
    statuses = [_get(sandbox.url, PATHS[n % 4]).status for n in range(60)]
    reply = _get(sandbox.url, WEATHER)
    assert set(statuses) == {200}
    assert (reply.status, reply.body) == (429, _raw("error_blocked"))
    assert "retry-after" not in reply.headers


def test_one_call_admits_a_thousand_calls_a_day() -> None:
    """On its paths together; the free ones go on, and so does the next UTC day."""
    with serve(now=NOON, rates={"openweathermap": 0}) as sandbox:
        for number in range(1000):
            assert _get(sandbox.url, (ONE_CALL, TIMEMACHINE)[number > 4]).status == 200
        for path in (ONE_CALL, TIMEMACHINE):
            reply = _get(sandbox.url, path)
            assert (reply.status, reply.body) == (429, _raw("error_blocked"))
        assert _get(sandbox.url, WEATHER).status == 200
        sandbox.clock.set(datetime(2025, 11, 6, tzinfo=UTC))
        assert _get(sandbox.url, TIMEMACHINE).status == 200


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "more,message",
    [
        ({"lat": None}, "Nothing to geocode"),
        ({"lon": None}, "Nothing to geocode"),
        ({"lat": 91}, "wrong latitude"),
        ({"lat": "nan"}, "wrong latitude"),
        ({"lon": "west"}, "wrong longitude"),
    ],
)
def test_a_place_that_is_none_is_refused(
    sandbox: Sandbox, path: str, more: dict[str, object], message: str
) -> None:
    """With ``cod`` as a text."""
    reply = _get(sandbox.url, path, **more)
    assert (reply.status, reply.json()) == (400, {"cod": "400", "message": message})


def test_a_name_is_no_city_of_the_sandbox(sandbox: Sandbox) -> None:
    """In the recorded words."""
    reply = _get(sandbox.url, WEATHER, q="Linares,es")
    assert (reply.status, reply.body) == (404, _raw("error_no_city"))


@pytest.mark.parametrize(
    "dt", [None, "yesterday", 10**30, 283996799, int(NOON.timestamp()) + 4 * 86400 + 1]
)
def test_a_moment_out_of_reach_is_refused(sandbox: Sandbox, dt: object) -> None:
    """Before 1979, or more than four days ahead."""
    assert _get(sandbox.url, TIMEMACHINE, dt=dt).status == 400


def test_moments_to_come_are_answered_as_those_past_are(sandbox: Sandbox) -> None:
    """The trap: up to four days ahead, in the same shape."""
    for dt in (283996800, _unix(NOON) + 4 * 86400):
        assert _get(sandbox.url, TIMEMACHINE, dt=dt).json()["data"][0]["dt"] == dt


@pytest.mark.parametrize(
    "now,dt",
    [
        ("2025-11-05T12:34:56+00:00", "2025-11-05T12:30:00+00:00"),
        ("2025-11-05T12:30:01+00:00", "2025-11-05T12:30:00+00:00"),
        ("2025-11-05T12:30:00+00:00", "2025-11-05T12:20:00+00:00"),
        ("2025-11-05T12:00:00+00:00", "2025-11-05T11:50:00+00:00"),
        ("2025-11-06T00:00:00+00:00", "2025-11-05T23:50:00+00:00"),
    ],
)
def test_the_weather_of_now_was_calculated_before_now(now: str, dt: str) -> None:
    """Every ten minutes; on the hour it is still of the hour before."""
    with serve(now=datetime.fromisoformat(now)) as sandbox:
        served = _get(sandbox.url, WEATHER).json()["dt"]
        assert _get(sandbox.url, ONE_CALL).json()["current"]["dt"] == served
    assert datetime.fromtimestamp(served, UTC) == datetime.fromisoformat(dt)


def test_the_weather_of_now_is_that_of_the_hour_its_dt_lies_in(sandbox: Sandbox) -> None:
    """The same that the time machine has for that hour's end."""
    now = _get(sandbox.url, WEATHER).json()
    then = _then(sandbox.url, NOON)
    assert now["dt"] == _unix(NOON) - 600
    assert now["main"]["temp"] == then["temp"]
    assert now["wind"]["speed"] == then["wind_speed"]
    assert then["temp"] != _then(sandbox.url, NOON - timedelta(hours=1))["temp"]


def test_pressure_is_at_sea_level_but_for_one_member(sandbox: Sandbox) -> None:
    """What One Call has is never that of the ground."""
    main = _get(sandbox.url, WEATHER).json()["main"]
    assert main["pressure"] == main["sea_level"] == main["grnd_level"] + 53
    assert _then(sandbox.url, NOON)["pressure"] == main["pressure"]


def test_temperatures_are_in_kelvin_unless_asked_otherwise(sandbox: Sandbox) -> None:
    """An unknown name is no unit."""
    celsius = _get(sandbox.url, WEATHER).json()
    fahrenheit = _get(sandbox.url, WEATHER, units="imperial").json()
    assert fahrenheit["main"]["temp"] == pytest.approx(celsius["main"]["temp"] * 1.8 + 32, abs=0.01)
    assert fahrenheit["wind"]["speed"] == pytest.approx(celsius["wind"]["speed"] * 2.237, abs=0.01)
    for units in (None, "standard", "celsius"):
        kelvin = _get(sandbox.url, WEATHER, units=units).json()
        assert kelvin["main"]["temp"] == pytest.approx(celsius["main"]["temp"] + 273.15)
        assert kelvin["wind"] == celsius["wind"]


def test_a_dry_hour_has_no_rain_and_a_light_one_no_amount() -> None:
    """Both lack the key; the words differ."""
    light, seen = 0, 0
    with serve(now=NOON, rates={"openweathermap": 0}) as sandbox:
        for number in range(800):
            row = _then(sandbox.url, NOON - timedelta(hours=number))
            is_wet = row["weather"][0]["id"] == 500
            assert is_wet or "rain" not in row
            seen += "rain" in row
            light += is_wet and "rain" not in row
            assert row.get("rain", {"1h": 0.1})["1h"] >= 0.1
    assert (seen > 20, light > 0) == (True, True)


def test_a_forecast_is_forty_steps_of_three_hours_all_to_come(sandbox: Sandbox) -> None:
    """Whoever takes one for a reading is too warm by a degree and a half."""
    served = _get(sandbox.url, FORECAST).json()
    times = [step["dt"] for step in served["list"]]
    assert (served["cod"], served["cnt"], len(times)) == ("200", 40, 40)
    assert times[0] == _unix(NOON) + 3 * 3600
    assert {later - earlier for earlier, later in pairwise(times)} == {3 * 3600}
    first = served["list"][0]
    assert first["dt_txt"] == "2025-11-05 15:00:00"
    true = _then(sandbox.url, NOON + timedelta(hours=3))
    assert first["main"]["temp"] == pytest.approx(true["temp"] + 1.5)


def test_one_call_has_its_parts_unless_they_are_excluded(sandbox: Sandbox) -> None:
    """An hour of minutes, two days of hours, eight days."""
    served = _get(sandbox.url, ONE_CALL).json()
    counts = {name: len(served[name]) for name in ("minutely", "hourly", "daily")}
    assert counts == {"minutely": 60, "hourly": 48, "daily": 8}
    short = _get(sandbox.url, ONE_CALL, exclude="minutely,daily").json()
    assert set(served) - set(short) == {"minutely", "daily"}


def test_the_journal_never_tells_the_key(sandbox: Sandbox) -> None:
    """Whatever the case of its name."""
    _get(sandbox.url, WEATHER, appid="s3cret")
    _get(sandbox.url, WEATHER, appid=None, APPID="s3cret")
    _get(sandbox.url, WEATHER, appid=None, AppId="s3cret")
    assert [entry["status"] for entry in sandbox.requests.all()] == [200, 200, 200]
    assert all(entry["secrets"]["query.appid"] for entry in sandbox.requests.all())
    assert "s3cret" not in str(sandbox.requests.all())


def test_the_truth_is_what_the_api_states() -> None:
    """In the catalogue's names, and nothing where an amount of rain is not given."""
    url = "/_sandbox/truth?series=weather_hourly&source=openweathermap"
    span = "&start=2025-11-01T00:00:00Z&end=2025-11-05T12:00:00Z"
    with serve(now=NOON, rates={"openweathermap": 0}) as sandbox:
        head, *lines = call(f"{sandbox.url}{url}{span}").text.splitlines()
        assert head == (
            "slot,temperature,humidity,pressure,wind_speed,wind_direction,wind_gust,precipitation"
        )
        assert len(lines) == 108
        for line in lines[::7]:
            slot, *values = line.split(",")
            row = _then(sandbox.url, datetime.fromisoformat(slot) + timedelta(hours=1))
            told = row.get("rain", {}).get("1h", 0 if row["weather"][0]["id"] == 800 else None)
            names = ("temp", "humidity", "wind_speed", "wind_deg", "wind_gust")
            assert [float(v) for v in values[:2] + values[3:6]] == [row[n] for n in names]
            assert (float(values[6]) if values[6] else None) == told
        now = _get(sandbox.url, WEATHER).json()["main"]["grnd_level"]
        assert float(lines[-1].split(",")[3]) == now


def test_faults_find_the_day_of_a_moment(sandbox: Sandbox) -> None:
    """23:00Z ends the last hour of the Madrid day before; the hour from then on is of the next."""
    day = {"from": "2025-11-04", "to": "2025-11-04"}
    sandbox.faults.add({"api": "openweathermap", "kind": "500", **day})
    statuses = [
        _get(sandbox.url, TIMEMACHINE, dt=_unix(datetime(2025, 11, *at, tzinfo=UTC))).status
        for at in ((3, 23), (4, 0), (4, 23), (5, 0))
    ]
    assert statuses == [200, 500, 500, 200]
    assert _get(sandbox.url, WEATHER).status == 200
    assert _get(sandbox.url, TIMEMACHINE, dt="x").status == 400
