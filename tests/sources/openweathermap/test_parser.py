"""OpenWeatherMap: whose slot an answer is, what of it is believed, and what is not."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from gapfill.domain.interval import Interval
from gapfill.domain.series import Grade
from gapfill.errors import ConfigError, MalformedPayload
from gapfill.sources.json_reader import Payload
from gapfill.sources.openweathermap import parser as owm
from tests.sources.asks import payload
from tests.sources.openweathermap.asks import HOUR, NOW, owm_ask

if TYPE_CHECKING:
    from gapfill.sources.model import Answer

CURRENT = payload("openweathermap_current_2022-08-30.json")
MOMENT = payload("openweathermap_timemachine_2022-02-26.json")
ZOCCA, WARSAW = (44.34, 10.99), (52.2297, 21.0122)
ZOCCA_SLOT = datetime(2022, 8, 30, 14, tzinfo=UTC)  # its dt is 14:43:12
NOON = datetime(2025, 11, 5, 12, tzinfo=UTC)
DRY = [{"id": 800, "main": "Clear"}]


def _unix(instant: datetime) -> int:
    return int(instant.timestamp())


def _current(at: datetime = NOW - timedelta(minutes=4), **changes: object) -> bytes:
    """Return an answer of now for Linares, with other members."""
    document = {
        "coord": {"lon": -3.63, "lat": 38.09},
        "weather": DRY,
        "main": {"temp": 14.25, "humidity": 61, "pressure": 1019, "grnd_level": 966},
        "wind": {"speed": 2.06, "deg": 310},
        "dt": _unix(at),
        "cod": 200,
    }
    return json.dumps(document | changes).encode()


def _now(body: bytes, slot: datetime = NOON, now: datetime = NOW) -> Answer:
    return owm.parse(owm_ask("current", slot, now), Payload(200, body))


def _moment(**changes: object) -> bytes:
    """Return an answer of the time machine for the slot before noon, with other members."""
    row: dict[str, Any] = {"dt": _unix(NOON), "temp": 13.5, "humidity": 60, "weather": DRY}
    return json.dumps({"lat": 38.09, "lon": -3.63, "data": [row | changes]}).encode()


def _twice(**changes: object) -> bytes:
    """Return an answer with the moment twice, the second time with other members."""
    document, other = json.loads(_moment()), json.loads(_moment(**changes))
    document["data"] += other["data"]
    return json.dumps(document).encode()


def _then(body: bytes) -> Answer:
    return owm.parse(owm_ask("timemachine", NOON - HOUR), Payload(200, body))


def test_the_weather_of_now_is_asked_for_by_place_in_metric_units() -> None:
    """And holds no key: the hook adds it."""
    request = owm.request(owm_ask("current", NOON))
    assert request.path == "/data/2.5/weather"
    assert request.params == (("lat", "38.09"), ("lon", "-3.63"), ("units", "metric"))


def test_a_past_slot_is_asked_for_by_its_end() -> None:
    """One Call's row of 12:00Z speaks of the hour that ends then."""
    request = owm.request(owm_ask("timemachine", NOON - HOUR))
    assert request.path == "/data/3.0/onecall/timemachine"
    assert request.params == (
        ("lat", "38.09"),
        ("lon", "-3.63"),
        ("dt", "1762344000"),
        ("units", "metric"),
    )


@pytest.mark.parametrize("product", ["current", "timemachine"])
def test_more_than_one_slot_in_a_call_is_a_catalogue_error(product: str) -> None:
    """The slots that no answer can hold would look as if there were no data for them."""
    ask = owm_ask(product, NOON - 3 * HOUR)
    ask = replace(ask, interval=Interval(NOON - 3 * HOUR, NOON))
    with pytest.raises(ConfigError, match=f"openweathermap.{product} answers one slot"):
        owm.request(ask)
    with pytest.raises(ConfigError, match="set its span"):
        owm.parse(ask, Payload(200, _moment()))


