"""``make cluster``: the topology of docker-compose.yaml on this machine, without Docker.

PostgreSQL, Redis, InfluxDB, Airflow's services and two Celery workers, with the commands and
the environment of the compose file, heal holes of four series from two simulated sources.
In mid-run one worker is killed, then the database. Exits 0 only when afterwards the store
equals the truth, nothing is lost, nothing is there twice, and no rate was exceeded.
"""

from __future__ import annotations

import json
import secrets
import shutil
import sys
import tempfile
from base64 import urlsafe_b64encode
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from tools.airflow_api import ApiError
from tools.cluster.airflow import WORKER, ClusterAirflow
from tools.cluster.check import Story, find_healed, store_problems
from tools.cluster.servers import start_postgres, start_redis
from tools.cluster.show import ClusterShow
from tools.cluster.store import SETTINGS, InfluxDb
from tools.cluster.trouble import Trouble
from tools.cluster.world import EARLIEST, MARKETS, PER_MINUTE, write_catalog
from tools.compose import ComposeError, read_services
from tools.demo.sandbox import Sandbox, SandboxError, start_sandbox
from tools.demo.world import NOW, due_end, midnight
from tools.local_airflow import ROOT
from tools.processes import ProgramError, Programs, exit_on_signals

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tools.airflow_api import AirflowApi, Task
    from tools.cluster.world import Market

FOLDER = ROOT / ".gapfill" / "cluster"
DAG = "gap_detection"
UNITS = "backfill_"

_RUN_S = 1200.0
_SIAR_PER_MINUTE = 30
"""SIAR is not asked here."""

_INTERRUPTED = 130


def main(folder: Path = FOLDER) -> int:
    """Play the scenario and return the exit code: 0 only when all is well."""
    exit_on_signals()
    show, story = ClusterShow(), Story()
    problems = ["The scenario did not come to its end."]
    try:
        problems = _play(folder, show, story)
    except (ApiError, ComposeError, ProgramError, SandboxError) as exc:
        problems = [str(exc)]
    except KeyboardInterrupt:
        show.end("Interrupted; everything is stopped.", is_well=False)
        return _INTERRUPTED
    for problem in problems:
        show.problem(problem)
    if problems:
        show.end(f"The cluster failed. Its logs are in {folder}.", is_well=False)
        return 1
    healed = sum(len(market.hidden) for market in MARKETS)
    show.end(
        f"All is well: {healed:,} slots healed, every series equals the truth, nothing lost, "
        "nothing twice, no rate exceeded, no process left.",
        is_well=True,
    )
    return 0


@dataclass(frozen=True, slots=True)
class _Cluster:
    """All that runs.

    Attributes:
        airflow: The services.
        store: The database.
        sandbox: The simulated sources.
        truths: By series, the price of every due slot.
    """

    airflow: ClusterAirflow
    store: InfluxDb
    sandbox: Sandbox
    truths: Mapping[str, Mapping[datetime, float]]

    def calls(self, source: str) -> list[float]:
        """Return when a source was called."""
        return [e["monotonic"] for e in self.sandbox.requests() if e["api"] == source]


def _play(folder: Path, show: ClusterShow, story: Story) -> list[str]:
    """Play the scenario, stop everything, and return what is wrong."""
    with ExitStack() as stack:
        data = Path(tempfile.mkdtemp(prefix="gapfill-cluster-"))
        stack.callback(shutil.rmtree, data, ignore_errors=True)
        data.chmod(0o711)  # PostgreSQL runs as another user, and its folder is in this one
        servers = stack.enter_context(Programs(folder))
        servers.clear()
        services = stack.enter_context(Programs(folder / "airflow"))
        cluster = _start(data, servers, services, show)
        problems = _run(cluster, show, story)
        story.left = [*services.stop(), *servers.stop()]
        show.step("everything is stopped")
    return [*problems, *story.problems(cluster.airflow.workers)]


def _start(data: Path, servers: Programs, services: Programs, show: ClusterShow) -> _Cluster:
    show.title("The topology of docker-compose.yaml, without Docker")
    folder = servers.folder
    sandbox = start_sandbox(servers, folder / "requests.jsonl", NOW, (), _SIAR_PER_MINUTE)
    show.step(f"REE and ESIOS are simulated at {sandbox.url}")
    write_catalog(folder / "catalog.yaml")
    settings = _settings(sandbox.url)
    described = read_services(settings)
    postgres = start_postgres(servers, data / "postgres", settings["POSTGRES_PASSWORD"])
    show.step(f"PostgreSQL is Airflow's database, at {postgres}")
    redis = start_redis(servers, data / "redis", settings["REDIS_PASSWORD"])
    show.step(f"Redis is Celery's broker, at {redis}")
    store = InfluxDb(servers, data / "influxdb", described["influxdb"].environment)
    store.set_up()
    show.step(f"{store.version} is the store, at {store.place}")
    truths = {market.name: _truth(sandbox, market) for market in MARKETS}
    for market in MARKETS:
        count = store.seed(market, truths[market.name])
        missing = len(market.hidden)
        show.step(f"    {market.name}: {count:,} hours of others, {missing} missing")
    places = {"postgres:5432": postgres, "redis:6379": redis, "influxdb:8086": store.place}
    more = {
        "GAPFILL_CATALOG": str(folder / "catalog.yaml"),
        "GAPFILL_NOW": f"{sandbox.url}/_sandbox/clock",
    }
    password = settings["AIRFLOW_ADMIN_PASSWORD"]
    airflow = ClusterAirflow(services, described, places, more, password)
    show.step("Airflow starts: init, API server, scheduler, DAG processor, triggerer, workers")
    airflow.start(DAG)
    count = described[WORKER].replicas
    show.step(f"Airflow is healthy, {count} Celery workers are ready; look in as admin, {password}")
    show.step(f"    at {airflow.url}/dags/{DAG}")
    return _Cluster(airflow, store, sandbox, truths)


