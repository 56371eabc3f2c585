"""``plan``, ``heal`` and ``undo`` against the sandbox and a real store file."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from gapfill.domain.interval import iso
from gapfill_sandbox import world

if TYPE_CHECKING:
    from pathlib import Path

    from gapfill_sandbox import Sandbox
    from tests.cli.conftest import Cli

pytestmark = [pytest.mark.airflow, pytest.mark.usefixtures("installed")]

FIRST = datetime(2025, 9, 30, 22, tzinfo=UTC)


def truth(slots: int) -> list[tuple[str, float]]:
    """Return the world's prices of so many slots from the series' first."""
    hours = [FIRST + timedelta(hours=n) for n in range(slots)]
    return [(iso(hour), world.price(8741, hour)) for hour in hours]


def stored(cli: Cli) -> list[tuple[str, float]]:
    """Return slots and prices as exported."""
    rows = csv.DictReader(io.StringIO(cli("export", "pvpc").out))
    return [(row["slot"], float(row["price_eur_mwh"])) for row in rows]


def test_a_plan_carries_its_bill_and_asks_nothing(cli: Cli, sandbox: Sandbox) -> None:
    """Three requests of at most 14 days each for 36 days and an hour."""
    ran = cli("plan", "--json")
    assert ran.code == 0
    plan = ran.document
    assert plan["now"] == "2025-11-05T12:00:00Z"
    (unit,) = plan["units"]
    assert {key: unit[key] for key in ("series", "source", "product", "severity", "slots")} == {
        "series": "pvpc",
        "source": "ree",
        "product": "pvpc",
        "severity": "critical",
        "slots": 865,
    }
    assert unit["label"] == "pvpc 2025-09-30T22:00Z–2025-11-05T23:00Z"
    assert unit["requests"] == [
        {"start": "2025-09-30T22:00:00Z", "end": "2025-10-14T22:00:00Z"},
        {"start": "2025-10-14T22:00:00Z", "end": "2025-10-28T22:00:00Z"},
        {"start": "2025-10-28T22:00:00Z", "end": "2025-11-05T23:00:00Z"},
    ]
    assert (plan["waiting"], plan["unhealable"], plan["deferred"]) == ([], [], 0)
    assert plan["bill"]["calls"] == 3
    assert plan["bill"]["by_source"]["ree"]["calls"] == 3
    assert sandbox.requests.all() == []


def test_a_plan_for_people_fits_80_columns(cli: Cli) -> None:
    """What would be asked stands first."""
    lines = cli("plan").out.splitlines()
    assert lines[0] == "To ask: 865 slots in 1 unit, 3 calls, about 0 s."
    assert max(map(len, lines)) <= 80


def test_healing_brings_the_truth_and_says_what_it_did(cli: Cli, store: Path) -> None:
    """Every due slot, at the right place, with the summary's keys and a certificate."""
    ran = cli("heal", "--json")
    healed = ran.document
    told = f"A new store was created: file {store} (connection gapfill_store).\n"
    assert (ran.code, ran.err) == (0, told)
    del healed["duration_seconds"], healed["certificates"][0]["seconds"]
    batch = healed["certificates"][0].pop("batch")
    assert batch.startswith("cli__20251105T120000Z__")
    assert healed == {
        "status": "completed",
        "slots_enriched": 0,
        "gaps_need_setup": 0,
        "ree_records_recovered": 865,
        "weather_records_recovered": 0,
        "gaps_found": 1,
        "gaps_resolved": 1,
        "gaps_waiting": 0,
        "gaps_unfillable": 0,
        "units_failed": 0,
        "units_deferred": 0,
        "calls": 3,
        "healed": {"pvpc": [{"start": "2025-09-30T22:00:00Z", "end": "2025-11-05T23:00:00Z"}]},
        "failures": [],
        "certificates": [
            {
                "unit": "pvpc 2025-09-30T22:00Z–2025-11-05T23:00Z",
                "series": "pvpc",
                "source": "ree",
                "calls": 3,
                "slots_asked": 865,
                "slots_filled": 865,
                "grade": "official",
                "outcome": "filled",
                "rejected": 0,
                "note": "",
                "error": "",
                "slots_enriched": 0,
            }
        ],
        "state": "ok",
        "waiting": [],
        "unhealable": [],
        "batches": [{"batch": batch, "series": "pvpc", "slots": 865}],
    }
    assert stored(cli) == truth(865)


