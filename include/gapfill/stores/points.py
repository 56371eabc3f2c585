"""Points as a database holds them, and the rows that they come to: the same for every store.

A slot may have several points: samples off the grid, or points of others whose tags do
not contradict the series'. They are merged here field by field, once for all stores: the
better grade wins, of equal ones a known source, then the newest point. What stands in a
field and is not a number within its bounds is no reading. A *copy* is a value of another
program that an earlier release wrote into the series' own point; it counts only where no
other point has the field (docs/adr/0020).
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
    """One point of a measurement; a tuple, because a store makes one of each stored slot.

    Attributes:
        tags: Its tags in canonical form.
        instant: When, UTC; on the grid or off it.
        values: Numbers by field name; a field without a value is absent.
        grade: ``gapfill_grade`` as stored, ``None`` without provenance.
        source: ``gapfill_source`` as stored.
        batch: ``gapfill_batch`` as stored.
        kept: ``gapfill_kept`` as stored.
        flaws: What stands in fields of the series and is no reading, by name of the field.
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
        """All that stands in the fields of the series, whether or not it is a reading."""
        return {**self.flaws, **self.values}


class Stand(NamedTuple):
    """What a slot holds.

    Attributes:
        row: What all of its points come to, ``None`` for no reading.
        own: What the series' own point holds of it, without what is no reading.
        others: What the other points come to.
        copies: Fields of the own point that are copies of what other points have.
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


def judged(
    series: Series, stored: Mapping[str, object]
) -> tuple[dict[str, float], dict[str, object]]:
    """Return what stands in the fields of a series as readings, and as flaws; neither for none."""
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
    """Return the rows that the points of a series come to, one per slot, in order of slot.

    Args:
        series: Whose points they are.
        points: In any order; one without a value of the series is no reading.

    Raises:
        StoreError: If a point has a grade or a ``kept`` that nobody can read.
    """
    by_slot = _by_slot(series, points)
    return [_row(series, slot, by_slot[slot]) for slot in sorted(by_slot)]


def stands_of(series: Series, points: Iterable[Point]) -> dict[datetime, Stand]:
    """Return what each slot holds, the series' own point apart from the others.

    Raises:
        StoreError: As ``rows_of``.
    """
    own = format_tags(series.tags)
    stands: dict[datetime, Stand] = {}
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
        stands[slot] = Stand(_row(series, slot, found), held, others, frozenset(copies))
    return stands


def point_of(series: Series, own: str, row: Row, before: Point | None) -> Point:
    """Return a row as the point of a series that holds it.

    Args:
        series: Whose row it is.
        own: The series' tags in canonical form.
        row: What to store.
        before: The point that stands there. What is no reading in it stays, but where the
            row has a value of the field.

    Raises:
        StoreError: If it has a field that the series does not have.
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
    """Return slots whose required fields have these grades, in the order of the fields."""
    fields = [
        (name, grade)
        for name, grade in zip(series.required, grades, strict=True)
        if grade < series.target
    ]
    worst = min(grades)
    is_plain = len(fields) == len(grades) and all(grade is worst for grade in grades)
    return Graded(interval, worst, () if is_plain else tuple(fields))


def is_weak(row: Row, field: str) -> bool:
    """Tell whether an observed row has a value of a field that was not observed."""
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
        StoreError: If it is none of ours.
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
    """Return what the points of a slot come to, each of which has some value.

    The grade is that of the worst required field, so that a good value in one field
    never vouches for another; every value of another origin is named in ``kept``.
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
    """Return what the greatest of wins: grade, known source, instant, and the point itself.

    At one instant the series' own point wins with a known source and loses without one: once
    Gapfill has added a field to it, such a value may be a copy, and what is read must not change.
    """
    origin = row.origin(name)
    is_known = origin.source != UNKNOWN
    return origin.grade, is_known, point.instant, (point.tags == own) == is_known, point.tags


def _may_be_copy(row: Row, point: Point, name: str, own: str) -> bool:
    """Tell whether a value is a copy where another point has the field.

    Only a copy, or what stood in the point before Gapfill wrote into it, is of unknown source
    in a point of ours.
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
