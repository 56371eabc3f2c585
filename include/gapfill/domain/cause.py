"""Why a slot has no reading, as every list for people groups it."""

from __future__ import annotations

from enum import StrEnum
from operator import attrgetter
from typing import TYPE_CHECKING

from gapfill.domain.candidate import ASKABLE, WAITS, Eligibility

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gapfill.domain.eligibility import Assessment


class Cause(StrEnum):
    """Why a slot has no reading; in the order in which lists show them."""

    ASKABLE = "askable"
    """A source can be asked for it now."""
    DOWN = "down"
    """The source that should have it is blocked, could not be reached, or cannot be used."""
    SETUP = "setup"
    """Only sources that are not set up could serve it."""
    WAITING = "waiting"
    """A source will have it, or may be asked for it again, at a known instant."""
    NONE = "none"
    """No source has it."""
    UNREAD = "unread"
    """The store could not be read."""


def is_down(verdicts: Sequence[Assessment]) -> bool:
    """Tell whether a slot is missing because its source is blocked, unreachable or unusable.

    Where no source can be asked, the one that is waited for decides; where none is waited for,
    one that is set up and cannot be used.
    """
    able = [v for v in verdicts if v.eligibility in ASKABLE]
    if able:
        return all(v.is_unreached for v in able)
    waits = [v for v in verdicts if v.eligibility in WAITS and v.until]
    if waits:
        return min(waits, key=_until).eligibility is Eligibility.BLOCKED
    return any(v.eligibility is Eligibility.BROKEN for v in verdicts)


_until = attrgetter("until")
