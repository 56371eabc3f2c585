"""What goes wrong on purpose while the DAG runs: a worker dies, then the database."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tools.airflow_api import Task
    from tools.cluster.airflow import ClusterAirflow
    from tools.cluster.check import Story
    from tools.cluster.store import InfluxDb

VICTIM_OF = "ree"
"""The source whose unit loses its worker."""

MID_UNIT = 2
"""So many calls of a unit are made before its worker dies; the unit has more."""

STORE_AWAY_S = 20.0
"""Longer than the pause between two calls, so that units feel it."""


class Trouble:
    """A script, carried on a little at each call while a run is followed.

    Args:
        airflow: The services.
        store: The database.
        calls: Counts the calls to a source so far.
        story: Where it is written down.
        say: Told of what happens.
    """

    def __init__(
        self,
        airflow: ClusterAirflow,
        store: InfluxDb,
        calls: Callable[[str], int],
        story: Story,
        say: Callable[[str], None],
    ) -> None:
        self._airflow = airflow
        self._store = store
        self._calls = calls
        self._story = story
        self._say = say
        self._script = self._play()
        self._run = ""
        self._dag = ""

    def begin(self, dag: str, run: str) -> None:
        """Say which run is disturbed."""
        self._dag, self._run = dag, run

    def go_on(self) -> None:
        """Carry the script on, and make sure that nothing else has ended."""
        self._airflow.programs.check()
        next(self._script, None)

    def _play(self) -> Iterator[None]:
        yield from self._lose_worker()
        yield from self._lose_store()

    def _lose_worker(self) -> Iterator[None]:
        while self._calls(VICTIM_OF) < MID_UNIT or not (units := self._running(VICTIM_OF)):
            yield
        unit, airflow = units[0], self._airflow
        beside = [u for u in self._running("") if u.host == unit.host and u.name != unit.name]
        killed = airflow.kill_worker(unit.host)
        self._story.victim = unit.host
        self._story.lost = [(u.name, u.index, u.tries) for u in (unit, *beside)]
        self._say(
            f"[red]✗ {unit.host} is killed[/] (-9, {killed} processes) "
            f"in mid-unit, after {self._calls(VICTIM_OF)} calls"
        )
        while not (again := self._again(unit)):
            yield
        self._say(f"{again.host} carries on what {unit.host} has left")
        airflow.start_worker(unit.host)
        self._say(f"{unit.host} is started again")

    def _lose_store(self) -> Iterator[None]:
        made = self._calls(VICTIM_OF)
        while self._calls(VICTIM_OF) < made + MID_UNIT or not self._running(VICTIM_OF):
            yield
        self._store.kill()
        self._story.was_down = True
        hosts = ", ".join(task.host for task in self._running(""))
        self._say(f"[red]✗ InfluxDB is killed[/] (-9) while units are under way on {hosts}")
        yield from self._wait(STORE_AWAY_S)
        self._store.start()
        self._say("InfluxDB is started again on its data")

    def _again(self, lost: Task) -> Task | None:
        """Return the lost unit as soon as another worker carries it out."""
        found = (u for u in self._running(VICTIM_OF) if u.index == lost.index)
        return next((unit for unit in found if unit.host != lost.host), None)

    def _running(self, source: str) -> list[Task]:
        """Return the units of a source, or of any, that are being carried out."""
        return [
            task
            for task in self._airflow.api.tasks(self._dag, self._run)
            if task.name.startswith(f"backfill_{source}")
            and task.state == "running"
            and task.host in self._airflow.workers
        ]

    def _wait(self, seconds: float) -> Iterator[None]:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            yield
