"""Why a slot has no reading: the groups of every list for people."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from operator import attrgetter

from gapfill.domain.assessment import Assessment
from gapfill.domain.candidate import ASKABLE, WAITS, Eligibility


class Cause(StrEnum):
    """Why a slot has no reading, in the order of the lists."""

    ASKABLE = "askable"
    """A source can be asked for it now."""
    DOWN = "down"
    """The source that should have it is blocked, unreachable or unusable."""
    SETUP = "setup"
    """Only sources that are not set up could serve it."""
    WAITING = "waiting"
    """A source will have it, or can be asked for it again, at a known time."""
    NONE = "none"
    """No source has it."""
    UNREAD = "unread"
    """The store could not be read."""


def is_down(assessments: Sequence[Assessment]) -> bool:
    """Return whether a slot is missing because its source is blocked, unreachable or unusable.

    If no source can be asked, the source that the slot waits for decides; if it waits for none, a
    source that is set up but cannot be used.
    """
    able = [v for v in assessments if v.eligibility in ASKABLE]
    if able:
        return all(v.is_unreached for v in able)
    waits = [v for v in assessments if v.eligibility in WAITS and v.until]
    if waits:
        return min(waits, key=_until).eligibility is Eligibility.BLOCKED
    return any(v.eligibility is Eligibility.BROKEN for v in assessments)


_until = attrgetter("until")
