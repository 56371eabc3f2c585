"""The command line as processes: what they print and where, how they die, what that leaves."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gapfill.domain.interval import iso
from gapfill_sandbox import world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gapfill_sandbox import Sandbox
    from tests.cli.conftest import Cli

ROOT = Path(__file__).parents[2]
FIRST = datetime(2025, 9, 30, 22, tzinfo=UTC)

pytestmark = pytest.mark.server


@pytest.fixture
def variables(environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """Return a bare environment with a home of its own and no AIRFLOW_HOME."""
    home = tmp_path / "home"
    home.mkdir()
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "PYTHONPATH": str(ROOT / "include"),
        **environment,
    }


def run(*argv: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "gapfill", *argv],
        env=env,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def test_help_does_not_wait_for_airflow(variables: dict[str, str]) -> None:
    """Importing Airflow takes seconds; asking for help must not."""
    program = (
        "import sys; from gapfill.cli import main; code = main(['heal', '--help']);"
        "sys.exit(code or any(name.split('.')[0] == 'airflow' for name in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=variables, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "--max-gap-hours" in done.stdout


def test_stdout_is_json_alone_and_the_home_stays_clean(
    variables: dict[str, str], store: Path
) -> None:
    """Airflow neither prints nor makes a folder."""
    done = run("heal", "--json", "--end", "2025-10-05", env=variables)
    told = f"A new store was created: file {store} (connection gapfill_store).\n"
    assert (done.returncode, done.stderr) == (0, told)
    assert json.loads(done.stdout)["ree_records_recovered"] == 120
    assert list(Path(variables["HOME"]).iterdir()) == []


def test_no_arguments_print_the_help(variables: dict[str, str]) -> None:
    """On stderr, as a wrong command line."""
    done = run(env=variables)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Commands:" in done.stderr


def test_a_closed_pipe_is_no_error_message(variables: dict[str, str]) -> None:
    """`export … | head -1` ends quietly."""
    with subprocess.Popen(
        [sys.executable, "-m", "gapfill", "status", "--json"],
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(600) == 141


@pytest.mark.parametrize(
    "number,code,said",
    [(signal.SIGINT, 130, "Interrupted"), (signal.SIGTERM, 143, "Stopped by a signal")],
    ids=["SIGINT", "SIGTERM"],
)
def test_a_signal_ends_healing_in_a_sentence(
    variables: dict[str, str], sandbox: Sandbox, number: int, code: int, said: str
) -> None:
    """What was written stands; no request of the store is left half done."""
    sandbox.faults.add({"api": "ree", "kind": "slow", "seconds": 30, "after": 1})
    with subprocess.Popen(
        [sys.executable, "-m", "gapfill", "heal"],
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        wait_for(sandbox, 2)
        process.send_signal(number)
        out, err = process.communicate(timeout=300)
    assert process.returncode == code
    first, *_, last = out.splitlines()
    assert first.startswith("Ended before its end: 336 slots healed; 1 gap found; ")
    assert last.startswith("  cli__20251105T120000Z__")
    assert err.splitlines()[-1].startswith(said)
    assert "Traceback" not in err
    assert run("undo", last.strip(), env=variables).stdout.startswith("Undone: 336 slots removed")


@pytest.mark.parametrize(
    "number,code,said",
    [(signal.SIGINT, 130, "Interrupted"), (signal.SIGTERM, 143, "Stopped by a signal")],
    ids=["SIGINT", "SIGTERM"],
)
@pytest.mark.parametrize("answers", [0, 1])
def test_a_signal_leaves_json_of_what_was_written(
    variables: dict[str, str], sandbox: Sandbox, number: int, code: int, said: str, answers: int
) -> None:
    """By batch; what is not known is null."""
    sandbox.faults.add({"api": "ree", "kind": "slow", "seconds": 30, "after": answers})
    with subprocess.Popen(
        [sys.executable, "-m", "gapfill", "heal", "--json"],
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        wait_for(sandbox, answers + 1)
        process.send_signal(number)
        out, err = process.communicate(timeout=300)
    assert process.returncode == code
    assert err.splitlines()[-1].startswith(said)
    document = json.loads(out)
    assert document["error"].startswith(said)
    assert [(b["series"], b["slots"]) for b in document["batches"]] == [("pvpc", 336)] * answers
    expected = {
        "status": "failed",
        "state": "unknown",
        "ree_records_recovered": 336 * answers,
        "gaps_found": 1,
        "gaps_resolved": None,
        "gaps_waiting": 0,
        "units_failed": 1,
        "calls": answers + 1,
        "healed": None if answers else {},
    }
    assert {key: document[key] for key in expected} == expected


def wait_for(sandbox: Sandbox, requests: int) -> None:
    """Wait until the sandbox has seen so many requests."""
    end = time.monotonic() + 900
    while len(sandbox.requests.all()) < requests:
        assert time.monotonic() < end, "the request never came"
        time.sleep(0.001)


class Forks:
    """Commands in processes that start at once."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def start(self, *argv: str) -> int:
        """Start a command and return its process id."""
        assert self._process.stdin is not None
        self._process.stdin.write(" ".join(argv) + "\n")
        self._process.stdin.flush()
        return self._line()

    def wait(self) -> int:
        """Return the exit code of the command that was started."""
        return self._line()

    def _line(self) -> int:
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())


