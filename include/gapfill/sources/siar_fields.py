"""SIAR's names for what it measures, and records whose names are read in any case."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gapfill.sources.payload import Node

HOURLY: Mapping[str, str] = {
    "temperature": "TempMedia",
    "humidity": "HumedadMedia",
    "wind_speed": "VelViento",
    "wind_direction": "DirViento",
    "precipitation": "Precipitacion",
    "solar_radiation": "Radiacion",
}
"""SIAR's column of each field of a half-hour; W/m² for radiation. It has no gust, no pressure."""

DAILY: Mapping[str, str] = {
    "temperature_mean": "TempMedia",
    "temperature_max": "TempMax",
    "temperature_min": "TempMin",
    "humidity_mean": "HumedadMedia",
    "wind_speed_mean": "VelViento",
    "wind_gust_max": "VelVientoMax",
    "precipitation": "Precipitacion",
    "solar_radiation": "Radiacion",
    "et0": "EtPMon",
}
"""SIAR's column of each field of a day; MJ/m² for radiation, mm for ``EtPMon``."""


def members(node: Node) -> dict[str, Node]:
    """Return the members of an object by lower-case name; of two spellings the one with a value.

    Raises:
        MalformedPayload: If it is no object.
    """
    found: dict[str, Node] = {}
    for key in node.value if isinstance(node.value, dict) else ():
        name, member = str(key).lower(), node[str(key)]
        if name not in found or found[name].value is None:
            found[name] = member
    if not found:
        node.get("")  # raises for what is no object
    return found
