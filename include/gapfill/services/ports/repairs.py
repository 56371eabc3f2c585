"""The port of repairs: fields of another type than float, and removals that were cut short."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from gapfill.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gapfill.domain.interval import Interval
    from gapfill.domain.series import Series
    from gapfill.domain.unfinished_removal import Unfinished


class WrongType(NamedTuple):
    """A part of the store that holds fields of a series as another type than float.

    Attributes:
        shard: The part, ``[start, end)``: the type of a field is one in all of it.
        fields: The fields, each with its type there.
        points: How many points of the first field it has, of others too.
    """

    shard: Interval
    fields: Mapping[str, str]
    points: int


class Restored(NamedTuple):
    """What putting back saved points came to.

    Attributes:
        points: How many points were saved.
        written: How many of them were missing, whole or in part, and were written.
        differing: The others of which a field has another value in the store, a text each.
        overwritten: How many of these now have the saved values.
        batches: Which batches wrote some of these since they were saved.
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

    A store that needs none inherits ``stores.no_repairs.NoRepairs``.
    """

    def wrong_types(self, series: Series, names: Sequence[str]) -> list[WrongType]:
        """Return the parts that hold these fields of a series as another type than float."""

    def retype(
        self,
        series: Series,
        wrong: Sequence[WrongType],
        save: Callable[[str], None],
        file: str = "",
    ) -> int:
        """Make floats of what ``wrong_types`` has found, and return how many points it wrote.

        Killed anywhere, it is carried on by doing it again. Until it is finished, each method
        that reads or writes points of a series of this measurement raises a ``StoreError``.

        Args:
            series: Whose fields.
            wrong: What to change.
            save: Keeps a text for good; called with the points before any is deleted.
            file: Where it is kept, for messages.
        """

    def restore(self, said: str, *, overwrite: bool = False) -> Restored:
        """Write what is missing of the points that ``retype`` saved, and count what differs.

        Args:
            said: What was saved.
            overwrite: Whether saved values are written over other values as well. A point that
                a batch has written since is left alone: ``undo`` takes that back.
        """

    def unfinished(self) -> list[Unfinished]:
        """Return the removals that are running or were killed, and those whose points are missing.

        The latter were written back once: the deletion of a process that lives on came after.
        """
