"""Carries out one unit: fetch, check, write, read back, request by request.

Each request is written before the next is sent, so a kill loses no more than one
answer, and a retry skips what stands.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from gapfill.domain.account_limits import SPAN, narrow_product, to_facts
from gapfill.domain.evidence import KEY_REFUSED, EvidenceKind
from gapfill.domain.formatting import count
from gapfill.domain.interval import Interval, merge
from gapfill.domain.keys import BatchId
from gapfill.domain.ledger import Outcome
from gapfill.domain.request import coalesce
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
from gapfill.services.empty_answers import doubt_outage, without_verdict
from gapfill.services.key_limits import MEMORY
from gapfill.services.ledger_writer import LedgerWriter
from gapfill.services.ports import LedgerQuery, Usage
from gapfill.services.rate_limiter import RateLimiter
from gapfill.services.refused_ranges import all_ranges, joined
from gapfill.services.slot_writer import SlotWriter
from gapfill.services.source_availability import DOWN, block, block_key, blocked, is_down, stand_in
from gapfill.services.source_sessions import REFUSALS, SourceSession, SourceSessions
from gapfill.services.source_status import narrow
from gapfill.services.station_fields import learn_fields, told_fields
from gapfill.services.unit_counts import UnitCounts
from gapfill.sources.model import Answer, Ask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from gapfill.domain.plan import Unit
    from gapfill.domain.product import Source
    from gapfill.domain.request import Request
    from gapfill.domain.series import Series
    from gapfill.services.context import RunContext
    from gapfill.services.ports import Caller, LedgerSnapshot

T = TypeVar("T")

INTERRUPTED = "It was interrupted."
"""Ends a unit where a signal says nothing of its own."""

PATIENCE_S = 65.0
"""A refusal of up to this long is waited out in place, holding the source's turn (design, 6),
but the third one in a row is not."""

OF_ANOTHER_KEY = (
    "The key turned out to be of another generation of this API, which has a product of its own; "
    "the slots that are left are planned again for that one."
)
"""Ends a unit of a product that the key does not open, where it opens another one instead."""
LONGEST_S = 720.0
"""A unit whose pace turned out slower than planned ends after so long: its task may last 20 min."""


def fill(context: RunContext, unit: Unit, run: str) -> Certificate:
    """Carry out one unit and return its certificate.

    Args:
        context: The installation.
        unit: What to do.
        run: Id of the run; with the unit's id it names the batch.

    Raises:
        SourceError: If the source failed; what was written before stands, and the
            ledger holds no verdict. After an answer of no use the unit's other
            requests are still made, after a source that cannot be reached not.
        StoreRefused: If the store took a part of what was written, for good; the unit's
            other requests were made.
        StoreError: If the store failed, or what was written could not be read back.
        ConfigError: If the unit names what the catalogue no longer has.
    """
    certificate, error = attempt(context, unit, run)
    if error is not None:
        raise error
    return certificate


def attempt(
    context: RunContext, unit: Unit, run: str, sessions: SourceSessions | None = None
) -> tuple[Certificate, GapfillError | KeyboardInterrupt | None]:
    """Carry out one unit and return its certificate, and the error with which it failed.

    The certificate of a failure says what was written before, which stands; a signal that
    interrupts the unit is such a failure.

    Args:
        context: The installation.
        unit: What to do.
        run: Id of the run.
        sessions: Sources that this process has asked; what happens is added.
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
        self.pace = RateLimiter(context, self.source, batch, {})
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
        if not self.is_of_key and outcome not in (UnitOutcome.FILLED, UnitOutcome.STOOD):
            return self._certificate(UnitOutcome.DEFERRED, OF_ANOTHER_KEY)
        return self._certificate(outcome, self.tally.note())

    def _carry_out_all(self, caller: Caller) -> str | None:
        """Carry out the requests, and return why the rest of them is deferred, if it is.

        Raises:
            GapfillError: The first error that did not end the unit, after its other requests;
                it names all that the store refused.
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
                self.refused += exc.refused
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
                f"store refuses them, from {where}; status says why."
            )
            useless.append(StoreRefused(message, ranges=runs))
            self.lost += runs
        if useless:
            raise joined(useless, self.series.grid.count)
        return None

    def _caller(self) -> Caller:
        """Return the source: as an earlier unit of this process left it, or to be opened."""
        session = self.sessions.opened.get(self._session)
        if session is None:
            self.pace.start(self.used)
            return self.context.sources.caller(self.unit.source, self.pace)
        self.pace, self.is_open = session.pace, True
        self.pace.begin(self.batch, self.used)
        self.pace.start(self.used)
        return session.caller

    @property
    def _session(self) -> tuple[str, str]:
        """Return the key of the session: products of one subscription share their quota."""
        return self.unit.source, subscription(self.product) or ""

    def _is_too_slow(self) -> bool:
        """Tell whether the unit, planned for a faster pace, has lasted long enough."""
        return self.pace.is_slow and self.context.monotonic() - self.started >= LONGEST_S

    def _rest(self, done: int) -> str:
        left = len(self.unit.requests) - done
        return (
            f"{self.source.title} accepts fewer calls a minute than were planned for, so {left} of "
            f"{len(self.unit.requests)} requests are left for the next run."
        )

    def _begin(self) -> str | None:
        """Look at the books, and return why the unit is not begun; ``None`` where it is."""
        context, name = self.context, self.unit.source
        since = context.now - MEMORY
        own = (self.series,)
        inquiry = LedgerQuery(context.now, since, own, is_ledger=False, run=self.run, source=name)
        books = context.store.ledger_snapshot(inquiry)
        self.learned = {subject: dict(facts) for subject, facts in books.limits.items()}
        self.source, self.product = narrow(*self.plain, self.learned)
        refusal = self._refusal(books)
        if refusal is None:
            self.refused = [
                one.interval for one in books.refused.get(self.series.name, ()) if not one.field
            ]
            self.used = books.usage.get(name, Usage())
            self.pace = RateLimiter(context, self.source, self.batch, self.learned)
        return refusal

    def _refusal(self, books: LedgerSnapshot) -> str | None:
        """Return why the unit is not begun: its product is blocked, down, or not of the key."""
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
        # No verdict, but so that another source stands in for these slots at once.
        span = self.unit.interval
        line = self.clerk.line(self._ask_for(span), span, Outcome.DEFERRED, said, kind=kind)
        self.context.store.append_ledger([line])
        return said

    def _was_key_refused(self) -> bool:
        """Tell whether the run's last request to the source ended with a refused key."""
        lines = self.context.store.answers(self.source.name, self.context.now)
        own = BatchId.prefix(self.run)
        tried = [e for e in lines if e.outcome is Outcome.UNREACHED and e.batch.startswith(own)]
        return bool(tried) and tried[-1].evidence_kind is EvidenceKind.KEY_REFUSED

    def _carry_out(self, request: Request, caller: Caller) -> None:
        """Ask what does not stand yet, in parts where the source takes no longer ones."""
        open_ = self.delivery.still_to_ask(request, self.product)
        asked = [slot for slot in open_ if not any(slot in run for run in self.refused)]
        self.tally.stood += _count(self.series, request.asked) - len(open_)
        self.skipped += sorted(set(open_) - set(asked))
        if not asked:
            return
        self._open(caller)
        grid = self.series.grid
        rest = merge(Interval(slot, grid.end_of(slot)) for slot in asked)
        while rest:
            part = coalesce(rest, grid, self.product.fits)[0]
            try:
                self._ask(part, caller)
            except SpanRefused as exc:
                self._halve(part, exc)
            else:
                rest = [run for run in rest if run.end > part.end]
                if rest and rest[0].start < part.end:
                    rest[0] = Interval(part.end, rest[0].end)

    def _open(self, caller: Caller) -> None:
        """Let the caller begin, once, and keep to what the account turns out to allow."""
        if self.is_open:
            return
        ask = self._ask_for(self.unit.interval)
        allowance = self._patiently(lambda: caller.open(ask), ask)
        if allowance is not None:
            self.context.store.save_limits(self.source.name, to_facts(allowance), self.context.now)
            self.pace.allow(allowance)
            self.product = narrow_product(self.product, allowance)
        self.is_open = True
        self.sessions.opened[self._session] = SourceSession(caller, self.pace)

    def _halve(self, part: Request, exc: SpanRefused) -> None:
        """Remember that the product takes no request as long as this one, and half of it perhaps.

        Raises:
            MalformedPayload: If the request was as short as can be.
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
        """Ask, write what is better, and note in the ledger what was said."""
        ask = self._ask_for(part.interval)
        answer: Answer = self._patiently(lambda: caller.fetch(ask), ask)
        self.pace.answered()
        self.sessions.refusals[self.source.name] = 0
        self._learn(answer.facts)
        slots = [slot for run in part.asked for slot in self.series.grid.slots(run)]
        wanted = set(slots)
        # The weather of now may belong to the slot before the one asked for.
        readings = [
            reading
            for reading in answer.readings
            if reading.slot in wanted or reading.slot not in ask.interval
        ]
        store, fields = self.context.store, (*self.unit.fields, *self.unit.enrich)
        told = tuple(n for n in told_fields(self.series, self.product) if n not in fields)
        settled = self.clerk.settle(ask, slots, fields, readings, answer, told)
        entries = settled.entries
        if not answer.proves:
            entries = without_verdict(entries)
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
        """Remember what an answer showed of the account, once in this unit."""
        if facts and facts != self.shown:
            self.shown = facts
            self.context.store.save_limits(self.source.name, facts, self.context.now)
            self.is_of_key = is_of_key(self.source, self.product, facts)

    def _ask_for(self, interval: Interval) -> Ask:
        return Ask(self.series, self.product, self.station, interval, self.context.now)

    def _patiently(self, call: Callable[[], T], ask: Ask) -> T:
        """Call, waiting out short refusals; a failure is noted and passed on."""
        refusals, name = self.sessions.refusals, self.source.name
        while True:
            try:
                return call()
            except RateLimited as exc:
                self.pace.refused(exc)
                refusals[name] += 1
                if exc.retry_after > PATIENCE_S or refusals[name] >= REFUSALS:
                    raise
                self.context.sleep(exc.retry_after)
            except SpanRefused:
                raise
            except (SourceUnavailable, AuthRejected) as exc:
                # The unit ends here: another source may stand in for the rest of it as well.
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
        """Return the certificate of a failure, with what was written before and is there."""
        note = str(exc) or INTERRUPTED
        try:
            self.tally.deliver(self.delivery.prove())
        except StoreError as unread:
            if str(unread) != note:
                note += f" What was written before could not be read back: {unread}"
        return self._certificate(UnitOutcome.FAILED, note, ErrorCode.of(exc))

    def _certificate(
        self, outcome: UnitOutcome, note: str, error: ErrorCode = ErrorCode.NONE
    ) -> Certificate:
        return Certificate(
            batch=self.batch,
            unit=self.unit.label,
            series=self.unit.series,
            source=self.unit.source,
            calls=self.pace.calls,
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
        message = f"The catalogue has no {kind} {name!r} any more; plan again."
        raise ConfigError(message)
    return items[name]


def _count(series: Series, runs: Iterable[Interval]) -> int:
    return sum(series.grid.count(run) for run in runs)
