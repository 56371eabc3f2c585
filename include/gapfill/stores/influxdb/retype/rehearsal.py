"""How a server lets go of the type of a field, tried on a measurement of our own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from gapfill.domain.interval import Interval
from gapfill.domain.series import Series
from gapfill.errors import StoreError
from gapfill.stores.influxdb import influxql
from gapfill.stores.influxdb.client import InfluxClient
from gapfill.stores.influxdb.errors import NoRemoval, PartialWrite, problem
from gapfill.stores.influxdb.line_protocol import to_ns
from gapfill.stores.influxdb.retype.field_types import shards_of
from gapfill.stores.influxdb.undo.missing_points import MOMENT
from gapfill.stores.influxdb.undo.other_policies import refuse_beside

REHEARSAL = "gapfill_retype"


class Way(NamedTuple):
    """How a server lets go of a type.

    Attributes:
        shards: The shards whose points go with it.
        beside: What may go as well: a deletion takes its end with it on some versions.
        remove: Removes a measurement there.
    """

    shards: Sequence[Interval]
    beside: Sequence[Interval]
    remove: Callable[[str], None]


def rehearse(server: InfluxClient, series: Series, shard: Interval) -> Way:
    """Return the way in which the server lets go of a type in the very shard, as it was seen to.

    Raises:
        StoreError: If there is none, or if it would take points that are not of the bucket;
            nothing of others was deleted.
    """
    refuse_beside(server, series.measurement)
    all_ = shards_of(server, series.measurement)
    places = [shard, *[other for other in all_ if other != shard][:1]]
    instants = [_inside(server, series, place) for place in places]

    def drop(measurement: str) -> None:
        server.ask([f"DROP MEASUREMENT {influxql.name(measurement)}"])

    end = Interval(shard.end, shard.end + MOMENT)
    ways = [Way([shard], [end], _deleting(server, shard)), Way(all_, [], drop)]
    removals = [*(_deleting(server, place) for place in places), drop]
    _tidy(removals)  # what an earlier one that was killed has left
    try:
        server.write([f"{REHEARSAL},of=us value=1i {ns}" for ns in instants], "ns")
        if _takes_float(server, instants[0]):
            what = "it takes a float where it holds an integer, so it is not InfluxDB as known"
            raise problem(server.access, what, "nothing was deleted")
        for way in ways:
            try:
                way.remove(REHEARSAL)
            except NoRemoval:
                continue
            if _takes_float(server, instants[0]):
                return way
    finally:
        _tidy(removals)
    what = "it holds the type of a field even after all its points are deleted"
    raise problem(server.access, what, "nothing of yours was deleted; write floats to a new bucket")


def _tidy(removals: Sequence[Callable[[str], None]]) -> None:
    """Remove what was rehearsed in every way; a server that knows none of them keeps it."""
    for remove in removals:
        try:
            remove(REHEARSAL)
        except StoreError:
            continue


def _deleting(server: InfluxClient, shard: Interval) -> Callable[[str], None]:
    def delete(measurement: str) -> None:
        server.delete(measurement, {}, to_ns(shard.start), to_ns(shard.end) - 1)

    return delete


def _takes_float(server: InfluxClient, ns: int) -> bool:
    try:
        server.write([f"{REHEARSAL},of=us value=1.5 {ns + 1}"], "ns")
    except PartialWrite as exc:
        if exc.field is None:
            raise
        return False
    return True


def _inside(server: InfluxClient, series: Series, shard: Interval) -> int:
    """Return the time of the last point of a series' measurement in a shard, else its start."""
    window = f"time >= {to_ns(shard.start)} AND time < {to_ns(shard.end)}"
    statement = f"{influxql.select('*', series.measurement, window)} ORDER BY time DESC LIMIT 1"
    (tables,) = server.ask([statement], "ns")
    times = [row[0] for table in tables for row in table.rows]
    return int(times[0]) if times else to_ns(shard.start)
