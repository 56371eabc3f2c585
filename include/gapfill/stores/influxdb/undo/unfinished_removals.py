"""Removals that are not finished, or whose points are missing again, for messages."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

from gapfill.domain.unfinished_removal import Unfinished
from gapfill.stores.influxdb import influxql
from gapfill.stores.influxdb.client import InfluxClient
from gapfill.stores.influxdb.undo.foreign_points import Kept
from gapfill.stores.influxdb.undo.missing_points import key_of, missing_of
from gapfill.stores.influxdb.undo.old_points import kept_still
from gapfill.stores.influxdb.undo.recovery_journal import BACK, JOURNAL, bounds
from gapfill.stores.influxdb.undo.removal_watch import SINCE_FIRST, read_about


class _Back(NamedTuple):
    """An entry whose points were all written back once.

    Attributes:
        about: Its text for people.
        points: Its points.
        own: As in ``missing_of``.
    """

    about: Unfinished
    points: Sequence[Kept]
    own: Sequence[str]


_QUESTION = influxql.select(
    '"about", "lines", "state", "refused"', JOURNAL, "\"lines\" != ''", SINCE_FIRST
)


def unfinished(server: InfluxClient) -> list[Unfinished]:
    """Return the removals whose points are not all written back, each once.

    An entry that was written back once counts while a point of it is missing: the deletion of a
    process on another machine came later.
    """
    (tables,) = server.ask([_QUESTION])
    found: dict[Unfinished, None] = {}
    back: dict[str, list[_Back]] = {}
    held: dict[str, set[str]] = {}
    for _, about, lines, state, refused in [row for table in tables for row in table.rows]:
        entry = json.loads(lines)
        step, _, since = (state or "").partition(" ")
        is_later = refused and int(refused.partition(" ")[0]) > int(since or 0)
        one = read_about(about or _derived(entry), refused if is_later else None)
        points = [Kept(*point) for point in entry["points"]]
        if step == BACK:
            some = back.setdefault(one.measurement, [])
            some.append(_Back(one._replace(is_back=True), points, entry["own"]))
        else:
            found[one] = None
            held.setdefault(one.measurement, set()).update(map(key_of, points))
    for measurement in back.keys() - {one.measurement for one in found if one.bars}:
        others = held.get(measurement, ())
        found |= dict.fromkeys(_incomplete(server, measurement, back[measurement], others))
    return list(found)


def _incomplete(
    server: InfluxClient, measurement: str, entries: Sequence[_Back], held: Collection[str]
) -> Iterator[Unfinished]:
    """Yield the texts of entries with missing points that the bucket would keep.

    Points that are in an entry that no process has recovered yet are missing because of that entry.
    """
    points = [point for one in entries for point in one.points if key_of(point) not in held]
    own = {name for one in entries for name in one.own}
    missing: dict[str, set[str]] = {}
    for point in kept_still(server, missing_of(server, measurement, points, own)):
        missing.setdefault(key_of(point), set()).update(point.fields)
    for one in entries:
        if any(missing.get(key_of(point), set()) & point.fields.keys() for point in one.points):
            yield one.about


def _derived(entry: dict[str, Any]) -> str:
    """Return the text for people of an entry of an earlier build, which emptied that text."""
    first, last = bounds(point[1] for point in entry["points"])
    about = {"series": "SERIES", "measurement": entry["measurement"]}
    return json.dumps({**about, "first": str(first), "last": str(last)})