def test_healing_again_asks_nothing(cli: Cli, sandbox: Sandbox) -> None:
    """A quiet run makes no call and changes nothing."""
    cli("heal")
    before, calls = cli("export", "pvpc").out, len(sandbox.requests.all())
    ran = cli("heal", "--json")
    assert (ran.code, ran.document["status"], ran.document["calls"]) == (0, "nothing_to_do", 0)
    assert ran.document["batches"] == []
    assert (cli("export", "pvpc").out, len(sandbox.requests.all())) == (before, calls)


def test_only_the_asked_range_decides(cli: Cli) -> None:
    """The rest of the history may have holes: what was asked for is whole, so all is well."""
    ran = cli("heal", "--start", "2025-10-26", "--end", "2025-10-26")
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert lines[0] == "Nothing missing: 25 complete"
    assert lines[1].startswith(
        "completed: 25 slots healed; 1 gap found, 1 resolved, 0 left; 1 call in "
    )
    assert cli("status").code == 3


def test_without_a_terminal_progress_is_plain_lines_on_stderr(cli: Cli) -> None:
    """A line for the plan, a line for each unit, no control characters."""
    ran = cli("heal")
    assert ran.err.splitlines()[1:] == [
        "1 unit, 3 calls, about 0 s",
        "[1/1] pvpc 2025-09-30T22:00Z–2025-11-05T23:00Z ree filled, 865 of 865 slots",
    ]
    assert "\x1b" not in ran.out + ran.err


def test_another_source_stands_in_for_one_that_is_down(cli: Cli, sandbox: Sandbox) -> None:
    """REE answers 500, so the next round takes the keyless archive for all of the unit."""
    cli("heal", "--start", "2025-10-05", "--end", "2025-10-31")
    sandbox.faults.add({"api": "ree", "kind": "500"})
    ran = cli("heal", "--json")
    assert ran.code == 0
    assert ran.document["state"] == "ok"
    assert [c["source"] for c in ran.document["certificates"]] == ["ree", "esios"]
    assert [c["outcome"] for c in ran.document["certificates"]] == ["failed", "filled"]


def test_what_is_still_missing_makes_exit_code_3(cli: Cli, sandbox: Sandbox) -> None:
    """Nobody answers: the failures are named, nothing is written, the state is said first."""
    for api in ("ree", "esios"):
        sandbox.faults.add({"api": api, "kind": "500"})
    ran = cli("heal", "--start", "2025-11-01", "--end", "2025-11-01")
    assert ran.code == 3
    assert ran.out.startswith("Gaps: 0 complete, 24 missing\n")
    assert "\nFailed:\n    pvpc 2025-10-31T23:00Z–2025-11-01T23:00Z: " in ran.out
    assert stored(cli) == []


def test_a_refresh_that_fails_is_an_error(cli: Cli, sandbox: Sandbox) -> None:
    """Nothing is missing, yet what was asked for was not done."""
    day = ("--start", "2025-11-01", "--end", "2025-11-01")
    cli("heal", *day)
    for api in ("ree", "esios"):
        sandbox.faults.add({"api": api, "kind": "500"})
    assert cli("heal", *day, "--refresh").code == 1


def test_undo_takes_a_healing_back(cli: Cli) -> None:
    """What the batch added goes, and the gap is open again."""
    cli("heal", "--end", "2025-10-31")
    (certificate,) = cli("heal", "--start", "2025-11-01", "--json").document["certificates"]
    ran = cli("undo", certificate["batch"])
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "Undone: 120 slots removed, 0 put back.\n"
    assert stored(cli) == truth(745)
    assert cli("status").code == 3


def test_undo_puts_back_what_a_refresh_replaced(cli: Cli) -> None:
    """The store is as before, batch ids included."""
    day = ("--start", "2025-11-01", "--end", "2025-11-01")
    cli("heal", *day)
    before = cli("export", "pvpc").out
    (certificate,) = cli("heal", *day, "--refresh", "--json").document["certificates"]
    assert certificate["slots_filled"] == 24
    assert cli("export", "pvpc").out != before
    assert "24 put back" in cli("undo", certificate["batch"]).out
    assert cli("export", "pvpc").out == before


def test_max_gap_hours_leaves_short_gaps_alone(cli: Cli) -> None:
    """A gap of exactly the limit is not longer than it."""
    cli("heal", "--end", "2025-11-04")
    assert cli("plan", "--max-gap-hours", "24", "--json").document["units"] == []
    assert len(cli("plan", "--max-gap-hours", "23.9", "--json").document["units"]) == 1
