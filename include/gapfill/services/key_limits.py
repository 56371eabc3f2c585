"""Learned facts of one key at one source: its rate, and its consecutive refusals.

They are stored under the source's name and the key's account, so that the next process continues
from them and two keys share nothing. They are written when they change: after a refusal, a step of
the rate, and the first answer after refusals.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from gapfill.domain import backoff, learned_rate
from gapfill.domain.keys import AccountKey
from gapfill.domain.product import Source
from gapfill.domain.rate_recovery import minutes_to_hold, raised
from gapfill.errors import Limit, RateLimited
from gapfill.services.ports import Sources

if TYPE_CHECKING:
    from gapfill.services.context import RunContext

LEARN_S = 900.0
"""A refusal that is longer than this is not about the calls per minute."""

LOOK_S = 30.0
"""Seconds between two checks whether the rate was in use long enough for the next step."""

MEMORY = timedelta(days=30)
"""How long learned facts are valid."""

_MINUTE = timedelta(minutes=1)
_MOMENT = timedelta(seconds=1)


def _knows_account(source: str, learned: Mapping[str, Mapping[str, float]]) -> bool:
    """Return whether there are learned facts of any key of a source."""
    return any((key := AccountKey.parse(name)) and key.source == source for name in learned)


def narrow_rate(
    source: Source, learned: Mapping[str, Mapping[str, float]], sources: Sources, now: datetime
) -> Source:
    """Return a source at the learned rate of the key that is set up.

    Args:
        source: The source, within the limits of its account.
        learned: Learned facts, by subject.
        sources: Returns the key that is set up; used only if there are learned facts of a key.
        now: The clock.
    """
    if not _knows_account(source.name, learned):
        return source
    facts = learned.get(str(AccountKey(source.name, sources.account(source.name))), {})
    known = learned_rate.from_facts(facts, now.timestamp())
    if known is None or known.rate >= source.per_minute:
        return source
    return replace(source, per_minute=max(1, int(known.rate)), key_rate=known.rate)


class KeyLimits:
    """The learned facts of one key at one source.

    Args:
        context: The installation.
        source: Catalogue name.
        learned: Learned facts, by subject; ``None`` to read them from the store.
    """

    def __init__(
        self,
        context: RunContext,
        source: str,
        learned: Mapping[str, Mapping[str, float]] | None = None,
    ) -> None:
        self._site = context
        self._source = source
        self._subject: str | None = None
        if learned is None:
            learned = context.store.load_limits(context.now - MEMORY)
        facts: Mapping[str, float] = {}
        if _knows_account(source, learned):
            facts = learned.get(self._name(), {})
        self._rate = learned_rate.from_facts(facts, self._at())
        self.streak = backoff.from_facts(facts)
        self._looked = context.monotonic() - LOOK_S

    def rate(self, ceiling: float) -> float:
        """Return the calls a minute to use now, at most the ceiling.

        Raises:
            StoreError: If the calls cannot be counted or the step cannot be stored.
        """
        known = self._rate
        if known is None:
            return ceiling
        hold = minutes_to_hold(known, ceiling, self._at())
        now = self._site.monotonic()
        if hold is not None and now - self._looked >= LOOK_S:
            self._looked = now
            calls = {hold: self._calls(hold)} if hold else {}
            known = raised(known, ceiling, self._at(), calls)
            if known != self._rate:
                self._keep_rate(known)
        return min(known.rate, ceiling)

    def is_slow(self, ceiling: float) -> bool:
        """Return whether the learned rate is below a ceiling."""
        return self._rate is not None and self._rate.rate < ceiling

    def refused(self, exc: RateLimited, ceiling: float) -> None:
        """Learn from a refusal; one of hours, of a quota or of a firewall is not about the rate.

        Args:
            exc: The refusal.
            ceiling: Calls a minute that are never exceeded.

        Raises:
            StoreError: If the calls cannot be counted or the rate cannot be stored.
        """
        if exc.limit not in (Limit.RATE, Limit.QUEUE) or exc.retry_after > LEARN_S:
            return
        known, at = self._rate, self._at()
        accepted: dict[float, int] = {}
        if exc.limit is Limit.RATE:
            earliest = known.refused_at if known else 0.0
            for minutes in learned_rate.minutes_to_count(known, at):
                accepted[minutes] = max(0, self._calls(minutes, earliest) - 1)
        self._keep_rate(learned_rate.lowered(known, ceiling, at, exc.retry_after, accepted))

    def blocked(self, exc: RateLimited) -> float:
        """Count a refusal that is too long to wait for, and return how long not to ask the source.

        Raises:
            StoreError: If it cannot be stored.
        """
        if exc.limit is Limit.QUOTA:
            return exc.retry_after
        self.streak = self.streak.longer(self._at())
        self._keep(backoff.to_facts(self.streak))
        return self.streak.seconds(exc.retry_after)

    def answered(self) -> None:
        """Delete the streak of refusals.

        Raises:
            StoreError: If that cannot be stored.
        """
        if self.streak.times:
            self.streak = backoff.RefusalStreak()
            self._keep(backoff.to_facts(self.streak))

    def _calls(self, minutes: float, earliest: float = 0.0) -> int:
        """Count the calls of the last minutes, none before an instant."""
        since = self._site.moment() - minutes * _MINUTE
        if earliest:
            since = max(since, datetime.fromtimestamp(earliest, UTC) - _MOMENT)
        return self._site.store.calls_since(self._source, since)

    def _keep_rate(self, known: learned_rate.LearnedRate) -> None:
        self._rate = known
        self._keep(learned_rate.to_facts(known))

    def _keep(self, facts: Mapping[str, float]) -> None:
        self._site.store.save_limits(self._name(), facts, self._site.moment())

    def _name(self) -> str:
        if self._subject is None:
            account = self._site.sources.account(self._source)
            self._subject = str(AccountKey(self._source, account))
        return self._subject

    def _at(self) -> float:
        return self._site.moment().timestamp()
