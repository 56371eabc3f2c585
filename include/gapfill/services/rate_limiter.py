"""The pause before each call to a source, and the counts of calls, records and quotas."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from gapfill.domain.account_limits import AccountLimits, narrow_source
from gapfill.domain.grid import DAY
from gapfill.domain.learned_rate import CLEAR_S
from gapfill.domain.product import Source
from gapfill.errors import Limit, RateLimited
from gapfill.services.context import RunContext
from gapfill.services.key_limits import KeyLimits
from gapfill.services.ports import Usage

MARGIN = 1.01
"""Factor by which pauses are longer than the rate requires, so that jitter never exceeds it."""

MINUTE_S = 60.0


class RateLimiter:
    """Called before each HTTP request: waits, checks the day's quotas, records the call.

    The first call waits too: another process may have made a call just before. A call is recorded
    before it is sent, so that quotas survive kills. The rate is that of the source, or the lower
    one that was learned for its key.

    Attributes:
        calls: Calls made so far.
    """

    def __init__(
        self,
        context: RunContext,
        source: Source,
        batch: str,
        learned: Mapping[str, Mapping[str, float]] | None = None,
    ) -> None:
        self._site = context
        self._source = source
        self._batch = batch
        self._allowance = AccountLimits()
        self._used: Usage | None = None
        self._sent = 0
        self._records: deque[tuple[float, int]] = deque()
        self._last = context.monotonic()
        self._not_before = self._last
        self._tempo = KeyLimits(context, source.name, learned)
        self.calls = 0

    def begin(self, batch: str, used: Usage) -> None:
        """Count the calls of another unit, which follow the last call at the same rate.

        Args:
            batch: Id of its fill.
            used: Calls and records of the source in the last 24 hours.
        """
        self._batch = batch
        self._used = used
        self.calls = self._sent = 0

    def start(self, used: Usage | None = None) -> None:
        """Start: the caller now has the turn of the source, exclusively.

        Args:
            used: Calls and records of the source in the last 24 hours; ``None`` to count them.
        """
        self._used = used
        self._last = self._site.monotonic()

    def allow(self, allowance: AccountLimits) -> None:
        """Apply the limits of the account from now on, with its use so far."""
        self._source = narrow_source(self._source, allowance)
        self._allowance = allowance
        self._records = deque([(self._site.monotonic(), allowance.records_now)])

    def __call__(self, records: int = 0) -> None:
        """Wait for the source's rate and record the call.

        Args:
            records: Records that the answer will count in the account's quota.

        Raises:
            RateLimited: If the day's quota is spent.
            StoreError: If the call cannot be recorded; it is then not sent.
        """
        source, context = self._source, self._site
        self._check_day(records)
        pause_s = MINUTE_S / self._tempo.rate(source.per_minute)
        earliest = max(self._last + pause_s * MARGIN, self._not_before)
        wait = max(earliest - context.monotonic(), self._wait_for_records(records))
        if wait > 0:
            context.sleep(wait)
        self._last = context.monotonic()
        if records:
            self._records.append((self._last, records))
        context.store.record_call(source.name, context.moment(), self._batch, records)
        self.calls += 1
        self._sent += records

    def refused(self, exc: RateLimited) -> None:
        """Learn from a refusal; if it is about the rate, the next call is a minute later.

        Raises:
            StoreError: If the learned rate cannot be stored.
        """
        if exc.limit is Limit.RATE:
            self._not_before = self._site.monotonic() + CLEAR_S
        self._tempo.refused(exc, self._source.per_minute)

    def answered(self) -> None:
        """Record that the source has answered.

        Raises:
            StoreError: If that cannot be stored.
        """
        self._tempo.answered()

    @property
    def is_slow(self) -> bool:
        """Whether the learned rate is below the known rate of the source."""
        return self._tempo.is_slow(self._source.per_minute)

    def _check_day(self, records: int) -> None:
        source, allowed = self._source, self._allowance
        limit = allowed.records_day if records else None
        if source.per_day is None and limit is None:
            return
        used = self._used or self._count()
        if source.per_day is not None and used.calls + self.calls >= source.per_day:
            raise self._spent(f"{source.per_day} calls")
        if limit is not None:
            counted = max(used.records + self._sent, allowed.records_today)
            if counted + records > limit:
                raise self._spent(f"{limit} records")

    def _count(self) -> Usage:
        """Count the earlier use once: during its turn only this caller adds to it."""
        since, store, name = self._site.now - DAY, self._site.store, self._source.name
        self._used = Usage(store.calls_since(name, since), store.records_since(name, since))
        return self._used

    def _spent(self, what: str) -> RateLimited:
        source, wait = self._source, DAY.total_seconds()
        message = f"{source.title} has used all its {what} of the last 24 h."
        return RateLimited(message, source=source.name, retry_after=wait, limit=Limit.QUOTA)

    def _wait_for_records(self, records: int) -> float:
        """Return the seconds until these records fit into one minute, with all before them.

        More records than fit into any minute are sent when no earlier record counts any more.
        """
        limit = self._allowance.records_minute
        if limit is None or not records:
            return 0.0
        now, length = self._site.monotonic(), MINUTE_S * MARGIN
        while self._records and self._records[0][0] + length <= now:
            self._records.popleft()
        counted = sum(n for _, n in self._records)
        wait = 0.0
        for at, n in self._records:
            if counted + records <= limit:
                break
            counted -= n
            wait = at + length - now
        return wait
