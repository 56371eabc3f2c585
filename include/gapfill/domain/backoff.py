"""Refusals in a row: each one without an answer in between is left alone for twice as long."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_S = 7_200.0
"""Seconds of a cool-off at most, unless the source asks for more: one cycle."""

FORGOTTEN_S = 86_400.0
"""Seconds after which an earlier refusal says nothing about a new one."""

_PREFIX = "refusals_"


@dataclass(frozen=True, slots=True)
class RefusalStreak:
    """Refusals that were too long to be waited out, without an answer in between.

    Attributes:
        times: How many.
        since: When the first one was, in seconds since the epoch.
        last: When the last one was.
    """

    times: float = 0.0
    since: float = 0.0
    last: float = 0.0

    def is_over(self, at: float) -> bool:
        """Tell whether there is none, or none that still says anything."""
        return self.times < 1 or at - self.last >= FORGOTTEN_S

    def longer(self, at: float) -> RefusalStreak:
        """Return the streak with one more refusal."""
        if self.is_over(at):
            return RefusalStreak(1.0, at, at)
        return RefusalStreak(self.times + 1, self.since, at)

    def seconds(self, asked_s: float) -> float:
        """Return for how long the source is left alone.

        Args:
            asked_s: Seconds that the refusal asks for; never less.
        """
        doubled = asked_s * (1 << min(max(int(self.times) - 1, 0), 16))
        return max(asked_s, min(doubled, LONGEST_S))


def to_facts(streak: RefusalStreak) -> dict[str, float]:
    """Return a streak as facts, to remember it."""
    return {f"{_PREFIX}{name}": value for name, value in asdict(streak).items()}


def from_facts(facts: Mapping[str, float]) -> RefusalStreak:
    """Return the streak that was remembered."""
    return RefusalStreak(
        **{f.name: facts.get(f"{_PREFIX}{f.name}", 0.0) for f in fields(RefusalStreak)}
    )
