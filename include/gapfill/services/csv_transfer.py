"""Exports and imports readings as CSV, with provenance; ``import`` reverses ``export``."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TextIO

from gapfill.domain.interval import Interval, iso
from gapfill.domain.reading import Origin, Row, format_kept, make_row
from gapfill.domain.series import Series
from gapfill.services.context import RunContext
from gapfill.services.csv_import.rows import IMPORT
from gapfill.services.csv_import.table import PROVENANCE


def write_csv(series: Series, rows: Iterable[Mapping[str, object]], file: TextIO) -> None:
    """Write exported rows as CSV; numbers keep their exact value."""
    columns = ["slot", *(f.name for f in series.fields), *PROVENANCE]
    lines = csv.DictWriter(file, columns, lineterminator="\n")
    lines.writeheader()
    lines.writerows(rows)


def export_rows(
    context: RunContext, series: Series, window: Interval
) -> Iterator[dict[str, object]]:
    """Yield the rows of a window as columns to values; an absent value is ``None``.

    Raises:
        StoreError: If the store cannot be read.
    """
    for row in context.store.read(series, window):
        yield {
            "slot": iso(row.slot),
            **{f.name: row.values.get(f.name) for f in series.fields},
            "grade": int(row.grade),
            "source": row.source,
            "batch": row.batch,
            "kept": format_kept(row.kept),
        }


class Imported(NamedTuple):
    """Result of an import.

    Attributes:
        written: Rows that were written.
        is_own: Whether a row names this import as its batch, for ``undo``.
    """

    written: int
    is_own: bool


def import_rows(context: RunContext, series: Series, rows: Sequence[Row], batch: str) -> Imported:
    """Write rows as they are, after all of them were checked.

    A stored row with a higher grade stays, and so does one with every required field if the new
    row does not have all of them. A row that differs from the stored one and names the same batch
    or none was changed by hand: it gets this import as batch and names no source, so that ``undo``
    can restore the stored row.

    Raises:
        StoreError: If the store cannot be read or written.
    """
    if not rows:
        return Imported(0, is_own=False)
    slots = [row.slot for row in rows]
    span = Interval(min(slots), series.grid.end_of(max(slots)))
    stored = {row.slot: row for row in context.store.read(series, span)}
    chosen: list[Row] = []
    for row in rows:
        before = stored.get(row.slot)
        if before is None:
            chosen.append(row)
        elif _is_whole(series, row) or not _is_whole(series, before):
            is_changed = row.values != before.values and row.batch in (before.batch, None)
            chosen.append(_changed(series, row, before, batch) if is_changed else row)
    written = context.store.import_rows(series, chosen)
    return Imported(written, is_own=any(row.batch == batch for row in chosen))


def _changed(series: Series, row: Row, before: Row, batch: str) -> Row:
    """Return a row that was changed by hand, with its changed values from the import."""
    origins = {name: row.origin(name) for name in row.values}
    for name, value in row.values.items():
        if before.values.get(name) != value:
            origins[name] = Origin(IMPORT, origins[name].grade)
    own = Origin(IMPORT, row.grade)
    return make_row(row.slot, row.values, origins, batch, series.required, own)


def _is_whole(series: Series, row: Row) -> bool:
    return all(name in row.values for name in series.required)
