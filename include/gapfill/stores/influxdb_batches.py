"""The batches of the InfluxDB store: what each noted that it writes, and which were undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gapfill.services.ports import Batch
from gapfill.stores import influxdb_text as text
from gapfill.stores.influxdb_books import LEDGER
from gapfill.stores.influxdb_notes import REPLACED
from gapfill.stores.influxdb_points import from_ns

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gapfill.stores.influxdb_answer import Table
    from gapfill.stores.influxdb_server import Server

_BY = '"batch", "series"'


def batches(server: Server) -> list[Batch]:
    """Return what each batch noted and still can be undone, one for each series."""
    what = ('count("measurement") AS n', 'first("measurement") AS n', 'last("measurement") AS n')
    notes = [text.select(one, REPLACED, '"undone" = false', by=_BY) for one in what]
    asked = text.select('"batch", "asked_us"', LEDGER)
    counted, first, last, lines = server.ask([*notes, asked], "ns")
    at: dict[str, datetime] = {}
    for row in (row for table in lines for row in table.dicts()):
        when = from_ns(row["asked_us"] * 1000)
        at[row["batch"]] = max(when, at.get(row["batch"], when))
    starts, ends = _times(first), _times(last)
    found: list[Batch] = []
    for table in counted:
        key = batch, series = _key(table)
        slots = int(next(table.dicts())["n"])
        found.append(Batch(batch, series, slots, starts[key], ends[key], at.get(batch)))
    return found


def undone_batches(server: Server) -> set[str]:
    """Return the batches of which slots were undone."""
    statement = text.select('count("measurement") AS n', REPLACED, '"undone" = true', by=_BY)
    (tables,) = server.ask([statement])
    return {table.tags["batch"] for table in tables}


def _key(table: Table) -> tuple[str, str]:
    return table.tags["batch"], table.tags["series"]


def _times(tables: Sequence[Table]) -> dict[tuple[str, str], datetime]:
    return {_key(table): from_ns(next(table.dicts())["time"]) for table in tables}
