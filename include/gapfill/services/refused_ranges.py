"""One error for a unit of which several requests failed: it names every range that was refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gapfill.domain.formatting import count, ranges
from gapfill.domain.interval import iso, merge
from gapfill.errors import MalformedPayload, StoreRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gapfill.domain.interval import Interval

NAMED = 10
"""So many ranges are named one by one; of more, the bounds and slots of each refused stretch."""


def joined(
    errors: Sequence[StoreRefused | MalformedPayload], slots: Callable[[Interval], int]
) -> StoreRefused | MalformedPayload:
    """Return the first error, with what the store refused of the unit's other requests.

    Args:
        errors: Those of the requests, in order, at least one.
        slots: Returns the number of slots of a range.
    """
    first, rest = errors[0], [exc for exc in errors[1:] if isinstance(exc, StoreRefused)]
    others = merge(run for exc in rest for run in exc.ranges)
    partly = merge(run for exc in rest for run in exc.partly)
    if not others and not partly:
        return first
    held = [run for exc in errors if isinstance(exc, StoreRefused) for run in exc.refused]
    said = str(first)
    if others:
        said += f" Refused as well: {all_ranges(others, held, slots)}; status says why."
    if partly:
        where = all_ranges(partly, held, slots)
        said += f" Written without an optional field as well: {where}; status says why."
    if isinstance(first, MalformedPayload):
        return MalformedPayload(
            said, source=first.source, series=first.series, interval=first.interval
        )
    return StoreRefused(
        said,
        refused=held,
        ranges=merge([*first.ranges, *others]),
        partly=merge([*first.partly, *partly]),
    )


def all_ranges(
    runs: Sequence[Interval], held: Sequence[Interval], slots: Callable[[Interval], int]
) -> str:
    """Return ranges for people so that each is named, one by one or with its neighbours.

    Args:
        runs: Ranges in order.
        held: Stretches that the store is known to refuse, such as shards.
        slots: Returns the number of slots of a range.
    """
    if len(runs) <= NAMED:
        return ranges(runs, NAMED)
    groups = _grouped(runs, held)
    if len(groups) > NAMED:
        groups = _grouped(runs, merge(held))
    return ", ".join(
        f"{count(sum(map(slots, group)), 'slot')} between {iso(group[0].start)} and "
        f"{iso(group[-1].end)}"
        for group in groups
    )


def _grouped(runs: Sequence[Interval], held: Sequence[Interval]) -> list[list[Interval]]:
    """Return ranges by the stretch in which they begin; those of none are one group."""
    groups: dict[Interval | None, list[Interval]] = {}
    for run in runs:
        groups.setdefault(next((one for one in held if run.start in one), None), []).append(run)
    return list(groups.values())
