"""Points taken out of InfluxDB: the one thing that writing over them cannot do.

``/api/v2/delete`` takes every point that has the series' tags, and whatever more, with
all of its fields. So only the very instants of the series' own points are deleted, never
a stretch that contains a point of others, however many deletions that takes. What
others have at the same instants is read first, proved to be writable, noted in the
journal (``influxdb.undo.recovery_journal``), and written back after.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from gapfill.domain.interval import Interval
from gapfill.domain.series import Series
from gapfill.errors import StoreError
from gapfill.stores.influxdb import line_protocol
from gapfill.stores.influxdb.client import InfluxClient
from gapfill.stores.influxdb.errors import NoRemoval, PartialWrite
from gapfill.stores.influxdb.line_protocol import to_ns
from gapfill.stores.influxdb.names import PROVENANCE
from gapfill.stores.influxdb.points import NEAR, joined
from gapfill.stores.influxdb.undo import recovery_journal as journal
from gapfill.stores.influxdb.undo.foreign_points import Found, Kept, read_whole, settle
from gapfill.stores.influxdb.undo.missing_points import MOMENT
from gapfill.stores.influxdb.undo.other_policies import between, refuse_beside
from gapfill.stores.influxdb.undo.removal_lock import WAIT_S, alone
from gapfill.stores.influxdb.undo.removal_turn import Turn
from gapfill.stores.influxdb.undo.write_back import write_back
from gapfill.stores.points import format_tags

if TYPE_CHECKING:
    Run = tuple[int, int]
    """The first and the last instant of what is deleted at once."""

SLOTS, SPAN = 5_000, timedelta(days=60)
"""So much is looked at at once: of five-minute points 17,000."""

DELETIONS = 100
"""Between noting and emptying an entry of the journal, which others leave alone so long.

A deletion walks through all shards: half a second for ten years, on 1.6 and on 2.8.
"""


def replace_points(
    server: InfluxClient,
    series: Series,
    slots: Collection[datetime],
    back: Mapping[datetime, str],
    whose: journal.Removal,
) -> None:
    """Remove the series' own points at slots, and write lines in their place.

    Fields of others in the same points, and points of others at the same instants, stay
    as they are.

    Args:
        server: Where.
        series: Whose points.
        slots: When; not empty.
        back: Lines by slot, with times in seconds.
        whose: The batch whose removal this is.

    Raises:
        NoRemoval: If the server removes no points, or not those of the bucket alone; nothing is
            changed.
        StoreError: If it failed; what it has removed and not written back is in the journal.
    """
    own = {to_ns(slot): _own(series, line) for slot, line in back.items()}
    doing = f"removal of the batch {whose.batch}" if whose.batch else "removal"
    with alone(server.access, series.measurement, doing, WAIT_S):
        for part in _parts(sorted(slots)):
            _replace_part(server, series, part, own, whose)


def _replace_part(
    server: InfluxClient,
    series: Series,
    part: Sequence[datetime],
    own: Mapping[int, Kept],
    whose: journal.Removal,
) -> None:
    span = Interval(part[0], part[-1] + 2 * MOMENT)
    turn = Turn(server, series.measurement, span, whose.batch)
    windows = list(joined(Interval(slot, slot + MOMENT) for slot in part))
    found = read_whole(server, series.measurement, series.tags, windows)
    at = {to_ns(slot) for slot in part}
    runs = list(_runs(sorted({one.instant for one in found} | at), at))
    for first in range(0, len(runs), DELETIONS):
        some = runs[first : first + DELETIONS]
        refuse_beside(server, series.measurement, series.tags, between(some))
        stays = list(_others(series, found, at, some))
        others = settle(server, series.measurement, stays) if stays else []
        lines = [own[n] for n in sorted(at & own.keys()) if _is_in(some, n)]
        _replace(server, series, whose, some, [*lines, *others], turn)


def _replace(
    server: InfluxClient,
    series: Series,
    whose: journal.Removal,
    runs: Sequence[Run],
    kept: Sequence[Kept],
    turn: Turn,
) -> None:
    def goes(point: Kept) -> bool:
        return point.tags.items() >= series.tags.items() and _is_in(runs, point.instant)

    numbers = journal.keep(server, series, whose, kept, (runs[0][0], runs[-1][1]))
    before = turn.forget(goes, kept)
    try:  # after that: a process that writes back what was read before is seen here
        turn.check(numbers)
    except StoreError:
        journal.revise(server, before)
        raise
    done = 0
    try:
        for first, last in runs:
            if done and not turn.holds(numbers):
                break
            server.delete(series.measurement, series.tags, first, last)
            done += 1
    except NoRemoval:
        journal.clear(server, numbers)
        journal.revise(server, before)
        raise
    _put_back(server, series, kept, numbers, turn)
    if done < len(runs):
        raise turn.taken(f"has ended after {done} of {len(runs)} deletions")
    turn.end(numbers)


def _put_back(
    server: InfluxClient,
    series: Series,
    kept: Sequence[Kept],
    numbers: Sequence[int],
    turn: Turn,
) -> None:
    """Write back what is to stay, as another type where a field got one in the meantime."""
    own = journal.own_of(series)
    try:
        try:
            turn.finish(numbers, kept, own)
        except PartialWrite:
            write_back(server, series.measurement, kept, own)
    except PartialWrite as exc:
        journal.refuse(server, numbers, exc, own)
        message = (
            f"Some points of {series.measurement} that were removed were refused when they were "
            f"to be written back, though shortly before they were not. They are in "
            f"{journal.JOURNAL} of the bucket; `status` says what to do. {exc}"
        )
        raise StoreError(message) from exc


def _own(series: Series, line: str) -> Kept:
    """Return a line of the series' own point, with its time in seconds, as it is kept."""
    said, _, second = line.rpartition(" ")
    fields = said.removeprefix(line_protocol.head(series.measurement, series.tags) + " ")
    return Kept(dict(series.tags), int(second) * 1_000_000_000, {"": fields})


def _parts(slots: Sequence[datetime]) -> Iterator[list[datetime]]:
    """Yield sorted slots in parts that are looked at at once."""
    part: list[datetime] = []
    for slot in slots:
        if part and (len(part) == SLOTS or slot - part[0] > SPAN):
            yield part
            part = []
        part.append(slot)
    yield part


def _others(
    series: Series, found: Sequence[Found], at: Collection[int], runs: Sequence[Run]
) -> Iterator[Found]:
    """Yield what goes with the runs and is to stay: all but our own fields at our instants."""
    own = format_tags(series.tags)
    ours = {*(f.name for f in series.fields), *PROVENANCE}
    near = {n for n in (one.instant for one in found) if _is_in(runs, n)}
    for one in found:
        goes = ours if one.instant in at and format_tags(one.tags) == own else ()
        fields = {name: said for name, said in one.fields.items() if name not in goes}
        if fields and one.instant in near:
            yield one._replace(fields=fields)


def _is_in(runs: Sequence[Run], number: int) -> bool:
    """Return whether an instant goes with some runs, one after whose end may go as well."""
    return any(first <= number <= last + 1 for first, last in runs)


def _runs(present: Sequence[int], at: Collection[int]) -> Iterator[Run]:
    """Yield ``[first, last]`` of instants to delete at once: nothing else lies between them.

    What lies between instants that are not near has not been read.
    """
    reach = NEAR // MOMENT * 1000
    run: Run | None = None
    for number in present:
        if run and (number not in at or number - run[1] > reach):
            yield run
            run = None
        if number in at:
            run = (run[0] if run else number, number)
    if run:
        yield run
