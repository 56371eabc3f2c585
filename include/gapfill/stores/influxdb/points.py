"""Points of the InfluxDB store: read with their tags, and written as lines."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

from gapfill.domain.interval import Interval, covers
from gapfill.domain.series import Series
from gapfill.stores.influxdb import influxql, line_protocol
from gapfill.stores.influxdb.errors import TooMuch
from gapfill.stores.influxdb.names import PROVENANCE
from gapfill.stores.influxdb.questions import LANES, Question, Steps, halves, in_halves
from gapfill.stores.influxdb.response import ResponseTable
from gapfill.stores.points import Point, format_tags, readings_and_flaws

if TYPE_CHECKING:
    from gapfill.stores.influxdb.undo.removal_watch import Asker

    T = TypeVar("T")

NEAR = timedelta(days=3)
"""Stretches with a shorter gap are read as one: a question costs more than the points between."""

LANE = timedelta(days=366)
"""A window is asked in parts at the same time if each is at least this long."""

POINT = 20
"""Number of rows of two numbers that take the memory of a point."""

_SECOND = 1_000_000_000
_TEXTS = PROVENANCE[1:]


def from_ns(ns: int) -> datetime:
    """Return nanoseconds since 1970 as an aware UTC instant."""
    seconds, rest = divmod(ns, _SECOND)
    instant = datetime.fromtimestamp(seconds, UTC)
    return instant.replace(microsecond=rest // 1000) if rest else instant


def in_pieces(window: Interval, ask: Callable[[Interval], list[T]]) -> list[T]:
    """Return the answer to a question for a window, in halves if the server refuses its size.

    Halves are cut at whole days, so that slots stay whole.

    Raises:
        TooMuch: If the server refuses even the smallest piece.
    """
    try:
        return ask(window)
    except TooMuch:
        parts = halves(window)
        if parts is None:
            raise
    return [found for part in parts for found in in_pieces(part, ask)]


def in_lanes(window: Interval, ask: Callable[[Interval], list[T]]) -> list[T]:
    """Return the answer to a question for a window; a long one is read in parts at the same time.

    A question keeps one processor of the server busy. Parts are cut at whole days, so that
    slots stay whole.
    """
    lanes = min(LANES, window.duration // LANE)
    if lanes <= 1:
        return ask(window)
    midnight = window.start.replace(hour=0, minute=0, second=0, microsecond=0)
    days = window.duration // timedelta(days=1)
    cuts = [midnight + timedelta(days=days * n // lanes) for n in range(1, lanes)]
    parts = [Interval(start, end) for start, end in pairwise([window.start, *cuts, window.end])]
    with ThreadPoolExecutor(lanes) as pool:
        return [found for answer in pool.map(ask, parts) for found in answer]


def read_points(
    server: Asker,
    series: Series,
    intervals: Sequence[Interval],
    names: Sequence[str] | None = None,
) -> list[Point]:
    """Return the points that count for a series in sorted, disjoint intervals, in no order.

    Args:
        server: The server.
        series: The series of the points.
        intervals: ``[start, end)`` each.
        names: Fields to read; ``None`` for all.

    Raises:
        StoreError: If they cannot be read.
    """
    return read_beside(server, series, intervals, (), names)[0]


def read_beside(
    server: Asker,
    series: Series,
    intervals: Sequence[Interval],
    questions: Sequence[str],
    names: Sequence[str] | None = None,
) -> tuple[list[Point], list[list[ResponseTable]]]:
    """Return points as ``read_points`` does, and the answers to other questions, read together.

    Raises:
        StoreError: If they cannot be read.
    """
    fields = [field.name for field in series.fields] if names is None else list(names)
    statement = _statement(series, influxql.is_own(series), fields)

    def ask(window: Interval) -> list[Point]:
        (tables,) = server.ask([statement(window)], "ns")
        return _found(series, fields, tables)

    windows = list(joined(intervals))
    try:
        answers = server.ask([*questions, *map(statement, windows)], "ns")
    except TooMuch:
        beside = server.ask(questions, "ns") if questions else []
        points = [point for window in windows for point in in_pieces(window, ask)]
    else:
        beside = answers[: len(questions)]
        said = answers[len(questions) :]
        points = [point for tables in said for point in _found(series, fields, tables)]
    if len(windows) != len(intervals):
        points = [point for point in points if covers(intervals, point.instant)]
    return points, beside


def points_of(
    series: Series, own: str, intervals: Sequence[Interval], fields: Sequence[str]
) -> Steps[list[Point]]:
    """Return, as questions, the points of a series in sorted, disjoint intervals, in no order.

    Args:
        series: The series of the points.
        own: The condition that a point counts for the series.
        intervals: ``[start, end)`` each.
        fields: The fields to read.
    """
    statement = _statement(series, own, fields)

    def ask(window: Interval) -> Steps[list[Point]]:
        rows = POINT * series.grid.count(window)
        (tables,) = yield Question([statement(window)], rows, "ns")
        return _found(series, fields, tables)

    windows = list(joined(intervals))
    if not windows:
        return []
    rows = POINT * sum(series.grid.count(window) for window in windows)
    points: list[Point] = []
    try:
        answers = yield Question([statement(window) for window in windows], rows, "ns")
    except TooMuch:
        for window in windows:
            points += yield from in_halves(window, ask)
    else:
        points = [point for tables in answers for point in _found(series, fields, tables)]
    if len(windows) != len(intervals):
        points = [point for point in points if covers(intervals, point.instant)]
    return points


def liner(series: Series) -> Callable[[Point, Collection[str]], str | None]:
    """Return a function that makes a line from a series' own point, with its time in seconds.

    It takes a point on the grid, and the names of stored texts of the provenance that must be
    cleared: an empty text counts as no text. It returns ``None`` if there is nothing to write.
    """
    head = line_protocol.head(series.measurement, series.tags)

    def line(point: Point, cleared: Collection[str] = ()) -> str | None:
        said = _provenance(point.grade, point.source, point.batch, point.kept, tuple(cleared))
        fields = [*line_protocol.numbers(point.values), *said]
        return f"{head} {','.join(fields)} {int(point.instant.timestamp())}" if fields else None

    return line


@lru_cache(maxsize=1024)  # nearly all points of a batch have the same
def _provenance(
    grade: int | None,
    source: str | None,
    batch: str | None,
    kept: str | None,
    cleared: tuple[str, ...],
) -> tuple[str, ...]:
    """Return the provenance fields of a line."""
    texts = zip(_TEXTS, (source, batch, kept), strict=True)
    said = [
        line_protocol.field(name, what or "") for name, what in texts if what or name in cleared
    ]
    return (*([] if grade is None else [line_protocol.field("gapfill_grade", grade)]), *said)


def _statement(series: Series, own: str, fields: Sequence[str]) -> Callable[[Interval], str]:
    what = ", ".join([*map(influxql.number, fields), *map(influxql.name, PROVENANCE)])

    def of(window: Interval) -> str:
        return influxql.select(what, series.measurement, own, influxql.within(window), by="*")

    return of


def _found(series: Series, fields: Sequence[str], tables: Iterable[ResponseTable]) -> list[Point]:
    return [point for table in tables for point in _points(series, table, fields)]


def _points(series: Series, table: ResponseTable, fields: Sequence[str]) -> Iterator[Point]:
    tags = format_tags(table.tags)
    for row in table.dicts():
        grade = row["gapfill_grade"]
        values, flaws = readings_and_flaws(series, {name: row[name] for name in fields})
        yield Point(
            tags=tags,
            instant=from_ns(row["time"]),
            values=values,
            grade=None if grade is None else int(grade),
            source=row["gapfill_source"] or None,
            batch=row["gapfill_batch"] or None,
            kept=row["gapfill_kept"] or None,
            flaws=flaws,
        )


def joined(intervals: Iterable[Interval]) -> Iterator[Interval]:
    """Yield sorted intervals; intervals near one another are joined."""
    last: Interval | None = None
    for interval in intervals:
        if last and interval.start - last.end <= NEAR:
            last = Interval(last.start, interval.end)
        else:
            if last:
                yield last
            last = interval
    if last:
        yield last
