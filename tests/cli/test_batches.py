"""``batches``, ``undo --run`` and ``forget-store`` against the sandbox and a real store file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Cli

pytestmark = pytest.mark.usefixtures("installed")


def test_the_batches_of_a_run_are_listed_and_undone_together(cli: Cli) -> None:
    """As people do who have healed the wrong range."""
    for start in ("2025-10-01", "2025-11-01"):
        cli("heal", "--start", start, "--json")
    listed = cli("batches", "pvpc", "--json").document["batches"]
    assert [batch["series"] for batch in listed] == ["pvpc"] * len(listed)
    assert sum(batch["slots"] for batch in listed) == 865
    first = {batch["run"] for batch in listed}
    assert len(first) == 1  # the second run found nothing missing
    (run,) = first
    shown = cli("batches").out
    assert f"{run}: 865 slots, 2025-11-05T12:00Z" in shown
    ran = cli("undo", "--run", run)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("Undone: 865 slots removed, 0 put back")
    assert cli("batches").out == "No batch that can be undone.\n"
    again = cli("undo", "--run", run)
    assert (again.code, again.err) == (1, f"The run {run} is already undone.\n")
    assert cli("status").code == 3


def test_batches_since_a_day_leave_out_earlier_ones(cli: Cli) -> None:
    """A bare date is a local day, as everywhere."""
    cli("heal", "--start", "2025-11-01", "--now", "2025-11-04T12:00:00Z")
    cli("heal", "--start", "2025-11-01")
    days = [batch["at"][:10] for batch in cli("batches", "--json").document["batches"]]
    assert (days[0], days[-1]) == ("2025-11-04", "2025-11-05")
    late = cli("batches", "--since", "2025-11-05", "--json").document["batches"]
    assert {batch["at"][:10] for batch in late} == {"2025-11-05"}
    assert cli("batches", "--since", "2025-11-06").out == "No batch that can be undone.\n"


@pytest.mark.parametrize(
    "argv,said",
    [
        (("undo",), "Give either a BATCH or --run RUN"),
        (("undo", "x", "--run", "y"), "Give either a BATCH or --run RUN"),
        (("batches", "pvcp"), "pvcp"),
        (("batches", "--since", "yesterday"), "--since 'yesterday' is neither a date"),
    ],
)
def test_a_wrong_command_line_is_said(cli: Cli, argv: tuple[str, ...], said: str) -> None:
    """With exit code 2."""
    ran = cli(*argv)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err


def test_undo_names_the_later_batch(cli: Cli) -> None:
    """And speaks of one only where there is one."""
    day = ("--start", "2025-11-01", "--end", "2025-11-01")
    (first,) = cli("heal", *day, "--json").document["certificates"]
    (later,) = cli("heal", *day, "--refresh", "--json").document["certificates"]
    assert cli("undo", first["batch"]).out == (
        "Nothing was undone; 24 slots left alone because a later batch changed them: undo that "
        f"one first ({later['batch']}).\n"
    )
    assert cli("undo", later["batch"]).out == "Undone: 0 slots removed, 24 put back.\n"
    assert cli("undo", first["batch"]).out == "Undone: 24 slots removed, 0 put back.\n"


def test_a_new_store_is_reported_once(cli: Cli, store: Path) -> None:
    """A wrong path is noticed by it."""
    ran = cli("heal", "--start", "2025-11-05", "--json")
    told = f"A new store was created: file {store} (connection gapfill_store).\n"
    assert told in ran.err
    assert "new store" not in cli("heal", "--start", "2025-11-05").err


def test_a_store_that_is_gone_is_the_same_error_everywhere(cli: Cli, store: Path) -> None:
    """Nothing is made in its place, until it is forgotten."""
    cli("heal", "--start", "2025-11-05")
    store.rename(store.with_name("elsewhere.db"))
    what = "The store that had readings until 2025-11-05T22:00Z is gone: there is no file"
    for argv in (
        ("status",),
        ("plan",),
        ("heal",),
        ("explain", "pvpc", "2025-11-05"),
        ("export", "pvpc"),
        ("undo", "x"),
        ("batches",),
    ):
        ran = cli(*argv)
        assert ran.code == 1, argv
        assert what in ran.err, argv
        assert ran.err.count("is gone") == 1, argv
    document = cli("status", "--json").document
    assert (document["state"], document["series"][0]["slots"]["missing"]) == ("unknown", 0)
    assert not store.exists()
    store.with_name("elsewhere.db").rename(store)
    ran = cli("forget-store")
    assert (ran.code, ran.out) == (1, "")
    assert f"The store exists and has readings: file {store}" in ran.err
    assert "Nothing was forgotten" in ran.err
    store.unlink()
    assert cli("status").code == 1
    assert cli("forget-store").out == f"The store {store} may begin again, empty.\n"
    assert cli("forget-store").out == f"The store {store} was not known to hold readings.\n"
    assert cli("heal", "--start", "2025-11-05").err.count("A new store was created") == 1


@pytest.mark.slow
def test_another_process_knows_that_the_store_is_gone(
    cli: Cli, store: Path, environment: dict[str, str]
) -> None:
    """In another working directory too."""
    cli("heal", "--start", "2025-11-05")
    store.unlink()
    done = subprocess.run(
        [sys.executable, "-m", "gapfill", "heal"],
        cwd=store.parent,
        env={**os.environ, **environment, "PYTHONPATH": str(ROOT / "include")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("The store that had readings until 2025-11-05T22:00Z is gone")
    assert not store.exists()


def test_a_relative_path_is_refused(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be another store in each working directory."""
    connection = json.dumps({"conn_type": "sqlite", "host": "gapfill.db"})
    monkeypatch.setenv("AIRFLOW_CONN_GAPFILL_STORE", connection)
    ran = cli("status")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("The connection gapfill_store names the file 'gapfill.db' by a rel")
