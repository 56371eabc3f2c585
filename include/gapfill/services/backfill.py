"""Runs one unit: fetch, check, write, read back, request by request.

The answer to each request is written before the next request is sent. So a kill loses at most one
answer, and a retry skips slots that are already stored.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime

from gapfill.domain.formatting import count
from gapfill.domain.interval import Interval, covers, merge
from gapfill.domain.plan import Unit
from gapfill.domain.request import Request, coalesce
from gapfill.errors import (
    AuthRejected,
    ErrorCode,
    GapfillError,
    Limit,
    MalformedPayload,
    RateLimited,
    SpanRefused,
    StoreError,
    StoreRefused,
)
from gapfill.services.certificate import Certificate, UnitOutcome, failed
from gapfill.services.context import RunContext
from gapfill.services.empty_answers import as_unproven, doubt_outage
from gapfill.services.key_limits import MEMORY
from gapfill.services.ports import LedgerQuery
from gapfill.services.refused_ranges import all_ranges, joined
from gapfill.services.slot_writer import SlotWriter
from gapfill.services.source_availability import block, block_key, stand_in
from gapfill.services.source_calls import SourceCalls, known
from gapfill.services.source_sessions import SourceSessions
from gapfill.services.station_fields import learn_fields, told_fields
from gapfill.services.unit_counts import UnitCounts
from gapfill.services.unit_refusal import OF_ANOTHER_KEY, why_not_start

INTERRUPTED = "It was interrupted."
"""Note of a unit that a signal without a text ended."""


def attempt(
    context: RunContext, unit: Unit, run: str, sessions: SourceSessions | None = None
) -> tuple[Certificate, GapfillError | KeyboardInterrupt | None]:
    """Run one unit and return its certificate, and the error with which it failed.

    The certificate of a failure counts the values that were written before it, which remain. A
    signal that interrupts the unit is such a failure. If the source fails, the ledger gets no "no
    data"; an unusable answer or a refusal by the store does not stop the unit's other requests.

    Args:
        context: The installation.
        unit: The unit.
        run: Id of the run; with the unit's id it names the batch.
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
        self.context = context
        self.unit = unit
        self.batch = batch
        self.run = run
        self.series = known(context.catalog.series, unit.series, "series")
        self.calls = SourceCalls(context, self.series, unit, batch, sessions)
        self.delivery = SlotWriter(context.store, self.series, unit, batch, context.now)
        self.tally = UnitCounts()
        self.refused: list[Interval] = []
        self.skipped: list[datetime] = []
        self.lost: list[Interval] = []

    def carry_out(self) -> Certificate:
        with self.context.sources.turn(self.unit.source):
            deferred = self._begin() or self._carry_out_all()
            self.tally.deliver(self.delivery.prove())
        if deferred is not None:
            return self._certificate(UnitOutcome.DEFERRED, deferred)
        outcome = self.tally.outcome(self.unit.slots)
        if not self.calls.is_of_key and outcome not in (UnitOutcome.FILLED, UnitOutcome.PRESENT):
            return self._certificate(UnitOutcome.DEFERRED, OF_ANOTHER_KEY)
        return self._certificate(outcome, self.tally.note())

    def _begin(self) -> str | None:
        """Read the ledger; return why the unit does not start, ``None`` if it does."""
        now, own = self.context.now, (self.series,)
        inquiry = LedgerQuery(
            now, now - MEMORY, own, is_ledger=False, run=self.run, source=self.unit.source
        )
        books = self.context.store.ledger_snapshot(inquiry)
        self.calls.apply_limits(books)
        refusal = why_not_start(self.calls, books, self.run)
        if refusal is None:
            refused = books.refused.get(self.series.name, ())
            self.refused = merge(one.interval for one in refused if not one.field)
            self.calls.start(books)
        return refusal

    def _carry_out_all(self) -> str | None:
        """Make the requests; return why the rest of them is deferred, ``None`` if none is.

        Raises:
            GapfillError: After the other requests: the first error that did not end the unit. It
                names everything that the store refused.
        """
        calls = self.calls
        useless: list[StoreRefused | MalformedPayload] = []
        for n, request in enumerate(self.unit.requests):
            if not calls.is_of_key:
                break
            if n and calls.is_too_slow:
                return self._rest(n)
            try:
                self._carry_out(request)
            except RateLimited as exc:
                refusal = block(self.context, calls.source, calls.product, exc)
                is_wall = exc.limit is Limit.WALL
                return refusal + (stand_in(self.context, self.series, self.unit) if is_wall else "")
            except AuthRejected as exc:
                block_key(self.context, calls.source, calls.product, exc)
                raise
            except StoreRefused as exc:
                self.refused = merge([*self.refused, *exc.refused])
                self.lost += [*exc.ranges, *exc.partly]
                useless.append(exc)
            except MalformedPayload as exc:
                useless.append(exc)
        if self.skipped:
            grid = self.series.grid
            runs = grid.runs(self.skipped)
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

    def _rest(self, done: int) -> str:
        requests = len(self.unit.requests)
        return (
            f"{self.calls.source.title} accepts fewer calls a minute than planned, so "
            f"{requests - done} of {requests} requests are left for the next run."
        )

    def _carry_out(self, request: Request) -> None:
        """Request slots that are not stored yet, in parts if the source refuses longer requests."""
        calls, grid = self.calls, self.series.grid
        open_ = self.delivery.still_to_ask(request, calls.product)
        asked = [slot for slot in open_ if not covers(self.refused, slot)]
        self.tally.present += grid.total(request.asked) - len(open_)
        self.skipped += sorted(set(open_) - set(asked))
        if not asked:
            return
        calls.open()
        parts = deque(coalesce(grid.runs(asked), grid, calls.product.fits))
        while parts:
            part = parts[0]
            try:
                self._ask(part)
            except SpanRefused as exc:
                calls.halve(part, exc)
                left = merge(run for one in parts for run in one.asked)
                parts = deque(coalesce(left, grid, calls.product.fits))
            else:
                parts.popleft()

    def _ask(self, part: Request) -> None:
        """Make a request, write better values, and record the outcome in the ledger."""
        calls, store = self.calls, self.context.store
        ask = calls.ask_for(part.interval)
        answer = calls.fetch(ask)
        slots = [slot for run in part.asked for slot in self.series.grid.slots(run)]
        wanted = set(slots)
        # The current weather may belong to the slot before the one asked for.
        readings = [
            reading
            for reading in answer.readings
            if reading.slot in wanted or reading.slot not in ask.interval
        ]
        fields = (*self.unit.fields, *self.unit.enrich)
        covered = tuple(n for n in told_fields(self.series, calls.product) if n not in fields)
        settled = calls.clerk.settle(ask, slots, fields, readings, answer, covered)
        entries = settled.entries
        if not answer.proves:
            entries = as_unproven(entries)
        elif not (answer.readings or answer.rejected or answer.days):
            entries = doubt_outage(store, self.unit.source, entries, ask.now)
        own = (self.delivery.asked_part(reading) for reading in readings)
        self.delivery.write([reading for reading in own if reading is not None], entries)
        self.tally.take(answer, settled, readings)
        if self.delivery.is_full:
            self.tally.deliver(self.delivery.prove())
        learn_fields(store, ask, answer, calls.learned)

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
            calls=self.calls.limiter.calls,
            slots_asked=self.unit.slots,
            slots_filled=self.tally.filled,
            slots_enriched=self.tally.enriched,
            grade=min(self.tally.grades, default=self.calls.product.grade).label,
            outcome=outcome,
            seconds=round(self.calls.seconds, 3),
            rejected=self.tally.rejected,
            note=note,
            error=error,
            slots_unproven=self.delivery.unproven,
            refused=tuple(merge(self.lost)),
        )
