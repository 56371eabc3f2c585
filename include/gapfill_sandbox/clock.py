"""The virtual clock: real, frozen at an instant, or running on from one."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from gapfill_sandbox.times import as_utc


class Clock:
    """The time of the sandbox.

    Without an instant it is the real time until a client sets it; then it is frozen, or
    continues. Threads may share it.

    Args:
        start: Timezone-aware instant, or none for the real time.
        is_running: Whether time goes on from an instant that was set.
    """

    def __init__(self, start: datetime | None = None, *, is_running: bool = False) -> None:
        self._is_running = is_running
        self._set: tuple[datetime, float] | None = None
        if start is not None:
            self.set(start)

    def now(self) -> datetime:
        """Return the current instant in UTC."""
        if self._set is None:
            return datetime.now(UTC)
        start, began = self._set
        if not self._is_running:
            return start
        return start + timedelta(seconds=time.monotonic() - began)

    def set(self, instant: datetime) -> None:
        """Set the clock to a timezone-aware instant.

        Raises:
            ValueError: If the instant is naive.
        """
        self._set = (as_utc(instant), time.monotonic())
