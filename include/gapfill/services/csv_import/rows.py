"""Reads a CSV file of a series, checks every row, and refuses the whole file if one is bad."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from gapfill.domain.due import horizon, last_slot
from gapfill.domain.grid import DAY
from gapfill.domain.interval import iso
from gapfill.domain.reading import UNKNOWN, Origin, Row, parse_kept
from gapfill.domain.series import Grade, Series
from gapfill.services.csv_import.esios import PRICE, TITLES, Export, read_export
from gapfill.services.csv_import.numbers import Decimals, decimals_of
from gapfill.services.csv_import.table import PROVENANCE, Line, read_table
from gapfill.services.csv_import.text import Cell, refusal, shown
from gapfill.services.csv_import.times import Stamp, instants_of, read_stamp

IMPORT = "import"
"""Source of a value without a source in the file, or changed by hand in it."""

_KWH, _KWH_PER_MWH = "price_eur_kwh", 1000


@dataclass(frozen=True, slots=True)
class Stated:
    """Facts about a file that a person states because the file may not contain them.

    Attributes:
        zone: IANA time zone of times without an offset.
        decimal: ``comma`` or ``point``.
    """

    zone: str | None = None
    decimal: str | None = None


class Read(NamedTuple):
    """The rows of a file; all are valid.

    Attributes:
        rows: In order of slot.
        notes: How the file was read if it does not have the form of an export, one sentence each.
    """

    rows: list[Row]
    notes: tuple[str, ...]


def read_rows(
    series: Series, text: str, name: str, *, batch: str, now: datetime, stated: Stated | None = None
) -> Read:
    """Read and check a whole file before anything is written.

    A row without grade, source and batch becomes a row of this import: the series' default grade,
    source ``import``. A row with a grade and an empty source stays as it is; an export writes
    values of other programs like that. The source ``unknown`` means none.

    Args:
        series: The series of the rows.
        text: The CSV.
        name: The file's name, for errors.
        batch: Id of this import.
        now: The clock; rows after the last slot expected now are refused.
        stated: Facts that a person states.

    Raises:
        RequestError: On a wrong header, a bad number, an ambiguous text, or a slot that is off the
            grid, appears twice or is out of range; names line and column.
    """
    stated = stated or Stated()
    units = {"slot": "", **{f.name: f.unit for f in series.fields}, **dict.fromkeys(PROVENANCE, "")}
    table = read_table(text, name, units, ["slot", *series.required])
    if table.is_utc and stated.zone not in {None, "UTC"}:
        raise refusal(name, f"states in its header that its times are UTC, not {stated.zone}")
    export = read_export(table, series, name)
    lines = export.lines if export else table.lines
    work = _Work(series, name, batch, horizon(series, [], now), export)
    stamps = [read_stamp(line.cells["slot"], work.cell(line, "slot")) for line in lines]
    zone = "UTC" if table.is_utc else stated.zone
    is_daily = series.grid.eras[-1].step >= DAY
    instants = instants_of(stamps, zone, series.place.zone, is_daily=is_daily)
    slots = work.slots(stamps, instants)
    decimals = decimals_of(work.numbers(lines), table.separator, stated.decimal)
    rows = [work.row(line, slot, decimals) for line, slot in zip(lines, slots, strict=True)]
    notes = [export.said] if export else []
    if not is_daily:
        notes += _said_of(stamps, sorted(slots), zone)
    return Read(sorted(rows, key=lambda row: row.slot), tuple(notes))


def _said_of(stamps: Sequence[Stamp], slots: Sequence[datetime], zone: str | None) -> Iterator[str]:
    """Yield a sentence about the clock of times without an offset."""
    local = [stamp for stamp in stamps if stamp.is_local]
    if local:
        how = ", day first" if local[0].is_day_first else ""
        other = "" if zone else "; --zone names another clock"
        yield (
            f"Times without an offset were read as {zone or 'UTC'}{how}: the first slot is "
            f"{iso(slots[0])}, the last {iso(slots[-1])}{other}."
        )


@dataclass(frozen=True, slots=True)
class _Work:
    """Reads the rows of one file.

    Attributes:
        series: The series of the rows.
        name: Name of the file.
        batch: Id of this import.
        end: First slot that is not expected now.
        export: The file, if it is an export of ESIOS.
    """

    series: Series
    name: str
    batch: str
    end: datetime
    export: Export | None

    def cell(self, line: Line, column: str) -> Cell:
        title = TITLES.get(column, column) if self.export else column
        return Cell(self.name, line.number, title)

    def numbers(self, lines: Sequence[Line]) -> Iterator[tuple[str, Cell]]:
        """Yield the cells that hold numbers, in the file's order."""
        for line in lines:
            for field in self.series.fields:
                text = line.cells.get(field.name)
                if text:
                    yield text, self.cell(line, field.name)

    def slots(self, stamps: Sequence[Stamp], instants: Sequence[datetime]) -> list[datetime]:
        """Return the slots of all rows; each is expected, on the grid and unique."""
        slots: dict[datetime, None] = {}
        for stamp, instant in zip(stamps, instants, strict=True):
            slot = self.export.slot(instant) if self.export else instant
            self._check(slot, stamp)
            if slot in slots:
                raise stamp.cell.wrong(f"{iso(slot)} appears twice")
            slots[slot] = None
        return list(slots)

    def _check(self, slot: datetime, stamp: Stamp) -> None:
        series, wrong = self.series, stamp.cell.wrong
        text = stamp.text if stamp.text == iso(slot) else f"{stamp.text} ({iso(slot)})"
        if slot < series.earliest:
            raise wrong(f"{text} is before the beginning of {series.name}, {iso(series.earliest)}")
        if slot >= self.end:
            last = iso(last_slot(series, self.end))
            raise wrong(f"{text} is in the future: it is after the last expected slot, {last}")
        if series.grid.floor(slot) != slot:
            raise wrong(f"{text} is off the grid; the slot is {iso(series.grid.floor(slot))}")

    def row(self, line: Line, slot: datetime, decimals: Decimals) -> Row:
        given = line.cells
        values = self._values(line, decimals)
        grade = _grade(given.get("grade", ""), self.series, self.cell(line, "grade"))
        kept = _kept(given.get("kept", ""), values, self.cell(line, "kept"))
        source, batch = given.get("source"), given.get("batch")
        source = "" if source == UNKNOWN else source
        is_others = given.get("grade") and source == "" and batch is not None
        if not is_others:
            source, batch = source or IMPORT, batch or self.batch
        return Row(slot, values, grade, source or None, batch or None, kept)

    def _values(self, line: Line, decimals: Decimals) -> dict[str, float]:
        values: dict[str, float] = {}
        for field in self.series.fields:
            text, cell = line.cells.get(field.name, ""), self.cell(line, field.name)
            if text:
                values[field.name] = value = decimals.number(text, cell)
                if not field.minimum <= value <= field.maximum:
                    bounds = f"{field.minimum:g} to {field.maximum:g} {field.unit}"
                    raise cell.wrong(f"{text} is outside {bounds}")
        if not values:
            raise self.cell(line, self.series.required[0]).wrong("the row has no value")
        if self.export and self.series.field(_KWH):
            values[_KWH] = values[PRICE] / _KWH_PER_MWH
        return values


def _kept(text: str, values: Mapping[str, float], cell: Cell) -> dict[str, Origin]:
    try:
        kept = parse_kept(text)
    except ValueError:
        raise cell.wrong(f"{shown(text)} does not have the form field:source:grade;……") from None
    for name in kept:
        if name not in values:
            raise cell.wrong(f"it names {name!r}, which has no value in this row")
    return kept


def _grade(text: str, series: Series, cell: Cell) -> Grade:
    if not text:
        return series.default_grade
    try:
        return Grade(int(text)) if text.isdigit() else Grade[text.upper()]
    except (KeyError, ValueError):
        names = ", ".join(f"{g.value} ({g.label})" for g in Grade)
        raise cell.wrong(f"{shown(text)} is not a grade; expected {names}") from None
