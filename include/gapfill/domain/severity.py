"""How bad a gap is, by its duration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from typing import Literal

SeverityWord = Literal["minor", "moderate", "critical"]


class Severity(IntEnum):
    """Severity of a gap; a greater number is worse."""

    MINOR = 1
    MODERATE = 2
    CRITICAL = 3

    @property
    def label(self) -> SeverityWord:
        """Return the word shown to people and in JSON."""
        return _WORDS[self]


_WORDS: Mapping[Severity, SeverityWord] = {
    Severity.MINOR: "minor",
    Severity.MODERATE: "moderate",
    Severity.CRITICAL: "critical",
}


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Longest durations that still count as minor and as moderate.

    Attributes:
        minor: A gap of up to this is minor.
        moderate: A gap of up to this is moderate, a longer one critical.
    """

    minor: timedelta = timedelta(hours=2)
    moderate: timedelta = timedelta(hours=12)

    def of(self, duration: timedelta) -> Severity:
        """Return the severity of a gap of this duration."""
        if duration <= self.minor:
            return Severity.MINOR
        return Severity.MODERATE if duration <= self.moderate else Severity.CRITICAL
