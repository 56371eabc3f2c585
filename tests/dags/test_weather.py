"""Both DAGs over weather: who is asked for what, and what a second DAG does to the first."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from gapfill import catalog
from gapfill.domain.interval import Interval
from gapfill.domain.series import Grade
from gapfill.stores.sqlite.store import SqliteStore
from gapfill_sandbox import serve
from tests.catalogs import write_catalog
from tests.connections import connect
from tests.dags.conftest import run_dag

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gapfill.domain.reading import Row
    from gapfill_sandbox import Sandbox

pytestmark = pytest.mark.airflow

NOW = datetime(2026, 3, 20, 12, 34, tzinfo=UTC)
APIS = ("ree", "esios", "openweathermap", "aemet", "siar", "open_meteo")


@pytest.fixture
def catalog_file(tmp_path: Path) -> Path:
    """Return a catalogue of three days, whose sources may be asked fast."""
    return write_catalog(tmp_path, earliest="2026-03-18", per_minute=60_000)


@pytest.fixture
def sandbox(
    tmp_path: Path, catalog_file: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Sandbox]:
    """Serve all APIs at 12:34 of 2026-03-20, with every key set."""
    with serve(now=NOW, rates=dict.fromkeys(APIS, 0)) as running:
        monkeypatch.setenv("GAPFILL_CATALOG", str(catalog_file))
        monkeypatch.setenv("GAPFILL_NOW", f"{running.url}/_sandbox/clock")
        monkeypatch.setenv("GAPFILL_LOCKS", str(tmp_path / "locks"))
        monkeypatch.setenv("GAPFILL_RETRY_DELAY", "0")
        connect(monkeypatch, "gapfill_store", conn_type="sqlite", host=str(tmp_path / "s.db"))
        secrets = {"login": "12345678Z", "password": "a-good-key"}
        for name in APIS:
            connect(monkeypatch, f"{name}_default", conn_type="http", host=running.url, **secrets)
        yield running


def rows(folder: Path, catalog_file: Path, name: str) -> list[Row]:
    """Return everything in the store of a series."""
    series = catalog.load(catalog_file).series[name]
    store = SqliteStore(folder / "s.db")
    found = store.read(series, Interval(series.earliest, datetime(2026, 4, 1, tzinfo=UTC)))
    store.close()
    return found


def test_each_source_is_asked_for_its_part(
    sandbox: Sandbox, tmp_path: Path, catalog_file: Path
) -> None:
    """The branch leads to four pickers and to no other; humidity is asked of the next station.

    That AEMET's first station never reports it is learned in the first run.
    """
    run = run_dag()
    assert run.state == "success"
    ran = {name for name, states in run.tasks.items() if set(states) == {"success"}}
    backfills = {name for name in ran if name.startswith("backfill_")}
    assert backfills == {"backfill_ree", "backfill_siar", "backfill_aemet"} | {
        "backfill_openweathermap"
    }
    assert run.tasks["backfill_open_meteo"] == run.tasks["backfill_siar_csv"] == ["skipped"]
    assert (run.summary["status"], run.summary["units_failed"]) == ("partial", 0)
    assert run.summary["gaps_waiting"] == 1
    assert json.dumps(run.summary)
    hours = rows(tmp_path, catalog_file, "weather_hourly")
    # From 2026-03-18 in Madrid to the rows AEMET keeps; one of now; 11:00 is not out.
    assert _givers(hours, "temperature") == {"siar/J17": 48, "aemet/5279X": 12, "openweathermap": 1}
    assert _givers(hours, "humidity") == {"siar/J17": 48, "openweathermap": 1}
    again = run_dag()
    assert (again.state, again.summary["status"], again.summary["calls"]) == (
        *("success", "completed"),
        2,
    )
    hours = rows(tmp_path, catalog_file, "weather_hourly")
    assert _givers(hours, "temperature") == {"siar/J17": 48, "aemet/5279X": 12, "openweathermap": 1}
    assert _givers(hours, "humidity") == {"siar/J17": 48, "aemet/5281X": 12, "openweathermap": 1}
    assert hours[-1].slot == datetime(2026, 3, 20, 12, tzinfo=UTC)
    assert hours[-1].grade is Grade.PROVISIONAL
    assert len({row.slot for row in hours}) == len(hours)
    days = rows(tmp_path, catalog_file, "weather_daily")
    assert [(row.slot.day, row.source) for row in days] == [(18, "siar/J17")]
    assert all(r["fault"] is None for r in sandbox.requests.all())


def _givers(found: list[Row], field: str) -> dict[str, int]:
    """Return how many values of a field each source gave."""
    return dict(Counter(row.origin(field).source for row in found if field in row.values))


def _sources(found: list[Row]) -> list[str]:
    return sorted({row.source or "" for row in found})


def test_what_is_current_is_brought_in_every_hour(
    sandbox: Sandbox, tmp_path: Path, catalog_file: Path
) -> None:
    """OpenWeatherMap's now, AEMET's last 12 hours, REE's published days, and nobody else."""
    run = run_dag("preventive_ingestion")
    assert run.state == "success"
    assert {r["api"] for r in sandbox.requests.all()} == {"ree", "aemet", "openweathermap"}
    hours = rows(tmp_path, catalog_file, "weather_hourly")
    assert _sources(hours) == ["aemet/5279X", "openweathermap"]
    prices = rows(tmp_path, catalog_file, "pvpc")
    assert prices[-1].slot == datetime(2026, 3, 20, 22, tzinfo=UTC)
    assert run.summary["status"] in ("completed", "partial")


def test_a_missed_hour_is_caught_up_by_gap_detection(
    sandbox: Sandbox, tmp_path: Path, catalog_file: Path
) -> None:
    """Three hours later the hole of the missed runs is healed, the reading of then upgraded."""
    run_dag("preventive_ingestion")
    sandbox.clock.set(datetime(2026, 3, 20, 15, 34, tzinfo=UTC))
    run = run_dag()
    assert run.state == "success"
    hours = {row.slot.hour: row for row in rows(tmp_path, catalog_file, "weather_hourly")[-5:]}
    humidity = {hour: row.origin("humidity").source for hour, row in hours.items()}
    assert humidity.keys() == {10, 11, 12, 13, 15}
    assert (humidity[10], humidity[11], humidity[13]) == ("aemet/5281X",) * 3
    assert hours[10].origin("temperature").source == "aemet/5279X"
    assert {row.grade for hour, row in hours.items() if hour < 15} == {Grade.OBSERVED}
    assert (hours[15].source, hours[15].grade) == ("openweathermap", Grade.PROVISIONAL)


def test_after_everything_is_had_a_cycle_is_quiet(sandbox: Sandbox) -> None:
    """Six task instances, no call: wanted fields were added in the cycles before."""
    for _ in range(3):
        run_dag()
    calls = len(sandbox.requests.all())
    run = run_dag()
    assert (run.state, run.ran, run.summary["calls"]) == ("success", 6, 0)
    assert len(sandbox.requests.all()) == calls
