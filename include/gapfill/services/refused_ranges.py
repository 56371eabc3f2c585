"""One error for a unit with several failed requests, which names every refused range."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from operator import attrgetter

from gapfill.domain.formatting import by_days, count, ranges
from gapfill.domain.interval import Interval, iso, merge
from gapfill.errors import MalformedPayload, StoreRefused

NAMED = 10
"""So many ranges of one shard are named one by one; of more, the number."""

NAMED_IN_ALL = 40
"""Where there are more ranges than these in all, none is named, only shards and numbers."""


def joined(
    errors: Sequence[StoreRefused | MalformedPayload], slots: Callable[[Interval], int]
) -> StoreRefused | MalformedPayload:
    """Return the first error, with the ranges that the store refused of the other requests.

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
    shards = sorted({run for exc in errors if isinstance(exc, StoreRefused) for run in exc.shards})
    said = str(first)
    if others:
        said += f" Also refused: {all_ranges(others, shards, slots)}; `status` gives the reason."
    if partly:
        where = all_ranges(partly, shards, slots)
        said += f" Written without an optional field as well: {where}; `status` gives the reason."
    if isinstance(first, MalformedPayload):
        return MalformedPayload(
            said, source=first.source, series=first.series, interval=first.interval
        )
    return StoreRefused(
        said,
        refused=held,
        ranges=merge([*first.ranges, *others]),
        partly=merge([*first.partly, *partly]),
        shards=shards,
    )


def all_ranges(
    runs: Sequence[Interval], shards: Sequence[Interval], slots: Callable[[Interval], int]
) -> str:
    """Return ranges for people, by shard, so that each is named or lies in what is named.

    Args:
        runs: Ranges in order.
        shards: Shards of the store in order, as far as they are known.
        slots: Returns the number of slots of a range.
    """
    groups: dict[Interval | None, list[Interval]] = {}
    for run in runs:
        n = bisect_right(shards, run.start, key=attrgetter("start"))
        shard = shards[n - 1] if n and run.start in shards[n - 1] else None
        groups.setdefault(shard, []).append(run)
    is_named = len(runs) <= NAMED_IN_ALL
    return "; ".join(
        _group(shard, group, sum(map(slots, group)), is_named=is_named and len(group) <= NAMED)
        for shard, group in groups.items()
    )


def _group(shard: Interval | None, runs: Sequence[Interval], slots: int, *, is_named: bool) -> str:
    named = ranges(runs, NAMED) if is_named else f"{len(runs)} ranges"
    if shard:
        return f"{count(slots, 'slot')} in the shard {by_days(shard)}, {named}"
    if is_named:
        return named
    return f"{count(slots, 'slot')} between {iso(runs[0].start)} and {iso(runs[-1].end)}, {named}"
