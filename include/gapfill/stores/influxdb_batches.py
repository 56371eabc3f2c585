"""The batches of the InfluxDB store: what each noted that it writes, and which were undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gapfill.services.ports import Batch
from gapfill.stores import influxdb_text as text
from gapfill.stores.influxdb_books import LEDGER
from gapfill.stores.influxdb_notes import REPLACED, WHAT, notes_in
from gapfill.stores.influxdb_points import from_ns

if TYPE_CHECKING:
    from datetime import datetime

    from gapfill.stores.influxdb_server import Server

_BY = '"batch", "series"'


def batches(server: Server) -> list[Batch]:
    """Return what each batch noted and still can be undone, one for each series."""
    notes = text.select(WHAT, REPLACED, by=_BY)
    asked = text.select('"batch", "asked_us"', LEDGER)
    noted, lines = server.ask([notes, asked], "ns")
    at: dict[str, datetime] = {}
    for row in (row for table in lines for row in table.dicts()):
        when = from_ns(row["asked_us"] * 1000)
        at[row["batch"]] = max(when, at.get(row["batch"], when))
    found: list[Batch] = []
    for table in noted:
        slots = [note.slot for note in notes_in(table)]
        if slots:
            batch, series = table.tags["batch"], table.tags["series"]
            found.append(Batch(batch, series, len(slots), slots[0], slots[-1], at.get(batch)))
    return found


def undone_batches(server: Server) -> set[str]:
    """Return the batches of which slots were undone."""
    statement = text.select('count("measurement") AS n', REPLACED, '"undone" = true', by=_BY)
    (tables,) = server.ask([statement])
    return {table.tags["batch"] for table in tables}
