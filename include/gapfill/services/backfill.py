"""Runs one unit: fetch, check, write, read back, request by request.

The answer to each request is written before the next request is sent. So a kill loses at most one
answer, and a retry skips slots that are already stored.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from gapfill.domain.account_limits import SPAN, narrow_product, to_facts
from gapfill.domain.evidence import KEY_REFUSED, EvidenceKind
from gapfill.domain.formatting import count
from gapfill.domain.interval import Interval, covers, merge
from gapfill.domain.keys import BatchId
from gapfill.domain.ledger import Outcome
from gapfill.domain.plan import Unit
from gapfill.domain.product import Source
from gapfill.domain.request import Request, coalesce
from gapfill.domain.series import Series
from gapfill.domain.subscription import is_of_key, subscription
from gapfill.domain.tariff import localize
from gapfill.errors import (
    AuthRejected,
    ConfigError,
    ErrorCode,
    GapfillError,
    Limit,
    MalformedPayload,
    RateLimited,
    SourceError,
    SourceUnavailable,
    SpanRefused,
    StoreError,
    StoreRefused,
)
from gapfill.services.certificate import Certificate, UnitOutcome, failed
from gapfill.services.context import RunContext
from gapfill.services.empty_answers import as_unproven, doubt_outage
from gapfill.services.key_limits import MEMORY
from gapfill.services.ledger_writer import LedgerWriter
from gapfill.services.ports import Caller, LedgerQuery, LedgerSnapshot, Usage
from gapfill.services.rate_limiter import RateLimiter
from gapfill.services.refused_ranges import all_ranges, joined
from gapfill.services.slot_writer import SlotWriter
from gapfill.services.source_availability import DOWN, block, block_key, blocked, is_down, stand_in
from gapfill.services.source_sessions import REFUSALS, SourceSession, SourceSessions
from gapfill.services.source_status import narrow
from gapfill.services.station_fields import learn_fields, told_fields
from gapfill.services.unit_counts import UnitCounts
from gapfill.sources.model import Answer, Ask

T = TypeVar("T")

INTERRUPTED = "It was interrupted."
"""Note of a unit that a signal without a text ended."""

PATIENCE_S = 65.0
"""Longest refusal, in seconds, for which a unit waits while it holds the source's turn (design,
6). It does not wait for the third refusal in a row."""

OF_ANOTHER_KEY = (
    "The key belongs to another generation of this API, which is a different product; "
    "the next run plans the slots that are left for that product."
)
"""Note of a unit whose product the key may not use, if the key may use another one instead."""
LONGEST_S = 720.0
"""Longest time of a unit whose rate is lower than planned: its task may last 20 min."""


def fill(context: RunContext, unit: Unit, run: str) -> Certificate:
    """Run one unit and return its certificate.

    Args:
        context: The installation.
        unit: The unit.
        run: Id of the run; with the unit's id it names the batch.

    Raises:
        SourceError: If the source failed. Values that were written before remain, and the ledger
            gets no "no data". An unusable answer does not stop the unit's other requests; an
            unreachable source does.
        StoreRefused: If the store permanently refused a part of the write. The unit's other
            requests were made.
        StoreError: If the store failed, or written values could not be read back.
        ConfigError: If the catalogue no longer has the unit's series, source or product.
    """
    certificate, error = attempt(context, unit, run)
    if error is not None:
        raise error
    return certificate


def attempt(
    context: RunContext, unit: Unit, run: str, sessions: SourceSessions | None = None
) -> tuple[Certificate, GapfillError | KeyboardInterrupt | None]:
    """Run one unit and return its certificate, and the error with which it failed.

    The certificate of a failure counts the values that were written before it, which remain. A
    signal that interrupts the unit is such a failure.

    Args:
        context: The installation.
        unit: The unit.
        run: Id of the run.
        sessions: Sources that this process has asked; the unit adds its own.
    """
    try:
        work = _Fill(context, unit, unit.batch(run), run, sessions or SourceSessions())
    except GapfillError as exc:
        return failed(unit, run, exc), exc
    try:
        return work.carry_out(), None
    except (GapfillError, KeyboardInterrupt) as exc:
        return work.failed(exc), exc


class _Fill:
    def __init__(
        self, context: RunContext, unit: Unit, batch: str, run: str, sessions: SourceSessions
    ) -> None:
        self.sessions = sessions
        self.context = context
        self.unit = unit
        self.batch = batch
        self.run = run
        self.series = _known(context.catalog.series, unit.series, "series")
        source: Source = _known(context.catalog.sources, unit.source, "source")
        product = _known({p.name: p for p in source.products}, unit.product, "product")
        self.plain = source, localize(product, self.series)
        self.source, self.product = narrow(*self.plain, {})
        stations = self.series.place.stations
        self.station = next(
            (s for s in stations if s.source == unit.source and s.id == unit.station), None
        )
        self.delivery = SlotWriter(context.store, self.series, unit, batch, context.now)
        self.tally = UnitCounts()
        self.clerk = LedgerWriter(product.key, batch)
        self.limiter = RateLimiter(context, self.source, batch, {})
        self.started = context.monotonic()
        self.is_open = False
        self.is_of_key = True
        self.shown: Mapping[str, float] = {}
        self.refused: list[Interval] = []
        self.skipped: list[datetime] = []
        self.lost: list[Interval] = []
        self.used = Usage()
        self.learned: dict[str, dict[str, float]] = {}

    def carry_out(self) -> Certificate:
        with self.context.sources.turn(self.unit.source):
            refusal = self._begin()
            if refusal:
                return self._certificate(UnitOutcome.DEFERRED, refusal)
            caller = self._caller()
            deferred = self._carry_out_all(caller)
            self.tally.deliver(self.delivery.prove())
        if deferred is not None:
            return self._certificate(UnitOutcome.DEFERRED, deferred)
        outcome = self.tally.outcome(self.unit.slots)
        if not self.is_of_key and outcome not in (UnitOutcome.FILLED, UnitOutcome.PRESENT):
            return self._certificate(UnitOutcome.DEFERRED, OF_ANOTHER_KEY)
        return self._certificate(outcome, self.tally.note())

    def _carry_out_all(self, caller: Caller) -> str | None:
        """Make the requests; return why the rest of them is deferred, ``None`` if none is.

        Raises:
            GapfillError: After the other requests: the first error that did not end the unit. It
                names everything that the store refused.
        """
        useless: list[StoreRefused | MalformedPayload] = []
        for n, request in enumerate(self.unit.requests):
            if not self.is_of_key:
                break
            if n and self._is_too_slow():
                return self._rest(n)
            try:
                self._carry_out(request, caller)
            except RateLimited as exc:
                refusal = block(self.context, self.source, self.product, exc)
                is_wall = exc.limit is Limit.WALL
                return refusal + (stand_in(self.context, self.series, self.unit) if is_wall else "")
            except AuthRejected as exc:
                block_key(self.context, self.source, self.product, exc)
                raise
            except StoreRefused as exc:
                self.refused = merge([*self.refused, *exc.refused])
                self.lost += [*exc.ranges, *exc.partly]
                useless.append(exc)
            except MalformedPayload as exc:
                useless.append(exc)
        if self.skipped:
            grid = self.series.grid
            runs = merge(Interval(slot, grid.end_of(slot)) for slot in self.skipped)
            shards = sorted({s for e in useless if isinstance(e, StoreRefused) for s in e.shards})
            where = all_ranges(runs, shards, grid.count)
            message = (
                f"{self.series.name}: {count(len(self.skipped), 'slot')} not asked for, as the "
                f"store refuses them, from {where}; `status` gives the reason."
            )
            useless.append(StoreRefused(message, ranges=runs))
            self.lost += runs
        if useless:
            raise joined(useless, self.series.grid.count)
        return None

    def _caller(self) -> Caller:
        """Return the caller of the source: from an earlier unit of this process, or a new one."""
        session = self.sessions.opened.get(self._session)
        if session is None:
            self.limiter.start(self.used)
            return self.context.sources.caller(self.unit.source, self.limiter)
        self.limiter, self.is_open = session.limiter, True
        self.limiter.begin(self.batch, self.used)
        self.limiter.start(self.used)
        return session.caller

    @property
    def _session(self) -> tuple[str, str]:
        """Return the key of the session: products of one subscription share their quota."""
        return self.unit.source, subscription(self.product) or ""

    def _is_too_slow(self) -> bool:
        """Return whether the unit, planned for a higher rate, has reached its time limit."""
        return self.limiter.is_slow and self.context.monotonic() - self.started >= LONGEST_S

    def _rest(self, done: int) -> str:
        left = len(self.unit.requests) - done
        return (
            f"{self.source.title} accepts fewer calls a minute than planned, so {left} of "
            f"{len(self.unit.requests)} requests are left for the next run."
        )

    def _begin(self) -> str | None:
        """Read the ledger; return why the unit does not start, ``None`` if it does."""
        context, name = self.context, self.unit.source
        since = context.now - MEMORY
        own = (self.series,)
        inquiry = LedgerQuery(context.now, since, own, is_ledger=False, run=self.run, source=name)
        books = context.store.ledger_snapshot(inquiry)
        self.learned = {subject: dict(facts) for subject, facts in books.limits.items()}
        self.source, self.product = narrow(*self.plain, self.learned)
        refusal = self._refusal(books)
        if refusal is None:
            refused = books.refused.get(self.series.name, ())
            self.refused = merge(one.interval for one in refused if not one.field)
            self.used = books.usage.get(name, Usage())
            self.limiter = RateLimiter(context, self.source, self.batch, self.learned)
        return refusal

    def _refusal(self, books: LedgerSnapshot) -> str | None:
        """Return why the unit does not start: product blocked, down or not allowed for the key."""
        source, product = self.source, self.product
        if subscription(product):
            facts = self.learned.get(source.name, {})
            if not is_of_key(source, product, facts):
                return OF_ANOTHER_KEY
        why = None if self.unit.force else blocked(books.blocks, source, product)
        if not why and self.sessions.has_refused(source.name):
            why = f"{source.title} has refused {REFUSALS} times in a row in this run"
        if why or not is_down(books.outcomes, source, product, tried_by=self.batch):
            return why
        said = f"{self.source.title} could not be reached {DOWN} times in a row in this run"
        kind = EvidenceKind.OTHER
        if self._was_key_refused():
            kind = EvidenceKind.KEY_REFUSED
            said = f"{KEY_REFUSED} {DOWN} times in this run; correct connection {source.connection}"
        # Not "no data", but another source is asked for these slots at once.
        span = self.unit.interval
        line = self.clerk.line(self._ask_for(span), span, Outcome.DEFERRED, said, kind=kind)
        self.context.store.append_ledger([line])
        return said

    def _was_key_refused(self) -> bool:
        """Return whether the source refused the key at the run's last request."""
        lines = self.context.store.answers(self.source.name, self.context.now)
        own = BatchId.prefix(self.run)
        tried = [e for e in lines if e.outcome is Outcome.UNREACHED and e.batch.startswith(own)]
        return bool(tried) and tried[-1].evidence_kind is EvidenceKind.KEY_REFUSED

    def _carry_out(self, request: Request, caller: Caller) -> None:
        """Request slots that are not stored yet, in parts if the source refuses longer requests."""
        open_ = self.delivery.still_to_ask(request, self.product)
        asked = [slot for slot in open_ if not covers(self.refused, slot)]
        self.tally.present += _count(self.series, request.asked) - len(open_)
        self.skipped += sorted(set(open_) - set(asked))
        if not asked:
            return
        self._open(caller)
        grid = self.series.grid
        runs = merge(Interval(slot, grid.end_of(slot)) for slot in asked)
        parts = deque(coalesce(runs, grid, self.product.fits))
        while parts:
            part = parts[0]
            try:
                self._ask(part, caller)
            except SpanRefused as exc:
                self._halve(part, exc)
                left = merge(run for one in parts for run in one.asked)
                parts = deque(coalesce(left, grid, self.product.fits))
            else:
                parts.popleft()

    def _open(self, caller: Caller) -> None:
        """Open the caller once, and apply the limits of the account."""
        if self.is_open:
            return
        ask = self._ask_for(self.unit.interval)
        allowance = self._patiently(lambda: caller.open(ask), ask)
        if allowance is not None:
            self.context.store.save_limits(self.source.name, to_facts(allowance), self.context.now)
            self.limiter.allow(allowance)
            self.product = narrow_product(self.product, allowance)
        self.is_open = True
        self.sessions.opened[self._session] = SourceSession(caller, self.limiter)

    def _halve(self, part: Request, exc: SpanRefused) -> None:
        """Store that the product refuses requests as long as this one, and try half of it.

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
        self.context.store.save_limits(
            self.product.key, {SPAN: span.total_seconds()}, self.context.now
        )

    def _ask(self, part: Request, caller: Caller) -> None:
        """Make a request, write better values, and record the outcome in the ledger."""
        ask = self._ask_for(part.interval)
        answer: Answer = self._patiently(lambda: caller.fetch(ask), ask)
        self.limiter.answered()
        self.sessions.refusals[self.source.name] = 0
        self._learn(answer.facts)
        slots = [slot for run in part.asked for slot in self.series.grid.slots(run)]
        wanted = set(slots)
        # The current weather may belong to the slot before the one asked for.
        readings = [
            reading
            for reading in answer.readings
            if reading.slot in wanted or reading.slot not in ask.interval
        ]
        store, fields = self.context.store, (*self.unit.fields, *self.unit.enrich)
        covered = tuple(n for n in told_fields(self.series, self.product) if n not in fields)
        settled = self.clerk.settle(ask, slots, fields, readings, answer, covered)
        entries = settled.entries
        if not answer.proves:
            entries = as_unproven(entries)
        elif not (answer.readings or answer.rejected or answer.days):
            entries = doubt_outage(store, self.source.name, entries, ask.now)
        own = (self.delivery.asked_part(reading) for reading in readings)
        self.delivery.write([reading for reading in own if reading is not None], entries)
        self.tally.take(answer, settled, readings)
        if self.delivery.is_full:
            self.tally.deliver(self.delivery.prove())
        station, learned = self.station, self.learned
        learn_fields(store, self.series, self.product, station, answer, ask.now, learned)

    def _learn(self, facts: Mapping[str, float]) -> None:
        """Store the facts of the account that an answer shows, once in this unit."""
        if facts and facts != self.shown:
            self.shown = facts
            self.context.store.save_limits(self.source.name, facts, self.context.now)
            self.is_of_key = is_of_key(self.source, self.product, facts)

    def _ask_for(self, interval: Interval) -> Ask:
        return Ask(self.series, self.product, self.station, interval, self.context.now)

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
                self._failed(ask, rest, Outcome.UNREACHED, said, kind)
                raise
            except SourceError as exc:
                self._failed(ask, ask.interval, Outcome.FAILED, str(exc))
                raise

    def _failed(
        self,
        ask: Ask,
        interval: Interval,
        outcome: Outcome,
        said: str,
        kind: EvidenceKind = EvidenceKind.OTHER,
    ) -> None:
        self.context.store.append_ledger([self.clerk.line(ask, interval, outcome, said, kind=kind)])

    def failed(self, exc: GapfillError | KeyboardInterrupt) -> Certificate:
        """Return the certificate of a failure, with the values that were written before it."""
        note = str(exc) or INTERRUPTED
        try:
            self.tally.deliver(self.delivery.prove())
        except StoreError as unread:
            if str(unread) != note:
                note += f" Values that were written before could not be read back: {unread}"
        return self._certificate(UnitOutcome.FAILED, note, ErrorCode.of(exc))

    def _certificate(
        self, outcome: UnitOutcome, note: str, error: ErrorCode = ErrorCode.NONE
    ) -> Certificate:
        return Certificate(
            batch=self.batch,
            unit=self.unit.label,
            series=self.unit.series,
            source=self.unit.source,
            calls=self.limiter.calls,
            slots_asked=self.unit.slots,
            slots_filled=self.tally.filled,
            slots_enriched=self.tally.enriched,
            grade=min(self.tally.grades, default=self.product.grade).label,
            outcome=outcome,
            seconds=round(self.context.monotonic() - self.started, 3),
            rejected=self.tally.rejected,
            note=note,
            error=error,
            slots_unproven=self.delivery.unproven,
            refused=tuple(merge(self.lost)),
        )


def _known(items: Mapping[str, T], name: str, kind: str) -> T:
    if name not in items:
        message = f"The catalogue no longer has the {kind} {name!r}; plan again."
        raise ConfigError(message)
    return items[name]


def _count(series: Series, runs: Iterable[Interval]) -> int:
    return sum(series.grid.count(run) for run in runs)