def test_a_product_that_is_none_of_the_apis_is_a_catalogue_error() -> None:
    """A forecast above all."""
    ask = owm_ask("current", NOON)
    ask = replace(ask, product=replace(ask.product, name="forecast"))
    with pytest.raises(ConfigError, match=r"no product openweathermap\.forecast"):
        owm.request(ask)


def test_the_sample_of_the_documentation_is_read() -> None:
    """Its kelvin made °C: rain of the last hour, pressure at the ground and not at sea level."""
    ask = owm_ask("current", ZOCCA_SLOT, ZOCCA_SLOT + timedelta(minutes=45), ZOCCA)
    answer = owm.parse(ask, Payload(200, CURRENT.replace(b'"temp": 298.48', b'"temp": 25.33')))
    (reading,) = answer.readings
    assert reading.slot == ZOCCA_SLOT
    assert reading.values == {
        "temperature": 25.33,
        "humidity": 64.0,
        "pressure": 933.0,
        "wind_speed": 0.62,
        "wind_direction": 349.0,
        "wind_gust": 1.18,
        "precipitation": 3.16,
    }
    assert (reading.grade, reading.source) == (Grade.PROVISIONAL, "openweathermap")
    assert answer.evidence == "HTTP 200: dt 2022-08-30T14:43:12Z"


def test_kelvin_is_never_taken_for_celsius() -> None:
    """An answer does not say its units; those of the sample are refused by their size, whole."""
    ask = owm_ask("current", ZOCCA_SLOT, ZOCCA_SLOT + timedelta(minutes=45), ZOCCA)
    with pytest.raises(MalformedPayload, match=r"the temperature 298\.48 is in kelvin"):
        owm.parse(ask, Payload(200, CURRENT))
    then = datetime(2022, 2, 26, 15, tzinfo=UTC)
    ask = owm_ask("timemachine", then - HOUR, then + HOUR, WARSAW)
    with pytest.raises(MalformedPayload, match=r"the temperature 279\.13 is in kelvin"):
        owm.parse(ask, Payload(200, MOMENT.replace(b"1645888976", b"1645887600")))


@pytest.mark.parametrize(
    "minutes,slot",
    [
        (0, NOON),
        (34, NOON),
        (35, NOON - HOUR),
        (94, NOON - HOUR),
        (95, NOON - 2 * HOUR),
        (120, NOON - 2 * HOUR),
        (-5, NOON),
    ],
)
def test_the_weather_of_now_belongs_to_the_slot_of_its_own_dt(minutes: int, slot: datetime) -> None:
    """At 12:34 one of 35 minutes ago is of the hour before, whatever was asked."""
    answer = _now(_current(NOW - timedelta(minutes=minutes)))
    assert [reading.slot for reading in answer.readings] == [slot]


def test_a_second_after_the_hour_is_the_next_slot() -> None:
    """And the second before is not."""
    now = NOON + timedelta(minutes=1)
    for second, slot in ((-1, NOON - HOUR), (0, NOON), (1, NOON)):
        answer = _now(_current(NOON + timedelta(seconds=second)), now=now)
        assert [reading.slot for reading in answer.readings] == [slot]


@pytest.mark.parametrize(
    "ago,words",
    [
        (timedelta(minutes=-5, seconds=-1), "its dt is 2025-11-05T12:39:01Z, later than the clock"),
        (timedelta(hours=2, seconds=1), "its dt is 2025-11-05T10:33:59Z, too long before"),
        (timedelta(days=365), "too long before"),
    ],
)
def test_weather_of_another_time_is_no_weather_of_now(ago: timedelta, words: str) -> None:
    """A clock is wrong, or a cache stands between."""
    with pytest.raises(MalformedPayload, match=words):
        _now(_current(NOW - ago))


def test_a_past_slot_has_no_pressure_and_what_is_left_out_stays_out() -> None:
    """One Call's pressure is at sea level, some 50 hPa off."""
    answer = _then(_moment(pressure=1019, wind_speed=3.6, wind_deg=340))
    (reading,) = answer.readings
    assert reading.slot == NOON - HOUR
    assert reading.values == {
        "temperature": 13.5,
        "humidity": 60.0,
        "wind_speed": 3.6,
        "wind_direction": 340.0,
        "precipitation": 0.0,
    }
    assert (reading.grade, answer.evidence) == (
        Grade.PROVISIONAL,
        "HTTP 200: dt 2025-11-05T12:00:00Z",
    )


