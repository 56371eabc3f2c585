"""Plans and fills in this process, again and again until nothing new can be asked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, Protocol

from gapfill.domain.interval import Interval, merge, subtract
from gapfill.errors import (
    AuthRejected,
    ConfigError,
    SourceError,
    SourceUnavailable,
    StoreRefused,
)
from gapfill.services.detect import detect
from gapfill.services.faults import faults, with_faults
from gapfill.services.fill import attempt
from gapfill.services.planner import make_plan, survey
from gapfill.services.refusals import is_down
from gapfill.services.summary import Summary, summarize

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gapfill.domain.ledger import Outcome
    from gapfill.domain.plan import Plan, Unit
    from gapfill.services.certificate import Certificate
    from gapfill.services.detect import Report
    from gapfill.services.planner import Order
    from gapfill.services.site import Site

ROUNDS = 3
"""Rounds at most: a source that fails in one may be stood in for in the next (design, 13)."""


class Watcher(Protocol):
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
        plan: The last plan, which says what waits and what cannot be healed.
        refused: Sources, or products by their key, that only a person can set right: a key
            that was refused, or a connection or folder that cannot be used and is needed.
    """

    summary: Summary
    certificates: list[Certificate]
    after: list[Report]
    plan: Plan
    refused: tuple[str, ...] = ()


def heal(site: Site, order: Order, run: str, watcher: Watcher) -> Healed:
    """Carry out what the order asks for, three rounds at most.

    Args:
        site: The installation.
        order: What to do.
        run: Id of this healing, new each time.
        watcher: Who is told.

    Raises:
        RequestError: If the order makes no sense.
        StoreError: If the store fails; what was written before stands.
    """
    order.check(site)
    site.store.verify()
    started = site.monotonic()
    before = after = survey(site, order)
    plans: list[Plan] = []
    certificates: list[Certificate] = []
    answered: dict[str, list[Interval]] = {}
    refused: set[str] = set()
    for _ in range(ROUNDS):
        plan = make_plan(site, order, after)
        down = _down(site, run, plan.units, refused)
        units = (u for u in plan.units if _key_of(u) not in down and _is_new(u, answered))
        plan = replace(plan, units=tuple(units))
        if plans and not plan.units:
            break
        plans.append(_without_repeats(plan, plans))
        watcher.planned(plan)
        for unit in plan.units:
            watcher.began(unit)
            certificate, may_pass = _carry_out(site, unit, run, refused)
            certificates.append(certificate)
            watcher.ended(certificate)
            if not may_pass:
                answered.setdefault(_asked_of(unit), []).extend(unit.asked)
        after = survey(site, order)
        if order.refresh:
            break
    seconds = site.monotonic() - started
    summary = summarize(
        site, run, plans, certificates, before, after, seconds, order.selection.interval
    )
    unusable = faults(site, order, after)
    summary = with_faults(summary, list(unusable.values()))
    left = make_plan(site, order, after)
    within = detect(site, order.selection) if order.selection.has_range else after
    return Healed(summary, certificates, within, left, tuple(sorted({*refused, *unusable})))


def _down(site: Site, run: str, units: Sequence[Unit], refused: set[str]) -> set[str]:
    """Return the keys of the planned products that this run does not ask any more."""
    down: set[str] = set()
    outcomes: dict[str, list[tuple[str, Outcome]]] = {}
    for key, unit in {_key_of(u): u for u in units}.items():
        source = site.catalog.sources[unit.source]
        product = next(p for p in source.products if p.name == unit.product)
        if unit.source not in outcomes:
            outcomes[unit.source] = site.store.outcomes(run, unit.source)
        if refused & {unit.source, key} or is_down(outcomes[unit.source], source, product):
            down.add(key)
    return down


def _key_of(unit: Unit) -> str:
    return f"{unit.source}.{unit.product}"


def _without_repeats(plan: Plan, earlier: Sequence[Plan]) -> Plan:
    """Leave out units tried in an earlier round: their batch is the same, and counts once."""
    tried = {unit.id for before in earlier for unit in before.units}
    return replace(plan, units=tuple(u for u in plan.units if u.id not in tried))


def _carry_out(site: Site, unit: Unit, run: str, refused: set[str]) -> tuple[Certificate, bool]:
    """Return the certificate, and whether the same may be asked again in the next round.

    What only a person or a later answer can mend is not: a refused key, an answer of no use,
    points that the store does not take.
    What a refused key does not open is noted, the source or one product of it: another try
    of any such unit would be of no use.
    """
    certificate, error = attempt(site, unit, run)
    if error is None:
        return certificate, certificate.outcome == "deferred"
    if not isinstance(error, SourceError | ConfigError | StoreRefused):
        raise error
    if isinstance(error, AuthRejected):
        refused.add(error.product or unit.source)
    elif isinstance(error, ConfigError):
        refused.add(unit.source)
    return certificate, isinstance(error, SourceUnavailable)


def _asked_of(unit: Unit) -> str:
    fields = *unit.fields, *unit.enrich
    return f"{unit.series} {_key_of(unit)} {unit.station} {fields}"


def _is_new(unit: Unit, answered: Mapping[str, Sequence[Interval]]) -> bool:
    """Tell whether some slot of the unit was not answered yet by its product."""
    return bool(subtract(merge(unit.asked), merge(answered.get(_asked_of(unit), ()))))
