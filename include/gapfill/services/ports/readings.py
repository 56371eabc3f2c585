"""The port of readings: missing slots, stored rows, invalid values, and writing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from gapfill.domain.coverage import Graded
from gapfill.domain.interval import END_OF_TIME, Interval
from gapfill.domain.invalid_values import Ahead, Copies, Flaws
from gapfill.domain.ledger import LedgerEntry
from gapfill.domain.reading import Reading, Replace, Row
from gapfill.domain.series import Series
from gapfill.services.ports.grouped_readings import GroupedReadings


class ReadingStore(GroupedReadings, Protocol):
    """Readings of series: one row for each slot.

    A stored value that is not a finite number within the bounds of its field is not a
    reading. Points of one slot are merged field by field (``stores.points``). Reading floors the
    time of a point to the grid of the series, so that points off the grid cover their slot.
    """

    def missing(self, series: Series, window: Interval) -> list[Interval]:
        """Return the runs of slots of the window without every required field.

        The database finds them: the size of the answer grows with the runs, not with the history.

        Args:
            series: The series.
            window: ``[start, end)`` of whole slots.

        Returns:
            Maximal, disjoint runs in order, on the grid.
        """

    def missing_by_field(self, series: Series, window: Interval) -> dict[str, list[Interval]]:
        """Return, by required field, the runs of slots of the window without it."""

    def lower_grade(self, series: Series, window: Interval) -> list[Graded]:
        """Return the runs of slots with a reading below the series' target, by grade."""

    def missing_optional(self, series: Series, field: str, window: Interval) -> list[Interval]:
        """Return the runs of slots that hold every required field but not this one.

        A value that a row keeps from a source that does not observe counts as missing.
        """

    def of_source(self, series: Series, sources: Sequence[str], window: Interval) -> list[Interval]:
        """Return the runs of slots that have a point with one of these sources.

        The name must be equal: ``ree`` is not ``ree/8742``. The database finds them, as for
        ``missing``.
        """

    def newest(self, series: Series, end: datetime = END_OF_TIME) -> datetime | None:
        """Return the newest slot before ``end`` with every required field, else ``None``."""

    def flaws(self, series: Series, window: Interval) -> Flaws:
        """Return the stored values of the window that do not count.

        These are not finite, not numbers, or outside the bounds of their field. No other method
        returns them as readings. The database finds them, as for ``missing``.
        """

    def ahead(self, series: Series, start: datetime) -> Ahead | None:
        """Return the points from an instant on, ``None`` for none."""

    def copies(self, series: Series, window: Interval) -> Copies:
        """Return the values of other points that an earlier release copied into Gapfill's own.

        Such a value is of unknown source, in a point of a batch, and another point of its slot
        has the field. No method counts it. What was in the point before Gapfill wrote into
        it is not a copy.
        """

    def remove_copies(self, series: Series, window: Interval, batch: str) -> int:
        """Remove those copies as ``write`` writes, and return from how many slots.

        Replaced values are stored for ``undo``. If a point has only copies, its batch remains.
        """

    def read(self, series: Series, window: Interval, *more: Interval) -> list[Row]:
        """Return the rows of sorted, disjoint windows in order of slot, one per slot."""

    def write(
        self,
        series: Series,
        readings: Sequence[Reading],
        batch: str,
        *,
        replace: Replace = Replace.WORSE,
        entries: Sequence[LedgerEntry] = (),
    ) -> int:
        """Write the values of readings that replace stored ones (``reading.wins``), all or none.

        They go into the series' own points; values of other points are never written. Ledger lines
        are written with them, in the same request if the database allows that.

        A store without transactions writes up to 5,000 slots at once, and a retry writes the
        missing ones; a batch never counts a slot that it did not write. Replaced values are stored
        for ``undo``. Writing the same readings again changes nothing.

        Returns:
            How many slots were written.
        """

    def import_rows(self, series: Series, rows: Sequence[Row]) -> int:
        """Write rows unchanged, with provenance, as ``write`` does (``import``).

        A stored row with a higher grade or with equal values stays. Replaced rows are stored for
        ``undo``.

        Returns:
            How many rows were written.
        """