@pytest.mark.parametrize("seconds", [-3600, -1, 1, 3600])
def test_a_moment_that_was_not_asked_is_malformed(seconds: int) -> None:
    """An hour shifted does harm unseen."""
    with pytest.raises(MalformedPayload, match=r"data\[0\].dt is .*, asked was 2025-11-05T12:00"):
        _then(_moment(dt=_unix(NOON) + seconds))


def test_a_moment_to_come_is_a_forecast() -> None:
    """The time machine answers four days ahead, in the same shape."""
    ask = owm_ask("timemachine", NOON)
    with pytest.raises(MalformedPayload, match=r"13:00:00Z is later than the clock.* forecast"):
        owm.parse(ask, Payload(200, _moment(dt=_unix(NOON + HOUR))))


def test_a_moment_that_comes_twice_is_one_reading() -> None:
    """Where both say the same."""
    assert len(_then(_twice()).readings) == 1


def test_no_data_is_an_empty_answer_with_evidence() -> None:
    """Not an error, and not a reading."""
    answer = _then(b'{"lat": 38.09, "lon": -3.63, "data": []}')
    assert (answer.readings, answer.evidence) == ((), "HTTP 200: data is empty")


@pytest.mark.parametrize(
    "changes,stored",
    [
        ({"rain": {"1h": 0.4}}, 0.4),
        ({"snow": {"1h": 1.5}}, 1.5),
        ({"rain": {"1h": 0.25}, "snow": {"1h": 0.5}, "weather": [{"id": 616}]}, 0.75),
        ({"rain": {"1h": 0}}, 0.0),
        ({}, 0.0),
        ({"rain": None}, 0.0),
        ({"weather": [{"id": 701}, {"id": 804}]}, 0.0),
        ({"weather": [{"id": 500}]}, None),
        ({"weather": [{"id": 804}, {"id": 211}]}, None),
        ({"weather": [{"id": 600}]}, None),
        ({"weather": []}, None),
        ({"weather": None}, None),
        ({"weather": [{"id": "rainy"}]}, None),
        ({"rain": {}}, None),
        ({"rain": {"3h": 1.2}}, None),
        ({"rain": {"1h": None}}, None),
        ({"rain": {"1h": 0.4}, "snow": {"3h": 2}}, None),
    ],
)
@pytest.mark.parametrize("product", ["current", "timemachine"])
def test_no_rain_is_0_mm_only_where_nothing_is_said_to_fall(
    product: str, changes: dict[str, Any], stored: float | None
) -> None:
    """What falls in an unknown amount is not 0 mm, and three hours' rain is not one hour's."""
    answer = _now(_current(**changes)) if product == "current" else _then(_moment(**changes))
    assert answer.readings[0].values.get("precipitation") == stored
    assert answer.rejected == ()


def test_light_rain_without_an_amount_is_not_zero() -> None:
    """As it was recorded of One Call."""
    hour = json.loads(payload("openweathermap_onecall_hour_2024-04-26.json"))
    answer = _then(_moment(**hour | {"dt": _unix(NOON)}))
    assert answer.readings[0].values == {
        "temperature": 5.82,
        "humidity": 87.0,
        "wind_speed": 1.02,
        "wind_direction": 167.0,
        "wind_gust": 1.39,
    }


@pytest.mark.parametrize("amount", [-0.5, "n/d", 1e9, True])
def test_an_unbelievable_amount_is_reported_and_the_rest_kept(amount: object) -> None:
    """Also where the other shower would make the sum believable."""
    answer = _now(_current(rain={"1h": amount}, snow={"1h": 2}))
    assert "precipitation" not in answer.readings[0].values
    assert [r.field for r in answer.rejected] == ["precipitation"]


