"""Civil days: where a local date starts and ends, and rules that speak of local clock time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

import pendulum

from gapfill.domain.interval import Interval

if TYPE_CHECKING:
    from gapfill.domain.resolution import Grid


@lru_cache(maxsize=4096)
def at_local(day: date, clock: time, zone: str) -> datetime:
    """Return the UTC instant of a local clock time on a local date.

    A clock time that does not exist (spring) moves forward, one that exists twice
    (autumn) is the first of the two.
    """
    return datetime.combine(day, clock, tzinfo=pendulum.timezone(zone)).astimezone(UTC)


def day_start(day: date, zone: str) -> datetime:
    """Return the UTC instant at which a local date starts."""
    return at_local(day, time(0), zone)


def day_interval(day: date, zone: str) -> Interval:
    """Return a local date as ``[start, end)`` in UTC: 23, 24 or 25 hours."""
    return Interval(day_start(day, zone), day_start(day + timedelta(days=1), zone))


def local_date(instant: datetime, zone: str) -> date:
    """Return the local date an instant falls on."""
    return instant.astimezone(pendulum.timezone(zone)).date()


def month_start(instant: datetime, zone: str) -> datetime:
    """Return the UTC instant at which the local month of an instant starts."""
    return day_start(local_date(instant, zone).replace(day=1), zone)


def days_of(interval: Interval, zone: str) -> list[date]:
    """Return the local dates that an interval touches, in order."""
    first = local_date(interval.start, zone)
    last = local_date(interval.end - timedelta(microseconds=1), zone)
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


@dataclass(frozen=True, slots=True)
class AfterEnd:
    """A thing happens to a slot a fixed time after the slot's end.

    Attributes:
        lag: Zero or more.
    """

    lag: timedelta

    def instant(self, slot: datetime, grid: Grid) -> datetime:
        """Return when it happens to this slot."""
        return grid.end_of(slot) + self.lag

    def until(self, now: datetime, grid: Grid) -> datetime:
        """Return the first slot to which it has not happened by ``now``."""
        return grid.floor(now - self.lag)


@dataclass(frozen=True, slots=True)
class AtClock:
    """A thing happens to all slots of a local day at one local clock time.

    Attributes:
        days: Days from the slot's local day: −1 for the day before.
        at: Local clock time.
        zone: IANA time zone.
    """

    days: int
    at: time
    zone: str

    def instant(self, slot: datetime, grid: Grid) -> datetime:  # noqa: ARG002 - one shape with AfterEnd
        """Return when it happens to this slot."""
        return at_local(
            local_date(slot, self.zone) + timedelta(days=self.days), self.at, self.zone
        )

    def until(self, now: datetime, grid: Grid) -> datetime:
        """Return the first slot to which it has not happened by ``now``."""
        today = local_date(now, self.zone)
        if now < at_local(today, self.at, self.zone):
            today -= timedelta(days=1)
        return grid.ceil(day_start(today - timedelta(days=self.days - 1), self.zone))


Rule = AfterEnd | AtClock
"""When something happens to a slot: it becomes due, a source has it, lateness is worth an alert."""


def parse_instant(text: str) -> datetime:
    """Parse an ISO 8601 instant.

    Raises:
        ValueError: If the text is no instant or has no time zone.
    """
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        message = f"{text!r} has no time zone: add Z for UTC"
        raise ValueError(message)
    return instant.astimezone(UTC)


def parse_bound(text: str, zone: str, *, is_end: bool = False) -> datetime:
    """Parse a range bound: an instant, or a bare date meaning a local day.

    A bare end date includes that day; an instant as end is exclusive.

    Raises:
        ValueError: If the text is neither.
    """
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return parse_instant(text)
    return day_start(day + timedelta(days=1) if is_end else day, zone)
