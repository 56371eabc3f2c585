"""AEMET's stations: what each measures, as in reality or in full."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from gapfill_sandbox import serve
from gapfill_sandbox.aemet_stations import BAILEN, LINARES
from gapfill_sandbox.world import HOUR
from tests.sandbox.asks import aemet, aemet_days, aemet_hours
from tests.sandbox.http_client import call

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gapfill_sandbox import Sandbox

NOON = datetime(2026, 8, 10, 12, 20, tzinfo=UTC)
TRUTH = "/_sandbox/truth?source=aemet&series=weather_hourly"


@pytest.fixture
def real() -> Iterator[Sandbox]:
    """Serve a world whose stations measure what the real ones do."""
    with serve(now=NOON, stations="real", rates={"aemet": 0}) as running:
        yield running


def _truth(sandbox: Sandbox, query: str) -> list[dict[str, str]]:
    """Return the true hours from 2026-08-10T00:00Z to 04:00Z, as texts."""
    url = f"{sandbox.url}{TRUTH}&start=2026-08-10T00:00:00Z&end=2026-08-10T04:00:00Z{query}"
    head, *lines = (line.split(",") for line in call(url).text.splitlines())
    return [dict(zip(head, line, strict=True)) for line in lines]


def _keys(rows: list[dict[str, Any]]) -> set[str]:
    """Return all keys that any row has."""
    return {key for row in rows for key in row}


def test_the_plants_station_gives_neither_humidity_nor_pressure(real: Sandbox) -> None:
    """The keys are absent, also those that follow from them; the others are there."""
    rows = aemet(aemet_hours(real.url))
    assert len(rows) == 13
    assert _keys(rows) & {"hr", "pres", "pres_nmar", "tpr"} == set()
    assert {"ta", "vv", "dv", "vmax", "prec"} <= _keys(rows)
    assert None not in {value for row in rows for value in row.values()}


def test_its_neighbour_gives_humidity_and_no_pressure(real: Sandbox) -> None:
    """Bailén, 13 km away."""
    rows = aemet(aemet_hours(real.url, "5281X"))
    assert {row["ubi"] for row in rows} == {"BAILÉN"}
    assert {"ta", "hr", "vv"} <= _keys(rows)
    assert _keys(rows) & {"pres", "pres_nmar"} == set()


def test_the_provinces_capital_gives_everything(real: Sandbox) -> None:
    """Jaén."""
    assert {"ta", "hr", "pres", "vv", "dv", "vmax", "prec"} <= _keys(
        aemet(aemet_hours(real.url, "5270B"))
    )


def test_a_value_identifies_the_station_that_gave_it(real: Sandbox) -> None:
    """Each is another point of the world: no hour has the same value at two of them."""
    ids = ("5279X", "5281X", "5270B")
    by_station = [aemet(aemet_hours(real.url, station)) for station in ids]
    for rows in zip(*by_station, strict=True):
        assert len({row["fint"] for row in rows}) == 1
        for key in ("ta", "vv", "dv", "hr"):
            stated = [row[key] for row in rows if key in row]
            assert len(set(stated)) == len(stated), (key, rows)


def test_a_sensor_is_silent_now_and_then_in_so_many_hours() -> None:
    """As counted in reality: 4 of 372 hours without temperature in Linares, 1 of 588 in Bailén."""
    from gapfill_sandbox.aemet_observations import values

    hours = [datetime(2025, 1, 1, tzinfo=UTC) + n * HOUR for n in range(8760)]
    silent = {
        (station.id, key): sum(key not in values(station, hour) for hour in hours)
        for station, key in ((LINARES, "ta"), (LINARES, "vv"), (BAILEN, "ta"), (BAILEN, "hr"))
    }
    assert 60 < silent["5279X", "ta"] < 130
    assert silent["5279X", "vv"] == 0
    assert 5 < silent["5281X", "ta"] < 30
    assert 5 < silent["5281X", "hr"] < 30


def test_days_are_without_what_the_station_never_measures(real: Sandbox) -> None:
    """No mean humidity and no pressure in Linares, no pressure in Bailén, all in Jaén."""
    humidity = {"hrMedia", "hrMax", "hrMin", "horaHrMax", "horaHrMin"}
    pressure = {"presMax", "presMin", "horaPresMax", "horaPresMin"}
    month = ("2026-07-01", "2026-07-31")
    linares, bailen, jaen = (
        _keys(aemet(aemet_days(real.url, *month, station)))
        for station in ("5279X", "5281X", "5270B")
    )
    assert linares & (humidity | pressure) == set()
    assert {"tmed", "tmax", "tmin", "velmedia", "racha", "prec"} <= linares
    assert bailen & (humidity | pressure) == humidity
    assert jaen & (humidity | pressure) == humidity | pressure


def test_with_full_stations_all_of_them_measure_everything() -> None:
    """In no hour is a value absent."""
    with serve(now=NOON, stations="full", rates={"aemet": 0}) as sandbox:
        for station in ("5279X", "5281X", "5270B"):
            for row in aemet(aemet_hours(sandbox.url, station)):
                assert {"ta", "hr", "pres", "vv", "dv", "vmax", "prec"} <= set(row)


def test_the_truth_is_that_of_the_station(real: Sandbox) -> None:
    """By default that of the plant, whose humidity is nothing."""
    (linares, *_), (bailen, *_) = _truth(real, ""), _truth(real, "&station=5281X")
    assert (linares["humidity"], linares["pressure"]) == ("", "")
    row = aemet(aemet_hours(real.url, "5281X"))[0]
    assert row["fint"] == "2026-08-10T00:00:00+0000"
    first = aemet(aemet_hours(real.url, "5281X"))[1]
    assert (bailen["temperature"], bailen["humidity"]) == (str(first["ta"]), str(first["hr"]))


def test_the_truth_of_several_stations_takes_the_first_that_states_a_value(real: Sandbox) -> None:
    """Field by field: what a slot that is merged from them should hold."""
    merged = _truth(real, "&station=5279X,5281X,5270B")
    linares, bailen, jaen = (
        _truth(real, f"&station={station}") for station in ("5279X", "5281X", "5270B")
    )
    assert [row["temperature"] for row in merged] == [row["temperature"] for row in linares]
    assert [row["humidity"] for row in merged] == [row["humidity"] for row in bailen]
    assert [row["pressure"] for row in merged] == [row["pressure"] for row in jaen]


def test_the_truth_of_days_follows_the_stations_too(real: Sandbox) -> None:
    """Mean humidity is nothing in Linares, and Bailén's where that is asked for as well."""
    root = f"{real.url}/_sandbox/truth?source=aemet&series=weather_daily"
    days = "&start=2026-07-01T00:00:00Z&end=2026-07-08T00:00:00Z"
    alone, both = (
        [line.split(",") for line in call(f"{root}{days}{more}").text.splitlines()]
        for more in ("", "&station=5279X,5281X")
    )
    column = alone[0].index("humidity_mean")
    assert {line[column] for line in alone[1:]} == {""}
    stated = {
        day["fecha"]: day.get("hrMedia")
        for day in aemet(aemet_days(real.url, "2026-07-01", "2026-07-07", "5281X"))
    }
    assert [line[column] for line in both[1:]] == [
        "" if mean is None else f"{mean}.0" for mean in stated.values()
    ]


def test_stations_are_real_or_full() -> None:
    """Another word is refused with both."""
    with (
        pytest.raises(ValueError, match=r"stations are one of \['full', 'real'\], not 'half'"),
        serve(now=NOON, stations="half"),
    ):
        pass
