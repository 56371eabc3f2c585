"""Airflow's services of docker-compose.yaml, run without Docker: same commands, same environment.

What differs is listed in ``_own`` and ``_places``, with its reason, and nothing else does.
"""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from tools.airflow_api import AirflowApi
from tools.cluster.name import VARIABLE
from tools.local_airflow import HERE, ROOT, USER, free_port, inherited
from tools.processes import ProgramError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tools.compose import Service
    from tools.processes import Programs

INIT = "airflow-init"
API = "airflow-apiserver"
WORKER = "airflow-worker"
ALONE = ("airflow-scheduler", "airflow-dag-processor", "airflow-triggerer")

HEARTBEAT_S = 45
"""A lost unit is noticed after this; what the compose file says would make people wait."""

_INIT_S = 300.0
_HEALTHY_S = 300.0

_WITHOUT_LOG_SERVER = (WORKER, "airflow-triggerer")
"""Their ports are fixed, and on one machine the logs are in one folder anyway."""


class ClusterAirflow:
    """The services, with two workers or as many as the file says.

    Args:
        programs: Runs them, in a folder of its own, which becomes their home.
        services: Of docker-compose.yaml, the settings filled in.
        places: Where the servers are, ``host:port`` by ``host:port`` of the file.
        more: Variables that only the scenario needs.
        password: The admin's.
    """

    def __init__(
        self,
        programs: Programs,
        services: Mapping[str, Service],
        places: Mapping[str, str],
        more: Mapping[str, str],
        password: str,
    ) -> None:
        self.programs = programs
        self.home = programs.folder
        self._port = free_port()
        self._services = services
        self._places = {**places, f"{API}:8080": f"{HERE}:{self._port}"}
        self._more = more
        self._health_port = free_port()
        self.url = f"http://{HERE}:{self._port}"
        self.api = AirflowApi(self.url, USER, password)
        replicas = services[WORKER].replicas
        self.workers = tuple(f"worker-{number}" for number in range(1, replicas + 1))

    def start(self, dag: str) -> None:
        """Start all of it, in the order of the file, and wait until it is healthy.

        Raises:
            ProgramError: If it does not become so.
        """
        for folder in ("auth", "logs"):
            (self.home / folder).mkdir()
        # An empty file keeps Airflow from writing one, which seven processes would do at once.
        (self.home / "airflow.cfg").touch()
        self._start(INIT, INIT)
        if self.programs.wait(INIT, _INIT_S):
            message = f"{INIT} failed:\n{self.programs.tail(INIT)}"
            raise ProgramError(message)
        for service in (API, *ALONE):
            self._start(service, service)
        for worker in self.workers:
            self.start_worker(worker)
        wait = self.programs.wait_until
        wait(self.api.is_healthy, _HEALTHY_S, "healthy Airflow", "airflow-scheduler")
        wait(lambda: dag in self.api.dag_ids(), _HEALTHY_S, f"DAG {dag}", "airflow-dag-processor")
        for worker in self.workers:
            wait(partial(self.is_ready, worker), _HEALTHY_S, f"ready {worker}", worker)

    def start_worker(self, worker: str) -> None:
        """Start a worker, for the first time or again."""
        log = self.programs.log(worker)
        if log.exists():
            log.rename(log.with_suffix(".killed.log"))
        self._start(worker, WORKER, f"--celery-hostname={worker}@%h")

    def is_ready(self, worker: str) -> bool:
        """Tell whether a worker takes tasks."""
        log = self.programs.log(worker)
        return f"{worker}@" in (text := log.read_text(errors="replace")) and " ready." in text

    def kill_worker(self, worker: str) -> int:
        """Kill a worker and all that it runs, as a power cut would; return how many that were."""
        return self.programs.kill(worker)

    def environment(self, machine: str, service: str) -> dict[str, str]:
        """Return the environment of a service's process."""
        of_file = {
            name: self._native(value) for name, value in self._services[service].environment.items()
        }
        return {**inherited(), **self._image(), **of_file, **self._own(machine), **self._more}

    def _start(self, machine: str, service: str, *options: str) -> None:
        command = [self._native(part) for part in self._services[service].command]
        if service in _WITHOUT_LOG_SERVER:
            command.append("--skip-serve-logs")
        env = self.environment(machine, service)
        self.programs.start(machine, [*command, *options], env, cwd=ROOT)

    def _native(self, text: str) -> str:
        """Return a text of the file with places and paths of this machine."""
        for there, here in self._places.items():
            text = text.replace(there, here)
        return text.replace("/opt/gapfill", str(ROOT)).replace("/opt/airflow", str(self.home))

    def _image(self) -> dict[str, str]:
        """Return what the Dockerfile sets; the root is on the path for ``cluster_name``."""
        programs = f"{ROOT / '.venv-cluster' / 'bin'}:{os.environ['PATH']}"
        return {
            "PATH": programs,
            "PYTHONUNBUFFERED": "1",
            "PYTHONPATH": f"{ROOT / 'include'}:{ROOT}",
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        }

    def _own(self, machine: str) -> dict[str, str]:
        """Return what must differ where all the services are on one small machine."""
        return {
            VARIABLE: machine,
            "AIRFLOW__CORE__HOSTNAME_CALLABLE": "tools.cluster.name.name",
            # Each worker has locks of its own, as on machines of their own: only the pools
            # can keep two workers from asking one source at once.
            "GAPFILL_LOCKS": str(self.home / "locks" / machine),
            "AIRFLOW__API__HOST": HERE,
            "AIRFLOW__API__PORT": str(self._port),
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT": str(self._health_port),
            "NO_PROXY": ",".join(filter(None, (HERE, "localhost", os.environ.get("NO_PROXY")))),
            # Quicker than the file: the scenario has a person waiting for it.
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": str(HEARTBEAT_S),
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
            "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.3",
            # The DAG runs when the scenario says.
            "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": "False",
        }
