"""Civil days: the start and end of a local date, and rules in local clock time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

import pendulum

from gapfill.domain.grid import DAY, Grid
from gapfill.domain.interval import BEGINNING, END_OF_TIME, Interval

_zone = lru_cache(maxsize=64)(pendulum.timezone)
"""A time zone by name. Without this cache Pendulum reads the file again each time."""


@lru_cache(maxsize=4096)
def at_local(day: date, clock: time, zone: str) -> datetime:
    """Return the UTC instant of a local clock time on a local date.

    A clock time that does not exist (spring) moves forward. A clock time that exists twice
    (autumn) means the first of the two.
    """
    return datetime.combine(day, clock, tzinfo=_zone(zone)).astimezone(UTC)


def day_start(day: date, zone: str) -> datetime:
    """Return the UTC instant at which a local date starts."""
    return at_local(day, time(0), zone)


def day_interval(day: date, zone: str) -> Interval:
    """Return a local date as ``[start, end)`` in UTC: 23, 24 or 25 hours."""
    return Interval(day_start(day, zone), day_start(day + timedelta(days=1), zone))


def local_date(instant: datetime, zone: str) -> date:
    """Return the local date an instant falls on."""
    return instant.astimezone(_zone(zone)).date()


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
    """An event of a slot at a fixed time after the end of the slot.

    Attributes:
        lag: Zero or more; minus the resolution if the event is at the start of the slot.
    """

    lag: timedelta

    def instant(self, slot: datetime, grid: Grid) -> datetime:
        """Return the time of the event for this slot."""
        return grid.end_of(slot) + self.lag

    def until(self, now: datetime, grid: Grid) -> datetime:
        """Return the first slot whose event is later than ``now``."""
        return grid.floor(now - self.lag)


@dataclass(frozen=True, slots=True)
class AtClock:
    """An event of all slots of a local day at one local clock time.

    Attributes:
        days: Days from the slot's local day: −1 for the day before. The day of a daily
            slot is its date.
        at: Local clock time.
        zone: IANA time zone of the clock.
        day_zone: IANA time zone of the slot's local day, if it is different.
    """

    days: int
    at: time
    zone: str
    day_zone: str | None = None

    def instant(self, slot: datetime, grid: Grid) -> datetime:
        """Return the time of the event for this slot."""
        is_daily = grid.step_at(slot) >= DAY
        day = slot.date() if is_daily else local_date(slot, self.day_zone or self.zone)
        return at_local(day + timedelta(days=self.days), self.at, self.zone)

    def until(self, now: datetime, grid: Grid) -> datetime:
        """Return the first slot whose event is later than ``now``."""
        today = local_date(now, self.zone)
        if now < at_local(today, self.at, self.zone):
            today -= timedelta(days=1)
        first = today - timedelta(days=self.days - 1)
        start = day_start(first, self.day_zone or self.zone)
        return day_start(first, "UTC") if grid.step_at(start) >= DAY else grid.ceil(start)


Rule = AfterEnd | AtClock
"""When an event of a slot happens: it is due, a source has it, its lateness raises an alert."""


class BoundError(ValueError):
    """A date or an instant that cannot be a bound; the text begins with it and gives the reason."""


def parse_instant(text: str) -> datetime:
    """Parse an ISO 8601 instant.

    Raises:
        BoundError: If it has no time zone, or is outside the years that slots can have.
        ValueError: If the text is not an instant.
    """
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise BoundError(f"{text!r} has no time zone: add Z for UTC")
    return _believable(text, lambda: instant.astimezone(UTC))


def parse_bound(text: str, zone: str, *, is_end: bool = False) -> datetime:
    """Parse a range bound: an instant, or a bare date meaning a local day.

    A bare end date includes that day; an instant as end is exclusive.

    Raises:
        BoundError: As ``parse_instant``.
        ValueError: If the text is neither.
    """
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return parse_instant(text)
    return _believable(text, lambda: day_start(day + timedelta(days=is_end), zone))


def _believable(text: str, compute: Callable[[], datetime]) -> datetime:
    """Return the instant; raise if it is outside the years that slots can have."""
    try:
        instant = compute()
    except OverflowError:
        instant = END_OF_TIME
    if not BEGINNING <= instant < END_OF_TIME:
        message = f"{text!r} is not between the years {BEGINNING.year} and {END_OF_TIME.year}"
        raise BoundError(message)
    return instant
