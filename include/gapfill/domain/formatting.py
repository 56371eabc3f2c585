"""Numbers, instants and lists in words, the same wherever a person reads them."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from gapfill.domain.interval import Interval, iso

NAMED = 5
"""Items named in one sentence; the rest is counted."""


def count(number: int, noun: str, one: str = "", many: str = "") -> str:
    """Return a number with its noun, ``1,450 slots``, and the verb in the same number.

    Args:
        number: The number.
        noun: In the singular.
        one: The verb for one, if any.
        many: The verb for another number.
    """
    words, verb = (noun, one) if number == 1 else (f"{noun}s", many)
    return f"{number:,} {words}" + (f" {verb}" if verb else "")


def short(instant: datetime) -> str:
    """Return an instant to the minute, or to the second if that is not 0."""
    return iso(instant.replace(microsecond=0)).replace(":00Z", "Z")


def span(interval: Interval, dash: str = "–") -> str:
    """Return an interval as start, dash, end."""
    return f"{short(interval.start)}{dash}{short(interval.end)}"


def percent(share: float | None) -> str:
    """Return a share in per cent, rounded down: one missing slot is never 100 %."""
    return "–" if share is None else f"{math.floor(share * 10_000) / 100:.2f} %"


def duration(seconds: float) -> str:
    """Return a duration for people."""
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"  # noqa: PLR2004 - an hour


def total(healed: int, enriched: int = 0) -> str:
    """Return the counts of a run: ``1,450 slots healed, 16 enriched``.

    Args:
        healed: Slots that got a missing required field, or a better grade of one.
        enriched: Slots that got only optional fields.
    """
    return f"{count(healed, 'slot')} healed" + (f", {enriched:,} enriched" if enriched else "")


def listed(items: Iterable[str], mark: str = ", ", most: int = NAMED) -> str:
    """Return the first items and the number of the others: ``a, b and 3 more``."""
    named = list(items)
    more = len(named) - most
    return mark.join(named[:most]) + (f" and {more:,} more" if more > 0 else "")


def ranges(runs: Iterable[Interval], most: int = NAMED) -> str:
    """Return runs for people, the first ones of many, by start and end."""
    return listed((f"{iso(run.start)} to {iso(run.end)}" for run in runs), most=most)


def by_days(stretch: Interval) -> str:
    """Return a stretch by its first and last day, where it consists of whole days."""
    first, end = stretch.start, stretch.end
    if first.hour or first.minute or end.hour or end.minute:
        return f"{iso(first)} to {iso(end)}"
    return f"{first:%Y-%m-%d} to {end - timedelta(days=1):%Y-%m-%d}"


def needed(needs: Iterable[str]) -> str:
    """Return ``needs aemet_default or siar_default``: one of them is enough."""
    return f"needs {' or '.join(needs)}"


def without(fields: Iterable[str], required: Collection[str]) -> str:
    """Return which fields are missing from a slot, ``humidity is missing``; empty if all are."""
    named = [name for name in required if name in set(fields)]
    if not named or len(named) == len(required):
        return ""
    return f"{' and '.join(named)} {'is' if len(named) == 1 else 'are'} missing"
