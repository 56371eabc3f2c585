"""What a server says about the bucket itself: how long it keeps points, and its shards.

2.x says it at ``/api/v2/buckets``, 1.x in InfluxQL. A token may have the right to write and read
the points but not the bucket's settings: then these are unknown, and nothing is made up.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from gapfill.domain.interval import Interval
from gapfill.errors import StoreError
from gapfill.stores.influxdb import influxql
from gapfill.stores.influxdb.errors import Transient

if TYPE_CHECKING:
    from gapfill.stores.influxdb.client import InfluxClient

_YEAR_1_S = -62_135_596_800
"""1 January of the year 1, from which InfluxDB counts its shards, in seconds since 1970."""

WEEK = timedelta(weeks=1)
"""The length of shards if no rule says otherwise."""

_PART = re.compile(r"(\d+)(ms|h|m|s|d|w)")

_UNITS = {
    "w": timedelta(weeks=1),
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
}


@dataclass(frozen=True, slots=True)
class Bucket:
    """What is known about a bucket.

    Attributes:
        id: Id on 2.x; empty on 1.x.
        org_id: Id of the organization on 2.x; empty on 1.x.
        keeps: How long it keeps points; ``None`` for ever, or if that is not known.
        shard: Length of future shards, ``None`` if that is not known.
        shards: The existing shards, if the server lists them.
        others: The other retention policies of the database, on 1.x.
    """

    id: str = ""
    org_id: str = ""
    keeps: timedelta | None = None
    shard: timedelta | None = None
    shards: Sequence[Interval] = ()
    others: Sequence[str] = ()

    def shard_of(self, instant: datetime) -> Interval | None:
        """Return the shard of an instant, ``None`` if that is not known."""
        for shard in self.shards:
            if instant in shard:
                return shard
        return None if self.shard is None else span_at(instant, self.shard)

    def piece_of(self, instant: datetime) -> Interval | None:
        """Return a stretch that is certainly in one shard with an instant: at most a week of it.

        A shard that was made before the bucket's rule changed may be shorter than the rule says.
        """
        shard = self.shard_of(instant)
        if shard is None or shard in self.shards or shard.duration <= WEEK:
            return shard
        return span_at(instant, WEEK).intersection(shard)


def span_at(instant: datetime, length: timedelta) -> Interval:
    """Return the stretch of a length that contains an instant, as InfluxDB divides time."""
    seconds, size = int(instant.timestamp()), int(length.total_seconds())
    start = seconds - (seconds - _YEAR_1_S) % size
    return Interval(*(datetime.fromtimestamp(s, UTC) for s in (start, start + size)))


def read_bucket(server: InfluxClient) -> Bucket:
    """Return what the server says about the bucket; the rest is unknown.

    Raises:
        StoreError: If it cannot be reached.
    """
    if not server.is_2:
        known = _of_1(server)
        if known is not None:
            return known
    return read_bucket_v2(server)


def read_bucket_v2(server: InfluxClient) -> Bucket:
    """Return what a 2.x says about the bucket; nothing is known if the token may not read that.

    Raises:
        StoreError: If it cannot be reached.
    """
    return _of_2(
        server.get("/api/v2/buckets", {"org": server.access.org, "name": server.access.bucket})
    )


def _of_2(found: Any) -> Bucket:  # noqa: ANN401 - JSON
    try:
        (bucket,) = found["buckets"]
        rule: dict[str, Any] = next(
            (r for r in bucket["retentionRules"] if r.get("type", "expire") == "expire"), {}
        )
        return Bucket(
            id=str(bucket["id"]),
            org_id=str(bucket["orgID"]),
            keeps=timedelta(seconds=int(rule.get("everySeconds", 0))) or None,
            shard=timedelta(seconds=int(rule.get("shardGroupDurationSeconds", 0))) or None,
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return Bucket()  # the token may not read the bucket's settings


def _of_1(server: InfluxClient) -> Bucket | None:
    """Return what a 1.x says, ``None`` if the server turns out to be another version.

    A 2.x gives the same answer to the first question for all buckets, and none to the second.
    """
    database, policy = server.database
    try:
        (tables,) = server.ask([f"SHOW RETENTION POLICIES ON {influxql.name(database)}"])
    except Transient:
        raise
    except StoreError:
        return None
    rules = [row for table in tables for row in table.dicts()]
    rule = next((r for r in rules if (r["name"] == policy if policy else r["default"])), None)
    if rule is None:
        return None
    try:
        (tables,) = server.ask(["SHOW SHARDS"])
    except Transient:
        raise
    except StoreError as exc:
        if "not implemented" in str(exc) or "not support" in str(exc):
            return None
        tables = []  # only administrators may list shards
    shards = [
        Interval(datetime.fromisoformat(row["start_time"]), datetime.fromisoformat(row["end_time"]))
        for table in tables
        for row in table.dicts()
        if (row["database"], row["retention_policy"]) == (database, rule["name"])
    ]
    return Bucket(
        keeps=_duration(rule["duration"]),
        shard=_duration(rule["shardGroupDuration"]),
        shards=sorted(shards),
        others=[str(row["name"]) for row in rules if row is not rule],
    )


def _duration(said: str) -> timedelta | None:
    """Return a duration such as ``168h0m0s``; ``0s`` means for ever."""
    parts = (int(n) * _UNITS.get(unit, timedelta(0)) for n, unit in _PART.findall(said))
    return sum(parts, timedelta(0)) or None
