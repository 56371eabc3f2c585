"""When a slot is due, and which slot is the last expected one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from gapfill.domain.candidate import Candidate
from gapfill.domain.local_time import AtClock, day_start, local_date
from gapfill.domain.series import Series


def due_until(series: Series, candidates: Sequence[Candidate], now: datetime) -> datetime:
    """Return the first slot that is not due.

    If the series has no due rule, a slot is due after the smallest lag of its configured products,
    or of all its products if none is configured. It is never due before its end, even if a product
    has it from its start on.
    """
    if series.due is not None:
        return series.due.until(now, series.grid)
    configured = [c for c in candidates if c.obstacle is None] or list(candidates)
    instants = [c.product.available.until(now, series.grid) for c in configured]
    return min(max(instants, default=now), series.grid.floor(now))


def due_at(series: Series, candidates: Sequence[Candidate], slot: datetime) -> datetime:
    """Return when a slot is due, by the rule of ``due_until``."""
    if series.due is not None:
        return series.due.instant(slot, series.grid)
    configured = [c for c in candidates if c.obstacle is None] or list(candidates)
    instants = [c.product.available.instant(slot, series.grid) for c in configured]
    end = series.grid.end_of(slot)
    return max(min(instants, default=end), end)


def last_slot(series: Series, end: datetime) -> datetime:
    """Return the last expected slot; ``end`` is its end, the ``horizon``."""
    return series.grid.floor(end - timedelta(microseconds=1))


def horizon(series: Series, candidates: Sequence[Candidate], now: datetime) -> datetime:
    """Return the end of the last expected slot, if no range is given.

    That is the current slot. If days are published ahead, it is the last slot of the last day
    that can be published by the end of today.
    """
    end = max(due_until(series, candidates, now), series.grid.end_of(series.grid.floor(now)))
    due = series.due
    if isinstance(due, AtClock) and due.days < 0:
        after = local_date(now, due.zone) + timedelta(days=1 - due.days)
        end = max(end, series.grid.ceil(day_start(after, due.day_zone or due.zone)))
    return end
