"""SIAR's days: one row per date."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, NamedTuple

from gapfill.domain.civil import local_date
from gapfill.sources.base import RawRow, malformed
from gapfill.sources.siar_fields import DAILY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gapfill.sources.base import Ask
    from gapfill.sources.payload import Node

_DAY = timedelta(days=1)


class Days(NamedTuple):
    """What the rows of an answer make.

    Attributes:
        rows: One per date.
        notes: What was left out, for the evidence.
    """

    rows: list[RawRow]
    notes: tuple[str, ...]


def rows_of(ask: Ask, records: Iterable[tuple[date, Mapping[str, Node]]]) -> Days:
    """Return a row per date; a date is a label, its slot starts at 00:00Z.

    The row of a day that is not over holds values of a part of it: it is left out.

    Args:
        ask: What was asked.
        records: Date and members of each row.

    Raises:
        MalformedPayload: If a date is in the future.
    """
    rows, running = [], 0
    zone = ask.series.place.zone
    for day, record in records:
        slot = datetime.combine(day, time(0), UTC)
        if slot > ask.now and day > local_date(ask.now, zone):
            raise malformed(ask, f"it holds a row of {day}, which is in the future")
        if slot + _DAY > ask.now:
            running += 1
            continue
        columns = ((name, record.get(raw.lower())) for name, raw in DAILY.items())
        rows.append(RawRow(slot, {name: node.scalar() for name, node in columns if node}))
    notes = [f"{len(rows)} days"]
    if running:
        notes.append(f"{running} of a day that is not over left out")
    return Days(rows, tuple(notes))
