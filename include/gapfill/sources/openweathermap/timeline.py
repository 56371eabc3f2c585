"""One Call 4.0: up to twenty past hours in one call, from a timeline with forecasts.

Documented:
    ``/data/4.0/onecall/timeline/1h`` has history since 1979 and 48 future hours in one list,
    from ``start`` (Unix seconds), ``cnt`` rows and 20 at most. **Rows after now are
    forecasts.** ``prev`` and ``next`` are complete ``http`` URLs that contain the key.

Observed:
    ``pressure`` is at sea level. ``wind_gust`` and ``rain`` may be missing.

Not documented:
    Whether ``dt`` is the start or the end of its hour; Gapfill reads it as the end, as in every
    row of One Call. The text with which 4.0 refuses a key of 3.0.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from gapfill.domain.interval import iso
from gapfill.domain.series import Place
from gapfill.sources.json_reader import Node
from gapfill.sources.model import (
    ROW,
    Answer,
    Ask,
    HttpRequest,
    RawRow,
    Rejected,
    check,
    is_blank,
    malformed,
)
from gapfill.sources.openweathermap.frame import (
    DIGITS,
    check_place,
    check_units,
    time_of,
    unix,
    where,
)
from gapfill.sources.openweathermap.values import values_of_moment

PATH = "/data/4.0/onecall/timeline/1h"
PER_CALL = 20
"""Most rows of one call."""


def request(place: Place, first: datetime, rows: int) -> HttpRequest:
    """Return the request for a number of rows, the first labelled with an instant."""
    page = ("start", unix(first)), ("cnt", str(rows))
    return HttpRequest(PATH, (*where(place), *page, ("units", "metric")))


def parse(ask: Ask, root: Node) -> Answer:
    """Turn a page of the timeline into the readings of the requested slots.

    Rows may come in any order, twice, and for other hours. ``prev`` and ``next`` are ignored.
    An hour that is missing beside others proves nothing: the timeline comes from a model,
    which has no gaps.

    Returns:
        One reading per past hour that has a value.

    Raises:
        MalformedPayload: If it is of another place, or its rows show a shift, another unit
            or another step.
    """
    check_place(ask, root)
    page = _Page(ask)
    given = root["data"].items()
    if not given:
        return Answer(evidence="HTTP 200: data is empty")
    for row in given:
        page.take(row)
    page.refuse_shift()
    check_units(ask, page.rows)
    answer = check(ask, page.rows, ask.interval, page.evidence, dropped=page.dropped, digits=DIGITS)
    had = {reading.slot for reading in answer.readings}
    absent = frozenset(ask.series.grid.slots(ask.interval)) - had
    return replace(answer, no_verdict=answer.no_verdict | absent)


@dataclass(slots=True)
class _Page:
    """The rows of one answer by kind.

    Attributes:
        ask: The request.
        rows: Rows of requested slots, with values.
        dropped: Rows that could not be read.
        there: Requested slots that have a row, with values or not.
        others: Slots of rows with values that were not requested or are in the future.
    """

    ask: Ask
    rows: list[RawRow] = field(default_factory=list)
    dropped: list[Rejected] = field(default_factory=list)
    there: set[datetime] = field(default_factory=set)
    others: set[datetime] = field(default_factory=set)

    def take(self, row: Node) -> None:
        """Add one row."""
        at = time_of(row)
        if isinstance(at, Rejected):
            self.dropped.append(at)
            return
        slot, values = at - self.ask.product.resolution, values_of_moment(row)
        is_asked = slot in self.ask.interval and at <= self.ask.now
        if is_asked:
            self.there.add(slot)
        if all(is_blank(value) for value in values.values()):
            return
        if is_asked:
            self.rows.append(RawRow(slot, values))
        else:
            self.others.add(slot)

    def refuse_shift(self) -> None:
        """Refuse shifted rows: they exceed one end of the requested interval, and miss the other.

        A single row far from all others has a wrong time, and is dropped.

        Raises:
            MalformedPayload: If they are shifted, or none of them was requested.
        """
        step, asked = self.ask.product.resolution, self.ask.interval
        named = self.there | self.others
        beyond = {slot for slot in self.others if {slot - step, slot + step} & named}
        if not self.there:
            beyond = self.others
        moved = [
            slot
            for slot in sorted(beyond)
            if (asked.end - step if slot < asked.start else asked.start) not in self.there
        ]
        if moved:
            problem = f"it holds a row of dt {iso(moved[0] + step)}, which was not asked for"
            raise malformed(self.ask, f"{problem}, and not all that were: its rows are moved")
        reason = "is of another time than all other rows"
        slips = sorted(self.others - beyond)
        self.dropped += [Rejected(None, ROW, iso(slot + step), reason) for slot in slips]

    @property
    def evidence(self) -> str:
        """Return a summary of the answer, for the ledger."""
        if not self.rows:
            return "HTTP 200: no row of what was asked has a value"
        ends = sorted(row.instant + self.ask.product.resolution for row in self.rows)
        return f"HTTP 200: {len(ends)} rows, dt {iso(ends[0])} to {iso(ends[-1])}"
