"""Moving readings in and out as CSV, provenance included; ``import`` undoes ``export``."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, TextIO

from gapfill.domain.civil import parse_instant
from gapfill.domain.due import horizon
from gapfill.domain.interval import Interval, iso
from gapfill.domain.reading import Row, format_kept, parse_kept
from gapfill.domain.series import Grade
from gapfill.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from gapfill.domain.reading import Origin
    from gapfill.domain.series import Series
    from gapfill.services.site import Site

PROVENANCE = ("grade", "source", "batch", "kept")


def header(series: Series) -> list[str]:
    """Return the columns of an export: the slot, the fields, the provenance."""
    return ["slot", *(f.name for f in series.fields), *PROVENANCE]


def write_csv(series: Series, rows: Iterable[Mapping[str, object]], file: TextIO) -> None:
    """Write exported rows as CSV; numbers so that they read back as the same."""
    lines = csv.DictWriter(file, header(series), lineterminator="\n")
    lines.writeheader()
    lines.writerows(rows)


def export_rows(site: Site, series: Series, window: Interval) -> Iterator[dict[str, object]]:
    """Yield the rows of a window as columns to values; an absent value is ``None``.

    Raises:
        StoreError: If the store cannot be read.
    """
    for row in site.store.read(series, window):
        yield {
            "slot": iso(row.slot),
            **{f.name: row.values.get(f.name) for f in series.fields},
            "grade": int(row.grade),
            "source": row.source,
            "batch": row.batch,
            "kept": format_kept(row.kept),
        }


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in a file something is wrong."""

    name: str
    line: int
    column: str

    def wrong(self, problem: str) -> RequestError:
        return RequestError(
            f"{self.name}, line {self.line}, column {self.column}: {problem}. Nothing was imported."
        )


def read_csv(series: Series, file: TextIO, name: str, *, batch: str, now: datetime) -> list[Row]:
    """Read and check a whole file before anything is written.

    A row without grade, source and batch is taken in as this import's own: the series'
    default grade, source ``import``. One with a grade and without the others, as an
    export writes the points of others, stays as it is.

    Args:
        series: Whose rows.
        file: The CSV, opened with ``newline=""``.
        name: The file's name, for errors.
        batch: Id of this import.
        now: The clock; rows later than the last slot expected by it are refused.

    Raises:
        RequestError: On a wrong header, a bad number, a slot off the grid, given
            twice or out of range; names line and column.
    """
    reader = csv.DictReader(file, strict=True)
    check = _Check(series, name, batch, horizon(series, [], now))
    rows: dict[datetime, Row] = {}
    try:
        check.header(reader.fieldnames or [])
        for cells in reader:
            row = check.row(cells, reader.line_num)
            if row.slot in rows:
                raise _Place(name, reader.line_num, "slot").wrong(f"{iso(row.slot)} comes twice")
            rows[row.slot] = row
    except csv.Error as exc:
        message = f"{name}, line {reader.reader.line_num}: {exc}. Nothing was imported."
        raise RequestError(message) from exc
    except UnicodeDecodeError as exc:
        message = f"{name} is not UTF-8 text. Nothing was imported."
        raise RequestError(message) from exc
    return [rows[slot] for slot in sorted(rows)]


class Imported(NamedTuple):
    """What an import did.

    Attributes:
        written: Rows that were written.
        is_own: Whether some row was this import's own, for ``undo``.
    """

    written: int
    is_own: bool


def import_rows(site: Site, series: Series, rows: Sequence[Row], batch: str) -> Imported:
    """Write rows as they are, once all of them are found to be good.

    What stands with a higher grade stays, and so does a row with every required
    field where the new one lacks some. A row that says something else than the one that
    stands, and names the same batch or none, was changed by hand: it is this import's own,
    so that no source is named for it and ``undo`` can put back what stood.

    Args:
        site: The installation.
        series: Whose rows.
        rows: From ``read_csv``.
        batch: Id of this import.

    Raises:
        StoreError: If the store cannot be read or written.
    """
    if not rows:
        return Imported(0, is_own=False)
    slots = [row.slot for row in rows]
    span = Interval(min(slots), series.grid.end_of(max(slots)))
    stands = {row.slot: row for row in site.store.read(series, span)}
    chosen: list[Row] = []
    for row in rows:
        before = stands.get(row.slot)
        if before is None:
            chosen.append(row)
        elif _is_whole(series, row) or not _is_whole(series, before):
            is_changed = row.values != before.values and row.batch in (before.batch, None)
            own = replace(row, source="import", batch=batch, kept={})
            chosen.append(own if is_changed else row)
    written = site.store.put(series, chosen)
    return Imported(written, is_own=any(row.batch == batch for row in chosen))


