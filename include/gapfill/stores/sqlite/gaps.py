"""What is missing or below its target, found inside SQLite.

What crosses from SQL grows with the gaps, never with the history. Measured over ten
years of hours, counting costs a tenth of comparing neighbours: so a count over the
narrow index of complete slots tells first, then stretches are counted, and only those
with holes are looked into (``make bench`` holds the ratios).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from gapfill.domain.coverage import Graded
from gapfill.domain.interval import Interval, merge, subtract
from gapfill.domain.series import Series
from gapfill.stores.points import format_tags, grade_of, graded, joined
from gapfill.stores.sql.rows import from_epoch, to_epoch
from gapfill.stores.sqlite import gap_sql as queries
from gapfill.stores.sqlite.rows import own_tags, span_text
from gapfill.stores.sqlite.schema import stored_table

if TYPE_CHECKING:
    import sqlalchemy as sa

STRETCH = 48
"""Slots that are counted at once: 24 to 60 take the same time for gaps of an hour to two days.

No more than 62: which of them are there crosses from SQL as the bits of one number.
"""

LATEST = 16
"""One slot in so many, the latest, is counted first: holes are there most often."""


class SqliteGaps:
    """What is missing of one series, seen through one connection.

    Attributes:
        connection: A transaction that reads.
        series: The series.
        tags: Tag sets whose points count for it, its own first; none before the first write.
    """

    def __init__(self, connection: sa.Connection, series: Series) -> None:
        self.connection = connection
        self.series = series
        self.tags: Sequence[str] = ()
        self._mine = format_tags(series.tags)
        table = stored_table(connection, series)
        if table is not None and all(name in table.c for name in series.required):
            self.tags = own_tags(connection, table, series)

    def missing(self, window: Interval) -> list[Interval]:
        """Return the runs of slots of the window without every required field."""
        if not self.tags:
            return [window]
        parts = self.series.grid.stretches(window)
        return merge(r for part, step in parts for r in self._absent(part, _seconds(step)))

    def missing_by_field(self, window: Interval) -> dict[str, list[Interval]]:
        """Return the runs of slots of the window without each required field, by field.

        Only holes are looked into for the fields that they do have.
        """
        absent, required = self.missing(window), self.series.required
        if not absent or not self.tags or len(required) == 1:
            return dict.fromkeys(required, absent)
        found: dict[str, list[Interval]] = {}
        for name in required:
            there = merge(
                _interval(start, end)
                for part, step in self.series.grid.stretches(window)
                for start, end in self._all(
                    queries.PRESENT, part, _seconds(step), name, spans=span_text(absent)
                )
            )
            found[name] = subtract(absent, there)
        return found

    def lower_grade(self, window: Interval) -> list[Graded]:
        """Return the runs of slots whose readings have the same grades, some below the target."""
        runs: list[Graded] = []
        for part, step in self.series.grid.stretches(window) if self.tags else ():
            for start, end, *grades in self._all(queries.LOWER, part, _seconds(step)):
                known = [grade_of(self.series, from_epoch(start), grade) for grade in grades]
                runs.append(graded(self.series, _interval(start, end), known))
        return joined(runs)

    def missing_optional(self, field: str, window: Interval) -> list[Interval]:
        """Return the runs of slots that hold every required field and lack this one."""
        if not self.tags:
            return []
        table = stored_table(self.connection, self.series)
        if table is None or field not in table.c:  # no point has it yet
            return subtract([window], self.missing(window))
        return merge(
            _interval(start, end)
            for part, step in self.series.grid.stretches(window)
            for start, end in self._all(queries.LACKING, part, _seconds(step), field)
        )

    def of_source(self, sources: Sequence[str], window: Interval) -> list[Interval]:
        """Return the runs of slots that have a point with one of these sources."""
        names = json.dumps(list(sources))
        parts = self.series.grid.stretches(window) if self.tags else ()
        return merge(
            _interval(start, end)
            for part, step in parts
            for start, end in self._all(queries.OF_SOURCE, part, _seconds(step), sources=names)
        )

    def newest(self, end: datetime) -> datetime | None:
        """Return the newest slot before ``end`` that holds every required field, else ``None``.

        The newest point that holds them all is found by a seek; only what is newer can
        hold them between several points.
        """
        grid, newest = self.series.grid, self._extreme(max, queries.NEWEST_POINT, end)
        if newest is None:
            return None
        whole = self._extreme(max, queries.NEWEST_WHOLE_POINT, end)
        known = None if whole is None else grid.floor(whole)
        oldest = self._extreme(min, queries.OLDEST_POINT, end)
        end = grid.end_of(grid.floor(newest))
        start = grid.end_of(known) if known else grid.floor(oldest or newest)
        rest = grid.stretches(Interval(start, end)) if start < end else ()
        for part, step in reversed(list(rest)):
            ((slot,),) = self._all(queries.LAST, part, _seconds(step))
            if slot is not None:
                return from_epoch(slot)
        return known

    def _absent(self, part: Interval, step: int) -> Sequence[Interval]:
        """Return the runs in a part with one step.

        The first tag set, on the grid, is looked at alone: it is all there is in a store
        that only Gapfill writes. Where other points lie in its holes, all are merged.
        """
        start, end = to_epoch(part.start), to_epoch(part.end)
        cut = end - (end - start) // step // LATEST * step
        pieces = [
            _interval(*bounds) for bounds in ((cut, end), (start, cut)) if bounds[0] < bounds[1]
        ]
        if all(self._is_whole(piece, step) for piece in pieces):
            return []
        runs = merge(self._holes(part, step))
        ((is_touched,),) = self._all(queries.TOUCHED, part, step, spans=span_text(runs))
        if not is_touched:
            return runs
        return [_interval(*bounds) for bounds in self._all(queries.HOLES, part, step)]

    def _is_whole(self, part: Interval, step: int) -> bool:
        ((there,),) = self._all(queries.COUNT, part, step)
        return bool(there == self.series.grid.count(part))

    def _holes(self, part: Interval, step: int) -> Iterator[Interval]:
        """Yield pieces of runs, which may touch, without complete slots of the first tag set."""
        end = to_epoch(part.end)
        found = self._all(queries.STRETCHES, part, step, size=STRETCH * step)
        for (start, bits), (following, _) in pairwise([*found, (end, 0)]):
            if not bits:  # nor is any slot there in the stretches up to the next one named
                yield _interval(start, following)
                continue
            slots = min(STRETCH, (end - start) // step)
            for first, after in _zeros(bits, slots):
                yield _interval(start + first * step, start + after * step)

    def _extreme(
        self, pick: Callable[[list[int]], int], template: str, end: datetime
    ) -> datetime | None:
        statement, before = queries.query(template, self.series), to_epoch(end)
        bounds = [{"own": tags, "end": before} for tags in self.tags]
        found = [self.connection.scalar(statement, bound) for bound in bounds]
        there = [slot for slot in found if slot is not None]
        return from_epoch(pick(there)) if there else None

    def _all(
        self, template: str, part: Interval, step: int, field: str = "", **more: object
    ) -> Sequence[Sequence[Any]]:
        statement = queries.query(template, self.series, step, field)
        known = {
            "own": self.tags[0],
            "tags": self.tags,
            "mine": self._mine,
            "start": to_epoch(part.start),
            "end": to_epoch(part.end),
            **more,
        }
        values = {name: value for name, value in known.items() if f":{name}" in statement.text}
        return self.connection.execute(statement, values).all()


def _zeros(bits: int, width: int) -> Iterator[tuple[int, int]]:
    """Yield the runs of zeros in a number's lowest bits, as ``[first, after)``."""
    position = 0
    while position < width:
        rest = bits >> position
        ones = (~rest & (rest + 1)).bit_length() - 1
        first = position + ones
        if first >= width:
            return
        rest = bits >> first
        after = first + (rest & -rest).bit_length() - 1 if rest else width
        yield first, after
        position = after


def _interval(start: int, end: int) -> Interval:
    return Interval(from_epoch(start), from_epoch(end))


def _seconds(step: timedelta) -> int:
    return int(step.total_seconds())
