"""Read one row of SIAR's CSV files, and check its station and date."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import NamedTuple

from gapfill.errors import MalformedPayload
from gapfill.sources.model import excerpt
from gapfill.sources.rows import BadRow

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
"""Letters of known provinces. For another one, only the number is checked."""

_AGAIN = "download it again, and do not save it from a spreadsheet"
_DATE = re.compile(r"(\d{2})/(\d{2})/(\d{4})", re.ASCII)
_WHOLE = re.compile(r"\d{1,4}", re.ASCII)
_YEARS = range(1900, 2200)
_AT = {name: COLUMNS.index(column) for name, column in FIELDS.items()}


class Day(NamedTuple):
    """One row that has a value.

    Attributes:
        slot: Its date at 00:00 UTC.
        values: Its cells by field name, without blank ones.
        file: Name of its file.
        line: Its line there, counted from 1.
        lent: Rows of the same day in other files, by the field that they supply.
        fault: Place and text of a contradiction, which makes the day unusable.
    """

    slot: datetime
    values: Mapping[str, str]
    file: str
    line: int
    lent: Mapping[str, Day] = MappingProxyType({})
    fault: tuple[str, str] | None = None

    @property
    def place(self) -> str:
        """File and line, for a sentence."""
        return f"{self.file}, line {self.line}"

    def row_of(self, field: str) -> Day:
        """Return the row with the value of a field: this one, or that of another file."""
        return self.lent.get(field, self)


def refused(place: str, problem: str, step: str = _AGAIN) -> MalformedPayload:
    """Return the error for a file that is not in SIAR's format."""
    message = (
        f"{place}: {problem}. Nothing of it was taken; {step} (docs/reference/sources/siar_csv.md)."
    )
    return MalformedPayload(message, source=SOURCE)


def split_cells(text: str) -> list[str]:
    """Return the cells of a line, without an empty one after the last column."""
    cells = [cell.strip() for cell in text.split(";")]
    return cells[:-1] if len(cells) == len(COLUMNS) + 1 and not cells[-1] else cells


class CsvRow:
    """The cells of one line.

    Attributes:
        values: Cells of known fields, without blank ones.

    Raises:
        BadRow: If it has more or fewer cells than the header.
    """

    def __init__(self, place: str, text: str) -> None:
        self.place = place
        self.cells: Sequence[str] = split_cells(text)
        if len(self.cells) != len(COLUMNS):
            raise BadRow(f"has {len(self.cells)} cells, expected {len(COLUMNS)}")
        self.values = {name: self.cells[n] for name, n in _AT.items() if self.cells[n]}

    def province(self, station: str) -> int:
        """Return the row's province, and refuse a row of another station than the file's.

        Raises:
            BadRow: If its province or station is not a number.
            MalformedPayload: If it is of another station.
        """
        province, number = self._whole(0), self._whole(1)
        letters = station.rstrip("0123456789")
        expected = PROVINCES.get(province, letters)
        is_known = letters in PROVINCES.values() and province not in PROVINCES
        if is_known or f"{expected}{number:02d}" != station:
            problem = f"province {province}, station {number} is not {station}, as the name says"
            raise refused(self.place, problem)
        return province

    def slot(self) -> datetime:
        """Return the row's date.

        Raises:
            BadRow: If it cannot be read, or its year and day of the year do not agree with it.
        """
        text = self.cells[2]
        day = _date(text)
        if day is None:
            problem = f"has the {COLUMNS[2]} {excerpt(text)!r}, which is not a date as 31/12/2024"
            raise BadRow(problem)
        said = self._whole(3), self._whole(4)
        if said != (day.year, day.timetuple().tm_yday):
            says = f"{COLUMNS[3]} and Dia say day {said[1]} of {said[0]}"
            raise BadRow(f"has the {COLUMNS[2]} {text}, and {says}")
        return datetime(day.year, day.month, day.day, tzinfo=UTC)

    def _whole(self, n: int) -> int:
        text = self.cells[n]
        if not _WHOLE.fullmatch(text):
            raise BadRow(f"has the {COLUMNS[n]} {excerpt(text)!r}, which is not a whole number")
        return int(text)


def slot_of(text: str) -> datetime | None:
    """Return the date in the third cell of a line, whose other cells may be invalid."""
    cells = split_cells(text)
    day = _date(cells[2]) if len(cells) > 2 else None  # noqa: PLR2004 - the column of the date
    return datetime(day.year, day.month, day.day, tzinfo=UTC) if day else None


def _date(text: str) -> date | None:
    found = _DATE.fullmatch(text)
    try:
        day = date(int(found[3]), int(found[2]), int(found[1])) if found else None
    except ValueError:
        return None
    return day if day and day.year in _YEARS else None
