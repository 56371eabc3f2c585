"""A folder of SIAR's files with rows that cannot be used: named, never "has no row"."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from tests.catalogs import write_catalog
from tests.sources.siar_csv.files import blank, csv_bytes, days, row, rows

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Cli

pytestmark = [pytest.mark.airflow, pytest.mark.usefixtures("installed")]

FILE = "J17_Linares_01_10_2025_31_10_2025.csv"
DAYS = ("--series", "weather_daily")


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    """Return the catalogue with days since 2025-10-01."""
    return write_catalog(tmp_path, earliest={"weather_daily": "2025-10-01"})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder that is set up."""
    made = tmp_path / "files"
    made.mkdir()
    monkeypatch.setenv("GAPFILL_SIAR_CSV", str(made))
    return made


def test_a_day_that_stands_twice_is_an_error_with_both_rows(cli: Cli, folder: Path) -> None:
    """File, lines, the day and both values, on every surface; the other days are healed."""
    first, *others = days(date(2025, 10, 1), 3)
    lines = [row(first, "6,87"), row(first, "7,87"), *rows(others)]
    (folder / FILE).write_bytes(csv_bytes(*lines))
    said = (
        f"has it twice: {FILE}, line 3: Temp Media (ºC) of 01/10/2025 is 7,87, and 6,87 in {FILE}, "
        "line 2; remove the wrong row."
    )
    ran = cli("heal", *DAYS)
    assert ran.code == 1
    failed = ran.out.split("\nFailed:\n")[1]
    assert f"siar_csv daily at J17 {said}" in " ".join(failed.split())
    assert f"siar_csv daily at J17 {said}" in cli("explain", "weather_daily", "2025-10-01").out
    ran = cli("status", "weather_daily")
    assert (ran.code, ran.err) == (1, f"siar_csv daily at J17 {said}\n")
    assert "has no row for it" not in ran.out.split("2025-10-02T00:00Z")[0]
    assert "2 complete" in ran.out.splitlines()[0] or "2 provisional" in ran.out.splitlines()[0]


def test_a_blank_row_is_not_called_a_day_without_a_row(cli: Cli, folder: Path) -> None:
    """It is no error: SIAR has no values of that day."""
    first, *others = days(date(2025, 10, 1), 3)
    (folder / FILE).write_bytes(csv_bytes(blank(first), *rows(others)))
    ran = cli("explain", "weather_daily", "2025-10-01")
    assert f"siar_csv daily at J17 has a row without values for it ({FILE}, line 2)." in ran.out
    assert cli("status", "weather_daily").err == ""


@pytest.mark.parametrize(
    "name,body,said",
    [
        ("x.csv", b"abc", "x.csv does not begin with a station, such as J17_"),
        (FILE, csv_bytes(), f"{FILE} has no row behind its header"),
        (
            FILE.replace("J17", "J99"),
            csv_bytes(row(date(2025, 10, 1), station="99")),
            f"{FILE.replace('J17', 'J99')} is of J99, which the catalogue does not name",
        ),
    ],
    ids=["stray", "header", "other"],
)
def test_a_folder_without_one_row_of_a_station_is_an_error(
    cli: Cli, folder: Path, name: str, body: bytes, said: str
) -> None:
    """It is set up and cannot be used, as an empty one is: what its files are, it says."""
    (folder / name).write_bytes(body)
    sentence = f"the folder {folder} has no row of J17: {said}; put SIAR's files there"
    ran = cli("status", "weather_daily")
    assert ran.code == 1
    assert sentence in ran.err
    assert "has no row for it" not in ran.out
    ran = cli("heal", *DAYS)
    assert ran.code == 1
    assert sentence in " ".join(ran.out.split("\nFailed:\n")[1].split())
    assert sentence in cli("explain", "weather_daily", "2025-10-01").out
