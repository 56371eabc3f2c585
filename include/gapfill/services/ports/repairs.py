"""The port of repairs: fields with another type than float, and unfinished removals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from gapfill.domain.interval import Interval
from gapfill.domain.series import Series
from gapfill.domain.unfinished_removal import Unfinished
from gapfill.errors import StoreError


class WrongType(NamedTuple):
    """A part of the store that has fields of a series with another type than float.

    Attributes:
        shard: The part, ``[start, end)``, in which a field has one type.
        fields: The fields, each with its type there.
        points: Number of points with the first field, including those of other programs.
        obstacle: A value there that no float can hold, so that nothing is changed; empty for none.
    """

    shard: Interval
    fields: Mapping[str, str]
    points: int
    obstacle: str = ""


class Restored(NamedTuple):
    """Result of writing saved points back.

    Attributes:
        points: Number of saved points.
        written: Number of points that were missing, completely or in part, and were written.
        differing: Points with another value in the store, one text each.
        overwritten: Number of these that now have the saved values.
        batches: Batches that have written some of these since they were saved.
    """

    points: int
    written: int
    differing: Sequence[str] = ()
    overwritten: int = 0
    batches: Sequence[str] = ()


class RemovalUnfinished(StoreError):
    """Points are being removed and written back, so nothing is read or written there.

    It shows that the store is the one that held them: this is noted in the store itself.
    """


class RepairStore(Protocol):
    """Repairs of a store without transactions, or with typed fields.

    A store that needs no repairs inherits ``stores.no_repairs.NoRepairs``.
    """

    def wrong_types(self, series: Series, names: Sequence[str]) -> list[WrongType]:
        """Return the parts that have these fields of a series with another type than float."""

    def retype(
        self,
        series: Series,
        wrong: Sequence[WrongType],
        save: Callable[[str], None],
        file: str = "",
    ) -> int:
        """Convert the fields of ``wrong_types`` to floats; return the number of points written.

        Repeat it after a kill to continue it. Until it is finished, each method that reads or
        writes points of a series of this measurement raises a ``StoreError``.

        Args:
            series: The series of the fields.
            wrong: The parts to convert.
            save: Saves a text permanently; called with the points before one is deleted.
            file: Name of the file with the saved points, for messages.
        """

    def restore(self, said: str, *, overwrite: bool = False) -> Restored:
        """Write the missing points that ``retype`` saved, and count those that differ.

        Args:
            said: The saved text.
            overwrite: Whether saved values also replace different values. A point that a batch has
                written since does not change: use ``undo`` for it.
        """

    def unfinished(self) -> list[Unfinished]:
        """Return the removals that are running or were killed, and those whose points are missing.

        The latter were written back once: the deletion of a process that lives on came after.
        """
