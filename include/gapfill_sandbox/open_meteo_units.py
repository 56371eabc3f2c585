"""The variables of Open-Meteo, the units it writes them in, and how it rounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gapfill_sandbox.weather import Weather


class Unit(NamedTuple):
    """The format of a kind of value.

    Attributes:
        symbol: Its text in ``hourly_units``.
        decimals: Decimal places; 0 for a whole number.
        factor: Times the catalogue's unit.
        offset: Added to that.
    """

    symbol: str
    decimals: int
    factor: float = 1.0
    offset: float = 0.0


class Variable(NamedTuple):
    """One array of an answer.

    Attributes:
        field: Of the weather, and of the catalogue.
        kind: The parameter that sets its unit, or a fixed unit.
    """

    field: str
    kind: str


VARIABLES: Mapping[str, Variable] = {
    "temperature_2m": Variable("temperature", "temperature_unit"),
    "relative_humidity_2m": Variable("humidity", "%"),
    "surface_pressure": Variable("pressure", "hPa"),
    "wind_speed_10m": Variable("wind_speed", "wind_speed_unit"),
    "wind_direction_10m": Variable("wind_direction", "°"),
    "wind_gusts_10m": Variable("wind_gust", "wind_speed_unit"),
    "precipitation": Variable("precipitation", "precipitation_unit"),
    "shortwave_radiation": Variable("solar_radiation", "W/m²"),
}

_FIXED = {"%": Unit("%", 0), "hPa": Unit("hPa", 1), "°": Unit("°", 0), "W/m²": Unit("W/m²", 1)}
_CHOICES: Mapping[str, Mapping[str, Unit]] = {
    "temperature_unit": {
        "celsius": Unit("°C", 1),
        "fahrenheit": Unit("°F", 1, 1.8, 32.0),
    },
    "wind_speed_unit": {
        "kmh": Unit("km/h", 1, 3.6),
        "ms": Unit("m/s", 2),
        "mph": Unit("mp/h", 1, 2.236936),
        "kn": Unit("kn", 1, 1.943844),
    },
    "precipitation_unit": {
        "mm": Unit("mm", 2),
        "inch": Unit("inch", 3, 1 / 25.4),
    },
}
"""By parameter and its value; the first is the default."""


def units_of(query: Mapping[str, str | None]) -> dict[str, Unit]:
    """Return the unit of each kind of variable; a value the API does not know is its default."""
    units = dict(_FIXED)
    for name, choices in _CHOICES.items():
        usual = next(iter(choices))
        units[name] = choices.get(query.get(name) or usual, choices[usual])
    return units


def written(name: str, sight: Weather, unit: Unit) -> float | int:
    """Return a variable's value in a unit, rounded as the API does."""
    value = float(getattr(sight, VARIABLES[name].field)) * unit.factor + unit.offset
    return round(value, unit.decimals) if unit.decimals else round(value)
