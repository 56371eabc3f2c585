"""Summary rows of the ledger in the InfluxDB store, in a measurement of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gapfill.domain.evidence import read_kind
from gapfill.domain.interval import Interval
from gapfill.domain.keys import ProductKey
from gapfill.domain.ledger import LedgerEntry, Outcome
from gapfill.stores.answer_times import times_in, times_text
from gapfill.stores.influxdb import line_protocol
from gapfill.stores.influxdb.line_protocol import to_ns
from gapfill.stores.influxdb.points import from_ns

ROWS = "gapfill_ledger_folded"

BATCH_TIMES = "gapfill_batch_times"
"""When a batch asked its source, for the batches whose ledger lines are folded."""


def row_line(number: int, row: LedgerEntry) -> str:
    """Return a summary row as it is written, with its time in nanoseconds."""
    fields: dict[str, str | int] = {
        "product": row.product,
        "station": row.station or "",
        "field": row.field or "",
        "start": to_ns(row.interval.start) // 10**9,
        "end": to_ns(row.interval.end) // 10**9,
        "outcome": row.outcome.value,
        "evidence_kind": row.evidence_kind.value,
        "evidence": row.evidence,
        "answers": times_text(row.folded),
    }
    source = ProductKey.parse(row.product).source
    head = line_protocol.head(ROWS, tags_of(row.series, source, row.outcome))
    return f"{head} {line_protocol.fields(fields)} {number}"


def tags_of(series: str, source: str, outcome: Outcome) -> dict[str, str]:
    """Return the tags of a line or summary row.

    The server skips what is filled by its tag, without reading it.
    """
    filled = {"filled": "yes"} if outcome is Outcome.FILLED else {}
    return {"series": series, "source": source, **filled}


def row_from(row: Mapping[str, Any]) -> LedgerEntry:
    """Return a summary row from the answer of the server."""
    times = times_in(row["answers"])
    return LedgerEntry(
        series=row["series"],
        product=row["product"],
        station=row["station"] or None,
        interval=Interval(from_ns(row["start"] * 10**9), from_ns(row["end"] * 10**9)),
        outcome=Outcome(row["outcome"]),
        asked_at=times[-1],
        evidence=row["evidence"],
        field=row["field"] or None,
        evidence_kind=read_kind(row["evidence_kind"], row["evidence"]),
        folded=times,
    )
