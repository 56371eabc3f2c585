"""What the services need from the world: a store, sources, and a say on whether they are set up."""

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
    """A source that refused and may not be called for a while.

    Attributes:
        source: Catalogue name.
        until: First instant at which it may be called again.
        reason: What the refusal said, without secrets.
    """

    source: str
    until: datetime
    reason: str


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


class StoreLocation(NamedTuple):
    """Where a store is, for people and without secrets: its kind, and its file or address."""

    kind: str
    where: str


class Usage(NamedTuple):
    """What was used of a source: its calls, and the records that they counted."""

    calls: int = 0
    records: int = 0


@dataclass(frozen=True, slots=True)
class LedgerQuery:
    """What of the books is read together.

    Attributes:
        now: The clock: blocks in force, and the usage of the 24 hours before.
        since: From when on what was learned counts.
        series: Whose ledger and refused slots, of all of them at once; empty: neither.
        is_ledger: Whether the ledger of these series is wanted.
        run: Whose outcomes, of ``source``; empty: none.
        source: Catalogue name, for the outcomes.
    """

    now: datetime
    since: datetime
    series: tuple[Series, ...] = ()
    is_ledger: bool = True
    run: str = ""
    source: str = ""


class LedgerSnapshot(NamedTuple):
    """What the books say at one moment.

    Attributes:
        entries: By series name, as ``Store.entries``, without the lines of what was filled:
            they are most of a ledger and rule nothing out. A series without lines is absent.
        blocks: As ``Store.blocks``.
        learned: As ``Store.learned``.
        usage: Calls and records of the last 24 hours, by source; one without calls is absent.
        outcomes: As ``Store.outcomes``.
        refused: By series name, what the store has refused, or would refuse, and still does.
    """

    entries: Mapping[str, Sequence[LedgerEntry]]
    blocks: Sequence[Block]
    learned: Mapping[str, Mapping[str, float]]
    usage: Mapping[str, Usage]
    outcomes: Sequence[tuple[str, Outcome]]
    refused: Mapping[str, Sequence[RefusedRun]] = MappingProxyType({})


