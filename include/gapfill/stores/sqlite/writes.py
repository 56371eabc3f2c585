"""Changes to the points of the embedded store, each noted with what it replaced, for ``undo``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from gapfill.domain.interval import Interval, merge
from gapfill.errors import StoreError
from gapfill.services.ports import Undone
from gapfill.stores.merge_policy import choose_better, choose_news, choose_without_copies
from gapfill.stores.points import format_tags, point_of, stands_of
from gapfill.stores.sqlite.invalid_values import SqliteInvalidValues
from gapfill.stores.sqlite.rows import columns_of, from_epoch, read_points, to_epoch, upsert
from gapfill.stores.sqlite.schema import has_books, points_table, prepare, replaced

_BYTES = "bytes"
"""Key of what was no text and no number."""

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from gapfill.domain.reading import Reading, Replace, Row
    from gapfill.domain.series import Series
    from gapfill.stores.merge_policy import Choice


def write_readings(
    connection: sa.Connection,
    series: Series,
    readings: Sequence[Reading],
    batch: str,
    *,
    replace: Replace,
) -> int:
    """Write what is better than what stands, and return how many slots that were."""
    better = choose_better(series, readings, batch, replace)
    return change(connection, series, [r.slot for r in readings], better)


def put_rows(connection: sa.Connection, series: Series, rows: Sequence[Row]) -> int:
    """Write rows as they are, but for those that say nothing new, and return how many."""
    return change(connection, series, [row.slot for row in rows], choose_news(series, rows))


def copies_of(
    connection: sa.Connection, series: Series, window: Interval
) -> dict[datetime, frozenset[str]]:
    """Return the fields of the series' own points that are copies of others' values, by slot.

    What stood in such a point before Gapfill first wrote it is no copy, as the notes tell.
    """
    found = SqliteInvalidValues(connection, series).copies(window)
    if not found or not has_books(connection):
        return found
    bounds = replaced.c.slot.between(to_epoch(min(found)), to_epoch(max(found)))
    query = sa.select(replaced.c.slot, replaced.c.before).where(
        replaced.c.series == series.name, replaced.c.before.is_not(None), bounds
    )
    for slot, text in connection.execute(query):
        before, at = _columns_in(text), from_epoch(slot)
        if at in found and not before.get("gapfill_batch"):
            found[at] -= {name for name in found[at] if before.get(name) is not None}
    return {slot: names for slot, names in found.items() if names}


def remove_copies(connection: sa.Connection, series: Series, window: Interval, batch: str) -> int:
    """Remove the copies of a window, and return from how many slots."""
    found = copies_of(connection, series, window)
    return change(connection, series, list(found), choose_without_copies(series, batch, found))


def slots_of(connection: sa.Connection, batch: str) -> dict[str, list[datetime]]:
    """Return the slots, by series name, that a batch wrote and that were not undone."""
    query = sa.select(replaced.c.series, replaced.c.slot).where(replaced.c.batch == batch)
    slots: dict[str, list[datetime]] = {}
    for series, slot in connection.execute(query.order_by(replaced.c.series, replaced.c.slot)):
        slots.setdefault(series, []).append(from_epoch(slot))
    return slots


def undo_batch(connection: sa.Connection, batch: str, known: Iterable[Series]) -> Undone:
    """Put back what a batch replaced, and remove what it added.

    Raises:
        StoreError: If the batch wrote a series that is not among the known ones.
    """
    by_name = {series.name: series for series in known}
    undone = Undone(0, 0, 0)
    for name in slots_of(connection, batch):
        if name not in by_name:
            message = (
                f"The batch {batch} wrote {name}, which is not in the catalogue; nothing was "
                "undone. Put the series back into the catalogue for that."
            )
            raise StoreError(message)
        one = _undo_series(connection, batch, by_name[name])
        undone = Undone(*(a + b for a, b in zip(undone, one, strict=True)))
    return undone


def _undo_series(connection: sa.Connection, batch: str, series: Series) -> Undone:
    prepare(connection, series)
    table, own = points_table(series), format_tags(series.tags)
    of_batch = sa.and_(replaced.c.batch == batch, replaced.c.series == series.name)
    stands = sa.and_(table.c.tags == own, table.c.slot == replaced.c.slot)
    query = (
        sa.select(replaced.c.id, replaced.c.slot, replaced.c.before, table.c.gapfill_batch)
        .select_from(replaced.outerjoin(table, stands))
        .where(of_batch)
    )
    lines = connection.execute(query).all()
    held = [line for line in lines if (line.gapfill_batch or "") == batch]
    back = [_columns_in(line.before) for line in held if line.before is not None]
    added = [{"of_slot": line.slot} for line in held if line.before is None]
    if back:
        upsert(connection, series, back)
    if added:
        is_it = sa.and_(table.c.tags == own, table.c.slot == sa.bindparam("of_slot"))
        connection.execute(sa.delete(table).where(is_it), added)
    if held:
        is_done = replaced.c.id == sa.bindparam("of_id")
        connection.execute(sa.delete(replaced).where(is_done), [{"of_id": n.id} for n in held])
    return Undone(len(back), len(added), len(lines) - len(held))


def change(
    connection: sa.Connection,
    series: Series,
    slots: Sequence[datetime],
    choose: Choice,
) -> int:
    """Write the rows that ``choose`` makes of what stands, and note what they replace."""
    if not slots:
        return 0
    prepare(connection, series)
    points = read_points(
        connection, series, merge(Interval(s, series.grid.end_of(s)) for s in set(slots))
    )
    chosen = {row.slot: row for row in choose(stands_of(series, points))}
    if chosen:
        own = format_tags(series.tags)
        before = {p.instant: p for p in points if p.tags == own}
        made = [point_of(series, own, row, before.get(slot)) for slot, row in chosen.items()]
        columns = {slot: columns_of(series, before[slot]) for slot in chosen.keys() & before}
        _note(connection, series, chosen.values(), columns)
        upsert(connection, series, [columns_of(series, point) for point in made])
    return len(chosen)


def _note(
    connection: sa.Connection,
    series: Series,
    rows: Iterable[Row],
    before: Mapping[datetime, Mapping[str, object]],
) -> None:
    """Note the points that rows replace; of a batch and slot only the first counts."""
    lines = [
        {
            "series": series.name,
            "slot": to_epoch(row.slot),
            "batch": row.batch or "",
            "before": _text(before[row.slot]) if row.slot in before else None,
        }
        for row in rows
    ]
    connection.execute(insert(replaced).on_conflict_do_nothing(), lines)


def _text(columns: Mapping[str, object]) -> str:
    """Return the columns of a point as JSON; bytes, which JSON has not, as their digits."""
    return json.dumps(
        {n: {_BYTES: v.hex()} if isinstance(v, bytes) else v for n, v in columns.items()}
    )


def _columns_in(text: str) -> dict[str, object]:
    """Return what ``_text`` made a text of."""
    return {
        name: bytes.fromhex(what[_BYTES]) if isinstance(what, dict) else what
        for name, what in json.loads(text).items()
    }
