"""``make demo``: the main job end to end, offline, on a real Airflow.

Six simulated APIs and one clock, a store with years of prices and weather and holes of all
kinds, two runs of ``gap_detection`` by a real scheduler; then every slot is compared with
what the source that it names states. Exits 0 only when all that can be healed is healed as
well as it can be now, what cannot be healed is said so, and nothing else happened.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from typing import TYPE_CHECKING

from tools.airflow_api import ApiError
from tools.demo import weather, world
from tools.demo.calls import bills
from tools.demo.check import compare, open_problems
from tools.demo.keep import keep
from tools.demo.merged import tell_merged
from tools.demo.open import tell_open
from tools.demo.run import problems_of, run_dags, stop
from tools.demo.sandbox import SandboxError
from tools.demo.seed import earlier_run, expectations, seed
from tools.demo.show import Show
from tools.demo.stage import (
    PRICES,
    SERIES,
    DemoError,
    Stage,
    environment,
    local,
    make_catalog,
    open_sandbox,
    read_store,
    short,
    status,
)
from tools.local_airflow import ROOT, LocalAirflow
from tools.processes import ProgramError, Programs, exit_on_signals
from tools.up import PORT, next_free

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from tools.demo.check import Expected, Stored, Verdict
    from tools.demo.run import Run
    from tools.demo.sandbox import Sandbox

FOLDER = ROOT / ".gapfill" / "demo"

_INTERRUPTED = 130


def main(folder: Path = FOLDER, *, is_kept: bool = False) -> int:
    """Play the demo and return the exit code: 0 only when all is well.

    Args:
        folder: For its files.
        is_kept: Whether its world goes on running afterwards, with holes to heal by hand.
    """
    exit_on_signals()
    show = Show()
    try:
        with Programs(folder) as programs:
            programs.clear(keep=["airflow"])
            is_well = play(Stage(folder, programs, show), is_kept=is_kept)
    except (ApiError, DemoError, ProgramError, SandboxError) as exc:
        show.problem(str(exc))
        is_well = False
    except KeyboardInterrupt:
        show.end("Interrupted; everything is stopped.", is_well=False)
        return _INTERRUPTED
    if not is_well:
        show.end(f"The demo failed. Its files and logs are in {short(folder)}.", is_well=False)
    return 0 if is_well else 1


def play(stage: Stage, *, is_kept: bool) -> bool:
    """Play the demo and tell whether all is well.

    Args:
        stage: Where.
        is_kept: Whether to go on until Ctrl-C.

    Raises:
        DemoError: If it cannot go on.
        SandboxError: If the simulated APIs cannot be used.
        ProgramError: If a program cannot be started, or ends.
        ApiError: If Airflow refuses something, or a run does not end.
    """
    show = stage.show
    show.title("Gapfill: prices and weather that heal themselves")
    show.say(
        "A store with years of Spanish electricity prices (PVPC) and of weather has holes. A "
        "real Airflow finds them, asks for each the source that has it, and writes it where it "
        "belongs. The six APIs are simulated on this machine: nothing here needs the internet."
    )
    make_catalog(stage)
    sandbox = open_sandbox(stage)
    env = environment(stage, sandbox.url)
    show.title("Before")
    with earlier_run(stage, env, sandbox):
        expected = expectations(sandbox)
        seed(stage, env, expected)
    show.coverage(status(env))
    show.say(
        "[dim]Tomorrow's prices are pending until 20:50. Weather by the day is expected since its "
        "station began, in 2018. Provisional: usable, and replaced as soon as a better source has "
        "it. Some rows lack solar radiation, which is wanted and no gap.[/]"
    )
    show.title(f"The first run, at {local(world.NOW):%H:%M}")
    port = next_free(PORT) if is_kept else None
    home = stage.folder / "airflow"
    with LocalAirflow(home, env, port=port, is_fresh=True) as airflow:
        runs = run_dags(stage, airflow, sandbox, world.LATER)
        if not is_kept:
            stop(stage, airflow)
        is_well = _judge(stage, env, sandbox, expected, runs)
        if is_kept and is_well:
            keep(stage, env, airflow, runs)
    return is_well


def _judge(
    stage: Stage,
    env: Mapping[str, str],
    sandbox: Sandbox,
    expected: Mapping[str, Expected],
    runs: Sequence[Run],
) -> bool:
    """Compare what the runs left with the truth, show both, and tell whether all is well."""
    show = stage.show
    show.title("After")
    after, entries = status(env), sandbox.requests()
    rows = {series: read_store(stage.store, series) for series in SERIES}
    verdicts = {series: compare(rows[series], expected[series]) for series in SERIES}
    healed = {series: verdict.healed for series, verdict in verdicts.items()}
    show.holes(_holes(), healed)
    show.coverage(after)
    show.title("Who healed what")
    show.origins(_origins(rows, expected))
    unmerged = tell_merged(show, rows[weather.HOURLY])
    show.title("Calls, and the fewest that could do")
    show.calls(bills(entries, _fewest(expected)))
    show.say(
        "[dim]SIAR logs in once a task. Its simulated account may make "
        f"{weather.SIAR_PER_MINUTE} calls a minute, ten times the usual, to save you a minute; "
        "all other sources are asked at their real pace.[/]"
    )
    show.title("What stays open, and why")
    tell_open(stage, env)
    prices = len(verdicts[PRICES].healed)
    problems = [
        *unmerged,
        *problems_of(runs, prices=prices, calls=len(entries)),
        *open_problems(after, {weather.DAILY: [_span(weather.OUTAGE)]}, _waited_for()),
        *(
            f"{series}: {sentence}"
            for series, verdict in verdicts.items()
            for sentence in verdict.sentences()
        ),
    ]
    return _conclude(stage, expected, verdicts, problems)


def _span(span: tuple[datetime, datetime]) -> tuple[str, str]:
    return f"{span[0]:%Y-%m-%dT%H:%M:%SZ}", f"{span[1]:%Y-%m-%dT%H:%M:%SZ}"


def _waited_for() -> dict[str, list[tuple[str, str]]]:
    return {weather.HOURLY: [_span((weather.WAITING, weather.WAITING + world.HOUR))]}


def _holes() -> list[tuple[str, world.Hole]]:
    found = [(PRICES, hole) for hole in world.holes(world.NOW)]
    for series in (weather.HOURLY, weather.DAILY):
        found += [(series, hole) for hole in weather.holes(series)]
        found += [(series, hole) for hole, _ in weather.worse(series)]
    return found


def _origins(
    rows: Mapping[str, Sequence[Stored]], expected: Mapping[str, Expected]
) -> dict[tuple[str, str, str], tuple[int, int]]:
    """Return how many slots of holes have which source and grade, and fields kept from others."""
    slots: Counter[tuple[str, str, str]] = Counter()
    kept: Counter[tuple[str, str, str]] = Counter()
    for series, found in rows.items():
        for row in found:
            if row.slot in expected[series].holes:
                grade = weather.GRADES.get(row.grade or 0, "unknown")
                key = (series, row.source or "nobody", grade)
                slots[key] += 1
                kept[key] += bool(row.kept)
    return {key: (n, kept[key]) for key, n in slots.items()}


def _fewest(expected: Mapping[str, Expected]) -> dict[str, int]:
    fewest = {"ree": world.fewest_requests(expected[PRICES].holes)}
    for chore in weather.chores():
        fewest[chore.source] = fewest.get(chore.source, 0) + chore.fewest
    return fewest


def _conclude(
    stage: Stage,
    expected: Mapping[str, Expected],
    verdicts: Mapping[str, Verdict],
    problems: Sequence[str],
) -> bool:
    show, folder = stage.show, short(stage.folder)
    show.title("What is where")
    show.files(
        [
            (f"{folder}/store.db", "the store, SQLite: energy_prices, weather_data, weather_daily"),
            (f"{folder}/catalog.yaml", "the shipped catalogue with two years of prices"),
            (f"{folder}/requests.jsonl", "what the simulated APIs were asked"),
            (f"{folder}/airflow/", "Airflow's home; logs/ has the tasks' logs"),
            (f"{folder}/env", "settings to look at the store by hand:"),
        ]
    )
    show.say(
        f"  . {folder}/env\n"
        "  .venv/bin/python -m gapfill explain weather_hourly 2025-10-25T12:00Z\n"
        "[dim]These holes, to heal them by a click:[/] make demo KEEP=1\n"
        "[dim]Airflow in the browser, with the real APIs:[/] make up"
    )
    for problem in problems:
        show.problem(problem)
    if problems:
        return False
    healed = sum(len(verdict.healed) for verdict in verdicts.values())
    due = sum(len(known.grades) for known in expected.values())
    show.end(
        f"All is well: {healed:,} slots healed or made better; all {due:,} slots that can have a "
        "value hold what their source states, none twice, none made up.",
        is_well=True,
    )
    return True


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tools.demo", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave its world running afterwards")
    sys.exit(main(is_kept=parser.parse_args().keep))
