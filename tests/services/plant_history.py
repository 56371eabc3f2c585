"""Weeks of a plant's own store, made from a seed: the points of every program that writes there."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tests.services.plant_truth import (
    FIRST,
    HOLES,
    HOUR,
    MODELLED,
    OBSERVED,
    OWN_BUT_BAD,
    OWN_TAGS,
    WEATHER,
    WHOLE_NUMBERS,
    Sample,
    slots_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


def history(seed: int) -> list[Sample]:
    """Return all points, of every program, in no order."""
    dice = random.Random(seed)  # noqa: S311 - a history, no secret
    return [*_weather(dice), *_strangers(dice), *_earlier_build(dice), *_prices(dice)]


def _season(at: datetime) -> str:
    return "winter" if at.month < 3 else "spring"


def _is_whole(at: datetime) -> bool:
    return WHOLE_NUMBERS[0] <= at < WHOLE_NUMBERS[1]


def _measured(dice: random.Random, at: datetime, *more: str) -> dict[str, float]:
    humidity = dice.randint(20, 95)
    values: dict[str, float] = {
        "temperature": round(dice.uniform(1, 30), 1),
        "humidity": humidity if _is_whole(at) else humidity + 0.5,
    }
    for name, low, high in (
        ("pressure", 940, 990),
        ("wind_speed", 0, 20),
        ("solar_radiation", 0, 900),
    ):
        if name in more:
            values[name] = round(dice.uniform(low, high), 1)
    return values


def _weather(dice: random.Random) -> Iterator[Sample]:
    """Yield the plant's three tag sets: on the hour, off the grid, and each five minutes."""
    for slot in slots_of(WEATHER)[:-3]:
        if slot in HOLES or (dice.random() < 0.04 and not _is_whole(slot)):
            continue
        tags = {"data_source": "aemet", "station_id": "5279X", "season": _season(slot)}
        yield Sample("weather_data", tags, slot, _spoiled(dice, slot))
        if dice.random() < 0.1:
            off = slot + timedelta(minutes=dice.randint(1, 59), seconds=dice.randint(0, 59))
            tags = {"data_source": "siar", "station_id": "J17", "season": _season(off)}
            yield Sample("weather_data", tags, off, _measured(dice, off, "solar_radiation"))
    for day in (datetime(2024, 2, 22, tzinfo=UTC), datetime(2024, 3, 1, tzinfo=UTC)):
        for n in range(12 * 26):
            at = day + n * timedelta(minutes=5)
            if dice.random() < 0.9:
                # With the series' tag and more: a deletion of ours takes these along.
                tags = {"place": "linares", "data_source": "openweathermap", "season": _season(at)}
                yield Sample("weather_data", tags, at, _measured(dice, at))
    for slot in [datetime(2024, 3, 9, hour, tzinfo=UTC) for hour in range(0, 24, 2)]:
        # Another program that happens to write with the very tags of the series.
        yield Sample("weather_data", OWN_TAGS["weather_data"], slot, _measured(dice, slot))
    for slot in OWN_BUT_BAD:
        values = _measured(dice, slot) | {"temperature": -999.0}
        yield Sample("weather_data", OWN_TAGS["weather_data"], slot, values)


def _spoiled(dice: random.Random, slot: datetime) -> dict[str, float]:
    """Return what the plant measured in an hour; now and then a value is absurd or not there."""
    values = _measured(dice, slot, "pressure", "wind_speed")
    kind = dice.choice([""] * 12 + ["temperature", "humidity", "no humidity", "pressure"])
    if kind == "pressure":
        values["pressure"] = 0.0
    elif _is_whole(slot):  # InfluxDB takes no other type in that week, so nothing is healed there
        pass
    elif kind == "temperature":
        values["temperature"] = dice.choice([-999.0, 293.0, 60.5])
    elif kind == "humidity":
        values["humidity"] = dice.choice([9999.0, -1.0, 100.25])
    elif kind == "no humidity":
        del values["humidity"]
    return values


