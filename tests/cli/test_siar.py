"""``import-siar``: a folder of SIAR's CSV files into the store, all of it or nothing."""

from __future__ import annotations

import unicodedata
from datetime import date
from typing import TYPE_CHECKING

import pytest

from tests.catalogs import FROZEN
from tests.sources.siar_csv.files import NAME, ROW, blank, csv_bytes, days, row, rows

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Cli

pytestmark = [pytest.mark.airflow, pytest.mark.usefixtures("installed")]

OLD = "J09_Linares_01_01_2017_31_12_2017.csv"
HALF = "J17_Linares_01_01_2023_31_12_2023.csv"


@pytest.fixture
def catalogue() -> Path:
    """Return the whole catalogue: nobody is asked here."""
    return FROZEN


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with three days of J17, one of them blank, and a file of J09."""
    folder = tmp_path / unicodedata.normalize("NFD", "Histórico")
    folder.mkdir()
    lines = [ROW, row(date(2024, 1, 2)), blank(date(2024, 1, 3))]
    (folder / NAME).write_bytes(csv_bytes(*lines))
    (folder / OLD).write_bytes(csv_bytes(*rows(days(date(2017, 1, 1), 3), station="9")))
    return folder


def exported(cli: Cli) -> list[str]:
    """Return the rows of daily weather, without the header."""
    return cli("export", "weather_daily").out.splitlines()[1:]


def test_a_folder_is_imported_and_taken_back(cli: Cli, folder: Path) -> None:
    """A line per file with its counts, what was left out, and the batch that undo takes back."""
    ran = cli("import-siar", str(folder))
    assert (ran.code, ran.err.count("\n")) == (0, 1)
    assert ran.err.startswith("A new store was created")
    *lines, last = ran.out.splitlines()
    assert lines == [
        "Imported 2 of 3 rows of 1 file.",
        f"  {NAME} into weather_daily: 3 rows, 1 blank, 2 written, 0 kept",
        "",
        f"Left out, of no station of the catalogue: {OLD}",
    ]
    batch = last.removeprefix("To take it back: undo ")
    assert batch.startswith("import__20251105T120000Z__")
    rest = "14.83,1.02,85.7,0.35,3.7,,,0.0,6.4,0.65,40,siar_csv/J17"
    assert exported(cli) == [
        f"2024-01-01T00:00:00Z,6.87,{rest},{batch},",
        f"2024-01-02T00:00:00Z,10.5,{rest},{batch},",
    ]
    assert cli("undo", batch).out.startswith("Undone: 2 slots removed, 0 put back")
    assert exported(cli) == []


def test_importing_twice_changes_nothing(cli: Cli, folder: Path) -> None:
    """The second time everything stands, and there is nothing to take back."""
    cli("import-siar", str(folder))
    before = exported(cli)
    ran = cli("import-siar", str(folder))
    assert ran.code == 0
    assert ran.out.splitlines()[:2] == [
        "Imported 0 of 3 rows of 1 file.",
        f"  {NAME} into weather_daily: 3 rows, 1 blank, 0 written, 2 kept",
    ]
    assert "undo" not in ran.out
    assert exported(cli) == before


def test_the_folder_may_be_typed_in_another_normal_form(cli: Cli, folder: Path) -> None:
    """Typed with one character for ó, stored with two."""
    typed = folder.parent / "Hist\u00f3rico"
    assert not typed.exists()
    assert cli("import-siar", str(typed)).out.startswith("Imported 2 of 3 rows")


def test_json_has_the_counts_and_every_refused_value(cli: Cli, folder: Path) -> None:
    """One document on stdout."""
    lines = [row(day, "-60") for day in days(date(2023, 1, 1), 12)]
    (folder / HALF).write_bytes(csv_bytes(*lines, row(date(2023, 1, 13), "1,5")))
    ran = cli("import-siar", str(folder), "--json")
    assert (ran.code, ran.err.count("\n")) == (0, 1)
    assert ran.err.startswith("A new store was created")
    document = ran.document
    assert document["batch"].startswith("import__20251105T120000Z__")
    assert (document["now"], document["written"]) == ("2025-11-05T12:00:00Z", 3)
    assert document["skipped"] == [OLD]
    first, second = document["files"]
    assert len(first.pop("refused")) == 12
    assert first == {
        "file": HALF,
        "station": "J17",
        "series": "weather_daily",
        "rows": 13,
        "blank": 0,
        "incomplete": 12,
        "outside": 0,
        "written": 1,
        "stood": 0,
    }
    assert (second["file"], second["written"], second["refused"]) == (NAME, 2, [])
    told = cli("import-siar", str(folder)).out
    assert (
        f"  {HALF} into weather_daily: 13 rows, 12 without a mean temperature, "
        "0 written, 1 kept, 12 values refused\n"
    ) in told
    assert (
        f"  2023-01-01 temperature_mean '-60' is outside -40 to 50 °C ({HALF}, line 2)\n"
    ) in told
    assert "  and 2 more; --json lists all\n" in told


@pytest.mark.parametrize(
    "body,said",
    [
        (
            csv_bytes(ROW, row(date(2024, 1, 2)))[:-40],
            f"{HALF}, line 3: the file ends in it",
        ),
        (csv_bytes(ROW, row(date(2024, 1, 2)))[:-41], f"{HALF}, line 3: it ends in the mid"),
        (csv_bytes(ROW).decode("utf-16-le").encode(), f"{HALF}: it is UTF-8, Latin-1 or the like"),
        (csv_bytes(ROW.replace("6,87", "7")), f"{NAME}, line 2: Temp Media (ºC) of 01/01/2024 "),
        (csv_bytes(row(date(2025, 11, 5))), f"{HALF}, line 2: 05/11/2025 has values and is not"),
    ],
    ids=["half a row", "half a character", "UTF-8", "contradiction", "not over"],
)
def test_a_wrong_file_refuses_the_whole_folder(
    cli: Cli, folder: Path, body: bytes, said: str
) -> None:
    """The sentence names file and line; nothing of the good files is written either."""
    (folder / HALF).write_bytes(body)
    ran = cli("import-siar", str(folder))
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert ran.err.startswith(said)
    assert ran.err.endswith("Nothing was imported.\n")
    again = cli("import-siar", str(folder), "--json")
    assert (again.code, again.err) == (1, ran.err)
    assert again.document == {"error": ran.err.rstrip("\n")}
    assert exported(cli) == []


def test_a_file_that_cannot_be_read_refuses_the_whole_folder(cli: Cli, folder: Path) -> None:
    """Here, a link to a disk that is away."""
    (folder / "J17_away.csv").symlink_to(folder / "nowhere" / "J17.csv")
    ran = cli("import-siar", str(folder))
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        "J17_away.csv cannot be read (No such file or directory); let this user read it, "
        "or remove it. Nothing was imported.\n"
    )
    assert exported(cli) == []


def test_a_folder_that_is_none_is_a_wrong_command_line(cli: Cli, folder: Path, store: Path) -> None:
    """Missing, a file, or without any CSV file; the store is not made."""
    empty = folder / "empty"
    empty.mkdir()
    said = {
        folder / "nowhere": "does not exist; put the folder's path there.",
        folder / NAME: "is not a folder; put the folder's path there.",
        empty: "has no CSV file; put SIAR's files there, such as J17_….csv.",
    }
    for path, sentence in said.items():
        ran = cli("import-siar", str(path))
        assert (ran.code, ran.out) == (2, "")
        assert ran.err == f"FOLDER: the folder {path} {sentence}\n"
    assert cli("import-siar").err == (
        "Missing argument 'FOLDER'; see python -m gapfill import-siar --help.\n"
    )
    assert not store.exists()


def test_of_many_files_that_are_left_out_a_few_are_named(cli: Cli, folder: Path) -> None:
    """Eighteen years of a station that nobody wants are no eighteen names."""
    for year in range(2013, 2017):
        (folder / f"J09_Linares_{year}.csv").write_bytes(b"not read")
    assert (
        "\nLeft out, of no station of the catalogue: J09_Linares_01_01_2017_31_12_2017.csv, "
        "J09_Linares_2013.csv, J09_Linares_2014.csv and 2 more; --json lists all\n"
    ) in cli("import-siar", str(folder)).out
    assert len(cli("import-siar", str(folder), "--json").document["skipped"]) == 5


def test_a_folder_of_other_stations_is_an_error(cli: Cli, folder: Path, store: Path) -> None:
    """Importing nothing is not "done"."""
    (folder / NAME).unlink()
    ran = cli("import-siar", str(folder))
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        f"Of 1 CSV file in {folder} none begins with J17_: add the station to the catalogue, "
        "or its files to the folder. Nothing was imported.\n"
    )
    assert not store.exists()
