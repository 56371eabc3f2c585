"""Undo of a batch in InfluxDB, which has no transactions: killed, it is carried on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from gapfill.domain.interval import iso
from gapfill.domain.series import Series
from gapfill.errors import StoreError
from gapfill.services.ports import Undone
from gapfill.stores import undo
from gapfill.stores.influxdb.batches import withdraw
from gapfill.stores.influxdb.client import InfluxClient
from gapfill.stores.influxdb.errors import NoRemoval
from gapfill.stores.influxdb.points import read_points
from gapfill.stores.influxdb.undo import undo_log as notes
from gapfill.stores.influxdb.undo.deletes import replace_points
from gapfill.stores.influxdb.undo.note_lines import begin, forget
from gapfill.stores.influxdb.undo.recovery import recover
from gapfill.stores.influxdb.undo.recovery_journal import Removal
from gapfill.stores.influxdb.undo.removal_watch import refuse_unfinished
from gapfill.stores.influxdb.writes import write_points
from gapfill.stores.merge_policy import spans_of
from gapfill.stores.points import Point, format_tags


def undo_batch(server: InfluxClient, batch: str, known: Iterable[Series]) -> Undone:
    """Put back what a batch replaced, and remove what it added.

    Killed half-way, it is carried on by doing it again.

    Raises:
        StoreError: If the batch wrote a series that is not among the known ones; nothing
            was undone then, nor where a ``retype`` of one of its series is not finished. If
            points of others that a killed removal has left in the journal cannot be written
            back; all was undone then.
    """
    refused = recover(server, batch)
    noted, series = notes.notes_of(server, batch), list(known)
    refuse_unfinished(server, [one for one in series if one.name in noted])
    written = notes.written(server, {batch: noted})[batch]

    def undo_series(one: Series) -> Undone:
        return _undo_series(server, batch, one, noted[one.name], written[one.name])

    undone = undo.undo_batch(batch, written, series, undo_series)
    if refused:
        message = (
            f"The batch {batch} is undone. But points of others that a removal once took are "
            "refused by the server and cannot be written back; each write tries again: "
            + " ".join(refused)
        )
        raise StoreError(message)
    return undone


def _undo_series(
    server: InfluxClient,
    batch: str,
    series: Series,
    said: Sequence[notes.Note],
    written: Collection[datetime],
) -> Undone:
    held = notes.standing(server, batch, said)
    target = {n.slot: n.before for n in said if n.slot in held}
    if target:
        begin(server, batch, series.name, held)
        try:
            _put_back(server, batch, series, target)
        except NoRemoval as exc:
            left = notes.standing(server, batch, said)
            raise _partly_undone(server, batch, series, held, left, exc) from exc
    done = {n.slot: n.before for n in said if n.is_begun and n.slot not in written} | target
    if done:
        forget(server, batch, series.name, done)
    withdraw(server, batch, series.name, {n.slot for n in said} - done.keys())
    restored = sum(point is not None for point in done.values())
    return Undone(restored, len(done) - restored, len(set(written) - held))


def _put_back(
    server: InfluxClient, batch: str, series: Series, target: Mapping[datetime, Point | None]
) -> None:
    own = format_tags(series.tags)
    points = read_points(server, series, spans_of(series, target))
    now = {p.instant: p for p in points if p.tags == own}
    there = {slot: point for slot, point in target.items() if point}
    write_points(server, series, there, now, owner=batch, is_exact=True)
    gone = target.keys() - there.keys()
    if gone:
        replace_points(server, series, gone, {}, Removal(batch, batch))


def _partly_undone(
    server: InfluxClient,
    batch: str,
    series: Series,
    held: Collection[datetime],
    left: Collection[datetime],
    exc: NoRemoval,
) -> StoreError:
    """Return the error of an undo on a server that removes nothing: what it did, what stays."""
    done = set(held) - set(left)
    if done:
        forget(server, batch, series.name, done)
    first, last = min(left or held), max(left or held)
    return StoreError(
        f"{exc} So of the batch {batch}, {len(left)} slots of {series.name} remain as it wrote "
        f"them, from {iso(first)} to {iso(last)}, and {len(done)} are put back."
    )
