"""The error of a write that the server refused in part, and what is remembered of it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gapfill.domain.formatting import listed, plural, ranges
from gapfill.domain.interval import Interval, merge
from gapfill.errors import StoreRefused
from gapfill.stores.influxdb import refused_slots as refused
from gapfill.stores.influxdb.points import read_points
from gapfill.stores.points import format_tags

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gapfill.domain.candidate import RefusedRun
    from gapfill.domain.series import Series
    from gapfill.stores.influxdb.client import InfluxClient
    from gapfill.stores.influxdb.errors import PartialWrite
    from gapfill.stores.points import Point


READINGS, SETTLE_S = 6, 0.3
"""So often at most, and so far apart, is read what a refused write has left out."""


def refuse(
    server: InfluxClient, series: Series, made: Mapping[datetime, Point], exc: PartialWrite
) -> StoreRefused:
    """Return the error of a write that was refused in part, and remember what it says.

    It names the ranges of slots, and the field and shards where a type is the cause.
    """
    field = series.field(exc.field or "")
    lost = _lost(server, series, made, exc.field if field and not field.required else None)
    told = remember_refused(server, series, lost, exc) if lost else []
    held = [one.interval for one in told if not one.field]
    runs = refused.runs_of(series, lost)
    if exc.field is None or not lost:
        said = f"{exc} {len(lost)} of {len(made)} slots of {series.name} were refused"
        said += (
            f", from {ranges(runs)}; the others are written."
            if lost
            else "; the others are written."
        )
        return StoreRefused(said, refused=held, ranges=runs)
    shards = _shards(server, lost)
    named = listed(map(refused.span_of, shards)) or "of these slots"
    access = server.access
    what = "slots were refused there"
    if field and not field.required:
        what = f"slots were written without {exc.field} there"
    return StoreRefused(
        f"The store (connection {access.conn_id}, bucket {access.bucket!r}) holds {exc.field} of "
        f"{series.measurement} as {exc.theirs} in the {plural(len(shards) or 1, 'shard')} "
        f"{named}, so {len(lost)} of {len(made)} {what}, from {ranges(runs)}; the others are "
        f"written. To make floats of the shard: gapfill retype {series.name} "
        "(docs/how_to/influxdb.md, Refused points).",
        refused=held,
        ranges=runs,
    )


def remember_refused(
    server: InfluxClient, series: Series, lost: Sequence[datetime], exc: PartialWrite
) -> list[RefusedRun]:
    """Note what was refused, and return it as it is told; what is too old follows from the rule."""
    if exc.is_old:
        return []
    spans = refused.runs_of(series, lost)
    field = exc.field or ""
    if field:
        pieces = {server.bucket.piece_of(slot) for slot in lost}
        spans = sorted(piece for piece in pieces if piece is not None) or spans
    now = datetime.now(UTC)
    said = [
        refused.RefusedRange(
            span,
            field,
            exc.theirs or "",
            refused.type_in(server, series.measurement, field, span) if field else "",
            now,
            str(exc)[:300],
        )
        for span in spans
    ]
    refused.remember(server, series, said)
    return [refused.told(server, series, one) for one in said]


def _lost(
    server: InfluxClient, series: Series, made: Mapping[datetime, Point], field: str | None
) -> list[datetime]:
    """Return the slots whose point, or one field of it, is not there after all.

    2.8 answers as soon as one shard has refused, while others are still being written: so they
    are read until two readings are the same.
    """
    lost: list[datetime] | None = None
    for _ in range(READINGS):
        before, lost = lost, _not_there(server, series, made, field)
        if lost == before or not lost:
            break
        time.sleep(SETTLE_S)
    return lost or []


def _not_there(
    server: InfluxClient, series: Series, made: Mapping[datetime, Point], field: str | None
) -> list[datetime]:
    spans = merge(Interval(s, series.grid.end_of(s)) for s in made)
    own = format_tags(series.tags)
    there = {
        (p.instant, p.batch)
        for p in read_points(server, series, spans)
        if p.tags == own and (field is None or field in p.values)
    }
    return sorted(
        slot
        for slot, point in made.items()
        if (slot, point.batch) not in there and (field is None or field in point.values)
    )


def _shards(server: InfluxClient, lost: Sequence[datetime]) -> list[Interval]:
    """Return the shards of slots, in order; empty where they are not known."""
    shards = {server.bucket.shard_of(slot) for slot in lost}
    return sorted(shard for shard in shards if shard is not None)
