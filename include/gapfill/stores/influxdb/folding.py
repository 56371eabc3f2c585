"""The clean-up of the InfluxDB store: old ledger lines and calls become summary rows.

InfluxDB has no transactions, so the order makes a kill harmless. First the summary rows are
written, then the lines are deleted, then the rows that the new rows replace. At every moment each
answer is in a line, in a row, or in both, and an answer in both counts once
(``domain.ledger.answers_of``). The next clean-up continues.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from gapfill.domain.ledger import LedgerEntry
from gapfill.domain.ledger_folding import fold, whole_answers
from gapfill.services.ports import Folded
from gapfill.stores.influxdb import influxql, line_protocol
from gapfill.stores.influxdb.client import InfluxClient
from gapfill.stores.influxdb.folded_calls import fold_calls
from gapfill.stores.influxdb.ledger import LEDGER, entries_from, ledger_question
from gapfill.stores.influxdb.ledger_rows import BATCH_TIMES, ROWS, row_line
from gapfill.stores.influxdb.line_protocol import to_ns
from gapfill.stores.influxdb.numbers import NS_OF_US, Numbers
from gapfill.stores.influxdb.response import dicts

AT_ONCE = 5000
"""Maximum number of summary rows of one series and source that are folded again with new lines."""


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
    for subject in _crowded(server, before, at_least):
        if lines >= limit:
            break
        lines += _fold_one(server, numbers, subject, before, limit - lines)
    return Folded(lines, fold_calls(server, before))


def _crowded(server: InfluxClient, before: datetime, at_least: int) -> list[_Subject]:
    """Return each series and source with at least so many old lines, the most first."""
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
    oldest = f"{ledger_question(subject.condition, source=LEDGER)} ORDER BY time LIMIT {limit}"
    of_rows = f"{ledger_question(subject.condition, source=ROWS)} ORDER BY time LIMIT {AT_ONCE + 1}"
    tables, known = server.ask([oldest, of_rows], "ns")
    written = [row["time"] for row in dicts(tables)]
    lines = _old_part(entries_from(tables), before, limit)
    if not lines:
        return 0
    rows, times = entries_from(known), [row["time"] for row in dicts(known)]
    if len(rows) > AT_ONCE:
        rows, times = [], []
    _check_deletes(server)
    span = written[0], written[len(lines) - 1]
    number = max([numbers.next_ns(), *(time + 1 for time in times)])
    made = [row_line(number + n, row) for n, row in enumerate(fold([*rows, *lines]))]
    server.write([*_batch_lines(subject, written, lines), *made], "ns")
    if _count(server, subject, *span) == len(lines):
        server.delete(LEDGER, subject.tags, *span)
        if times:
            server.delete(ROWS, subject.tags, min(times), max(times))
        return len(lines)
    return 0  # another process wrote a line between them: the next clean-up folds it too


def _old_part(lines: Sequence[LedgerEntry], before: datetime, limit: int) -> list[LedgerEntry]:
    """Return the lines up to the first one that must stay, in the order of writing."""
    old = next((n for n, line in enumerate(lines) if line.asked_at >= before), len(lines))
    part = list(lines[:old])
    is_cut = len(lines) == limit and old == limit
    return part[: whole_answers(part)] if is_cut else part


def _check_deletes(server: InfluxClient) -> None:
    """Raise if the server does not delete: then rows would grow with each clean-up.

    It deletes a moment of 1970, in which there is no row.
    """
    server.delete(ROWS, {"series": "none"}, 0, 1)


def _count(server: InfluxClient, subject: _Subject, first: int, last: int) -> int:
    """Count the lines of a subject between two times, both included."""
    is_within = f"time >= {first} AND time <= {last}"
    (tables,) = server.ask(
        [influxql.select('count("start") AS n', LEDGER, subject.condition, is_within)]
    )
    return sum(int(row["n"]) for row in dicts(tables))


def _batch_lines(
    subject: _Subject, written: Sequence[int], lines: Sequence[LedgerEntry]
) -> list[str]:
    """Return points with the time of each batch of the lines, which the same lines write again."""
    newest: dict[str, tuple[datetime, int]] = {}
    for line, time in zip(lines, written, strict=False):
        newest[line.batch] = max(
            newest.get(line.batch, (line.asked_at, time)), (line.asked_at, time)
        )
    head = line_protocol.head(BATCH_TIMES, subject.tags)
    return [
        f"{head} {line_protocol.fields({'batch': b, 'asked_us': to_ns(at) // NS_OF_US})} {time}"
        for b, (at, time) in newest.items()
    ]
