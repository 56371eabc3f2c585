"""Makes floats of what a shard holds as another type, so that floats can be written there.

A shard forgets the type of a field only when the measurement has no point left in it, on some
servers only when the measurement is dropped. So all its points are read, with their types;
written over themselves, which proves that each can be written; saved in a file; noted as
floats in the journal, from where any later write puts back what is missing; deleted; and
written as floats. Before anything of others is deleted, the same is rehearsed in the very
shard on a measurement of our own: an integer, refused as a float, deleted, taken as a float.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from gapfill.domain.interval import Interval, iso
from gapfill.domain.series import Series
from gapfill.errors import StoreError
from gapfill.services.ports import WrongType
from gapfill.stores.influxdb.client import InfluxClient
from gapfill.stores.influxdb.errors import NoRemoval, PartialWrite, problem
from gapfill.stores.influxdb.points import from_ns
from gapfill.stores.influxdb.retype.field_types import find_wrong, types_in
from gapfill.stores.influxdb.retype.rehearsal import REHEARSAL, Way, rehearse
from gapfill.stores.influxdb.undo import recovery_journal as journal
from gapfill.stores.influxdb.undo.foreign_points import Found, Kept, kept_of, read_whole, types_of
from gapfill.stores.influxdb.undo.missing_points import missing_of
from gapfill.stores.influxdb.undo.old_points import write
from gapfill.stores.influxdb.undo.other_policies import refuse_beside
from gapfill.stores.influxdb.undo.recovery import recover
from gapfill.stores.influxdb.undo.removal_lock import BRIEFLY_S, WAIT_S, alone
from gapfill.stores.influxdb.undo.removal_turn import Turn
from gapfill.stores.influxdb.undo.write_back import EXACT, as_type, is_whole

_OWNER = "retype"
"""Whose entries in the journal are those of a retype: no batch is named so."""


def retype(
    server: InfluxClient,
    series: Series,
    wrong: Sequence[WrongType],
    save: Callable[[str], None],
    file: str = "",
) -> int:
    """Make floats of fields in shards, and return how many points were rewritten.

    Args:
        server: Where.
        series: Whose fields; the points of others in the measurement are rewritten as well.
        wrong: What to change; shards with a value that no float can hold stay as they are.
        save: Keeps a text for good: called with the points, before anything is deleted.
        file: Where that is, for messages.

    Raises:
        StoreError: If it cannot be done; says whether anything was deleted.
    """
    doing = f"retype of {series.name}"
    with alone(server.access, series.measurement, doing, BRIEFLY_S):
        carry_on(server, series)
        wrong = [one for one in _checked(server, series, wrong) if not one.obstacle]
        whose = journal.Removal(_OWNER, is_retype=True, file=file)
        written = _retype(server, series, wrong, save, whose)
        refused = carry_on(server, series)
    if refused:
        raise _not_carried_on(series, refused)
    return written


def find(server: InfluxClient, series: Series, names: Sequence[str]) -> list[WrongType]:
    """Return the shards that hold fields as another type, once earlier removals are carried on.

    Values that no float can hold are named.

    Raises:
        StoreError: If another removal of the measurement is not finished: its points are read as
            one type and written back later, so no type may change; or if points that an earlier
            one took are refused, and no field is of another type.
    """
    refused = carry_on(server, series)
    Turn(server, series.measurement)
    found = find_wrong(server, series, names)
    if refused and not found:
        raise _not_carried_on(series, refused)
    return _checked(server, series, found)


def _retype(
    server: InfluxClient,
    series: Series,
    wrong: Sequence[WrongType],
    save: Callable[[str], None],
    whose: journal.Removal,
) -> int:
    written, ends = 0, set[str]()
    left = list(wrong)
    while left:
        with alone(server.access, REHEARSAL, "rehearsal of a retype", WAIT_S):
            way = rehearse(server, series, left[0].shard)
        done = [one for one in left if one.shard in way.shards]
        turn = Turn(server, series.measurement)
        points = _typed(server, series.measurement, way.shards)
        beside = _typed(server, series.measurement, way.beside)
        _prove(server, series, [*points, *beside])
        lines = [one.line(series.measurement) for one in [*points, *beside]]
        new = [line for line in lines if line not in ends]
        save("".join(f"{line}\n" for line in new))
        ends.update(lines[len(points) :])  # the first of the next shard, which may be changed too
        floats = [_as_floats(one, done) for one in points] + beside
        _replace(server, series, way, journal.keep(server, series, whose, floats), floats, turn)
        written += len(new)
        left = [one for one in left if one not in done]
    return written


def carry_on(server: InfluxClient, series: Series) -> list[str]:
    """Put back what an earlier one that was killed has removed, and return what was refused."""
    return recover(server, retyped=[series.measurement])


def _not_carried_on(series: Series, refused: Sequence[str]) -> StoreError:
    """Return the error where points that an earlier removal took are refused now."""
    return StoreError(
        f"Points of {series.measurement} that an earlier removal took are refused by the server "
        f"and cannot be written back; `status` says what to do. {' '.join(refused)}"
    )


def _prove(server: InfluxClient, series: Series, points: Sequence[Kept]) -> None:
    """Write points over themselves, which shows that each can be written."""
    try:
        write(server, series.measurement, points)
    except PartialWrite as exc:
        message = (
            f"Some points of {series.measurement} could not be written over themselves, so "
            f"nothing was deleted. {exc}"
        )
        raise StoreError(message) from exc


def _replace(
    server: InfluxClient,
    series: Series,
    way: Way,
    numbers: Sequence[int],
    floats: Sequence[Kept],
    turn: Turn,
) -> None:
    """Remove the points of shards, and write these in their place."""
    measurement = series.measurement
    turn.check(numbers)
    try:
        refuse_beside(server, measurement)
    except NoRemoval:
        journal.clear(server, numbers)
        raise
    way.remove(measurement)
    try:
        is_mine = turn.finish(numbers, floats, journal.own_of(series))
    except PartialWrite as exc:
        message = (
            f"Points of {measurement} were deleted, and some could not be written as floats: "
            "another program may have written meanwhile. They are in the file and in "
            f"{journal.JOURNAL}: stop the other program, and run it again. {exc}"
        )
        raise StoreError(message) from exc
    missing = missing_of(server, measurement, floats)
    if missing:
        what = f"{len(missing)} points of {measurement} cannot be read back after they were written"
        raise problem(server.access, what, "they are in the file: retype --restore FILE")
    turn.end(numbers)
    if not is_mine:
        message = (
            f"Another process has carried on this retype of {series.name}. All points are written "
            "back and were read back. Run it again, to see what is still to do."
        )
        raise StoreError(message)


def _typed(server: InfluxClient, measurement: str, shards: Sequence[Interval]) -> list[Kept]:
    """Return the points of a measurement in shards, each field with the type that it has."""
    kinds = types_of(server, measurement)
    points: list[Kept] = []
    for shard in shards:
        found = read_whole(server, measurement, {}, [shard])
        held = {
            name: set(of) if len(of) == 1 else types_in(server, measurement, name, shard)
            for name, of in kinds.items()
        }
        points += [_kept(one, held) for one in found]
    return points


def _kept(one: Found, held: Mapping[str, set[str]]) -> Kept:
    kinds: dict[str, str] = {}
    for name, said in one.fields.items():
        fitting = [kind for kind in said if kind in held[name]]
        if len(fitting) != 1:
            message = (
                f"The type of {name} at {from_ns(one.instant)} is not certain, so nothing was "
                "deleted; see docs/how_to/influxdb.md, Refused points."
            )
            raise StoreError(message)
        kinds[name] = fitting[0]
    return kept_of(one, kinds)


def _checked(server: InfluxClient, series: Series, wrong: Sequence[WrongType]) -> list[WrongType]:
    """Separate the fields of each shard that have a value that no float can hold, and name it."""
    checked: list[WrongType] = []
    for one in wrong:
        points = _typed(server, series.measurement, [one.shard])
        first = _obstacles(points, one.fields)
        parts = [([name for name in one.fields if name not in first], "")]
        parts += [([name], said) for name, said in first.items()]
        for names, said in parts:
            if names:
                fields = {name: one.fields[name] for name in names}
                number = sum(names[0] in point.fields for point in points)
                checked.append(WrongType(one.shard, fields, number, said))
    return checked


def _obstacles(points: Sequence[Kept], fields: Mapping[str, str]) -> dict[str, str]:
    """Return the first value of each field that is not a number, or another one as a float."""
    found: dict[str, str] = {}
    for point in points:
        for name in sorted((fields.keys() & point.fields.keys()) - found.keys()):
            said = point.fields[name].rpartition("=")[2]
            is_exact = is_whole(said) and abs(int(said[:-1])) <= EXACT
            if not is_exact and not _is_number(said):
                found[name] = f"{name} is {said} at {iso(from_ns(point.instant))}"
    return found


def _as_floats(point: Kept, wrong: Sequence[WrongType]) -> Kept:
    """Return a point with the fields of its shard as floats, where they are whole numbers."""
    instant = from_ns(point.instant)
    for name in {name for one in wrong if instant in one.shard for name in one.fields}:
        if is_whole(point.fields.get(name, "")):
            point = as_type(point, name, "float")
    return point


def _is_number(said: str) -> bool:
    try:
        float(said)
    except ValueError:
        return False
    return True
