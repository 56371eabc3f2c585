"""Writes points of a shard that the bucket still has, also points older than the bucket's rule.

A server drops a shard when the end of the shard is older than the rule. Until then it returns older
points of the shard, but refuses to write them, unless the same body has a younger point of the
shard. So each body of older points also has a younger point of our own. Seen on 1.6.7 and 2.8.0.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from gapfill.stores.influxdb.client import InfluxClient
from gapfill.stores.influxdb.errors import PartialWrite
from gapfill.stores.influxdb.line_protocol import to_ns
from gapfill.stores.influxdb.points import from_ns

if TYPE_CHECKING:
    from gapfill.stores.influxdb.undo.foreign_points import Kept

YOUNGER = "gapfill_younger"
"""The measurement of our own points."""

AT_ONCE = 500
"""Older points in one body: few enough that no proxy refuses it, because it cannot be divided."""

_CLOCKS_NS = timedelta(hours=1) // timedelta(microseconds=1) * 1000
"""How much the server's clock may be ahead of ours."""


def write(server: InfluxClient, measurement: str, points: Sequence[Kept]) -> None:
    """Write points, in nanoseconds.

    Raises:
        PartialWrite: If some are refused; all others are written.
        StoreError: If that failed.
    """
    oldest = _oldest(server)
    young = [one for one in points if oldest is None or one.instant >= oldest + _CLOCKS_NS]
    refusals = list(_write(server, [one.line(measurement) for one in young]))
    if oldest is not None and len(young) < len(points):
        old = [one.line(measurement) for one in points if one.instant < oldest + _CLOCKS_NS]
        shard = server.bucket.shard_of(from_ns(oldest))
        last = to_ns(shard.end) - 1 if shard else oldest + _CLOCKS_NS
        younger = f"{YOUNGER} value=1i {min(last, oldest + _CLOCKS_NS)}"
        for start in range(0, len(old), AT_ONCE):
            refusals += _write(server, [younger, *old[start : start + AT_ONCE]])
    if refusals:
        raise min(refusals, key=lambda one: one.is_old)


def kept_still(server: InfluxClient, points: Iterable[Kept]) -> list[Kept]:
    """Return the points of shards that the server does not drop yet."""
    oldest = _oldest(server)
    shard = server.bucket.shard_of(from_ns(oldest)) if oldest is not None else None
    first = to_ns(shard.start) if shard else oldest
    return [one for one in points if first is None or one.instant >= first]


def _oldest(server: InfluxClient) -> int | None:
    keeps = server.bucket.keeps
    return time.time_ns() - keeps // timedelta(microseconds=1) * 1000 if keeps else None


def _write(server: InfluxClient, lines: Sequence[str]) -> Iterable[PartialWrite]:
    try:
        server.write(lines, "ns")
    except PartialWrite as exc:
        yield exc
