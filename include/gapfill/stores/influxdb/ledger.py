"""The ledger of the InfluxDB store.

Points are only added to its measurement, so that no kill and no other process can spoil
it. A run's name is a field, not a tag: a tag of ever new values would
make ever new series in InfluxDB's index.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from gapfill.domain.evidence import read_kind
from gapfill.domain.interval import Interval
from gapfill.domain.keys import BatchId, ProductKey
from gapfill.domain.ledger import LedgerEntry, Outcome, as_read
from gapfill.stores.influxdb import influxql, line_protocol
from gapfill.stores.influxdb.client import InfluxClient
from gapfill.stores.influxdb.line_protocol import to_ns
from gapfill.stores.influxdb.numbers import NS_OF_US, Numbers
from gapfill.stores.influxdb.points import from_ns
from gapfill.stores.influxdb.response import ResponseTable, dicts

LEDGER = "gapfill_ledger"

IS_VERDICT = f'"outcome" != {influxql.value(Outcome.FILLED.value)}'
"""The condition that a line of the ledger says what a source did not give."""


def append(server: InfluxClient, numbers: Numbers, entries: Sequence[LedgerEntry]) -> None:
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
    is_recent = f'"asked_us" >= {to_ns(since) // NS_OF_US}'
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
    return [as_read(_entry(row)) for row in dicts(tables)]


def _entry(row: Mapping[str, Any]) -> LedgerEntry:
    return LedgerEntry(
        series=row["series"],
        product=row["product"],
        station=row["station"] or None,
        interval=Interval(from_ns(row["start"] * 10**9), from_ns(row["end"] * 10**9)),
        outcome=Outcome(row["outcome"]),
        asked_at=from_ns(row["asked_us"] * NS_OF_US),
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
    is_its = f'"source" = {influxql.value(source)}', is_of(run)
    return influxql.select('"batch", "outcome"', LEDGER, *is_its)


def outcomes_from(tables: Sequence[ResponseTable], run: str) -> list[tuple[str, Outcome]]:
    """Return what ``outcomes_question`` answers."""
    return [
        (row["batch"], Outcome(row["outcome"]))
        for row in dicts(tables)
        if row["batch"].startswith(BatchId.prefix(run))
    ]


def _entry_line(number: int, entry: LedgerEntry) -> str:
    source = ProductKey.parse(entry.product).source
    fields: dict[str, str | int] = {
        "product": entry.product,
        "station": entry.station or "",
        "start": to_ns(entry.interval.start) // 10**9,
        "end": to_ns(entry.interval.end) // 10**9,
        "outcome": entry.outcome.value,
        "asked_us": to_ns(entry.asked_at) // NS_OF_US,
        "evidence": entry.evidence,
        "batch": entry.batch,
        "run": run_in(entry.batch),
        **({"field": entry.field} if entry.field else {}),
        "evidence_kind": entry.evidence_kind.value,
    }
    head = line_protocol.head(LEDGER, {"series": entry.series, "source": source})
    return f"{head} {line_protocol.fields(fields)} {number}"


def is_of(run: str) -> str:
    """Return the condition that a point is of a run."""
    return f'"run" = {influxql.value(run_in(BatchId.prefix(run)))}'


def run_in(batch: str) -> str:
    """Return the first part of a batch: its run, as runs are named without a slash."""
    return batch.partition("/")[0]
