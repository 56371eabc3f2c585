"""The quotas of the InfluxDB store: calls, blocks, and limits that were learned.

Points are only added, so that no kill and no other process can damage them. The clean-up folds
the calls of days that no quota counts (``folded_calls``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from gapfill.domain.keys import BatchId
from gapfill.services.ports import Block
from gapfill.stores.influxdb import folded_calls, influxql, line_protocol
from gapfill.stores.influxdb.client import InfluxClient
from gapfill.stores.influxdb.ledger import is_of, run_in
from gapfill.stores.influxdb.line_protocol import to_ns
from gapfill.stores.influxdb.numbers import Numbers
from gapfill.stores.influxdb.points import from_ns
from gapfill.stores.influxdb.response import ResponseTable, dicts

CALLS = folded_calls.CALLS
BLOCKS, LEARNED = "gapfill_blocks", "gapfill_learned"


def record_call(
    server: InfluxClient, numbers: Numbers, source: str, at: datetime, batch: str, records: int
) -> None:
    """Note a call and its records."""
    lane, rest = numbers.next_place()
    head = line_protocol.head(CALLS, {"source": source, "lane": str(lane)})
    fields: dict[str, str | int] = {"batch": batch, "run": run_in(batch), "records": records}
    server.write([f"{head} {line_protocol.fields(fields)} {to_ns(at) + rest}"], "ns")


def count_calls_of(server: InfluxClient, run: str) -> int:
    """Count the calls of the batches of a run."""
    rows = _rows(server, influxql.select('"batch"', CALLS, is_of(run)))
    return sum(row["batch"].startswith(BatchId.prefix(run)) for row in rows)


def count_calls_since(server: InfluxClient, source: str, since: datetime) -> int:
    """Count a source's calls at ``since`` or later."""
    return _total(server, "count", source, since)


def sum_records_since(server: InfluxClient, source: str, since: datetime) -> int:
    """Count the records of a source's calls at ``since`` or later."""
    return _total(server, "sum", source, since)


def _total(server: InfluxClient, function: str, source: str, since: datetime) -> int:
    """Return a total over the calls of a source, and over its folded days.

    A kill can leave the calls of a day whose point is written: they are not counted again.
    """
    question = _total_question(function, source, since)
    tables, folded = server.ask([question, folded_calls.total_question(source, since)], "ns")
    days = dicts(folded)
    if not days:
        return _total_from(tables)
    rest = max(since, folded_calls.day_after(max(day["time"] for day in days)))
    (tables,) = server.ask([_total_question(function, source, rest)], "ns")
    name = "calls" if function == "count" else "records"
    return sum(int(day[name]) for day in days) + _total_from(tables)


def _total_question(function: str, source: str, since: datetime) -> str:
    is_its = f'"source" = {influxql.value(source)}', since_condition(since)
    return influxql.select(f'{function}("records") AS total', CALLS, *is_its)


def _total_from(tables: Sequence[ResponseTable]) -> int:
    rows = dicts(tables)
    return int(rows[0]["total"] or 0) if rows else 0


def save_limits(
    server: InfluxClient, subject: str, facts: Mapping[str, float], at: datetime
) -> None:
    """Note facts; the latest of each counts."""
    server.write(
        [
            f"{line_protocol.head(LEARNED, {'subject': subject, 'name': name})} "
            f"{line_protocol.field('value', float(value))} {to_ns(at)}"
            for name, value in facts.items()
        ],
        "ns",
    )


def limits_since(server: InfluxClient, since: datetime) -> dict[str, dict[str, float]]:
    """Return the facts learned at ``since`` or later, by subject and name."""
    (tables,) = server.ask([limits_question(since)], "ns")
    return limits_from(tables)


def limits_question(since: datetime) -> str:
    """Return the question for what was learned."""
    what, by = 'last("value") AS value', '"subject", "name"'
    return influxql.select(what, LEARNED, since_condition(since), by=by)


def limits_from(tables: Sequence[ResponseTable]) -> dict[str, dict[str, float]]:
    """Return what ``limits_question`` answers."""
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


def since_condition(since: datetime) -> str:
    """Return the condition that a point is not older than an instant."""
    return f"time >= {to_ns(since)}"


def _rows(server: InfluxClient, statement: str) -> list[dict[str, Any]]:
    (tables,) = server.ask([statement], "ns")
    return dicts(tables)
