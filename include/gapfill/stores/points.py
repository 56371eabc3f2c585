"""Points as a database holds them, and the rows that they come to: the same for every store.

A slot may have several points: samples off the grid, or points of others whose tags do
not contradict the series'. They are merged here, once for all stores.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gapfill.domain.coverage import Graded
from gapfill.domain.interval import Interval, iso
from gapfill.domain.reading import UNKNOWN, Row, format_kept, parse_kept
from gapfill.domain.series import Grade
from gapfill.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from gapfill.domain.series import Series

_PAIR = re.compile(r"((?:\\.|[^\\,=])*)=((?:\\.|[^\\,=])*)(?:,|$)", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a measurement.

    Attributes:
        tags: Its tags in canonical form.
        instant: When, UTC; on the grid or off it.
        values: Numbers by field name; a field without a value is absent.
        grade: ``gapfill_grade`` as stored, ``None`` without provenance.
        source: ``gapfill_source`` as stored.
        batch: ``gapfill_batch`` as stored.
        kept: ``gapfill_kept`` as stored.
    """

    tags: str
    instant: datetime
    values: Mapping[str, float]
    grade: int | None = None
    source: str | None = None
    batch: str | None = None
    kept: str | None = None


def format_tags(tags: Mapping[str, str]) -> str:
    r"""Return tags in canonical form: ``geo=8741,market=pvpc``, with ``\`` before ``\ , =``."""

    def escaped(text: str) -> str:
        return re.sub(r"([\\,=])", r"\\\1", text)

    return ",".join(f"{escaped(key)}={escaped(value)}" for key, value in sorted(tags.items()))


def parse_tags(text: str) -> dict[str, str]:
    """Parse what ``format_tags`` made."""
    return {
        _ESCAPED.sub(r"\1", key): _ESCAPED.sub(r"\1", value) for key, value in _PAIR.findall(text)
    }


def is_own(series: Series, tags: Mapping[str, str]) -> bool:
    """Tell whether points with these tags count for a series.

    They do unless a tag contradicts the series' (same key, another value) or meets its
    ``exclude``.
    """
    for key, value in series.tags.items():  # a loop, as a store may have thousands of tag sets
        if tags.get(key, value) != value:
            return False
    return not any(tags.get(key) in values for key, values in series.exclude.items())


def rows_of(series: Series, points: Iterable[Point]) -> list[Row]:
    """Return the rows that the points of a series come to, one per slot, in order of slot.

    Args:
        series: Whose points they are.
        points: In any order; one without a value of the series is no reading.

    Raises:
        StoreError: If a point has a grade or a ``kept`` that nobody can read.
    """
    by_slot: dict[datetime, list[Point]] = {}
    for point in points:
        if point.values:
            by_slot.setdefault(series.grid.floor(point.instant), []).append(point)
    return [_row(series, slot, by_slot[slot]) for slot in sorted(by_slot)]


def point_of(series: Series, own: str, row: Row) -> Point:
    """Return a row as the point of a series that holds it.

    Args:
        series: Whose row it is.
        own: The series' tags in canonical form.
        row: What to store.

    Raises:
        StoreError: If it has a field that the series does not have.
    """
    unknown = [name for name in row.values if series.field(name) is None]
    if unknown:
        message = f"The series {series.name} has no field {unknown[0]!r}; see the catalogue."
        raise StoreError(message)
    kept = format_kept(row.kept)
    return Point(own, row.slot, row.values, int(row.grade), row.source, row.batch, kept)


def graded(series: Series, interval: Interval, grades: Sequence[Grade]) -> Graded:
    """Return slots whose required fields have these grades, in the order of the fields."""
    fields = [
        (name, grade)
        for name, grade in zip(series.required, grades, strict=True)
        if grade < series.target
    ]
    worst = min(grades)
    is_plain = len(fields) == len(grades) and all(grade is worst for grade in grades)
    return Graded(interval, worst, () if is_plain else tuple(fields))


def joined(runs: Iterable[Graded]) -> list[Graded]:
    """Join consecutive runs of the same grades, given in order."""
    found: list[Graded] = []
    for run in runs:
        last = found[-1] if found else None
        if last and last[1:] == run[1:] and last.interval.end == run.interval.start:
            found[-1] = run._replace(interval=Interval(last.interval.start, run.interval.end))
        else:
            found.append(run)
    return found


def grade_of(series: Series, instant: datetime, number: int) -> Grade:
    """Return a stored grade.

    Raises:
        StoreError: If it is none of ours.
    """
    try:
        return Grade(number)
    except ValueError as exc:
        raise _unreadable(series, instant, exc) from exc


def _row(series: Series, slot: datetime, points: Sequence[Point]) -> Row:
    if len(points) == 1:
        return _row_of(series, slot, points[0])
    own = format_tags(series.tags)
    ranked = sorted(
        ((_row_of(series, slot, point), point) for point in points),
        key=lambda pair: (pair[0].grade, pair[1].source is not None, pair[1].instant,
                          pair[1].tags == own, pair[1].tags),
        reverse=True,
    )  # fmt: skip
    return _merged(series, slot, [row for row, _ in ranked])


def _merged(series: Series, slot: datetime, ranked: Sequence[Row]) -> Row:
    """Merge rows, best first: each field from the row that has it in the best grade.

    The grade is that of the worst required field, so that a good value in one field
    never vouches for another; every value of another origin is named in ``kept``.
    """
    holders: dict[str, Row] = {}
    for row in ranked:
        for name in row.values:
            before = holders.setdefault(name, row)
            if row.origin(name).grade > before.origin(name).grade:
                holders[name] = row
    origins = {name: row.origin(name) for name, row in holders.items()}
    required = [name for name in series.required if name in holders] or list(holders)
    worst = min(required, key=lambda name: origins[name].grade)
    own, whose = origins[worst], holders[worst]
    return Row(
        slot=slot,
        values={name: row.values[name] for name, row in holders.items()},
        grade=own.grade,
        source=None if own.source == UNKNOWN else own.source,
        batch=whose.batch,
        kept={name: origin for name, origin in origins.items() if origin != own},
    )


def _row_of(series: Series, slot: datetime, point: Point) -> Row:
    grade = series.default_grade
    if point.grade is not None:
        grade = grade_of(series, point.instant, point.grade)
    try:
        kept = {n: o for n, o in parse_kept(point.kept).items() if n in point.values}
    except ValueError as exc:
        raise _unreadable(series, point.instant, exc) from exc
    return Row(slot, point.values, grade, point.source, point.batch, kept)


def _unreadable(series: Series, instant: datetime, exc: ValueError) -> StoreError:
    return StoreError(
        f"A point of {series.measurement} at {iso(instant)} has a provenance that cannot be read "
        f"({exc}); correct or delete it in the store."
    )
