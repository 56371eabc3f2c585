"""The grouped reads of the InfluxDB store: the questions of many series in few requests.

Each series has a statement of its own, and many statements go in one request. A ``GROUP BY`` of
the tags makes ``elapsed()`` up to twice as slow (docs/reference/benchmarks.md): the
server copies the tags of each point through the subquery.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from gapfill.domain.coverage import Graded
from gapfill.domain.interval import Interval
from gapfill.domain.invalid_values import Ahead, Flaws
from gapfill.errors import StoreError, StoreUnreachable
from gapfill.services.ports import Each, OfSeries, SeriesInstant, SeriesSources, SeriesWindow
from gapfill.stores.influxdb.client import InfluxClient
from gapfill.stores.influxdb.gaps import GapReads
from gapfill.stores.influxdb.invalid_values import InvalidReads
from gapfill.stores.influxdb.questions import Steps, run_all
from gapfill.stores.influxdb.tag_sets import conditions_of
from gapfill.stores.influxdb.undo.removal_watch import Watched
from gapfill.stores.reads import SeriesReads

T = TypeVar("T")
Q = TypeVar("Q", bound=OfSeries)


class GroupedReads(SeriesReads):
    """The methods of ``GroupedReadings`` for a bucket."""

    _server: InfluxClient

    def missing_by_field_each(
        self, windows: Sequence[SeriesWindow]
    ) -> Each[dict[str, list[Interval]]]:
        """Return the missing runs by required field, by series."""
        if len(windows) == 1:  # in two parts at the same time
            return super().missing_by_field_each(windows)
        return self._each(windows, lambda one, own: _gaps(one, own).missing_by_field(one.window))

    def lower_grade_each(self, windows: Sequence[SeriesWindow]) -> Each[list[Graded]]:
        """Return the runs below the target, by series."""
        return self._each(windows, lambda one, own: _gaps(one, own).lower_grade(one.window))

    def missing_optional_each(
        self, windows: Sequence[SeriesWindow]
    ) -> Each[dict[str, list[Interval]]]:
        """Return the runs without each wanted field, by series."""
        return self._each(windows, lambda one, own: _gaps(one, own).missing_wanted(one.window))

    def of_source_each(self, asked: Sequence[SeriesSources]) -> Each[list[Interval]]:
        """Return the runs with a point of some sources, by series."""
        return self._each(
            asked, lambda one, own: _gaps(one, own).of_source(one.sources, one.window)
        )

    def newest_each(self, ends: Sequence[SeriesInstant]) -> Each[datetime | None]:
        """Return the newest complete slot before an instant, by series."""
        return self._each(ends, lambda one, own: _gaps(one, own).newest(one.instant))

    def flaws_each(self, windows: Sequence[SeriesWindow]) -> Each[Flaws]:
        """Return the stored values that are not readings, by series."""
        return self._each(windows, lambda one, own: InvalidReads(one.series, own).flaws(one.window))

    def ahead_each(self, starts: Sequence[SeriesInstant]) -> Each[Ahead | None]:
        """Return the points from an instant on, by series."""
        return self._each(starts, lambda one, own: InvalidReads(one.series, own).ahead(one.instant))

    def _each(
        self, asked: Sequence[Q], steps: Callable[[Q, str], Steps[T]]
    ) -> dict[str, T | StoreError]:
        """Return the result of each question, or its error.

        The conditions depend on the stored tag sets. If these have changed during the reads, series
        with a different condition are read again.
        """
        series = [one.series for one in asked]
        own = conditions_of(self._server, series)
        found = self._by_measurement(asked, steps, own)
        now = conditions_of(self._server, series) if len(series) > 1 else own
        again = [one for one in asked if now[one.series.name] != own[one.series.name]]
        return found | self._by_measurement(again, steps, now)

    def _by_measurement(
        self, asked: Sequence[Q], steps: Callable[[Q, str], Steps[T]], own: Mapping[str, str]
    ) -> dict[str, T | StoreError]:
        """Ask the questions of each measurement together.

        If no series of a measurement can be read because the server cannot be reached, the
        measurements after it are not read and have the same error.
        """
        found: dict[str, T | StoreError] = {}
        by_measurement: dict[str, list[Q]] = {}
        for one in asked:
            by_measurement.setdefault(one.series.measurement, []).append(one)
        down: StoreError | None = None
        for members in by_measurement.values():
            if down:
                found |= {one.series.name: down for one in members}
                continue
            server = Watched(self._server, members[0].series, at_once=True)
            reads = {one.series.name: steps(one, own[one.series.name]) for one in members}
            answers = run_all(server, reads)
            found |= answers
            down = _unreached(list(answers.values()))
        return {one.series.name: found[one.series.name] for one in asked}


def _gaps(one: OfSeries, own: str) -> GapReads:
    return GapReads(one.series, own)


def _unreached(answers: Sequence[object]) -> StoreError | None:
    """Return the error if the server could not be reached for any of several answers."""
    if all(isinstance(answer, StoreUnreachable) for answer in answers):
        return next((one for one in answers if isinstance(one, StoreError)), None)
    return None
