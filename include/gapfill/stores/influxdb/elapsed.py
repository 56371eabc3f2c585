"""Where points of a field are missing, found inside InfluxDB with ``elapsed()``.

The server returns only the pairs of points with more than one spacing between them, so the answer
grows with the gaps, not with the history. A pair is only a candidate, because points may be off the
grid: both of its ends are floored to their slots. A missing slot always leaves more than one
spacing between its neighbours, so no missing slot is overlooked. The stretches before the first and
after the last point are read together with the pairs (docs/adr/0014).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from gapfill.domain.interval import Interval
from gapfill.domain.series import Series
from gapfill.stores.influxdb import influxql
from gapfill.stores.influxdb.questions import Question, Steps, in_halves
from gapfill.stores.influxdb.response import ResponseTable

_NS = 1_000_000_000

NEAR_END = timedelta(days=14)
"""The first search for the first and last points of a window is this near to its ends."""


class Elapsed:
    """The holes between the points of one series.

    Attributes:
        series: The series.
        own: The condition that a point counts for it.
    """

    def __init__(self, series: Series, own: str) -> None:
        self.series = series
        self.own = own

    def without(
        self, names: Sequence[str], part: Interval, step: timedelta
    ) -> Steps[list[tuple[str, Interval]]]:
        """Return runs without each of the fields, in no order, in a part of one spacing."""

        def ask(piece: Interval) -> Steps[list[tuple[str, Interval]]]:
            runs: list[tuple[str, Interval]] = []
            ends, pairs = yield from self._looked(names, piece, step)
            for n, name in enumerate(names):
                found = yield from self._pairs(name, piece, step, pairs[n])
                first, last = ends[2 * n : 2 * n + 2]
                holes = _holes(piece, int(step.total_seconds()), first, last, found)
                runs += [(name, hole) for hole in holes]
            return runs

        return in_halves(part, ask)

    def of(self, name: str, what: str, *conditions: str) -> str:
        """Return a statement about the values of a field that are readings."""
        field = self.series.field(name)
        good = influxql.is_good(field) if field else ""
        return influxql.select(what, self.series.measurement, self.own, *conditions, good)

    def _looked(
        self, names: Sequence[str], window: Interval, step: timedelta
    ) -> Steps[tuple[list[int | None], list[list[ResponseTable]]]]:
        """Return the first and last instants of the fields, in turn, in seconds, and their pairs.

        The first and last points are nearly always near the ends of the window, and a search in all
        of it takes ten times as long. They are read before the pairs: a point that is written
        between these reads can only make a gap appear that is already filled, never hide one.
        """
        whole = window, window
        near = whole
        if window.duration > 2 * NEAR_END:
            near = (
                Interval(window.start, window.start + NEAR_END),
                Interval(window.end - NEAR_END, window.end),
            )
        found, pairs = yield from self._ends_and_pairs(names, near, window, step)
        if None in found and near != whole:
            found, pairs = yield from self._ends_and_pairs(names, whole, window, step)
        return found, pairs

    def _ends_and_pairs(
        self, names: Sequence[str], near: Sequence[Interval], window: Interval, step: timedelta
    ) -> Steps[tuple[list[int | None], list[list[ResponseTable]]]]:
        """Return the first and last instants of the fields, in turn, and then their pairs."""
        ends = [
            self.of(name, f"{function}({influxql.number(name)})", influxql.within(span))
            for name in names
            for function, span in zip(("first", "last"), near, strict=True)
        ]
        pairs = [self._elapsed(name, window, step) for name in names]
        rows = len(names) * (window.duration // step)
        answers = yield Question([*ends, *pairs], rows)
        return [time_of(tables) for tables in answers[: len(ends)]], answers[len(ends) :]

    def _elapsed(self, name: str, window: Interval, step: timedelta, *, exact: bool = False) -> str:
        """Return the statement of pairs further apart than a step, in seconds or exact in ns.

        The outer clause also has the window. It changes no answer, but without it 2.8 opens every
        shard of the bucket, 520 in ten years of weeks, for each statement.
        """
        within = influxql.within(window)
        inner = self.of(name, f"elapsed({influxql.number(name)}, 1ns) AS dt", within)
        dt = "dt" if exact else f"dt / {_NS} AS dt"
        limit = int(step.total_seconds()) * _NS
        return f"SELECT {dt} FROM ({inner}) WHERE dt > {limit} AND {within}"  # noqa: S608 - all quoted

    def _pairs(
        self, name: str, window: Interval, step: timedelta, tables: Sequence[ResponseTable]
    ) -> Steps[list[tuple[int, int]]]:
        """Return ``(before, after)`` of the pairs, in whole seconds.

        Nearly all points are at whole seconds. Between these the difference is whole and the times
        are exact; otherwise the pairs are read again in nanoseconds.
        """
        rows = rows_in(tables)
        if all(dt == int(dt) for _, dt in rows):
            return [(time - int(dt), time) for time, dt in rows]
        question = Question([self._elapsed(name, window, step, exact=True)], 2 * len(rows), "ns")
        (tables,) = yield question
        return [((time - dt) // _NS, time // _NS) for time, dt in rows_in(tables)]


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
            yield Interval(instant_of(after_slot), instant_of(next_slot))


def time_of(tables: Sequence[ResponseTable]) -> int | None:
    """Return the time of the first row of an answer, ``None`` without rows."""
    rows = rows_in(tables)
    return rows[0][0] if rows else None


def rows_in(tables: Sequence[ResponseTable]) -> list[list[Any]]:
    """Return the rows of an answer."""
    return [row for table in tables for row in table.rows]


def instant_of(seconds: int) -> datetime:
    """Return seconds since 1970 as an instant."""
    return datetime.fromtimestamp(seconds, UTC)
