"""The ledger of the InfluxDB store.

Points are only added to its measurement, so that no kill and no other process can damage it. The
clean-up folds old points (``folding``). The name of a run is a field, not a tag: each new value of
a tag creates a new series in the index of InfluxDB.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from gapfill.domain.evidence import NOT_BELIEVED, EvidenceKind, read_kind
from gapfill.domain.interval import Interval
from gapfill.domain.keys import BatchId, ProductKey
from gapfill.domain.ledger import OLD_WANTED, LedgerEntry, Outcome, as_read
from gapfill.domain.ledger_folding import fold
from gapfill.stores.influxdb import influxql, line_protocol
from gapfill.stores.influxdb.client import InfluxClient
from gapfill.stores.influxdb.ledger_rows import NOT_FILLED, rows_from, rows_question, tags_of
from gapfill.stores.influxdb.line_protocol import to_ns
from gapfill.stores.influxdb.numbers import NS_OF_US, Numbers
from gapfill.stores.influxdb.points import from_ns
from gapfill.stores.influxdb.response import ResponseTable, dicts

LEDGER = "gapfill_ledger"


def decides(day: datetime) -> str:
    """Return the condition of ``domain.ledger.decides``, on lines of earlier builds too.

    A line of those builds has no kind of evidence, and its sentence decides about it.

    Args:
        day: First instant from which on every line is read, except those of filled slots.
    """
    is_doubt = (
        f'"evidence_kind" = \'{EvidenceKind.NOT_BELIEVED}\' OR "evidence" =~ /^{NOT_BELIEVED}/'
    )
    has_field = f'"field" != \'\' OR "product" =~ /{OLD_WANTED}$/'
    either = " OR ".join(
        [
            f'"asked_us" >= {to_ns(day) // NS_OF_US}',
            f'"outcome" =~ /^({Outcome.NO_DATA}|{Outcome.UNPROVEN})$/',
            f"(\"outcome\" = '{Outcome.FAILED}' AND ({is_doubt}))",
            f"(\"outcome\" = '{Outcome.NOT_YET}' AND ({has_field}))",
        ]
    )
    return f"{NOT_FILLED} AND \"outcome\" != '{Outcome.FILLED}' AND ({either})"


def within(windows: Sequence[Interval]) -> str:
    """Return the condition that an entry has slots in a window; empty for all."""
    seconds = [(to_ns(one.start) // 10**9, to_ns(one.end) // 10**9) for one in windows]
    parts = [f'("start" < {end} AND "end" > {start})' for start, end in seconds]
    return f"({' OR '.join(parts)})" if parts else ""


def append(server: InfluxClient, numbers: Numbers, entries: Sequence[LedgerEntry]) -> None:
    """Add lines to the ledger."""
    server.write(entry_lines(numbers, entries), "ns")


def entry_lines(numbers: Numbers, entries: Sequence[LedgerEntry]) -> list[str]:
    """Return lines of the ledger as they are written, with times in nanoseconds."""
    return [_entry_line(numbers.next_ns(), entry) for entry in entries]


def entries_of(server: InfluxClient, series: str) -> list[LedgerEntry]:
    """Return the summary rows of a series, then its lines in the order of writing."""
    is_its = f'"series" = {influxql.value(series)}'
    lines, rows = server.ask([lines_question(is_its), rows_question(is_its)], "ns")
    return [*fold(rows_from(rows)), *lines_from(lines)]


def answers_of(server: InfluxClient, source: str, since: datetime) -> list[LedgerEntry]:
    """Return the ledger lines of a source that were asked at ``since`` or later, in order.

    That is at most a day ago, so none of them is folded.
    """
    is_recent = f'"asked_us" >= {to_ns(since) // NS_OF_US}'
    is_its = f'"source" = {influxql.value(source)}'
    (tables,) = server.ask([lines_question(is_its, is_recent)], "ns")
    return lines_from(tables)


def lines_question(*where: str) -> str:
    """Return the question for lines that meet conditions.

    Who also reads summary rows asks for the lines first. A clean-up writes rows before it deletes
    lines, so what it deletes before the lines are read is then in the rows.
    """
    what = ("product", "station", "start", "end", "outcome", "asked_us", "evidence", "batch")
    rest = ("field", "evidence_kind", "series")
    return influxql.select(", ".join(map(influxql.name, (*what, *rest))), LEDGER, *where)


def lines_from(tables: Sequence[ResponseTable]) -> list[LedgerEntry]:
    """Return the answer to ``lines_question``."""
    return [_line(row) for row in dicts(tables)]


def _line(row: Mapping[str, Any]) -> LedgerEntry:
    found = LedgerEntry(
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
    return as_read(found)


def outcomes_of(server: InfluxClient, run: str, source: str) -> list[tuple[str, Outcome]]:
    """Return ``(batch, outcome)`` of a source's ledger lines in a run, in order."""
    (tables,) = server.ask([outcomes_question(run, source)], "ns")
    return outcomes_from(tables, run)


def outcomes_question(run: str, source: str) -> str:
    """Return the question for the outcomes of a source's requests of a run."""
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
    head = line_protocol.head(LEDGER, tags_of(entry.series, source, entry.outcome))
    return f"{head} {line_protocol.fields(fields)} {number}"


def is_of(run: str) -> str:
    """Return the condition that a point is of a run."""
    return f'"run" = {influxql.value(run_in(BatchId.prefix(run)))}'


def run_in(batch: str) -> str:
    """Return the first part of a batch: its run, as runs are named without a slash."""
    return batch.partition("/")[0]
