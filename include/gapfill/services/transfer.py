"""Moving readings in and out as CSV, provenance included; ``import`` undoes ``export``."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from gapfill.domain.civil import parse_instant
from gapfill.domain.interval import Interval, iso
from gapfill.domain.reading import Row, format_kept, parse_kept
from gapfill.domain.series import Grade
from gapfill.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from gapfill.domain.series import Series
    from gapfill.services.site import Site

PROVENANCE = ("grade", "source", "batch", "kept")


def header(series: Series) -> list[str]:
    """Return the columns of an export: the slot, the fields, the provenance."""
    return ["slot", *(f.name for f in series.fields), *PROVENANCE]


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


def read_csv(series: Series, file: TextIO, name: str) -> list[Row]:
    """Read and check a whole file before anything is written.

    Args:
        series: Whose rows.
        file: The CSV, opened with ``newline=""``.
        name: The file's name, for errors.

    Raises:
        RequestError: On a wrong header, a bad number, a slot off the grid or given
            twice; names line and column.
    """
    reader = csv.DictReader(file, strict=True)
    _check_header(series, reader.fieldnames or [], name)
    rows: dict[datetime, Row] = {}
    try:
        for cells in reader:
            row = _row(series, cells, name, reader.line_num)
            if row.slot in rows:
                raise _Place(name, reader.line_num, "slot").wrong(f"{iso(row.slot)} comes twice")
            rows[row.slot] = row
    except csv.Error as exc:
        message = f"{name}, line {reader.line_num}: {exc}. Nothing was imported."
        raise RequestError(message) from exc
    except UnicodeDecodeError as exc:
        message = f"{name} is not UTF-8 text. Nothing was imported."
        raise RequestError(message) from exc
    return [rows[slot] for slot in sorted(rows)]


def _check_header(series: Series, columns: Sequence[str], name: str) -> None:
    expected = header(series)
    needed = {"slot", *series.required}
    unknown = [c for c in columns if c not in expected]
    lacking = sorted(needed - set(columns))
    if unknown or lacking or len(set(columns)) != len(columns):
        problem = (
            f"unknown column {unknown[0]!r}"
            if unknown
            else f"no column {lacking[0]!r}"
            if lacking
            else "a column comes twice"
        )
        message = (
            f"{name}, line 1: {problem}; expected {','.join(expected)} "
            "(the last four may be absent). Nothing was imported."
        )
        raise RequestError(message)


def _row(series: Series, cells: dict[str, str | None], name: str, line: int) -> Row:
    if None in cells or None in cells.values():
        raise _Place(name, line, "slot").wrong("the row has more or fewer cells than the header")
    given = {key: (value or "").strip() for key, value in cells.items()}
    slot = _slot(series, given["slot"], _Place(name, line, "slot"))
    values: dict[str, float] = {}
    for field in series.fields:
        text = given.get(field.name, "")
        place = _Place(name, line, field.name)
        if text:
            values[field.name] = _number(text, place)
            if not field.minimum <= values[field.name] <= field.maximum:
                raise place.wrong(
                    f"{text} is outside {field.minimum:g} to {field.maximum:g} {field.unit}"
                )
        elif field.required:
            raise place.wrong("a required value is absent")
    grade = _grade(given.get("grade", ""), series, _Place(name, line, "grade"))
    try:
        kept = parse_kept(given.get("kept", ""))
    except ValueError:
        raise _Place(name, line, "kept").wrong("expected field:source:grade;…") from None
    return Row(slot, values, grade, given.get("source") or None, given.get("batch") or None, kept)


def _slot(series: Series, text: str, place: _Place) -> datetime:
    try:
        slot = parse_instant(text)
    except ValueError:
        raise place.wrong(f"{text!r} is no instant such as 2025-10-26T00:00:00Z") from None
    if series.grid.floor(slot) != slot:
        raise place.wrong(f"{text} is off the grid; the slot is {iso(series.grid.floor(slot))}")
    return slot


def _number(text: str, place: _Place) -> float:
    try:
        value = float(text)
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
