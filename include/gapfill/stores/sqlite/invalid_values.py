"""What stands in the embedded store and does not count, found inside SQLite."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from gapfill.domain.interval import Interval, merge
from gapfill.domain.invalid_values import Ahead, Flaws, flaw_of, together
from gapfill.domain.series import Field, Series
from gapfill.stores.points import format_tags, stands_of
from gapfill.stores.sql.rows import from_epoch, to_epoch
from gapfill.stores.sqlite import gap_sql as queries
from gapfill.stores.sqlite.rows import own_tags, read_points
from gapfill.stores.sqlite.schema import stored_table

if TYPE_CHECKING:
    import sqlalchemy as sa

AT_ONCE = 5_000
"""So many slots are looked at at once for copies."""


class SqliteInvalidValues:
    """What does not count of one series, seen through one connection.

    Attributes:
        connection: A transaction that reads.
        series: The series.
        fields: Those of its fields that the table has by now.
        tags: Tag sets whose points count for it.
    """

    def __init__(self, connection: sa.Connection, series: Series) -> None:
        self.connection = connection
        self.series = series
        self.fields: Sequence[Field] = ()
        self.tags: Sequence[str] = ()
        table = stored_table(connection, series)
        if table is not None:
            self.fields = [field for field in series.fields if field.name in table.c]
            self.tags = own_tags(connection, table, series)

    def flaws(self, window: Interval) -> Flaws:
        """Return the values of the window that do not count."""
        if not self.tags or not self.fields:
            return Flaws()
        row = self._all(queries.FLAWS, start=to_epoch(window.start), end=to_epoch(window.end))[0]
        found = zip(self.fields, row[::3], row[1::3], row[2::3], strict=True)
        return together(
            Flaws(values, texts, flaw_of(field, from_epoch(at), self._flawed(field, at)))
            for field, values, texts, at in found
            if values
        )

    def ahead(self, start: datetime) -> Ahead | None:
        """Return the points from an instant on, ``None`` for none."""
        if not self.tags or not self.fields:
            return None
        (row,) = self._all(queries.AHEAD, start=to_epoch(start))
        found = [(n, at) for n, at in zip(row[::2], row[1::2], strict=True) if n]
        if not found:
            return None
        return Ahead(max(n for n, _ in found), from_epoch(max(at for _, at in found)))

    def copies(self, window: Interval) -> dict[datetime, frozenset[str]]:
        """Return the fields of the series' own points that are copies, by slot."""
        mine = format_tags(self.series.tags)
        if mine not in self.tags:
            return {}
        start, end = to_epoch(window.start), to_epoch(window.end)
        found = self._all(queries.POSSIBLE_COPIES, start=start, end=end)
        slots = [from_epoch(at) for (at,) in found]
        parts = (slots[n : n + AT_ONCE] for n in range(0, len(slots), AT_ONCE))
        return {slot: names for part in parts for slot, names in self._in(part)}

    def _in(self, slots: Sequence[datetime]) -> Iterator[tuple[datetime, frozenset[str]]]:
        grid = self.series.grid
        spans = merge(Interval(grid.floor(s), grid.end_of(grid.floor(s))) for s in slots)
        points = read_points(self.connection, self.series, spans)
        for slot, stand in stands_of(self.series, points).items():
            if stand.copies:
                yield slot, stand.copies

    def _flawed(self, field: Field, at: int) -> Any:  # noqa: ANN401 - of any type
        return self._all(queries.FLAWED, field.name, start=at)[0][0]

    def _all(self, template: str, field: str = "", **more: object) -> Sequence[Sequence[Any]]:
        statement = queries.query(template, self.series, field=field, fields=self.fields)
        known = {"tags": self.tags, "mine": format_tags(self.series.tags), **more}
        values = {name: value for name, value in known.items() if f":{name}" in statement.text}
        return self.connection.execute(statement, values).all()
