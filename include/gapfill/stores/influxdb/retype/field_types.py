"""Where a bucket holds a field of a series as another type than float.

The type of a field is fixed for a measurement and a shard by the first point written there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from gapfill.domain.interval import Interval
from gapfill.domain.series import Series
from gapfill.errors import StoreError
from gapfill.services.ports import WrongType
from gapfill.stores.influxdb import influxql
from gapfill.stores.influxdb.bucket import WEEK
from gapfill.stores.influxdb.client import InfluxClient
from gapfill.stores.influxdb.line_protocol import to_ns
from gapfill.stores.influxdb.points import from_ns
from gapfill.stores.influxdb.refused_slots import type_in
from gapfill.stores.influxdb.undo.foreign_points import types_of


def find_wrong(server: InfluxClient, series: Series, names: Sequence[str]) -> list[WrongType]:
    """Return the shards that hold some of these fields as another type than float, in order.

    Raises:
        StoreError: If the server does not say where its shards lie.
    """
    kinds = types_of(server, series.measurement)
    suspects = [name for name in names if any(kind != "float" for kind in kinds.get(name, ()))]
    if not suspects:
        return []
    found: dict[Interval, dict[str, str]] = {}
    for shard in shards_of(server, series.measurement):
        for name in suspects:
            held = types_in(server, series.measurement, name, shard) - {"float"}
            if held:
                found.setdefault(shard, {})[name] = ", ".join(sorted(held))
    return [
        WrongType(shard, fields, _count(server, series, next(iter(fields)), shard))
        for shard, fields in found.items()
    ]


def types_in(server: InfluxClient, measurement: str, name: str, shard: Interval) -> set[str]:
    """Return the types of a field in a shard, also where no point has the field any more."""
    found = {type_in(server, measurement, name, shard)} - {""}
    if found == {"float"} and not server.bucket.shards:
        # Over shards of several types a question takes them for floats.
        found |= {type_in(server, measurement, name, piece) for piece in _pieces(shard)} - {""}
    return found


def shards_of(server: InfluxClient, measurement: str) -> list[Interval]:
    """Return the shards between the first and the last point of a measurement, in order."""
    bounds = server.ask(
        [
            f"{influxql.select('*', measurement)} ORDER BY time {order} LIMIT 1"
            for order in ("ASC", "DESC")
        ],
        "ns",
    )
    first, last = (_time(tables) for tables in bounds)
    if first is None or last is None:
        return []
    if server.bucket.shards:
        whole = Interval(first, last + timedelta(seconds=1))
        return [shard for shard in server.bucket.shards if shard.intersection(whole)]
    shards: list[Interval] = []
    instant = first
    while instant <= last:
        shard = server.bucket.shard_of(instant)
        if shard is None:
            access = server.access
            message = (
                f"The store (connection {access.conn_id}, bucket {access.bucket!r}) does not say "
                "where its shards lie: give the token of the connection the right to read the "
                "bucket itself, at /api/v2/buckets."
            )
            raise StoreError(message)
        shards.append(shard)
        instant = shard.end
    return shards


def _pieces(shard: Interval) -> Iterator[Interval]:
    start = shard.start
    while start < shard.end:
        end = min(start + WEEK, shard.end)
        yield Interval(start, end)
        start = end


def _count(server: InfluxClient, series: Series, name: str, shard: Interval) -> int:
    what = f"count({influxql.name(name)}) AS n"
    (tables,) = server.ask([influxql.select(what, series.measurement, _within(shard))])
    return sum(int(row["n"]) for table in tables for row in table.dicts())


def _within(shard: Interval) -> str:
    return f"time >= {to_ns(shard.start)} AND time < {to_ns(shard.end)}"


def _time(tables: Sequence[object]) -> datetime | None:
    times = [row[0] for table in tables for row in table.rows]  # type: ignore[attr-defined]
    return from_ns(times[0]) if times else None
