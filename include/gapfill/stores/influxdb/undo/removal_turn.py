"""Keeps removals of one measurement apart, also those of processes on different machines.

While one process has deleted points and not yet written them back, a second process reads only a
part of the points. If it deletes and writes that part back, the others are lost. The server has no
locks. But if two processes each note an entry in the journal and then read the journal, at least
one of them sees the other. So a removal reads the journal before it reads points, notes its entry,
and reads the journal again right before it deletes. It deletes nothing if

- another entry is open, or was noted since the first look;
- another process has recovered its own entry;
- another process is writing back points of an entry of this measurement.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple

from gapfill.domain.interval import Interval
from gapfill.domain.unfinished_removal import Unfinished
from gapfill.errors import StoreError
from gapfill.stores.influxdb import influxql
from gapfill.stores.influxdb.client import InfluxClient
from gapfill.stores.influxdb.undo import recovery_journal as journal
from gapfill.stores.influxdb.undo.foreign_points import Kept
from gapfill.stores.influxdb.undo.missing_points import MOMENT, key_of
from gapfill.stores.influxdb.undo.old_points import write
from gapfill.stores.influxdb.undo.removal_lock import machine
from gapfill.stores.influxdb.undo.removal_watch import read_about
from gapfill.stores.influxdb.undo.write_back import write_back

LOOKS_BACK = 7 * 86_400 * 10**9
"""Age up to which entries are read, in nanoseconds: clocks of machines differ by less."""


_EMPTY_NS = journal.PATIENCE // MOMENT * 1000
"""How long an entry without points counts as open, in nanoseconds: its process may be killed."""

Entries = dict[int, dict[str, Any]]
"""Entries of the journal by number."""


class _Seen(NamedTuple):
    """An entry in the journal.

    Attributes:
        step: Its step, as in ``influxdb.undo.recovery_journal``.
        about: Its text for people; ``None`` if an earlier release has emptied it.
        is_open: Whether points of it may be missing, or are about to be written.
    """

    step: str
    about: Unfinished | None
    is_open: bool


class Turn:
    """A removal's turn at the points of a measurement.

    Args:
        server: The server.
        measurement: The measurement of the points.
        span: The time range of the removal; ``None`` for all times.
        batch: The batch of an undo; it does not wait for a killed undo of the same batch.

    Raises:
        StoreError: If another removal of these points is not finished.
    """

    def __init__(
        self,
        server: InfluxClient,
        measurement: str,
        span: Interval | None = None,
        batch: str = "",
    ) -> None:
        self._server = server
        self._measurement = measurement
        self._span = span
        self._batch = batch
        self._own: set[int] = set()
        seen = self._look()
        self._refuse({n: one for n, one in seen.items() if one.is_open})
        self._known = seen.keys()
        self._has_others = any(one.step in (journal.TAKEN, journal.BACK) for one in seen.values())

    def check(self, numbers: Sequence[int]) -> None:
        """Raise if these entries do not allow a deletion now.

        Args:
            numbers: Entries of this removal, with all points that it has read.

        Raises:
            StoreError: If another removal was noted since this one began to read, or has recovered
                an entry of this one. Nothing is deleted then.
        """
        self._own.update(numbers)
        seen = self._look()
        if self._is_taken(seen, numbers):
            raise self.taken("has deleted nothing")
        new = {n: one for n, one in seen.items() if n not in self._own}
        try:
            self._refuse(
                {n: one for n, one in new.items() if one.is_open}
                or {n: one for n, one in new.items() if n not in self._known}
            )
        except StoreError:
            journal.clear(self._server, numbers)
            raise

    def finish(self, numbers: Sequence[int], points: Sequence[Kept], own: Collection[str]) -> bool:
        """Write points back after the deletion, and return whether no other process did this.

        Args:
            numbers: Their entries.
            points: The points.
            own: As in ``missing_of``, if only missing points are written.

        Raises:
            PartialWrite: If some are refused.
        """
        is_mine = self.holds(numbers)
        if is_mine:
            write(self._server, self._measurement, points)
        else:  # others may have written there since, and changed types
            write_back(self._server, self._measurement, points, own)
        return is_mine

    def holds(self, numbers: Collection[int]) -> bool:
        """Return whether no other process has recovered these entries."""
        return not self._is_taken(self._look(), numbers)

    def end(self, numbers: Sequence[int]) -> None:
        """Empty entries whose points are all written back, unless another process recovered them.

        That process may have read while points were missing.
        """
        if numbers and self.holds(numbers):
            journal.clear(self._server, numbers)

    def taken(self, what: str) -> StoreError:
        """Return the error of a removal whose entry another process has recovered."""
        return StoreError(
            f"Another process has carried on this removal of points of {self._measurement}, so "
            f"this one {what}. Run it again."
        )

    def forget(self, goes: Callable[[Kept], bool], kept: Sequence[Kept]) -> Entries:
        """Take points that are removed now out of entries that other processes have recovered.

        Otherwise they would be written back.

        Args:
            goes: Whether a point is removed.
            kept: The points that are written in their place.

        Returns:
            The entries as they were, for ``journal.revise`` if nothing is removed.
        """
        if not self._has_others:
            return {}
        by_key: dict[str, list[Kept]] = {}
        for one in kept:
            by_key.setdefault(key_of(one), []).append(one)
        (tables,) = self._server.ask([journal.QUESTION], "ns")
        changed: Entries = {}
        before: Entries = {}
        for number, said, state in [row for table in tables for row in table.rows]:
            entry = json.loads(said)
            if entry["measurement"] != self._measurement or state in (None, journal.OPEN):
                continue
            points = [Kept(*point) for point in entry["points"]]
            gone = {key_of(one) for one in points if goes(one)}
            rest = [one for one in points if key_of(one) not in gone]
            rest += [one for key in sorted(gone) for one in by_key.get(key, ())]
            if rest != points:
                changed[number], before[number] = {**entry, "points": rest}, entry
        journal.revise(self._server, changed)
        return before

    def _look(self) -> dict[int, _Seen]:
        since = max(journal.SINCE, time.time_ns() - LOOKS_BACK)
        what = '"about", "state", "refused"'
        statement = influxql.select(what, journal.JOURNAL, f"time >= {since}")
        (tables,) = self._server.ask([statement], "ns")
        found: dict[int, _Seen] = {}
        for number, said, state, refused in [row for table in tables for row in table.rows]:
            about = read_about(said) if said else None
            if number in self._own or about is None or self._is_near(about):
                step, _, at = (state or journal.DONE).partition(" ")
                # What the server refuses stays so, and bars no process.
                is_refused = int((refused or "").partition(" ")[0] or 0) > int(at or 0)
                is_open = step == journal.OPEN or (step == journal.TAKEN and not is_refused)
                if about and about.is_empty:  # no process carries it on
                    is_own = bool(self._batch) and about.batch == self._batch
                    is_killed = is_own or about.machine == machine()  # which held the lock
                    is_open = is_open and not is_killed and time.time_ns() - number < _EMPTY_NS
                found[number] = _Seen(step, about, is_open)
        return found

    def _is_near(self, about: Unfinished) -> bool:
        if about.measurement != self._measurement:
            return False
        if self._span is None or about.is_retype:
            return True
        return about.first < self._span.end and self._span.start <= about.last + MOMENT

    def _is_taken(self, seen: dict[int, _Seen], numbers: Collection[int]) -> bool:
        return any(n not in seen or seen[n].step != journal.OPEN for n in numbers)

    def _refuse(self, others: dict[int, _Seen]) -> None:
        for one in others.values():
            if one.about and one.is_open:
                raise StoreError(f"Nothing was deleted. {one.about.sentence}")
            if one.about:
                raise StoreError(
                    f"Another process has removed points of {self._measurement} and written them "
                    "back while this one was reading them. Nothing was deleted: run it again."
                )
