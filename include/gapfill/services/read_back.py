"""Whether a store holds what was written into it, by what is read back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gapfill.domain.reading import Origin, Replace, wins

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gapfill.domain.reading import Reading, Row


def is_stored(reading: Reading, row: Row | None) -> bool:
    """Tell whether each value that was read back is at least as good as the reading's."""
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
    """Tell whether the values that won their slot were read back as they were given.

    All others, and what another batch or program has written in their place since, are judged
    by their grade alone.

    Args:
        reading: What was written.
        row: What was read back.
        batch: What wrote it.
        before: What the slot held before.
        replace: What the reading was to replace.
        given: All values that the batch gave for the slot, where those are several.
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
