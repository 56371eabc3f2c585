"""``status``, ``explain``, ``export`` and ``heal`` where stored values are no readings."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from gapfill.domain.series import Grade
from tests.builders import point
from tests.catalogs import frozen
from tests.domain.samples import HOUR, at
from tests.stores.backends import SqliteBackend

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.conftest import Cli

pytestmark = [pytest.mark.airflow, pytest.mark.usefixtures("installed")]

FIRST = at("2025-10-25 22:00")
DAY = ("--start", "2025-10-26", "--end", "2025-10-26T04:00:00Z")
"""Six hours of the day of 25."""
PRICES: list[object] = [-5000.0, 50.0, "21,5", float("inf"), 60.0, 70.0]


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[SqliteBackend]:
    """Return the installation's store with six hours of another program, three of them good."""
    made = SqliteBackend(tmp_path)
    pvpc = frozen().series["pvpc"]
    points = [
        point(FIRST + n * HOUR, pvpc.tags, {"price_eur_mwh": 1.0}) for n in range(len(PRICES))
    ]
    made.seed(pvpc, *points, point(at("2035-01-01"), {}, {"price_eur_mwh": 1.0}))
    with closing(sqlite3.connect(made.path)) as connection, connection:
        for n, price in enumerate(PRICES):
            slot = int((FIRST + n * HOUR).timestamp())
            connection.execute(
                "UPDATE energy_prices SET price_eur_mwh = ? WHERE slot = ?", (price, slot)
            )
    yield made
    made.close()


@pytest.mark.usefixtures("backend")
def test_status_counts_and_names_what_does_not_count(cli: Cli) -> None:
    """As warnings, and in JSON as numbers; the slots are missing."""
    ran = cli("status", "pvpc", *DAY, "--json")
    assert ran.code == 3
    (series,) = ran.document["series"]
    assert (series["slots"]["complete"], series["slots"]["missing"]) == (3, 3)
    assert series["newest"] == "2025-10-26T03:00:00Z"
    assert series["flaws"] == {
        "values": 3,
        "not_numbers": 1,
        "first": {"at": "2025-10-25T22:00:00Z", "field": "price_eur_mwh", "value": "-5000"},
    }
    assert series["ahead"] == {"points": 1, "newest": "2035-01-01T00:00:00Z"}
    assert series["warnings"] == [
        (
            "pvpc: 3 values out of bounds (1 of them is not a number), the first price_eur_mwh "
            "-5000 at 2025-10-25T22:00:00Z (bounds: -1000 to 10000 €/MWh); they do not count as "
            "readings."
        ),
        (
            "pvpc: 1 point lies after the last expected slot, the newest "
            "2035-01-01T00:00:00Z; check the clock of the program that writes there."
        ),
    ]
    assert "3 values out of bounds" in cli("status", "pvpc", *DAY).out


@pytest.mark.usefixtures("backend")
def test_explain_says_what_stands_there(cli: Cli) -> None:
    """A text is no bug."""
    ran = cli("explain", "pvpc", "2025-10-26T00:00:00Z")
    assert ran.code == 0
    assert "what is stored as price_eur_mwh, '21,5', is not a number from -1000 to 10000" in ran.out


def test_heal_replaces_what_does_not_count_and_undo_puts_it_back(
    cli: Cli, backend: SqliteBackend
) -> None:
    """A gap as any other."""
    ran = cli("heal", "--series", "pvpc", *DAY, "--json")
    assert ran.code == 0
    assert ran.document["ree_records_recovered"] == 3
    (series,) = cli("status", "pvpc", *DAY, "--json").document["series"]
    assert (series["slots"]["complete"], series["flaws"]["values"]) == (6, 0)
    (batch,) = [c["batch"] for c in ran.document["certificates"]]
    assert cli("undo", batch).code == 0
    with closing(sqlite3.connect(backend.path)) as connection:
        found = connection.execute(
            "SELECT price_eur_mwh FROM energy_prices WHERE slot < 2000000000 ORDER BY slot"
        ).fetchall()
    assert [price for (price,) in found] == PRICES


@pytest.mark.usefixtures("backend")
def test_an_export_can_be_imported_and_says_nothing_new(cli: Cli, tmp_path: Path) -> None:
    """What does not count is an empty cell or no row at all."""
    exported = cli("export", "pvpc", *DAY).out
    assert [line.split(",")[1] for line in exported.splitlines()[1:]] == ["50.0", "60.0", "70.0"]
    path = tmp_path / "out.csv"
    path.write_text(exported, encoding="utf-8")
    assert cli("import", "pvpc", str(path)).out.startswith("Imported 0 of 3 rows")
    assert cli("export", "pvpc", *DAY).out == exported


def test_tidy_shows_copies_and_removes_them_when_told_to(cli: Cli, backend: SqliteBackend) -> None:
    """Nothing is written before; undo puts them back; a second time there is nothing."""
    pvpc = frozen().series["pvpc"]
    slots = [FIRST - n * HOUR for n in range(1, 6)]
    mine = {"price_eur_mwh": 11.0, "price_eur_kwh": 0.5}
    kept = "price_eur_kwh:ree:40"
    official = int(Grade.OFFICIAL)
    backend.seed(
        pvpc,
        *(point(slot, {"market": "pvpc"}, {"price_eur_mwh": 13.5}) for slot in slots),
        *(point(slot, pvpc.tags, mine, official, None, "old/a", kept) for slot in slots),
    )
    before = cli("export", "pvpc", "--start", "2025-10-25", "--end", "2025-10-26").out
    assert "13.5" in before
    assert "11.0" not in before
    shown = cli("tidy", "pvpc")
    assert shown.code == 0
    assert shown.out.splitlines() == [
        (
            "pvpc: 5 copied values in 5 slots: 2025-10-25T17:00Z, 2025-10-25T18:00Z, "
            "2025-10-25T19:00Z and so on to 2025-10-25T21:00Z."
        ),
        "Nothing was changed. To remove them: tidy --yes",
    ]
    assert cli("tidy", "--json").document["series"][0]["removed"] == 0
    done = cli("tidy", "--yes", "--json").document
    assert done["series"][0] == {
        "series": "pvpc",
        "slots": 5,
        "values": 5,
        "first": "2025-10-25T17:00:00Z",
        "last": "2025-10-25T21:00:00Z",
        "removed": 5,
    }
    assert cli("tidy").out == (
        "Nothing to tidy: no point holds copies of other programs' values.\n"
    )
    after = cli("export", "pvpc", "--start", "2025-10-25", "--end", "2025-10-26").out
    assert after.replace(done["batch"], "old/a") == before
    assert cli("undo", done["batch"]).code == 0
    assert cli("export", "pvpc", "--start", "2025-10-25", "--end", "2025-10-26").out == before
