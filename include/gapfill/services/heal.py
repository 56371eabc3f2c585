"""Plans and fills in this process, in rounds, until there is nothing new to request."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple, Protocol

from gapfill.domain.interval import Interval, is_within, merge
from gapfill.domain.keys import ProductKey
from gapfill.domain.ledger import Outcome
from gapfill.domain.plan import Plan, Unit, Unread
from gapfill.errors import (
    AuthRejected,
    ConfigError,
    GapfillError,
    SourceError,
    SourceUnavailable,
    StoreRefused,
)
from gapfill.services.backfill import INTERRUPTED, attempt
from gapfill.services.certificate import Certificate, UnitOutcome
from gapfill.services.clean_up import clean_up
from gapfill.services.context import RunContext
from gapfill.services.detection import Report, detect
from gapfill.services.interrupted import broken_off
from gapfill.services.planning import RunRequest, detect_all, make_plan
from gapfill.services.source_availability import is_down
from gapfill.services.source_faults import faults, with_faults
from gapfill.services.source_sessions import SourceSessions
from gapfill.services.station_fields import told_fields
from gapfill.services.summary import Summary, summarize

ROUNDS = 3
"""Maximum rounds: if a source fails in one, another can replace it in the next (design, 13)."""


class ProgressObserver(Protocol):
    """Progress observer."""

    def planned(self, plan: Plan) -> None:
        """Called when the plan of a round is made."""

    def began(self, unit: Unit) -> None:
        """Called when a unit starts."""

    def ended(self, certificate: Certificate) -> None:
        """Called when a unit has ended or failed."""


class Healed(NamedTuple):
    """Result of a healing.

    Attributes:
        summary: As of a run.
        certificates: One per unit, in order.
        after: Reports over the selected series and range, from after the healing.
        plan: The last plan, with the slots that wait or cannot be healed; empty if an error or a
            signal came before the first plan. It names every series that could not be read
            before or after.
        refused: Sources, or products by their key, that a person must correct: a refused key, or
            a needed connection or folder that cannot be used.
        error: The error or signal that ended it early, ``None`` if there was none. With an error
            the state afterwards is unknown, and the summary counts only the plan and the
            certificates.
    """

    summary: Summary
    certificates: list[Certificate]
    after: list[Report]
    plan: Plan
    refused: tuple[str, ...] = ()
    error: GapfillError | KeyboardInterrupt | None = None


def heal(context: RunContext, order: RunRequest, run: str, watcher: ProgressObserver) -> Healed:
    """Run a request, in three rounds at most.

    Series that cannot be read are skipped and named in the result.

    Args:
        context: The installation.
        order: The request.
        run: Id of this healing, new each time.
        watcher: Observer of the progress.

    Raises:
        RequestError: If the request is invalid.
        StoreError: If the store failed before the first unit, or no series can be read.
    """
    order = replace(order, one_process=True)
    order.check(context)
    work = _Work(context, order, run, watcher)
    try:
        return work.carry_out()
    except GapfillError as exc:
        if not work.certificates:  # no unit was started
            raise
        return work.broken_off(exc)
    except KeyboardInterrupt as exc:
        return work.broken_off(exc)


class _Answered(NamedTuple):
    """One field of a series that a product at a station was asked for."""

    series: str
    product: ProductKey
    station: str | None
    field: str


class _Work:
    def __init__(
        self, context: RunContext, order: RunRequest, run: str, watcher: ProgressObserver
    ) -> None:
        self.context = context
        self.order = order
        self.run = run
        self.watcher = watcher
        self.started = context.monotonic()
        self.before: list[Report] = []
        self.seen: list[Report] = []
        self.plans: list[Plan] = []
        self.certificates: list[Certificate] = []
        self.answered: dict[_Answered, list[Interval]] = {}
        self.refused: set[str] = set()
        self.down: set[str] = set()
        self.sessions = SourceSessions()
        self.last: GapfillError | KeyboardInterrupt | None = None

    def carry_out(self) -> Healed:
        context, order = self.context, self.order
        context.store.verify()
        self.before = self.seen = before = after = detect_all(context, order)
        for _ in range(ROUNDS):
            if not self._round(after):
                break
            self.seen = after = detect_all(context, order)
            if order.refresh:
                break
        left = make_plan(context, order, after)
        within = detect(context, order.selection) if order.selection.has_range else after
        lost = {u.series: u for u in (*self.plans[-1].unread, *left.unread)}
        lost |= {r.series: Unread(r.series, r.error) for r in within if r.error}
        left = replace(left, unread=tuple(lost.values()))
        self.plans[-1] = replace(self.plans[-1], unread=left.unread)
        summary = summarize(
            context,
            self.run,
            self.plans,
            self.certificates,
            before,
            after,
            context.monotonic() - self.started,
            order.selection.interval,
        )
        unusable = faults(context, order, after)
        summary = with_faults(summary, unusable)
        if self.certificates:
            clean_up(context)
        refused = tuple(sorted({*self.refused, *unusable}))
        return Healed(summary, self.certificates, within, left, refused)

    def _round(self, reports: Sequence[Report]) -> bool:
        """Make a plan and run it; return whether it had units."""
        plan = self._plan(reports)
        while found := _down(self.context, self.run, plan.units, self.refused):
            self.down |= found
            plan = self._plan(reports)
        if not all(self._is_new(unit) for unit in plan.units):
            plan = self._plan(
                reports, self._is_new
            )  # only now: other sources may replace one that failed
        if self.plans and not plan.units:
            self.plans[-1] = replace(self.plans[-1], unread=plan.unread)
            return False
        self.plans.append(_without_repeats(plan, self.plans))
        self.watcher.planned(plan)
        for unit in plan.units:
            self.watcher.began(unit)
            certificate, error = attempt(self.context, unit, self.run, self.sessions)
            self.certificates.append(certificate)
            self.last = error
            self.watcher.ended(certificate)
            if not self._may_pass(unit, certificate, error):
                for covered in _covered_by(self.context, unit):
                    self.answered.setdefault(covered, []).extend(unit.asked)
        self.answered = {covered: merge(runs) for covered, runs in self.answered.items()}
        return True

    def _plan(
        self, reports: Sequence[Report], is_new: Callable[[Unit], bool] = lambda _: True
    ) -> Plan:
        order = replace(self.order, without=frozenset(self.down))
        return make_plan(self.context, order, reports, self.sessions.sources, is_new)

    def _is_new(self, unit: Unit) -> bool:
        """Return whether the product has not yet answered for a slot of the unit."""
        return any(
            not is_within(unit.asked, self.answered.get(_answered(unit, name), ()))
            for name in (*unit.fields, *unit.enrich)
        )

    def _may_pass(
        self, unit: Unit, certificate: Certificate, error: GapfillError | KeyboardInterrupt | None
    ) -> bool:
        """Return whether the next round may repeat the request.

        It does not repeat a problem that only a person or a later answer can solve: a refused
        key, an unusable answer, points that the store refuses. If a key is refused, the source or
        product is recorded, because no other unit of it can succeed.

        Raises:
            GapfillError: If the store failed: nothing more can be done.
            KeyboardInterrupt: If a signal ended the unit.
        """
        if error is None:
            return certificate.outcome is UnitOutcome.DEFERRED
        if not isinstance(error, SourceError | ConfigError | StoreRefused):
            raise error
        if isinstance(error, AuthRejected):
            self.refused.add(error.product or unit.source)
        elif isinstance(error, ConfigError):
            self.refused.add(unit.source)
        return isinstance(error, SourceUnavailable)

    def broken_off(self, exc: GapfillError | KeyboardInterrupt) -> Healed:
        """Return the result up to the error or signal that ended it."""
        summary = broken_off(
            self.context,
            self.plans,
            self.certificates,
            self.before,
            self.seen,
            None if exc is self.last else str(exc) or INTERRUPTED,
            self.context.monotonic() - self.started,
            self.order.selection.interval,
        )
        plan = self.plans[-1] if self.plans else Plan(self.context.now, ())
        return Healed(summary, self.certificates, [], plan, tuple(sorted(self.refused)), error=exc)


def _down(context: RunContext, run: str, units: Sequence[Unit], refused: set[str]) -> set[str]:
    """Return the keys of the planned products that this run no longer asks."""
    down: set[str] = set()
    outcomes: dict[str, list[tuple[str, Outcome]]] = {}
    for key, unit in {str(u.asks): u for u in units}.items():
        source = context.catalog.sources[unit.source]
        product = next(p for p in source.products if p.name == unit.product)
        if unit.source not in outcomes:
            outcomes[unit.source] = context.store.outcomes(run, unit.source)
        if refused & {unit.source, key} or is_down(outcomes[unit.source], source, product):
            down.add(key)
    return down


def _without_repeats(plan: Plan, earlier: Sequence[Plan]) -> Plan:
    """Remove units that an earlier round tried: their batch is the same and counts once."""
    tried = {unit.id for before in earlier for unit in before.units}
    return replace(plan, units=tuple(u for u in plan.units if u.id not in tried))


def _covered_by(context: RunContext, unit: Unit) -> list[_Answered]:
    """Return the fields that an answer to a unit covers, asked for or not.

    If another source is asked for some fields, an answer can have their values without storing
    them.
    """
    fields = [*unit.fields, *unit.enrich]
    if not unit.elsewhere:
        source = context.catalog.sources[unit.source]
        product = next(p for p in source.products if p.name == unit.product)
        fields += told_fields(context.catalog.series[unit.series], product)
    return [_answered(unit, name) for name in set(fields)]


def _answered(unit: Unit, field: str) -> _Answered:
    return _Answered(unit.series, unit.asks, unit.station, field)
