"""Read the days of one CSV file with SIAR's daily values.

Source:
    https://servicio.mapa.gob.es/websiar/SeleccionParametrosMap.aspx?dst=1; data of MAPA, whose
    terms apply. Read 2026-11-24 from 27 published files of J09 and J17, 2000 to 2025.

Documented:
    Nothing.

Observed:
    UTF-16LE **without a byte order mark**, CRLF, ``;``, decimal commas, DD/MM/YYYY, 24
    columns. As Latin-1, every cell holds NULs. ``Dia`` is the day of the *year*. Dates are
    missing (163 consecutive ones when a station moved); all or some values of a row may be
    blank. Every file ends with a line break, so a file without one is cut. Names are
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
    """A row without a usable value.

    Attributes:
        slot: Its probable day; ``None`` if its date cannot be read.
        place: File and line, for a sentence.
    """

    slot: datetime | None
    place: str


@dataclass(frozen=True, slots=True)
class CsvFile:
    """One complete file.

    Attributes:
        name: Its name, in composed Unicode.
        station: Id of its station, such as ``J17``.
        days: Its rows that have a value, in the order of the file.
        blanks: Its rows without a value, by line, with the day as written.
        dropped: Unreadable rows, each with its line.
        doubtful: Probable days of such rows, each with the place in ``dropped``.
    """

    name: str
    station: str
    days: tuple[Day, ...]
    blanks: tuple[Seen, ...] = ()
    dropped: tuple[Rejected, ...] = ()
    doubtful: tuple[Seen, ...] = ()

    @property
    def blank(self) -> int:
        """Number of rows without a value."""
        return len(self.blanks)


def station_of(name: str) -> str | None:
    """Return the station at the start of a file name, ``None`` if it has none."""
    found = _NAME.fullmatch(unicodedata.normalize("NFC", name))
    return f"{found[1].upper()}{int(found[2]):02d}" if found else None


def read_file(name: str, body: bytes) -> CsvFile:
    """Read a file; one bad row does not affect the others.

    Args:
        name: The file's name, which begins with its station.
        body: Its bytes.

    Raises:
        MalformedPayload: If name, encoding or header is wrong, a row is of another station,
            half of the rows are unreadable, or the file ends in the middle of a row; names
            the file and the line.
    """
    name = unicodedata.normalize("NFC", name)
    station = station_of(name)
    if station is None:
        raise refused(excerpt(name), "its name does not begin with a station, such as J17_")
    lines = _text(name, body).split("\n")
    _check_header(name, lines[0].removesuffix("\r"))
    if lines[-1]:
        raise refused(f"{name}, line {len(lines)}", "the file ends in it and is incomplete")
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
    raise refused(f"{name}, line {line}", "it ends in the middle of a character of UTF-16LE")


def _check_header(name: str, text: str) -> None:
    """Refuse any other header: an extra column would shift the next ones."""
    cells = split_cells(unicodedata.normalize("NFC", text))
    for n, expected in enumerate(COLUMNS):
        given = cells[n] if n < len(cells) else "nothing"
        if given != expected:
            problem = f"column {n + 1} is {excerpt(given)!r}, expected {expected!r}"
            raise refused(f"{name}, line 1", problem)
    if len(cells) > len(COLUMNS):
        raise refused(f"{name}, line 1", f"it has more columns than the {len(COLUMNS)} known")
