"""Checks by reading back whether a store has the values that were written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gapfill.domain.reading import Origin, Reading, Replace, Row, wins


def is_stored(reading: Reading, row: Row | None) -> bool:
    """Return whether each value that was read back is at least as good as the reading's."""
    return row is not None and all(
        name in row.values and row.origin(name).grade >= reading.grade for name in reading.values
    )


def is_held(
    reading: Reading,
    row: Row | None,
    batch: str,
    before: Row | None,
    replace: Replace = Replace.WORSE,
    given: Sequence[Mapping[str, float]] = (),
) -> bool:
    """Return whether the values that replaced stored ones were read back unchanged.

    For all other values, and for values that another batch or program has replaced since, only the
    grade counts.

    Args:
        reading: The values that were written.
        row: The row that was read back.
        batch: Id of the batch that wrote them.
        before: The row before the write.
        replace: Which values the reading may replace.
        given: All values that the batch gave for the slot, if there are several.
    """
    if row is None or not is_stored(reading, row):
        return False
    taken = wins(before, reading, replace)
    if taken is None or row.batch != batch:
        return True
    own = Origin(reading.source, reading.grade)
    return all(
        row.values[name] in (value, *(one.get(name) for one in given))
        for name, value in taken.values.items()
        if row.origin(name) == own
    )
