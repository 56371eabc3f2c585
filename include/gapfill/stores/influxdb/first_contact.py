"""Checks at the first contact with a server, before anything relies on it.

Reads and writes name a bucket in two ways: writes by its name, reads by a database that 2.x maps to
a bucket. An upgrade from 1.x can leave a mapping to another bucket. A successful check is not
repeated: reads check the mapping once per process, and ``verify`` proves with a point that written
points can be read.
"""

from __future__ import annotations

import random
import shlex
import time
from typing import TYPE_CHECKING, Any

from gapfill.errors import StoreError
from gapfill.stores.influxdb import errors, influxql, line_protocol
from gapfill.stores.influxdb.bucket import Bucket, read_bucket_v2
from gapfill.stores.influxdb.config import InfluxConfig

if TYPE_CHECKING:
    from gapfill.stores.influxdb.client import InfluxClient

VERIFY = "gapfill_verify"

LANES = 64
"""Number of seconds of the day from which each process picks one for its point."""

TRIES = 2
"""The second try is for the case that another process wrote to the same second."""

DAY_S = 86_400

_met: set[InfluxConfig] = set()


def meet(server: InfluxClient) -> None:
    """Check once per process that a 2.x reads the bucket that it writes, as far as it reports that.

    Raises:
        StoreError: If reads and writes use two buckets.
    """
    if server.access in _met:
        return
    if server.is_2:
        elsewhere = _elsewhere(server, server.bucket)
        if elsewhere:
            raise errors.problem(server.access, *elsewhere)
    _met.add(server.access)


def prove(server: InfluxClient) -> None:
    """Write a real point, read it back, and check that the server can remove points.

    During a day the point has one of 64 times, so few points are stored. Its time is from the
    system's clock, not from ``GAPFILL_NOW``: a bucket with retention refuses points that are too
    old by the server's clock.

    Raises:
        StoreError: If a step fails, with the missing right or the next step.
    """
    for _ in range(TRIES):
        now = time.time_ns()
        lane = random.SystemRandom().randrange(LANES)
        second = now // 10**9 // DAY_S * DAY_S + lane
        server.write([f"{VERIFY} {line_protocol.field('value', now)} {second}"])
        at = f"time = {second * 10**9}"
        (tables,) = server.ask([influxql.select('"value"', VERIFY, at)])
        if any(row[1] == now for table in tables for row in table.rows):
            break
    else:
        raise errors.problem(server.access, *(_elsewhere(server, server.bucket) or _LOST))
    _prove_removal(server)


def explain_unread(server: InfluxClient, exc: StoreError) -> StoreError:
    """Return the error for a database that is not found: it does not exist, or may not be read.

    To a token that may not read a bucket, the server answers that there is none. If the token sees
    the bucket's name, it may read the bucket, and the query went to another one. A write without a
    line shows whether the token may write the bucket.
    """
    access = server.access
    try:
        bucket = read_bucket_v2(server)
    except StoreError:
        return exc
    if bucket.id:
        return errors.problem(access, *(_elsewhere(server, bucket) or _misled(server, bucket)))
    what = "the server finds no database of that name to read"
    try:
        server.write_nothing()
    except errors.Denied as denied:
        if errors.is_not_found(str(denied)):
            return exc
        what = f"{what}, and the token may not write it either"
        step = "check the name of the bucket in the connection, and the rights of its token"
        return errors.problem(access, what, step)
    except StoreError:
        return exc
    what = "the token may not read the bucket (it may write it; a query finds no database)"
    step = "give the token of the connection the right to read the bucket"
    return errors.problem(access, what, step)


def _prove_removal(server: InfluxClient) -> None:
    if server.access.without_removal:
        return
    try:
        server.delete(VERIFY, {}, 0, 1)
    except errors.NoRemoval as exc:
        message = (
            f"{exc} So `undo` could not take back what is written there: use InfluxDB 2.x, or put "
            '"without_removal": true into the extra of the connection to write anyway.'
        )
        raise StoreError(message) from exc


_LOST = (
    "what is written to the bucket cannot be read from the database of the same name",
    "check that both lead to one bucket, and that nothing before the server drops or keeps writes",
)


def _misled(server: InfluxClient, bucket: Bucket) -> tuple[str, str]:
    """Return the problem and the next step if a query does not find an existing bucket.

    Only a token that may read the mapped bucket can see the mapping.
    """
    database, _ = server.database
    what = (
        f"the token may read the bucket ({bucket.id}), and a query of that name finds no database: "
        "a mapping of that name probably leads to another bucket, as an upgrade from 1.x leaves it"
    )
    step = (
        f"list it with the operator's token: influx v1 dbrp list --db {shlex.quote(database)}; "
        "then delete it (influx v1 dbrp delete --id ID), or, if the series are in the bucket that "
        "it leads to, name that bucket in the connection"
    )
    return what, step


def _elsewhere(server: InfluxClient, bucket: Bucket) -> tuple[str, str] | None:
    """Return the problem and the next step if queries go to another bucket."""
    if not bucket.id:
        return None
    database, policy = server.database
    found: Any = server.get("/api/v2/dbrps", {"orgID": bucket.org_id, "db": database}) or {}
    try:
        mappings = [m for m in found.get("content", ()) if m["database"] == database]
        ours = [
            m for m in mappings if (m["retention_policy"] == policy if policy else m["default"])
        ]
        if not ours or any(m["bucketID"] == bucket.id for m in ours):
            return None
        mapping = ours[0]
        named = f"{database}/{mapping['retention_policy']}"
        what = (
            f"writes go to the bucket of that name ({bucket.id}), and queries to the bucket "
            f"{mapping['bucketID']}, as the mapping {mapping['id']} of {named} says, which an "
            "upgrade from 1.x leaves behind"
        )
    except (KeyError, TypeError, AttributeError):
        return None
    step = (
        f"name the bucket {named!r} in the connection if that is where the series are, or delete "
        f"the mapping: influx v1 dbrp delete --id {mapping['id']}"
    )
    return what, step
