"""The clean-up of the InfluxDB store: old ledger lines and calls become summary rows.

InfluxDB has no transactions, so the order of the steps makes kills and other processes harmless:

1. Write the summary rows of some lines, and of the rows so far, as points of consecutive times.
2. Check that all of them are there, and that no other process added or deleted a line meanwhile.
3. Delete the lines. The rows so far stay until a later clean-up.
4. A later clean-up deletes rows whose answers are all in the newest rows.

So each answer is at every moment in a line, in a row, or in both, and an answer in both counts once
(``domain.ledger.answers_of``). No row is deleted that its process has not read, and none within a
read of the ledger that began before the newer rows were there.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from gapfill.domain.ledger import LedgerEntry
from gapfill.domain.ledger_folding import affordable, fold, holds, is_affordable, whole_answers
from gapfill.services.ports import Folded
from gapfill.stores.influxdb import influxql, line_protocol
from gapfill.stores.influxdb.client import InfluxClient
from gapfill.stores.influxdb.folded_calls import fold_calls
from gapfill.stores.influxdb.ledger import LEDGER, lines_from, lines_question
from gapfill.stores.influxdb.ledger_rows import (
    BATCH_TIMES,
    ROWS,
    row_line,
    rows_from,
    rows_question,
    timed_rows,
)
from gapfill.stores.influxdb.line_protocol import to_ns
from gapfill.stores.influxdb.numbers import NS_OF_US, Numbers
from gapfill.stores.influxdb.response import dicts

AT_ONCE = 10_000
"""Maximum number of summary rows of one series and source that are folded again with new lines."""

SUBJECTS = 50
"""Maximum number of series and sources of one clean-up: each takes up to six requests."""

SPREAD_NS = 10**9
"""The times of rows begin at random within a second, so that two processes use different ones."""


class _Subject(NamedTuple):
    """The series and the source of ledger lines: their tags."""

    series: str
    source: str

    @property
    def tags(self) -> dict[str, str]:
        return {"series": self.series, "source": self.source}

    @property
    def condition(self) -> str:
        return influxql.has_tags(self.tags)


def fold_old(
    server: InfluxClient, numbers: Numbers, before: datetime, limit: int, at_least: int
) -> Folded:
    """Fold lines and calls, see the port.

    Raises:
        StoreError: If the server does not answer, or does not delete. In the latter case nothing
            was written.
    """
    lines = 0
    for subject in _crowded(server, before, at_least)[:SUBJECTS]:
        if lines >= limit:
            break
        lines += _fold_one(server, numbers, subject, before, limit - lines)
    return Folded(lines, fold_calls(server, before))


def _crowded(server: InfluxClient, before: datetime, at_least: int) -> list[_Subject]:
    """Return each series and source with at least this number of old lines, the most first."""
    is_old = f'"asked_us" < {to_ns(before) // NS_OF_US}'
    statement = influxql.select('count("start") AS n', LEDGER, is_old, by='"series", "source"')
    (tables,) = server.ask([statement])
    found = [
        (row["n"], _Subject(table.tags["series"], table.tags["source"]))
        for table in tables
        for row in table.dicts()
        if row["n"] >= at_least
    ]
    return [subject for _, subject in sorted(found, key=lambda one: -one[0])]


def _fold_one(
    server: InfluxClient, numbers: Numbers, subject: _Subject, before: datetime, limit: int
) -> int:
    """Fold the oldest lines of a series and source, and return their number."""
    lines, rows = _read(server, subject, before, limit)
    if not lines:
        return 0
    _check_deletes(server)
    later = max((row.time + 2 for row in rows), default=0)
    if len(rows) > AT_ONCE:
        rows = []
    rows = _without_superseded(server, subject, rows)
    if not is_affordable([row.entry for row in rows]):
        rows = []
    part = affordable([row.entry for row in rows], [line.entry for line in lines])
    lines = lines[: _apart(lines, part)]
    if not lines:
        return 0
    first = max(numbers.next_ns(), later) + random.SystemRandom().randrange(SPREAD_NS)
    made = fold([*(row.entry for row in rows), *(line.entry for line in lines)])
    points = [row_line(first + n, row) for n, row in enumerate(made)]
    server.write([*_batch_lines(subject, lines), *points], "ns")
    span = lines[0].time, lines[-1].time
    if not _are_as_expected(server, subject, span, len(lines), first, made):
        return 0  # another process folds too, or wrote a line between them: the next clean-up folds
    server.delete(LEDGER, subject.tags, *span)
    return len(lines)


class _Point(NamedTuple):
    """A line or a row, and the time of its point in nanoseconds."""

    time: int
    entry: LedgerEntry


def _read(
    server: InfluxClient, subject: _Subject, before: datetime, limit: int
) -> tuple[list[_Point], list[_Point]]:
    """Return the lines to fold, at most ``limit``, and the first rows, both in order of time.

    Lines are read first: what another process folds meanwhile is then in the rows.
    """
    oldest = f"{lines_question(subject.condition)} ORDER BY time LIMIT {limit + 1}"
    so_far = f"{rows_question(subject.condition)} ORDER BY time LIMIT {AT_ONCE + 1}"
    found, rows = server.ask([oldest, so_far], "ns")
    times = [row["time"] for row in dicts(found)]
    lines = list(map(_Point, times, lines_from(found)))
    return lines[: _old_part(lines, before, limit)], [_Point(*row) for row in timed_rows(rows)]


def _old_part(lines: Sequence[_Point], before: datetime, limit: int) -> int:
    """Return how many of the first lines can be folded.

    They end before the first line that must stay, and not within the lines of one moment. A server
    may delete a nanosecond more, so they end before that (``_apart``).
    """
    young = next((n for n, line in enumerate(lines) if line.entry.asked_at >= before), len(lines))
    part = min(young, limit)
    if part and part == limit < len(lines):
        part = whole_answers([line.entry for line in lines[:part]])
    return _apart(lines, part)


def _apart(lines: Sequence[_Point], part: int) -> int:
    """Return how many of the first lines end at least two nanoseconds before the next line."""
    while 0 < part < len(lines) and lines[part].time <= lines[part - 1].time + 1:
        part -= 1
    return part


def _without_superseded(
    server: InfluxClient, subject: _Subject, rows: Sequence[_Point]
) -> list[_Point]:
    """Delete rows whose answers are all in the newest rows, and return the others.

    Rows that were written together have consecutive times, so the deletion of such a block cannot
    concern other rows.
    """
    if not rows:
        return []
    cuts = [n for n, (a, b) in enumerate(pairwise(rows), 1) if b.time > a.time + 1]
    blocks = [rows[first:end] for first, end in pairwise([0, *cuts, len(rows)])]
    kept = list(blocks[-1])
    newest = [row.entry for row in kept]
    for block in reversed(blocks[:-1]):
        if holds(newest, [row.entry for row in block]):
            server.delete(ROWS, subject.tags, block[0].time, block[-1].time)
        else:
            kept = [*block, *kept]
    return kept


def _are_as_expected(
    server: InfluxClient,
    subject: _Subject,
    span: tuple[int, int],
    count: int,
    first: int,
    made: Sequence[LedgerEntry],
) -> bool:
    """Return whether a span has this number of lines, and all the rows that were made are there."""
    counted = influxql.select('count("start") AS n', LEDGER, subject.condition, _between(*span))
    last = first + len(made) - 1
    own = rows_question(subject.condition, _between(first, last))
    lines, rows = server.ask([counted, f"{own} ORDER BY time"], "ns")
    if sum(int(row["n"]) for row in dicts(lines)) != count:
        return False
    return rows_from(rows) == list(made)


def _between(first: int, last: int) -> str:
    return f"time >= {first} AND time <= {last}"


def _check_deletes(server: InfluxClient) -> None:
    """Raise if the server does not delete: then rows would grow with each clean-up.

    It deletes a moment of 1970, in which there is no row.
    """
    server.delete(ROWS, {"series": "none"}, 0, 1)


def _batch_lines(subject: _Subject, lines: Sequence[_Point]) -> list[str]:
    """Return points with the time of each batch of the lines, which the same lines write again."""
    newest: dict[str, tuple[datetime, int]] = {}
    for time, line in lines:
        found = line.asked_at, time
        newest[line.batch] = max(newest.get(line.batch, found), found)
    head = line_protocol.head(BATCH_TIMES, subject.tags)
    return [
        f"{head} {line_protocol.fields({'batch': b, 'asked_us': to_ns(at) // NS_OF_US})} {time}"
        for b, (at, time) in newest.items()
    ]
