"""Points of other retention policies, which InfluxDB 1.x deletes with those of the bucket.

A bucket of 2.x is one retention policy of a 1.x database. But ``DELETE`` and
``DROP MEASUREMENT`` of 1.x have no retention policy: they go through all of the database. Points of
another one are neither read nor written back, so they must not be deleted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from gapfill.stores.influxdb import influxql
from gapfill.stores.influxdb.client import InfluxClient
from gapfill.stores.influxdb.errors import NoRemoval

ANYWHERE = ("",)


def refuse_beside(
    server: InfluxClient,
    measurement: str,
    tags: Mapping[str, str] = MappingProxyType({}),
    places: Iterable[str] = ANYWHERE,
) -> None:
    """Raise where a removal of points would take points of another retention policy as well.

    Args:
        server: Where.
        measurement: Whose points are removed.
        tags: Tags that all of them have.
        places: Conditions on the time, of which each of them meets one.

    Raises:
        NoRemoval: If it would; names the retention policy.
    """
    database, _ = server.database
    pairs = [(policy, place) for policy in server.bucket.others for place in places]
    asked = [_question(database, policy, measurement, tags, place) for policy, place in pairs]
    answers = server.ask(asked) if asked else []
    for (policy, _), tables in zip(pairs, answers, strict=True):
        if any(table.rows for table in tables):
            raise NoRemoval(_sentence(server, measurement, policy))


def between(runs: Sequence[tuple[int, int]]) -> list[str]:
    """Return the conditions on the time for runs of instants in nanoseconds, both ends inside."""
    return [f"time >= {first} AND time <= {last + 1}" for first, last in runs]


def _question(
    database: str, policy: str, measurement: str, tags: Mapping[str, str], place: str
) -> str:
    source = ".".join(map(influxql.name, (database, policy, measurement)))
    conditions = " AND ".join(one for one in (influxql.has_tags(tags), place) if one)
    where = f" WHERE {conditions}" if conditions else ""
    return f"SELECT * FROM {source}{where} LIMIT 1"  # noqa: S608 - all quoted


def _sentence(server: InfluxClient, measurement: str, policy: str) -> str:
    access, (database, _) = server.access, server.database
    return (
        f"The store (connection {access.conn_id}, bucket {access.bucket!r}) cannot remove points "
        f"of {measurement} alone: InfluxDB 1.x removes them from every retention policy of the "
        f"database {database!r}, and {policy!r} has points there too. Nothing was deleted. Move "
        f"the points of {policy!r} to another database, or to a measurement of another name."
    )
