"""A plant's own hours in one measurement with two series: what it has stays its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from gapfill.domain.interval import Interval
from gapfill.domain.reading import Reading
from gapfill.domain.series import State
from gapfill.services.context import RunContext
from gapfill.services.csv_import.rows import read_rows
from gapfill.services.csv_transfer import export_rows, import_rows, write_csv
from gapfill.services.detection import detect
from gapfill.services.heal import heal
from gapfill.services.planning import RunRequest
from gapfill.services.selection import Selection
from gapfill.sources.model import Answer
from tests.builders import point
from tests.catalogs import frozen
from tests.services.test_heal import Nobody
from tests.stores.backends import BACKENDS, KINDS, InfluxBackend

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gapfill.sources.model import Ask
    from gapfill.stores.points import Point
    from tests.services.conftest import FakeTime, Scripted
    from tests.stores.backends import Backend

NOW = datetime(2024, 3, 20, 12, tzinfo=UTC)
FIRST = datetime(2024, 3, 5, tzinfo=UTC)
LAST = datetime(2024, 3, 10, tzinfo=UTC)
DAYS = Interval(FIRST, LAST)
PLANT = {"data_source": "aemet", "station_id": "5279X", "season": "spring"}
HOURS = [FIRST + timedelta(hours=n) for n in range(120)]


def _answer(ask: Ask) -> Answer:
    """Answer as SIAR: its own temperature, and the radiation that the plant does not measure."""
    values = {"temperature": 9.0, "humidity": 40.0, "solar_radiation": 250.0}
    if ask.product.source != "siar":
        return Answer(evidence="HTTP 200: nothing")
    slots = ask.series.grid.slots(ask.interval)
    readings = tuple(Reading(s, values, ask.product.grade, ask.origin) for s in slots)
    return Answer(readings, evidence="HTTP 200")


def _plant(slot: datetime, temperature: float = 11.0) -> Point:
    return point(slot, PLANT, {"temperature": temperature, "humidity": 70.0, "pressure": 960.0})


@pytest.fixture(params=KINDS)
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Backend]:
    """Return the plant's store of each kind in turn."""
    made = BACKENDS[request.param](tmp_path)
    weather = frozen().series["weather_hourly"]
    made.seed(weather, *map(_plant, HOURS))
    yield made
    made.close()


@pytest.fixture
def context(backend: Backend, sources: Scripted, time: FakeTime) -> RunContext:
    """Return a site with two series that share the plant's measurement, and SIAR alone."""
    known = frozen()
    weather = replace(known.series["weather_hourly"], earliest=FIRST)
    other = replace(weather, name="weather_other", tags={"place": "bailen"})
    known = replace(known, series={one.name: one for one in (weather, other)})
    sources.otherwise, sources.keyed = _answer, {"siar"}
    return RunContext(known, backend.open(), sources, NOW, time.sleep, time.monotonic)


def _order(context: RunContext) -> RunRequest:
    return RunRequest(Selection((context.catalog.series["weather_hourly"],), FIRST, LAST))


def test_an_enrichment_copies_nothing_and_hides_nothing(
    context: RunContext, backend: Backend
) -> None:
    """Each hour has one temperature before and after, and it is the plant's newest."""
    weather = context.catalog.series["weather_hourly"]
    done = heal(context, _order(context), "run", Nobody())
    assert (done.summary.slots_enriched, done.summary.weather_records_recovered) == (120, 0)
    at = datetime(2024, 3, 5, 10, tzinfo=UTC)
    backend.overwrite(weather, _plant(at, 13.5))
    points = backend.points(weather)
    having = [p.instant for p in points if "temperature" in p.values]
    assert sorted(having) == HOURS
    rows = {row["slot"]: row for row in export_rows(context, weather, DAYS)}
    assert rows["2024-03-05T10:00:00Z"] == {
        "slot": "2024-03-05T10:00:00Z",
        "temperature": 13.5,
        "humidity": 70.0,
        "pressure": 960.0,
        "wind_speed": None,
        "wind_direction": None,
        "wind_gust": None,
        "precipitation": None,
        "solar_radiation": 250.0,
        "grade": 30,
        "source": None,
        "batch": done.certificates[0].batch,
        "kept": "solar_radiation:siar/J17:30",
    }
    if isinstance(backend, InfluxBackend):
        query = 'SELECT count("temperature") FROM "weather_data" GROUP BY time(1h) fill(none)'
        counted = backend.engine.ask(backend.bucket, query)
        assert [n for _, n in counted] == [1] * 120


def test_the_plants_export_moves_with_its_sources(
    context: RunContext, backend: Backend, tmp_path: Path
) -> None:
    """Into an empty store and out again it is the same; into the first it says nothing new."""
    weather = context.catalog.series["weather_hourly"]
    heal(context, _order(context), "run", Nobody())

    def exported(of: RunContext) -> str:
        path = tmp_path / "export.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            write_csv(weather, export_rows(of, weather, DAYS), file)
        return path.read_text(encoding="utf-8")

    before = exported(context)
    with (tmp_path / "export.csv").open(encoding="utf-8", newline="") as file:
        rows = read_rows(weather, file.read(), "export.csv", batch="import/a", now=NOW).rows
    assert import_rows(context, weather, rows, "import/a").written == 0
    other = backend.another()
    elsewhere = replace(context, store=other.open())
    assert import_rows(elsewhere, weather, rows, "import/a").written == 120
    assert exported(elsewhere) == before
    other.close()


def test_a_bad_value_of_the_plant_is_healed_beside_it(
    context: RunContext, backend: Backend, sources: Scripted
) -> None:
    """Its point stays as it is, and status goes on to say so."""
    weather = context.catalog.series["weather_hourly"]
    backend.overwrite(weather, _plant(HOURS[7], -999.0))
    done = heal(context, _order(context), "run", Nobody())
    assert done.summary.weather_records_recovered == 1
    assert {ask.product.source for ask in sources.asked} == {"siar"}
    (report,) = detect(context, Selection((weather,), FIRST, LAST), closely=True)
    assert report.coverage.counts[State.COMPLETE] == 120
    assert report.warnings == (
        (
            "weather_hourly: 1 value out of bounds, the first temperature -999 at "
            "2024-03-05T07:00:00Z (bounds: -40 to 60 °C); it does not count as a reading."
        ),
    )
    theirs = [p for p in backend.points(weather) if p.tags.startswith("data_source")]
    assert [p.flaws for p in theirs if p.flaws] == [{"temperature": -999.0}]
    row = context.store.read(weather, DAYS)[7]
    assert (row.values["temperature"], row.origin("temperature").source) == (9.0, "siar/J17")
    assert row.values["humidity"] == 70.0
