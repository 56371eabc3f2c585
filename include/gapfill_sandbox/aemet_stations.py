"""AEMET's stations in the sandbox: the plant's own, its neighbours, and one from a capture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from gapfill_sandbox.weather import PLANT, Point


@dataclass(frozen=True, slots=True)
class Station:
    """A station as AEMET's answers describe it.

    Attributes:
        id: AEMET's own (``idema``, ``indicativo``).
        name: As in the answers; not all of it is ASCII.
        province: As in the answers.
        altitude: Metres.
        latitude: Degrees north.
        longitude: Degrees east.
        has_wind: Whether it measures wind itself; else it has only the wind's path.
        has_humidity: Whether it measures humidity, and so knows a dew point.
        has_pressure: Whether it measures pressure.
        rarely_missing: Keys of hourly rows, each with the share of rows without it.
        point: Its weather.
    """

    id: str
    name: str
    province: str
    altitude: int
    latitude: float
    longitude: float
    has_wind: bool = True
    has_humidity: bool = True
    has_pressure: bool = True
    rarely_missing: tuple[tuple[str, float], ...] = ()
    point: Point = PLANT


SINCE = datetime(2018, 6, 13, tzinfo=UTC)
"""First day of the plant's station, and here of all."""

LINARES = Station(
    "5279X",
    "LINARES (ESTACIÓN)",
    "JAEN",
    515,
    38.151107,
    -3.629453,
    has_humidity=False,
    has_pressure=False,
    rarely_missing=(("ta", 4 / 372), ("prec", 1 / 372)),
)
"""The plant's station: in 372 real rows no humidity and no pressure, and 368 temperatures."""

BAILEN = Station(
    "5281X",
    "BAILÉN",
    "JAEN",
    369,
    38.1058,
    -3.7683,
    has_pressure=False,
    rarely_missing=(("ta", 1 / 588), ("hr", 1 / 588)),
    point=Point(1.3, 3.0, 14.0, 0.3, 20.0, 1.5),
)
"""Its neighbour, 13 km away; the exact place is not known."""

JAEN = Station(
    "5270B", "JAÉN", "JAEN", 580, 37.7775, -3.8089, point=Point(-1.2, -4.0, -8.0, 0.6, 40.0, 2.0)
)
RETIRO = Station("3195", "MADRID RETIRO", "MADRID", 667, 40.411804, -3.678095, has_wind=False)

_ALL = (LINARES, BAILEN, JAEN, RETIRO)
REAL, FULL = "real", "full"
STATIONS = {
    REAL: {station.id: station for station in _ALL},
    FULL: {
        station.id: replace(station, has_humidity=True, has_pressure=True, rarely_missing=())
        for station in _ALL
    },
}
"""By what they measure: as in reality, or humidity and pressure everywhere and always."""

DEFAULT_STATIONS = REAL


def sexagesimal(degrees: float, letters: str) -> str:
    """Write a coordinate as the list of stations does: ``380907N``.

    Args:
        degrees: With its sign.
        letters: For a positive and a negative one.
    """
    seconds = round(abs(degrees) * 3600)
    letter = letters[degrees < 0]
    return f"{seconds // 3600:02d}{seconds // 60 % 60:02d}{seconds % 60:02d}{letter}"


def inventory() -> list[dict[str, object]]:
    """Return the list of stations, all texts."""
    return [
        {
            "latitud": sexagesimal(station.latitude, "NS"),
            "provincia": station.province,
            "altitud": str(station.altitude),
            "indicativo": station.id,
            "nombre": station.name,
            "indsinop": "",
            "longitud": sexagesimal(station.longitude, "EW"),
        }
        for station in _ALL
    ]
