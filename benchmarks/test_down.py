"""A source that is down costs the others nothing: their units end when they would without it."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from benchmarks.apis import Plant, plant
from benchmarks.conftest import Ratio
from gapfill.errors import SourceUnavailable
from gapfill.services.heal import heal
from gapfill.services.planning import RunRequest, detect_all, make_plan
from gapfill.services.selection import Selection
from gapfill.services.source_availability import DOWN
from tests.filling import fill

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from gapfill.domain.plan import Plan, Unit
    from gapfill.services.certificate import Certificate

NOW = datetime(2026, 3, 20, 12, 30, tzinfo=UTC)
EARLIEST = datetime(2026, 2, 1, tzinfo=UTC)
DEAD = [{"api": "aemet", "kind": "reset"}]

Ends = list[tuple[str, float]]
"""Units by id, in order, with the virtual second at which each ended."""


def _order(built: Plant) -> RunRequest:
    return RunRequest(Selection(tuple(built.context.catalog.series.values())))


def _carry_out(built: Plant, unit: Unit) -> str:
    try:
        return fill(built.context, unit, "run").outcome
    except SourceUnavailable:
        return "failed"


def _in_lanes(built: Plant, *, without: str | None = None) -> Mapping[str, tuple[Ends, list[str]]]:
    """Carry out one plan as the DAG does: a pool of one slot per source, all from the start on.

    Sources share nothing but the store, so each lane has a clock that begins at nought.
    """
    order = _order(built)
    lanes: dict[str, list[Unit]] = defaultdict(list)
    for unit in make_plan(built.context, order, detect_all(built.context, order)).units:
        lanes[unit.source].append(unit)
    found: dict[str, tuple[Ends, list[str]]] = {}
    for source in sorted(lanes):  # AEMET first, so that what its failures leave is there
        built.time.seconds, ends, outcomes = 0.0, [], []
        for unit in lanes[source] if source != without else ():
            outcomes.append(_carry_out(built, unit))
            ends.append((unit.id, built.time.seconds))
        found[source] = ends, outcomes
    return found


def test_each_sources_units_end_as_early_as_without_the_one_that_is_down(
    tmp_path: Path, ratio: Callable[[Ratio], None]
) -> None:
    """The same units in the same order, each ending at the same virtual second."""
    with plant(_folder(tmp_path, "down"), NOW, earliest=EARLIEST, faults=DEAD) as built:
        down = _in_lanes(built)
    with plant(_folder(tmp_path, "without"), NOW, earliest=EARLIEST) as built:
        without = _in_lanes(built, without="aemet")
    outcomes = down["aemet"][1]
    assert outcomes[:DOWN] == ["failed"] * min(DOWN, len(outcomes))
    assert set(outcomes[DOWN:]) <= {"deferred"}
    asked = [source for source in down if source != "aemet"]
    assert {"ree", "siar", "openweathermap"} <= set(asked)
    for source in asked:
        assert down[source] == without[source]
    ends = [sum(at for s in asked for _, at in lanes[s][0]) for lanes in (down, without)]
    name = "AEMET down, a lane per source: when the others' units end ÷ without it"
    ratio(Ratio(name, ends[0] / ends[1], 1.0, at_least=False))


class _Ends:
    """Is told how it goes, and keeps when the first round's units of others than AEMET ended.

    Attributes:
        found: Those units.
        rounds: Rounds that were planned.
        failed: Units of AEMET that failed.
        spent_s: Virtual seconds that AEMET's units took.
    """

    def __init__(self, built: Plant) -> None:
        self.built = built
        self.unit, self.since = "", 0.0
        self.found: Ends = []
        self.rounds = self.failed = 0
        self.spent_s = 0.0

    def planned(self, _: Plan) -> None:
        """Count the round."""
        self.rounds += 1

    def began(self, unit: Unit) -> None:
        """Keep its id and when it began."""
        self.unit, self.since = unit.id, self.built.time.seconds

    def ended(self, certificate: Certificate) -> None:
        """Keep when it ended."""
        if certificate.source == "aemet":
            self.failed += certificate.outcome == "failed"
            self.spent_s += self.built.time.seconds - self.since
        elif self.rounds == 1:
            self.found.append((self.unit, self.built.time.seconds))


def _healed(folder: Path, faults: list[dict[str, str]]) -> tuple[_Ends, int]:
    """Heal everything in one process; return what was seen, and the requests AEMET got."""
    folder.mkdir()
    with plant(folder, NOW, earliest=EARLIEST, faults=faults) as built:
        watcher = _Ends(built)
        heal(built.context, _order(built), "run", watcher)
        return watcher, len(built.sandbox.requests.of("aemet"))


def test_healing_in_one_process_waits_for_two_failures_at_most(
    tmp_path: Path, ratio: Callable[[Ratio], None]
) -> None:
    """There units run one after the other, so a failed call costs its pause of three seconds.

    The others keep their order, and none ends later than where AEMET answers.
    """
    down, asked = _healed(tmp_path / "down", DEAD)
    well, _ = _healed(tmp_path / "well", [])
    assert [unit for unit, _ in down.found] == [unit for unit, _ in well.found]
    assert all(d <= w for (_, d), (_, w) in zip(down.found, well.found, strict=True))
    assert 1 <= down.failed == asked <= DOWN
    assert down.spent_s <= down.failed * 3.03 + 0.001
    last = down.found[-1][1]
    name = "AEMET down, one process: when the others' last unit ends ÷"
    ratio(Ratio(f"{name} without it", last / (last - down.spent_s)))
    ratio(Ratio(f"{name} where it answers", last / well.found[-1][1], 1, at_least=False))


def test_no_task_of_a_source_waits_for_one_of_another() -> None:
    """Why it is so in Airflow: a pool of its own, and only what all have in common upstream."""
    from airflow.dag_processing.dagbag import DagBag

    for dag in DagBag("dags").dags.values():
        sources = {t.removeprefix("units_") for t in dag.task_ids if t.startswith("units_")}
        for source in sources:
            task = dag.get_task(f"backfill_{source}")
            before = set(task.get_flat_relative_ids(upstream=True))
            assert task.pool == f"gapfill_{source}"
            assert not {t for t in before if t.startswith("backfill_")}
            assert {t for t in before if t.startswith("units_")} == {f"units_{source}"}


def _folder(parent: Path, name: str) -> Path:
    folder = parent / name
    folder.mkdir()
    return folder
