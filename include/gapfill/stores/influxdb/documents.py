"""The documents of the InfluxDB store: texts that tasks pass on, in parts, for some days.

A part is a point of its own, because InfluxDB refuses strings of more than 64 KiB. A kill can leave
some of the parts; the reader knows a whole text by its hash, which is its name.
"""

from __future__ import annotations

from datetime import UTC, datetime

from gapfill.stores.influxdb import influxql, line_protocol
from gapfill.stores.influxdb.client import InfluxClient
from gapfill.stores.influxdb.line_protocol import to_ns
from gapfill.stores.influxdb.quotas import since_condition

DOCUMENTS = "gapfill_documents"

PART = 60_000
"""Characters of a part."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def save(server: InfluxClient, name: str, text: str, at: datetime) -> None:
    """Save a document, part by part."""
    parts = [text[start : start + PART] for start in range(0, len(text), PART)]
    server.write(
        [
            f"{line_protocol.head(DOCUMENTS, {'document': name, 'part': str(number)})} "
            f"{line_protocol.field('text', part)} {to_ns(at)}"
            for number, part in enumerate(parts)
        ],
        "ns",
    )


def load(server: InfluxClient, name: str, since: datetime) -> str | None:
    """Return a document that was saved at ``since`` or later, ``None`` for none."""
    is_it = f'"document" = {influxql.value(name)}', since_condition(since)
    statement = influxql.select('last("text") AS text', DOCUMENTS, *is_it, by='"part"')
    (tables,) = server.ask([statement], "ns")
    parts = {int(table.tags["part"]): row["text"] for table in tables for row in table.dicts()}
    return "".join(parts[number] for number in sorted(parts)) if parts else None


def drop(server: InfluxClient, before: datetime) -> None:
    """Remove the documents that were saved before an instant.

    Some versions of InfluxDB delete the end of an interval too, so it ends one nanosecond earlier.
    """
    server.delete(DOCUMENTS, {}, to_ns(_EPOCH), to_ns(before) - 2)
