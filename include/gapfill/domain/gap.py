"""A run of slots without a reading, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from gapfill.domain.cause import Cause
from gapfill.domain.interval import Interval
from gapfill.domain.series import State

if TYPE_CHECKING:
    from gapfill.domain.severity import Severity


@dataclass(frozen=True, slots=True)
class Gap:
    """A maximal run of consecutive slots that are missing for one reason.

    Attributes:
        interval: The slots, ``[start, end)``.
        slots: Number of slots.
        severity: By the duration of the whole run of slots in this state.
        state: ``missing``, ``unfillable`` or ``unknown``.
        waiting: When a source will first have some of it, if no source has any now.
        reason: A sentence that says why it is unfillable or waits.
        next_ask: If it is unfillable, when some of it will be asked for again.
        fields: The required fields that are missing.
        needs: Connections and settings that are not set up, if only these could serve it.
        is_down: Whether its source is blocked, unreachable or unusable.
    """

    interval: Interval
    slots: int
    severity: Severity
    state: State
    waiting: datetime | None = None
    reason: str = ""
    next_ask: datetime | None = None
    fields: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    is_down: bool = False

    @property
    def is_askable(self) -> bool:
        """Whether it can be asked for now, or could be if its source were up."""
        return self.cause in (Cause.ASKABLE, Cause.DOWN) and self.waiting is None

    @property
    def cause(self) -> Cause:
        """Return its cause, the group in lists."""
        if self.state is not State.MISSING:
            return Cause.NONE if self.state is State.UNFILLABLE else Cause.UNREAD
        if self.is_down:
            return Cause.DOWN
        if self.needs:
            return Cause.SETUP
        return Cause.WAITING if self.waiting else Cause.ASKABLE
