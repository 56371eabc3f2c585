"""``status``: what is there, what is not, and never a false all-clear."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Cli

pytestmark = [pytest.mark.airflow, pytest.mark.usefixtures("installed")]


def test_an_empty_store_is_one_critical_gap(cli: Cli, store: Path) -> None:
    """Every due slot is missing, tomorrow's are pending, and the exit code says so."""
    ran = cli("status", "pvpc", "--json")
    assert ran.code == 3
    assert ran.err == ""
    assert ran.document == {
        "now": "2025-11-05T12:00:00Z",
        "store": {"kind": "sqlite", "where": str(store)},
        "state": "gaps",
        "series": [
            {
                "series": "pvpc",
                "group": "ree",
                "resolution": "PT1H",
                "earliest": "2025-09-30T22:00:00Z",
                "newest": None,
                "slots": {
                    "complete": 0,
                    "provisional": 0,
                    "missing": 865,
                    "pending": 24,
                    "unfillable": 0,
                    "unknown": 0,
                },
                "coverage": 0.0,
                "usable": 0.0,
                "gaps": [
                    {
                        "start": "2025-09-30T22:00:00Z",
                        "end": "2025-11-05T23:00:00Z",
                        "slots": 865,
                        "hours": 865.0,
                        "severity": "critical",
                        "state": "missing",
                        "waiting": None,
                        "next_ask": None,
                        "reason": "",
                        "needs": [],
                        "fields": ["price_eur_mwh"],
                    }
                ],
                "error": None,
                "warnings": [],
                "flaws": {"values": 0, "not_numbers": 0, "first": None},
                "ahead": None,
            }
        ],
    }


def test_a_person_reads_the_state_on_the_first_line(cli: Cli, store: Path) -> None:
    """The first line names what is not complete; every line fits 80 columns."""
    ran = cli("status")
    lines = ran.out.splitlines()
    assert ran.code == 3
    assert lines[0] == "Gaps: 0 complete, 865 missing, 24 pending"
    assert "pvpc    none    865 missing from 2025-09-30T22:00Z" in ran.out
    assert "pvpc, 1 gap, a source can be asked now:" in lines
    assert "  2025-09-30T22:00Z – 2025-11-05T23:00Z  865 slots, critical, missing" in lines
    new = "which does not exist yet: `heal` and `import` make it"
    assert f"store: {store}, {new}" in lines
    assert max(len(line) for line in lines if not line.startswith("store: ")) <= 80


def test_a_series_of_which_no_source_is_wanted_is_warned_of(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """People read it below the table, programs under ``warnings``; the exit code is as ever."""
    for name in ("REE", "ESIOS"):
        paused = '{"conn_type": "http", "extra": {"paused": true}}'
        monkeypatch.setenv(f"AIRFLOW_CONN_{name}_DEFAULT", paused)
    warning = (
        "pvpc: none of its sources can be used (ree, esios), so no source can be asked for "
        "865 slots; `explain pvpc 2025-11-05T22:00Z` gives the reason for each source."
    )
    ran = cli("status")
    lines = ran.out.splitlines()
    assert (ran.code, lines.count(warning)) == (0, 1)
    assert lines[0] == "No gap that a source could fill: 0 complete, 24 pending, 865 unfillable"
    assert cli("status", "--json").document["series"][0]["warnings"] == [warning]


def test_a_range_counts_the_slots_that_start_in_it(cli: Cli) -> None:
    """A bare date is a local day, and an end date includes it: 25 hours on 2025-10-26."""
    slots = {
        argv: cli("status", *argv, "--json").document["series"][0]["slots"]["missing"]
        for argv in (
            ("--start", "2025-10-26", "--end", "2025-10-26"),
            ("--start", "2025-10-26T00:00:00Z", "--end", "2025-10-26T03:00:00Z"),
            ("--start", "2025-10-26T00:30:00Z", "--end", "2025-10-26T03:00:00Z"),
            ("--start", "2025-11-05"),
            ("--end", "2025-10-01"),
        )
    }
    assert list(slots.values()) == [25, 3, 2, 24, 24]


def test_strict_makes_pending_slots_count(cli: Cli) -> None:
    """Pending alone is well, unless asked to be strict; the first line names it either way."""
    day = ("--start", "2025-11-06", "--end", "2025-11-06")
    ran = cli("status", *day)
    assert (ran.code, ran.out.splitlines()[0]) == (0, "Nothing missing: 0 complete, 24 pending")
    assert cli("status", *day, "--strict").code == 3
    assert cli("status", *day, "--json").document["series"][0]["coverage"] is None


def test_a_failed_read_is_unknown_and_never_no_gaps(cli: Cli, store: Path) -> None:
    """The document still comes, every slot is unknown, and stderr names the file."""
    store.write_text("This is a shopping list, not a database at all. " * 100)
    ran = cli("status", "--json")
    assert ran.code == 1
    assert ran.document["state"] == "unknown"
    (series,) = ran.document["series"]
    assert series["slots"] == {
        "complete": 0,
        "provisional": 0,
        "missing": 0,
        "pending": 0,
        "unfillable": 0,
        "unknown": 889,
    }
    assert series["coverage"] is None
    assert series["gaps"][0]["state"] == "unknown"
    assert ran.err.count("\n") == 1
    assert f"The store {store} (connection gapfill_store) cannot be used" in ran.err
    assert "not a database" in series["error"]
    lines = cli("status").out.splitlines()
    assert lines[0] == "A read failed: 0 complete, 889 unknown"
    assert lines[4].split() == ["pvpc", "–", "–", "?", "?", "?", "?", "?"]


def test_the_clock_may_be_set_before_or_after_the_command(cli: Cli) -> None:
    """The one nearer the end wins."""
    late = "2025-11-05T20:00:00Z"
    before = cli("--now", late, "status", "--json").document
    after = cli("--now", "2025-10-05T00:00Z", "status", "--json", "--now", late).document
    assert before == after
    assert before["now"] == "2025-11-05T20:00:00Z"
    assert before["series"][0]["slots"]["missing"] == 889


def test_a_report_can_be_repeated(cli: Cli) -> None:
    """The same instant gives the same document."""
    assert cli("status", "--json").out == cli("status", "--json").out
