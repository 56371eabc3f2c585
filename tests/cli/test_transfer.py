"""``export`` and ``import``: out and in again without a change, whole files or nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

pytestmark = [pytest.mark.airflow, pytest.mark.usefixtures("installed")]

LONG_DAY = ("--start", "2025-10-26", "--end", "2025-10-26")
HEADER = "slot,price_eur_mwh,price_eur_kwh,grade,source,batch,kept"


def test_the_25_hour_day_goes_out_and_in_again_unchanged(cli: Cli, store: Path) -> None:
    """Every column, byte for byte, from one store into an empty one."""
    cli("heal", *LONG_DAY)
    first = cli("export", "pvpc", *LONG_DAY)
    lines = first.out.splitlines()
    assert (first.code, first.err, len(lines)) == (0, "", 26)
    assert lines[0] == HEADER
    assert lines[1].startswith("2025-10-25T22:00:00Z,")
    assert lines[3].startswith("2025-10-26T00:00:00Z,82.19,0.08219,40,ree,cli__20251105T120000Z__")
    assert lines[3].endswith(":20251025T2200Z-20251026T2300Z,")
    for file in store.parent.glob("store.db*"):
        file.unlink()
    cli("forget-store")
    ran = cli("import", "pvpc", "-", stdin=first.out)
    assert (ran.code, ran.out) == (0, "Imported 25 of 25 rows into pvpc.\n")
    assert cli("export", "pvpc", *LONG_DAY).out == first.out


def test_importing_what_stands_changes_nothing(cli: Cli) -> None:
    """No row is written twice."""
    cli("heal", *LONG_DAY)
    before = cli("export", "pvpc").out
    ran = cli("import", "pvpc", "-", stdin=before)
    assert ran.out == (
        "Imported 0 of 25 rows into pvpc.\n"
        "The others were left out: the store holds the same or better.\n"
    )
    assert cli("export", "pvpc").out == before


def test_rows_without_provenance_are_the_imports_own(cli: Cli, tmp_path: Path) -> None:
    """Default grade, source ``import``, and a batch that ``undo`` takes back."""
    file = tmp_path / "prices.csv"
    file.write_text("slot,price_eur_mwh\n2025-10-26T00:00:00Z,-0.5\n2025-10-26T01:00:00Z,0\n")
    ran = cli("import", "pvpc", str(file))
    batch = ran.out.splitlines()[1].removeprefix("To take it back: undo ")
    assert batch.startswith("import__20251105T120000Z__")
    assert cli("export", "pvpc").out.splitlines() == [
        HEADER,
        f"2025-10-26T00:00:00Z,-0.5,,40,import,{batch},",
        f"2025-10-26T01:00:00Z,0.0,,40,import,{batch},",
    ]
    assert cli("undo", batch).out.startswith("Undone: 2 slots removed, 0 put back")
    assert cli("export", "pvpc").out == HEADER + "\n"
    again = cli("undo", batch)
    assert (again.code, again.err) == (1, f"The batch {batch} is already undone.\n")


def test_a_lower_grade_does_not_replace_a_higher_one(cli: Cli) -> None:
    """Import is no way around the grades."""
    cli("heal", *LONG_DAY)
    before = cli("export", "pvpc").out
    row = "slot,price_eur_mwh,grade\n2025-10-26T00:00:00Z,1,provisional\n"
    assert cli("import", "pvpc", "-", stdin=row).out.startswith("Imported 0 of 1 row into pvpc.")
    assert cli("export", "pvpc").out == before


def test_an_export_may_be_json(cli: Cli) -> None:
    """A list of rows with the CSV's keys; an absent value is null."""
    row = "slot,price_eur_mwh\n2025-10-26T00:00:00Z,12.5\n"
    cli("import", "pvpc", "-", stdin=row)
    ran = cli("export", "pvpc", "--format", "json")
    (document,) = ran.document
    assert document.pop("batch").startswith("import__")
    assert document == {
        "slot": "2025-10-26T00:00:00Z",
        "price_eur_mwh": 12.5,
        "price_eur_kwh": None,
        "grade": 40,
        "source": "import",
        "kept": None,
    }
    assert cli("export", "pvpc", "--end", "2025-10-01", "--format", "json").out == "[]\n"


GOOD = "".join(f"2025-10-26T0{n}:00:00Z,{n}\n" for n in range(5))


