"""Steps of a rate of calls: a tenth, or one call a minute, up to the refused rate."""

from __future__ import annotations

import math
from functools import lru_cache

STEP, NEAR, BELOW, BUSY = 1.1, 1.25, 1.05, 0.75
"""Factors: a step; how near below a refused rate it is raised carefully; how far below a refused
rate the search ends at least; the part of a rate that must be in use to prove it."""

PROBE_S = 8 * 3600.0
"""Time before a refused rate is tried again, so that a settled rate costs three refusals a day."""

TINY = 1e-9


def step(rate: float) -> float:
    """Return the next rate: a tenth more, in whole calls a minute, as limits are whole."""
    if rate < 1:
        return min(1.0, NEAR * rate)
    return max(math.floor(rate + TINY) + 1.0, float(math.floor(STEP * rate + TINY)))


@lru_cache(maxsize=128)  # read before each call, changes rarely
def next_rate(rate: float, refused: float) -> float:
    """Return the next rate below a refused one, or the same rate if it is near enough.

    Args:
        rate: Calls a minute.
        refused: The lowest rate that was refused, 0 for none.
    """
    above = step(rate)
    if not refused:
        return above
    most = refused / BELOW
    is_next_refused = above >= refused - TINY and math.floor(most) <= rate
    if STEP * rate >= refused - TINY or is_next_refused:
        return rate
    above = min(above, most)
    whole = float(math.floor(above + TINY))
    return whole if whole > rate else above
