"""The port of batches: the slots of each, and undoing one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from gapfill.domain.keys import run_of
from gapfill.domain.series import Series


class Undone(NamedTuple):
    """Result of ``undo``.

    Attributes:
        restored: Slots that have their values from before the batch again.
        removed: Slots that were empty before the batch and are empty again.
        left: Slots of the batch that a later batch has replaced; these do not change.
    """

    restored: int
    removed: int
    left: int


class Batch(NamedTuple):
    """The slots of one series that one batch wrote and that can be undone.

    Attributes:
        id: Id of the batch: of a unit of a run, or of an import.
        series: Catalogue name at that time.
        slots: Number of slots.
        first: The first slot.
        last: The last slot.
        at: When it asked a source, ``None`` if it asked none.
    """

    id: str
    series: str
    slots: int
    first: datetime
    last: datetime
    at: datetime | None

    @property
    def run(self) -> str:
        """Return the run of the batch; an import is its own run."""
        return run_of(self.id)


class UndoStore(Protocol):
    """The values that each batch wrote, and those that it replaced."""

    def batch_slots(self, batch: str) -> dict[str, list[datetime]]:
        """Return the slots that a batch wrote, by series name, including replaced ones."""

    def batches(self) -> list[Batch]:
        """Return the slots that each batch wrote and that can be undone, one entry per series."""

    def undone_batches(self) -> set[str]:
        """Return the ids of batches that were undone, as far as possible."""

    def slots_of(self, batches: Sequence[str]) -> dict[str, dict[str, list[datetime]]]:
        """Return the slots that several batches wrote, by batch and series name."""

    def undo(self, batch: str, series: Iterable[Series]) -> Undone:
        """Restore the values that a batch replaced and remove those that it added.

        In one transaction if the database has them. Otherwise, repeat a killed ``undo`` to
        continue it.

        Args:
            batch: Id of the fill.
            series: The series of the catalogue, to find the rows.

        Raises:
            StoreError: If the database cannot be read or written.
        """