@pytest.mark.parametrize(
    "text,said",
    [
        ("when,price_eur_mwh\n", "line 1: unknown column 'when'"),
        ("slot\n", "line 1: no column 'price_eur_mwh'"),
        ("", "line 1: no column 'slot'"),
        ("slot,slot,price_eur_mwh\n", "line 1: a column appears twice"),
        (
            f"slot,price_eur_mwh\n{GOOD}2025-10-26T05:00:00Z,12;5\n",
            "line 7, column price_eur_mwh: '12;5' is not a number",
        ),
        (
            f"slot,price_eur_mwh\n{GOOD}2025-10-26T05:00:00Z,nan\n",
            "line 7, column price_eur_mwh: 'nan' is not a number",
        ),
        (
            f"slot,price_eur_mwh\n{GOOD}2025-10-26T05:00:00Z,1e9\n",
            "line 7, column price_eur_mwh: 1e9 is outside -1000 to 10000 €/MWh",
        ),
        (
            f"slot,price_eur_mwh\n{GOOD}2025-10-26T05:00:00Z,\n",
            "line 7, column price_eur_mwh: the row has no value",
        ),
        (
            f"slot,price_eur_mwh\n{GOOD}2025-10-26T05:30:00Z,1\n",
            "line 7, column slot: 2025-10-26T05:30:00Z is off the grid; the slot is 2025-10-26T05",
        ),
        (
            f"slot,price_eur_mwh\n{GOOD}2025-10-26T02:00:00+02:00,1\n",
            "line 7, column slot: 2025-10-26T00:00:00Z appears twice",
        ),
        (
            f"slot,price_eur_mwh\n{GOOD}2025-10-26T05:00:00,1\n",
            "line 7, column slot: '2025-10-26T05:00:00' is not an instant: it has no offset, and",
        ),
        (
            f"slot,price_eur_mwh\n{GOOD}2025-11-07T05:00:00Z,1\n",
            "line 7, column slot: 2025-11-07T05:00:00Z is in the future",
        ),
        (
            f"slot,price_eur_mwh\n{GOOD}2025-09-07T05:00:00Z,1\n",
            "line 7, column slot: 2025-09-07T05:00:00Z is before the beginning of pvpc",
        ),
        (
            f"slot,price_eur_mwh\n{GOOD}2025-10-26T05:00:00Z\n",
            "line 7, column slot: the row has more or fewer cells than the header",
        ),
        (
            "slot,price_eur_mwh,grade\n2025-10-26T05:00:00Z,1,gold\n",
            "line 2, column grade: 'gold' is not a grade",
        ),
    ],
    ids=lambda value: value if value.startswith("line") else "",
)
def test_a_bad_row_refuses_the_whole_file(cli: Cli, store: Path, text: str, said: str) -> None:
    """The sentence names line and column; not even the good rows are written."""
    ran = cli("import", "pvpc", "-", stdin=text)
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert ran.err.startswith(f"standard input, {said}")
    assert ran.err.endswith("Nothing was imported.\n")
    assert not store.exists()


