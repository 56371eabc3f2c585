"""Decides which rows a write stores, given the contents of the slots: the same for every store.

A write puts those values of a reading into the series' own point that win against all points of
the slot. It does not repeat a value of another point (docs/adr/0020).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from gapfill.domain.interval import Interval, merge
from gapfill.domain.reading import UNKNOWN, Reading, Replace, Row, add, combine, make_row, wins
from gapfill.domain.series import Series
from gapfill.stores.points import Point, SlotContent, contents_of, format_tags, point_of

Contents = dict[datetime, SlotContent]
"""The contents of slots; a choice updates them while it runs."""


class Change(NamedTuple):
    """One slot of a write.

    Attributes:
        slot: The slot.
        before: The series' own point that is stored now, ``None`` without one.
        after: The point to write.
    """

    slot: datetime
    before: Point | None
    after: Point


Choice = Callable[[Contents], Iterable[Row]]
"""Returns the series' own rows to write, given the contents. A row without values stores only its
batch."""

NOTHING = SlotContent()


def choose_better(
    series: Series, readings: Sequence[Reading], batch: str, replace: Replace
) -> Choice:
    """Return the choice that merges readings, one after the other, as ``combine`` does."""

    def better(contents: Contents) -> Iterable[Row]:
        for reading in readings:
            content = contents.get(reading.slot, NOTHING)
            row = content.row
            if row is not None and row.batch == batch and _has_all(row, reading):
                continue  # a batch writes a value once, so a retry changes nothing
            won = wins(row, reading, replace)
            made = combine(row, reading, batch, series.required, replace=replace)
            if won is not None and made is not None:
                own = add(content.own, won, batch, series.required)
                contents[reading.slot] = content._replace(row=made, own=own)
                yield own

    return better


def choose_news(series: Series, rows: Sequence[Row]) -> Choice:
    """Return the choice of unchanged rows, without those that add nothing.

    A value that other points have with the same origin, or in a better grade, is not written again.
    """

    def verbatim(contents: Contents) -> Iterable[Row]:
        for row in rows:
            content = contents.get(row.slot, NOTHING)
            before = content.row
            is_news = before is None or (before.values, before.grade) != (row.values, row.grade)
            if not is_news or (before is not None and before.grade > row.grade):
                continue
            own = _without(series, row, _standing(row, content.others))
            if own.values or content.own is not None:
                contents[row.slot] = content._replace(row=row, own=own)
                yield own

    return verbatim


def choose_without_copies(
    series: Series, batch: str, of: Mapping[datetime, frozenset[str]]
) -> Choice:
    """Return the choice of own rows without the known copies of some slots."""

    def rid(contents: Contents) -> Iterable[Row]:
        for slot, names in of.items():
            content = contents.get(slot, NOTHING)
            copies = names & content.copies
            if content.own is not None and copies:
                made = _without(series, content.own, copies, batch)
                contents[slot] = content._replace(own=made, copies=frozenset())
                yield made

    return rid


def spans_of(series: Series, slots: Iterable[datetime]) -> list[Interval]:
    """Return slots as sorted, disjoint intervals."""
    return merge(Interval(slot, series.grid.end_of(slot)) for slot in set(slots))


def changed(series: Series, points: Sequence[Point], choose: Choice) -> list[Change]:
    """Return the changes that ``choose`` makes to points that count for a series, in its order.

    Raises:
        StoreError: If a row has a field that the series does not have.
    """
    own = format_tags(series.tags)
    chosen = {row.slot: row for row in choose(contents_of(series, points))}
    before = {p.instant: p for p in points if p.tags == own}
    return [
        Change(slot, before.get(slot), point_of(series, own, row, before.get(slot)))
        for slot, row in chosen.items()
    ]


def _standing(row: Row, others: Row | None) -> frozenset[str]:
    """Return the fields that other points have with the same value and origin, or a better grade.

    A value of unknown source in a row of a batch is a copy of their value, with any grade.
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
    """Return a row without some fields; if none is left, it has only its slot and batch."""
    if not names and batch is None:
        return row
    values = {name: value for name, value in row.values.items() if name not in names}
    batch = batch or row.batch
    if not values:
        return Row(row.slot, {}, row.grade, None, batch)
    origins = {name: row.origin(name) for name in values}
    return make_row(row.slot, values, origins, batch, series.required)


def _has_all(row: Row, reading: Reading) -> bool:
    """Return whether a row has each value of a reading in at least its grade."""
    return all(
        name in row.values and row.origin(name).grade >= reading.grade for name in reading.values
    )
