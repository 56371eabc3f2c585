"""Each slot in one state; each missing one asked for once or explained once, within all limits."""

from __future__ import annotations

import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from gapfill.domain.interval import covers
from gapfill.domain.series import State
from gapfill.services.planning import RunRequest, detect_all, make_plan
from gapfill.services.selection import Selection
from tests.examples import examples
from tests.services import oracle
from tests.services.oracle import DAY, HOUR, PRODUCTS, TARGET, World
from tests.services.scenes import WANTED, Scene, build, expected, scenes

if TYPE_CHECKING:
    from datetime import datetime

    from gapfill.domain.plan import Plan, Unhealable, Unit, Waiting
    from gapfill.domain.request import Request
    from gapfill.services.detection import Report

thoroughly = settings(
    max_examples=examples(40),
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],  # to shrink such scenes takes minutes
)
SERIES = ("pvpc", "weather_hourly", "weather_daily")


def _plan(scene: Scene) -> tuple[Report, Plan]:
    with tempfile.TemporaryDirectory() as folder:
        context = build(scene, Path(folder))
        order = RunRequest(
            Selection(tuple(context.catalog.series.values())), force=scene.world.force
        )
        reports = detect_all(context, order)
        plan = make_plan(context, order, reports)
        context.store.close()
    return reports[0], plan


def _key(unit: Unit) -> str:
    return f"{unit.source}.{unit.product}"


