"""Series that cannot be read: the others are planned and healed, and ``--json`` is always JSON."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from gapfill.errors import StoreError
from gapfill.stores.sqlite.store import SqliteStore
from tests.builders import with_other_prices

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gapfill.domain.interval import Interval
    from gapfill.services.ports import Each, SeriesWindow
    from gapfill_sandbox import Sandbox
    from tests.cli.conftest import Cli

pytestmark = [pytest.mark.airflow, pytest.mark.usefixtures("installed")]

KEYS = {
    "status": {"now", "store", "state", "series"},
    "plan": {"now", "units", "waiting", "unhealable", "deferred", "bill"},
    "heal": {
        "status",
        "ree_records_recovered",
        "weather_records_recovered",
        "duration_seconds",
        "gaps_found",
        "gaps_resolved",
        "gaps_waiting",
        "gaps_unfillable",
        "units_failed",
        "units_deferred",
        "calls",
        "failures",
        "healed",
        "batches",
        "certificates",
        "state",
        "waiting",
        "unhealable",
    },
    "explain pvpc 2025-10-26": set(),
    "batches": set(),
    "tidy": set(),
}
"""What a document has beside ``error``, by command."""


@pytest.fixture
def two(catalogue: Path, installed: None) -> None:
    """Have two series, ``other`` before ``pvpc``, in measurements of their own."""
    assert installed is None
    text = catalogue.read_text(encoding="utf-8")
    catalogue.write_text(with_other_prices(text), encoding="utf-8")


@pytest.fixture
def damaged(cli: Cli, two: None, store: Path) -> None:
    """Heal a day of prices, and make the other series' table a broken view."""
    assert two is None
    assert cli("heal", "--series", "pvpc", "--start", "2025-11-05").code == 0
    with closing(sqlite3.connect(store)) as connection:
        connection.execute("DROP TABLE IF EXISTS other_prices")
        connection.execute("CREATE VIEW other_prices AS SELECT * FROM nowhere")


@pytest.mark.usefixtures("damaged")
def test_the_others_are_planned_and_the_lost_one_is_named(cli: Cli, sandbox: Sandbox) -> None:
    """The plan is no all-clear: exit code 1, a sentence, and the key ``errors``."""
    before = len(sandbox.requests.all())
    ran = cli("plan", "--json")
    assert ran.code == 1
    assert {unit["series"] for unit in ran.document["units"]} == {"pvpc"}
    (error,) = ran.document["errors"]
    assert error["series"] == "other"
    assert "nowhere" in error["error"]
    assert ran.err.startswith("other could not be read: ")
    assert len(sandbox.requests.all()) == before
    said = cli("plan")
    assert (said.code, said.err) == (1, ran.err)
    assert "1 series that could not be read." in said.out.splitlines()[0]


@pytest.mark.usefixtures("damaged")
def test_the_others_are_healed_and_the_run_is_an_error(cli: Cli) -> None:
    """Every slot of the others that is due is complete; nothing is said of the lost one's."""
    ran = cli("heal", "--json")
    assert ran.code == 1
    told = ran.document
    assert (told["status"], told["state"]) == ("partial", "unknown")
    assert (told["ree_records_recovered"], told["gaps_resolved"]) == (841, 1)
    assert [error["series"] for error in told["errors"]] == ["other"]
    assert told["failures"] == [ran.err.rstrip("\n")]
    assert told["failures"][0].startswith("other could not be read: ")
    assert cli("status", "pvpc").code == 0
    again = cli("heal")
    assert again.code == 1
    assert again.out.startswith("A read failed: ")
    assert "other could not be read: " in " ".join(again.out.split())
    assert again.err.endswith(ran.err)


@pytest.mark.usefixtures("damaged")
def test_a_plan_without_the_lost_series_is_well(cli: Cli) -> None:
    """It was not asked for, so it is no error."""
    ran = cli("plan", "--series", "pvpc", "--json")
    assert (ran.code, "errors" in ran.document) == (0, False)


@pytest.mark.usefixtures("damaged")
def test_where_nothing_can_be_read_nothing_is_planned(cli: Cli) -> None:
    """The document says so, and holds nothing that looks like an empty plan."""
    ran = cli("plan", "--series", "other", "--json")
    assert (ran.code, ran.document["units"]) == (1, None)
    assert ran.document["error"].startswith("No plan can be made: other could not be read: ")
    healed = cli("heal", "--series", "other", "--json")
    assert (healed.code, healed.document["state"]) == (1, "unknown")
    assert healed.document["error"] == ran.document["error"]
    assert (healed.document["batches"], healed.document["calls"]) == ([], 0)


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize("refresh,code", [([], 0), (["--refresh"], 1)])
def test_a_series_that_is_read_again_is_healed_in_the_next_round(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, refresh: list[str], code: int
) -> None:
    """A read that failed once is no failure then; a refresh has no next round, so there it is."""
    missing = SqliteStore.missing_by_field_each
    failed: list[str] = []

    def once(self: SqliteStore, windows: Sequence[SeriesWindow]) -> Each[dict[str, list[Interval]]]:
        found = missing(self, windows)
        if failed:
            return found
        failed.append("other")
        return {**found, "other": StoreError("The store did not answer.")}

    monkeypatch.setattr(SqliteStore, "missing_by_field_each", once)
    ran = cli("heal", "--start", "2025-11-01", "--end", "2025-11-01", *refresh, "--json")
    assert (ran.code, failed) == (code, ["other"])
    healed = ran.document["healed"]
    said = [f"{error['series']}: {error['error']}" for error in ran.document.get("errors", [])]
    if refresh:
        assert (set(healed), said) == ({"pvpc"}, ["other: The store did not answer."])
        assert ran.document["status"] == "partial"
    else:
        assert (set(healed), said) == ({"other", "pvpc"}, [])
        assert ran.document["status"] == "completed"


