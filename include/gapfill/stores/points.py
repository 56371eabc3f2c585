"""Points as a database stores them, and the rows that they form: the same for every store.

A slot may have several points: samples off the grid, or points of other programs whose tags do not
contradict the tags of the series. This module merges them field by field, for all stores: the
better grade wins; of equal grades, a known source wins; then the newest point. A stored value that
is not a number within the bounds of its field is not a reading. A *copy* is a value of another
program that an earlier release wrote into the series' own point; it counts only if no other point
has the field (docs/adr/0020).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from gapfill.domain.coverage import Graded
from gapfill.domain.interval import Interval, iso
from gapfill.domain.reading import UNKNOWN, Row, format_kept, make_row, parse_kept
from gapfill.domain.series import Grade, Series
from gapfill.errors import StoreError

_PAIR = re.compile(r"((?:\\.|[^\\,=])*)=((?:\\.|[^\\,=])*)(?:,|$)", re.DOTALL)
_ESCAPES = str.maketrans({mark: f"\\{mark}" for mark in "\\,="})
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


_NOTHING: Mapping[str, object] = MappingProxyType({})


class Point(NamedTuple):
    """One point of a measurement; a tuple, because a store makes one for each stored slot.

    Attributes:
        tags: Its tags in canonical form.
        instant: Its time, UTC; on the grid or off it.
        values: Numbers by field name; a field without a value is absent.
        grade: ``gapfill_grade`` as stored, ``None`` without provenance.
        source: ``gapfill_source`` as stored.
        batch: ``gapfill_batch`` as stored.
        kept: ``gapfill_kept`` as stored.
        flaws: Stored values of the series' fields that are not readings, by name of the field.
    """

    tags: str
    instant: datetime
    values: Mapping[str, float]
    grade: int | None = None
    source: str | None = None
    batch: str | None = None
    kept: str | None = None
    flaws: Mapping[str, object] = _NOTHING

    @property
    def stored(self) -> dict[str, object]:
        """All stored values of the series' fields, readings or not."""
        return {**self.flaws, **self.values}


class SlotContent(NamedTuple):
    """What is stored in a slot.

    Attributes:
        row: The row of all its points, ``None`` without a reading.
        own: The row of the series' own point, without values that are not readings.
        others: The row of all other points.
        copies: Fields of the own point that are copies of values of other points.
    """

    row: Row | None = None
    own: Row | None = None
    others: Row | None = None
    copies: frozenset[str] = frozenset()


def format_tags(tags: Mapping[str, str]) -> str:
    r"""Return tags in canonical form: ``geo=8741,market=pvpc``, with ``\`` before ``\ , =``."""
    pairs = sorted(tags.items())
    return ",".join(
        f"{key.translate(_ESCAPES)}={value.translate(_ESCAPES)}" for key, value in pairs
    )


def parse_tags(text: str) -> dict[str, str]:
    """Parse a text of ``format_tags``."""
    return {
        _ESCAPED.sub(r"\1", key): _ESCAPED.sub(r"\1", value) for key, value in _PAIR.findall(text)
    }


def is_own(series: Series, tags: Mapping[str, str]) -> bool:
    """Return whether points with these tags count for a series.

    They count unless a tag contradicts one of the series (same key, another value) or is in its
    ``exclude``.
    """
    for key, value in series.tags.items():  # a loop, as a store may have thousands of tag sets
        if tags.get(key, value) != value:
            return False
    return not any(tags.get(key) in values for key, values in series.exclude.items())


def readings_and_flaws(
    series: Series, stored: Mapping[str, object]
) -> tuple[dict[str, float], dict[str, object]]:
    """Return the stored values of a series' fields: those that are readings, and the flaws.

    A field without a value is in neither.
    """
    values: dict[str, float] = {}
    flaws: dict[str, object] = {}
    for one in series.fields:
        what = stored.get(one.name)
        if one.is_reading(what):
            values[one.name] = float(what)  # type: ignore[arg-type]  # a number, as is_reading says
        elif what is not None:
            flaws[one.name] = what
    return values, flaws


def rows_of(series: Series, points: Iterable[Point]) -> list[Row]:
    """Return the rows of the points of a series, one per slot, in order of slot.

    Args:
        series: The series of the points.
        points: In any order; a point without a value of the series is not a reading.

    Raises:
        StoreError: If a point has a grade or a ``kept`` that cannot be read.
    """
    by_slot = _by_slot(series, points)
    return [_row(series, slot, by_slot[slot]) for slot in sorted(by_slot)]


def contents_of(series: Series, points: Iterable[Point]) -> dict[datetime, SlotContent]:
    """Return what is stored in each slot, the series' own point separate from the others.

    Raises:
        StoreError: As ``rows_of``.
    """
    own = format_tags(series.tags)
    contents: dict[datetime, SlotContent] = {}
    for slot, found in _by_slot(series, points).items():
        mine = next((p for p in found if p.tags == own and p.instant == slot), None)
        rest = [p for p in found if p is not mine]
        held = _row_of(series, slot, mine) if mine else None
        others = _row(series, slot, rest) if rest else None
        copies = (
            [n for n in held.values if n in others.values and _may_be_copy(held, mine, n, own)]
            if mine and held and others
            else ()
        )
        contents[slot] = SlotContent(_row(series, slot, found), held, others, frozenset(copies))
    return contents