@contextmanager
def forks(env: dict[str, str]) -> Iterator[Forks]:
    """Serve commands while the context lasts."""
    program = Path(__file__).with_name("forks.py")
    with subprocess.Popen(
        [sys.executable, str(program)],
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        yield Forks(process)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.usefixtures("installed")
def test_killed_a_dozen_times_and_healed_to_the_truth(
    cli: Cli, sandbox: Sandbox, catalogue: Path, variables: dict[str, str]
) -> None:
    """Each kill loses at most the answer on its way; nothing is stored twice or wrong."""
    days = 37
    text = catalogue.read_text(encoding="utf-8")
    catalogue.write_text(text.replace("span: P14D", "span: P1D"), encoding="utf-8")
    kills = [(1, 0), (2, 0), (1, 2), (3, 4), (2, 6), (4, 8), (1, 10), (3, 12), (2, 15)]
    slow = [(1, 30), (2, 30), (3, 30)]
    with forks(variables) as commands:
        for requests, milliseconds in [*kills, *slow]:
            sandbox.faults.clear()
            if milliseconds == 30:
                fault = {"api": "ree", "kind": "slow", "seconds": 5, "after": requests - 1}
                sandbox.faults.add(fault)
            seen = len(sandbox.requests.all())
            child = commands.start("heal", "--json")
            wait_for(sandbox, seen + requests)
            time.sleep(milliseconds / 1000)
            os.kill(child, signal.SIGKILL)
            assert commands.wait() == -signal.SIGKILL
    sandbox.faults.clear()
    begun = stored(cli)
    assert set(begun) <= set(truth())
    assert len(begun) == len(dict(begun))
    asked = len(sandbox.requests.all())
    assert cli("heal", "--json").code == 0
    assert stored(cli) == truth()
    assert cli("heal", "--json").document["status"] == "nothing_to_do"
    assert asked < len(sandbox.requests.all()) <= days + len(kills) + len(slow)


def stored(cli: Cli) -> list[tuple[str, float]]:
    """Return slots and prices as exported."""
    rows = csv.DictReader(io.StringIO(cli("export", "pvpc").out))
    return [(row["slot"], float(row["price_eur_mwh"])) for row in rows]


def truth() -> list[tuple[str, float]]:
    """Return the world's prices of every due slot."""
    hours = [FIRST + timedelta(hours=n) for n in range(865)]
    return [(iso(hour), world.price(8741, hour)) for hour in hours]
