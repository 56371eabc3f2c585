"""Summary rows of the ledger in the InfluxDB store, in a measurement of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gapfill.domain.evidence import read_kind
from gapfill.domain.interval import Interval
from gapfill.domain.keys import ProductKey
from gapfill.domain.ledger import LedgerEntry, Outcome
from gapfill.stores.answer_times import times_in, times_text
from gapfill.stores.influxdb import influxql, line_protocol
from gapfill.stores.influxdb.line_protocol import to_ns
from gapfill.stores.influxdb.points import from_ns
from gapfill.stores.influxdb.response import ResponseTable, dicts

ROWS = "gapfill_ledger_folded"

BATCH_TIMES = "gapfill_batch_times"
"""When a batch asked its source, for the batches whose ledger lines are folded."""

NOT_FILLED = f"{influxql.tag('filled')} = ''"
"""The condition that the tag of filled entries is absent, as in every line of earlier builds."""

_FIELDS = (
    "product",
    "station",
    "field",
    "start",
    "end",
    "outcome",
    "evidence_kind",
    "evidence",
    "answers",
)


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


def rows_question(*where: str) -> str:
    """Return the question for summary rows that meet conditions."""
    return influxql.select(", ".join(map(influxql.name, (*_FIELDS, "series"))), ROWS, *where)


def rows_from(tables: Sequence[ResponseTable]) -> list[LedgerEntry]:
    """Return the answer to ``rows_question``, see ``timed_rows``."""
    return [row for _, row in timed_rows(tables)]


def timed_rows(tables: Sequence[ResponseTable]) -> list[tuple[int, LedgerEntry]]:
    """Return the answer to ``rows_question``, each row with the time of its point.

    A row of which the server shows some fields only is not written yet; its lines are still there.
    """
    whole = (row for row in dicts(tables) if all(row[name] is not None for name in _FIELDS))
    return [(row["time"], _row(row)) for row in whole]


def _row(row: Mapping[str, Any]) -> LedgerEntry:
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
