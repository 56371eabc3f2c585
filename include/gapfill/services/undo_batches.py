"""Lists batches and undoes them: one batch, or all of a run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from gapfill.domain.interval import Interval, iso
from gapfill.domain.keys import run_of
from gapfill.errors import GapfillError
from gapfill.services.context import RunContext
from gapfill.services.ports import Batch, Undone

_IN_NAME = re.compile(r"__(\d{8}T\d{6})Z|__(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})")
"""The instant in the name of a run of the command line or of Airflow."""

_NAMED = 3
"""Maximum number of later batches that are named; more are rare."""


class UndoResult(NamedTuple):
    """Result of undoing batches.

    Attributes:
        batches: Ids of the batches, in the order they were undone.
        undone: Counts of slots over all batches.
        later: Later batches that replaced the slots that did not change, the newest last.
    """

    batches: tuple[str, ...]
    undone: Undone
    later: tuple[str, ...] = ()


def list_batches(
    context: RunContext, series: Iterable[str] = (), since: datetime | None = None
) -> list[Batch]:
    """Return the batches that can be undone, oldest first.

    Args:
        context: The installation.
        series: Catalogue names; none for all.
        since: Only batches of this instant or later, and those with an unknown instant.

    Raises:
        StoreError: If the store cannot be read.
    """
    names = set(series)
    found = [
        (when, batch)
        for batch in context.store.batches()
        for when in [instant_of(batch)]
        if (not names or batch.series in names) and (since is None or when is None or when >= since)
    ]
    beginning = datetime.min.replace(tzinfo=UTC)
    found.sort(key=lambda pair: pair[0] or beginning)
    return [batch for _, batch in found]


def instant_of(batch: Batch) -> datetime | None:
    """Return when a batch was made: when it asked its source, else the instant in its name."""
    if batch.at is not None:
        return batch.at
    found = _IN_NAME.search(batch.id)
    if not found:
        return None
    try:
        return datetime.fromisoformat(found[1] or found[2]).replace(tzinfo=UTC)
    except ValueError:
        return None


def undo_batch(context: RunContext, batch: str) -> UndoResult:
    """Undo one batch.

    Raises:
        GapfillError: If the store has no such batch, or it is already undone.
        StoreError: If the store cannot be read or written.
    """
    is_listed = any(one.id == batch for one in context.store.batches())
    if is_listed or context.store.batch_slots(batch):
        return _take_back(context, [batch])
    if batch in context.store.undone_batches():
        raise GapfillError(f"The batch {batch} is already undone.")
    raise GapfillError(f"The store has no batch {batch!r}: `batches` lists them.")


def undo_run(context: RunContext, run: str) -> UndoResult:
    """Undo all batches of a run, the newest first.

    Args:
        context: The installation.
        run: Id of the run, as ``batches`` lists it; for a run of a DAG also the run id of Airflow.

    Raises:
        GapfillError: If the store has no such run, or several, or it is already undone.
        StoreError: If the store cannot be read or written.
    """
    known = list_batches(context)
    runs = {batch.run for batch in known if _is_named(batch.run, run)}
    if run in runs:
        runs = {run}
    if len(runs) > 1:
        message = f"{run!r} can mean {' or '.join(sorted(runs))}: give one of them in full."
        raise GapfillError(message)
    if runs:
        (one,) = runs
        of_run = [batch.id for batch in known if batch.run == one]
        return _take_back(context, list(dict.fromkeys(reversed(of_run))))
    if any(_is_named(run_of(batch), run) for batch in context.store.undone_batches()):
        raise GapfillError(f"The run {run} is already undone.")
    message = f"The store has no batch of a run {run!r}: `batches` lists batches and their runs."
    raise GapfillError(message)


def _take_back(context: RunContext, batches: Sequence[str]) -> UndoResult:
    """Undo batches repeatedly, as long as one of them makes slots of another one undoable."""
    restored = removed = 0
    series = context.catalog.series.values()
    while True:
        left: dict[str, int] = {}
        changed = 0
        for batch in batches:
            one = context.store.undo(batch, series)
            restored, removed = restored + one.restored, removed + one.removed
            changed += one.restored + one.removed
            if one.left:
                left[batch] = one.left
        if not left or not changed or len(batches) == 1:
            undone = Undone(restored, removed, sum(left.values()))
            return UndoResult(tuple(batches), undone, _later(context, left))


def _later(context: RunContext, left: Iterable[str]) -> tuple[str, ...]:
    """Return the later batches that replaced the remaining slots of some batches."""
    found: dict[str, datetime] = {}
    for batch in left:
        for name, slots in context.store.batch_slots(batch).items():
            series, of_batch = context.catalog.series[name], set(slots)
            window = Interval(min(slots), series.grid.end_of(max(slots)))
            for row in context.store.read(series, window):
                if row.slot in of_batch and row.batch and row.batch != batch:
                    found[row.batch] = max(row.slot, found.get(row.batch, row.slot))
    return tuple(sorted(found, key=lambda batch: (found[batch], batch)))[-_NAMED:]


def _is_named(run: str, name: str) -> bool:
    return run == name or run.endswith(f"/{name}")


def document(batches: Sequence[Batch]) -> dict[str, object]:
    """Return the document of ``batches --json``."""
    return {
        "batches": [
            {
                "batch": batch.id,
                "run": batch.run,
                "series": batch.series,
                "slots": batch.slots,
                "first": iso(batch.first),
                "last": iso(batch.last),
                "at": iso(when.replace(microsecond=0)) if when else None,
            }
            for batch in batches
            for when in [instant_of(batch)]
        ]
    }
