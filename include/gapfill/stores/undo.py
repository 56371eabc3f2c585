"""Undo of a batch: the same for every store, given the store's undo of one series."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime

from gapfill.domain.series import Series
from gapfill.errors import StoreError
from gapfill.services.ports import Undone

NOTHING = Undone(0, 0, 0)


def undo_batch(
    batch: str,
    wrote: Mapping[str, Collection[datetime]],
    known: Iterable[Series],
    undo_series: Callable[[Series], Undone],
) -> Undone:
    """Undo a batch series by series, and return the sum of the results.

    Args:
        batch: Id of the batch.
        wrote: The slots that the batch wrote, by series name.
        known: The series of the catalogue.
        undo_series: Undoes the batch in one series.

    Raises:
        StoreError: If the batch wrote a series that is not known; then nothing was undone.
    """
    by_name = {series.name: series for series in known}
    for name, slots in wrote.items():
        if slots and name not in by_name:
            message = (
                f"The batch {batch} wrote {name}, which is not in the catalogue; nothing was "
                "undone. Put the series back into the catalogue for that."
            )
            raise StoreError(message)
    parts = [undo_series(by_name[name]) for name in wrote if name in by_name]
    return Undone(*(sum(numbers) for numbers in zip(*parts, strict=True))) if parts else NOTHING
