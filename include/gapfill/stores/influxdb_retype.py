"""Makes floats of what a shard holds as another type, so that floats can be written there.

A shard forgets the type of a field only when the measurement has no point left in it, on some
servers only when the measurement is dropped. So all its points are read, with their types;
written over themselves, which proves that each can be written; saved in a file; noted as
floats in the journal, from where any later write puts back what is missing; deleted; and
written as floats. Before anything of others is deleted, the same is rehearsed in the very
shard on a measurement of our own: an integer, refused as a float, deleted, taken as a float.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gapfill.errors import StoreError
from gapfill.stores import influxdb_journal as journal
from gapfill.stores import influxdb_text as text
from gapfill.stores.influxdb_errors import PartialWrite, problem
from gapfill.stores.influxdb_lines import parse
from gapfill.stores.influxdb_others import Kept, kept_of, read_whole, types_of
from gapfill.stores.influxdb_points import from_ns
from gapfill.stores.influxdb_rehearsal import rehearse
from gapfill.stores.influxdb_types import types_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gapfill.domain.interval import Interval
    from gapfill.domain.series import Series
    from gapfill.services.ports import WrongType
    from gapfill.stores.influxdb_others import Found
    from gapfill.stores.influxdb_rehearsal import Way
    from gapfill.stores.influxdb_server import Server

EXACT = 2**53
"""Up to here every whole number is a float of the same value."""

_NUMBERS = ("integer", "unsigned")


def retype(
    server: Server, series: Series, wrong: Sequence[WrongType], save: Callable[[str], None]
) -> int:
    """Make floats of fields in shards, and return how many points were written anew.

    Args:
        server: Where.
        series: Whose fields; the points of others in the measurement are written anew as well.
        wrong: What to change.
        save: Keeps a text for good: called with the points, before anything is deleted.

    Raises:
        StoreError: If it cannot be done; says whether anything was deleted.
    """
    carry_on(server, series)
    for one in wrong:
        _check(series, _typed(server, series.measurement, [one.shard]), set(one.fields))
    written = 0
    left = list(wrong)
    while left:
        way = rehearse(server, series, left[0].shard)
        done = [one for one in left if one.shard in way.shards]
        fields = {name for one in done for name in one.fields}
        written += _retype(server, series, way, fields, save)
        left = [one for one in left if one not in done]
    return written


def carry_on(server: Server, series: Series) -> None:
    """Put back what an earlier one that was killed has removed."""
    journal.mend(server, _owner(series))


def restore(server: Server, said: str) -> tuple[int, int]:
    """Write what is missing of the points of a file; what stands there is left alone.

    Where the shard holds floats by now, whole numbers are written as floats.

    Returns:
        How many points the file has, and how many of them were written.
    """
    by_measurement: dict[str, list[Kept]] = {}
    for measurement, point in parse(said):
        by_measurement.setdefault(measurement, []).append(point)
    written = 0
    for measurement, points in by_measurement.items():
        missing = journal.lacking(server, measurement, points)
        written += len(missing)
        while missing:
            try:
                server.write([one.line(measurement) for one in missing], "ns")
            except PartialWrite as exc:
                if exc.field is None:
                    raise
                name = exc.field
                missing = journal.lacking(server, measurement, missing)
                if not any(_is_whole(one.fields.get(name, "")) for one in missing):
                    raise
                missing = [_as_float(one, {name}) for one in missing]
            else:
                missing = []
    return sum(map(len, by_measurement.values())), written


def _retype(
    server: Server, series: Series, way: Way, fields: set[str], save: Callable[[str], None]
) -> int:
    measurement = series.measurement
    points = _typed(server, measurement, way.shards)
    floats = [_as_float(one, fields) for one in points]
    beside = _typed(server, measurement, way.beside)
    points, floats = [*points, *beside], [*floats, *beside]
    lines = [one.line(measurement) for one in points]
    try:
        server.write(lines, "ns")
    except PartialWrite as exc:
        message = (
            f"Some points of {measurement} could not be written over themselves, so nothing was "
            f"deleted. {exc}"
        )
        raise StoreError(message) from exc
    save("".join(f"{line}\n" for line in lines))
    numbers = journal.keep(server, series, _owner(series), floats)
    way.remove(measurement)
    try:
        server.write([one.line(measurement) for one in floats], "ns")
    except PartialWrite as exc:
        message = (
            f"Points of {measurement} were deleted, and some could not be written as floats: "
            "another program may have written meanwhile. They are in the file and in "
            f"{journal.JOURNAL}: stop the other program, and run it again. {exc}"
        )
        raise StoreError(message) from exc
    missing = journal.lacking(server, measurement, floats)
    if missing:
        what = f"{len(missing)} points of {measurement} cannot be read back after they were written"
        raise problem(server.access, what, "they are in the file: retype --restore FILE")
    journal.clear(server, numbers)
    return len(points)


def _typed(server: Server, measurement: str, shards: Sequence[Interval]) -> list[Kept]:
    """Return the points of a measurement in shards, each field with the type that it has."""
    kinds = types_of(server, measurement)
    points: list[Kept] = []
    for shard in shards:
        found = read_whole(server, measurement, {}, [shard])
        held = {name: _kinds_in(server, measurement, name, kinds[name], shard) for name in kinds}
        points += [_kept(one, held) for one in found]
    return points


def _kinds_in(
    server: Server, measurement: str, name: str, kinds: Sequence[str], shard: Interval
) -> set[str]:
    return set(kinds) if len(kinds) == 1 else types_in(server, measurement, name, kinds, shard)


def _kept(one: Found, held: Mapping[str, set[str]]) -> Kept:
    kinds: dict[str, str] = {}
    for name, said in one.fields.items():
        fitting = [kind for kind in said if kind in held[name]]
        if len(fitting) != 1:
            message = (
                f"The type of {name} at {from_ns(one.instant)} cannot be told, so nothing was "
                "deleted; see docs/influxdb.md, Refused points."
            )
            raise StoreError(message)
        kinds[name] = fitting[0]
    return kept_of(one, kinds)


def _check(series: Series, points: Sequence[Kept], fields: set[str]) -> None:
    """Refuse what is not a number, or would be another number as a float."""
    for point in points:
        for name in fields & point.fields.keys():
            said = point.fields[name].rpartition("=")[2]
            is_exact = _is_whole(said) and abs(int(said[:-1])) <= EXACT
            if not is_exact and not _is_number(said):
                message = (
                    f"{series.name}: {name} is {said} at {from_ns(point.instant)}, which no float "
                    "can hold; nothing was deleted. Correct or delete that point."
                )
                raise StoreError(message)


def _as_float(point: Kept, fields: set[str]) -> Kept:
    changed = {
        name: text.field(name, float(said.rpartition("=")[2][:-1]))
        for name, said in point.fields.items()
        if name in fields and _is_whole(said)
    }
    return point._replace(fields={**point.fields, **changed})


def _is_whole(said: str) -> bool:
    value = said.rpartition("=")[2]
    return value[-1:] in ("i", "u") and value[:-1].lstrip("-").isdigit()


def _is_number(said: str) -> bool:
    try:
        float(said)
    except ValueError:
        return False
    return True


def _owner(series: Series) -> str:
    """Return whose entries in the journal are those of a retype: no batch is named so."""
    return f"retype of {series.name}"
