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
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, NamedTuple

from gapfill.errors import MalformedPayload
from gapfill.sources.base import excerpt

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SOURCE = "siar_csv"

_HEADER = (
    "IdProvincia;IdEstacion;Fecha;Año;Dia;Temp Media (ºC);Temp Max (ºC);Hora Temp Max;"
    "Temp Mínima (ºC);Hora Temp Min;Humedad Media (%);Humedad Max (%);Hora Hum Max;"
    "Humedad Min (%);Hora Hum Mín;Velviento (m/s);DirViento (º);VelVientoMax (m/s);Hora VelMax;"
    "Dir viento Vel Max (º);Radiación (MJ/m2);Precipitación (mm);PePMon;EtPMon"
)

COLUMNS = tuple(_HEADER.split(";"))
"""The header, in composed Unicode (NFC)."""

FIELDS = {
    "temperature_mean": "Temp Media (ºC)",
    "temperature_max": "Temp Max (ºC)",
    "temperature_min": "Temp Mínima (ºC)",
    "humidity_mean": "Humedad Media (%)",
    "wind_speed_mean": "Velviento (m/s)",
    "wind_gust_max": "VelVientoMax (m/s)",
    "solar_radiation": "Radiación (MJ/m2)",
    "precipitation": "Precipitación (mm)",
    "et0": "EtPMon",
}
"""Column of each field."""

PROVINCES = {23: "J"}
"""Letters of the provinces that were seen. Of another, the number alone is checked."""

_AGAIN = "download it again, and do not save it from a spreadsheet"
_ENCODING = "utf-16-le"
_BOM = "\ufeff"
_LAST = "et0"  # the last column: what a cut file may have half of
_NAME = re.compile(r"([A-Z]{1,2})(\d{1,3})(_.*)?\.csv", re.IGNORECASE | re.ASCII | re.DOTALL)
_DATE = re.compile(r"(\d{2})/(\d{2})/(\d{4})", re.ASCII)
_WHOLE = re.compile(r"\d{1,4}", re.ASCII)
_YEARS = range(1900, 2200)
_AT = {name: COLUMNS.index(column) for name, column in FIELDS.items()}


class Day(NamedTuple):
    """One row that has a value.

    Attributes:
        slot: Its date at 00:00 UTC.
        values: What its cells say, by field name; blank ones are absent.
        file: Name of its file.
        line: Its line there, counted from 1.
        cut: Last cell of a file without a last line break, which may be cut; else empty.
    """

    slot: datetime
    values: Mapping[str, str]
    file: str
    line: int
    cut: str = ""

    @property
    def place(self) -> str:
        """Where it stands, for a sentence."""
        return f"{self.file}, line {self.line}"


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


def refused(place: str, problem: str, step: str = _AGAIN) -> MalformedPayload:
    """Return the error for a file that is not as SIAR gives it."""
    message = f"{place}: {problem}. Nothing of it was taken; {step} (docs/sources/siar_csv.md)."
    return MalformedPayload(message, source=SOURCE)


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
    provinces: set[str] = set()
    blank = 0
    for n, text in enumerate(lines[1:], start=2):
        is_open = n == len(lines) and not text.endswith("\r")
        if not text.strip():
            continue
        row = _Row(f"{name}, line {n}", text.removesuffix("\r"), is_open=is_open)
        if not row.values:
            blank += 1
            continue
        row.check_station(station)
        provinces.add(row.cells[0])
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
    cells = _cells(unicodedata.normalize("NFC", text))
    for n, expected in enumerate(COLUMNS):
        given = cells[n] if n < len(cells) else "nothing"
        if given != expected:
            problem = f"column {n + 1} is {excerpt(given)!r}, expected {expected!r}"
            raise refused(f"{name}, line 1", problem)
    if len(cells) > len(COLUMNS):
        raise refused(f"{name}, line 1", f"it has more columns than the {len(COLUMNS)} known")


def _cells(text: str) -> list[str]:
    """Return the cells of a line; an empty one behind the last column is left out."""
    cells = [cell.strip() for cell in text.split(";")]
    return cells[:-1] if len(cells) == len(COLUMNS) + 1 and not cells[-1] else cells


class _Row:
    """The cells of one line.

    Attributes:
        values: What the cells of known fields say, without the blank ones.
        may_be_cut: Whether the last cell may be the beginning of one.
    """

    def __init__(self, place: str, text: str, *, is_open: bool) -> None:
        self.place = place
        self.cells: Sequence[str] = _cells(text)
        if len(self.cells) != len(COLUMNS):
            problem = f"it has {len(self.cells)} of {len(COLUMNS)} cells"
            hint = ": the file is not whole" if is_open else ""
            raise refused(place, problem + hint)
        self.values = {name: self.cells[n] for name, n in _AT.items() if self.cells[n]}
        self.may_be_cut = is_open and not text.rstrip().endswith(";")

    def check_station(self, station: str) -> None:
        """Refuse a row of another station than the file's name says."""
        province, number = self._whole(0), self._whole(1)
        letters = station.rstrip("0123456789")
        expected = PROVINCES.get(province, letters)
        is_known = letters in PROVINCES.values() and province not in PROVINCES
        if is_known or f"{expected}{number:02d}" != station:
            problem = f"province {province}, station {number} is not {station}, as the name says"
            raise refused(self.place, problem)

    def slot(self) -> datetime:
        """Return the row's date, which its year and day of the year must agree with."""
        text = self.cells[2]
        day = _date(text)
        if day is None:
            raise refused(self.place, f"{COLUMNS[2]} is {excerpt(text)!r}, no date as 31/12/2024")
        said = self._whole(3), self._whole(4)
        if said != (day.year, day.timetuple().tm_yday):
            problem = f"{text} is not day {said[1]} of {said[0]}, as {COLUMNS[3]} and Dia say"
            raise refused(self.place, problem)
        return datetime(day.year, day.month, day.day, tzinfo=UTC)

    def _whole(self, n: int) -> int:
        text = self.cells[n]
        if not _WHOLE.fullmatch(text):
            raise refused(self.place, f"{COLUMNS[n]} is {excerpt(text)!r}, no whole number")
        return int(text)


def _date(text: str) -> date | None:
    found = _DATE.fullmatch(text)
    try:
        day = date(int(found[3]), int(found[2]), int(found[1])) if found else None
    except ValueError:
        return None
    return day if day and day.year in _YEARS else None
