"""One Call 4.0: twenty hours of the past in one call, a page of a timeline that runs on ahead.

Documented:
    ``/data/4.0/onecall/timeline/1h`` has history since 1979 and 48 hours ahead in one list,
    from ``start`` (Unix seconds) on, ``cnt`` rows and 20 at most. **Rows after now are a
    forecast.** ``prev`` and ``next`` are whole ``http`` URLs that carry the key.

Observed:
    ``pressure`` is at sea level. ``wind_gust`` and ``rain`` may be missing.

Not documented:
    Whether ``dt`` is the start or the end of its hour; Gapfill reads it as the end, as of every
    row of One Call. The words with which 4.0 refuses a key of 3.0.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from gapfill.domain.interval import iso
from gapfill.errors import MalformedPayload
from gapfill.sources.base import ROW, Answer, HttpRequest, RawRow, Rejected, check, malformed, shown
from gapfill.sources.openweathermap_frame import (
    DIGITS,
    check_place,
    check_units,
    time_of,
    unix,
    where,
)
from gapfill.sources.openweathermap_values import values_of_moment

if TYPE_CHECKING:
    from datetime import datetime

    from gapfill.domain.series import Place
    from gapfill.sources.base import Ask
    from gapfill.sources.payload import Node

PATH = "/data/4.0/onecall/timeline/1h"
PER_CALL = 20
"""Rows of one call at most."""


def request(place: Place, first: datetime, rows: int) -> HttpRequest:
    """Return the request for so many rows, the first of them labelled with an instant."""
    page = ("start", unix(first)), ("cnt", str(rows))
    return HttpRequest(PATH, (*where(place), *page, ("units", "metric")))


def parse(ask: Ask, root: Node) -> Answer:
    """Turn a page of the timeline into the readings of the asked slots.

    Rows may come in any order, doubled, and more of them than asked for. Nothing is read
    from ``prev`` and ``next``. An hour that is missing beside others proves nothing: the
    timeline is a model's and has no holes of its own.

    Args:
        ask: What was asked.
        root: The whole answer.

    Returns:
        One reading per hour that has a value, without those to come.

    Raises:
        MalformedPayload: If it is of another place, or its rows show a shift, another unit
            or another step.
    """
    check_place(ask, root)
    page = _Page(ask)
    for row in root["data"].items():
        page.take(row)
    if not page.rows and not page.dropped and not page.others:
        return Answer(evidence="HTTP 200: data is empty")
    page.refuse_shift()
    check_units(ask, (row.values.get("temperature") for row in page.rows))
    answer = check(ask, page.rows, ask.interval, page.evidence, dropped=page.dropped, digits=DIGITS)
    had = {reading.slot for reading in answer.readings}
    lacking = frozenset(ask.series.grid.slots(ask.interval)) - had
    return replace(answer, no_verdict=answer.no_verdict | lacking)


@dataclass(slots=True)
class _Page:
    """The rows of one answer, sorted.

    Attributes:
        ask: What was asked.
        rows: Of asked slots.
        dropped: That could not be read.
        others: Slots of rows that were not asked for or are to come.
    """

    ask: Ask
    rows: list[RawRow] = field(default_factory=list)
    dropped: list[Rejected] = field(default_factory=list)
    others: list[datetime] = field(default_factory=list)

    def take(self, row: Node) -> None:
        """Sort one row in."""
        at = time_of(row)
        if isinstance(at, Rejected):
            self.dropped.append(at)
            return
        slot = at - self.ask.product.resolution
        if at > self.ask.now or slot not in self.ask.interval:
            self.others.append(slot)
            return
        try:
            self.rows.append(RawRow(slot, values_of_moment(row)))
        except MalformedPayload as exc:
            self.dropped.append(Rejected(slot, ROW, shown(row.value), str(exc)))

    def refuse_shift(self) -> None:
        """Refuse rows that are moved: some lie beyond one end, and at the other one they lack.

        Raises:
            MalformedPayload: If they are.
        """
        asked, there = self.ask.interval, {row.instant for row in self.rows}
        there |= {refused.slot for refused in self.dropped if refused.slot}
        first, last = asked.start, asked.end - self.ask.product.resolution
        before = [slot for slot in self.others if slot < first]
        after = [slot for slot in self.others if slot > last]
        moved = min(before, default=None) if last not in there else None
        moved = moved or (max(after, default=None) if first not in there else None)
        if moved is not None:
            label = iso(moved + self.ask.product.resolution)
            problem = f"it holds a row for dt {label}, which was not asked, and none for one end"
            raise malformed(self.ask, f"{problem} of what was: its rows are moved")

    @property
    def evidence(self) -> str:
        """Return what the answer was, for the ledger."""
        if not self.rows:
            return f"HTTP 200: {len(self.dropped) + len(self.others)} rows, none for this"
        step, slots = self.ask.product.resolution, [row.instant for row in self.rows]
        return (
            f"HTTP 200: {len(slots)} rows, dt {iso(min(slots) + step)} to {iso(max(slots) + step)}"
        )
