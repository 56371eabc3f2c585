"""The pause before each call to a source, and the account of calls and quotas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gapfill.domain.resolution import DAY
from gapfill.errors import RateLimited

if TYPE_CHECKING:
    from gapfill.domain.product import Source
    from gapfill.services.site import Site

MARGIN = 1.01
"""Pauses are this much longer than the rate asks, so that jitter on the way never exceeds it."""


class Pace:
    """Called before each HTTP request: waits, checks the day's quota, records the call.

    The first call waits as well: another process may have called just before. A call
    is recorded before it is sent, so that quotas survive kills.

    Attributes:
        calls: Calls made so far.
    """

    def __init__(self, site: Site, source: Source, batch: str) -> None:
        self._site = site
        self._source = source
        self._batch = batch
        self._last = site.monotonic()
        self.calls = 0

    def start(self) -> None:
        """Count the first pause from now: the caller has just been given its turn."""
        self._last = self._site.monotonic()

    def __call__(self, _records: int = 0) -> None:
        """Wait for the source's rate and record the call.

        Raises:
            RateLimited: If the day's quota is spent.
            StoreError: If the call cannot be recorded; it is then not sent.
        """
        source, site = self._source, self._site
        left = site.quota_left(source)
        if left is not None and left <= 0:
            message = f"{source.title} has spent its {source.per_day} calls of the last 24 h."
            raise RateLimited(message, source=source.name, retry_after=DAY.total_seconds())
        wait = self._last + source.pause_s * MARGIN - site.monotonic()
        if wait > 0:
            site.sleep(wait)
        self._last = site.monotonic()
        site.store.record_call(source.name, site.now, self._batch)
        self.calls += 1
