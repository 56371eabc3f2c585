"""Ports of the services: the store, its memory, and the sources."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, Protocol

from gapfill.domain.interval import END_OF_TIME
from gapfill.domain.keys import run_of
from gapfill.domain.reading import Replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from gapfill.domain.account_limits import AccountLimits
    from gapfill.domain.candidate import Obstacle, RefusedRun, Unusable
    from gapfill.domain.coverage import Graded
    from gapfill.domain.interval import Interval
    from gapfill.domain.invalid_values import Ahead, Copies, Flaws
    from gapfill.domain.ledger import LedgerEntry, Outcome
    from gapfill.domain.product import Product
    from gapfill.domain.reading import Reading, Row
    from gapfill.domain.series import Series, Station
    from gapfill.domain.unfinished_removal import Unfinished
    from gapfill.sources.model import Answer, Ask


@dataclass(frozen=True, slots=True)
class Block:
    """A block of a source that refused: Gapfill does not call it for a while.

    Attributes:
        source: Catalogue name.
        until: First instant at which it may be called again.
        reason: Text of the refusal, without secrets.
    """

    source: str
    until: datetime
    reason: str


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


class WrongType(NamedTuple):
    """A part of the store that has fields of a series with another type than float.

    Attributes:
        shard: The part, ``[start, end)``, in which a field has one type.
        fields: The fields, each with its type there.
        points: Number of points with the first field, including those of other programs.
    """

    shard: Interval
    fields: Mapping[str, str]
    points: int


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


class StoreLocation(NamedTuple):
    """Location of a store for people, without secrets: its kind, and its file or address."""

    kind: str
    where: str


class Usage(NamedTuple):
    """Use of a source: its calls, and the records that they counted."""

    calls: int = 0
    records: int = 0


@dataclass(frozen=True, slots=True)
class LedgerQuery:
    """The parts of the ledger, limits and quotas to read together.

    Attributes:
        now: The clock: blocks in force, and the usage of the 24 hours before.
        since: Learned facts count from this instant on.
        series: Series whose ledger and refused slots are wanted; empty: neither.
        is_ledger: Whether the ledger of these series is wanted.
        run: Run whose outcomes of ``source`` are wanted; empty: none.
        source: Catalogue name, for the outcomes.
    """

    now: datetime
    since: datetime
    series: tuple[Series, ...] = ()
    is_ledger: bool = True
    run: str = ""
    source: str = ""


class LedgerSnapshot(NamedTuple):
    """The ledger, limits and quotas at one moment.

    Attributes:
        entries: By series name, as ``Store.entries``, without the lines of filled slots: they are
            most of a ledger and exclude nothing. A series without lines is absent.
        blocks: As ``Store.blocks``.
        learned: As ``Store.learned``.
        usage: Calls and records of the last 24 hours, by source; one without calls is absent.
        outcomes: As ``Store.outcomes``.
        refused: By series name, slots that the store refuses.
    """

    entries: Mapping[str, Sequence[LedgerEntry]]
    blocks: Sequence[Block]
    learned: Mapping[str, Mapping[str, float]]
    usage: Mapping[str, Usage]
    outcomes: Sequence[tuple[str, Outcome]]
    refused: Mapping[str, Sequence[RefusedRun]] = MappingProxyType({})


class Store(Protocol):
    """A database of readings, with the ledger, calls, blocks and replaced rows beside them.

    Stored values are checked: a value that is not a finite number within the bounds of its field
    does not count as a reading. Points of one slot are merged field by field (``stores.points``).

    Every method raises ``StoreError`` if the database cannot be read or written; no method returns
    an empty result instead. Instants are aware UTC. Reading floors a point's time to the series'
    grid, so that off-grid points cover their slot.
    """

    @property
    def place(self) -> StoreLocation:
        """Its location."""

    def stamp(self) -> object | None:
        """Return a value that changes if another store replaces this one; ``None`` for no store."""

    def verify(self) -> None:
        """Run a real query and open a real write transaction; raise if one of them fails."""

    def absent(self, series: Series, window: Interval) -> list[Interval]:
        """Return the runs of slots of the window without every required field.

        The database finds them: the size of the answer grows with the runs, not with the history.

        Args:
            series: The series.
            window: ``[start, end)`` of whole slots.

        Returns:
            Maximal, disjoint runs in order, on the grid.
        """

    def missing(self, series: Series, window: Interval) -> dict[str, list[Interval]]:
        """Return the same by required field: the runs of slots of the window without it."""

    def below_target(self, series: Series, window: Interval) -> list[Graded]:
        """Return the runs of slots with a reading below the series' target, by grade."""

    def lacking(  # codespell:ignore lacking
        self, series: Series, field: str, window: Interval
    ) -> list[Interval]:
        """Return the runs of slots that have every required field but not this one.

        A value that a row keeps from a source that does not observe counts as missing.
        """

    def of_source(self, series: Series, sources: Sequence[str], window: Interval) -> list[Interval]:
        """Return the runs of slots that have a point with one of these sources.

        The name must be equal: ``ree`` is not ``ree/8742``. The database finds them, as for
        ``absent``.
        """

    def newest(self, series: Series, end: datetime = END_OF_TIME) -> datetime | None:
        """Return the newest slot before ``end`` with every required field, else ``None``."""

    def flaws(self, series: Series, window: Interval) -> Flaws:
        """Return the stored values of the window that do not count.

        These are not finite, not numbers, or outside the bounds of their field. No other method
        returns them as readings. The database finds them, as for ``absent``.
        """

    def ahead(self, series: Series, start: datetime) -> Ahead | None:
        """Return the points from an instant on, ``None`` for none."""

    def copies(self, series: Series, window: Interval) -> Copies:
        """Return the values of other points that an earlier release copied into Gapfill's own.

        Such a value has an unknown source, is in a point of a batch, and another point of its slot
        has the field. No method counts it. A value that was in the point before Gapfill wrote into
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

    def put(self, series: Series, rows: Sequence[Row]) -> int:
        """Write rows unchanged, with provenance, as ``write`` does (``import``).

        A stored row with a higher grade or with equal values stays. Replaced rows are stored for
        ``undo``.

        Returns:
            How many rows were written.
        """

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

    def books(self, inquiry: LedgerQuery) -> LedgerSnapshot:
        """Return the ledger, limits and quotas in as few requests as possible."""

    def note(self, entries: Sequence[LedgerEntry]) -> None:
        """Add lines to the ledger; lines never change."""

    def entries(self, series: str) -> list[LedgerEntry]:
        """Return the ledger of a series in the order of writing."""

    def answers(self, source: str, since: datetime) -> list[LedgerEntry]:
        """Return the ledger lines of a source that were asked at ``since`` or later.

        Args:
            source: Catalogue name; its products are ``source.…``.
            since: First instant of asking.
        """

    def outcomes(self, run: str, source: str) -> list[tuple[str, Outcome]]:
        """Return ``(batch, outcome)`` of a source's ledger lines in a run, in the order of writing.

        Args:
            run: Id of the run; its batches are ``run/…``.
            source: Catalogue name; its products are ``source.…``.
        """

    def record_call(self, source: str, at: datetime, batch: str, records: int = 0) -> None:
        """Record a call before it is sent, with the records that it will count in a quota."""

    def calls_of(self, run: str) -> int:
        """Count the calls recorded by the batches of a run."""

    def calls_since(self, source: str, since: datetime) -> int:
        """Count the calls recorded at ``since`` or later."""

    def records_since(self, source: str, since: datetime) -> int:
        """Count the records of the calls recorded at ``since`` or later."""

    def learn(self, subject: str, facts: Mapping[str, float], at: datetime) -> None:
        """Store facts of a source; later facts replace earlier ones.

        Args:
            subject: Name of a source, or the key of a product.
            facts: Numbers by name.
            at: Time of learning.
        """

    def learned(self, since: datetime) -> dict[str, dict[str, float]]:
        """Return the facts that were learned at ``since`` or later, by subject and name."""

    def block(self, block: Block) -> None:
        """Store the block of a source until an instant; of several, the latest instant counts."""

    def blocks(self, now: datetime) -> list[Block]:
        """Return the blocks in force."""

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
        """Return the removals that are running, or were killed before they wrote back points."""

    def close(self) -> None:
        """Close connections; the store can be used again afterwards."""


class Memory(Protocol):
    """Remembers, outside of the stores, that they had readings; it survives restarts."""

    def seen(self, place: StoreLocation) -> Mapping[str, datetime]:
        """Return the newest slots seen in a store, by subject (``store_guard.subject``)."""

    def keep(self, place: StoreLocation, newest: Mapping[str, datetime]) -> None:
        """Store the newest slots seen in a store; a failure of the memory is not an error."""

    def forget(self, place: StoreLocation) -> bool:
        """Forget a store, and return whether it was known."""

    def where(self, place: StoreLocation) -> str:
        """Return the file that a person can delete with the same effect."""


class Caller(Protocol):
    """One source, ready for requests."""

    def open(self, ask: Ask | None = None, /) -> AccountLimits | None:
        """Make the calls before the first request, and return the limits of the account.

        Args:
            ask: The request that will follow, for errors.

        Returns:
            ``None`` if the API does not report them.

        Raises:
            SourceError: As ``fetch``.
        """

    def fetch(self, ask: Ask) -> Answer:
        """Send a request to the API and return the answer.

        Raises:
            SourceError: One of its subclasses. It never counts as "no data".
        """


class Sources(Protocol):
    """The sources as they are set up on this machine."""

    def obstacle(self, product: Product) -> Obstacle | None:
        """Return why this set-up cannot ask a product; ``None`` if it can."""

    def account(self, source: str) -> str:
        """Return a short name for the key of a source, if any, that does not reveal the key."""

    def held(self, product: Product, station: Station) -> Sequence[Interval] | None:
        """Return the slots that a product of files has for a station, ``None`` if unknown.

        Raises:
            ConfigError: If the files cannot be read.
        """

    def unusable(self, product: Product, station: Station) -> Sequence[Unusable]:
        """Return the slots for which a product of files has only unusable rows of a station.

        Raises:
            ConfigError: If the files cannot be read.
        """

    def caller(self, source: str, before_call: Callable[[int], None]) -> Caller:
        """Return the source's hook, which calls ``before_call`` before each HTTP request.

        The argument of ``before_call`` is the number of records that the answer will count in the
        source's quota.

        Raises:
            ConfigError: If its connection is wrong.
        """

    def turn(self, source: str) -> AbstractContextManager[object]:
        """Wait for this machine's turn at a source: one caller at a time."""
