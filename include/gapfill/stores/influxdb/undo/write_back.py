"""Writes back the points of a removal, with the types that the shards have now.

A ``retype``, on this or another machine, may have changed the type of a field since the points were
read. A whole number has the same value in every type of number. Other values are sent as they are,
and the server may refuse them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from gapfill.stores.influxdb import line_protocol
from gapfill.stores.influxdb.client import InfluxClient
from gapfill.stores.influxdb.errors import PartialWrite
from gapfill.stores.influxdb.points import from_ns
from gapfill.stores.influxdb.undo.foreign_points import Kept
from gapfill.stores.influxdb.undo.missing_points import missing_of
from gapfill.stores.influxdb.undo.old_points import write

EXACT = 2**53
"""Up to here every whole number is a float of the same value."""


def write_back(
    server: InfluxClient, measurement: str, points: Iterable[Kept], own: Collection[str] = ()
) -> int:
    """Write the points that are missing, completely or in part, and return their number.

    Args:
        server: The server.
        measurement: The measurement of the points.
        points: The complete points.
        own: As in ``missing_of``.

    Raises:
        PartialWrite: If the server refuses some with every type; all others are written.
    """
    missing = missing_of(server, measurement, points, own)
    try:
        write(server, measurement, missing)
    except PartialWrite as exc:
        if exc.field is None:
            raise
        refusals: list[PartialWrite] = []
        for group in _by_shard(server, missing):
            try:
                _write_typed(server, measurement, group, own)
            except PartialWrite as other:
                refusals.append(other)
        if refusals:
            raise min(refusals, key=lambda one: one.is_old) from exc
    return len(missing)


def _by_shard(server: InfluxClient, points: Iterable[Kept]) -> Iterable[Sequence[Kept]]:
    """Return points by shard, in which a field has one type; by day if shards are not known."""
    groups: dict[object, list[Kept]] = {}
    for one in points:
        instant = from_ns(one.instant)
        groups.setdefault(server.bucket.piece_of(instant) or instant.date(), []).append(one)
    return groups.values()


def _write_typed(
    server: InfluxClient, measurement: str, points: Sequence[Kept], own: Collection[str]
) -> None:
    """Write points of one shard, each field with the type that the server names for the shard.

    Raises:
        PartialWrite: If the server refuses a field with every type; all others are written.
    """
    tried: set[str] = set()
    refusal: PartialWrite | None = None
    while points := missing_of(server, measurement, points, own):
        try:
            write(server, measurement, points)
        except PartialWrite as exc:
            name = exc.field
            if name is None:
                raise
            if name in tried:
                refusal, rest = refusal or exc, list(_without(points, name))
                if rest == points:  # it is one of the series' own, which are written whole
                    raise
                points = rest
            else:
                points = [as_type(one, name, exc.theirs or "") for one in points]
            tried.add(name)
        else:
            break
    if refusal:
        raise refusal


def _without(points: Iterable[Kept], name: str) -> Iterable[Kept]:
    """Yield points without one field, if other fields remain."""
    for one in points:
        fields = {of: said for of, said in one.fields.items() if of != name}
        if fields:
            yield one._replace(fields=fields)


def as_type(point: Kept, name: str, kind: str) -> Kept:
    """Return a point with a whole number of a field as another type of number."""
    said = point.fields.get(name, "").rpartition("=")[2]
    number = _whole(said)
    if number is None or kind not in ("float", "integer", "unsigned"):
        return point
    if kind == "unsigned" and number < 0:
        return point
    changed = line_protocol.field(name, float(number) if kind == "float" else number)
    if kind == "unsigned":
        changed = f"{changed.removesuffix('i')}u"
    return point._replace(fields={**point.fields, name: changed})


def is_whole(said: str) -> bool:
    """Return whether a field of a line is a whole number by its type."""
    value = said.rpartition("=")[2]
    return value[-1:] in ("i", "u") and value[:-1].lstrip("-").isdigit()


def _whole(said: str) -> int | None:
    """Return the whole number that a value of a line is, of any type that holds it exactly."""
    if is_whole(said):
        number = int(said[:-1])
    else:
        try:
            value = float(said)
        except ValueError:
            return None
        if not value.is_integer():
            return None
        number = int(value)
    return number if abs(number) <= EXACT else None
