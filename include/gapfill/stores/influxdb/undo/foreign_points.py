"""Points with all that anybody wrote into them, read so that they can be written back exactly.

A number of ``/query`` does not say whether it is stored as a float or an integer, and
the type of a field is fixed by shard: a week is integer, the next one float. What can
be read as several types is therefore written over itself, one type after the other: the
server refuses all but the one that it holds. This happens before anything is deleted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from gapfill.domain.interval import Interval
from gapfill.errors import StoreError
from gapfill.stores.influxdb import influxql, line_protocol
from gapfill.stores.influxdb.client import InfluxClient
from gapfill.stores.influxdb.errors import PartialWrite, TooMuch
from gapfill.stores.influxdb.points import in_pieces
from gapfill.stores.influxdb.undo.old_points import write

_ORDER = ("float", "integer", "unsigned", "boolean", "string")


class Found(NamedTuple):
    """A point as it is stored.

    Attributes:
        tags: All its tags.
        instant: Nanoseconds since 1970.
        fields: By name, what it says read as each type that it may have.
    """

    tags: dict[str, str]
    instant: int
    fields: dict[str, dict[str, Any]]


class Kept(NamedTuple):
    """A point as it is written back.

    Attributes:
        tags: All its tags.
        instant: Nanoseconds since 1970.
        fields: By name, as they stand in a line. The name is empty for all that is the
            series' own, which is written whole or not at all.
    """

    tags: dict[str, str]
    instant: int
    fields: dict[str, str]

    def line(self, measurement: str) -> str:
        """Return the line of the point, its time in nanoseconds."""
        said = ",".join(self.fields.values())
        return f"{line_protocol.head(measurement, self.tags)} {said} {self.instant}"


def read_whole(
    server: InfluxClient, measurement: str, tags: Mapping[str, str], windows: Sequence[Interval]
) -> list[Found]:
    """Return all points with these tags, and whatever more, in sorted, disjoint windows."""
    types = types_of(server, measurement)
    if not types:
        return []
    pairs = [(name, kind) for name, kinds in types.items() for kind in kinds]
    # Over shards of several types "*" is one of them, and texts beside numbers are missing: a
    # cast finds each. Of one type, "*" is a far shorter question.
    is_mixed = len(pairs) > len(types)
    casts = [f"{influxql.name(n)}::{kind} AS {influxql.name(f'{kind} {n}')}" for n, kind in pairs]
    what = ", ".join(casts) if is_mixed else "*"

    def statement(window: Interval) -> str:
        return influxql.select(
            what, measurement, influxql.has_tags(tags), influxql.within(window), by="*"
        )

    def ask(window: Interval) -> list[Found]:
        (tables,) = server.ask([statement(window)], "ns")
        return [found(table.tags, row) for table in tables for row in table.dicts()]

    def found(tags: dict[str, str], row: Mapping[str, Any]) -> Found:
        fields: dict[str, dict[str, Any]] = {}
        for name, kind in pairs:
            said = row.get(f"{kind} {name}" if is_mixed else name)
            if said is not None:
                fields.setdefault(name, {})[kind] = said
        return Found(tags, row["time"], fields)

    try:
        answers = server.ask([statement(window) for window in windows], "ns")
    except TooMuch:
        return [one for window in windows for one in in_pieces(window, ask)]
    return [found(t.tags, row) for tables in answers for t in tables for row in t.dicts()]


def settle(server: InfluxClient, measurement: str, points: Sequence[Found]) -> list[Kept]:
    """Return points as they can be written back, proved by writing them over themselves.

    Raises:
        StoreError: If the server refuses any of them.
    """
    kept = [Kept(one.tags, one.instant, {}) for one in points]
    names = {name for one in points for name in one.fields}
    try:
        for name in sorted(names):
            having = [n for n, one in enumerate(points) if name in one.fields]
            kinds = _settle(server, measurement, name, [points[n] for n in having], 0)
            for n, kind in zip(having, kinds, strict=True):
                kept[n].fields[name] = said_as(name, kind, points[n].fields[name][kind])
        write(server, measurement, kept)
    except PartialWrite as exc:
        message = (
            f"Points of others in {measurement}, at the instants that are to be removed, could "
            f"not be written back afterwards, so none of these were removed. {exc}"
        )
        raise StoreError(message) from exc
    return kept


def kept_of(one: Found, kinds: Mapping[str, str]) -> Kept:
    """Return a point as it is written back, each field as the type that is named."""
    fields = {
        name: said_as(name, kinds[name], said[kinds[name]]) for name, said in one.fields.items()
    }
    return Kept(one.tags, one.instant, fields)


def types_of(server: InfluxClient, measurement: str) -> dict[str, list[str]]:
    """Return the types that each field of a measurement has in any shard, likeliest first."""
    (tables,) = server.ask([f"SHOW FIELD KEYS FROM {influxql.name(measurement)}"])
    types: dict[str, list[str]] = {}
    for table in tables:
        for name, kind in table.rows:
            types.setdefault(name, []).append(kind)
    return {name: sorted(kinds, key=_ORDER.index) for name, kinds in types.items()}


def _settle(
    server: InfluxClient, measurement: str, name: str, points: Sequence[Found], tried: int
) -> list[str]:
    """Return the type that a field has in each point, whose first ``tried`` types are refused."""
    options = [list(one.fields[name])[tried:] for one in points]
    for said, one in zip(options, points, strict=True):
        if not float(one.fields[name].get("float", 0)).is_integer():
            del said[1:]
    open_ = [n for n, said in enumerate(options) if len(said) > 1]
    if open_:
        asked = [points[n] for n in open_]
        as_first = [
            Kept(
                one.tags,
                one.instant,
                {name: said_as(name, options[n][0], one.fields[name][options[n][0]])},
            )
            for n, one in zip(open_, asked, strict=True)
        ]
        try:
            write(server, measurement, as_first)
        except PartialWrite as exc:
            if exc.field is None:
                raise
            half = len(asked) // 2
            parts = [(asked[:half], tried), (asked[half:], tried)] if half else [(asked, tried + 1)]
            kinds = [k for part, n in parts for k in _settle(server, measurement, name, part, n)]
            for n, kind in zip(open_, kinds, strict=True):
                options[n] = [kind]
    return [said[0] for said in options]


def said_as(name: str, kind: str, what: Any) -> str:  # noqa: ANN401 - of any type of a field
    """Return a field as it stands in a line, as one of its types."""
    if kind == "float":
        return line_protocol.field(name, float(what))
    said = line_protocol.field(name, what)
    return f"{said.removesuffix('i')}u" if kind == "unsigned" else said
