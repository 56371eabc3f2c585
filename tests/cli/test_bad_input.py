"""Whatever is wrong gets one sentence on stderr, and nothing is changed."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING

import pytest

from gapfill.stores.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from pathlib import Path

    from gapfill_sandbox import Sandbox
    from tests.cli.conftest import Cli

pytestmark = [pytest.mark.airflow, pytest.mark.usefixtures("installed")]

USAGE = {
    ("status", "pvcp"): "There is no series 'pvcp' in the catalogue; it has pvpc.",
    ("plan", "--series", "pvcp"): "There is no series 'pvcp' in the catalogue; it has pvpc.",
    ("export", "pvcp"): "There is no series 'pvcp' in the catalogue; it has pvpc.",
    ("status", "--start", "2025-11-02", "--end", "2025-11-01"): (
        "The end 2025-11-01T23:00:00Z is not after the start 2025-11-01T23:00:00Z."
    ),
    ("plan", "--start", "2025-11-03T00:00Z", "--end", "2025-11-02T00:00Z"): (
        "The end 2025-11-02T00:00:00Z is not after the start 2025-11-03T00:00:00Z."
    ),
    ("status", "--end", "2025-09-01"): (
        "The range ends before 2025-09-30T22:00:00Z, the earliest slot of the selected series."
    ),
    ("heal", "--start", "2025-11-08"): (
        "The range starts in the future: 2025-11-07T23:00:00Z is after the last expected slot, "
        "2025-11-06T22:00:00Z."
    ),
    ("status", "--start", "tomorrow"): (
        "--start 'tomorrow' is neither a date such as 2025-10-26 nor an instant such as "
        "2025-10-26T00:00:00Z."
    ),
    ("status", "--end", "2025-10-26T00:00:00"): (
        "--end '2025-10-26T00:00:00' has no time zone: add Z for UTC."
    ),
    ("status", "--end", "9999-12-31"): (
        "--end '9999-12-31' is not between the years 1900 and 2200."
    ),
    ("heal", "--refresh"): ("refresh asks for complete slots again: give a start and an end."),
    ("--now", "noon", "status"): (
        "The clock returned 'noon': expected an instant such as 2025-10-26T00:00:00Z "
        "(GAPFILL_NOW, --now)."
    ),
    ("status", "--colour"): "No such option '--colour'; see python -m gapfill status --help.",
    ("plan", "--max-gap-hours", "nan"): (
        "Invalid value for '--max-gap-hours': it must be a number of hours; "
        "see python -m gapfill plan --help."
    ),
    ("mend",): "No such command 'mend'; see python -m gapfill --help.",
    ("explain", "pvpc"): "Missing argument 'SLOT'; see python -m gapfill explain --help.",
    ("import", "pvpc", "/nowhere.csv"): (
        "Invalid value for 'FILE': File '/nowhere.csv' does not exist; "
        "see python -m gapfill import --help."
    ),
}


@pytest.mark.parametrize("argv", USAGE, ids=" ".join)
def test_a_wrong_command_line_is_exit_code_2(
    cli: Cli, store: Path, sandbox: Sandbox, argv: tuple[str, ...]
) -> None:
    """The sentence names the thing; nothing is written and nobody is asked."""
    ran = cli(*argv)
    said = ran.err.replace("option: --colour", "option '--colour'")  # as click 8.2 writes it
    assert (ran.code, ran.out, said) == (2, "", USAGE[argv] + "\n")
    assert not store.exists()
    assert sandbox.requests.all() == []


def test_a_missing_store_says_how_to_set_it(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no silent default, and connections made in the UI do not help here."""
    monkeypatch.delenv("AIRFLOW_CONN_GAPFILL_STORE")
    for command in (["status"], ["status", "--json"], ["heal"], ["undo", "x"]):
        ran = cli(*command)
        assert (ran.code, ran.err.count("\n")) == (1, 1)
        assert bool(ran.out) is ("--json" in command)
        assert ran.err.startswith("There is no connection gapfill_store. ")
        assert "The command line cannot see connections that are made in the UI" in ran.err
        assert "AIRFLOW_CONN_GAPFILL_STORE" in ran.err


