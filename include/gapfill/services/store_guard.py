"""Refuses a store that held readings and holds none: one that is gone is never a first use.

What was seen in a store is remembered outside of it (port ``Memory``), so that a file that
was lost, a volume that is not mounted, or a bucket that was made anew is an error in every
process, and nothing is written in its place.

What repairs a store may use it: a store that names a batch or an unfinished removal is the one
that was seen, and a file of points may be put back into an empty one.
"""

from __future__ import annotations

from datetime import timedelta
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from gapfill.domain.interval import iso, merge, subtract
from gapfill.errors import StoreError
from gapfill.services.ports import RemovalUnfinished

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime

    from gapfill.domain.interval import Interval
    from gapfill.domain.reading import Reading, Row
    from gapfill.domain.series import Series
    from gapfill.services.ports import Batch, Memory, Restored, Store, StoreLocation, Undone

T = TypeVar("T")

UNCHECKED = ("close", "place", "stamp")
"""What says nothing of readings."""


class GuardedStore:
    """A store that raises where it held readings and holds none, and remembers what it held.

    It looks before the first use, and again when the store was replaced.

    Args:
        store: The store.
        memory: What was seen earlier.
        series: The catalogue's series.
        tell: Takes a sentence for the person or the log: that a new store was made.
    """

    def __init__(
        self,
        store: Store,
        memory: Memory,
        series: Collection[Series],
        tell: Callable[[str], None],
    ) -> None:
        self._store, self._memory, self._series, self._tell = store, memory, series, tell
        self._checked: object = self  # no stamp of a store
        self._seen: dict[str, datetime] = {}
        self._kept: dict[str, datetime] = {}
        self._looked: set[str] = set()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the port has
        """Return a method of the store, which looks at the store first."""
        found = getattr(self._store, name)
        return found if name in UNCHECKED or not callable(found) else self._checking(found)

    def _checking(self, method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)
        def ask(*args: object, **kwargs: object) -> object:
            self._check()
            answer = method(*args, **kwargs)
            if self._checked is None and self._store.stamp() is not None:
                self._tell(f"A new store was made: {named(self._store.place)}.")
                self._checked = self._store.stamp()
            return answer

        return ask

    def newest(self, series: Series, *end: datetime) -> datetime | None:
        """Return the newest slot that holds every required field, see the port."""
        self._check()
        found = self._store.newest(series, *end)
        self._note(series, found)
        return found

    def missing_by_field(self, series: Series, window: Interval) -> dict[str, list[Interval]]:
        """Return what is missing of each required field, see the port."""
        self._check()
        found = self._store.missing_by_field(series, window)
        there = subtract([window], merge(run for runs in found.values() for run in runs))
        if there:
            self._note(series, series.grid.floor(there[-1].end - timedelta(microseconds=1)))
        return found

    def write(
        self,
        series: Series,
        readings: Sequence[Reading],
        batch: str,
        **how: Any,  # noqa: ANN401 - as the port has it
    ) -> int:
        """Write readings, see the port."""
        written: int = self._checking(self._store.write)(series, readings, batch, **how)
        self._look_once(series, written)
        return written

    def import_rows(self, series: Series, rows: Sequence[Row]) -> int:
        """Write rows as they are, see the port."""
        written: int = self._checking(self._store.import_rows)(series, rows)
        self._look_once(series, written)
        return written

    def batches(self) -> list[Batch]:
        """Return the batches that can be undone, see the port."""
        return self._noted(self._store.batches)

    def batch_slots(self, batch: str) -> dict[str, list[datetime]]:
        """Return the slots that a batch wrote, see the port."""
        return self._noted(lambda: self._store.batch_slots(batch))

    def restore(self, said: str, *, overwrite: bool = False) -> Restored:
        """Put back points of a file, also into a store that is empty by now."""
        self._check_place()
        return self._store.restore(said, overwrite=overwrite)

    def undo(self, batch: str, series: Collection[Series]) -> Undone:
        """Undo a batch, also where a killed undo of it emptied the store; then it may be empty."""
        self.batch_slots(batch)
        undone = self._store.undo(batch, series)
        is_changed = undone.removed or undone.restored
        if is_changed and self._known() and self._is_empty():
            self._memory.forget(self._store.place)
            self._seen, self._kept = {}, {}
        return undone

    def forget(self) -> bool:
        """Forget what the store held, so that an empty one may take its place.

        Returns:
            Whether anything was known of it.

        Raises:
            StoreError: If it is there and holds readings, or cannot be read.
        """
        place = self._store.place
        self._seen = {**self._memory.seen(place)}
        if self._known() and self._store.stamp() is not None and not self._is_empty():
            message = (
                f"The store is there and holds readings: {named(place)}. Nothing was forgotten: "
                "forget-store is for a store that is gone, or empty."
            )
            raise StoreError(message)
        self._seen = {}
        return self._memory.forget(place)

    def close(self) -> None:
        """Give back connections, and remember what was seen."""
        self._keep()
        self._store.close()

    def _check(self) -> None:
        """Look whether the store is the one that held readings; raise if it holds none."""
        stamp = self._check_place()
        if stamp == self._checked:
            return
        if self._known() and self._is_empty():
            raise StoreError(self._lost(is_gone=False))
        self._checked = stamp

    def _check_place(self) -> object:
        """Return the stamp of the store; raise if it held readings and is gone."""
        stamp = self._store.stamp()
        if stamp != self._checked:
            self._seen = {**self._memory.seen(self._store.place), **self._seen}
            self._kept = dict(self._seen)
            if stamp is None and self._known():
                raise StoreError(self._lost(is_gone=True))
        return stamp

    def _noted(self, ask: Callable[[], T]) -> T:
        """Return what the books say, and check the store where they say nothing."""
        self._check_place()
        found = ask()
        if not found:
            self._check()
        return found

    def _known(self) -> list[Series]:
        """Return the series of the catalogue that had readings."""
        return [series for series in self._series if subject(series) in self._seen]

    def _is_empty(self) -> bool:
        """Tell whether no series has a point that counts, and no removal is unfinished."""
        known, ask = self._known(), self._store
        try:
            return not (
                any(ask.newest(series) for series in known)
                or any(ask.ahead(one, one.grid.floor(self._seen[subject(one)])) for one in known)
                or ask.unfinished()
            )
        except RemovalUnfinished:
            return False

    def _look_once(self, series: Series, written: int) -> None:
        """After the first write of a series that had no readings, look whether it has some now."""
        name = subject(series)
        if written and name not in self._seen and name not in self._looked:
            self._looked.add(name)
            self._note(series, self._store.newest(series))

    def _note(self, series: Series, slot: datetime | None) -> None:
        """Keep in mind that a series has a reading; the first one is remembered at once."""
        name = subject(series)
        if slot is None or slot <= self._seen.get(name, slot.min.replace(tzinfo=slot.tzinfo)):
            return
        self._seen[name] = slot
        if name not in self._kept:
            self._keep()

    def _keep(self) -> None:
        if self._seen != self._kept:
            self._memory.keep(self._store.place, self._seen)
            self._kept = dict(self._seen)

    def _lost(self, *, is_gone: bool) -> str:
        place = self._store.place
        until = max(self._seen[subject(series)] for series in self._known())
        what = "gone: there is no" if is_gone else "empty: no series has a reading in the"
        return (
            f"The store that held readings until {iso(until).replace(':00Z', 'Z')} is {what} "
            f"{named(place)}. Put it back, or mount its volume; nothing is written until then. "
            "If it is meant to begin anew, empty: python -m gapfill forget-store, or delete "
            f"{self._memory.where(place)}."
        )


def named(place: StoreLocation) -> str:
    """Return what and where a store is, and the connection that names it."""
    kind = "file " if place.kind == "sqlite" else ""
    return f"{kind}{place.where} (connection gapfill_store)"


def subject(series: Series) -> str:
    """Return what a series is in a store, whatever the catalogue calls it: measurement and tags."""
    tags = [f"{name}={value}" for name, value in sorted(series.tags.items())]
    return ",".join([series.measurement, *tags])
