"""The port of batches: what each wrote, and undoing one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from gapfill.domain.keys import run_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from gapfill.domain.series import Series


class Undone(NamedTuple):
    """What ``undo`` did.

    Attributes:
        restored: Slots that hold again what they held before the batch.
        removed: Slots that were empty before the batch and are empty again.
        left: Slots of the batch that a later batch has replaced since: left alone.
    """

    restored: int
    removed: int
    left: int


class Batch(NamedTuple):
    """What one batch wrote of one series, and can be undone.

    Attributes:
        id: Id of the batch: of a unit of a run, or of an import.
        series: Catalogue name, at the time.
        slots: How many.
        first: The first of them.
        last: The last of them.
        at: When it asked a source, ``None`` where it asked none.
    """

    id: str
    series: str
    slots: int
    first: datetime
    last: datetime
    at: datetime | None

    @property
    def run(self) -> str:
        """Return the run that the batch is of; an import is its own."""
        return run_of(self.id)


class UndoStore(Protocol):
    """What each batch wrote, with what it replaced."""

    def batch_slots(self, batch: str) -> dict[str, list[datetime]]:
        """Return the slots a batch wrote, by series name, whether or not replaced since."""

    def batches(self) -> list[Batch]:
        """Return what each batch wrote and still can be undone, one for each series."""

    def undone_batches(self) -> set[str]:
        """Return the ids of batches that were undone, as far as that could be."""

    def slots_of(self, batches: Sequence[str]) -> dict[str, dict[str, list[datetime]]]:
        """Return the same for several batches, by batch and series name."""

    def undo(self, batch: str, series: Iterable[Series]) -> Undone:
        """Put back what a batch replaced and remove what it added.

        In one transaction where the database has them; else, killed half-way, it is
        carried on by doing it again.

        Args:
            batch: Id of the fill.
            series: The catalogue's series, to find its rows in.

        Raises:
            StoreError: If the database cannot be read or written.
        """
