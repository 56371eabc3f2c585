"""Calls of the InfluxDB store that are older than every quota: one point for each UTC day.

The point of a day is written before its calls are deleted. If a kill comes between, the next
clean-up finds the point, does not count again, and deletes.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from gapfill.stores.influxdb import influxql, line_protocol
from gapfill.stores.influxdb.client import InfluxClient
from gapfill.stores.influxdb.line_protocol import to_ns
from gapfill.stores.influxdb.points import from_ns
from gapfill.stores.influxdb.response import dicts

CALLS, FOLDED_CALLS = "gapfill_calls", "gapfill_calls_folded"

DAYS = 100
"""Maximum number of days whose calls of one source are folded at once."""

_DAY = timedelta(days=1)


def fold_calls(server: InfluxClient, before: datetime) -> int:
    """Fold the calls of whole UTC days before an instant, and return their number.

    Raises:
        StoreError: If the server does not answer or does not delete.
    """
    end = _day_of(before)
    oldest = influxql.select('first("batch") AS b', CALLS, _until(end), by='"source"')
    (tables,) = server.ask([oldest], "ns")
    first = {t.tags["source"]: _day_of(from_ns(t.rows[0][0])) for t in tables}
    return sum(
        _fold_source(server, source, start, min(end, start + DAYS * _DAY))
        for source, start in first.items()
    )


def _fold_source(server: InfluxClient, source: str, start: datetime, end: datetime) -> int:
    is_its = f'"source" = {influxql.value(source)}'
    within = is_its, f"time >= {to_ns(start)}", _until(end)
    what = 'count("batch") AS calls, sum("records") AS records'
    by_day = influxql.select(what, CALLS, *within, by="time(1d)") + " fill(none)"
    done = influxql.select('"calls"', FOLDED_CALLS, *within)
    counted, known = server.ask([by_day, done], "ns")
    days = {row["time"] for row in dicts(known)}
    rows = [row for row in dicts(counted) if row["calls"] and row["time"] not in days]
    head = line_protocol.head(FOLDED_CALLS, {"source": source})
    lines = [
        f"{head} calls={int(row['calls'])}i,records={int(row['records'] or 0)}i {row['time']}"
        for row in rows
    ]
    if lines:
        server.write(lines, "ns")
    server.delete(CALLS, {"source": source}, to_ns(start), to_ns(end) - 1)
    return sum(int(row["calls"]) for row in rows)


def total_question(source: str, since: datetime) -> str:
    """Return the question for the folded days of a source from an instant on."""
    is_its = f'"source" = {influxql.value(source)}', f"time >= {to_ns(since)}"
    return influxql.select('"calls", "records"', FOLDED_CALLS, *is_its)


def day_after(time_ns: int) -> datetime:
    """Return the end of the UTC day that starts at a time."""
    return from_ns(time_ns) + _DAY


def _day_of(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _until(end: datetime) -> str:
    return f"time < {to_ns(end)}"
