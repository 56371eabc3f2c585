"""Grouped reads (``GroupedReadings``) by the methods of one series.

A store that can read many series with one statement overrides these methods, and uses
``one_by_one`` for what that statement cannot answer.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from gapfill.domain.coverage import Graded
from gapfill.domain.interval import END_OF_TIME, Interval
from gapfill.domain.invalid_values import Ahead, Flaws
from gapfill.domain.series import Series
from gapfill.errors import StoreError, StoreUnreachable
from gapfill.services.ports import Each, OfSeries, SeriesInstant, SeriesSources, SeriesWindow

T = TypeVar("T")

GIVE_UP_AFTER = 2
"""After this number of consecutive series for which the store cannot be reached, reads stop."""


Q = TypeVar("Q", bound=OfSeries)


def one_by_one(asked: Sequence[Q], ask: Callable[[Q], T]) -> dict[str, T | StoreError]:
    """Return an answer for each series, with one question each.

    If a question fails, its answer is the error. If the store cannot be reached for two consecutive
    series, the rest of the series are not read and have the same error.

    Args:
        asked: The questions; each series once.
        ask: Asks one of them.
    """
    answers: dict[str, T | StoreError] = {}
    in_a_row = 0
    for n, question in enumerate(asked):
        try:
            answers[question.series.name] = ask(question)
            in_a_row = 0
        except StoreUnreachable as exc:
            answers[question.series.name] = exc
            in_a_row += 1
            if in_a_row == GIVE_UP_AFTER:
                return answers | {left.series.name: exc for left in asked[n + 1 :]}
        except StoreError as exc:
            answers[question.series.name] = exc
            in_a_row = 0
    return answers


class OneByOne(ABC):
    """The methods of ``GroupedReadings``, each series by the method of one series."""

    @abstractmethod
    def missing_by_field(self, series: Series, window: Interval) -> dict[str, list[Interval]]:
        """Return the runs of slots of the window without each required field, by field."""

    @abstractmethod
    def lower_grade(self, series: Series, window: Interval) -> list[Graded]:
        """Return the runs of slots with a reading below the target, by grade."""

    @abstractmethod
    def missing_optional(self, series: Series, field: str, window: Interval) -> list[Interval]:
        """Return the runs of slots that hold every required field but not this one."""

    @abstractmethod
    def of_source(self, series: Series, sources: Sequence[str], window: Interval) -> list[Interval]:
        """Return the runs of slots that have a point with one of these sources."""

    @abstractmethod
    def newest(self, series: Series, end: datetime = END_OF_TIME) -> datetime | None:
        """Return the newest slot before ``end`` with every required field, else ``None``."""

    @abstractmethod
    def flaws(self, series: Series, window: Interval) -> Flaws:
        """Return the stored values of the window that are not readings."""

    @abstractmethod
    def ahead(self, series: Series, start: datetime) -> Ahead | None:
        """Return the points from an instant on, ``None`` without any."""

    def missing_by_field_each(
        self, windows: Sequence[SeriesWindow]
    ) -> Each[dict[str, list[Interval]]]:
        """Return the missing runs by required field, by series."""
        return one_by_one(windows, lambda one: self.missing_by_field(one.series, one.window))

    def lower_grade_each(self, windows: Sequence[SeriesWindow]) -> Each[list[Graded]]:
        """Return the runs below the target, by series."""
        return one_by_one(windows, lambda one: self.lower_grade(one.series, one.window))

    def missing_optional_each(
        self, windows: Sequence[SeriesWindow]
    ) -> Each[dict[str, list[Interval]]]:
        """Return the runs without each wanted field, by series."""
        return one_by_one(windows, self._without_wanted)

    def of_source_each(self, asked: Sequence[SeriesSources]) -> Each[list[Interval]]:
        """Return the runs with a point of some sources, by series."""
        return one_by_one(asked, lambda one: self.of_source(one.series, one.sources, one.window))

    def newest_each(self, ends: Sequence[SeriesInstant]) -> Each[datetime | None]:
        """Return the newest complete slot before an instant, by series."""
        return one_by_one(ends, lambda one: self.newest(one.series, one.instant))

    def flaws_each(self, windows: Sequence[SeriesWindow]) -> Each[Flaws]:
        """Return the stored values that are not readings, by series."""
        return one_by_one(windows, lambda one: self.flaws(one.series, one.window))

    def ahead_each(self, starts: Sequence[SeriesInstant]) -> Each[Ahead | None]:
        """Return the points from an instant on, by series."""
        return one_by_one(starts, lambda one: self.ahead(one.series, one.instant))

    def _without_wanted(self, one: SeriesWindow) -> dict[str, list[Interval]]:
        wanted = (field.name for field in one.series.fields if field.wanted)
        return {name: self.missing_optional(one.series, name, one.window) for name in wanted}