class Store(Protocol):
    """A database of readings, with the ledger, calls, blocks and replaced rows beside them.

    What is stored is judged: a value that is not a finite number within the bounds of its
    field is no reading. Points of one slot are merged field by field (``stores.points``).

    Every method raises ``StoreError`` when the database cannot be read or written; none
    of them ever answers "empty" instead. Instants are aware UTC; a slot is floored to
    the series' grid on reading, so that off-grid points cover their slot.
    """

    @property
    def place(self) -> StoreLocation:
        """Where it is."""

    def stamp(self) -> object | None:
        """Return what changes when another store comes to this place; ``None`` for no store."""

    def verify(self) -> None:
        """Run a real query and open a real write transaction; raise where either fails."""

    def absent(self, series: Series, window: Interval) -> list[Interval]:
        """Return the runs of slots of the window without every required field.

        Found inside the database: what crosses the wire grows with the runs, not with
        the history.

        Args:
            series: Whose slots.
            window: ``[start, end)`` of whole slots.

        Returns:
            Maximal, disjoint runs in order, on the grid.
        """

    def missing(self, series: Series, window: Interval) -> dict[str, list[Interval]]:
        """Return the same by required field: the runs of slots of the window without it."""

    def below_target(self, series: Series, window: Interval) -> list[Graded]:
        """Return the runs of slots that hold a reading below the series' target, by grade."""

    def lacking(self, series: Series, field: str, window: Interval) -> list[Interval]:
        """Return the runs of slots that hold every required field and lack this one.

        A value that a row keeps from a source that does not observe is missing, too.
        """

    def of_source(self, series: Series, sources: Sequence[str], window: Interval) -> list[Interval]:
        """Return the runs of slots that have a point with one of these sources.

        The name must be the same to the letter: ``ree`` is not ``ree/8742``. Found inside
        the database, as ``absent``.
        """

    def newest(self, series: Series, end: datetime = END_OF_TIME) -> datetime | None:
        """Return the newest slot before ``end`` that holds every required field, else ``None``."""

    def flaws(self, series: Series, window: Interval) -> Flaws:
        """Return the stored values of the window that do not count.

        That is what is not finite, not a number, or outside the bounds of its field: no other
        method takes it for a reading. Found inside the database, as ``absent``.
        """

    def ahead(self, series: Series, start: datetime) -> Ahead | None:
        """Return the points from an instant on, ``None`` for none."""

    def copies(self, series: Series, window: Interval) -> Copies:
        """Return the values of other points that an earlier release copied into ours.

        Such a value is of unknown source, in a point of a batch, and another point of its slot
        has the field. No method counts it. What stood in the point before Gapfill wrote into
        it is no copy.
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

    def put(self, series: Series, rows: Sequence[Row]) -> int:
        """Write rows as they are, provenance included, as ``write`` does (``import``).

        A row of a higher grade stays, and one that says the same. What is replaced is
        kept for ``undo``.

        Returns:
            How many rows were written.
        """

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

    def books(self, inquiry: LedgerQuery) -> LedgerSnapshot:
        """Return what the books say, in as few requests as can be."""

    def note(self, entries: Sequence[LedgerEntry]) -> None:
        """Add lines to the ledger; they are never changed."""

    def entries(self, series: str) -> list[LedgerEntry]:
        """Return the ledger of a series in the order it was written."""

    def answers(self, source: str, since: datetime) -> list[LedgerEntry]:
        """Return the ledger lines of a source that were asked at ``since`` or later.

        Args:
            source: Catalogue name; its products are ``source.…``.
            since: First instant of asking.
        """

    def outcomes(self, run: str, source: str) -> list[tuple[str, Outcome]]:
        """Return ``(batch, outcome)`` of a source's ledger lines in a run, in the order written.

        Args:
            run: Id of the run; its batches are ``run/…``.
            source: Catalogue name; its products are ``source.…``.
        """

    def record_call(self, source: str, at: datetime, batch: str, records: int = 0) -> None:
        """Note that a call is about to be sent, and the records it will count in a quota."""

    def calls_of(self, run: str) -> int:
        """Count the calls recorded by the batches of a run."""

    def calls_since(self, source: str, since: datetime) -> int:
        """Count the calls recorded at ``since`` or later."""

    def records_since(self, source: str, since: datetime) -> int:
        """Count the records of the calls recorded at ``since`` or later."""

    def learn(self, subject: str, facts: Mapping[str, float], at: datetime) -> None:
        """Note what a source has said of itself; a later saying replaces an earlier one.

        Args:
            subject: Name of a source, or the key of a product.
            facts: Numbers by name.
            at: When it was learned.
        """

    def learned(self, since: datetime) -> dict[str, dict[str, float]]:
        """Return what was learned at ``since`` or later, by subject and name."""

    def block(self, block: Block) -> None:
        """Note that a source may not be called until an instant; the later one stands."""

    def blocks(self, now: datetime) -> list[Block]:
        """Return the blocks in force."""

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
        """Return the removals that are running, or were killed before they wrote back points."""

    def close(self) -> None:
        """Give back connections; the store may be used again afterwards."""


class Memory(Protocol):
    """What was seen in stores, kept outside of them, over restarts of every process."""

    def seen(self, place: StoreLocation) -> Mapping[str, datetime]:
        """Return the newest slots that were seen in a store, by subject (``guard.subject``)."""

    def keep(self, place: StoreLocation, newest: Mapping[str, datetime]) -> None:
        """Remember what was seen in a store; a memory that cannot is no error."""

    def forget(self, place: StoreLocation) -> bool:
        """Forget a store, and return whether anything was known of it."""

    def where(self, place: StoreLocation) -> str:
        """Return the file that a person may delete to the same end."""


class Caller(Protocol):
    """One source, ready to be asked."""

    def open(self, ask: Ask | None = None, /) -> AccountLimits | None:
        """Make what calls come before the first request, and return what the account allows.

        Args:
            ask: What will be asked, for the errors.

        Returns:
            ``None`` where the API does not tell.

        Raises:
            SourceError: As ``fetch``.
        """

    def fetch(self, ask: Ask) -> Answer:
        """Ask the API and return what it said.

        Raises:
            SourceError: One of its leaves; no verdict follows from it.
        """


class Sources(Protocol):
    """The sources as they are set up on this machine."""

    def obstacle(self, product: Product) -> Obstacle | None:
        """Return why a product cannot be asked as it is set up; ``None`` where it can."""

    def account(self, source: str) -> str:
        """Return a short name for the key of a source, if any, which does not reveal it."""

    def held(self, product: Product, station: Station) -> Sequence[Interval] | None:
        """Return what a product of files has of a station, ``None`` where that is not known.

        Raises:
            ConfigError: If the files cannot be read.
        """

    def unusable(self, product: Product, station: Station) -> Sequence[Unusable]:
        """Return what a product of files has of a station and cannot be used.

        Raises:
            ConfigError: If the files cannot be read.
        """

    def caller(self, source: str, before_call: Callable[[int], None]) -> Caller:
        """Return the source's hook, which runs ``before_call`` before each HTTP request.

        It is told how many records the answer will count in the source's quota.

        Raises:
            ConfigError: If its connection is wrong.
        """

    def turn(self, source: str) -> AbstractContextManager[object]:
        """Wait for this machine's turn at a source: one caller at a time."""
