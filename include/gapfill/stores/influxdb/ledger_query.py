"""The ledger and the quotas at one moment, read in one request."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from gapfill.domain.ledger import LedgerEntry, decides
from gapfill.services.ports import LedgerQuery, LedgerSnapshot, Usage
from gapfill.stores.influxdb import influxql, ledger, ledger_rows, quotas, refused_slots
from gapfill.stores.influxdb.client import InfluxClient


def read_snapshot(server: InfluxClient, inquiry: LedgerQuery) -> LedgerSnapshot:
    """Return the ledger and the quotas, in one request if a URL can hold the series' names."""
    statements = [
        quotas.blocks_question(inquiry.now),
        quotas.limits_question(inquiry.since),
        _usage(inquiry.day),
    ]
    parts = influxql.is_one_of("series", [series.name for series in inquiry.series])
    ledgers = parts if inquiry.is_ledger else []
    if parts:  # refusals are rare, so for several series all of them are read
        statements += [refused_slots.question(parts[0] if len(inquiry.series) == 1 else "")]
    slots = ledger.within(inquiry.windows)
    deciding = ledger.decides(inquiry.day)
    statements += [ledger.lines_question(part, deciding, slots) for part in ledgers]
    statements += [
        ledger_rows.rows_question(part, ledger_rows.NOT_FILLED, slots) for part in ledgers
    ]
    if inquiry.run:
        statements += [ledger.outcomes_question(inquiry.run, inquiry.source)]
    answers = iter(server.ask(statements, "ns"))
    blocks, learned, usage = next(answers), next(answers), next(answers)
    refusals = next(answers) if parts else []
    lines = [table for _ in ledgers for table in next(answers)]
    rows = [table for _ in ledgers for table in next(answers)]
    folded = [row for row in ledger_rows.rows_from(rows) if decides(row)]
    return LedgerSnapshot(
        blocks=quotas.blocks_from(blocks),
        limits=quotas.limits_from(learned),
        usage={
            table.tags["source"]: Usage(int(row["calls"]), int(row["records"] or 0))
            for table in usage
            for row in table.dicts()
        },
        entries=_by_series([*folded, *ledger.lines_from(lines)]),
        outcomes=ledger.outcomes_from(next(answers), inquiry.run) if inquiry.run else [],
        refused={one.name: refused_slots.standing(server, one, refusals) for one in inquiry.series},
    )


def _by_series(entries: Iterable[LedgerEntry]) -> dict[str, list[LedgerEntry]]:
    found: dict[str, list[LedgerEntry]] = {}
    for entry in entries:
        found.setdefault(entry.series, []).append(entry)
    return found


def _usage(since: datetime) -> str:
    what = 'count("records") AS calls, sum("records") AS records'
    return influxql.select(what, quotas.CALLS, quotas.since_condition(since), by='"source"')
