"""The demo's two years of prices, the holes cut into them, and the checks at its end. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

MADRID = ZoneInfo("Europe/Madrid")
HOUR = timedelta(hours=1)

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
"""Noon: today's prices are out since yesterday evening, tomorrow's are not due."""

EARLIEST = date(2024, 3, 20)
SPAN_DAYS = 14
"""Madrid days that REE may be asked for at once (design, 4)."""


@dataclass(frozen=True, slots=True)
class Hole:
    """Hours taken out of the store.

    Attributes:
        what: For people.
        start: First hour that is missing, UTC.
        end: First hour that is there again, UTC.
    """

    what: str
    start: datetime
    end: datetime

    def slots(self) -> list[datetime]:
        """Return the missing hours."""
        return hours(self.start, self.end)


def hours(start: datetime, end: datetime) -> list[datetime]:
    """Return the hours of ``[start, end)``."""
    return [start + n * HOUR for n in range(int((end - start) / HOUR))]


def day(text: str) -> datetime:
    """Return the instant at which a local date starts."""
    return datetime.fromisoformat(text).replace(tzinfo=MADRID).astimezone(UTC)


DUE_END = day("2026-03-21")
"""First hour of tomorrow, which is not due at ``NOW``."""

HOLES = (
    Hole("a single hour", day("2024-05-14") + 7 * HOUR, day("2024-05-14") + 8 * HOUR),
    Hole("three hours", day("2024-08-15") + 20 * HOUR, day("2024-08-15") + 23 * HOUR),
    Hole(
        "the 25-hour day of 2024, its repeated hour",
        day("2024-10-27") + 2 * HOUR,
        day("2024-10-27") + 4 * HOUR,
    ),
    Hole("a whole day", day("2024-12-25"), day("2024-12-26")),
    Hole("the 23-hour day of 2025", day("2025-03-30"), day("2025-03-31")),
    Hole("ten days", day("2025-07-04"), day("2025-07-14")),
    Hole("the 25-hour day of 2025", day("2025-10-26"), day("2025-10-27")),
    Hole("two hours of New Year's Eve", day("2025-12-31") + 22 * HOUR, day("2026-01-01")),
    Hole("the tail: the machine was off", day("2026-03-17") + 15 * HOUR, DUE_END),
)


def missing_slots(holes: Iterable[Hole] = HOLES) -> set[datetime]:
    """Return every hour that the holes take out."""
    return {slot for hole in holes for slot in hole.slots()}


def fewest_calls(slots: Collection[datetime]) -> int:
    """Return the fewest requests of whole Madrid days that cover the hours.

    Counted day by day from the left, apart from the planner it is to judge: a request
    takes up to 14 Madrid days and 336 hours.
    """
    calls, first = 0, None
    for slot in sorted(slots):
        is_within = (
            first is not None
            and (slot.astimezone(MADRID).date() - first.astimezone(MADRID).date()).days < SPAN_DAYS
            and slot + HOUR - first <= timedelta(days=SPAN_DAYS)
        )
        if not is_within:
            calls, first = calls + 1, slot
    return calls


def differences(
    stored: Sequence[tuple[datetime, float]], truth: Mapping[datetime, float]
) -> list[str]:
    """Return what is wrong with the stored prices, a sentence each; nothing when all is right.

    Args:
        stored: Every price in the store, as it comes.
        truth: Every price that is due, by hour.
    """
    found: dict[datetime, float] = {}
    wrong: list[str] = []
    for slot, price in stored:
        if slot in found:
            wrong.append(f"{slot:%Y-%m-%dT%H:%MZ} is there twice")
        found[slot] = price
        if slot not in truth:
            wrong.append(f"{slot:%Y-%m-%dT%H:%MZ} is not due, and holds {price}")
        elif price != truth[slot]:
            wrong.append(f"{slot:%Y-%m-%dT%H:%MZ} holds {price}, REE published {truth[slot]}")
    wrong += [f"{slot:%Y-%m-%dT%H:%MZ} is missing" for slot in truth if slot not in found]
    return wrong
