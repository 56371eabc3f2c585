"""How a learned rate recovers: in small steps, with some minutes of use before the next one.

A rate is settled if its next step was refused before. It is probed after eight hours, to find a
limit that was raised. The probes cost at most three refusals a day.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from gapfill.domain.learned_rate import LearnedRate
from gapfill.domain.rate_steps import BUSY, NEAR, PROBE_S, STEP, TINY, next_rate, step

HOLD, HOLD_NEAR, HOLD_PROBE = 3.0, 12.0, 25.0
"""Minutes of use before the next step: two whole fixed minutes; near a refused rate, and above a
settled one, long enough to empty a bucket of tokens."""

DAY_S = 86_400.0
"""A probe must not cause more than three refusals a day."""

_SMALL = 10
"""Below this number of calls a minute a probe is a tenth more: one call more would be too much."""


def minutes_to_hold(known: LearnedRate, ceiling: float, at: float) -> float | None:
    """Return for how many minutes the rate must have been in use; ``None`` if no step is due.

    0: a settled rate that may be probed, which needs no proof.

    Args:
        known: The state.
        ceiling: Calls a minute that are never exceeded.
        at: Now, in seconds since the epoch.
    """
    rate = known.rate
    if rate >= ceiling - TINY:
        return None
    if not known.is_probe and next_rate(rate, known.refused) <= rate:
        is_due = at - known.refused_at >= PROBE_S and at - known.third >= DAY_S
        return 0.0 if is_due else None
    if known.is_probe:
        hold = HOLD_PROBE
    elif known.refused and rate * NEAR >= known.refused:
        hold = HOLD_NEAR
    else:
        hold = max(HOLD, HOLD / rate)
    return hold if at - known.since >= 60 * hold else None


def raised(
    known: LearnedRate, ceiling: float, at: float, calls: Mapping[float, int]
) -> LearnedRate:
    """Return the state with the next rate, or the same state if its rate was hardly in use.

    A rate that was set eight hours ago counts as used, so that the rate of a source with few
    requests a day recovers too.

    Args:
        known: The state.
        ceiling: Calls a minute that are never exceeded.
        at: Now, in seconds since the epoch.
        calls: Calls in the last ``minutes_to_hold`` minutes, by that number.
    """
    rate, hold = known.rate, minutes_to_hold(known, ceiling, at)
    if hold is None:
        return known
    if not hold:
        probe = STEP * rate if rate < _SMALL else step(rate)
        return replace(known, rate=min(ceiling, probe), held=rate, since=at)
    is_used = calls.get(hold, 0) >= math.floor(BUSY * rate * hold)
    if not is_used and at - known.since < PROBE_S:
        return known
    refused, late = (0.0, 0.0) if known.is_probe else (known.refused, known.late)
    above = min(ceiling, next_rate(rate, refused))
    return replace(known, rate=above, held=rate, refused=refused, since=at, late=late)
