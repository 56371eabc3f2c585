"""The gaps of one series, read alone: a long window is read in two parts at the same time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from gapfill.domain.coverage import Graded
from gapfill.domain.interval import Interval, merge
from gapfill.domain.series import Series
from gapfill.stores.influxdb.gaps import GapReads
from gapfill.stores.influxdb.points import in_lanes
from gapfill.stores.influxdb.questions import run
from gapfill.stores.influxdb.undo.removal_watch import Asker


class InfluxGaps:
    """The gaps of one series, read alone.

    Attributes:
        server: The server of its points.
        series: The series.
    """

    def __init__(self, server: Asker, series: Series) -> None:
        self.server = server
        self.series = series
        self._reads = GapReads(series)

    def missing(self, window: Interval) -> list[Interval]:
        """Return the runs of slots of the window without every required field."""
        return merge(run for runs in self.missing_by_field(window).values() for run in runs)

    def missing_by_field(self, window: Interval) -> dict[str, list[Interval]]:
        """Return the runs of slots of the window without each required field, by field."""
        required = self.series.required
        return self._reads.by_field(
            hole
            for part, step in self.series.grid.stretches(window)
            for hole in in_lanes(part, self._asked(required, step))
        )

    def _asked(
        self, names: Sequence[str], step: timedelta
    ) -> Callable[[Interval], list[tuple[str, Interval]]]:
        return lambda lane: run(self.server, self._reads.without(names, lane, step))

    def missing_optional(self, field: str, window: Interval) -> list[Interval]:
        """Return the runs of slots that hold every required field but not this one."""
        return run(self.server, self._reads.missing_optional(field, window))

    def lower_grade(self, window: Interval) -> list[Graded]:
        """Return the runs of slots whose readings have one grade, below the target."""
        return run(self.server, self._reads.lower_grade(window))

    def of_source(self, sources: Sequence[str], window: Interval) -> list[Interval]:
        """Return the runs of slots that have a point with one of these sources."""
        return run(self.server, self._reads.of_source(sources, window))

    def newest(self, end: datetime) -> datetime | None:
        """Return the newest slot before ``end`` that holds every required field, else ``None``."""
        return run(self.server, self._reads.newest(end))
