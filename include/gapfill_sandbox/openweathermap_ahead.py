"""OpenWeatherMap's forecasts, which a source must not store as readings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from gapfill_sandbox import openweathermap_format as form

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from gapfill_sandbox.api import Value

_HOUR = timedelta(hours=1)
_THREE_HOURS = timedelta(hours=3)
_STEPS, _HOURS, _DAYS, _MINUTES = 40, 48, 8, 60
_ERROR = 1.5
"""Error of each forecast in °C, so that tests detect a forecast that is stored as a reading."""


def foreseen(end: datetime) -> dict[str, Value]:
    """Return a forecast of an hour, which is too warm."""
    values = form.values_at(end)
    return {**values, "temp": round(float(values["temp"]) + _ERROR, 2)}


def forecast(now: datetime, view: form.View) -> object:
    """Return an answer of ``/data/2.5/forecast``: 40 future steps of three hours."""
    last = now - (now - datetime(1970, 1, 1, tzinfo=UTC)) % _THREE_HOURS
    steps = [last + n * _THREE_HOURS for n in range(1, _STEPS + 1)]
    listed: list[dict[str, object]] = []
    for step in steps:
        values, words = foreseen(step), form.words_of(foreseen(step), step)
        about = {"dt": form.unix(step), "main": {**form.main_of(values, view), "temp_kf": 0}}
        sky = {
            "weather": words,
            "clouds": {"all": form.clouds_of(values)},
            "wind": form.wind_of(values, view),
        }
        more = {"visibility": form.VISIBILITY, "pop": _chance(values), **form.rain_of(values, 3)}
        pod = {"pod": str(words[0]["icon"])[-1]}
        listed.append({**about, **sky, **more, "sys": pod, "dt_txt": f"{step:%Y-%m-%d %H:%M:%S}"})
    city = {"id": 0, "name": "", "coord": {"lat": view.latitude, "lon": view.longitude}}
    country = {
        "country": "ES",
        "population": 0,
        "timezone": form.offset(now),
        **form.sun_of(now, view),
    }
    counts = {"cod": "200", "message": 0, "cnt": len(listed)}
    return {**counts, "list": listed, "city": {**city, **country}}


def _chance(values: Mapping[str, Value]) -> float:
    return 0.79 if values["rain"] else 0


def one_call(at: datetime, now: datetime, view: form.View, excluded: Collection[str]) -> object:
    """Return an answer of ``/data/3.0/onecall``: now as calculated at an instant, and forecasts."""
    hour = at.replace(minute=0)
    rows = [hour + n * _HOUR for n in range(_HOURS)]
    days = [hour.replace(hour=12) + timedelta(days=n) for n in range(_DAYS)]
    minute = now.replace(second=0, microsecond=0)
    parts: dict[str, object] = {
        "current": form.with_sun(form.values_at(hour + _HOUR), at, view),
        "minutely": [
            {"dt": form.unix(minute + timedelta(minutes=n)), "precipitation": 0}
            for n in range(_MINUTES)
        ],
        "hourly": [
            {**form.hourly(values, row, view), "pop": _chance(values)}
            for row in rows
            for values in [foreseen(row)]
        ],
        "daily": [_daily(day, view) for day in days],
    }
    shown = {name: part for name, part in parts.items() if name not in excluded}
    return {**form.place_of(at, view), **shown}


def _daily(noon: datetime, view: form.View) -> dict[str, object]:
    """Return a day of a forecast, all of it as at noon."""
    values = foreseen(noon)
    row = form.hourly(values, noon, view)
    parts = dict.fromkeys(("day", "night", "eve", "morn"), row["temp"])
    row |= {"temp": {**parts, "min": row["temp"], "max": row["temp"]}, "feels_like": parts}
    row |= {**form.sun_of(noon, view), "pop": _chance(values), "summary": "A day like any other"}
    if "rain" in row:
        row["rain"] = values["rain"]
    del row["visibility"]
    return row
