"""AEMET's stations in the sandbox: the plant's own, and the one that was captured."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Station:
    """A station as AEMET's answers describe it.

    Attributes:
        id: AEMET's own (``idema``, ``indicativo``).
        name: As it stands in the answers; not all of it is ASCII.
        province: As it stands in the answers.
        altitude: Metres.
        latitude: Degrees north.
        longitude: Degrees east.
        has_wind: Whether it measures wind itself; else it has only how far it blew.
    """

    id: str
    name: str
    province: str
    altitude: int
    latitude: float
    longitude: float
    has_wind: bool


SINCE = datetime(2018, 6, 13, tzinfo=UTC)
"""First day of the plant's station, and here of both."""

LINARES = Station("5279X", "LINARES (ESTACIÓN)", "JAEN", 515, 38.1519, -3.6294, has_wind=True)
RETIRO = Station("3195", "MADRID RETIRO", "MADRID", 667, 40.411804, -3.678095, has_wind=False)
STATIONS = {station.id: station for station in (LINARES, RETIRO)}


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
        for station in STATIONS.values()
    ]
