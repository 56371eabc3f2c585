"""The books of the InfluxDB store: the ledger, the calls, the blocks and what was learned.

Each is a measurement to which points are only added, so that no kill and no other
process can spoil it. A run's name is a field, not a tag: a tag of ever new values would
make ever new series in InfluxDB's index.
"""

from __future__ import annotations

import itertools
import os
import random
import time
from typing import TYPE_CHECKING

from gapfill.domain.evidence import read_kind
from gapfill.domain.interval import Interval
from gapfill.domain.keys import BatchId, ProductKey
from gapfill.domain.ledger import LedgerEntry, Outcome, as_read
from gapfill.services.ports import Block
from gapfill.stores.influxdb import influxql, line_protocol
from gapfill.stores.influxdb.line_protocol import to_ns
from gapfill.stores.influxdb.points import from_ns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from typing import Any

    from gapfill.stores.influxdb.client import InfluxClient
    from gapfill.stores.influxdb.response import ResponseTable

LEDGER, CALLS, BLOCKS, LEARNED = (
    "gapfill_ledger",
    "gapfill_calls",
    "gapfill_blocks",
    "gapfill_learned",
)

LANES = 64
"""Calls of one microsecond are told apart by 1,000 nanoseconds in each of so many lanes."""

IS_VERDICT = f'"outcome" != {influxql.value(Outcome.FILLED.value)}'
"""The condition that a line of the ledger says what a source did not give."""

_NS_OF_US = 1000


class Numbers:
    """Numbers that order what this process writes, and tell it from what others write."""

    def __init__(self) -> None:
        self._last = 0
        self._start()

    def next_ns(self) -> int:
        """Return now in nanoseconds, later than any before."""
        self._last = max(self._last + 1, time.time_ns())
        return self._last

    def next_place(self) -> tuple[int, int]:
        """Return a lane and a nanosecond, other ones at each of 64,000 calls."""
        if self._process != os.getpid():
            self._start()
        return divmod(next(self._places) % (LANES * _NS_OF_US), _NS_OF_US)

    def _start(self) -> None:
        self._process = os.getpid()
        self._places = itertools.count(random.SystemRandom().randrange(LANES * _NS_OF_US))


def note(server: InfluxClient, numbers: Numbers, entries: Sequence[LedgerEntry]) -> None:
    """Add lines to the ledger."""
    server.write(entry_lines(numbers, entries), "ns")


def entry_lines(numbers: Numbers, entries: Sequence[LedgerEntry]) -> list[str]:
    """Return lines of the ledger as they are written, with times in nanoseconds."""
    return [_entry_line(numbers.next_ns(), entry) for entry in entries]


def entries_of(server: InfluxClient, series: str) -> list[LedgerEntry]:
    """Return the ledger of a series in the order it was written."""
    return _entries(server, f'"series" = {influxql.value(series)}')


def answers_of(server: InfluxClient, source: str, since: datetime) -> list[LedgerEntry]:
    """Return the ledger lines of a source that were asked at ``since`` or later, in order."""
    is_recent = f'"asked_us" >= {to_ns(since) // _NS_OF_US}'
    return _entries(server, f'"source" = {influxql.value(source)}', is_recent)


def _entries(server: InfluxClient, *where: str) -> list[LedgerEntry]:
    (tables,) = server.ask([ledger_question(*where)], "ns")
    return entries_from(tables)


def ledger_question(*where: str) -> str:
    """Return the question for lines of the ledger that meet conditions."""
    what = ("product", "station", "start", "end", "outcome", "asked_us", "evidence", "batch")
    rest = ("field", "evidence_kind", "series")
    return influxql.select(", ".join(map(influxql.name, (*what, *rest))), LEDGER, *where)


def entries_from(tables: Sequence[ResponseTable]) -> list[LedgerEntry]:
    """Return what ``ledger_question`` answers."""
    return [as_read(_entry(row)) for row in _dicts(tables)]


def _entry(row: Mapping[str, Any]) -> LedgerEntry:
    return LedgerEntry(
        series=row["series"],
        product=row["product"],
        station=row["station"] or None,
        interval=Interval(from_ns(row["start"] * 10**9), from_ns(row["end"] * 10**9)),
        outcome=Outcome(row["outcome"]),
        asked_at=from_ns(row["asked_us"] * _NS_OF_US),
        evidence=row["evidence"],
        batch=row["batch"],
        field=row["field"] or None,
        evidence_kind=read_kind(row["evidence_kind"], row["evidence"]),
    )


def outcomes_of(server: InfluxClient, run: str, source: str) -> list[tuple[str, Outcome]]:
    """Return ``(batch, outcome)`` of a source's ledger lines in a run, in order."""
    (tables,) = server.ask([outcomes_question(run, source)], "ns")
    return outcomes_from(tables, run)


def outcomes_question(run: str, source: str) -> str:
    """Return the question for what a source's requests of a run came to."""
    is_its = f'"source" = {influxql.value(source)}', _is_of(run)
    return influxql.select('"batch", "outcome"', LEDGER, *is_its)


def outcomes_from(tables: Sequence[ResponseTable], run: str) -> list[tuple[str, Outcome]]:
    """Return what ``outcomes_question`` answers."""
    return [
        (row["batch"], Outcome(row["outcome"]))
        for row in _dicts(tables)
        if row["batch"].startswith(BatchId.prefix(run))
    ]


