"""SIAR's daily values as CSV files, downloaded by hand: bytes of one file to days.

Source:
    https://servicio.mapa.gob.es/websiar/SeleccionParametrosMap.aspx?dst=1; data of MAPA, whose
    terms apply. Read 2026-11-24 through 27 files of J09 and J17, 2000 to 2025, that somebody
    has published.

Documented:
    Nothing.

Observed:
    UTF-16LE **without a byte order mark**, CRLF, ``;``, decimal commas, DD/MM/YYYY, 24
    columns. Read as Latin-1 every cell holds NULs. ``Dia`` is the day of the *year*. Dates
    are missing (163 in a row when a station moved); rows have every value blank, or only
    some. Every file ends with a line break, so one that does not is cut. Names are
    ``J17_Linares_01_01_2022_31_12_2022.csv``: station, place, from, to; a name may be
    decomposed Unicode (NFD).

Units:
    °C, %, m/s, MJ/m², mm: those of ``weather_daily``.

Limits and lag:
    None; a day comes on the next one, and values are corrected for about a month.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from gapfill.sources.model import ROW, Rejected, excerpt
from gapfill.sources.rows import BadRow
from gapfill.sources.siar_csv.row import COLUMNS, CsvRow, Day, refused, slot_of, split_cells

_ENCODING = "utf-16-le"
_BOM = "\ufeff"
_NAME = re.compile(r"([A-Z]{1,2})(\d{1,3})(_.*)?\.csv", re.IGNORECASE | re.ASCII | re.DOTALL)


class Seen(NamedTuple):
    """A row of which nothing is taken.

    Attributes:
        slot: The day that it seems to be of; ``None`` where its date cannot be read.
        place: Where it stands, for a sentence.
    """

    slot: datetime | None
    place: str


@dataclass(frozen=True, slots=True)
class CsvFile:
    """One file, read whole.

    Attributes:
        name: Its name, in composed Unicode.
        station: Id of its station, such as ``J17``.
        days: Its rows that have a value, in the order of the file.
        blanks: Its rows that have none, by line; the day is what they say of it.
        dropped: Rows that could not be read, each with its line.
        doubtful: Days that such a row seems to be of, each with the place in ``dropped``.
    """

    name: str
    station: str
    days: tuple[Day, ...]
    blanks: tuple[Seen, ...] = ()
    dropped: tuple[Rejected, ...] = ()
    doubtful: tuple[Seen, ...] = ()

    @property
    def blank(self) -> int:
        """How many rows have no value."""
        return len(self.blanks)


def station_of(name: str) -> str | None:
    """Return the station that a file name begins with, ``None`` for the name of another file."""
    found = _NAME.fullmatch(unicodedata.normalize("NFC", name))
    return f"{found[1].upper()}{int(found[2]):02d}" if found else None


def read_file(name: str, body: bytes) -> CsvFile:
    """Read a file; one bad row costs nothing but itself.

    Args:
        name: The file's name, which says its station.
        body: Its bytes.

    Raises:
        MalformedPayload: If name, encoding or header is wrong, a row is of another station,
            half of them cannot be read, or the file breaks off in the middle of a row; names
            the file and the line.
    """
    name = unicodedata.normalize("NFC", name)
    station = station_of(name)
    if station is None:
        raise refused(excerpt(name), "its name does not begin with a station, such as J17_")
    lines = _text(name, body).split("\n")
    _check_header(name, lines[0].removesuffix("\r"))
    if lines[-1]:
        raise refused(f"{name}, line {len(lines)}", "the file breaks off in it, and is not whole")
    days: list[Day] = []
    dropped: list[Rejected] = []
    blanks: list[Seen] = []
    doubtful: list[Seen] = []
    provinces: set[int] = set()
    for n, text in enumerate(lines[1:], start=2):
        if not text.strip("; \r"):
            continue
        place = f"{name}, line {n}"
        try:
            row = CsvRow(place, text.removesuffix("\r"))
            if not row.values:
                blanks.append(Seen(slot_of(text), place))
                continue
            provinces.add(row.province(station))
            days.append(Day(row.slot(), row.values, name, n))
        except BadRow as exc:
            dropped.append(Rejected(None, ROW, place, str(exc)))
            doubtful.append(Seen(slot_of(text), f"{place}: it {exc}"))
        if len(provinces) > 1:
            raise refused(place, "it is of another province than the rows before")
    if dropped and len(dropped) >= len(days):
        more = "and half of the rows or more cannot be read"
        raise refused(dropped[0].value, f"it {dropped[0].reason}, {more}")
    return CsvFile(name, station, tuple(days), tuple(blanks), tuple(dropped), tuple(doubtful))


def _text(name: str, body: bytes) -> str:
    """Return the text of a file.

    Raises:
        MalformedPayload: If it is empty, or not UTF-16LE.
    """
    if not body:
        raise refused(name, "it is empty; expected a header and rows")
    has_bom = body.startswith(_BOM.encode(_ENCODING))
    if not has_bom and body[1:2] != b"\0":
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
