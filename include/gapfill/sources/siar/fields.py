"""SIAR's names of fields, and records whose names may be in any case."""

from __future__ import annotations

from collections.abc import Mapping

from gapfill.sources.json_reader import differ
from gapfill.sources.value_reader import Unfit

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


def members(record: Mapping[str, object]) -> dict[str, object]:
    """Return the members of an object by lower-case name; of two spellings the one with a value.

    Two spellings with different values give no value.
    """
    found: dict[str, object] = {}
    for key, value in record.items():
        name = key.lower()
        if value is None and name in found:
            continue
        if found.get(name) is None or not differ(found[name], value):
            found[name] = value
        else:
            found[name] = Unfit(key, "is given twice, with different values")
    return found
