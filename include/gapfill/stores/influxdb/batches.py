"""The batches of the InfluxDB store: the notes of their writes, and which were undone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from gapfill.services.ports import Batch
from gapfill.stores.influxdb import influxql
from gapfill.stores.influxdb.client import InfluxClient
from gapfill.stores.influxdb.ledger import LEDGER
from gapfill.stores.influxdb.ledger_rows import BATCH_TIMES
from gapfill.stores.influxdb.points import from_ns
from gapfill.stores.influxdb.undo.note_lines import forget
from gapfill.stores.influxdb.undo.undo_log import (
    REPLACED,
    WHAT,
    notes_in,
    notes_of,
    notes_of_all,
    written,
)

_BY = '"batch", "series"'

_HAS_BATCH = "\"batch\" != 'none'"
"""Imported rows without a batch cannot be undone."""


def batches(server: InfluxClient) -> list[Batch]:
    """Return what each batch noted and can still be undone, one entry per series."""
    notes = influxql.select(WHAT, REPLACED, _HAS_BATCH, by=_BY)
    asked = influxql.select('"batch", "asked_us"', LEDGER)
    folded = influxql.select('"batch", "asked_us"', BATCH_TIMES)
    noted, lines, times = server.ask([notes, asked, folded], "ns")
    at: dict[str, datetime] = {}
    for row in (row for table in (*lines, *times) for row in table.dicts()):
        when = from_ns(row["asked_us"] * 1000)
        at[row["batch"]] = max(when, at.get(row["batch"], when))
    found: list[Batch] = []
    for table in noted:
        slots = [note.slot for note in notes_in(table)]
        if slots:
            batch, series = table.tags["batch"], table.tags["series"]
            found.append(Batch(batch, series, len(slots), slots[0], slots[-1], at.get(batch)))
    return found


def withdraw(server: InfluxClient, batch: str, series: str, slots: Collection[datetime]) -> None:
    """Mark the notes of slots that a batch did not write, so that they no longer count.

    Notes that an undo has started with stay for that undo. A later write of such a slot notes it
    again.
    """
    if not slots or not batch:
        return
    noted = notes_of(server, batch).get(series, [])
    said = [note for note in noted if note.slot in slots and not note.is_begun]
    idle = {note.slot for note in said} - written(server, {batch: {series: said}})[batch][series]
    if idle:
        forget(server, batch, series, idle)


def undone_batches(server: InfluxClient) -> set[str]:
    """Return the batches with undone slots, not those whose notes were only withdrawn."""
    is_undone = '"undone" = true', '"begun" = true'
    statement = influxql.select('count("begun") AS n', REPLACED, *is_undone, by=_BY)
    (tables,) = server.ask([statement])
    return {table.tags["batch"] for table in tables}


def slots_of(server: InfluxClient, batches: Sequence[str]) -> dict[str, dict[str, list[datetime]]]:
    """Return the slots that batches wrote and that were not undone, by batch and series name.

    A slot whose undo has started counts until the undo ends.
    """
    noted = notes_of_all(server, batches) if batches else {}
    wrote = written(server, noted)
    return {
        batch: {
            name: sorted(slots)
            for name, known in of_batch.items()
            if (slots := wrote[batch][name] | {note.slot for note in known if note.is_begun})
        }
        for batch, of_batch in noted.items()
    }
