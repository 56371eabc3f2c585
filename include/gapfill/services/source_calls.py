"""The source side of a unit: its requests within the limits of the account, and its failures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from gapfill.domain.account_limits import SPAN, narrow_product, to_facts
from gapfill.domain.evidence import KEY_REFUSED, EvidenceKind
from gapfill.domain.interval import Interval
from gapfill.domain.ledger import Outcome
from gapfill.domain.plan import Unit
from gapfill.domain.request import Request
from gapfill.domain.series import Series
from gapfill.domain.subscription import is_of_key, subscription
from gapfill.domain.tariff import localize
from gapfill.errors import (
    AuthRejected,
    ConfigError,
    MalformedPayload,
    RateLimited,
    SourceError,
    SourceUnavailable,
    SpanRefused,
)
from gapfill.services.context import RunContext
from gapfill.services.ledger_writer import LedgerWriter
from gapfill.services.ports import LedgerSnapshot, Usage
from gapfill.services.rate_limiter import RateLimiter
from gapfill.services.source_sessions import REFUSALS, SourceSession, SourceSessions
from gapfill.services.source_status import narrow
from gapfill.sources.model import Answer, Ask

T = TypeVar("T")

PATIENCE_S = 65.0
"""Longest refusal, in seconds, for which a unit waits while it holds the source's turn (design,
6). It does not wait for the third refusal in a row."""

LONGEST_S = 720.0
"""Longest time of a unit whose rate is lower than planned: its task may last 20 min."""


class SourceCalls:
    """The requests of one unit to its source, in the source's turn.

    Attributes:
        context: The installation.
        unit: The unit.
        sessions: Sources that this process has asked.
        source: The source, within the learned limits of its account.
        product: The product, within them; shorter requests fit if the source refuses long ones.
        station: The station, ``None`` if the product has none.
        learned: Learned facts, by subject and name.
        clerk: Writes the ledger lines of the unit.
        limiter: Counts the calls.
        is_of_key: Whether the key may use the product, as far as the answers show.
    """

    def __init__(
        self,
        context: RunContext,
        series: Series,
        unit: Unit,
        batch: str,
        sessions: SourceSessions,
    ) -> None:
        """Find the source and the product of a unit.

        Raises:
            ConfigError: If the catalogue no longer has them.
        """
        self.context = context
        self._series = series
        self.unit = unit
        self.sessions = sessions
        source = known(context.catalog.sources, unit.source, "source")
        product = known({p.name: p for p in source.products}, unit.product, "product")
        self._plain = source, localize(product, series)
        self.source, self.product = narrow(*self._plain, {})
        stations = series.place.stations
        self.station = next(
            (s for s in stations if s.source == unit.source and s.id == unit.station), None
        )
        self.learned: dict[str, dict[str, float]] = {}
        self.clerk = LedgerWriter(product.key, batch)
        self.limiter = RateLimiter(context, self.source, batch, {})
        self.is_of_key = True
        self._is_open = False
        self._shown: Mapping[str, float] = {}
        self._started = context.monotonic()

    @property
    def seconds(self) -> float:
        """Return the real time since the unit began."""
        return self.context.monotonic() - self._started

    @property
    def is_too_slow(self) -> bool:
        """Return whether the unit, planned for a higher rate, has reached its time limit."""
        return self.limiter.is_slow and self.seconds >= LONGEST_S

    def apply_limits(self, books: LedgerSnapshot) -> None:
        """Apply the learned limits of the account."""
        self.learned = {subject: dict(facts) for subject, facts in books.limits.items()}
        self.source, self.product = narrow(*self._plain, self.learned)

    def start(self, books: LedgerSnapshot) -> None:
        """Take the caller of the source: from an earlier unit of this process, or a new one."""
        used = books.usage.get(self.unit.source, Usage())
        session = self.sessions.opened.get(self._session)
        if session is None:
            batch = self.clerk.batch
            self.limiter = RateLimiter(self.context, self.source, batch, self.learned)
            self.limiter.start(used)
            self._caller = self.context.sources.caller(self.unit.source, self.limiter)
            return
        self._caller, self.limiter, self._is_open = *session, True
        self.limiter.begin(self.clerk.batch, used)
        self.limiter.start(used)

    @property
    def _session(self) -> tuple[str, str]:
        """Return the key of the session: products of one subscription share their quota."""
        return self.unit.source, subscription(self.product) or ""

    def ask_for(self, interval: Interval) -> Ask:
        """Return the request for an interval."""
        return Ask(self._series, self.product, self.station, interval, self.context.now)

    def open(self) -> None:
        """Open the caller once, and apply the limits of the account."""
        if self._is_open:
            return
        ask = self.ask_for(self.unit.interval)
        allowance = self._patiently(lambda: self._caller.open(ask), ask)
        if allowance is not None:
            self._save(self.source.name, to_facts(allowance))
            self.limiter.allow(allowance)
            self.product = narrow_product(self.product, allowance)
        self._is_open = True
        self.sessions.opened[self._session] = SourceSession(self._caller, self.limiter)

    def fetch(self, ask: Ask) -> Answer:
        """Make a request and keep the facts of the account that its answer shows.

        Raises:
            SourceError: If the source failed; the ledger has it, except ``SpanRefused``.
            StoreError: If the facts or the failure cannot be stored.
        """
        answer: Answer = self._patiently(lambda: self._caller.fetch(ask), ask)
        self.limiter.answered()
        self.sessions.refusals[self.source.name] = 0
        if answer.facts and answer.facts != self._shown:
            self._shown = answer.facts
            self._save(self.source.name, answer.facts)
            self.is_of_key = is_of_key(self.source, self.product, answer.facts)
        return answer

    def halve(self, part: Request, exc: SpanRefused) -> None:
        """Store that the product refuses requests as long as this one; half of it fits.

        Raises:
            MalformedPayload: If the request cannot be shorter.
        """
        step = timedelta(days=1) if self.product.day_zone else self.product.resolution
        span = (part.end - part.start) // 2 // step * step
        if not span:
            raise MalformedPayload(
                str(exc), source=exc.source, series=exc.series, interval=exc.interval
            ) from exc
        self.product = replace(self.product, span=span)
        self._save(self.product.key, {SPAN: span.total_seconds()})

    def _save(self, subject: str, facts: Mapping[str, float]) -> None:
        self.context.store.save_limits(subject, facts, self.context.now)

    def _patiently(self, call: Callable[[], T], ask: Ask) -> T:
        """Call the source and wait for short refusals; record a failure and raise it."""
        refusals, name = self.sessions.refusals, self.source.name
        while True:
            try:
                return call()
            except RateLimited as exc:
                self.limiter.refused(exc)
                refusals[name] += 1
                if exc.retry_after > PATIENCE_S or refusals[name] >= REFUSALS:
                    raise
                self.context.sleep(exc.retry_after)
            except SpanRefused:
                raise
            except (SourceUnavailable, AuthRejected) as exc:
                # The unit ends here: another source may be asked for the rest of it as well.
                rest = Interval(ask.interval.start, self.unit.interval.end)
                kind, said = EvidenceKind.OTHER, str(exc)
                if isinstance(exc, AuthRejected):
                    kind, said = EvidenceKind.KEY_REFUSED, f"{KEY_REFUSED}: {exc}"
                self.record(rest, Outcome.UNREACHED, said, kind)
                raise
            except SourceError as exc:
                self.record(ask.interval, Outcome.FAILED, str(exc))
                raise

    def record(
        self,
        interval: Interval,
        outcome: Outcome,
        said: str,
        kind: EvidenceKind = EvidenceKind.OTHER,
    ) -> None:
        """Add a line about an interval without an answer to the ledger."""
        line = self.clerk.line(self.ask_for(interval), interval, outcome, said, kind=kind)
        self.context.store.append_ledger([line])


def known(items: Mapping[str, T], name: str, kind: str) -> T:
    """Return an item of the catalogue by name.

    Raises:
        ConfigError: If there is none; the plan is older than the catalogue.
    """
    if name not in items:
        raise ConfigError(f"The catalogue no longer has the {kind} {name!r}; plan again.")
    return items[name]
