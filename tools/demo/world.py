"""What the demo plays: its instants, two years of prices, and the holes cut into them.

Nothing here uses Gapfill's code: what is due, what a request can hold and how few
requests suffice is worked out anew, so that the demo checks Gapfill and not itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import tzinfo

MADRID = ZoneInfo("Europe/Madrid")
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

NOW = datetime(2025, 11, 20, 17, 30, tzinfo=UTC)
"""When the demo's first run is: 18:30 in Madrid, so tomorrow's prices are not out yet."""

LATER = NOW + 2 * HOUR
"""When its second run is, as the schedule has it; tomorrow's prices are still not due."""

EARLIER = NOW - 2 * DAY
"""When an earlier run asked for the days of the outage, so that "no" has been said before."""

EARLIEST = date(2023, 11, 20)
"""First local day of the demo's series: two years before."""

DUE_AT = time(20, 50)
"""Madrid time at which the next day's prices are due (design, section 3)."""

SPAN_DAYS = 14
"""Madrid days that one request to REE may span (design, section 4)."""


@dataclass(frozen=True, slots=True)
class Hole:
    """A stretch of slots ``[start, end)`` that the demo leaves out, or makes worse.

    Attributes:
        name: What it stands for.
        start: Start of the first slot, UTC.
        end: End of the last slot, UTC.
        step: Length of a slot.
    """

    name: str
    start: datetime
    end: datetime
    step: timedelta = HOUR

    @property
    def slots(self) -> list[datetime]:
        """The starts of its slots."""
        return list(steps(self.start, self.end, self.step))


def holes(now: datetime) -> list[Hole]:
    """Return the holes, oldest first."""
    return [
        Hole("the first hours of all", midnight(EARLIEST), midnight(EARLIEST) + 3 * HOUR),
        _hours("around the jump to summer time", utc(2024, 3, 31, 0), 2),
        _days("ten days", date(2024, 7, 5), 10),
        _days("a whole day of 25 hours", date(2024, 10, 27), 1),
        _days("one day", date(2025, 2, 12), 1),
        _days("a whole day of 23 hours", date(2025, 3, 30), 1),
        _hours("one hour", utc(2025, 6, 11, 14), 1),
        _hours("another, nine days later", utc(2025, 6, 20, 3), 1),
        _hours("a morning", utc(2025, 9, 2, 5), 5),
        _hours("the hour that came twice, both", utc(2025, 10, 26, 0), 2),
        Hole("machine off until now", utc(2025, 11, 17, 9), due_end(now)),
    ]


def _hours(name: str, start: datetime, count: int) -> Hole:
    return Hole(name, start, start + count * HOUR)


def _days(name: str, first: date, count: int) -> Hole:
    return Hole(name, midnight(first), midnight(first + count * DAY))


def utc(year: int, month: int, day: int, hour: int) -> datetime:
    """Return an instant in UTC."""
    return datetime(year, month, day, hour, tzinfo=UTC)


def midnight(day: date) -> datetime:
    """Return the instant at which a Madrid day starts, in UTC."""
    return datetime.combine(day, time(0), MADRID).astimezone(UTC)


def madrid_day(instant: datetime) -> date:
    """Return the Madrid day of an instant."""
    return instant.astimezone(MADRID).date()


def due_end(now: datetime) -> datetime:
    """Return the first slot that is not due: prices of a day are due the evening before."""
    local = now.astimezone(MADRID)
    days = 2 if local.time() >= DUE_AT else 1
    return midnight(local.date() + days * DAY)


def steps(start: datetime, end: datetime, step: timedelta = HOUR) -> Iterator[datetime]:
    """Yield the slots of ``[start, end)``."""
    while start < end:
        yield start
        start += step


def fewest_requests(
    slots: Iterable[datetime], span_days: int = SPAN_DAYS, zone: tzinfo = MADRID
) -> int:
    """Return how few requests can hold all slots, each request some days of a zone in a row.

    Every way to end the last request is tried, from the oldest missing day to the
    newest: not the greedy way, and slower, so that each checks the other.
    """
    days = sorted({slot.astimezone(zone).date() for slot in slots})
    fewest = [0]
    for last, day in enumerate(days):
        starts = (n for n in range(last + 1) if day - days[n] < span_days * DAY)
        fewest.append(1 + min(fewest[n] for n in starts))
    return fewest[-1]


def runs(slots: Sequence[datetime], step: timedelta = HOUR) -> list[tuple[datetime, datetime]]:
    """Return sorted slots as stretches ``[start, end)`` without a break."""
    found: list[tuple[datetime, datetime]] = []
    for slot in slots:
        if found and found[-1][1] == slot:
            found[-1] = found[-1][0], slot + step
        else:
            found.append((slot, slot + step))
    return found
