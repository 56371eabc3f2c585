"""OpenWeatherMap's values under the catalogue's names (see ``openweathermap``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gapfill.sources.base import number

if TYPE_CHECKING:
    from gapfill.sources.payload import Node

_SHOWERS = ("rain", "snow")
_FALLING = range(200, 700)
"""Ids of ``weather`` that speak of thunderstorm, drizzle, rain or snow."""


def values_of_current(root: Node) -> dict[str, object]:
    """Return the values of an answer of ``/data/2.5/weather``.

    Raises:
        MalformedPayload: If temperature or humidity are not there, or a value is no scalar.
    """
    main, wind = root["main"], _part(root, "wind")
    return {
        "temperature": main["temp"].scalar(),
        "humidity": main["humidity"].scalar(),
        "pressure": _scalar(main, "grnd_level"),  # main.pressure is reduced to sea level
        "wind_speed": _scalar(wind, "speed"),
        "wind_direction": _scalar(wind, "deg"),
        "wind_gust": _scalar(wind, "gust"),
        "precipitation": _precipitation(root),
    }


def values_of_moment(row: Node) -> dict[str, object]:
    """Return the values of one of the ``data`` of timemachine; its pressure is at sea level.

    Raises:
        MalformedPayload: If temperature or humidity are not there, or a value is no scalar.
    """
    return {
        "temperature": row["temp"].scalar(),
        "humidity": row["humidity"].scalar(),
        "wind_speed": _scalar(row, "wind_speed"),
        "wind_direction": _scalar(row, "wind_deg"),
        "wind_gust": _scalar(row, "wind_gust"),
        "precipitation": _precipitation(row),
    }


def _precipitation(weather: Node) -> object:
    """Return the mm of the last hour; nothing where an answer tells of some but not how much."""
    showers = [shower for name in _SHOWERS if (shower := _part(weather, name)) is not None]
    if not showers:
        return None if _may_fall(weather) else 0.0
    given = [_scalar(shower, "1h") for shower in showers]
    amounts = [number(amount) for amount in given]
    for amount, as_given in zip(amounts, given, strict=True):
        if amount is None or amount < 0:
            return as_given  # nothing, or for check to report
    return sum(amount for amount in amounts if amount is not None)


def _may_fall(weather: Node) -> bool:
    """Tell whether the words for the weather speak of anything that falls, or say nothing."""
    words = _part(weather, "weather")
    ids = [number(word["id"].scalar()) for word in words.items()] if words else []
    return not ids or any(known is None or int(known) in _FALLING for known in ids)


def _part(node: Node, name: str) -> Node | None:
    """Return a member that an answer may leave out, or have null."""
    member = node.get(name)
    return None if member is None or member.value is None else member


def _scalar(node: Node | None, name: str) -> object:
    member = None if node is None else node.get(name)
    return None if member is None else member.scalar()
