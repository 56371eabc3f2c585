"""What is missing of points that should be stored, read back from the server."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from datetime import timedelta
from typing import Any

from gapfill.domain.interval import Interval, merge
from gapfill.stores.influxdb.client import InfluxClient
from gapfill.stores.influxdb.points import from_ns, joined
from gapfill.stores.influxdb.undo.foreign_points import Kept, read_whole

MOMENT = timedelta(microseconds=1)


def missing_of(
    server: InfluxClient, measurement: str, points: Iterable[Kept], own: Collection[str] = ()
) -> list[Kept]:
    """Return what is missing of points: those that are not there, and their missing fields.

    Args:
        server: Where.
        measurement: Whose points.
        points: What should be there.
        own: Names of fields of which one is enough to show that the unnamed rest is there.
    """
    found: list[Kept] = []
    for point, there in beside(server, measurement, points):
        is_own_there = not there.keys().isdisjoint(own)
        fields = {
            name: said
            for name, said in point.fields.items()
            if (name not in there if name else not is_own_there)
        }
        if fields:
            found.append(point._replace(fields=fields))
    return found


def beside(
    server: InfluxClient, measurement: str, points: Iterable[Kept]
) -> Iterator[tuple[Kept, dict[str, dict[str, Any]]]]:
    """Yield each point with the fields stored at its tags and instant, as in ``Found``."""
    by_tags: dict[str, list[Kept]] = {}
    for point in points:
        by_tags.setdefault(json.dumps(point.tags, sort_keys=True), []).append(point)
    for group in by_tags.values():
        tags = group[0].tags
        moments = (from_ns(point.instant) for point in group)
        windows = list(joined(merge(Interval(moment, moment + MOMENT) for moment in moments)))
        found = read_whole(server, measurement, tags, windows)
        standing = {one.instant: one.fields for one in found if one.tags == tags}
        for point in group:
            yield point, standing.get(point.instant, {})


def key_of(point: Kept) -> str:
    """Return what names a point among those of a measurement."""
    return json.dumps([point.instant, point.tags], sort_keys=True)
