"""The reads of one series inside a database, and the methods of the port that use them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from gapfill.domain.coverage import Graded
from gapfill.domain.interval import END_OF_TIME, Interval
from gapfill.domain.invalid_values import Ahead, Flaws
from gapfill.domain.series import Series
from gapfill.stores.grouped import OneByOne

T = TypeVar("T")


class Gaps(Protocol):
    """What is missing of one series, see ``ReadingStore``."""

    def missing(self, window: Interval) -> list[Interval]:
        """Return the runs of slots without every required field."""

    def missing_by_field(self, window: Interval) -> dict[str, list[Interval]]:
        """Return the runs of slots without each required field, by field."""

    def lower_grade(self, window: Interval) -> list[Graded]:
        """Return the runs of slots below the target, by grade."""

    def missing_optional(self, field: str, window: Interval) -> list[Interval]:
        """Return the runs of slots that hold every required field and not this one."""

    def of_source(self, sources: Sequence[str], window: Interval) -> list[Interval]:
        """Return the runs of slots that have a point with one of these sources."""

    def newest(self, end: datetime) -> datetime | None:
        """Return the newest complete slot before ``end``, ``None`` without one."""


class InvalidValues(Protocol):
    """The stored values of one series that are not readings, see ``ReadingStore``."""

    def flaws(self, window: Interval) -> Flaws:
        """Return the stored values of the window that are not readings."""

    def ahead(self, start: datetime) -> Ahead | None:
        """Return the points from an instant on, ``None`` without any."""

    def copies(self, window: Interval) -> dict[datetime, frozenset[str]]:
        """Return the fields that may be copies of values of other points, by slot."""


class SeriesReads(OneByOne, ABC):
    """The reads of ``ReadingStore`` that concern one series."""

    @abstractmethod
    def _gaps(self, series: Series, ask: Callable[[Gaps], T]) -> T:
        """Read the gaps of a series."""

    @abstractmethod
    def _invalid(self, series: Series, ask: Callable[[InvalidValues], T]) -> T:
        """Read the stored values of a series that are not readings."""

    def missing(self, series: Series, window: Interval) -> list[Interval]:
        """Return the runs of slots of the window without every required field."""
        return self._gaps(series, lambda gaps: gaps.missing(window))

    def missing_by_field(self, series: Series, window: Interval) -> dict[str, list[Interval]]:
        """Return the runs of slots of the window without each required field, by field."""
        return self._gaps(series, lambda gaps: gaps.missing_by_field(window))

    def lower_grade(self, series: Series, window: Interval) -> list[Graded]:
        """Return the runs of slots that hold a reading below the series' target, by grade."""
        return self._gaps(series, lambda gaps: gaps.lower_grade(window))

    def missing_optional(self, series: Series, field: str, window: Interval) -> list[Interval]:
        """Return the runs of slots that hold every required field and not this one."""
        return self._gaps(series, lambda gaps: gaps.missing_optional(field, window))

    def of_source(self, series: Series, sources: Sequence[str], window: Interval) -> list[Interval]:
        """Return the runs of slots that have a point with one of these sources."""
        return self._gaps(series, lambda gaps: gaps.of_source(sources, window))

    def newest(self, series: Series, end: datetime = END_OF_TIME) -> datetime | None:
        """Return the newest slot before ``end`` that holds every required field, else ``None``."""
        return self._gaps(series, lambda gaps: gaps.newest(end))

    def flaws(self, series: Series, window: Interval) -> Flaws:
        """Return the stored values of the window that are not readings."""
        return self._invalid(series, lambda values: values.flaws(window))

    def ahead(self, series: Series, start: datetime) -> Ahead | None:
        """Return the points from an instant on, ``None`` without any."""
        return self._invalid(series, lambda values: values.ahead(start))
