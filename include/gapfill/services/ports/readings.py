"""The port of readings: what is missing, what is stored, what does not count, and writing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from gapfill.domain.interval import END_OF_TIME
from gapfill.domain.reading import Replace

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gapfill.domain.coverage import Graded
    from gapfill.domain.interval import Interval
    from gapfill.domain.invalid_values import Ahead, Copies, Flaws
    from gapfill.domain.ledger import LedgerEntry
    from gapfill.domain.reading import Reading, Row
    from gapfill.domain.series import Series


class ReadingStore(Protocol):
    """Readings of series: one row for each slot.

    A stored value that is not a finite number within the bounds of its field is not a
    reading. Points of one slot are merged field by field (``stores.points``). A slot is floored
    to the grid of the series on reading, so that points off the grid cover their slot.
    """

    def missing(self, series: Series, window: Interval) -> list[Interval]:
        """Return the runs of slots of the window without every required field.

        Found inside the database: what crosses the wire grows with the runs, not with
        the history.

        Args:
            series: Whose slots.
            window: ``[start, end)`` of whole slots.

        Returns:
            Maximal, disjoint runs in order, on the grid.
        """

    def missing_by_field(self, series: Series, window: Interval) -> dict[str, list[Interval]]:
        """Return the same by required field: the runs of slots of the window without it."""

    def lower_grade(self, series: Series, window: Interval) -> list[Graded]:
        """Return the runs of slots that hold a reading below the series' target, by grade."""

    def missing_optional(self, series: Series, field: str, window: Interval) -> list[Interval]:
        """Return the runs of slots that hold every required field but not this one.

        A value that a row keeps from a source that does not observe is missing, too.
        """

    def of_source(self, series: Series, sources: Sequence[str], window: Interval) -> list[Interval]:
        """Return the runs of slots that have a point with one of these sources.

        The name must be the same to the letter: ``ree`` is not ``ree/8742``. Found inside
        the database, as ``missing``.
        """

    def newest(self, series: Series, end: datetime = END_OF_TIME) -> datetime | None:
        """Return the newest slot before ``end`` that holds every required field, else ``None``."""

    def flaws(self, series: Series, window: Interval) -> Flaws:
        """Return the stored values of the window that do not count.

        That is what is not finite, not a number, or outside the bounds of its field: no other
        method takes it for a reading. Found inside the database, as ``missing``.
        """

    def ahead(self, series: Series, start: datetime) -> Ahead | None:
        """Return the points from an instant on, ``None`` for none."""

    def copies(self, series: Series, window: Interval) -> Copies:
        """Return the values of other points that an earlier release copied into ours.

        Such a value is of unknown source, in a point of a batch, and another point of its slot
        has the field. No method counts it. What was in the point before Gapfill wrote into
        it is not a copy.
        """

    def remove_copies(self, series: Series, window: Interval, batch: str) -> int:
        """Remove those copies as ``write`` writes, and return from how many slots.

        What is replaced is kept for ``undo``. Of a point of nothing but copies its batch is left.
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
        """Write what a reading wins of a slot (``reading.wins``), whole or not at all.

        It goes into the series' own point; what other points hold is never written. Lines for
        the ledger go with it, in the same request where the database takes them so.

        A store without transactions writes up to 5,000 slots at once, and a retry writes
        what is missing; a batch never counts a slot that it did not write. What is replaced is
        kept for ``undo``. Writing the same readings again changes nothing.

        Returns:
            How many slots were written.
        """

    def import_rows(self, series: Series, rows: Sequence[Row]) -> int:
        """Write rows as they are, provenance included, as ``write`` does (``import``).

        A row of a higher grade stays, and one that says the same. What is replaced is
        kept for ``undo``.

        Returns:
            How many rows were written.
        """
