"""Numbers and lists as text, the same in every output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gapfill.domain.interval import iso

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from gapfill.domain.interval import Interval

NAMED = 5
"""Items named in one sentence; the rest is counted."""


def count(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural if needed."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


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


def ranges(runs: Iterable[Interval]) -> str:
    """Return the first runs by start and end, for people, and the number of the others."""
    return listed(f"{iso(run.start)} to {iso(run.end)}" for run in runs)


def needed(needs: Iterable[str]) -> str:
    """Return ``needs aemet_default or siar_default``: one of them is enough."""
    return f"needs {' or '.join(needs)}"


def without(fields: Iterable[str], required: Collection[str]) -> str:
    """Return which fields are missing from a slot, ``humidity is missing``; empty if all are.

    Args:
        fields: The required fields that are missing.
        required: All required fields of the series.
    """
    named = [name for name in required if name in set(fields)]
    if not named or len(named) == len(required):
        return ""
    return f"{' and '.join(named)} {'is' if len(named) == 1 else 'are'} missing"
