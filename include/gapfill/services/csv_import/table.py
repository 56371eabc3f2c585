"""A CSV text as lines of named cells; the header decides its separator and its columns.

Nothing is guessed from the data. The separator is the one that splits the header into known column
names. The names may differ in case, spaces and punctuation, and may contain a unit, which must be
that of the field.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from gapfill.services.csv_import.text import Cell, refusal, shown

PROVENANCE = ("grade", "source", "batch", "kept")

ESIOS = frozenset({"id", "geoid", "value", "datetime"})
"""Columns of an export of the ESIOS web site; it also has ``name`` and ``geoname``."""

_SEPARATORS = (",", ";", "\t", "|")
_DECLARED = re.compile(r'"?sep=(.)"?[\r\n]*', re.IGNORECASE)
_UNIT = re.compile(r"(.*?)\s*[(\[]\s*([^()\[\]]*?)\s*[)\]]", re.DOTALL)
_DATES = frozenset({"fecha", "date", "dia", "día", "day"})
_TIMES = frozenset({"hora", "time", "hour"})
_NO_WORD = re.compile(r"[\W_]+")
_ALIKE = (("euros", "€"), ("euro", "€"), ("eur", "€"), ("º", "°"), ("˚", "°"), (" ", ""))


class Line(NamedTuple):
    """One row of the file: its number, counted from 1, and its cells without outer blanks."""

    number: int
    cells: Mapping[str, str]


class CsvTable(NamedTuple):
    """The rows of a file by column.

    Attributes:
        separator: The separator of its cells.
        lines: The rows with a value, in the file's order.
        columns: Names of its columns in Gapfill.
        is_utc: Whether the header states that times are UTC.
    """

    separator: str
    lines: Sequence[Line]
    columns: Sequence[str]
    is_utc: bool = False


class _Column(NamedTuple):
    """A column of the header: its title, and the name and the unit in it."""

    title: str
    name: str
    unit: str


def read_table(text: str, name: str, units: Mapping[str, str], needed: Sequence[str]) -> CsvTable:
    """Return the cells of a CSV text by column.

    Args:
        text: The whole file.
        name: Name of the file, for errors.
        units: Unit of each allowed column, by name.
        needed: Required columns.

    Raises:
        RequestError: If the header or a row is wrong; names the line and the change to make.
    """
    text = text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}")
    lines = list(io.StringIO(text, newline=""))
    first = next((n for n, line in enumerate(lines) if line.strip()), len(lines))
    declared = _DECLARED.fullmatch(lines[first]) if lines[first:] else None
    separators: Sequence[str] = _SEPARATORS
    if declared:
        first, separators = first + 1, (declared[1],)
    separator, titles = _header(lines[first:], separators, units)
    columns = _checked(titles, name, first + 1, separator, units, needed)
    reader = csv.reader(lines[first:], delimiter=separator, strict=True)
    found: list[Line] = []
    try:
        for row in islice(reader, 1, None):
            cells = [cell.strip() for cell in row]
            if any(cells):
                number = first + reader.line_num
                found.append(Line(number, _cells(columns, cells, Cell(name, number, "slot"))))
    except csv.Error as exc:
        raise refusal(name, str(exc), first + reader.line_num) from exc
    names = [column.name for column in columns if column.name]
    is_utc = any(column.name == "slot" and column.unit for column in columns)
    return CsvTable(separator, found, names, is_utc)


def _header(
    lines: Sequence[str], separators: Sequence[str], units: Mapping[str, str]
) -> tuple[str, list[_Column]]:
    """Return the separator that gives the most known names, or else the most cells."""
    best: tuple[tuple[int, int], str, list[_Column]] = ((-1, -1), separators[0], [])
    for separator in separators:
        try:
            titles = next(csv.reader(lines, delimiter=separator, strict=True), [])
        except csv.Error:
            continue
        columns = [_column(title) for title in titles]
        known = sum(column.name in units or column.name in ESIOS for column in columns)
        if (known, len(columns)) > best[0]:
            best = (known, len(columns)), separator, columns
    return best[1], best[2]


def _column(title: str) -> _Column:
    plain = title.strip()
    match = _UNIT.fullmatch(plain)
    base, unit = (match[1], match[2]) if match else (plain, "")
    return _Column(plain, _NO_WORD.sub("_", base.casefold()).strip("_"), unit)


def _checked(
    columns: Sequence[_Column],
    name: str,
    line: int,
    separator: str,
    units: Mapping[str, str],
    needed: Sequence[str],
) -> Sequence[_Column]:
    """Return the columns of an import or of an export of ESIOS.

    Raises:
        RequestError: If a column is unknown, is missing, appears twice or has another unit.
    """
    names = [column.name for column in columns if column.title]
    if set(names) >= ESIOS:
        return columns
    optional = " (the last four may be absent)" if PROVENANCE[-1] in units else ""
    expected = f"expected {','.join(units)}{optional}, here with {separator!r} between them"
    for column in columns:
        if column.title and column.name not in units:
            problem = f"unknown column {shown(column.title)}; {expected}{_apart(names)}"
            raise refusal(name, problem, line)
    for wanted in needed:
        if wanted not in names:
            raise refusal(name, f"no column {wanted!r}; {expected}", line)
    if len(set(names)) != len(names):
        raise refusal(name, f"a column appears twice; {expected}", line)
    for column in columns:
        if column.unit:
            _check_unit(column, Cell(name, line, column.name), units[column.name])
    return columns


def _apart(names: Sequence[str]) -> str:
    """Return the next step if date and time have separate columns."""
    if _DATES.isdisjoint(names) or _TIMES.isdisjoint(names):
        return ""
    return "; put date and time into one column, slot, such as 2025-10-26 13:00"


def _check_unit(column: _Column, cell: Cell, unit: str) -> None:
    if column.name == "slot":
        if column.unit.casefold() not in {"utc", "gmt", "z"}:
            raise cell.wrong(
                f"{shown(column.title)} names a clock: write slot, and state the clock with --zone"
            )
    elif _alike(column.unit) != _alike(unit):
        said = f"the field is in {unit}" if unit else "the field has no unit"
        raise cell.wrong(f"{shown(column.title)} names the unit {shown(column.unit)}; {said}")


def _alike(unit: str) -> str:
    """Return a unit in one spelling: ``EUR/MWh`` is ``€/MWh``, and ``W/m2`` is ``W/m²``."""
    text = unicodedata.normalize("NFKC", unit.replace("º", "°")).casefold()
    for spelling, other in _ALIKE:
        text = text.replace(spelling, other)
    return text


def _cells(columns: Sequence[_Column], cells: Sequence[str], at: Cell) -> dict[str, str]:
    """Return a row's cells by column; cells without a column title must be empty."""
    if len(cells) < len(columns) or any(cells[len(columns) :]):
        raise at.wrong(
            "the row has more or fewer cells than the header "
            f"({len(cells)} and {len(columns)}); a decimal comma needs ; between the cells, or "
            "quotes"
        )
    for number, (column, cell) in enumerate(zip(columns, cells, strict=False), start=1):
        if cell and not column.title:
            raise at.wrong(
                f"the cell {number} is {shown(cell)}, but its column has no name: name it in "
                "the header, or remove it"
            )
    return {c.name: cell for c, cell in zip(columns, cells, strict=False) if c.title}