@pytest.mark.parametrize(
    "data, said",
    [
        (b"PK\x03\x04rest", "is a workbook (.xlsx, .ods) or another ZIP: save the sheet as CSV"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00", "is not text in UTF-8, UTF-16 or Windows-1252"),
        (b"slot,price_eur_mwh\x81\n", "is not text in UTF-8, UTF-16 or Windows-1252"),
        (b"[]\n", "is JSON: import reads CSV, as `export` writes it without --format json"),
        (b"\xef\xbb\xbf<html>", "is a web page or XML: import reads CSV"),
        (b"MARGINALPDBC;\n2026;01;01;1;1.0;1.0;\n*", "is OMIE's file of the day-ahead market"),
        (b"IdProvincia;IdEstacion;Fecha\n", "is a file of SIAR: `import-siar FOLDER` reads"),
    ],
)
def test_a_file_of_another_kind_is_refused_with_what_to_do(
    cli: Cli, store: Path, tmp_path: Path, data: bytes, said: str
) -> None:
    """Named by its path; none of it is read."""
    file = tmp_path / "prices.csv"
    file.write_bytes(data)
    ran = cli("import", "pvpc", str(file))
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith(f"{file} {said}")
    assert ran.err.endswith("Nothing was imported.\n")
    assert not store.exists()


CASES = Path(__file__).parents[1] / "payloads"


_IN_MADRID = ("--zone", "Europe/Madrid")


@pytest.mark.parametrize(
    "name, options, slot, said",
    [
        ("import_semicolon_comma.csv", (), "2025-11-03T05:00:00Z", None),
        ("import_excel_iso.csv", (), "2025-11-03T06:00:00Z", "UTC"),
        ("import_excel_iso.csv", _IN_MADRID, "2025-11-03T05:00:00Z", "Europe/Madrid"),
        ("import_excel_dates.csv", _IN_MADRID, "2025-11-03T05:00:00Z", "Europe/Madrid, day first"),
    ],
    ids=["semicolon", "iso", "iso in Madrid", "day first in Madrid"],
)
def test_files_of_a_spreadsheet_are_taken_in(
    cli: Cli, name: str, options: tuple[str, ...], slot: str, said: str | None
) -> None:
    """What was not stated in the file is said after the import, which can be undone."""
    ran = cli("import", "pvpc", str(CASES / name), *options)
    batch = ran.out.splitlines()[-1].removeprefix("To take it back: undo ")
    hint = "" if options else "; --zone names another clock"
    note = f"Times without an offset were read as {said}: the first slot is {slot}, the last {slot}"
    assert ran.code == 0
    assert ran.out.splitlines() == [
        "Imported 1 of 1 row into pvpc.",
        *([f"{note}{hint}."] if said else []),
        f"To take it back: undo {batch}",
    ]
    assert cli("export", "pvpc").out == f"{HEADER}\n{slot},100.5,,40,import,{batch},\n"


def test_a_date_with_its_day_first_needs_its_clock(cli: Cli, store: Path) -> None:
    """The sentence names the cell and both ways out."""
    file = CASES / "import_excel_dates.csv"
    ran = cli("import", "pvpc", str(file))
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        f"{file}, line 2, column slot: '03/11/2025 06:00' does not show its clock, or "
        "whether its day or its month is first: state their clock with --zone "
        "Europe/Madrid (or --zone UTC); "
        "then times are read day first. Nothing was imported.\n"
    )
    assert not store.exists()


def test_a_number_with_two_readings_needs_its_mark(cli: Cli, store: Path) -> None:
    """1.234 in a file with semicolons is imported when the mark is stated, and not before."""
    text = "slot;price_eur_mwh\n2025-10-26T00:00:00Z;1.234\n"
    ran = cli("import", "pvpc", "-", stdin=text)
    assert ran.err == (
        "standard input, line 2, column price_eur_mwh: '1.234' can mean 1234 or 1.234, and "
        "no other number of the file shows the mark: write it without a thousands "
        "separator, or state the mark with "
        "--decimal comma or point. Nothing was imported.\n"
    )
    assert not store.exists()
    assert cli("import", "pvpc", "-", "--decimal", "comma", stdin=text).code == 1
    assert cli("import", "pvpc", "-", "--decimal", "point", stdin=text).code == 0
    assert ",1.234,," in cli("export", "pvpc").out


def test_an_unknown_clock_is_a_wrong_command_line(cli: Cli) -> None:
    """It is told before any file is read."""
    ran = cli("import", "pvpc", "-", "--zone", "Madrid", stdin="")
    assert ran.code == 2
    assert "'Madrid' is not an IANA time zone such as Europe/Madrid or UTC" in ran.err


def test_an_export_saved_by_a_spreadsheet_changes_nothing(cli: Cli, tmp_path: Path) -> None:
    """Semicolons, decimal commas, a byte order mark and CRLF: the same rows."""
    cli("heal", *LONG_DAY)
    before = cli("export", "pvpc").out
    rows = [line.split(",") for line in before.splitlines()]
    saved = [
        [cell.replace(".", ",") if 1 <= n <= 2 else cell for n, cell in enumerate(row)]
        for row in rows
    ]
    file = tmp_path / "saved.csv"
    text = "sep=;\r\n" + "".join(";".join(row) + ";;\r\n" for row in saved) + ";;;;;;\r\n\r\n"
    file.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert cli("import", "pvpc", str(file)).out.startswith("Imported 0 of 25 rows into pvpc.")
    assert cli("export", "pvpc").out == before
