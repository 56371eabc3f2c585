"""The grid of expected slots: its resolution in UTC, which may change at a date (an era)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from gapfill.domain.interval import BEGINNING, END_OF_TIME, Interval, merge

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class Era:
    """A resolution in force from an instant on.

    Attributes:
        start: First slot of the era, UTC; on the grid of its own and the previous step.
        step: Spacing of the slots; divides a day.
    """

    start: datetime
    step: timedelta


def _count(interval: Interval, step: timedelta) -> int:
    """Return how many multiples of the step, counted from the epoch, lie in the interval."""
    return (_EPOCH - interval.start) // step - (_EPOCH - interval.end) // step


@dataclass(frozen=True, slots=True)
class Grid:
    """The slots of a series, counted from the Unix epoch in UTC.

    A civil day has 23, 24 or 25 hourly slots because its *bounds* move
    (``gapfill.domain.local_time``); the grid itself is independent of clock changes.

    Attributes:
        eras: In order of start; the first one has no beginning.
    """

    eras: tuple[Era, ...]

    def __post_init__(self) -> None:
        """Refuse a grid without eras, out of order or with a step that does not divide a day."""
        if any(era.start.tzinfo is None for era in self.eras):
            raise ValueError("an era needs a time zone")
        starts = [era.start for era in self.eras]
        if not starts or starts != sorted(set(starts)):
            raise ValueError("a grid needs at least one era, in order of their starts")
        for era in self.eras:
            if era.step <= timedelta(0) or DAY % era.step:
                raise ValueError(f"a resolution must divide a day, got {era.step}")
        for before, era in zip(self.eras, self.eras[1:], strict=False):
            if (era.start - _EPOCH) % before.step or (era.start - _EPOCH) % era.step:
                message = f"an era must start on the grid of both its steps, got {era.start}"
                raise ValueError(message)

    @classmethod
    @cache
    def of(cls, step: timedelta) -> Grid:
        """Return the grid of one spacing for all time."""
        return cls((Era(BEGINNING, step),))

    def step_at(self, instant: datetime) -> timedelta:
        """Return the spacing in force at an instant."""
        if len(self.eras) == 1:
            return self.eras[0].step
        return next((e.step for e in reversed(self.eras) if e.start <= instant), self.eras[0].step)

    def floor(self, instant: datetime) -> datetime:
        """Return the start of the slot that contains the instant."""
        return instant - (instant - _EPOCH) % self.step_at(instant)

    def ceil(self, instant: datetime) -> datetime:
        """Return the first slot that starts at the instant or later."""
        over = (instant - _EPOCH) % self.step_at(instant)
        return self.end_of(instant - over) if over else instant

    def end_of(self, slot: datetime) -> datetime:
        """Return the end of the slot, which is the start of the next one."""
        return slot + self.step_at(slot)

    def stretches(self, interval: Interval) -> Iterator[tuple[Interval, timedelta]]:
        """Yield the parts of an interval, each with the one step in force in it."""
        ends = [era.start for era in self.eras[1:]] + [END_OF_TIME]
        start = interval.start
        for era, end in zip(self.eras, ends, strict=True):
            stop = min(end, interval.end)
            if start < stop:
                yield Interval(start, stop), era.step
                start = stop

    def cover(self, interval: Interval) -> Interval | None:
        """Return the interval of exactly the slots that *start* in it; ``None`` for none."""
        start, end = self.ceil(interval.start), self.ceil(interval.end)
        return Interval(start, end) if start < end else None

    def count(self, interval: Interval) -> int:
        """Return how many slots start in the interval; cost is linear in eras, not slots."""
        if len(self.eras) == 1:
            return _count(interval, self.eras[0].step)
        return sum(_count(part, step) for part, step in self.stretches(interval))

    def total(self, runs: Iterable[Interval]) -> int:
        """Return how many slots start in several intervals."""
        return sum(map(self.count, runs))

    def runs(self, slots: Iterable[datetime]) -> list[Interval]:
        """Return slots as merged intervals, in order."""
        return merge(Interval(slot, self.end_of(slot)) for slot in slots)

    def slots(self, interval: Interval) -> Iterator[datetime]:
        """Yield the slots that start in the interval, in order."""
        for part, step in self.stretches(interval):
            slot = part.start + (_EPOCH - part.start) % step
            while slot < part.end:
                yield slot
                slot += step