def refused_clock(_: Path, patch: pytest.MonkeyPatch) -> None:
    """Set a clock that is no clock."""
    patch.setenv("GAPFILL_NOW", "noon")


def wrong_catalogue(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Name a catalogue that is not there."""
    patch.setenv("GAPFILL_CATALOG", str(folder / "nowhere.yaml"))


def no_store(_: Path, patch: pytest.MonkeyPatch) -> None:
    """Set up no store."""
    patch.delenv("AIRFLOW_CONN_GAPFILL_STORE")


def unreachable(_: Path, patch: pytest.MonkeyPatch) -> None:
    """Name an InfluxDB where nothing listens."""
    extra = {"token": "t", "org": "o", "bucket": "b", "timeout": 1}
    where = {"conn_type": "influxdb", "host": "http://127.0.0.1", "port": 9, "extra": extra}
    patch.setenv("AIRFLOW_CONN_GAPFILL_STORE", json.dumps(where))


def interrupted(_: Path, patch: pytest.MonkeyPatch) -> None:
    """Send Ctrl-C as soon as the catalogue is read."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    patch.setattr("gapfill.cli.context.CliContext.catalog", stop)
    patch.setattr("gapfill.cli.context.CliContext.context", stop)


def broken(_: Path, patch: pytest.MonkeyPatch) -> None:
    """Raise what nobody expects, with a text that must not be shown."""

    def stop(*_: object) -> None:
        message = "s3cret"
        raise ValueError(message)

    patch.setattr("gapfill.cli.context.CliContext.catalog", stop)
    patch.setattr("gapfill.cli.context.CliContext.context", stop)


@pytest.mark.parametrize("command", KEYS)
@pytest.mark.parametrize(
    "wrong,code",
    [
        (refused_clock, 1),
        (wrong_catalogue, 1),
        (no_store, 1),
        (interrupted, 130),
        (broken, 1),
    ],
    ids=["clock", "catalogue", "no store", "interrupted", "bug"],
)
def test_a_command_that_an_error_ends_still_prints_one_document(
    cli: Cli,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    wrong: object,
    code: int,
) -> None:
    """With the keys of its own, and the sentence of stderr; nothing in it is empty but known."""
    assert callable(wrong)
    wrong(tmp_path, monkeypatch)
    ran = cli(*command.split(), "--json")
    assert ran.code == code
    told = ran.document
    assert set(told) >= KEYS[command]
    assert told["error"] + "\n" == ran.err
    assert "s3cret" not in ran.out + ran.err
    assert told.get("state", "unknown") == "unknown"
    assert not {"series", "units", "waiting", "unhealable"} & {k for k in told if told[k] == []}


def test_a_bug_in_the_middle_of_a_healing_is_not_said_to_have_written_nothing(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was written before it is not known to the document, and can be listed."""

    def stop(*_: object) -> None:
        message = "s3cret"
        raise ValueError(message)

    monkeypatch.setattr("gapfill.services.backfill.learn_fields", stop)
    ran = cli("heal", "--json")
    assert ran.code == 1
    assert ran.document["error"].startswith("Gapfill has a bug (ValueError)")
    unknown = ("ree_records_recovered", "calls", "healed", "certificates", "batches")
    assert [ran.document[key] for key in unknown] == [None] * 5
    assert "s3cret" not in ran.out + ran.err
    assert len(cli("batches", "--json").document["batches"]) == 1


@pytest.mark.parametrize("command", ["status", "plan", "heal"])
def test_a_store_that_cannot_be_reached_is_a_document_too(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """Of ``status`` its own, with the error by series."""
    unreachable(tmp_path, monkeypatch)
    ran = cli(command, "--json")
    assert ran.code == 1
    assert "127.0.0.1" in ran.err
    errors: Sequence[str] = (
        [s["error"] for s in ran.document["series"]]
        if command == "status"
        else [ran.document["error"]]
    )
    assert all("127.0.0.1" in error for error in errors)
    assert errors


@pytest.mark.parametrize("command", ["plan --start yesterday", "status prices", "heal --refresh"])
def test_a_request_that_makes_no_sense_is_a_document_too(cli: Cli, command: str) -> None:
    """Exit code 2; but options that cannot be read at all are for the person on stderr only."""
    ran = cli(*command.split(), "--json")
    assert (ran.code, ran.document["error"] + "\n") == (2, ran.err)
    wrong = cli(*command.split(), "--json", "--jason")
    assert (wrong.code, wrong.out) == (2, "")
