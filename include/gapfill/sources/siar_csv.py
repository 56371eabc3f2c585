"""SIAR's daily values as CSV files, downloaded by hand: bytes of one file to days.

Source:
    The form *Consulta de datos* of https://servicio.mapa.gob.es/websiar/; data of MAPA, free
    to use with the source named. Read 2026-11-24 through files that others have published.

Documented:
    Nothing.

Observed:
    UTF-16LE **without a byte order mark**, CRLF, ``;``, decimal commas, DD/MM/YYYY, 24
    columns. Read as Latin-1 every cell holds NULs. ``Dia`` is the day of the *year*. Dates
    are missing (163 in a row when a station moved), and rows have every value blank. Names
    are ``J17_Linares_01_01_2022_31_12_2022.csv``: station, place, from, to; a name may be
    decomposed Unicode (NFD). Whether the last row ends with a line break was not seen: where
    it does not, its last cell may be cut and is not believed.

Units:
    °C, %, m/s, MJ/m², mm: those of ``weather_daily``.

Limits and lag:
    None; a day comes on the next one, and values are corrected for about a month.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from gapfill.sources.base import excerpt
from gapfill.sources.siar_csv_row import COLUMNS, Day, Row, refused, split_cells

_ENCODING = "utf-16-le"
_BOM = "\ufeff"
_LAST = "et0"  # the last column: what a cut file may have half of
_NAME = re.compile(r"([A-Z]{1,2})(\d{1,3})(_.*)?\.csv", re.IGNORECASE | re.ASCII | re.DOTALL)


@dataclass(frozen=True, slots=True)
class CsvFile:
    """One file, read whole.

    Attributes:
        name: Its name, in composed Unicode.
        station: Id of its station, such as ``J17``.
        days: Its rows that have a value, in the order of the file.
        blank: How many rows have none.
    """

    name: str
    station: str
    days: tuple[Day, ...]
    blank: int


def station_of(name: str) -> str | None:
    """Return the station that a file name begins with, ``None`` for the name of another file."""
    found = _NAME.fullmatch(unicodedata.normalize("NFC", name))
    return f"{found[1].upper()}{int(found[2]):02d}" if found else None


def read_file(name: str, body: bytes) -> CsvFile:
    """Read a file whole, or not at all.

    Args:
        name: The file's name, which says its station.
        body: Its bytes.

    Raises:
        MalformedPayload: If name, encoding, header, a date or a station is wrong, or the
            file breaks off in the middle of a row; names the file and the line.
    """
    name = unicodedata.normalize("NFC", name)
    station = station_of(name)
    if station is None:
        raise refused(excerpt(name), "its name does not begin with a station, such as J17_")
    lines = _text(name, body).split("\n")
    _check_header(name, lines[0].removesuffix("\r"))
    days: list[Day] = []
    provinces: set[int] = set()
    blank = 0
    for n, text in enumerate(lines[1:], start=2):
        is_open = n == len(lines) and not text.endswith("\r")
        if not text.strip():
            continue
        row = Row(f"{name}, line {n}", text.removesuffix("\r"), is_open=is_open)
        if not row.values:
            blank += 1
            continue
        provinces.add(row.province(station))
        if len(provinces) > 1:
            raise refused(row.place, "it is of another province than the rows before")
        cut = row.values.pop(_LAST, "") if row.may_be_cut else ""
        days.append(Day(row.slot(), row.values, name, n, cut))
    return CsvFile(name, station, tuple(days), blank)


def _text(name: str, body: bytes) -> str:
    """Return the text of a file.

    Raises:
        MalformedPayload: If it is empty, or not UTF-16LE.
    """
    if not body:
        raise refused(name, "it is empty; expected a header and rows")
    has_bom = body.startswith(_BOM.encode(_ENCODING))
    if not has_bom and (body[:1] == b"\0" or body[1:2] != b"\0"):
        guess = "UTF-16BE" if body[:1] in (b"\0", b"\xfe") else "UTF-8, Latin-1 or the like"
        raise refused(name, f"it is {guess}; expected UTF-16LE, as SIAR's web writes it")
    try:
        return body.decode(_ENCODING).removeprefix(_BOM)
    except UnicodeDecodeError as exc:
        line = body[: exc.start].decode(_ENCODING).count("\n") + 1
    raise refused(f"{name}, line {line}", "it breaks off in the middle of a character of UTF-16LE")


def _check_header(name: str, text: str) -> None:
    """Refuse any other header: a column too many would shift the ones behind it."""
    cells = split_cells(unicodedata.normalize("NFC", text))
    for n, expected in enumerate(COLUMNS):
        given = cells[n] if n < len(cells) else "nothing"
        if given != expected:
            problem = f"column {n + 1} is {excerpt(given)!r}, expected {expected!r}"
            raise refused(f"{name}, line 1", problem)
    if len(cells) > len(COLUMNS):
        raise refused(f"{name}, line 1", f"it has more columns than the {len(COLUMNS)} known")
