"""The lines that note what a batch replaces, and what undoing says of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta

from gapfill.domain.series import Series
from gapfill.stores.influxdb import line_protocol
from gapfill.stores.influxdb.client import InfluxClient
from gapfill.stores.influxdb.undo.undo_log import REPLACED, Known, batch_tag, handed_on
from gapfill.stores.points import Point, format_tags


def pairs(
    server: InfluxClient,
    series: Series,
    batches: Mapping[datetime, str],
    before: Mapping[datetime, Point],
    known: Mapping[str, Known],
) -> dict[datetime, str]:
    """Return the lines that note what batches are about to replace, by slot.

    Of a batch and slot only the first write counts.

    Args:
        server: Where.
        series: Whose slots.
        batches: The batch that writes each slot.
        before: The series' own points that are stored there now.
        known: What each batch has noted already, around its slots.
    """
    lines: dict[datetime, str] = {}
    for batch in sorted(set(batches.values())):
        slots = [slot for slot, name in batches.items() if name == batch]
        stale, is_new = known.get(batch, Known(set(), is_new=True))
        standing = {s for s in slots if s in before and (before[s].batch or "") == batch}
        if stale & set(slots) - standing:
            standing |= handed_on(server, batch, series.name, stale)
        noted = stale & standing
        line, fresh = _lines(series, batch), [slot for slot in slots if slot not in noted]
        runs = _runs(series, sorted(fresh), before) if is_new else [[slot] for slot in fresh]
        lines |= {run[-1]: line(run[-1], before.get(run[-1]), len(run)) for run in runs}
    return lines


def _runs(
    series: Series, slots: Sequence[datetime], before: Mapping[datetime, Point]
) -> list[list[datetime]]:
    """Return sorted slots in runs that have one note each."""
    runs: list[list[datetime]] = []
    for slot in slots:
        last = runs[-1][-1] if runs else None
        is_next = (
            last is not None
            and last.date() == slot.date()
            and slot - last == _step(series, slot) == _step(series, last)
        )
        if is_next and last not in before and slot not in before:
            runs[-1].append(slot)
        else:
            runs.append([slot])
    return runs


def _step(series: Series, slot: datetime) -> timedelta:
    return series.grid.end_of(slot) - slot


def _lines(series: Series, batch: str) -> Callable[[datetime, Point | None, int], str]:
    """Return what makes the line of a note; all but the old point is the same for a batch."""
    head = line_protocol.head(REPLACED, {"batch": batch_tag(batch), "series": series.name})
    field = line_protocol.field
    same = ",".join(
        (
            field("measurement", series.measurement),
            field("tags", format_tags(series.tags)),
            field("undone", what=False),
            field("begun", what=False),
        )
    )

    def line(slot: datetime, before: Point | None, slots: int) -> str:
        said = "" if before is None else json.dumps(_document(before))
        batch_before = (before and before.batch) or ""
        old = f"{field('before', said)},{field('before_batch', batch_before)}"
        step = int(_step(series, slot).total_seconds())
        run = f",{field('slots', slots)},{field('step', step)}" if slots > 1 else ""
        return f"{head} {old},{same}{run} {int(slot.timestamp())}"

    return line


def _document(point: Point) -> dict[str, object]:
    return {
        "values": point.stored,
        "grade": point.grade,
        "source": point.source,
        "batch": point.batch,
        "kept": point.kept,
    }


def begin(server: InfluxClient, batch: str, series: str, slots: Collection[datetime]) -> None:
    """Mark the notes of slots that are about to be put back.

    Of a batch whose undo was killed after its last slot, nothing else shows that it is one.
    """
    _mark(server, batch, series, slots, "begun")


def forget(server: InfluxClient, batch: str, series: str, slots: Collection[datetime]) -> None:
    """Mark the notes of slots that were put back: they count no more."""
    _mark(server, batch, series, slots, "undone")


def _mark(
    server: InfluxClient, batch: str, series: str, slots: Collection[datetime], field: str
) -> None:
    head = line_protocol.head(REPLACED, {"batch": batch_tag(batch), "series": series})
    said = line_protocol.field(field, what=True)
    server.write([f"{head} {said} {int(slot.timestamp())}" for slot in sorted(slots)], "s")
