"""Finds slots of a series that are missing or below its target, inside InfluxDB.

Each read is a generator of questions (``questions.Steps``), so that the questions of many series
can go together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from gapfill.domain.coverage import Graded
from gapfill.domain.interval import END_OF_TIME, Interval, intersect, iso, merge, subtract
from gapfill.domain.series import Grade, Series
from gapfill.stores.influxdb import influxql
from gapfill.stores.influxdb.elapsed import NEAR_END, Elapsed, instant_of, rows_in, time_of
from gapfill.stores.influxdb.names import check_names
from gapfill.stores.influxdb.points import points_of
from gapfill.stores.influxdb.questions import Question, Steps, in_halves
from gapfill.stores.influxdb.response import ResponseTable
from gapfill.stores.points import graded, is_weak, joined, rows_of

YEAR = timedelta(weeks=52)
"""The least grade of each such period is read first, which is faster than comparing every grade."""

TRIES = 3
"""How often the newest slot is searched by the last point of each field before all are compared."""

AT_ONCE = timedelta(weeks=52)
"""Maximum time for which points are read at once: a longer one would need more memory."""


class GapReads:
    """The reads of the gaps of one series, as questions.

    Attributes:
        series: The series.
    """

    def __init__(self, series: Series, own: str | None = None) -> None:
        """Take a series, and the condition that a point counts for it if that is known."""
        check_names(series)
        self.series = series
        self._table = series.measurement
        self._own = influxql.is_own(series) if own is None else own
        self._elapsed = Elapsed(series, self._own)

    def missing(self, window: Interval) -> Steps[list[Interval]]:
        """Return the runs of slots of the window without every required field."""
        found = yield from self.missing_by_field(window)
        return merge(run for runs in found.values() for run in runs)

    def missing_by_field(self, window: Interval) -> Steps[dict[str, list[Interval]]]:
        """Return the runs of slots of the window without each required field, by field."""
        found: list[tuple[str, Interval]] = []
        for part, step in self.series.grid.stretches(window):
            found += yield from self.without(self.series.required, part, step)
        return self.by_field(found)

    def without(
        self, names: Sequence[str], part: Interval, step: timedelta
    ) -> Steps[list[tuple[str, Interval]]]:
        """Return runs without each of the fields, in no order, in a part of one spacing."""
        return self._elapsed.without(names, part, step)

    def by_field(self, found: Iterable[tuple[str, Interval]]) -> dict[str, list[Interval]]:
        """Return unordered runs by required field, joined."""
        runs: dict[str, list[Interval]] = {name: [] for name in self.series.required}
        for name, hole in found:
            runs[name].append(hole)
        return {name: merge(holes) for name, holes in runs.items()}

    def missing_optional(self, field: str, window: Interval) -> Steps[list[Interval]]:
        """Return the runs of slots that hold every required field but not this one."""
        found: list[Interval] = []
        for part, step in self.series.grid.stretches(window):
            found += [hole for _, hole in (yield from self.without([field], part, step))]
        without = merge(found)
        gone = (yield from self.missing(window)) if without else []
        weak = yield from in_halves(window, lambda piece: self._weak(field, piece))
        names = (*self.series.required, field)
        kept: list[Interval] = []
        for piece in _years(subtract(weak, without)):
            rows = rows_of(
                self.series, (yield from points_of(self.series, self._own, piece, names))
            )
            kept += [
                Interval(row.slot, self.series.grid.end_of(row.slot))
                for row in rows
                if all(name in row.values for name in names) and is_weak(row, field)
            ]
        return merge([*subtract(without, gone), *kept])

    def missing_wanted(self, window: Interval) -> Steps[dict[str, list[Interval]]]:
        """Return, by wanted field, what ``missing_optional`` returns."""
        found: dict[str, list[Interval]] = {}
        for field in self.series.fields:
            if field.wanted:
                found[field.name] = yield from self.missing_optional(field.name, window)
        return found

    def lower_grade(self, window: Interval) -> Steps[list[Graded]]:
        """Return the runs of slots whose readings have one grade, below the target.

        Only slots with a point below the target are read, with all of their points. If a point
        without provenance is also below it, all slots are read: InfluxQL cannot select points that
        do not have a field.
        """
        series, required = self.series, self.series.required
        low = [window]
        if series.default_grade >= series.target:
            low = yield from in_halves(window, self._low)
        runs: list[Graded] = []
        for piece in _years(merge(low)):
            points = yield from points_of(series, self._own, piece, required)
            for row in rows_of(series, points):
                if row.grade >= series.target or not all(n in row.values for n in required):
                    continue
                slot = Interval(row.slot, series.grid.end_of(row.slot))
                runs.append(graded(series, slot, [row.origin(name).grade for name in required]))
            runs = joined(runs)
        return runs

    def of_source(self, sources: Sequence[str], window: Interval) -> Steps[list[Interval]]:
        """Return the runs of slots that have a point with one of these sources."""
        column = '"gapfill_source"'
        either = f"({' OR '.join(f'{column} = {influxql.value(name)}' for name in sources)})"
        return merge(
            (yield from in_halves(window, lambda piece: self._slots_of(column, piece, either)))
        )

    def newest(self, end: datetime) -> Steps[datetime | None]:
        """Return the newest slot before ``end`` that holds every required field, else ``None``."""
        grid = self.series.grid
        slot: datetime | None = None
        start = None if end == END_OF_TIME else end - NEAR_END
        for _ in range(TRIES):
            slots = yield from self._each("last", start, end)
            if None in slots and start is not None:
                start = None
                slots = yield from self._each("last", start, end)
            if None in slots:
                return None
            found = [slot for slot in slots if slot is not None]
            slot = min(found)
            if slot == max(found):
                return slot
            end = grid.end_of(slot)
        first = yield from self._each("first", None, end)
        oldest = max((slot for slot in first if slot is not None), default=None)
        if slot is None or oldest is None or oldest > slot:
            return None
        window = Interval(oldest, grid.end_of(slot))
        there = subtract([window], (yield from self.missing(window)))
        return grid.floor(there[-1].end - timedelta(microseconds=1)) if there else None

    def _each(
        self, function: str, start: datetime | None, end: datetime
    ) -> Steps[list[datetime | None]]:
        """Return the slot of the first or last point of each required field."""
        bounds = [f"time >= '{iso(start)}'"] if start else []
        bounds += [f"time < '{iso(end)}'"] if end != END_OF_TIME else []
        answers = yield Question(
            [
                self._elapsed.of(name, f"{function}({influxql.number(name)})", *bounds)
                for name in self.series.required
            ]
        )
        return [self._slot(tables) for tables in answers]

    def _slot(self, tables: Sequence[ResponseTable]) -> datetime | None:
        time = time_of(tables)
        return None if time is None else self.series.grid.floor(instant_of(time))

    def _low(self, window: Interval) -> Steps[list[Interval]]:
        """Return the slots with a grade below the target, searched in years with such grades."""
        target, within = int(self.series.target), influxql.within(window)
        least = influxql.select(
            'min("gapfill_grade")', self._table, self._own, within, by=f"time({YEAR.days}d)"
        )
        (tables,) = yield Question([f"{least} fill(none)"])
        years = [instant_of(time) for time, grade in rows_in(tables) if grade < target]
        parts = intersect(merge(Interval(year, year + YEAR) for year in years), [window])
        condition = f'"gapfill_grade" < {target}'
        found: list[Interval] = []
        for part in parts:
            found += yield from self._slots_of('"gapfill_grade"', part, condition)
        return found

    def _weak(self, field: str, window: Interval) -> Steps[list[Interval]]:
        """Return the slots with a point that may have the field from a source of a low grade."""
        low = [str(int(grade)) for grade in Grade if grade < Grade.OBSERVED]
        pattern = f"/(^|;){field}:[^;]*:({'|'.join(low)})(;|$)/"
        condition = f'("gapfill_kept" =~ {pattern} OR "gapfill_grade" < {int(Grade.OBSERVED)})'
        return self._slots_of('"gapfill_grade"', window, condition)

    def _slots_of(self, column: str, window: Interval, condition: str) -> Steps[list[Interval]]:
        """Return the slots of the points that meet a condition, joined."""
        within = influxql.within(window)
        statement = influxql.select(column, self._table, self._own, within, condition)
        grid = self.series.grid
        (tables,) = yield Question([statement], grid.count(window))
        slots = {grid.floor(instant_of(row[0])) for table in tables for row in table.rows}
        return merge(Interval(slot, grid.end_of(slot)) for slot in slots)


def _years(runs: Sequence[Interval]) -> list[list[Interval]]:
    """Return sorted runs in lists of at most a year, cut at whole days."""
    pieces: list[list[Interval]] = []
    for one in runs:
        left: Interval | None = one
        while left:
            midnight = left.start.replace(hour=0, minute=0, second=0, microsecond=0)
            cut = min(midnight + AT_ONCE, left.end)
            part = Interval(left.start, cut)
            if pieces and cut - pieces[-1][0].start <= AT_ONCE:
                pieces[-1].append(part)
            else:
                pieces.append([part])
            left = Interval(cut, left.end) if cut < left.end else None
    return pieces
