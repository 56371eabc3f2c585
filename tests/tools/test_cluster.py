"""The native cluster is the compose file's, and its servers survive what the scenario does."""

from __future__ import annotations

import json
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from gapfill import catalog
from tools.cluster.airflow import ClusterAirflow
from tools.cluster.servers import find, start_postgres, start_redis
from tools.cluster.store import SETTINGS, InfluxDb
from tools.cluster.world import EARLIEST, MARKETS, PER_MINUTE, write_catalog
from tools.compose import read_services
from tools.demo.world import NOW, due_end, fewest_requests, midnight, steps
from tools.processes import ProgramError, Programs
from tools.shipped import shipped_text

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]

NEEDED = {
    "AIRFLOW_ADMIN_PASSWORD": "a",
    "AIRFLOW_API_SECRET_KEY": "b",
    "AIRFLOW_FERNET_KEY": "c",
    "AIRFLOW_JWT_SECRET": "d",
    "INFLUXDB_PASSWORD": "eight characters",
    "POSTGRES_PASSWORD": "f",
    "REDIS_PASSWORD": "g",
    **SETTINGS,
}

PLACES = {
    "postgres:5432": "127.0.0.1:1001",
    "redis:6379": "127.0.0.1:1002",
    "influxdb:8086": "127.0.0.1:1003",
}


@pytest.fixture
def programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Programs]:
    """Return programs in a folder of their own, which are stopped."""
    with Programs(tmp_path_factory.mktemp("gapfill-programs")) as found:
        yield found


@pytest.fixture
def reachable() -> Iterator[Path]:
    """Return a folder that other users can reach, as pytest's own cannot be."""
    with tempfile.TemporaryDirectory(prefix="gapfill-servers-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


def test_the_environment_is_that_of_the_compose_file(programs: Programs) -> None:
    """Only places, paths and a short list of named settings differ."""
    services = read_services(NEEDED)
    airflow = ClusterAirflow(programs, services, PLACES, {}, "a")
    of_file = services["airflow-worker"].environment
    here = airflow.environment("worker-1", "airflow-worker")
    port = airflow.url.rpartition(":")[2]
    differs = {name for name, value in of_file.items() if here[name] != value}
    assert differs == {
        "AIRFLOW__CELERY__BROKER_URL",
        "AIRFLOW__CELERY__RESULT_BACKEND",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT",
        "AIRFLOW_CONN_GAPFILL_STORE",
        "GAPFILL_STATE",
    }
    assert here["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == f"http://127.0.0.1:{port}/execution/"
    database = "postgresql+psycopg2://airflow:f@127.0.0.1:1001/airflow"
    assert here["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] == database
    assert here["AIRFLOW__CELERY__BROKER_URL"] == "redis://:g@127.0.0.1:1002/0"
    assert json.loads(here["AIRFLOW_CONN_GAPFILL_STORE"])["host"] == "http://127.0.0.1:1003"


def test_there_are_as_many_workers_as_in_the_compose_file(programs: Programs) -> None:
    """Each has a name and locks of its own."""
    airflow = ClusterAirflow(programs, read_services(NEEDED), PLACES, {}, "a")
    assert airflow.workers == ("worker-1", "worker-2")
    locks = {airflow.environment(w, "airflow-worker")["GAPFILL_LOCKS"] for w in airflow.workers}
    assert len(locks) == 2


def test_the_scenario_is_a_catalogue_that_gapfill_takes(tmp_path: Path) -> None:
    """Four series share a measurement, and each source has the scenario's rate."""
    write_catalog(tmp_path / "catalog.yaml")
    known = catalog.load(tmp_path / "catalog.yaml")
    assert set(known.series) == {"pvpc", "pvpc_melilla", "pvpc_baleares", "pvpc_ceuta"}
    assert {series.measurement for series in known.series.values()} == {"energy_prices"}
    assert {name: known.sources[name].per_minute for name in PER_MINUTE} == PER_MINUTE
    shipped = yaml.safe_load(shipped_text())
    assert all(shipped["sources"][s]["per_minute"] > rate for s, rate in PER_MINUTE.items())


def test_healing_takes_more_than_a_minutes_worth_of_calls() -> None:
    """Else two workers that did not share a rate could not be told from two that do."""
    needed = {
        "ree": sum(fewest_requests(m.hidden) for m in MARKETS if m.source == "ree"),
        "esios": sum(fewest_requests(m.hidden, 1) for m in MARKETS if m.source == "esios"),
    }
    assert needed == {"ree": 13, "esios": 9}
    assert all(needed[source] > rate for source, rate in PER_MINUTE.items())


def test_a_missing_program_is_named_with_its_package() -> None:
    """The sentence is what to type."""
    with pytest.raises(ProgramError, match="There is no no-such-program: apt-get install thing"):
        find("no-such-program", "thing")


@pytest.mark.server
def test_the_store_keeps_what_it_said_it_wrote_through_a_kill(programs: Programs) -> None:
    """Killed with -9 and started again, InfluxDB has every point of others and no hole filled."""
    _needs("influxd", "influxdb")
    environment = read_services(NEEDED)["influxdb"].environment
    store, market = InfluxDb(programs, programs.folder / "data", environment), MARKETS[0]
    store.set_up()
    slots = list(steps(midnight(EARLIEST), due_end(NOW)))
    truth = {slot: float(number) for number, slot in enumerate(slots)}
    assert store.seed(market, truth) == len(slots) - 334
    store.kill()
    store.start()
    rows = store.read(market)
    assert {row.slot for row in rows} == truth.keys() - market.hidden
    assert all(row.mwh == truth[row.slot] and row.source is None for row in rows)
    assert rows[1].slot - rows[0].slot == timedelta(hours=1)


@pytest.mark.server
def test_database_and_broker_start_private_and_leave_nothing(
    programs: Programs, reachable: Path
) -> None:
    """Both listen on the loopback only, with a password, and end with the rest."""
    _needs("postgres", "postgresql")
    _needs("redis-server", "redis-server")
    postgres = start_postgres(programs, reachable / "postgres", "secret-of-a-test")
    redis = start_redis(programs, reachable / "redis", "secret-of-a-test")
    assert postgres.startswith("127.0.0.1:")
    assert redis.startswith("127.0.0.1:")
    programs.check()
    assert programs.stop() == []


def _needs(program: str, package: str) -> None:
    """Skip by name where a program is not installed."""
    try:
        find(program, package)
    except ProgramError as exc:
        pytest.skip(str(exc))
