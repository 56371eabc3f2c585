"""The series and the range of time that a person selects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gapfill.domain.candidate import Candidate
from gapfill.domain.due import horizon, last_slot
from gapfill.domain.interval import BEGINNING, END_OF_TIME, Interval, iso
from gapfill.domain.series import Series
from gapfill.errors import RequestError


@dataclass(frozen=True, slots=True)
class Selection:
    """Series and a range of slot starts, ``[start, end)``; an open bound is ``None``."""

    series: tuple[Series, ...]
    start: datetime | None = None
    end: datetime | None = None

    @property
    def has_range(self) -> bool:
        """Whether a range was given."""
        return self.start is not None or self.end is not None

    @property
    def interval(self) -> Interval | None:
        """The range with its open bounds set, ``None`` if none was given."""
        if not self.has_range:
            return None
        return Interval(self.start or BEGINNING, self.end or END_OF_TIME)

    @property
    def slots(self) -> list[Interval] | None:
        """The range as the slots that candidates must be right for, ``None`` for all slots."""
        return None if self.interval is None else [self.interval]

    def check(self, now: datetime) -> None:
        """Raise if the range cannot have an expected slot of a selected series.

        Raises:
            RequestError: If the end is not after the start, or the range is before the earliest
                slot or after the last possible one.
        """
        if self.start and self.end and self.start >= self.end:
            raise RequestError(f"The end {iso(self.end)} is not after the start {iso(self.start)}.")
        first = min(series.earliest for series in self.series)
        if self.end and self.end <= first:
            raise RequestError(
                f"The range ends before {iso(first)}, the earliest slot of the selected series."
            )
        latest = max(self.series, key=lambda series: horizon(series, [], now))
        end = horizon(latest, [], now)
        if self.start and self.start >= end:
            raise RequestError(
                f"The range starts in the future: {iso(self.start)} is after the last expected "
                f"slot, {iso(last_slot(latest, end))}."
            )

    def window(
        self, series: Series, candidates: Sequence[Candidate], now: datetime
    ) -> Interval | None:
        """Return the expected slots of a series within the range, ``None`` for none.

        Without an end it ends with the last slot expected now.
        """
        start = max(series.earliest, self.start or series.earliest)
        end = self.end or horizon(series, candidates, now)
        return series.grid.cover(Interval(start, end)) if start < end else None