def point_of(series: Series, own: str, row: Row, before: Point | None) -> Point:
    """Return a row as a point of a series.

    Args:
        series: The series of the row.
        own: The series' tags in canonical form.
        row: The row to store.
        before: The point that is stored now. Its values that are not readings stay, unless the
            row has a value of the field.

    Raises:
        StoreError: If the row has a field that the series does not have.
    """
    unknown = [name for name in row.values if series.field(name) is None]
    if unknown:
        message = f"The series {series.name} has no field {unknown[0]!r}; see the catalogue."
        raise StoreError(message)
    flaws = {n: what for n, what in before.flaws.items() if n not in row.values} if before else {}
    grade = int(row.grade) if row.values else None
    return Point(
        own, row.slot, row.values, grade, row.source, row.batch, format_kept(row.kept), flaws
    )


def graded(series: Series, interval: Interval, grades: Sequence[Grade]) -> Graded:
    """Return the slots of an interval with the grades of their required fields, in field order."""
    fields = [
        (name, grade)
        for name, grade in zip(series.required, grades, strict=True)
        if grade < series.target
    ]
    worst = min(grades)
    is_plain = len(fields) == len(grades) and all(grade is worst for grade in grades)
    return Graded(interval, worst, () if is_plain else tuple(fields))


def is_weak(row: Row, field: str) -> bool:
    """Return whether an observed row has a value of a field that was not observed."""
    return row.origin(field).grade < Grade.OBSERVED <= row.grade


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
        StoreError: If the number is not a grade.
    """
    try:
        return Grade(number)
    except ValueError as exc:
        raise _unreadable(series, instant, exc) from exc


def _by_slot(series: Series, points: Iterable[Point]) -> dict[datetime, list[Point]]:
    by_slot: dict[datetime, list[Point]] = {}
    for point in points:
        if point.values:
            by_slot.setdefault(series.grid.floor(point.instant), []).append(point)
    return by_slot


def _row(series: Series, slot: datetime, points: Sequence[Point]) -> Row:
    """Return the row of the points of a slot; each point has some value.

    The grade is that of the worst required field, so that a good value of one field does not
    raise the grade of another. ``kept`` names every value of another origin.
    """
    if len(points) == 1 and not points[0].flaws:
        return _row_of(series, slot, points[0])
    own = format_tags(series.tags)
    held = [(_row_of(series, slot, point), point) for point in points]
    whose: dict[str, tuple[Row, Point]] = {}
    for name in (one.name for one in series.fields):
        having = [pair for pair in held if name in pair[0].values]
        fresh = [(r, p) for r, p in having if not _may_be_copy(r, p, name, own)]
        if having:
            whose[name] = max(fresh or having, key=lambda pair: _rank(pair[0], pair[1], name, own))
    origins = {name: row.origin(name) for name, (row, _) in whose.items()}
    values = {name: row.values[name] for name, (row, _) in whose.items()}
    made = make_row(slot, values, origins, None, series.required)
    ours = [point.batch for _, point in whose.values() if point.tags == own and point.batch]
    theirs = [point.batch for name, (_, point) in whose.items() if name not in made.kept]
    return replace(made, batch=(ours or theirs)[0])


def _rank(row: Row, point: Point, name: str, own: str) -> tuple[object, ...]:
    """Return the rank of a value; the greatest wins: grade, known source, instant, then the point.

    At one instant the series' own point wins with a known source and loses without one: after
    Gapfill has added a field to it, a value without a source may be a copy, and reads must not
    change.
    """
    origin = row.origin(name)
    is_known = origin.source != UNKNOWN
    return origin.grade, is_known, point.instant, (point.tags == own) == is_known, point.tags


def _may_be_copy(row: Row, point: Point, name: str, own: str) -> bool:
    """Return whether a value is a copy if another point has the field.

    In a point of a batch, only copies and values that are older than the batch have an unknown
    source.
    """
    return bool(point.batch) and point.tags == own and row.origin(name).source == UNKNOWN


def _row_of(series: Series, slot: datetime, point: Point) -> Row:
    grade = series.default_grade
    if point.grade is not None:
        grade = grade_of(series, point.instant, point.grade)
    try:
        kept = {n: o for n, o in parse_kept(point.kept).items() if n in point.values}
    except ValueError as exc:
        raise _unreadable(series, point.instant, exc) from exc
    source = None if point.source == UNKNOWN else point.source
    return Row(slot, point.values, grade, source, point.batch, kept)


def _unreadable(series: Series, instant: datetime, exc: ValueError) -> StoreError:
    return StoreError(
        f"A point of {series.measurement} at {iso(instant)} has a provenance that cannot be read "
        f"({exc}); correct or delete it in the store."
    )
