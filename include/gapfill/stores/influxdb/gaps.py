"""What is missing or below its target, found inside InfluxDB.

``elapsed()`` tells, on the server, between which points of a field more than one
spacing lies: what crosses the wire grows with the gaps, never with the history. Such a
pair is only a candidate, as points may lie off the grid: both ends are floored to their
slots. A missing slot always leaves more than one spacing between its neighbours, so
none is overlooked. What lies before the first and after the last point is not in its
answer and is asked for beside it (docs/adr/0014).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from gapfill.domain.coverage import Graded
from gapfill.domain.interval import END_OF_TIME, Interval, intersect, iso, merge, subtract
from gapfill.domain.series import Grade, Series
from gapfill.stores.influxdb import influxql
from gapfill.stores.influxdb.names import check_names
from gapfill.stores.influxdb.points import in_lanes, in_pieces, read_points
from gapfill.stores.influxdb.response import ResponseTable
from gapfill.stores.influxdb.undo.removal_watch import Asker
from gapfill.stores.points import graded, is_weak, joined, rows_of

_NS = 1_000_000_000

NEAR_END = timedelta(days=14)
"""How far from the ends of a window its first and last points are looked for at first."""

YEAR = timedelta(weeks=52)
"""The least grade of each is asked first: that takes less than comparing every one."""

TRIES = 3
"""So often the newest slot is sought by each field's last point, before all are compared."""


