"""Requests to AEMET's first hop, and their links to the second.

A link here is the request, in hexadecimal digits.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from gapfill_sandbox import aemet_daily, aemet_observations
from gapfill_sandbox.aemet_stations import STATIONS

if TYPE_CHECKING:
    from gapfill_sandbox.api import Ask, Row

HOURS, DAYS, LIST, ABOUT, NOTHING = "hours", "days", "list", "about", "nothing"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The data behind a link.

    Attributes:
        kind: Hours, days, the list of stations, the meaning of the fields, or no data.
        station: Its id; empty for the list.
        first: First requested date; for hours, the date of the request.
        last: Last requested date, included.
        issued: Time of the link.
    """

    kind: str
    station: str
    first: date
    last: date
    issued: datetime

    def link(self, kind: str | None = None) -> str:
        """Return it as hexadecimal digits."""
        seconds = int(self.issued.timestamp())
        parts = (kind or self.kind, self.station, self.first, self.last, seconds)
        return "|".join(map(str, parts)).encode().hex()

    @classmethod
    def read(cls, link: str) -> Wanted:
        """Read a link.

        Raises:
            ValueError: If this API did not issue it.
        """
        kind, station, first, last, seconds = bytes.fromhex(link).decode().split("|")
        issued = datetime.fromtimestamp(int(seconds), UTC)
        return cls(kind, station, date.fromisoformat(first), date.fromisoformat(last), issued)

    def rows(self, ask: Ask) -> list[Row]:
        """Return its rows that exist now, changed by a fault."""
        station = STATIONS[ask.stations].get(self.station)
        if station is None:
            return []
        if self.kind == HOURS:
            return ask.spoil(aemet_observations.rows(station, ask.now))
        return ask.spoil(aemet_daily.rows(station, self.first, self.last, ask.now))


def read_hours(ask: Ask) -> Wanted:
    """Read a request for observations."""
    today = ask.now.date()
    return Wanted(HOURS, ask.parts["station"], today, today, ask.now)


def read_days(ask: Ask) -> Wanted:
    """Read a request for days.

    Raises:
        ValueError: If a date is wrong.
    """
    first, last = (
        datetime.strptime(ask.parts[name], "%Y-%m-%dT%H:%M:%SUTC").replace(tzinfo=UTC).date()
        for name in ("start", "end")
    )
    return Wanted(DAYS, ask.parts["station"], first, last, ask.now)


def read_list(ask: Ask) -> Wanted:
    """Read a request for the list of stations."""
    return Wanted(LIST, "", ask.now.date(), ask.now.date(), ask.now)


def read_link(ask: Ask) -> Wanted:
    """Read a link.

    Raises:
        ValueError: If this API did not issue it.
    """
    return Wanted.read(ask.parts["link"])
