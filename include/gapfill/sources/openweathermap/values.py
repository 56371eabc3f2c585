"""Return OpenWeatherMap's values under the catalogue's names."""

from __future__ import annotations

from gapfill.sources.json_reader import Node
from gapfill.sources.model import number, shown
from gapfill.sources.value_reader import Unfit

_SHOWERS = ("rain", "snow")
_FALLING = range(200, 700)
"""Ids of ``weather`` for thunderstorm, drizzle, rain and snow."""


def values_of_current(root: Node) -> dict[str, object]:
    """Return the values of an answer of ``/data/2.5/weather``.

    A missing member gives nothing; ``check`` reports one of another type.
    """
    return {
        "temperature": _member(root, "main", "temp"),
        "humidity": _member(root, "main", "humidity"),
        "pressure": _member(root, "main", "grnd_level"),  # main.pressure is at sea level
        "wind_speed": _member(root, "wind", "speed"),
        "wind_direction": _member(root, "wind", "deg"),
        "wind_gust": _member(root, "wind", "gust"),
        "precipitation": _precipitation(root),
    }


def values_of_moment(row: Node) -> dict[str, object]:
    """Return the values of one row of One Call, as ``values_of_current`` does.

    Its pressure is at sea level, so it is left out.
    """
    return {
        "temperature": row.within("temp"),
        "humidity": row.within("humidity"),
        "wind_speed": row.within("wind_speed"),
        "wind_direction": row.within("wind_deg"),
        "wind_gust": row.within("wind_gust"),
        "precipitation": _precipitation(row),
    }


def _precipitation(weather: Node) -> object:
    """Return the mm of the last hour; nothing if an answer has rain without an amount."""
    parts = (weather.within(name) for name in _SHOWERS)
    given = [_amount(part) for part in parts if part is not None]
    if not given:
        return None if _may_fall(weather) else 0.0
    amounts = [number(amount) for amount in given]
    for amount, as_given in zip(amounts, given, strict=True):
        if amount is None or amount < 0:
            return as_given  # nothing, or for check to report
    return sum(amount for amount in amounts if amount is not None)


def _amount(shower: object) -> object:
    """Return the mm of the last hour of rain or snow; a bare number names no period."""
    if isinstance(shower, dict):
        return shower.get("1h")
    return Unfit(shown(shower), "is not an object with the amount of the last hour")


def _may_fall(weather: Node) -> bool:
    """Return whether the weather's ids include precipitation, or are missing."""
    words = weather.within("weather")
    listed = words if isinstance(words, list) else ()
    ids = [number(word.get("id")) if isinstance(word, dict) else None for word in listed]
    return not ids or any(known is None or int(known) in _FALLING for known in ids)


def _member(root: Node, name: str, key: str) -> object:
    """Return a member of a part that may be missing or null."""
    part = root.within(name)
    if part is None or isinstance(part, dict):
        return root.within(name, key)
    return Unfit(shown(part), f"is not an object with {key}")