def _strangers(dice: random.Random) -> Iterator[Sample]:
    """Yield what must not count: forecasts, daily means, another place, and what lies ahead."""
    ahead = datetime(2024, 3, 20, 10, tzinfo=UTC)
    for slot in [*sorted(HOLES), *(ahead + n * HOUR for n in range(48))]:
        tags = {"data_source": "openweathermap", "data_type": "forecast", "season": _season(slot)}
        yield Sample("weather_data", tags, slot, _measured(dice, slot, "solar_radiation"))
        tags = {"place": "bailen", "data_source": "aemet"}
        yield Sample("weather_data", tags, slot, _measured(dice, slot))
    for n in range(30):
        at = FIRST + timedelta(days=n)
        tags = {"data_source": "aemet_daily", "station_id": "5279X", "season": _season(at)}
        yield Sample("weather_data", tags, at, _measured(dice, at))
    clock = {"data_source": "aemet", "station_id": "5279X", "season": "spring"}
    for at in (datetime(2024, 3, 20, 13, tzinfo=UTC), datetime(2035, 1, 1, 0, 30, tzinfo=UTC)):
        yield Sample("weather_data", clock, at, _measured(dice, at))


def _earlier_build(dice: random.Random) -> Iterator[Sample]:
    """Yield what an earlier Gapfill wrote: copies of the plant's values, and a model's hours."""
    own = OWN_TAGS["weather_data"]
    day = datetime(2024, 3, 16, tzinfo=UTC)
    for slot in [day + n * HOUR for n in range(20)]:
        copied = {"temperature": 11.0, "humidity": 70.0, "pressure": 960.0}
        values = {**copied, "solar_radiation": 400.0}
        form = dice.randrange(3)
        siar_gave = {"solar_radiation": ("siar/J17", OBSERVED)}
        unknown = dict.fromkeys(copied, ("unknown", OBSERVED))
        yield Sample(
            "weather_data",
            own,
            slot,
            values,
            OBSERVED,
            (None, "unknown", "siar/J17")[form],
            "old/weather_hourly:siar/a",
            unknown if form == 2 else siar_gave,
        )
    for slot in [day + n * HOUR for n in range(20, 26)]:
        values = {"temperature": 7.0, "humidity": 44.0}
        yield Sample("weather_data", own, slot, values, MODELLED, "open_meteo", "old/model")


def _prices(dice: random.Random) -> Iterator[Sample]:
    """Yield prices with fewer tags than the series', holes, absurd ones, and other markets."""
    for slot in [FIRST + n * HOUR for n in range(30 * 24 + 23)]:
        euros = round(dice.uniform(-5, 200), 2)
        luck = dice.random()
        if luck < 0.03:
            continue
        if luck < 0.05:
            euros = dice.choice([99_999.0, -5000.0])
        values = {"price_eur_mwh": euros, "price_eur_kwh": euros / 1000}
        yield Sample("energy_prices", {"data_source": "ree", "market": "pvpc"}, slot, values)
        for tags in ({"market": "spot"}, {"market": "pvpc", "geo": "8742"}):
            yield Sample("energy_prices", tags, slot, {"price_eur_mwh": 1.0})
    at = datetime(2026, 1, 1, tzinfo=UTC)
    yield Sample("energy_prices", {"data_source": "ree"}, at, {"price_eur_mwh": 5.0})


def line(sample: Sample) -> str:
    """Return a sample in line protocol."""
    tags = "".join(f",{key}={said}" for key, said in sorted(sample.tags.items()))
    fields = [
        f"{name}={value}i" if isinstance(value, int) else f"{name}={float(value)!r}"
        for name, value in sample.fields.items()
    ]
    if sample.grade is not None:
        fields.append(f"gapfill_grade={sample.grade}i")
    texts = {"source": sample.source, "batch": sample.batch, "kept": sample.kept_text}
    fields += [f"gapfill_{name}={json.dumps(said)}" for name, said in texts.items() if said]
    return f"{sample.measurement}{tags} {','.join(fields)} {int(sample.at.timestamp())}"