def test_rain_that_is_a_number_costs_nothing_but_itself() -> None:
    """It does not say of how long it is; temperature, humidity, pressure and wind are kept."""
    slot = datetime(2025, 7, 2, 10, tzinfo=UTC)
    ask = owm_ask("current", slot, slot + timedelta(minutes=5))
    answer = owm.parse(ask, Payload(200, payload("case_openweathermap_rain_is_a_number.json")))
    (reading,) = answer.readings
    assert (reading.slot, reading.values) == (
        slot,
        {
            "temperature": 21.5,
            "humidity": 60.0,
            "pressure": 955.0,
            "wind_speed": 2.0,
            "wind_direction": 200.0,
        },
    )
    (rejected,) = answer.rejected
    assert (rejected.slot, rejected.field, rejected.value) == (slot, "precipitation", "0.3")
    assert rejected.reason == "is not an object with the amount of the last hour"


@pytest.mark.parametrize(
    "changes,lost",
    [
        ({"rain": [0.3]}, {"precipitation"}),
        ({"rain": "heavy"}, {"precipitation"}),
        ({"snow": True}, {"precipitation"}),
        ({"rain": {"1h": {}}}, {"precipitation"}),
        ({"wind": 3.5}, {"wind_speed", "wind_direction", "wind_gust"}),
        ({"wind": []}, {"wind_speed", "wind_direction", "wind_gust"}),
        ({"wind": {"speed": [1], "deg": 312}}, {"wind_speed"}),
        ({"wind": {"speed": 10**400, "deg": 312}}, {"wind_speed"}),
        ({"main": {"temp": {}, "humidity": 61}}, {"temperature"}),
        ({"main": 14.25}, {"temperature", "humidity", "pressure"}),
    ],
)
def test_a_member_of_the_wrong_kind_costs_its_own_fields_alone(
    changes: dict[str, Any], lost: set[str]
) -> None:
    """Each of them is reported."""
    answer = _now(_current(NOW - timedelta(minutes=4), **changes))
    assert {r.field for r in answer.rejected} == lost
    assert len(answer.readings) == 1
    assert not lost & answer.readings[0].values.keys()


@pytest.mark.parametrize(
    "words", [{}, "rain", [None], [[]], [{"id": {}}], [{"id": 10**400}], [{"id": "x"}, 800]]
)
def test_weather_of_the_wrong_kind_does_not_prove_a_dry_hour(words: object) -> None:
    """Nothing falls only where the answer says so."""
    answer = _now(_current(weather=words))
    assert "precipitation" not in answer.readings[0].values


@pytest.mark.parametrize(
    "main,rejected,kept",
    [
        ({"temp": "n/d", "humidity": 61}, ["temperature"], {"humidity": 61.0}),
        ({"temp": 14, "humidity": 140}, ["humidity"], {"temperature": 14.0}),
        ({"temp": -60, "humidity": -1}, ["temperature", "humidity"], {}),
        ({"temp": None, "humidity": 61}, [], {"humidity": 61.0}),
    ],
)
def test_a_value_that_is_not_believed_is_reported_and_the_others_kept(
    main: dict[str, object], rejected: list[str], kept: dict[str, float]
) -> None:
    """Whether temperature and humidity are there is judged where sources are merged."""
    answer = _now(_current(main=main))
    (reading,) = answer.readings
    names = ("temperature", "humidity")
    assert {n: reading.values[n] for n in names if n in reading.values} == kept
    assert [r.field for r in answer.rejected] == rejected


def test_a_wind_that_lacks_is_no_calm() -> None:
    """Neither 0 m/s nor an error."""
    answer = _now(_current(wind=None, main={"temp": 14.25, "humidity": 61}))
    assert answer.readings[0].values == {
        "temperature": 14.25,
        "humidity": 61.0,
        "precipitation": 0.0,
    }


@pytest.mark.parametrize("cod", [200, "200"], ids=["number", "text"])
def test_cod_may_be_a_number_or_a_text(cod: object) -> None:
    """Both are seen."""
    assert len(_now(_current(cod=cod)).readings) == 1


