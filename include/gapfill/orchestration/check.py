"""The result of one check of an installation."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Health(StrEnum):
    """Result of a check. ``SKIPPED``: it was not made, so nothing is known."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Check:
    """One check.

    Attributes:
        subject: What was checked.
        health: The result.
        sentence: The result for people; a fault with its next step.
    """

    subject: str
    health: Health
    sentence: str
