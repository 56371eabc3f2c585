"""Civil time of the sandbox: Madrid days, and the stamps the real APIs write."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

MADRID = ZoneInfo("Europe/Madrid")
_YEARS = range(1990, 2101)


def as_utc(instant: datetime) -> datetime:
    """Return an instant in UTC.

    Raises:
        ValueError: If it is naive.
    """
    if instant.tzinfo is None:
        message = f"{instant} has no time zone"
        raise ValueError(message)
    return instant.astimezone(UTC)


@lru_cache(maxsize=8192)
def at_local(day: date, clock: time = time(0)) -> datetime:
    """Return the UTC instant of a Madrid clock time on a local date."""
    return datetime.combine(day, clock, MADRID).astimezone(UTC)


def local_day(instant: datetime) -> date:
    """Return the Madrid date an instant falls on."""
    return instant.astimezone(MADRID).date()


@lru_cache(maxsize=8192)
def day_slots(day: date, step: timedelta) -> tuple[datetime, ...]:
    """Return the UTC starts of all slots of a Madrid day: 23, 24 or 25 hours of them."""
    start, end = at_local(day), at_local(day + timedelta(days=1))
    return tuple(start + n * step for n in range((end - start) // step))


def parse_instant(text: str) -> datetime:
    """Parse an ISO 8601 instant to UTC.

    Raises:
        ValueError: If the text is not an instant or has no time zone.
    """
    return as_utc(datetime.fromisoformat(text.strip()))


def parse_bound(text: str, *, is_end: bool = False) -> datetime:
    """Parse a range bound: an instant, or a bare date meaning a Madrid day.

    A bare end date includes that day; an instant as end is exclusive.

    Raises:
        ValueError: If the text is neither.
    """
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return parse_instant(text)
    return at_local(day + timedelta(days=1) if is_end else day)


def parse_local(text: str, *, is_end: bool = False) -> datetime:
    """Parse a bound as REE and ESIOS do: Madrid clock time unless it has an offset.

    In the hour that exists twice, a start is its first passing and an end its second.

    Raises:
        ValueError: If the text is not an ISO 8601 date or time, or far from today.
    """
    moment = datetime.fromisoformat(text)
    if moment.year not in _YEARS:
        message = f"{text!r} is not in a year of the sandbox"
        raise ValueError(message)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=MADRID, fold=int(is_end))
    return moment.astimezone(UTC)


def stamp(instant: datetime) -> str:
    """Write an instant as ``2025-10-26T00:00:00Z``."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def local_stamp(instant: datetime) -> str:
    """Write an instant as REE does: ``2025-10-26T02:00:00.000+01:00``."""
    return instant.astimezone(MADRID).isoformat(timespec="milliseconds")
