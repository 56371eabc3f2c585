"""Rows of the embedded store: to and from the domain's types, one statement each."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from gapfill.domain.reading import Row, format_kept, parse_kept
from gapfill.domain.series import Grade
from gapfill.stores.sqlite_schema import measurement_table, replaced, tag_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gapfill.domain.interval import Interval
    from gapfill.domain.series import Series

Values = dict[str, Any]


def instant(seconds: float) -> datetime:
    """Return epoch seconds as an aware UTC instant."""
    return datetime.fromtimestamp(seconds, UTC)


def select(connection: sa.Connection, series: Series, window: Interval) -> list[Row]:
    """Return the rows of a window in order of slot."""
    table = measurement_table(series)
    query = (
        sa.select(table)
        .where(
            table.c.tags == tag_text(series.tags),
            table.c.slot >= int(window.start.timestamp()),
            table.c.slot < int(window.end.timestamp()),
        )
        .order_by(table.c.slot)
    )
    names = [field.name for field in series.fields]
    return [_row(series, names, values) for values in connection.execute(query).mappings()]


def _row(series: Series, names: Sequence[str], values: sa.RowMapping) -> Row:
    grade = values["gapfill_grade"]
    return Row(
        slot=instant(values["slot"]),
        values={name: values[name] for name in names if values[name] is not None},
        grade=series.default_grade if grade is None else Grade(grade),
        source=values["gapfill_source"],
        batch=values["gapfill_batch"],
        kept=parse_kept(values["gapfill_kept"]),
    )


def as_values(series: Series, row: Row) -> Values:
    """Return a row as the columns of its table, absent fields as ``None``."""
    return {
        "tags": tag_text(series.tags),
        "slot": int(row.slot.timestamp()),
        **{field.name: row.values.get(field.name) for field in series.fields},
        "gapfill_grade": int(row.grade),
        "gapfill_source": row.source,
        "gapfill_batch": row.batch,
        "gapfill_kept": format_kept(row.kept),
    }


def upsert(connection: sa.Connection, series: Series, rows: Sequence[Values]) -> None:
    """Write rows over what stands at the same tags and slot."""
    table = measurement_table(series)
    statement = insert(table)
    columns = [c.name for c in table.columns if not c.primary_key]
    statement = statement.on_conflict_do_update(
        index_elements=["tags", "slot"], set_={name: statement.excluded[name] for name in columns}
    )
    connection.execute(statement, list(rows))


def delete(connection: sa.Connection, series: Series, slot: int) -> None:
    """Remove the row of a slot."""
    table = measurement_table(series)
    connection.execute(
        sa.delete(table).where(table.c.tags == tag_text(series.tags), table.c.slot == slot)
    )


def is_held_by(connection: sa.Connection, series: Series, slot: int, batch: str) -> bool:
    """Tell whether the row of a slot was last written by a batch."""
    table = measurement_table(series)
    query = sa.select(table.c.gapfill_batch).where(
        table.c.tags == tag_text(series.tags), table.c.slot == slot
    )
    return connection.scalar(query) == batch


def keep(
    connection: sa.Connection, series: Series, rows: Sequence[Row], stood: Mapping[datetime, Row]
) -> None:
    """Note what each written row replaced, once per batch and slot."""
    lines = [
        {
            "series": series.name,
            "slot": int(row.slot.timestamp()),
            "batch": row.batch or "",
            "before": json.dumps(as_values(series, stood[row.slot])) if row.slot in stood else None,
        }
        for row in rows
    ]
    connection.execute(insert(replaced).on_conflict_do_nothing(), lines)
