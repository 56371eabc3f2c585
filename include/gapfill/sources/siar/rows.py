"""Read SIAR's rows without their time of day: a date, a station, and values by field name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

from gapfill.sources.json_reader import YEARS, Node, is_silent
from gapfill.sources.model import ROW, Ask, RawRow, Rejected, excerpt, is_blank, malformed, number
from gapfill.sources.rows import BadRow, bad, record_of, refuse_unreadable
from gapfill.sources.siar.fields import members

_CODE = re.compile(r"([A-Z]{1,3})0*(\d{1,3})", re.ASCII)
CLOCK = ("hormin", "horamin")
"""Members with a row's half-hour, in either spelling."""

_PLACE = ("estacion", "idprovincia", "idestacion")


class Span(NamedTuple):
    """The dates of a request, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """Number of dates."""
        return (self.last - self.first).days + 1


class Dated(NamedTuple):
    """A row with its date.

    Attributes:
        path: Its place in the document.
        day: Its date.
        record: Its members, by lower-case name; ``dated`` keeps only those in ``CLOCK``.
        values: Its values, by field name; without the blank ones.
    """

    path: str
    day: date
    record: Mapping[str, object]
    values: Mapping[str, object]


class Periods(NamedTuple):
    """The hours or days of an answer.

    Attributes:
        rows: One per hour with both half-hours, or per date.
        notes: Counts of omitted rows, for the evidence.
        dropped: Half-hours without a readable time, and hours with a half-hour that comes
            twice with different values.
    """

    rows: list[RawRow]
    notes: list[str]
    dropped: Sequence[Rejected] = ()


def dated(
    ask: Ask, nodes: Sequence[Node], columns: Mapping[str, str], dates: Span, station: str
) -> tuple[list[Dated], list[Rejected]]:
    """Return the rows with their dates, and those that have a value and no readable date.

    Raises:
        MalformedPayload: If a row with a value is of another date or station, or none of
            the rows can be read.
    """
    rows: list[Dated] = []
    dropped: list[Rejected] = []
    places: dict[str, set[str]] = {name: set() for name in _PLACE}
    for node in nodes:
        if is_silent(node.value):
            continue
        try:
            row = _dated(node, columns, dates)
            if row.values:
                _note_place(row.record, places)
        except BadRow as exc:
            dropped.append(Rejected(None, ROW, node.path, str(exc)))
            continue
        if row.values and not dates.first <= row.day <= dates.last:
            raise malformed(ask, f"it holds a row of {row.day}, which was not asked")
        clock = {name: given for name, given in row.record.items() if name in CLOCK}
        rows.append(row._replace(record=clock))  # a year of half-hours has 17,520 of them
    refuse_unreadable(ask, rows, dropped)
    _refuse_other_stations(ask, places, station)
    return rows, dropped


def _dated(node: Node, columns: Mapping[str, str], dates: Span) -> Dated:
    """Return a row; one without a value and without a readable date gets the first date.

    Raises:
        BadRow: If it has a value, and no readable date.
    """
    record = members(record_of(node))
    given = {name: record.get(column.lower()) for name, column in columns.items()}
    values = {name: value for name, value in given.items() if not is_blank(value)}
    day = _date(record.get("fecha"))
    if day is None and values:
        raise bad(record, "fecha", "a date")
    return Dated(node.path, day or dates.first, record, values)


def _date(given: object) -> date | None:
    """Return a date from a text with or without midnight."""
    try:
        moment = datetime.fromisoformat(given.strip()) if isinstance(given, str) else None
    except ValueError:
        return None
    if moment is None or moment.tzinfo or moment.year not in YEARS:
        return None
    is_midnight = moment == datetime(moment.year, moment.month, moment.day)  # noqa: DTZ001 - a date on the wire
    return moment.date() if is_midnight else None


def _note_place(record: Mapping[str, object], places: Mapping[str, set[str]]) -> None:
    """Collect the names and numbers of a row's place.

    Raises:
        BadRow: If one is a list or an object.
    """
    for name, texts in places.items():
        given = record.get(name)
        if is_blank(given):
            continue
        if not isinstance(given, str | int | float):
            raise bad(record, name, "a name or a number")
        value = number(given)
        texts.add(f"{value:g}" if value is not None else str(given).strip())


def _refuse_other_stations(ask: Ask, places: Mapping[str, set[str]], station: str) -> None:
    """Refuse rows that clearly name another station.

    ``Estacion`` may be the code, a name such as "Linares", or absent; the numbers are
    SIAR's own and in no catalogue. So a code must be the requested one, and a name or
    number must be the same in all rows.
    """
    asked = _code(station)
    for name, texts in places.items():
        others = {text for text in texts if asked and _code(text) not in {None, asked}}
        if others or len({text.casefold() for text in texts}) > 1:
            listed = excerpt(", ".join(sorted(others or texts)))
            raise malformed(ask, f"its {name} is {listed}, and {station} was asked")


def _code(text: str) -> tuple[str, str] | None:
    """Return a station's code in its two parts, ``None`` for a name or a number."""
    match = _CODE.fullmatch(text.strip().upper())
    return (match[1], match[2]) if match else None
