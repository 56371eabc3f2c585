"""Removes values that an earlier release copied from other programs, if a person confirms it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gapfill.domain.due import horizon
from gapfill.domain.interval import Interval
from gapfill.domain.invalid_values import Copies
from gapfill.domain.keys import TIDY, command_of
from gapfill.domain.series import Series
from gapfill.services.context import RunContext


class Tidied(NamedTuple):
    """Result of tidying one series.

    Attributes:
        series: Catalogue name.
        copies: The copies that were found.
        removed: Number of slots from which they were removed; 0 in a dry run.
    """

    series: str
    copies: Copies
    removed: int


class Done(NamedTuple):
    """Result of tidying.

    Attributes:
        series: The result of each series.
        carried_on: By batch, slots of earlier batches that were killed and are finished now.
        left: Earlier removals that are not finished, one sentence each.
    """

    series: list[Tidied]
    carried_on: dict[str, int]
    left: tuple[str, ...] = ()


def tidy(context: RunContext, names: Sequence[Series], batch: str | None) -> Done:
    """Find the copies in each series' own points, and remove them.

    Points of other programs do not change, and neither do readings: a copy does not count.

    Args:
        context: The installation.
        names: The series.
        batch: Id for ``undo``; ``None`` for a dry run, which writes nothing.

    Raises:
        StoreError: If the store cannot be read or written; repeat the call to continue.
    """
    left = _unfinished(context)
    killed = set(left)
    if batch is not None:
        context.store.verify()
        left = _unfinished(context) if left else {}
    killed -= left.keys()
    found: list[Tidied] = []
    for series in names:
        last = horizon(series, context.candidates(series), context.now)
        end = max(last, series.grid.end_of(series.earliest))
        window = Interval(series.earliest, end)  # all slots that may have values
        copies = context.store.copies(series, window)
        removed = (
            context.store.remove_copies(series, window, batch) if batch and copies.slots else 0
        )
        found.append(Tidied(series.name, copies, removed))
    slots = {one: sum(map(len, context.store.batch_slots(one).values())) for one in sorted(killed)}
    carried_on = {one: number for one, number in slots.items() if number}
    return Done(found, carried_on, tuple(left.values()))


def _unfinished(context: RunContext) -> dict[str, str]:
    """Return a sentence for each batch of tidying that is not finished."""
    left = [one for one in context.store.unfinished() if command_of(one.batch) == TIDY]
    return {one.batch: one.sentence for one in left}
