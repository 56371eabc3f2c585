"""Puts back what is missing of points in a file, and says where the store holds another value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from gapfill.domain.interval import iso
from gapfill.errors import StoreError
from gapfill.services.ports import Restored
from gapfill.stores.influxdb import line_protocol
from gapfill.stores.influxdb.client import InfluxClient
from gapfill.stores.influxdb.errors import PartialWrite
from gapfill.stores.influxdb.points import from_ns
from gapfill.stores.influxdb.retype.line_file import parse
from gapfill.stores.influxdb.undo.foreign_points import Kept, said_as
from gapfill.stores.influxdb.undo.missing_points import beside
from gapfill.stores.influxdb.undo.old_points import write
from gapfill.stores.influxdb.undo.recovery import recover
from gapfill.stores.influxdb.undo.removal_lock import BRIEFLY_S, alone
from gapfill.stores.influxdb.undo.write_back import as_type, is_whole, write_back

_BATCH = "gapfill_batch"


class _Other(NamedTuple):
    """A saved point of which the store holds another value.

    Attributes:
        point: With the fields that differ, as they are saved.
        batch: The batch that has written there since; empty for none.
        sentence: What differs.
    """

    point: Kept
    batch: str
    sentence: str


def restore(server: InfluxClient, said: str, *, overwrite: bool = False) -> Restored:
    """Write what is missing of the points of a file; other values are left alone and named.

    Whole numbers are written as the type that the shard holds by now. A ``retype`` of these
    points that was killed is finished after that.

    Args:
        server: Where.
        said: The points.
        overwrite: Whether to write over other values, but for those of a batch.

    Raises:
        StoreError: If it failed, or another process of this machine is removing points there.
    """
    by_measurement: dict[str, list[Kept]] = {}
    for measurement, point in parse(said):
        by_measurement.setdefault(measurement, []).append(point)
    points, written, changed = 0, 0, 0
    others: list[_Other] = []
    for measurement, saved in by_measurement.items():
        points += len(saved)
        with alone(server.access, measurement, "restore", BRIEFLY_S):
            written += write_back(server, measurement, saved)
            differing = _differing(server, measurement, saved)
            again = [one.point for one in differing if overwrite and not one.batch]
            changed += len(again)
            _overwrite(server, measurement, again)
        others += differing
    refused = recover(server, retyped=by_measurement)
    if refused:
        message = (
            "The points of the file are written. But others that a retype has removed are refused "
            "by the server and cannot be written back. " + " ".join(refused)
        )
        raise StoreError(message)
    batches = sorted({one.batch for one in others} - {""})
    return Restored(points, written, [one.sentence for one in others], changed, batches)


def _overwrite(server: InfluxClient, measurement: str, points: Sequence[Kept]) -> None:
    """Write points over other values, as the types that their shards hold by now."""
    while points:
        try:
            write(server, measurement, points)
        except PartialWrite as exc:
            left = [one.point for one in _differing(server, measurement, points)]
            typed = [as_type(one, exc.field or "", exc.theirs or "") for one in left]
            if typed == left:
                raise
            points = typed
        else:
            return


def _differing(server: InfluxClient, measurement: str, saved: Sequence[Kept]) -> list[_Other]:
    found: list[_Other] = []
    for point, there in beside(server, measurement, saved):
        fields = {
            name: said
            for name, said in point.fields.items()
            if name in there and not _is_same(name, said, there[name])
        }
        if fields:
            batch = str(there.get(_BATCH, {}).get("string") or "")
            if batch and line_protocol.field(_BATCH, batch) == point.fields.get(_BATCH):
                batch = ""
            sentence = _sentence(measurement, point, fields, there, batch)
            found.append(_Other(point._replace(fields=fields), batch, sentence))
    return found


def _sentence(
    measurement: str,
    point: Kept,
    fields: Mapping[str, str],
    there: Mapping[str, Mapping[str, Any]],
    batch: str,
) -> str:
    stored = ", ".join(f"{name}={next(iter(there[name].values()))}" for name in fields)
    where = f"{line_protocol.head(measurement, point.tags)} at {iso(from_ns(point.instant))}"
    by = f", written by the batch {batch}" if batch else ""
    return f"{where}: {', '.join(fields.values())} in the file, {stored} in the store{by}"


def _is_same(name: str, said: str, there: Mapping[str, Any]) -> bool:
    """Return whether a field has the saved value as any type that it can be read as."""
    number = _number(said.rpartition("=")[2])
    return any(
        said_as(name, kind, what) == said
        or (number is not None and kind not in ("boolean", "string") and what == number)
        for kind, what in there.items()
    )


def _number(value: str) -> float | None:
    """Return a number of a line, a whole one exactly; ``None`` for anything else."""
    if is_whole(value):
        return int(value[:-1])
    try:
        return float(value)
    except ValueError:
        return None
