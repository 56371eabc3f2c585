"""The port of grouped reads: many series are read with few statements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol, TypeVar

from gapfill.domain.coverage import Graded
from gapfill.domain.interval import Interval
from gapfill.domain.invalid_values import Ahead, Flaws
from gapfill.domain.series import Series
from gapfill.errors import StoreError

T = TypeVar("T")

Each = Mapping[str, T | StoreError]
"""An answer for each series, by name; a ``StoreError`` for a series that cannot be read."""


class SeriesWindow(NamedTuple):
    """A series and its window, ``[start, end)`` of whole slots."""

    series: Series
    window: Interval


class SeriesInstant(NamedTuple):
    """A series and an instant."""

    series: Series
    instant: datetime


class SeriesSources(NamedTuple):
    """A series, names of sources, and a window, ``[start, end)`` of whole slots."""

    series: Series
    sources: Sequence[str]
    window: Interval


class GroupedReadings(Protocol):
    """The reads of many series together.

    Each method returns exactly one answer for each series, and means the same as the method of one
    series. Each series may be in an argument once. A series that cannot be read does not hide the
    others: its answer is the error, and no method raises a ``StoreError``. If the store cannot be
    reached, all unanswered series have that error. The number of statements grows with the
    measurements and the kinds of series, not with the series.
    """

    def missing_by_field_each(
        self, windows: Sequence[SeriesWindow]
    ) -> Each[dict[str, list[Interval]]]:
        """Return, as ``missing_by_field``, the runs of slots without each required field."""

    def lower_grade_each(self, windows: Sequence[SeriesWindow]) -> Each[list[Graded]]:
        """Return, as ``lower_grade``, the runs of slots with a reading below the target."""

    def missing_optional_each(
        self, windows: Sequence[SeriesWindow]
    ) -> Each[dict[str, list[Interval]]]:
        """Return, by wanted field of each series, what ``missing_optional`` returns."""

    def of_source_each(self, asked: Sequence[SeriesSources]) -> Each[list[Interval]]:
        """Return, as ``of_source``, the runs of slots with a point of one of the sources."""

    def newest_each(self, ends: Sequence[SeriesInstant]) -> Each[datetime | None]:
        """Return, as ``newest``, the newest slot with every required field before an instant."""

    def flaws_each(self, windows: Sequence[SeriesWindow]) -> Each[Flaws]:
        """Return, as ``flaws``, the stored values that do not count."""

    def ahead_each(self, starts: Sequence[SeriesInstant]) -> Each[Ahead | None]:
        """Return, as ``ahead``, the points from an instant on."""
