"""Plans and fills in this process, again and again until nothing new can be asked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, Protocol

from gapfill.domain.interval import merge, subtract
from gapfill.domain.plan import Plan, Unread
from gapfill.errors import (
    AuthRejected,
    ConfigError,
    GapfillError,
    SourceError,
    SourceUnavailable,
    StoreRefused,
)
from gapfill.services.backfill import INTERRUPTED, attempt
from gapfill.services.certificate import UnitOutcome
from gapfill.services.detection import detect
from gapfill.services.interrupted import broken_off
from gapfill.services.planning import detect_all, make_plan
from gapfill.services.source_availability import is_down
from gapfill.services.source_faults import faults, with_faults
from gapfill.services.source_sessions import SourceSessions
from gapfill.services.station_fields import told_fields
from gapfill.services.summary import Summary, summarize

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gapfill.domain.interval import Interval
    from gapfill.domain.keys import ProductKey
    from gapfill.domain.ledger import Outcome
    from gapfill.domain.plan import Unit
    from gapfill.services.certificate import Certificate
    from gapfill.services.context import RunContext
    from gapfill.services.detection import Report
    from gapfill.services.planning import RunRequest

ROUNDS = 3
"""Rounds at most: a source that fails in one may be stood in for in the next (design, 13)."""


class ProgressObserver(Protocol):
    """Progress observer."""

    def planned(self, plan: Plan) -> None:
        """A round's plan is made."""

    def began(self, unit: Unit) -> None:
        """A unit is begun."""

    def ended(self, certificate: Certificate) -> None:
        """A unit has ended, well or not."""


class Healed(NamedTuple):
    """What healing came to.

    Attributes:
        summary: As of a run.
        certificates: One per unit, in order.
        after: Reports over what was selected, after.
        plan: The last plan, which says what waits and what cannot be healed; an empty one where
            it was ended before one was made. It names every series that could not be read
            before or after, and so was not healed or is not known to be.
        refused: Sources, or products by their key, that only a person can set right: a key
            that was refused, or a connection or folder that cannot be used and is needed.
        error: What ended it before its end, a signal too, ``None`` where nothing did. Then
            nothing is known of what is there after, and the summary counts what the plan and
            the certificates say.
    """

    summary: Summary
    certificates: list[Certificate]
    after: list[Report]
    plan: Plan
    refused: tuple[str, ...] = ()
    error: GapfillError | KeyboardInterrupt | None = None


def heal(context: RunContext, order: RunRequest, run: str, watcher: ProgressObserver) -> Healed:
    """Carry out what the order asks for, three rounds at most.

    Series that cannot be read are left out, and named.

    Args:
        context: The installation.
        order: What to do.
        run: Id of this healing, new each time.
        watcher: Who is told.

    Raises:
        RequestError: If the order makes no sense.
        StoreError: If the store failed before anything was begun, or no series can be read.
    """
    order = replace(order, one_process=True)
    order.check(context)
    work = _Work(context, order, run, watcher)
    try:
        return work.carry_out()
    except GapfillError as exc:
        if not work.certificates:  # nothing was begun
            raise
        return work.broken_off(exc)
    except KeyboardInterrupt as exc:
        return work.broken_off(exc)


class _Answered(NamedTuple):
    """What a product of a station was asked for: one field of a series."""

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
        refused = tuple(sorted({*self.refused, *unusable}))
        return Healed(summary, self.certificates, within, left, refused)

    def _round(self, reports: Sequence[Report]) -> bool:
        """Plan and carry the plan out; return whether there was anything to carry out."""
        plan = self._plan(reports)
        while found := _down(self.context, self.run, plan.units, self.refused):
            self.down |= found
            plan = self._plan(reports)
        if not all(self._is_new(unit) for unit in plan.units):
            plan = self._plan(reports, self._is_new)  # only now: others stand in for what failed
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
                for told in _told_of(self.context, unit):
                    self.answered.setdefault(told, []).extend(unit.asked)
        return True

    def _plan(
        self, reports: Sequence[Report], is_new: Callable[[Unit], bool] = lambda _: True
    ) -> Plan:
        order = replace(self.order, without=frozenset(self.down))
        return make_plan(self.context, order, reports, self.sessions.sources, is_new)

    def _is_new(self, unit: Unit) -> bool:
        """Tell whether some slot of the unit was not answered yet by its product."""
        return any(
            subtract(merge(unit.asked), merge(self.answered.get(_answered(unit, name), ())))
            for name in (*unit.fields, *unit.enrich)
        )

    def _may_pass(
        self, unit: Unit, certificate: Certificate, error: GapfillError | KeyboardInterrupt | None
    ) -> bool:
        """Tell whether the same may be asked again in the next round.

        What only a person or a later answer can mend is not: a refused key, an answer of no
        use, points that the store does not take. What a refused key does not open is noted,
        the source or one product of it: another try of any such unit would be of no use.

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
        """Return what was done until an error or a signal ended it."""
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
    """Return the keys of the planned products that this run does not ask any more."""
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
    """Leave out units tried in an earlier round: their batch is the same, and counts once."""
    tried = {unit.id for before in earlier for unit in before.units}
    return replace(plan, units=tuple(u for u in plan.units if u.id not in tried))


def _told_of(context: RunContext, unit: Unit) -> list[_Answered]:
    """Return what an answer to a unit tells of, asked for or not.

    Where another source is asked for some of the fields, a value may be there and not stored.
    """
    fields = [*unit.fields, *unit.enrich]
    if not unit.elsewhere:
        source = context.catalog.sources[unit.source]
        product = next(p for p in source.products if p.name == unit.product)
        fields += told_fields(context.catalog.series[unit.series], product)
    return [_answered(unit, name) for name in set(fields)]


def _answered(unit: Unit, field: str) -> _Answered:
    return _Answered(unit.series, unit.asks, unit.station, field)