def _is_whole(series: Series, row: Row) -> bool:
    return all(name in row.values for name in series.required)


@dataclass(frozen=True, slots=True)
class _Check:
    """Reads the rows of one file."""

    series: Series
    name: str
    batch: str
    end: datetime

    def header(self, columns: Sequence[str]) -> None:
        expected = header(self.series)
        needed = ["slot", *self.series.required]
        unknown = [c for c in columns if c not in expected]
        lacking = [c for c in needed if c not in columns]
        if unknown or lacking or len(set(columns)) != len(columns):
            problem = (
                f"unknown column {unknown[0]!r}"
                if unknown
                else f"no column {lacking[0]!r}"
                if lacking
                else "a column comes twice"
            )
            message = (
                f"{self.name}, line 1: {problem}; expected {','.join(expected)} "
                "(the last four may be absent). Nothing was imported."
            )
            raise RequestError(message)

    def row(self, cells: Mapping[str | None, object], line: int) -> Row:
        if None in cells or None in cells.values():
            problem = "the row has more or fewer cells than the header"
            raise _Place(self.name, line, "slot").wrong(problem)
        given = {str(key): str(value).strip() for key, value in cells.items()}
        slot = self._slot(given["slot"], _Place(self.name, line, "slot"))
        values = self._values(given, line)
        grade = _grade(given.get("grade", ""), self.series, _Place(self.name, line, "grade"))
        kept = self._kept(given.get("kept", ""), values, _Place(self.name, line, "kept"))
        source, batch = given.get("source"), given.get("batch")
        is_others = given.get("grade") and source == "" and batch == ""
        if not is_others:
            source, batch = source or "import", batch or self.batch
        return Row(slot, values, grade, source or None, batch or None, kept)

    def _slot(self, text: str, place: _Place) -> datetime:
        series = self.series
        try:
            slot = parse_instant(text)
        except (ValueError, OverflowError):
            raise place.wrong(f"{text!r} is no instant such as 2025-10-26T00:00:00Z") from None
        if slot < series.earliest:
            raise place.wrong(f"{text} is before {series.name} begins at {iso(series.earliest)}")
        if slot >= self.end:
            raise place.wrong(f"{text} is in the future; slots are expected to {iso(self.end)}")
        if series.grid.floor(slot) != slot:
            raise place.wrong(f"{text} is off the grid; the slot is {iso(series.grid.floor(slot))}")
        return slot

    def _values(self, given: Mapping[str, str], line: int) -> dict[str, float]:
        values: dict[str, float] = {}
        for field in self.series.fields:
            text = given.get(field.name, "")
            place = _Place(self.name, line, field.name)
            if text:
                values[field.name] = value = _number(text, place)
                if not field.minimum <= value <= field.maximum:
                    bounds = f"{field.minimum:g} to {field.maximum:g} {field.unit}"
                    raise place.wrong(f"{text} is outside {bounds}")
        if not values:
            raise _Place(self.name, line, self.series.required[0]).wrong("the row has no value")
        return values

    def _kept(self, text: str, values: Mapping[str, float], place: _Place) -> dict[str, Origin]:
        try:
            kept = parse_kept(text)
        except ValueError:
            raise place.wrong(f"{text!r} is not of the form field:source:grade;…") from None
        for name in kept:
            if name not in values:
                raise place.wrong(f"it names {name!r}, which has no value in this row")
        return kept


def _number(text: str, place: _Place) -> float:
    try:
        value = math.nan if "_" in text else float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise place.wrong(f"{text!r} is no number")
    return value


def _grade(text: str, series: Series, place: _Place) -> Grade:
    if not text:
        return series.default_grade
    try:
        return Grade(int(text)) if text.isdigit() else Grade[text.upper()]
    except (KeyError, ValueError):
        names = ", ".join(f"{g.value} ({g.label})" for g in Grade)
        raise place.wrong(f"{text!r} is no grade; expected {names}") from None