def _truth(sandbox: Sandbox, market: Market) -> dict[datetime, float]:
    """Return the price in €/MWh of every due slot of a market."""
    start, end = midnight(EARLIEST), due_end(NOW)
    stated = sandbox.truth("pvpc", "ree", start, end, geo=market.geo)
    return {slot: cast("float", fields["price_eur_mwh"]) for slot, fields in stated.items()}


def _settings(url: str) -> dict[str, str]:
    """Return what ``.env`` would say."""
    api = json.dumps({"conn_type": "http", "host": url})
    return {
        **SETTINGS,
        "AIRFLOW_ADMIN_PASSWORD": secrets.token_urlsafe(12),
        "AIRFLOW_API_SECRET_KEY": secrets.token_hex(32),
        "AIRFLOW_FERNET_KEY": urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "AIRFLOW_JWT_SECRET": secrets.token_hex(64),
        "INFLUXDB_PASSWORD": secrets.token_hex(16),
        "POSTGRES_PASSWORD": secrets.token_hex(24),
        "REDIS_PASSWORD": secrets.token_hex(24),
        "WORKER_CONCURRENCY": "2",
        "AIRFLOW_CONN_REE_DEFAULT": api,
        "AIRFLOW_CONN_ESIOS_DEFAULT": api,
        "GAPFILL_RETRY_DELAY": "5",
    }


def _run(cluster: _Cluster, show: ClusterShow, story: Story) -> list[str]:
    """Run the DAG with trouble, and once more without; return what is wrong with the store."""
    show.title("A run with trouble")
    trouble = Trouble(
        cluster.airflow, cluster.store, lambda source: len(cluster.calls(source)), story, show.step
    )
    _cycle(cluster, show, story, trouble)
    show.title("The next cycle")
    _cycle(cluster, show, story, None)
    story.calls = {source: cluster.calls(source) for source in PER_MINUTE}
    show.title("Who did what")
    show.tries(story)
    show.rates(story)
    problems, found = [], []
    for market in MARKETS:
        points, truth = cluster.store.read(market), cluster.truths[market.name]
        healed = find_healed(points, truth, market.hidden)
        found.append((market.name, len(points), len(truth), len(market.hidden), len(healed)))
        said = store_problems(points, truth, market.hidden)
        problems += [f"{market.name}: {words}" for words in said]
    show.store(found)
    return problems


def _cycle(cluster: _Cluster, show: ClusterShow, story: Story, trouble: Trouble | None) -> None:
    """Run the DAG once, and note what became of its units."""
    api, number = cluster.airflow.api, len(story.runs)
    run_id = api.trigger(DAG)
    check = cluster.airflow.programs.check
    if trouble:
        trouble.begin(DAG, run_id)
        check = trouble.go_on

    def tell(task: Task) -> None:
        if task.name.startswith(UNITS) and task.index >= 0:
            _learn_labels(api, run_id, story.labels, number, task)
            show.placed(task, story.labels[number, task.name, task.index])

    run = api.follow(DAG, run_id, timeout_s=_RUN_S, tell=tell, check=check)
    show.step(f"the run ended: {run['state']}")
    story.runs.append(run["state"])
    units = [t for t in api.tasks(DAG, run_id) if t.name.startswith(UNITS) and t.index >= 0]
    story.tries.append([t for u in units for t in api.tries(DAG, run_id, u.name, u.index)])


def _learn_labels(
    api: AirflowApi, run_id: str, labels: dict[tuple[int, str, int], str], number: int, task: Task
) -> None:
    """Note what a source's units are called: before they render their names, Airflow forgets."""
    if (number, task.name, task.index) not in labels:
        planned = api.xcom(DAG, run_id, task.name.replace(UNITS, "units_", 1))
        for index, unit in enumerate(cast("list[dict[str, str]]", planned)):
            labels[number, task.name, index] = unit["label"]


if __name__ == "__main__":
    sys.exit(main())
