"""Consecutive refusals: each one without an answer in between doubles the wait."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

LONGEST_S = 7_200.0
"""Longest wait in seconds, unless the source asks for more: one cycle."""

FORGOTTEN_S = 86_400.0
"""Seconds after which an earlier refusal does not count for a new one."""

_PREFIX = "refusals_"


@dataclass(frozen=True, slots=True)
class RefusalStreak:
    """Refusals that were too long to wait for, without an answer in between.

    Attributes:
        times: Number of refusals.
        since: Time of the first one, in seconds since the epoch.
        last: Time of the last one.
    """

    times: float = 0.0
    since: float = 0.0
    last: float = 0.0

    def is_over(self, at: float) -> bool:
        """Return whether the streak is empty or too old to count."""
        return self.times < 1 or at - self.last >= FORGOTTEN_S

    def longer(self, at: float) -> RefusalStreak:
        """Return the streak with one more refusal."""
        if self.is_over(at):
            return RefusalStreak(1.0, at, at)
        return RefusalStreak(self.times + 1, self.since, at)

    def seconds(self, asked_s: float) -> float:
        """Return for how long the source is not asked.

        Args:
            asked_s: Seconds that the refusal asks for; the wait is never shorter.
        """
        doubled = asked_s * (1 << min(max(int(self.times) - 1, 0), 16))
        return max(asked_s, min(doubled, LONGEST_S))


def to_facts(streak: RefusalStreak) -> dict[str, float]:
    """Return a streak as facts, to store it."""
    return {f"{_PREFIX}{name}": value for name, value in asdict(streak).items()}


def from_facts(facts: Mapping[str, float]) -> RefusalStreak:
    """Return the streak from stored facts."""
    return RefusalStreak(
        **{f.name: facts.get(f"{_PREFIX}{f.name}", 0.0) for f in fields(RefusalStreak)}
    )
