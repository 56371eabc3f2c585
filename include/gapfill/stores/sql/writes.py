"""Changes to the points of a SQL store. Each is noted with the point that it replaced, for undo."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from gapfill.domain.interval import Interval
from gapfill.domain.series import Series
from gapfill.services.ports import Undone
from gapfill.stores import undo
from gapfill.stores.merge_policy import Change, Choice, changed, choose_without_copies, spans_of
from gapfill.stores.points import format_tags
from gapfill.stores.sql.batches import slots_of
from gapfill.stores.sql.dialect import SqlDialect, insert
from gapfill.stores.sql.rows import columns_of, from_epoch, to_epoch
from gapfill.stores.sql.tables import has_books, replaced

_BYTES = "bytes"
"""Key of bytes, which JSON cannot represent."""


class SqlWriter:
    """Writes to the points of one database, in the transaction of a connection."""

    def __init__(self, connection: sa.Connection, dialect: SqlDialect) -> None:
        self._connection, self._dialect = connection, dialect

    def change(self, series: Series, slots: Sequence[datetime], choose: Choice) -> int:
        """Write the rows of ``choose``, note what they replace, and return the number of slots."""
        if not slots:
            return 0
        self._dialect.prepare(self._connection, series)
        spans = spans_of(series, slots)
        points = self._dialect.read_points(self._connection, series, spans)
        changes = changed(series, points, choose)
        if changes:
            self._note(series, changes)
            after = [columns_of(series, one.after) for one in changes]
            self._dialect.upsert(self._connection, series, after)
        return len(changes)

    def copies_of(self, series: Series, window: Interval) -> dict[datetime, frozenset[str]]:
        """Return the fields of the series' own points that copy values of other points, by slot.

        A value that was in the point before Gapfill first wrote into it, as the notes show, is not
        a copy.
        """
        found = self._dialect.invalid_values(self._connection, series).copies(window)
        if not found or not has_books(self._connection):
            return found
        bounds = replaced.c.slot.between(to_epoch(min(found)), to_epoch(max(found)))
        query = sa.select(replaced.c.slot, replaced.c.before).where(
            replaced.c.series == series.name, replaced.c.before.is_not(None), bounds
        )
        for slot, text in self._connection.execute(query):
            before, at = _columns_in(text), from_epoch(slot)
            if at in found and not before.get("gapfill_batch"):
                found[at] -= {name for name in found[at] if before.get(name) is not None}
        return {slot: names for slot, names in found.items() if names}

    def remove_copies(self, series: Series, window: Interval, batch: str) -> int:
        """Remove the copies of a window, and return the number of changed slots."""
        found = self.copies_of(series, window)
        return self.change(series, list(found), choose_without_copies(series, batch, found))

    def undo_batch(self, batch: str, known: Iterable[Series]) -> Undone:
        """Put back what a batch replaced, and remove what it added.

        Raises:
            StoreError: If the batch wrote a series that is not known.
        """
        wrote = slots_of(self._connection, batch)
        return undo.undo_batch(batch, wrote, known, lambda one: self._undo_series(batch, one))

    def _undo_series(self, batch: str, series: Series) -> Undone:
        connection = self._connection
        self._dialect.prepare(connection, series)
        table, own = self._dialect.table(series), format_tags(series.tags)
        of_batch = sa.and_(replaced.c.batch == batch, replaced.c.series == series.name)
        is_point = sa.and_(table.c.tags == own, table.c.slot == replaced.c.slot)
        query = (
            sa.select(replaced.c.id, replaced.c.slot, replaced.c.before, table.c.gapfill_batch)
            .select_from(replaced.outerjoin(table, is_point))
            .where(of_batch)
        )
        lines = connection.execute(query).all()
        held = [line for line in lines if (line.gapfill_batch or "") == batch]
        back = [_columns_in(line.before) for line in held if line.before is not None]
        added = [{"of_slot": line.slot} for line in held if line.before is None]
        if back:
            self._dialect.upsert(connection, series, back)
        if added:
            is_it = sa.and_(table.c.tags == own, table.c.slot == sa.bindparam("of_slot"))
            connection.execute(sa.delete(table).where(is_it), added)
        if held:
            is_done = replaced.c.id == sa.bindparam("of_id")
            connection.execute(sa.delete(replaced).where(is_done), [{"of_id": n.id} for n in held])
        return Undone(len(back), len(added), len(lines) - len(held))

    def _note(self, series: Series, changes: Iterable[Change]) -> None:
        """Note the points that a write replaces; only the first note of a batch and slot counts."""
        lines = [
            {
                "series": series.name,
                "slot": to_epoch(one.slot),
                "batch": one.after.batch or "",
                "before": one.before and _text(columns_of(series, one.before)),
            }
            for one in changes
        ]
        statement = insert(self._connection, replaced).on_conflict_do_nothing()
        self._connection.execute(statement, lines)


def _text(columns: Mapping[str, object]) -> str:
    """Return the columns of a point as JSON; bytes become hexadecimal digits."""
    return json.dumps(
        {n: {_BYTES: v.hex()} if isinstance(v, bytes) else v for n, v in columns.items()}
    )


def _columns_in(text: str) -> dict[str, object]:
    """Return the columns in a text of ``_text``."""
    return {
        name: bytes.fromhex(what[_BYTES]) if isinstance(what, dict) else what
        for name, what in json.loads(text).items()
    }