def _asked(unit: Unit, step: timedelta) -> list[datetime]:
    runs = [run for request in unit.requests for run in request.asked]
    return [run.start + n * step for run in runs for n in range(run.duration // step)]


@pytest.mark.slow
@pytest.mark.parametrize("name", SERIES)
@given(data=st.data())
@thoroughly
def test_each_slot_is_in_one_state_and_asked_for_or_explained_once(
    name: str, data: st.DataObject
) -> None:
    """Whatever the store, the ledger, the accounts, the configuration and the clock."""
    scene = data.draw(scenes(name))
    report, plan = _plan(scene)
    states = _check_states(scene, report)
    _check_plan(scene, plan, states)
    _check_units(scene, plan)
    _check_quotas(scene.world, plan)


def _state(scene: Scene, slot: datetime) -> State:
    """Return the state of a slot as the design defines them."""
    if slot in scene.rows:
        is_whole = scene.rows[slot][0] >= TARGET[scene.world.series]
        return State.COMPLETE if is_whole else State.PROVISIONAL
    if not oracle.is_due(scene.world, slot):
        return State.PENDING
    return State.UNFILLABLE if oracle.is_given_up(scene.world, slot) else State.MISSING


def _check_states(scene: Scene, report: Report) -> dict[datetime, State]:
    """Each expected slot is in exactly the state that looking at it alone gives."""
    step, states = scene.world.step, {slot: _state(scene, slot) for slot in expected(scene)}
    counted = {state: n for state, n in report.coverage.counts.items() if n}
    assert counted == Counter(states.values())
    shown = [
        (gap.interval.start + n * step, gap.state)
        for gap in report.coverage.gaps
        for n in range(gap.slots)
    ]
    assert shown == [
        (s, state) for s, state in states.items() if state in (State.MISSING, State.UNFILLABLE)
    ]
    for gap in report.coverage.gaps:
        assert gap.reason or gap.waiting is None
        assert gap.reason or gap.state is State.MISSING
    return states


_Asks = dict["datetime", set[str]]
"""Who is asked for each slot; with ``+`` where it only gets wanted fields."""


def _wishes(scene: Scene, states: dict[datetime, State]) -> _Asks:
    """Return who is to be asked for each slot that somebody can be asked for."""
    world = scene.world
    wishes: _Asks = {}
    for slot, state in states.items():
        main = ""
        if state is not State.COMPLETE:
            above = scene.rows[slot][0] if state is State.PROVISIONAL else 0
            chosen = oracle.choose(world, slot, above=above)
            if isinstance(chosen, str):
                main = chosen
                wishes.setdefault(slot, set()).add(chosen)
        for name in WANTED[world.series]:
            is_asked = main and name in PRODUCTS[main].gives
            if slot in scene.rows and not is_asked and name not in scene.rows[slot][1]:
                product = oracle.enrich(world, slot, name)
                if product:
                    wishes.setdefault(slot, set()).add(product + "+")
    return wishes


def _check_plan(scene: Scene, plan: Plan, states: dict[datetime, State]) -> None:
    """Asked for are the slots the oracle names, of whom it names; the others are explained."""
    world, wishes = scene.world, _wishes(scene, states)
    planned: _Asks = {}
    for unit in plan.units:
        assert unit.slots == len(_asked(unit, world.step))
        for slot in _asked(unit, world.step):
            ask = _key(unit) + ("+" if covers(unit.enriched, slot) else "")
            assert ask not in planned.setdefault(slot, set())
            planned[slot].add(ask)
    every = {(slot, ask) for slot, asks in planned.items() for ask in asks}
    owed_asks = {(slot, ask) for slot, asks in wishes.items() for ask in asks}
    assert every <= owed_asks
    assert (every == owed_asks) == (plan.deferred == 0)
    told: Counter[datetime] = Counter()
    set_aside: list[Waiting | Unhealable] = [*plan.waiting, *plan.unhealable]
    for left in set_aside:
        assert left.reason
        assert left.slots == left.interval.duration // world.step
        told.update(left.interval.start + n * world.step for n in range(left.slots))
    owed = {s for s, state in states.items() if state in (State.MISSING, State.UNFILLABLE)}
    assert told == Counter(owed - wishes.keys())
    for wait in plan.waiting:
        assert wait.until == oracle.choose(world, wait.interval.start)
        assert wait.until > world.now


def _check_units(scene: Scene, plan: Plan) -> None:
    """No request is longer than its span, no unit than a minute's calls or 10 minutes' records."""
    world = scene.world
    assert sum(len(u.requests) for u in plan.units if _key(u) == "openweathermap.current") <= 1
    for unit in plan.units:
        facts, span = PRODUCTS[_key(unit)], world.span(_key(unit))
        calls = len(unit.requests) * facts.hops + facts.opening
        assert calls <= facts.rate or not facts.hops
        records = sum(facts.records * _days(_key(unit), request) for request in unit.requests)
        if scene.records and len(unit.requests) > 1:
            assert records <= 10 * scene.records[1]
        for request in unit.requests:
            assert request.start == request.asked[0].start
            assert request.end == request.asked[-1].end
            length = request.end - request.start
            assert length <= span or (length <= 25 * HOUR and _days(_key(unit), request) == 1)
            if unit.source in ("ree", "esios", "siar"):
                assert _days(_key(unit), request) <= max(1, span // DAY)


def _days(product: str, request: Request) -> int:
    """Return how many dates a request touches, in the time zone of its product's days."""
    zone = ZoneInfo("Europe/Madrid" if product.startswith(("ree.", "esios.")) else "UTC")
    first = request.start.astimezone(zone).date()
    last = (request.end - timedelta(seconds=1)).astimezone(zone).date()
    return (last - first).days + 1


def _check_quotas(world: World, plan: Plan) -> None:
    """All units of a plan together stay within what is left of the day.

    The weather of now is no part of OpenWeatherMap's quota.
    """
    calls: Counter[str] = Counter()
    free: Counter[str] = Counter()
    records = 0
    for unit in plan.units:
        facts = PRODUCTS[_key(unit)]
        if _key(unit) == "openweathermap.current":
            free[unit.source] += len(unit.requests)
        elif facts.hops:
            calls[unit.source] += len(unit.requests) * facts.hops + facts.opening
        records += sum(facts.records * _days(_key(unit), r) for r in unit.requests)
    assert all(n <= world.left[source] for source, n in calls.items() if source in world.left)
    assert world.records_left is None or records <= max(0, world.records_left)
    assert {name: cost.calls for name, cost in plan.bill.items() if cost.calls} == calls + free
