"""Stored values that are not readings: values out of bounds, and points after the last slot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from gapfill.domain.formatting import count
from gapfill.domain.interval import iso
from gapfill.domain.series import Field, Series


class Flaw(NamedTuple):
    """One stored value that does not count as a reading.

    Attributes:
        instant: Time of its point.
        field: Its field.
        value: The stored value, as text.
    """

    instant: datetime
    field: str
    value: str


class Flaws(NamedTuple):
    """The stored values of a series that do not count.

    Attributes:
        values: Number of values that are not finite, not numbers, or outside the bounds of their
            field.
        not_numbers: Number of those that are not numbers.
        first: The earliest.
    """

    values: int = 0
    not_numbers: int = 0
    first: Flaw | None = None


class Ahead(NamedTuple):
    """The points of a series after its last expected slot.

    Attributes:
        points: Number of points, of the field that most of them have.
        newest: Time of the last of them.
    """

    points: int
    newest: datetime


class Copies(NamedTuple):
    """Values of other programs that an earlier release copied into a series' own points.

    Attributes:
        slots: Their slots, in order.
        values: Number of values.
    """

    slots: tuple[datetime, ...] = ()
    values: int = 0


def copies(found: Mapping[datetime, frozenset[str]]) -> Copies:
    """Return the copies, given as fields by slot."""
    return Copies(tuple(sorted(found)), sum(map(len, found.values())))


def together(found: Iterable[Flaws]) -> Flaws:
    """Return the flaws of several fields, combined; the earliest one is the first."""
    values = not_numbers = 0
    first: Flaw | None = None
    for one in found:
        values, not_numbers = values + one.values, not_numbers + one.not_numbers
        if one.first and (first is None or one.first.instant < first.instant):
            first = one.first
    return Flaws(values, not_numbers, first)


def flaw_of(field: Field, instant: datetime, what: object) -> Flaw:
    """Return a stored value that does not count, with its value as text."""
    if isinstance(what, bytes):
        text = f"{len(what)} bytes"
    elif isinstance(what, float | int) and not isinstance(what, bool):
        text = f"{float(what):g}"
    else:
        text = repr(what)
    return Flaw(instant, field.name, text)


def sentences(series: Series, flaws: Flaws, ahead: Ahead | None) -> tuple[str, ...]:
    """Return one sentence about each kind, for an operator."""
    said: list[str] = []
    first = flaws.first
    field = series.field(first.field) if first else None
    if first and field:
        one = flaws.values == 1
        kinds = _kinds(flaws)
        said.append(
            f"{series.name}: {count(flaws.values, 'value')} out of bounds{kinds}, "
            f"the first {first.field} {first.value} at {iso(first.instant)} (bounds: "
            f"{bounds_of(field)}); {'it does' if one else 'they do'} not count as "
            f"{'a reading' if one else 'readings'}."
        )
    if ahead:
        said.append(
            f"{series.name}: {count(ahead.points, 'point', 'lies', 'lie')} after the last expected "
            f"slot, the newest {iso(ahead.newest)}; check the clock of the program that writes "
            "there."
        )
    return tuple(said)


def _kinds(flaws: Flaws) -> str:
    """Return how many of the values are not numbers, as a part of a sentence."""
    none = flaws.not_numbers
    if not none:
        return ""
    if none == flaws.values:
        return " (not a number)" if none == 1 else " (none of them is a number)"
    verb = "is not a number" if none == 1 else "are not numbers"
    return f" ({none:,} of them {verb})"


def bounds_of(field: Field) -> str:
    """Return the bounds of a field with its unit."""
    return f"{field.minimum:g} to {field.maximum:g} {field.unit}".rstrip()
