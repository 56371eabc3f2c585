"""A run of slots without a reading, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from gapfill.domain.interval import Interval
    from gapfill.domain.series import State
    from gapfill.domain.severity import Severity


@dataclass(frozen=True, slots=True)
class Gap:
    """A maximal run of consecutive slots that are missing for one reason.

    Attributes:
        interval: The slots, ``[start, end)``.
        slots: Number of slots.
        severity: By the duration of the whole run of slots in this state.
        state: ``missing``, ``unfillable`` or ``unknown``.
        waiting: When a source will first have some of it, where none has any now.
        reason: Why it is unfillable or waits, in a sentence.
        next_ask: When some of it, being unfillable, will be asked for again after all.
        fields: The required fields that are missing.
        needs: Connections and settings that are not set up, where only these could serve it.
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
