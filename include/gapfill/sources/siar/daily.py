"""Read SIAR's daily values: one row per date."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time

from gapfill.domain.grid import DAY
from gapfill.domain.local_time import local_date
from gapfill.sources.model import Ask, RawRow, malformed
from gapfill.sources.siar.rows import Dated, Periods


def rows_of(ask: Ask, records: Sequence[Dated]) -> Periods:
    """Return a row per date; a date is a label, its slot starts at 00:00Z.

    The row of an unfinished day covers a part of it and is left out.

    Raises:
        MalformedPayload: If one with a value is of a date in the future.
    """
    rows, running = [], 0
    zone = ask.series.place.zone
    for record in records:
        day, slot = record.day, datetime.combine(record.day, time(0), UTC)
        if not record.values:
            continue
        if slot > ask.now and day > local_date(ask.now, zone):
            raise malformed(ask, f"it holds a row of {day}, which is in the future")
        if slot + DAY > ask.now:
            running += 1
            continue
        rows.append(RawRow(slot, record.values))
    notes = [f"{len(rows)} days"]
    if running:
        notes.append(f"{running} of a day that is not over left out")
    return Periods(rows, notes)