class InfluxGaps:
    """What is missing of one series.

    Attributes:
        server: Where its points are.
        series: The series.
    """

    def __init__(self, server: Asker, series: Series) -> None:
        check_names(series)
        self.server = server
        self.series = series
        self._table = series.measurement
        self._own = influxql.is_own(series)

    def missing(self, window: Interval) -> list[Interval]:
        """Return the runs of slots of the window without every required field."""
        return merge(run for runs in self.missing_by_field(window).values() for run in runs)

    def missing_by_field(self, window: Interval) -> dict[str, list[Interval]]:
        """Return the runs of slots of the window without each required field, by field."""
        found = [
            pair
            for part, step in self.series.grid.stretches(window)
            for pair in self._without(self.series.required, part, step)
        ]
        return {
            name: merge(run for of, run in found if of == name) for name in self.series.required
        }

    def missing_optional(self, field: str, window: Interval) -> list[Interval]:
        """Return the runs of slots that hold every required field and lack this one."""
        without = merge(
            run
            for part, step in self.series.grid.stretches(window)
            for _, run in self._without([field], part, step)
        )
        gone = self.missing(window) if without else []
        weak = subtract(in_pieces(window, lambda piece: self._weak(field, piece)), without)
        names = (*self.series.required, field)
        found = rows_of(self.series, read_points(self.server, self.series, weak, names))
        kept = (
            Interval(row.slot, self.series.grid.end_of(row.slot))
            for row in found
            if all(name in row.values for name in names) and is_weak(row, field)
        )
        return merge([*subtract(without, gone), *kept])

    def lower_grade(self, window: Interval) -> list[Graded]:
        """Return the runs of slots whose readings have one grade, below the target.

        Only slots with some point below the target are looked at, and all of their points
        count. Where even a point without provenance is below it, all slots are looked at:
        InfluxQL cannot ask for points that lack a field.
        """
        series, required = self.series, self.series.required
        low = [window]
        if series.default_grade >= series.target:
            low = in_pieces(window, self._low)
        runs: list[Graded] = []
        for row in rows_of(series, read_points(self.server, series, merge(low), required)):
            if row.grade >= series.target or not all(name in row.values for name in required):
                continue
            slot = Interval(row.slot, series.grid.end_of(row.slot))
            grades = [row.origin(name).grade for name in required]
            runs.append(graded(series, slot, grades))
        return joined(runs)

    def of_source(self, sources: Sequence[str], window: Interval) -> list[Interval]:
        """Return the runs of slots that have a point with one of these sources."""
        column = '"gapfill_source"'
        either = f"({' OR '.join(f'{column} = {influxql.value(name)}' for name in sources)})"
        return merge(in_pieces(window, lambda piece: self._slots_of(column, piece, either)))

    def newest(self, end: datetime) -> datetime | None:
        """Return the newest slot before ``end`` that holds every required field, else ``None``."""
        grid = self.series.grid
        slot: datetime | None = None
        start = None if end == END_OF_TIME else end - NEAR_END
        for _ in range(TRIES):
            slots = [self._slot(t) for t in self._each("last", start, end)]
            if None in slots and start is not None:
                start = None
                slots = [self._slot(t) for t in self._each("last", start, end)]
            if None in slots:
                return None
            found = [slot for slot in slots if slot is not None]
            slot = min(found)
            if slot == max(found):
                return slot
            end = grid.end_of(slot)
        first = [self._slot(t) for t in self._each("first", None, end)]
        oldest = max((slot for slot in first if slot is not None), default=None)
        if slot is None or oldest is None or oldest > slot:
            return None
        window = Interval(oldest, grid.end_of(slot))
        there = subtract([window], self.missing(window))
        return grid.floor(there[-1].end - timedelta(microseconds=1)) if there else None

    def _each(
        self, function: str, start: datetime | None, end: datetime
    ) -> list[list[ResponseTable]]:
        bounds = [f"time >= '{iso(start)}'"] if start else []
        bounds += [f"time < '{iso(end)}'"] if end != END_OF_TIME else []
        return self.server.ask(
            [
                self._of(name, f"{function}({influxql.number(name)})", *bounds)
                for name in self.series.required
            ]
        )

    def _of(self, name: str, what: str, *conditions: str) -> str:
        """Return a statement about the values of a field that count."""
        field = self.series.field(name)
        good = influxql.is_good(field) if field else ""
        return influxql.select(what, self._table, self._own, *conditions, good)

    def _slot(self, tables: Sequence[ResponseTable]) -> datetime | None:
        time = _time(tables)
        return None if time is None else self.series.grid.floor(_instant(time))

    def _low(self, window: Interval) -> list[Interval]:
        """Return the slots with a grade below the target, looked for in years that have one."""
        target, within = int(self.series.target), influxql.within(window)
        least = influxql.select(
            'min("gapfill_grade")', self._table, self._own, within, by=f"time({YEAR.days}d)"
        )
        (tables,) = self.server.ask([f"{least} fill(none)"])
        years = [_instant(time) for time, grade in _rows(tables) if grade < target]
        parts = intersect(merge(Interval(year, year + YEAR) for year in years), [window])
        condition = f'"gapfill_grade" < {target}'
        return [run for part in parts for run in self._slots_of('"gapfill_grade"', part, condition)]

    def _weak(self, field: str, window: Interval) -> list[Interval]:
        """Return the slots in which a point may have the field from who does not observe it."""
        low = [str(int(grade)) for grade in Grade if grade < Grade.OBSERVED]
        pattern = f"/(^|;){field}:[^;]*:({'|'.join(low)})(;|$)/"
        condition = f'("gapfill_kept" =~ {pattern} OR "gapfill_grade" < {int(Grade.OBSERVED)})'
        return self._slots_of('"gapfill_grade"', window, condition)

    def _slots_of(self, column: str, window: Interval, condition: str) -> list[Interval]:
        within = influxql.within(window)
        statement = influxql.select(column, self._table, self._own, within, condition)
        (tables,) = self.server.ask([statement])
        grid = self.series.grid
        slots = {grid.floor(_instant(row[0])) for table in tables for row in table.rows}
        return merge(Interval(slot, grid.end_of(slot)) for slot in slots)

    def _without(
        self, names: Sequence[str], part: Interval, step: timedelta
    ) -> list[tuple[str, Interval]]:
        """Return runs without each of the fields, in no order, in a part of one spacing."""

        def ask(piece: Interval) -> list[tuple[str, Interval]]:
            runs: list[tuple[str, Interval]] = []
            for name, (first, last), tables in self._looked(names, piece, step):
                pairs = self._pairs(name, piece, step, tables)
                holes = _holes(piece, int(step.total_seconds()), first, last, pairs)
                runs += [(name, hole) for hole in holes]
            return runs

        return in_lanes(part, lambda lane: in_pieces(lane, ask))

    def _looked(
        self, names: Sequence[str], window: Interval, step: timedelta
    ) -> Iterator[tuple[str, tuple[int | None, int | None], list[ResponseTable]]]:
        """Yield each field's first and last instant, in seconds, and its pairs.

        The ends are nearly always near those of the window, and over all of it the question
        takes ten times as long. They are asked before the pairs: a point that is written
        meanwhile can then only make a gap that is none any more, never hide one.
        """
        whole = window, window
        near = whole
        if window.duration > 2 * NEAR_END:
            near = (
                Interval(window.start, window.start + NEAR_END),
                Interval(window.end - NEAR_END, window.end),
            )
        found, pairs = self._ends_and_pairs(names, near, window, step)
        if None in found and near != whole:
            found, pairs = self._ends_and_pairs(names, whole, window, step)
        of_names = zip(names, found[::2], found[1::2], pairs, strict=True)
        for name, first, last, tables in of_names:
            yield name, (first, last), tables

    def _ends_and_pairs(
        self, names: Sequence[str], near: Sequence[Interval], window: Interval, step: timedelta
    ) -> tuple[list[int | None], list[list[ResponseTable]]]:
        """Return the first and last instants of the fields, in turn, and then their pairs."""
        ends = [
            self._of(name, f"{function}({influxql.number(name)})", influxql.within(span))
            for name in names
            for function, span in zip(("first", "last"), near, strict=True)
        ]
        pairs = [self._elapsed(name, window, step) for name in names]
        answers = self.server.ask([*ends, *pairs])
        return [_time(tables) for tables in answers[: len(ends)]], answers[len(ends) :]

    def _elapsed(self, name: str, window: Interval, step: timedelta, *, exact: bool = False) -> str:
        """Return the statement of pairs further apart than a step, in seconds or exact in ns.

        The window stands outside too, where it changes no answer: without it 2.8 opens every
        shard of the bucket, 520 in ten years of weeks, for each statement.
        """
        within = influxql.within(window)
        inner = self._of(name, f"elapsed({influxql.number(name)}, 1ns) AS dt", within)
        dt = "dt" if exact else f"dt / {_NS} AS dt"
        limit = int(step.total_seconds()) * _NS
        return f"SELECT {dt} FROM ({inner}) WHERE dt > {limit} AND {within}"  # noqa: S608 - all quoted

    def _pairs(
        self, name: str, window: Interval, step: timedelta, tables: Sequence[ResponseTable]
    ) -> list[tuple[int, int]]:
        """Return ``(before, after)`` of the pairs, in whole seconds.

        Between points of whole seconds, as nearly all are, the difference is whole and the
        times are exact; else the pairs are asked for again in nanoseconds.
        """
        rows = _rows(tables)
        if all(dt == int(dt) for _, dt in rows):
            return [(time - int(dt), time) for time, dt in rows]
        (tables,) = self.server.ask([self._elapsed(name, window, step, exact=True)], "ns")
        return [((time - dt) // _NS, time // _NS) for time, dt in _rows(tables)]


def _holes(
    window: Interval,
    step: int,
    first: int | None,
    last: int | None,
    pairs: Sequence[tuple[int, int]],
) -> Iterator[Interval]:
    """Yield the runs of slots between points, before the first and after the last."""
    if first is None or last is None:
        yield window
        return
    start, end = int(window.start.timestamp()), int(window.end.timestamp())
    for before, after in [(start - step, first), *pairs, (last, end)]:
        after_slot, next_slot = before - before % step + step, after - after % step
        if after_slot < next_slot:
            yield Interval(_instant(after_slot), _instant(next_slot))


def _time(tables: Sequence[ResponseTable]) -> int | None:
    rows = _rows(tables)
    return rows[0][0] if rows else None


def _rows(tables: Sequence[ResponseTable]) -> list[list[Any]]:
    return [row for table in tables for row in table.rows]


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