@pytest.mark.parametrize("lat,lon", [(38.2, -3.63), (38.09, -3.5), (0, 0), (-38.09, 3.63)])
def test_an_answer_for_another_place_is_malformed(lat: float, lon: float) -> None:
    """Of either product."""
    with pytest.raises(MalformedPayload, match=r"asked was 38.09, -3.63"):
        _now(_current(coord={"lat": lat, "lon": lon}))
    with pytest.raises(MalformedPayload, match=r"asked was 38.09, -3.63"):
        _then(
            _moment().replace(b'"lat": 38.09, "lon": -3.63', b'"lat": %g, "lon": %g' % (lat, lon))
        )


@pytest.mark.parametrize("lon", [179.98, -179.98, 180, -180])
def test_a_place_on_the_date_line_is_itself(lon: float) -> None:
    """However the answer counts its degrees."""
    ask = owm_ask("current", NOON, place=(38.0, 180.0))
    answer = owm.parse(ask, Payload(200, _current(coord={"lat": 38.04, "lon": lon})))
    assert len(answer.readings) == 1


@pytest.mark.parametrize(
    "body,words",
    [
        (b"[]", "the whole of it is not an object"),
        (b"<html>", "a web page, not JSON"),
        (b"{}", "it has no coord"),
        (_current(coord={"lat": "x", "lon": 1}), "not a pair of numbers"),
        (_current(dt="2025-11-05"), "dt is '2025-11-05', not a Unix time"),
        (_current(dt=True), "dt is 'True', not a Unix time"),
        (_current(dt=10**400), "not a Unix time"),
        (_current(cod="429", message="blocked"), "an error inside of HTTP 200"),
        (payload("openweathermap_error_no_city.json"), "an error inside of HTTP 200"),
        (_moment(), "it has no coord"),
    ],
)
def test_an_answer_of_another_shape_is_malformed(body: bytes, words: str) -> None:
    """Nothing of it is stored, and the sentence says what is wrong with it."""
    with pytest.raises(MalformedPayload, match=words) as caught:
        _now(body)
    assert (caught.value.source, caught.value.series) == ("openweathermap", "weather_hourly")


@pytest.mark.parametrize(
    "body,words",
    [
        (b'{"lat": 38.09, "lon": -3.63}', "it has no data"),
        (b'{"lat": 38.09, "lon": -3.63, "data": {"dt": 1}}', "data is not a list"),
        (_current(), "it has no lat"),
    ],
)
def test_a_moment_of_another_shape_is_malformed(body: bytes, words: str) -> None:
    """Nothing of it is stored."""
    with pytest.raises(MalformedPayload, match=words):
        _then(body)


@pytest.mark.parametrize("row", ["x", None, 7, [], {}, {"dt": "noon", "temp": 3}, {"dt": True}])
def test_a_row_that_cannot_be_read_is_dropped_and_the_moment_kept(row: object) -> None:
    """It is reported without a slot, as no time of it is known."""
    document = json.loads(_moment())
    document["data"].insert(0, row)
    answer = _then(json.dumps(document).encode())
    assert [reading.slot for reading in answer.readings] == [NOON - HOUR]
    assert [(r.slot, r.field) for r in answer.rejected] == [(None, "row")]
    document["data"] = [row]
    answer = _then(json.dumps(document).encode())
    assert (answer.readings, answer.no_verdict) == ((), frozenset({NOON - HOUR}))


def test_two_different_rows_of_one_moment_are_neither() -> None:
    """The slot is asked again."""
    answer = _then(_twice(temp=9))
    assert answer.readings == ()
    assert [(r.slot, r.field) for r in answer.rejected] == [(NOON - HOUR, "row")]
    assert answer.no_verdict == {NOON - HOUR}


def test_a_status_that_is_no_answer_is_malformed() -> None:
    """The hook turns errors into exceptions; what slips through is refused here."""
    with pytest.raises(MalformedPayload, match="HTTP 204"):
        owm.parse(owm_ask("current", NOON), Payload(204, b""))


def test_the_two_refusals_of_a_key_are_told_apart() -> None:
    """By their words: both are 401."""
    assert owm.lacks_subscription(payload("openweathermap_error_no_subscription.json"))
    assert not owm.lacks_subscription(payload("openweathermap_error_invalid_key.json"))
