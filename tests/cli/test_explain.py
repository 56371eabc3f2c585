"""``explain``: one slot, every verdict, and what comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from gapfill_sandbox import Sandbox
    from tests.cli.conftest import Cli

pytestmark = [pytest.mark.airflow, pytest.mark.usefixtures("installed")]


def test_a_slot_of_the_25_hour_day(cli: Cli) -> None:
    """The first of the two local hours that are called 02:00."""
    cli("heal", "--start", "2025-10-26", "--end", "2025-10-26")
    ran = cli("explain", "pvpc", "2025-10-26T00:00:00Z")
    lines = ran.out.splitlines()
    assert (ran.code, ran.err) == (0, "")
    assert lines[0].startswith(
        "pvpc 2025-10-26T00:00Z (2025-10-26 02:00 CEST) is complete: has price_eur_mwh 82.19, "
        "price_eur_kwh 0.08219, official, from ree, batch cli__20251105T120000Z__"
    )
    assert lines[2:] == [
        "Who could give it, in the order of the route:",
        "    ree pvpc can serve it now.",
        "    esios 1001 is not configured: connection esios_default has no password, its key.",
        "    esios archive70 can serve it now.",
        "",
        "Next: nothing to do.",
    ]
    second = cli("explain", "pvpc", "2025-10-26T01:00:00Z").out
    assert second.startswith("pvpc 2025-10-26T01:00Z (2025-10-26 02:00 CET) is complete")


def test_the_document_holds_the_row_and_the_verdicts(cli: Cli) -> None:
    """State, values, provenance, candidates and the next step."""
    cli("heal", "--start", "2025-10-26", "--end", "2025-10-26")
    said = cli("explain", "pvpc", "2025-10-26T00:00:00Z", "--json").document
    assert (said["series"], said["slot"], said["state"]) == (
        "pvpc",
        "2025-10-26T00:00:00Z",
        "complete",
    )
    assert said["row"]["values"] == {"price_eur_mwh": 82.19, "price_eur_kwh": 0.08219}
    assert (said["row"]["grade"], said["row"]["source"], said["row"]["kept"]) == (
        "official",
        "ree",
        None,
    )
    assert [(c["candidate"], c["standing"]) for c in said["candidates"]] == [
        ("ree pvpc", "serves"),
        ("esios 1001", "unconfigured"),
        ("esios archive70", "serves"),
    ]


def test_an_instant_inside_a_slot_means_that_slot(cli: Cli) -> None:
    """Minutes are floored, other offsets are understood, and a date is its first slot."""
    for text, slot in (
        ("2025-10-26T00:59:59Z", "2025-10-26T00:00:00Z"),
        ("2025-10-26T03:30:00+02:00", "2025-10-26T01:00:00Z"),
        ("2025-10-26", "2025-10-25T22:00:00Z"),
    ):
        assert cli("explain", "pvpc", text, "--json").document["slot"] == slot


def test_a_missing_slot_says_who_will_be_asked(cli: Cli) -> None:
    """Since when it was due, and what the next plan does."""
    said = cli("explain", "pvpc", "2025-11-01T12:00:00Z", "--json").document
    assert (said["state"], said["row"]) == ("missing", None)
    assert said["sentence"] == "it was due 2025-10-31T19:50:00Z and has no reading"
    assert said["next"] == "the next plan asks ree pvpc"


def test_a_slot_that_is_not_due(cli: Cli) -> None:
    """Tomorrow's are pending, next year's lie in the future."""
    tomorrow = cli("explain", "pvpc", "2025-11-06T12:00:00Z", "--json").document
    later = cli("explain", "pvpc", "2026-11-06T12:00:00Z", "--json").document
    assert (tomorrow["state"], tomorrow["sentence"]) == ("pending", "due 2025-11-05T19:50:00Z")
    assert (later["state"], later["sentence"]) == (
        "pending",
        "it is in the future, due 2026-11-05T19:50:00Z",
    )


def test_what_a_source_has_not_is_said_with_the_next_date(cli: Cli, sandbox: Sandbox) -> None:
    """Two answers of "no data", 24 hours apart, make a slot unfillable until one asks again."""
    for api in ("ree", "esios"):
        sandbox.faults.add({"api": api, "kind": "empty"})
    day = ("--start", "2025-10-03", "--end", "2025-10-03")
    assert cli("heal", *day).code == 3
    assert cli("heal", *day, "--now", "2025-11-06T13:00:00Z").code == 0
    late = ("--now", "2025-11-06T14:00:00Z")
    said = cli("explain", "pvpc", "2025-10-03T12:00:00Z", *late, "--json").document
    assert said["state"] == "unfillable"
    assert said["sentence"] == "it has no reading, and no source that is set up has one"
    assert said["next"] == "no source is asked before 2025-11-13T13:00:00Z, unless forced"
    ran = cli("status", *day, *late)
    assert (ran.code, ran.out.splitlines()[0]) == (
        0,
        "No gap that a source could fill: 0 complete, 24 unfillable",
    )
    assert cli("status", *day, *late, "--strict").code == 3
    sandbox.faults.clear()
    assert cli("heal", *day, *late, "--force").code == 0
    assert cli("status", *day, *late, "--strict").code == 0
