"""The reads of one series, by the reads of many series."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from gapfill.domain.coverage import Graded
from gapfill.domain.interval import Interval
from gapfill.domain.invalid_values import Ahead, Flaws
from gapfill.domain.series import Series
from gapfill.errors import StoreError
from gapfill.stores.sqlite import gaps, grades, invalid_values
from gapfill.stores.sqlite.members import members

if TYPE_CHECKING:
    import sqlalchemy as sa


class SqliteGaps:
    """The gaps of one series, read through one connection.

    Args:
        connection: A transaction that reads.
        series: The series.
    """

    def __init__(self, connection: sa.Connection, series: Series) -> None:
        self._connection = connection
        self._name = series.name
        (self._member,) = members(connection, [series])

    def missing(self, window: Interval) -> list[Interval]:
        """Return the runs of slots of the window without every required field."""
        return gaps.missing(self._connection, [(self._member, window)])[self._name]

    def missing_by_field(self, window: Interval) -> dict[str, list[Interval]]:
        """Return the runs of slots of the window without each required field, by field."""
        return gaps.missing_by_field(self._connection, [(self._member, window)])[self._name]

    def lower_grade(self, window: Interval) -> list[Graded]:
        """Return the runs of slots whose readings have the same grades, some below the target."""
        found = grades.lower_grade(self._connection, [(self._member, window)])[self._name]
        if isinstance(found, StoreError):
            raise found
        return found

    def missing_optional(self, field: str, window: Interval) -> list[Interval]:
        """Return the runs of slots that have every required field but not this one."""
        asked = [(self._member, window)]
        return grades.missing_optional(self._connection, asked, field)[self._name]

    def of_source(self, sources: Sequence[str], window: Interval) -> list[Interval]:
        """Return the runs of slots that have a point with one of these sources."""
        asked = [(self._member, window)]
        return grades.of_source(self._connection, asked, sources)[self._name]

    def newest(self, end: datetime) -> datetime | None:
        """Return the newest slot before ``end`` that has every required field, else ``None``."""
        return gaps.newest(self._connection, [(self._member, end)])[self._name]


class SqliteInvalidValues:
    """The stored values of one series that are not readings, read through one connection.

    Args:
        connection: A transaction that reads.
        series: The series.
    """

    def __init__(self, connection: sa.Connection, series: Series) -> None:
        self._connection = connection
        self._series = series
        (self._member,) = members(connection, [series])

    def flaws(self, window: Interval) -> Flaws:
        """Return the stored values of the window that are not readings."""
        asked = [(self._member, window)]
        return invalid_values.flaws(self._connection, asked)[self._series.name]

    def ahead(self, start: datetime) -> Ahead | None:
        """Return the points from an instant on, ``None`` without any."""
        return invalid_values.ahead(self._connection, [(self._member, start)])[self._series.name]

    def copies(self, window: Interval) -> dict[datetime, frozenset[str]]:
        """Return the fields of the series' own points that are copies, by slot."""
        return invalid_values.copies(self._connection, self._series, window)