def record_call(
    server: InfluxClient, numbers: Numbers, source: str, at: datetime, batch: str, records: int
) -> None:
    """Note a call and its records."""
    lane, rest = numbers.next_place()
    head = line_protocol.head(CALLS, {"source": source, "lane": str(lane)})
    fields: dict[str, str | int] = {"batch": batch, "run": _run(batch), "records": records}
    server.write([f"{head} {_fields(fields)} {to_ns(at) + rest}"], "ns")


def count_calls_of(server: InfluxClient, run: str) -> int:
    """Count the calls of the batches of a run."""
    rows = _rows(server, influxql.select('"batch"', CALLS, _is_of(run)))
    return sum(row["batch"].startswith(BatchId.prefix(run)) for row in rows)


def count_calls_since(server: InfluxClient, source: str, since: datetime) -> int:
    """Count a source's calls at ``since`` or later."""
    return _total(server, "count", source, since)


def sum_records_since(server: InfluxClient, source: str, since: datetime) -> int:
    """Count the records of a source's calls at ``since`` or later."""
    return _total(server, "sum", source, since)


def learn(server: InfluxClient, subject: str, facts: Mapping[str, float], at: datetime) -> None:
    """Note facts; the latest of each counts."""
    server.write(
        [
            f"{line_protocol.head(LEARNED, {'subject': subject, 'name': name})} "
            f"{line_protocol.field('value', float(value))} {to_ns(at)}"
            for name, value in facts.items()
        ],
        "ns",
    )


def learned_since(server: InfluxClient, since: datetime) -> dict[str, dict[str, float]]:
    """Return the facts learned at ``since`` or later, by subject and name."""
    (tables,) = server.ask([learned_question(since)], "ns")
    return learned_from(tables)


def learned_question(since: datetime) -> str:
    """Return the question for what was learned."""
    what, by = 'last("value") AS value', '"subject", "name"'
    return influxql.select(what, LEARNED, since_condition(since), by=by)


def learned_from(tables: Sequence[ResponseTable]) -> dict[str, dict[str, float]]:
    """Return what ``learned_question`` answers."""
    facts: dict[str, dict[str, float]] = {}
    for table in tables:
        for row in table.dicts():
            facts.setdefault(table.tags["subject"], {})[table.tags["name"]] = float(row["value"])
    return facts


def block(server: InfluxClient, one: Block) -> None:
    """Note a block at the instant it ends: of several of a source the latest is in force."""
    head = line_protocol.head(BLOCKS, {"source": one.source})
    server.write(
        [f"{head} {line_protocol.field('reason', one.reason)} {to_ns(one.until)}"],
        "ns",
    )


def blocks_at(server: InfluxClient, now: datetime) -> list[Block]:
    """Return the blocks in force, by name of the source."""
    (tables,) = server.ask([blocks_question(now)], "ns")
    return blocks_from(tables)


def blocks_question(now: datetime) -> str:
    """Return the question for the blocks in force."""
    what, is_in_force = 'last("reason") AS reason', f"time > {to_ns(now)}"
    return influxql.select(what, BLOCKS, is_in_force, by='"source"')


def blocks_from(tables: Sequence[ResponseTable]) -> list[Block]:
    """Return what ``blocks_question`` answers."""
    found = [
        Block(table.tags["source"], from_ns(row["time"]), row["reason"])
        for table in tables
        for row in table.dicts()
    ]
    return sorted(found, key=lambda one: one.source)


def _entry_line(number: int, entry: LedgerEntry) -> str:
    source = ProductKey.parse(entry.product).source
    fields: dict[str, str | int] = {
        "product": entry.product,
        "station": entry.station or "",
        "start": to_ns(entry.interval.start) // 10**9,
        "end": to_ns(entry.interval.end) // 10**9,
        "outcome": entry.outcome.value,
        "asked_us": to_ns(entry.asked_at) // _NS_OF_US,
        "evidence": entry.evidence,
        "batch": entry.batch,
        "run": _run(entry.batch),
        **({"field": entry.field} if entry.field else {}),
        "evidence_kind": entry.evidence_kind.value,
    }
    head = line_protocol.head(LEDGER, {"series": entry.series, "source": source})
    return f"{head} {_fields(fields)} {number}"


def _fields(fields: Mapping[str, str | int]) -> str:
    return ",".join(line_protocol.field(key, what) for key, what in fields.items())


def _rows(server: InfluxClient, statement: str) -> list[dict[str, Any]]:
    (tables,) = server.ask([statement], "ns")
    return _dicts(tables)


def _dicts(tables: Sequence[ResponseTable]) -> list[dict[str, Any]]:
    return [row for table in tables for row in table.dicts()]


def _total(server: InfluxClient, function: str, source: str, since: datetime) -> int:
    is_its = f'"source" = {influxql.value(source)}', since_condition(since)
    rows = _rows(server, influxql.select(f'{function}("records") AS total', CALLS, *is_its))
    return int(rows[0]["total"] or 0) if rows else 0


def _is_of(run: str) -> str:
    return f'"run" = {influxql.value(_run(BatchId.prefix(run)))}'


def since_condition(since: datetime) -> str:
    """Return the condition that a point is not older than an instant."""
    return f"time >= {to_ns(since)}"


def _run(batch: str) -> str:
    """Return the first part of a batch: its run, as runs are named without a slash."""
    return batch.partition("/")[0]