def test_a_store_in_a_folder_that_is_not_there(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No folder is made by mistake."""
    value = {"conn_type": "sqlite", "host": str(tmp_path / "away" / "store.db")}
    monkeypatch.setenv("AIRFLOW_CONN_GAPFILL_STORE", json.dumps(value))
    for command in ("status", "plan", "heal"):
        ran = cli(command)
        assert (ran.code, ran.err.count("\n")) == (1, 1)
        assert "its folder does not exist" in ran.err
    assert not (tmp_path / "away").exists()


def test_a_store_of_another_type(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence names the connection and what it may be."""
    monkeypatch.setenv("AIRFLOW_CONN_GAPFILL_STORE", '{"conn_type": "mysql", "host": "db"}')
    ran = cli("status")
    assert (ran.code, ran.out) == (1, "")
    assert "The connection gapfill_store has conn_type 'mysql'" in ran.err


def test_a_locked_store_is_an_error(
    cli: Cli, store: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading goes on; healing says who is in the way before it asks anybody."""
    cli("heal", "--end", "2025-10-01")
    sandbox.requests.clear()
    monkeypatch.setattr(SqliteStore.__init__, "__kwdefaults__", {"wait_s": 0.1})
    holder = sqlite3.connect(store, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        assert cli("status", "--end", "2025-10-01").code == 0
        ran = cli("heal")
    finally:
        holder.close()
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert "locked" in ran.err
    assert sandbox.requests.all() == []


def test_no_plan_is_made_of_what_cannot_be_read(cli: Cli, store: Path) -> None:
    """A failed read is an error, never an empty plan."""
    store.write_text("This is a shopping list, not a database at all. " * 100)
    for command in ("plan", "heal", "export pvpc", "explain pvpc 2025-10-26"):
        ran = cli(*command.split())
        assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
        assert "not a database" in ran.err


@pytest.mark.parametrize(
    "before,after,said",
    [
        ("    group: ree", "    gruop: ree", "series.pvpc.gruop: unknown key"),
        ("zone: Europe/Madrid\n    stations", "zone: Europe/Linares\n    stations", "zone"),
        ("sources:\n", "series: {}\nsources:\n", "the key 'series' appears twice"),
    ],
    ids=["unknown key", "bad zone", "key given twice"],
)
def test_a_wrong_catalogue_names_the_key(
    cli: Cli, catalogue: Path, before: str, after: str, said: str
) -> None:
    """And the file."""
    text = catalogue.read_text(encoding="utf-8")
    assert before in text
    catalogue.write_text(text.replace(before, after, 1), encoding="utf-8")
    ran = cli("status", "--json")
    assert (ran.code, ran.document["error"] + "\n") == (1, ran.err)
    assert ran.err.startswith(f"The catalogue {catalogue} is ")
    assert said in ran.err


def test_an_unknown_batch_is_an_error(cli: Cli) -> None:
    """Undoing nothing is not "done"."""
    ran = cli("undo", "cli__x")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == ("The store has no batch 'cli__x': `batches` lists them.\n")


@pytest.mark.parametrize("kind", ["nan", "text", "huge"])
def test_a_value_that_cannot_be_believed_is_reported_and_not_stored(
    cli: Cli, sandbox: Sandbox, kind: str
) -> None:
    """The rest of the answer is good; the next healthy run closes the hole."""
    sandbox.faults.add({"api": "ree", "kind": kind, "every": 24})
    sandbox.faults.add({"api": "esios", "kind": "500"})
    day = ("--start", "2025-11-01", "--end", "2025-11-01")
    ran = cli("heal", *day, "--json")
    assert ran.code == 3
    assert ran.document["certificates"][0]["rejected"] == 1
    assert ran.document["certificates"][0]["slots_filled"] == 23
    assert "1 value not stored" in ran.document["certificates"][0]["note"]
    sandbox.faults.clear()
    assert cli("heal", *day).code == 0


def test_a_bug_is_one_sentence_without_its_text(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """The text may hold a secret; --debug shows it to whoever asks."""

    def fail(*_args: object, **_kwargs: object) -> None:
        message = "key=SECRET"
        raise ZeroDivisionError(message)

    monkeypatch.setattr("gapfill.cli.app.detect", fail)
    ran = cli("status")
    assert (ran.code, ran.out, ran.err) == (
        1,
        "",
        "Gapfill has a bug (ZeroDivisionError); run it again with --debug to see where.\n",
    )
    assert "Traceback (most recent call last)" in cli("status", "--debug").err


def test_ctrl_c_says_that_what_is_written_stands(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 130, as shells expect."""

    def interrupt(*_args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("gapfill.cli.app.heal_gaps", interrupt)
    ran = cli("heal")
    assert (ran.code, ran.out) == (130, "")
    assert ran.err == "Interrupted; what is written stays, run it again to continue.\n"
