"""Refuses a store that had readings and has none now: a lost store is never a first use.

The newest slots of a store are remembered outside of it (port ``Memory``). So a lost file, a volume
that is not mounted, or a bucket that was created again is an error in every process, and nothing is
written in its place.

Repairs may use the store: a store that names a batch or an unfinished removal is the one that had
the readings, and a file of points may be restored into an empty one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from functools import wraps
from typing import Any, TypeVar

from gapfill.domain.formatting import short
from gapfill.domain.interval import END_OF_TIME, Interval
from gapfill.domain.reading import Reading, Row
from gapfill.domain.series import Series
from gapfill.errors import StoreError
from gapfill.services.each_series import any_there, last_there
from gapfill.services.ports import (
    Batch,
    Each,
    Memory,
    RemovalUnfinished,
    Restored,
    SeriesInstant,
    SeriesWindow,
    Store,
    StoreLocation,
    Undone,
)

T = TypeVar("T")

UNCHECKED = ("close", "place", "stamp")
"""Methods that do not depend on readings."""


class GuardedStore:
    """A store that raises if it had readings and has none now.

    It checks before the first use, and again when the store was replaced. It records the readings
    that it finds in the memory.

    Args:
        store: The store.
        memory: The newest slots seen earlier.
        series: The catalogue's series.
        notify: Receives a sentence for people or the log: that a new store was created.
    """

    def __init__(
        self,
        store: Store,
        memory: Memory,
        series: Collection[Series],
        notify: Callable[[str], None],
    ) -> None:
        self._store, self._memory, self._series, self._notify = store, memory, series, notify
        self._checked: object = self  # no stamp of a store
        self._seen: dict[str, datetime] = {}
        self._kept: dict[str, datetime] = {}
        self._looked: set[str] = set()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - any method of the port
        """Return a method of the store that checks the store first."""
        found = getattr(self._store, name)
        return found if name in UNCHECKED or not callable(found) else self._checking(found)

    def _checking(self, method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)
        def ask(*args: object, **kwargs: object) -> object:
            self._check()
            answer = method(*args, **kwargs)
            if self._checked is None and self._store.stamp() is not None:
                self._notify(f"A new store was created: {named(self._store.place)}.")
                self._checked = self._store.stamp()
            return answer

        return ask

    def newest(self, series: Series, *end: datetime) -> datetime | None:
        """Return the newest slot with every required field, see the port."""
        self._check()
        found = self._store.newest(series, *end)
        self._note([(series, found)])
        return found

    def missing_by_field(self, series: Series, window: Interval) -> dict[str, list[Interval]]:
        """Return the missing runs by required field, see the port."""
        self._check()
        found = self._store.missing_by_field(series, window)
        self._note([(series, last_there(series, window, found))])
        return found

    def newest_each(self, ends: Sequence[SeriesInstant]) -> Each[datetime | None]:
        """Return the newest slots with every required field, see the port."""
        self._check()
        found = self._store.newest_each(ends)
        self._note((one.series, found[one.series.name]) for one in ends)
        return found

    def missing_by_field_each(
        self, windows: Sequence[SeriesWindow]
    ) -> Each[dict[str, list[Interval]]]:
        """Return the missing runs by required field, see the port."""
        self._check()
        found = self._store.missing_by_field_each(windows)
        self._note(
            (series, last_there(series, window, runs))
            for series, window in windows
            if not isinstance(runs := found[series.name], StoreError)
        )
        return found

    def write(
        self,
        series: Series,
        readings: Sequence[Reading],
        batch: str,
        **how: Any,  # noqa: ANN401 - as in the port
    ) -> int:
        """Write readings, see the port."""
        written: int = self._checking(self._store.write)(series, readings, batch, **how)
        self._look_once(series, written)
        return written

    def import_rows(self, series: Series, rows: Sequence[Row]) -> int:
        """Write rows unchanged, see the port."""
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
        """Undo a batch, also after a killed undo of it emptied the store.

        The store may be empty afterwards.
        """
        self.batch_slots(batch)
        undone = self._store.undo(batch, series)
        is_changed = undone.removed or undone.restored
        if is_changed and self._known() and self._is_empty():
            self._memory.forget(self._store.place)
            self._seen, self._kept = {}, {}
        return undone

    def forget(self) -> bool:
        """Forget the readings of the store, so that an empty one can replace it.

        Returns:
            Whether the store was known.

        Raises:
            StoreError: If it exists and has readings, or cannot be read.
        """
        place = self._store.place
        self._seen = {**self._memory.seen(place)}
        if self._known() and self._store.stamp() is not None and not self._is_empty():
            raise StoreError(
                f"The store exists and has readings: {named(place)}. Nothing was forgotten: "
                "use forget-store only for a store that is gone or empty."
            )
        self._seen = {}
        return self._memory.forget(place)

    def close(self) -> None:
        """Close connections, and save the newest slots."""
        self._keep()
        self._store.close()

    def _check(self) -> None:
        """Check that the store still has readings.

        Raises:
            StoreError: If it had some and has none now, or is gone.
        """
        stamp = self._check_place()
        if stamp == self._checked:
            return
        if self._known() and self._is_empty():
            raise StoreError(self._lost(is_gone=False))
        self._checked = stamp

    def _check_place(self) -> object:
        """Return the stamp of the store.

        Raises:
            StoreError: If it had readings and is gone.
        """
        stamp = self._store.stamp()
        if stamp != self._checked:
            self._seen = {**self._memory.seen(self._store.place), **self._seen}
            self._kept = dict(self._seen)
            if stamp is None and self._known():
                raise StoreError(self._lost(is_gone=True))
        return stamp

    def _noted(self, ask: Callable[[], T]) -> T:
        """Return what the store noted of its batches; if that is nothing, check its readings."""
        self._check_place()
        found = ask()
        if not found:
            self._check()
        return found

    def _known(self) -> list[Series]:
        """Return the series of the catalogue that had readings."""
        return [series for series in self._series if subject(series) in self._seen]

    def _is_empty(self) -> bool:
        """Return whether no series has a point that counts, and no removal is unfinished."""
        known, ask = self._known(), self._store
        try:
            if any(ask.newest(series) for series in known[:1]):
                return False
            ends = [SeriesInstant(one, END_OF_TIME) for one in known]
            last = [SeriesInstant(one, one.grid.floor(self._seen[subject(one)])) for one in known]
            return not (
                any_there(ask.newest_each(ends))
                or any_there(ask.ahead_each(last))
                or ask.unfinished()
            )
        except RemovalUnfinished:
            return False

    def _look_once(self, series: Series, written: int) -> None:
        """After the first write of a series without readings, check whether it has some now."""
        name = subject(series)
        if written and name not in self._seen and name not in self._looked:
            self._looked.add(name)
            self._note([(series, self._store.newest(series))])

    def _note(self, found: Iterable[tuple[Series, datetime | StoreError | None]]) -> None:
        """Record that series have readings; the first one of each is saved at once."""
        is_new = False
        for series, slot in found:
            if slot is None or isinstance(slot, StoreError):
                continue
            name = subject(series)
            if slot > self._seen.get(name, slot.min.replace(tzinfo=slot.tzinfo)):
                self._seen[name] = slot
                is_new = is_new or name not in self._kept
        if is_new:
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
            f"The store that had readings until {short(until)} is {what} "
            f"{named(place)}. Restore it, or mount its volume; nothing is written until then. "
            "To start again with an empty store: python -m gapfill forget-store, or delete "
            f"{self._memory.where(place)}."
        )


def named(place: StoreLocation) -> str:
    """Return the kind, the location and the connection of a store."""
    kind = "file " if place.kind == "sqlite" else ""
    return f"{kind}{place.where} (connection gapfill_store)"


def subject(series: Series) -> str:
    """Return the identity of a series in a store: its measurement and tags, not its name."""
    tags = [f"{name}={value}" for name, value in sorted(series.tags.items())]
    return ",".join([series.measurement, *tags])
