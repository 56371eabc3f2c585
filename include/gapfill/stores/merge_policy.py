"""Which rows a write makes of what stands: the same for every store.

A write puts into the series' own point what a reading wins against all points of the slot,
and no value that stands in another point (docs/adr/0020).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from gapfill.domain.interval import Interval, merge
from gapfill.domain.reading import UNKNOWN, Reading, Replace, Row, add, combine, make_row, wins
from gapfill.domain.series import Series
from gapfill.stores.points import Point, Stand, format_tags, point_of, stands_of

Stands = dict[datetime, Stand]
"""What slots hold; a choice brings it up to date as it goes."""


class Change(NamedTuple):
    """One slot of a write.

    Attributes:
        slot: Which.
        before: The series' own point that stands there, ``None`` for none.
        after: The point to write.
    """

    slot: datetime
    before: Point | None
    after: Point


Choice = Callable[[Stands], Iterable[Row]]
"""Makes the series' own rows to write of what stands. One without values leaves its batch only."""

NOTHING = Stand()


def choose_better(
    series: Series, readings: Sequence[Reading], batch: str, replace: Replace
) -> Choice:
    """Return the choice of what ``combine`` makes of readings, one after the other."""

    def better(stands: Stands) -> Iterable[Row]:
        for reading in readings:
            stand = stands.get(reading.slot, NOTHING)
            row = stand.row
            if row is not None and row.batch == batch and _has_all(row, reading):
                continue  # a batch writes a value once, so that a retry changes nothing
            won = wins(row, reading, replace)
            made = combine(row, reading, batch, series.required, replace=replace)
            if won is not None and made is not None:
                own = add(stand.own, won, batch, series.required)
                stands[reading.slot] = stand._replace(row=made, own=own)
                yield own

    return better


def choose_news(series: Series, rows: Sequence[Row]) -> Choice:
    """Return the choice of rows as they are, but for those that say nothing new.

    A value that other points give just so, or in a better grade, is not written once more.
    """

    def verbatim(stands: Stands) -> Iterable[Row]:
        for row in rows:
            stand = stands.get(row.slot, NOTHING)
            before = stand.row
            is_news = before is None or (before.values, before.grade) != (row.values, row.grade)
            if not is_news or (before is not None and before.grade > row.grade):
                continue
            own = _without(series, row, _standing(row, stand.others))
            if own.values or stand.own is not None:
                stands[row.slot] = stand._replace(row=row, own=own)
                yield own

    return verbatim


def choose_without_copies(
    series: Series, batch: str, of: Mapping[datetime, frozenset[str]]
) -> Choice:
    """Return the choice of own rows without the copies that are known of some slots."""

    def rid(stands: Stands) -> Iterable[Row]:
        for slot, names in of.items():
            stand = stands.get(slot, NOTHING)
            copies = names & stand.copies
            if stand.own is not None and copies:
                made = _without(series, stand.own, copies, batch)
                stands[slot] = stand._replace(own=made, copies=frozenset())
                yield made

    return rid


def spans_of(series: Series, slots: Iterable[datetime]) -> list[Interval]:
    """Return slots as sorted, disjoint intervals."""
    return merge(Interval(slot, series.grid.end_of(slot)) for slot in set(slots))


def changed(series: Series, points: Sequence[Point], choose: Choice) -> list[Change]:
    """Return what ``choose`` writes over points that count for a series, in its order.

    Raises:
        StoreError: If a row has a field that the series does not have.
    """
    own = format_tags(series.tags)
    chosen = {row.slot: row for row in choose(stands_of(series, points))}
    before = {p.instant: p for p in points if p.tags == own}
    return [
        Change(slot, before.get(slot), point_of(series, own, row, before.get(slot)))
        for slot, row in chosen.items()
    ]


def _standing(row: Row, others: Row | None) -> frozenset[str]:
    """Return the fields that other points give as a row does, or in a better grade.

    A value of unknown source in a row of a batch is a copy of theirs, whatever its grade.
    """
    if others is None:
        return frozenset()
    return frozenset(
        name
        for name, value in row.values.items()
        if name in others.values
        and (
            others.origin(name).grade > row.origin(name).grade
            or (others.values[name], others.origin(name)) == (value, row.origin(name))
            or (others.values[name] == value and _is_copy(row, name))
        )
    )


def _is_copy(row: Row, name: str) -> bool:
    return bool(row.batch) and row.origin(name).source == UNKNOWN


def _without(series: Series, row: Row, names: frozenset[str], batch: str | None = None) -> Row:
    """Return a row without some fields; without any it is nothing but its slot and batch."""
    if not names and batch is None:
        return row
    values = {name: value for name, value in row.values.items() if name not in names}
    batch = batch or row.batch
    if not values:
        return Row(row.slot, {}, row.grade, None, batch)
    origins = {name: row.origin(name) for name in values}
    return make_row(row.slot, values, origins, batch, series.required)


def _has_all(row: Row, reading: Reading) -> bool:
    """Tell whether a row has each value of a reading in at least its grade."""
    return all(
        name in row.values and row.origin(name).grade >= reading.grade for name in reading.values
    )
