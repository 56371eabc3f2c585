"""The rate that a key really allows, learned from refusals: state and event in, state out.

No API documents how many calls a minute it allows, or how it counts them: in fixed minutes, in a
sliding minute, or with tokens that it refills one by one. A refusal shows how many calls were
accepted before it. A limit of ``L`` a minute accepts at most ``L * (h + 1)`` calls in ``h``
minutes with every way of counting, so ``calls / (h + 1)`` is a rate within the limit. From there
``rate_recovery`` raises the rate in small steps up to the next refusal; then the last rate without
a refusal is right.

Pure: no clock and no store. Instants are seconds since the epoch, so that they can be facts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace

from gapfill.domain.rate_steps import BELOW, BUSY, PROBE_S, STEP, next_rate

SLOWEST = 0.5
"""Minimum calls a minute: a slower unit would only wait."""

CLEAR_S = 61.0
"""Seconds until the counters of a minute are empty, with every way of counting."""

SHORT, LONG, RECENT = 3.0, 15.0, 120.0
"""Minutes. A rate that is refused sooner is above the limit. A rate that was in use for longer is
refused because the limit fell. Refusals within this time belong to the same search."""

_PREFIX, _HOUR_S = "rate_", 3600.0
_WHOLE, _PARTS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0), (0.0625, 0.125, 0.25, 0.5)


@dataclass(frozen=True, slots=True)
class LearnedRate:
    """What is known about the limit of a key.

    Attributes:
        rate: Calls a minute to use.
        held: The highest rate in use without a refusal; 0 if unknown.
        refused: The lowest rate that was refused; 0 if unknown.
        since: When the rate was set.
        refused_at: When the source could be asked again after its last refusal.
        late: 1 if a rate was refused after it was in use, as a bucket of tokens does; else 0.
        third: Time of the third last refusal, without the first one of a search; 0: never.
        second: Time of the second last one.
        first: Time of the last one.
    """

    rate: float
    held: float = 0.0
    refused: float = 0.0
    since: float = 0.0
    refused_at: float = 0.0
    late: float = 0.0
    third: float = 0.0
    second: float = 0.0
    first: float = 0.0

    @property
    def is_probe(self) -> bool:
        """Whether the rate is the first step above a settled one."""
        is_above = 0 < self.held < self.rate and self.refused > 0
        return is_above and next_rate(self.held, self.refused) <= self.held


def to_facts(known: LearnedRate) -> dict[str, float]:
    """Return a state as facts, to store it."""
    return {f"{_PREFIX}{name}": value for name, value in asdict(known).items()}


def from_facts(facts: Mapping[str, float], at: float) -> LearnedRate | None:
    """Return the state from stored facts, ``None`` for none; instants after now become now."""
    if facts.get(f"{_PREFIX}rate", 0.0) <= 0:
        return None
    names = [f.name for f in fields(LearnedRate)]
    known = LearnedRate(**{name: facts.get(f"{_PREFIX}{name}", 0.0) for name in names})
    return replace(known, since=min(known.since, at), refused_at=min(known.refused_at, at))


def minutes_to_count(known: LearnedRate | None, at: float) -> tuple[float, ...]:
    """Return the numbers of minutes before a refusal for which ``lowered`` needs accepted calls.

    Parts of a minute count only if no refusal is recent: if a source clears its counters at every
    full minute, they can show up to twice the limit.
    """
    if known is None:
        return (*_PARTS, *_WHOLE)
    gone, held = (at - known.refused_at) / 60, (at - known.since) / 60
    parts = _PARTS if gone > RECENT / 2 else ()
    exact = (h for h in (held, gone) if 1 < h < _WHOLE[-1])
    return tuple(sorted({*parts, *(h for h in _WHOLE if h <= max(gone, 1)), *exact}))


def lowered(
    known: LearnedRate | None,
    ceiling: float,
    at: float,
    wait_s: float,
    accepted: Mapping[float, int],
) -> LearnedRate:
    """Return the state after a refusal.

    Args:
        known: The state before it, ``None`` for the first.
        ceiling: Calls a minute that are never exceeded.
        at: When it was refused.
        wait_s: Seconds until the source is asked again.
        accepted: Calls accepted since the last refusal, in each of the spans of
            ``minutes_to_count``; empty if the refusal is not about a rate.
    """
    again = at + max(wait_s, CLEAR_S)
    same = PROBE_S if accepted else _HOUR_S
    if known and not any(accepted.values()) and at - known.refused_at < same:
        return replace(known, since=again, refused_at=again)  # it continues at any rate
    before = known or LearnedRate(ceiling)
    before = replace(before, rate=min(before.rate, ceiling))
    found = _back(before, at, accepted) or _search(before, at, accepted, is_first=known is None)
    rate = max(found.rate, min(SLOWEST, ceiling))
    times = (before.third, before.second, before.first)
    if found.held or at - before.refused_at < RECENT * 60:  # all but the first of a search
        times = (before.second, before.first, at)
    third, second, first = times
    return replace(
        found,
        rate=rate,
        since=again,
        refused_at=again,
        third=third,
        second=second,
        first=first,
    )


def _back(before: LearnedRate, at: float, accepted: Mapping[float, int]) -> LearnedRate | None:
    """Return the state with the last rate without a refusal, ``None`` if no step followed it."""
    if before.is_probe:
        return replace(before, rate=before.held, refused=min(before.refused, before.rate))
    if not 0 < before.held < before.rate or at - before.since >= 2 * 60 * LONG:
        return None
    if before.late:
        return _settled(min(_within(accepted), before.held), before.rate)
    return replace(before, rate=before.held, refused=before.rate)


def _search(
    before: LearnedRate, at: float, accepted: Mapping[float, int], *, is_first: bool
) -> LearnedRate:
    """Return the state with a rate that is within the limit.

    If the calls before the refusal prove nothing, because there were none or because the rate was
    right for a long time, the rate is halved.
    """
    rate, minutes = before.rate, (at - before.since) / 60
    last_minute = accepted.get(1.0, 0)
    is_full = last_minute >= math.floor(BUSY * rate)
    if not last_minute:
        return LearnedRate(rate / 2)
    if is_first or not is_full or minutes < SHORT:
        return LearnedRate(min(_within(accepted), rate / BELOW), refused=rate)
    if minutes >= LONG and at - before.refused_at > RECENT * 60:
        return LearnedRate(rate / 2, refused=rate)
    within = min(_within(accepted), rate * 0.99)
    return _settled(within, rate) if before.late else LearnedRate(within, within, rate, late=1.0)


def _within(accepted: Mapping[float, int]) -> float:
    """Return a rate that the accepted calls prove to be within the limit."""
    return max((calls / (h + 1) for h, calls in accepted.items()), default=0.0)


def _settled(rate: float, refused: float) -> LearnedRate:
    return LearnedRate(rate, rate, min(refused, STEP * rate), late=1.0)
