"""What is not set up, paused or broken: never "nothing missing", and told apart in every list."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING

import pytest

from tests.catalogs import write_catalog
from tests.sources.siar_csv.files import csv_bytes, days, rows

if TYPE_CHECKING:
    from pathlib import Path

    from gapfill_sandbox import Sandbox
    from tests.cli.conftest import Cli

pytestmark = [pytest.mark.airflow, pytest.mark.usefixtures("installed")]

NEEDS = ["aemet_default", "siar_default", "GAPFILL_SIAR_CSV"]
FILE = "J17_Linares_01_10_2025_31_10_2025.csv"


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    """Return the catalogue with days since 2025-10-01, and prices since 2025-11-01."""
    first = {"pvpc": "2025-11-01", "weather_daily": "2025-10-01"}
    return write_catalog(tmp_path, earliest=first)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set up a folder of SIAR's files, one of which breaks off in its fourth line."""
    made = tmp_path / "files"
    made.mkdir()
    whole = csv_bytes(*rows(days(date(2025, 10, 1), 3)))
    (made / FILE).write_bytes(whole[:-30])
    monkeypatch.setenv("GAPFILL_SIAR_CSV", str(made))


def pause(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Pause sources in their connections."""
    paused = json.dumps({"conn_type": "http", "extra": {"paused": True}})
    for name in names:
        monkeypatch.setenv(f"AIRFLOW_CONN_{name}_DEFAULT", paused)


def test_slots_that_only_a_source_without_a_key_could_serve_are_missing(cli: Cli) -> None:
    """They say what they need, with the folder last; the exit code is 3."""
    ran = cli("status", "weather_daily", "--json")
    (series,) = ran.document["series"]
    assert (ran.code, ran.document["state"]) == (3, "gaps")
    assert (series["slots"]["missing"], series["slots"]["unfillable"]) == (34, 0)
    (gap,) = series["gaps"]
    assert (gap["state"], gap["needs"], gap["fields"]) == ("missing", NEEDS, ["temperature_mean"])
    assert (gap["waiting"], gap["severity"]) == (None, "critical")


def test_status_says_what_they_need(cli: Cli) -> None:
    """The first line is no all-clear; the list has the connections in its heading."""
    ran = cli("status", "weather_daily")
    lines = ran.out.splitlines()
    assert ran.code == 3
    assert lines[0] == "Gaps: 0 complete, 34 missing, 2 pending"
    heading = "weather_daily, 1 gap, needs aemet_default or siar_default or GAPFILL_SIAR_CSV:"
    at = lines.index(heading)
    assert lines[at + 1] == "  2025-10-01T00:00Z – 2025-11-04T00:00Z  34 slots, critical, missing"


def test_a_plan_and_a_heal_separate_what_needs_a_key(cli: Cli, sandbox: Sandbox) -> None:
    """Nobody is asked; healing ends with 3, as something is missing."""
    only = ("--series", "weather_daily")
    planned = cli("plan", *only)
    assert planned.code == 0
    assert planned.out.startswith("Nothing to ask now, 34 that need set-up.\n")
    assert "\nNeeds aemet_default or siar_default or GAPFILL_SIAR_CSV:\n" in planned.out
    healed = cli("heal", *only)
    assert healed.code == 3
    lines = healed.out.splitlines()
    assert lines[0] == "Gaps: 0 complete, 34 missing, 2 pending"
    assert lines[1].startswith("nothing_to_do: 0 slots healed; 1 gap found, 0 resolved, 1 left; ")
    assert "weather_daily, 1 gap, needs aemet_default or siar_default or GAPFILL_SIAR_CSV:" in lines
    assert sandbox.requests.all() == []


def test_a_paused_source_is_not_needed(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever pauses AEMET is told what is left."""
    pause(monkeypatch, "AEMET")
    (gap,) = cli("status", "weather_daily", "--json").document["series"][0]["gaps"]
    assert gap["needs"] == NEEDS[1:]


def test_where_no_source_is_wanted_no_source_has_it(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is left to set up: that is no gap that a source could fill, and no all-clear."""
    pause(monkeypatch, "REE", "ESIOS")
    ran = cli("status", "pvpc")
    lines = ran.out.splitlines()
    assert ran.code == 0
    assert lines[0] == "No gap that a source could fill: 0 complete, 24 pending, 120 unfillable"
    assert "pvpc, 1 gap, no source has it:" in lines
    assert "othing missing" not in ran.out
    assert "no gap" not in ran.out
    assert cli("status", "pvpc", "--strict").code == 3


@pytest.mark.usefixtures("folder")
def test_a_file_that_breaks_off_is_an_error_that_names_it(cli: Cli) -> None:
    """With its line, on both streams; never "not configured", never an all-clear."""
    ran = cli("status", "weather_daily")
    assert ran.code == 1
    assert ran.out.splitlines()[0] == "Gaps: 0 complete, 34 missing, 2 pending"
    assert "weather_daily, 1 gap, source down:" in ran.out
    for text in (ran.out, ran.err):
        assert "siar_csv cannot be read: " in text
        assert f"{FILE}, line 4: " in text
    assert ran.err.count("\n") == 1
    document = cli("status", "weather_daily", "--json").document
    (warning,) = document["series"][0]["warnings"]
    assert f"{FILE}, line 4: " in warning


@pytest.mark.usefixtures("folder")
def test_healing_fails_with_the_file_that_breaks_off(cli: Cli) -> None:
    """It is the run's failure, in both forms."""
    only = ("--series", "weather_daily")
    ran = cli("heal", *only)
    assert ran.code == 1
    failed = ran.out.split("\nFailed:\n")[1].splitlines()[0]
    assert failed.strip().startswith("siar_csv cannot be read: ")
    assert f"{FILE}, line 4: " in failed
    again = cli("heal", *only, "--json")
    assert (again.code, again.document["status"]) == (1, "failed")
    assert len(again.document["failures"]) == 1


@pytest.mark.usefixtures("folder")
def test_a_file_that_breaks_off_is_a_warning_where_another_source_has_all(
    cli: Cli, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIAR's API heals the days: nothing is missing, and the sentence is still there."""
    api = {"conn_type": "http", "host": sandbox.url, "login": "12345678Z", "password": "a-key"}
    monkeypatch.setenv("AIRFLOW_CONN_SIAR_DEFAULT", json.dumps(api))
    ran = cli("heal", "--series", "weather_daily")
    assert ran.code == 0
    assert "Failed:" not in ran.out
    ran = cli("status", "weather_daily")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[0].startswith("Nothing missing: ")
    assert ran.out.count("siar_csv cannot be read: ") == 1


def test_a_folder_that_is_not_there_is_an_error(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As where a volume is not mounted."""
    monkeypatch.setenv("GAPFILL_SIAR_CSV", str(tmp_path / "gone"))
    ran = cli("status", "weather_daily")
    assert ran.code == 1
    assert f"{tmp_path / 'gone'} does not exist" in ran.err


@pytest.mark.parametrize(
    "text",
    [
        '{"password": "s3cr3t"',
        "[1]",
        '"s3cr3t"',
        "s3cr3t",
        '{"conn_type": "http", "password": "s3cr3t", "extra": "[1]"}',
        '{"conn_type": "http", "password": "s3cr3t", "extra": "{paused: true}"}',
    ],
)
def test_a_connection_that_cannot_be_read_is_an_error(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """It is there, so AEMET is not "not configured"; what it has is not shown."""
    monkeypatch.setenv("AIRFLOW_CONN_AEMET_DEFAULT", text)
    ran = cli("status", "weather_daily")
    assert ran.code == 1
    assert ran.err.startswith("aemet cannot be used: ")
    assert "aemet_default" in ran.err
    assert "aemet daily at 5279X is not configured" not in ran.out
    assert "s3cr3t" not in ran.out + ran.err


def test_a_source_that_does_not_answer_is_down(cli: Cli, sandbox: Sandbox) -> None:
    """What it alone could have is listed apart, with the reason; it is asked again."""
    for api in ("ree", "esios"):
        sandbox.faults.add({"api": api, "kind": "500"})
    assert cli("heal", "--series", "pvpc").code == 3
    ran = cli("status", "pvpc")
    assert (ran.code, ran.err) == (3, "")
    assert "pvpc, 1 gap, source down:" in ran.out.splitlines()
    assert (
        "    ree pvpc could not be reached within the last 2 h; other sources are asked first"
        in ran.out
    )
    assert cli("plan", "--series", "pvpc", "--json").document["units"] != []


def test_a_source_that_refuses_for_long_is_down(cli: Cli, sandbox: Sandbox) -> None:
    """Until when stands beside it."""
    for api in ("ree", "esios"):
        sandbox.faults.add({"api": api, "kind": "429", "retry_after": 7200})
    cli("heal", "--series", "pvpc")
    ran = cli("status", "pvpc")
    assert "pvpc, 1 gap, source down:" in ran.out.splitlines()
    assert "    waits until 2025-11-05T14:00" in ran.out
    plan = cli("plan", "--series", "pvpc").out
    assert plan.startswith("Nothing to ask now, 120 whose source is down.\n")
    assert "\nSource down:\n" in plan


def test_a_part_of_the_credentials_is_noted_whoever_else_has_the_slots(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, for both series, in status and in plan; not where the source is paused."""
    given = {"conn_type": "http", "password": "s3cr3t"}
    monkeypatch.setenv("AIRFLOW_CONN_SIAR_DEFAULT", json.dumps(given))
    note = (
        "Note: siar is not configured: connection siar_default has no login, its user id; "
        "add it, or pause the source."
    )
    assert " ".join(cli("status").out.split()).count(note) == 1
    ran = cli("plan", "--json")
    assert ran.err.count(note) == 1
    assert "s3cr3t" not in ran.err
    pause(monkeypatch, "SIAR")
    assert "Note:" not in cli("status").out
