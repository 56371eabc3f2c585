"""A plant worth looking at: two years of every series with holes of every kind, and its APIs.

The screenshots are made of it, and the tests of the page look at it.
"""

from __future__ import annotations

import json
import math
import re
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gapfill import catalog
from gapfill.domain.interval import Interval
from gapfill.domain.reading import Reading
from gapfill.domain.series import Grade
from gapfill.stores.sqlite.store import SqliteStore
from gapfill_sandbox import serve
from gapfill_sandbox.world import price
from tools.shipped import shipped_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from gapfill.domain.series import Series
    from gapfill_sandbox import Sandbox

NOW = datetime(2025, 11, 20, 17, 30, tzinfo=UTC)
APIS = ("ree", "esios", "openweathermap", "aemet", "siar", "open_meteo")

_GEO = 8741
_PUBLISHED = datetime(2025, 11, 20, 23, tzinfo=UTC)
"""Prices are out until here."""

_EARLIEST = "2024-01-01"
_STATION_SINCE = "2024-02-20"
"""No source has the days before: they are unfillable."""

_MISSING = {
    "pvpc": [
        ("2024-03-31T00", "2024-03-31T02"),
        ("2024-07-04T22", "2024-07-14T22"),
        ("2024-10-26T22", "2024-10-27T23"),
        ("2025-02-11T23", "2025-02-12T23"),
        ("2025-06-11T14", "2025-06-11T15"),
        ("2025-06-20T03", "2025-06-20T04"),
        ("2025-09-02T05", "2025-09-02T10"),
        ("2025-10-26T00", "2025-10-26T02"),
        ("2025-11-17T09", "2025-11-20T23"),
    ],
    "weather_hourly": [
        ("2024-05-03T10", "2024-05-03T22"),
        ("2024-08-15T06", "2024-08-17T18"),
        ("2025-01-06T00", "2025-01-06T09"),
        ("2025-04-28T10", "2025-04-29T05"),
        ("2025-08-09T13", "2025-08-09T15"),
        ("2025-11-17T09", "2025-11-21T00"),
    ],
    "weather_daily": [
        ("2024-01-01T00", "2024-02-20T00"),
        ("2024-08-15T00", "2024-08-18T00"),
        ("2025-04-28T00", "2025-04-29T00"),
        ("2025-11-15T00", "2025-11-21T00"),
    ],
}
_LOWER = {
    "weather_hourly": [
        ("2024-01-01T00", "2024-02-20T00", Grade.MODELLED, "open_meteo"),
        ("2025-07-12T08", "2025-07-16T20", Grade.MODELLED, "open_meteo"),
        ("2025-10-02T09", "2025-10-02T17", Grade.PROVISIONAL, "openweathermap"),
        ("2025-11-16T20", "2025-11-17T09", Grade.PROVISIONAL, "openweathermap"),
    ],
    "weather_daily": [
        ("2025-10-20T00", "2025-11-15T00", Grade.OBSERVED, "siar/J17"),
    ],
}
_OWN = {
    "pvpc": (Grade.OFFICIAL, "ree"),
    "weather_hourly": (Grade.OBSERVED, "siar/J17"),
    "weather_daily": (Grade.OFFICIAL, "aemet/5279X"),
}


@dataclass(frozen=True, slots=True)
class Showcase:
    """Where it is.

    Attributes:
        folder: All its files.
        sandbox: The simulated APIs.
        store_file: The embedded store.
        env: Settings of everything that runs in it.
    """

    folder: Path
    sandbox: Sandbox
    store_file: Path
    env: dict[str, str]


@contextmanager
def showcase(folder: Path, *, is_quick: bool = True) -> Iterator[Showcase]:
    """Let the plant stand in a folder while the context lasts.

    Args:
        folder: For its files.
        is_quick: Whether sources may be asked without the pauses they want.
    """
    catalog_file = folder / "catalog.yaml"
    catalog_file.write_text(_catalog(is_quick=is_quick), encoding="utf-8")
    store_file = folder / "store.db"
    _seed(store_file, list(catalog.load(catalog_file).series.values()))
    with serve(now=NOW, rates=dict.fromkeys(APIS, 0)) as sandbox:
        keys = {"login": "12345678Z", "password": "a-good-key"}
        api = json.dumps({"conn_type": "http", "host": sandbox.url, **keys})
        store = json.dumps({"conn_type": "sqlite", "host": str(store_file)})
        env = {
            "AIRFLOW_CONN_GAPFILL_STORE": store,
            **{f"AIRFLOW_CONN_{name.upper()}_DEFAULT": api for name in APIS},
            "GAPFILL_CATALOG": str(catalog_file),
            "GAPFILL_LOCKS": str(folder / "locks"),
            "GAPFILL_STATE": str(folder / "state"),
            "GAPFILL_NOW": f"{sandbox.url}/_sandbox/clock",
            "GAPFILL_RETRY_DELAY": "0",
        }
        yield Showcase(folder, sandbox, store_file, env)


def _catalog(*, is_quick: bool) -> str:
    text = shipped_text()
    if is_quick:
        text = re.sub(r"per_minute: \d+", "per_minute: 60000", text)
    text = re.sub(r"earliest: \d{4}-\d\d-\d\d", f"earliest: {_EARLIEST}", text)
    return re.sub(r"from: 2018-06-13", f"from: {_STATION_SINCE}", text)


def _seed(file: Path, known: Sequence[Series]) -> None:
    store = SqliteStore(file)
    for series in known:
        store.write(series, list(_readings(series)), "seed/showcase")
    store.close()


def _readings(series: Series) -> Iterator[Reading]:
    holes = [_interval(start, end) for start, end in _MISSING[series.name]]
    lower = [(_interval(s, e), grade, by) for s, e, grade, by in _LOWER.get(series.name, [])]
    end = _PUBLISHED if series.name == "pvpc" else NOW
    for slot in series.grid.slots(Interval(series.earliest, end)):
        if any(slot in hole for hole in holes):
            continue
        grade, source = next(((g, by) for run, g, by in lower if slot in run), _OWN[series.name])
        yield Reading(slot, _values(series, slot), grade, source)


def _values(series: Series, slot: datetime) -> dict[str, float]:
    if series.name == "pvpc":
        euros = price(_GEO, slot)
        return {"price_eur_mwh": euros, "price_eur_kwh": euros / 1000}
    season = math.cos((slot.timetuple().tm_yday - 200) / 365 * 2 * math.pi)
    warm = 17 + 10 * season + 5 * math.cos((slot.hour - 15) / 24 * 2 * math.pi)
    own = {
        "temperature": round(warm, 1),
        "temperature_mean": round(17 + 10 * season, 1),
        "humidity": round(60 - 25 * season, 0),
        "solar_radiation": 200.0 if series.name == "weather_hourly" else 17.5,
        "et0": 3.0,
    }
    return {field.name: own[field.name] for field in series.fields if field.name in own}


def _interval(start: str, end: str) -> Interval:
    return Interval(_utc(start), _utc(end))


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}:00:00+00:00")
