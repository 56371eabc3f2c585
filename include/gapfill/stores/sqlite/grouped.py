"""Grouped reads of the embedded store: series that share a table are read with one statement."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from gapfill.domain.coverage import Graded
from gapfill.domain.interval import Interval
from gapfill.domain.invalid_values import Ahead, Flaws
from gapfill.errors import StoreError, StoreUnreachable
from gapfill.services.ports import Each, OfSeries, SeriesInstant, SeriesSources, SeriesWindow
from gapfill.stores.grouped import one_by_one
from gapfill.stores.sqlite import gaps, grades, invalid_values
from gapfill.stores.sqlite.members import Member, members

if TYPE_CHECKING:
    import sqlalchemy as sa

T = TypeVar("T")
Q = TypeVar("Q", bound=OfSeries)

TOGETHER = 1_000
"""Number of series that are read in one transaction."""


class GroupedReads(ABC):
    """The methods of ``GroupedReadings`` for a file."""

    @abstractmethod
    def _reading(self) -> AbstractContextManager[sa.Connection]:
        """Open a connection that sees one state of the store."""

    def missing_by_field_each(
        self, windows: Sequence[SeriesWindow]
    ) -> Each[dict[str, list[Interval]]]:
        """Return the missing runs by required field, by series."""
        return self._each(windows, lambda c, some: gaps.missing_by_field(c, _windows(c, some)))

    def lower_grade_each(self, windows: Sequence[SeriesWindow]) -> Each[list[Graded]]:
        """Return the runs below the target, by series."""
        return self._each(windows, lambda c, some: grades.lower_grade(c, _windows(c, some)))

    def missing_optional_each(
        self, windows: Sequence[SeriesWindow]
    ) -> Each[dict[str, list[Interval]]]:
        """Return the runs without each wanted field, by series."""
        return self._each(windows, _without_wanted)

    def of_source_each(self, asked: Sequence[SeriesSources]) -> Each[list[Interval]]:
        """Return the runs with a point of some sources, by series."""
        return self._each(asked, _of_source)

    def newest_each(self, ends: Sequence[SeriesInstant]) -> Each[datetime | None]:
        """Return the newest complete slot before an instant, by series."""
        return self._each(ends, lambda c, some: gaps.newest(c, _instants(c, some)))

    def flaws_each(self, windows: Sequence[SeriesWindow]) -> Each[Flaws]:
        """Return the stored values that are not readings, by series."""
        return self._each(windows, lambda c, some: invalid_values.flaws(c, _windows(c, some)))

    def ahead_each(self, starts: Sequence[SeriesInstant]) -> Each[Ahead | None]:
        """Return the points from an instant on, by series."""
        return self._each(starts, lambda c, some: invalid_values.ahead(c, _instants(c, some)))

    def _each(
        self,
        asked: Sequence[Q],
        ask: Callable[[sa.Connection, Sequence[Q]], Mapping[str, T | StoreError]],
    ) -> dict[str, T | StoreError]:
        """Return the answers, read for some series together.

        If that fails, each of these series is read alone, which shows those that cannot be read.
        """
        answers: dict[str, T | StoreError] = {}
        for n in range(0, len(asked), TOGETHER):
            some = asked[n : n + TOGETHER]
            try:
                with self._reading() as connection:
                    answers |= ask(connection, some)
            except StoreUnreachable as exc:
                return answers | {one.series.name: exc for one in asked[n:]}
            except StoreError as exc:
                if len(some) == 1:
                    answers[some[0].series.name] = exc
                else:
                    answers |= one_by_one(some, lambda one: self._alone(one, ask))
        return answers

    def _alone(
        self, one: Q, ask: Callable[[sa.Connection, Sequence[Q]], Mapping[str, T | StoreError]]
    ) -> T:
        with self._reading() as connection:
            answer = ask(connection, [one])[one.series.name]
        if isinstance(answer, StoreError):
            raise answer
        return answer


def _windows(connection: sa.Connection, asked: Sequence[SeriesWindow]) -> gaps.Asked:
    found = members(connection, [one.series for one in asked])
    return list(zip(found, (one.window for one in asked), strict=True))


def _instants(
    connection: sa.Connection, asked: Sequence[SeriesInstant]
) -> list[tuple[Member, datetime]]:
    found = members(connection, [one.series for one in asked])
    return list(zip(found, (one.instant for one in asked), strict=True))


def _without_wanted(
    connection: sa.Connection, asked: Sequence[SeriesWindow]
) -> dict[str, dict[str, list[Interval]]]:
    answers: dict[str, dict[str, list[Interval]]] = {one.series.name: {} for one in asked}
    of_field: dict[str, list[SeriesWindow]] = {}
    for one in asked:
        for field in one.series.fields:
            if field.wanted:
                of_field.setdefault(field.name, []).append(one)
    for name, some in of_field.items():
        found = grades.missing_optional(connection, _windows(connection, some), name)
        for series, runs in found.items():
            answers[series][name] = runs
    return answers


def _of_source(
    connection: sa.Connection, asked: Sequence[SeriesSources]
) -> dict[str, list[Interval]]:
    answers: dict[str, list[Interval]] = {}
    of_sources: dict[tuple[str, ...], list[SeriesWindow]] = {}
    for series, sources, window in asked:
        of_sources.setdefault(tuple(sources), []).append(SeriesWindow(series, window))
    for names, some in of_sources.items():
        answers |= grades.of_source(connection, _windows(connection, some), names)
    return answers
