"""``make demo``: the main job end to end, offline, on a real Airflow.

A simulated REE with a frozen clock, a store with two years of prices and holes of all
kinds, one run of ``gap_detection`` by a real scheduler; then every slot is compared with
the truth. Exits 0 only when all that can be healed is healed and nothing else happened.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tools import demo_world as world
from tools.airflow_api import ApiError
from tools.demo_check import compare
from tools.demo_run import run_dag
from tools.demo_show import Show
from tools.demo_stage import (
    DemoError,
    Stage,
    environment,
    fetch_requests,
    fetch_truth,
    make_catalog,
    read_store,
    seed,
    short,
    start_sandbox,
    status,
)
from tools.local_airflow import ROOT
from tools.processes import ProgramError, Programs, exit_on_signals

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tools.demo_check import Verdict

FOLDER = ROOT / ".gapfill" / "demo"

_INTERRUPTED = 130


def main(folder: Path = FOLDER) -> int:
    """Play the demo and return the exit code: 0 only when all is well."""
    exit_on_signals()
    show = Show()
    try:
        with Programs(folder) as programs:
            programs.clear(keep=["airflow"])
            is_well = play(Stage(folder, programs, show))
    except (ApiError, DemoError, ProgramError) as exc:
        show.problem(str(exc))
        is_well = False
    except KeyboardInterrupt:
        show.end("Interrupted; everything is stopped.", is_well=False)
        return _INTERRUPTED
    if not is_well:
        show.end(f"The demo failed. Its files and logs are in {short(folder)}.", is_well=False)
    return 0 if is_well else 1


def play(stage: Stage) -> bool:
    """Play the demo and tell whether all is well.

    Raises:
        DemoError: If it cannot go on.
        ProgramError: If a program cannot be started, or ends.
        ApiError: If Airflow refuses something, or the run does not end.
    """
    show, holes = stage.show, world.holes(world.NOW)
    show.title("Gapfill: hourly electricity prices that heal themselves")
    show.say(
        "A store with two years of Spanish electricity prices (PVPC) has holes. A real "
        "Airflow finds them, asks REE for what is missing, and writes it where it belongs. "
        "REE is simulated on this machine, so nothing here needs the internet."
    )
    make_catalog(stage)
    url = start_sandbox(stage)
    env = environment(stage, url)
    truth = fetch_truth(url)
    hidden = {slot for hole in holes for slot in hole.slots}
    show.title("Before")
    seed(stage, env, truth, hidden)
    show.holes(holes)
    show.coverage(status(env))
    show.say(
        f"[dim]Tomorrow's prices are pending: they come out at {world.DUE_AT:%H:%M} tonight.[/]"
    )
    show.title("The run")
    run = run_dag(stage, env, url)
    show.title("After")
    show.holes(holes, verdict := compare(read_store(stage.store), truth, hidden))
    show.coverage(status(env))
    show.units(run.certificates)
    calls, fewest = len(fetch_requests(url)), world.fewest_requests(hidden)
    show.say(
        f"{calls} calls to REE. The fewest that could do, at {world.SPAN_DAYS} days a call: "
        f"[{'green' if calls == fewest else 'yellow'}]{fewest}[/]."
    )
    problems = [*run.problems(len(verdict.healed), calls), *verdict.sentences()]
    return _conclude(stage, len(truth), verdict, problems)


def _conclude(stage: Stage, due: int, verdict: Verdict, problems: Sequence[str]) -> bool:
    show, folder = stage.show, short(stage.folder)
    show.title("What is where")
    show.files(
        [
            (f"{folder}/store.db", "the store, SQLite; table energy_prices"),
            (f"{folder}/catalog.yaml", "the shipped catalogue cut to pvpc and two years"),
            (f"{folder}/requests.jsonl", "what the simulated REE was asked"),
            (f"{folder}/airflow/", "Airflow's home; logs/ has the tasks' logs"),
            (f"{folder}/env", "settings to look at the store by hand:"),
        ]
    )
    show.say(
        f"  . {folder}/env\n"
        "  .venv/bin/python -m gapfill explain pvpc 2025-10-26T00:00Z\n"
        "[dim]Airflow in the browser, with the real APIs:[/] make up"
    )
    for problem in problems:
        show.problem(problem)
    if problems:
        return False
    show.end(
        f"All is well: {len(verdict.healed):,} slots healed, all {due:,} due slots equal "
        "to the truth, none twice, none made up.",
        is_well=True,
    )
    return True


if __name__ == "__main__":
    sys.exit(main())
