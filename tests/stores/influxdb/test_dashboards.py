"""The questions of docs/how_to/influxdb.md for a dashboard, asked of a real engine."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gapfill.domain.reading import Reading
from gapfill.domain.series import Grade
from tests.builders import WEATHER, point
from tests.domain.samples import HOUR, at
from tests.stores.backends import InfluxBackend

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.server

GUIDE = Path(__file__).parents[3] / "docs" / "how_to" / "influxdb.md"
FIRST = at("2024-03-05")
MERGED = [(FIRST + n * HOUR, 5.0 if n in (3, 7) else 10.0 + n) for n in range(24)]
"""The plant's temperatures, but for an hour that it has not, and one that cannot be believed."""


def question(language: str) -> str:
    """Return the guide's question in a language."""
    found = re.search(rf"```{language}\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return found[1]


def seed(made: InfluxBackend) -> None:
    """Write the plant's hours, a forecast and another place, and let Gapfill add what it can."""
    plant = {"data_source": "aemet", "station_id": "5279X"}
    for n in range(24):
        slot = FIRST + n * HOUR
        value = -999.0 if n == 7 else 10.0 + n
        if n != 3:
            made.seed(WEATHER, point(slot, plant, {"temperature": value, "humidity": 50.0}))
        for tags in (plant | {"data_type": "forecast"}, {"place": "bailen"}):
            made.seed(WEATHER, point(slot, tags, {"temperature": 40.0}))
    store = made.open()
    values = {"temperature": 5.0, "humidity": 60.0, "solar_radiation": 100.0}
    readings = [Reading(FIRST + n * HOUR, values, Grade.OBSERVED, "siar/J17") for n in range(24)]
    assert store.write(WEATHER, readings, "run/a") == 24


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[InfluxBackend]:
    """Return a bucket with all that."""
    made = InfluxBackend(tmp_path)
    seed(made)
    yield made
    made.close()


def test_influxql_reads_one_merged_series(backend: InfluxBackend) -> None:
    """A value an hour, the plant's where it has one that counts."""
    rows = backend.engine.ask(backend.bucket, " ".join(question("sql").split()))
    assert [(seconds, value) for seconds, value in rows] == [
        (int(slot.timestamp()), value) for slot, value in MERGED
    ]
