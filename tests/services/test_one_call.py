"""One Call beside the weather of now: what one cannot have, the other is asked for all the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from gapfill.alerts.source_conditions import evaluate_sources
from gapfill.domain.candidate import Obstacle
from gapfill.domain.incident_key import IncidentKind
from gapfill.domain.reading import Reading
from gapfill.errors import AuthRejected, RateLimited, SourceError, SourceUnavailable
from gapfill.services.backfill import attempt
from gapfill.services.context import RunContext
from gapfill.services.planning import RunRequest, detect_all, make_plan
from gapfill.services.selection import Selection
from gapfill.sources.model import Answer, Ask
from gapfill.stores.sqlite.store import SqliteStore
from tests.catalogs import frozen

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gapfill.alerts.incidents import Condition
    from gapfill.domain.plan import Unit
    from gapfill.domain.product import Product
    from gapfill.services.certificate import Certificate
    from tests.services.conftest import FakeTime, Scripted

    Answering = Callable[[Ask], Answer]

NOW = datetime(2026, 3, 20, 12, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
LINE, MACHINE = "openweathermap.timeline", "openweathermap.timemachine"


def served(ask: Ask) -> Answer:
    """Answer every slot."""
    slots = ask.series.grid.slots(ask.interval)
    values = {"temperature": 20.0, "humidity": 50.0}
    return Answer(
        tuple(Reading(slot, values, ask.product.grade, ask.origin) for slot in slots),
        evidence="HTTP 200",
    )


def shown(generation: float, newest: int | None = None) -> Answering:
    """Return what answers with a generation, all slots or the newest ones."""

    def answer(ask: Ask) -> Answer:
        whole = served(ask)
        had = whole.readings if newest is None else whole.readings[-newest:]
        lost = frozenset(ask.series.grid.slots(ask.interval)) - {r.slot for r in had}
        facts = {"one_call_generation": generation}
        return replace(whole, readings=had, no_verdict=lost, facts=facts)

    return answer


def refused(error: type[SourceError], *, history: bool = True) -> Answering:
    """Return what refuses history, or everything else, and answers the rest."""

    def answer(ask: Ask) -> Answer:
        is_history = ask.product.name != "current"
        if is_history is not history:
            return served(ask)
        said, source = f"{ask.product.key} was refused", "openweathermap"
        if error is RateLimited:
            raise RateLimited(said, source=source, retry_after=7200)
        if error is AuthRejected and is_history:
            raise AuthRejected(said, source=source, product=ask.product.key)
        raise error(said, source=source)

    return answer


@pytest.fixture
def context(
    tmp_path: Path, sources: Scripted, time: FakeTime, monkeypatch: pytest.MonkeyPatch
) -> RunContext:
    """Return a site with hourly weather of OpenWeatherMap alone, since the last 90 days."""
    known = frozen()
    weather = replace(known.series["weather_hourly"], earliest=datetime(2025, 12, 21, tzinfo=UTC))
    source = replace(known.sources["openweathermap"], per_minute=6000)
    known = replace(
        known,
        series={"weather_hourly": weather},
        sources={**known.sources, "openweathermap": source},
    )

    def obstacle_of(product: Product) -> Obstacle | None:
        return None if product.source == "openweathermap" else Obstacle("is not wanted")

    monkeypatch.setattr(sources, "obstacle", obstacle_of)
    sources.otherwise = served
    store = SqliteStore(tmp_path / "store.db")
    return RunContext(known, store, sources, NOW, time.sleep, time.monotonic)


def units_of(context: RunContext, *, per_unit: int | None = None) -> list[Unit]:
    """Plan, and return the units; those of history before that of now, as they are planned."""
    order = RunRequest(Selection(tuple(context.catalog.series.values())))
    units = list(make_plan(context, order, detect_all(context, order)).units)
    if per_unit is None:
        return units
    parts: list[Unit] = []
    for unit in units:
        for first in range(0, len(unit.requests), per_unit):
            requests = unit.requests[first : first + per_unit]
            slots = sum((r.end - r.start) // HOUR for r in requests)
            parts.append(replace(unit, requests=requests, slots=slots))
    return parts


def run(context: RunContext, units: list[Unit], name: str = "run") -> list[Certificate]:
    """Carry units out, one after the other, whatever becomes of each."""
    return [attempt(context, unit, name)[0] for unit in units]


def asked(sources: Scripted) -> list[str]:
    """Return the products that were asked, in order."""
    return [ask.product.name for ask in sources.asked]


def test_a_plan_has_twenty_hours_a_request(context: RunContext) -> None:
    """And the hour of now behind them."""
    units = units_of(context)
    assert [(u.product, len(u.requests)) for u in units] == [("timeline", 108), ("current", 1)]
    assert {r.end - r.start for r in units[0].requests[:-1]} == {20 * HOUR}


@pytest.mark.parametrize(
    "refusal",
    [
        refused(AuthRejected),
        refused(SourceUnavailable),
        refused(RateLimited),
    ],
    ids=["key", "outage", "quota"],
)
def test_whatever_history_refuses_the_hour_of_now_is_asked_for(
    context: RunContext, sources: Scripted, refusal: Answering
) -> None:
    """Behind many units of history, two of them tried again, as the tasks of one DAG run."""
    sources.otherwise = refusal
    units = units_of(context, per_unit=10)
    done = run(context, [units[0], units[0], units[1], units[1], *units])
    assert done[-1].outcome == "filled"
    assert done[-1].slots_filled == 1
    assert len(asked(sources)) <= 5


@pytest.mark.parametrize(
    "refusal,noted",
    [
        (refused(AuthRejected), [LINE, MACHINE]),
        (refused(RateLimited), [LINE, MACHINE]),
        (refused(RateLimited, history=False), ["openweathermap"]),
        (refused(AuthRejected, history=False), []),
    ],
    ids=["key", "quota", "quota of now", "key of now"],
)
def test_a_refusal_blocks_what_it_concerns(
    context: RunContext, sources: Scripted, refusal: Answering, noted: list[str]
) -> None:
    """One Call's both products, or the whole source."""
    sources.otherwise = refusal
    run(context, units_of(context)[::-1])
    assert [block.source for block in context.store.blocks(NOW)] == noted


def test_a_refused_key_is_tried_again_after_a_day(context: RunContext, sources: Scripted) -> None:
    """Not before, in whatever run."""
    sources.otherwise = refused(AuthRejected)
    run(context, units_of(context))
    sources.asked.clear()
    for hours, products in ((2, []), (23, []), (24, ["timeline"])):
        later = replace(context, now=NOW + hours * HOUR + timedelta(minutes=1))
        units = [u for u in units_of(later) if u.product != "current"]
        run(later, units, f"run{hours}")
        assert asked(sources) == products


def test_a_block_of_the_source_keeps_history_back_too(
    context: RunContext, sources: Scripted
) -> None:
    """What is refused to the weather of now is refused to the key."""
    sources.otherwise = refused(RateLimited, history=False)
    history, now = units_of(context)
    assert [c.outcome for c in run(context, [now, history])] == ["deferred", "deferred"]
    assert asked(sources) == ["current"]


def test_spent_calls_of_the_day_keep_back_history_alone(context: RunContext) -> None:
    """In the plan, where they are spent on the way, and in the plans after that."""
    for n in range(995):
        context.store.record_call("openweathermap", NOW - HOUR - n * timedelta(seconds=30), "x/y")
    history, now = units_of(context)
    assert [(u.product, len(u.requests)) for u in (history, now)] == [
        ("timeline", 3),
        ("current", 1),
    ]
    for n in range(3):
        context.store.record_call("openweathermap", NOW - n * HOUR, "x/y")
    done = run(context, [history, now])
    assert [(c.outcome, c.slots_filled) for c in done] == [("deferred", 40), ("filled", 1)]
    assert "has used all its 1000 calls of the last 24 h" in done[0].note
    assert [block.source for block in context.store.blocks(NOW)] == [LINE, MACHINE]
    later = replace(context, now=NOW + HOUR)
    assert [u.product for u in units_of(later)] == ["current"]


def test_a_key_of_the_other_generation_ends_the_unit_and_is_remembered(
    context: RunContext, sources: Scripted
) -> None:
    """What was had is kept, the rest is planned for the other product."""
    sources.otherwise = shown(3.0, newest=1)
    units = [u for u in units_of(context, per_unit=4) if u.product == "timeline"]
    done = run(context, units[:3])
    assert asked(sources) == ["timeline"]
    assert [(c.outcome, c.slots_filled) for c in done] == [
        ("deferred", 1),
        ("deferred", 0),
        ("deferred", 0),
    ]
    assert all("another generation" in c.note for c in done)
    assert context.store.load_limits(NOW)["openweathermap"] == {"one_call_generation": 3.0}
    assert {u.product for u in units_of(context)} == {"timemachine", "current"}


def test_one_hour_that_was_asked_for_is_filled_whatever_the_generation(
    context: RunContext, sources: Scripted
) -> None:
    """The unit is no part of a plan for another one."""
    context.store.save_limits("openweathermap", {"one_call_generation": 3.0}, NOW)
    unit = next(u for u in units_of(context, per_unit=1) if u.product == "timemachine")
    sources.otherwise = shown(4.0)
    assert [c.outcome for c in run(context, [unit])] == ["filled"]
    assert {u.product for u in units_of(context)} == {"timeline", "current"}


def test_what_is_remembered_is_forgotten_after_a_month_without_an_answer(
    context: RunContext, sources: Scripted
) -> None:
    """Every answer of One Call renews it."""
    sources.otherwise = shown(3.0, newest=1)
    run(context, units_of(context)[:1])
    days = {}
    for days_later in (29, 31):
        later = replace(context, now=NOW + timedelta(days=days_later))
        days[days_later] = {u.product for u in units_of(later)} - {"current"}
    assert days == {29: {"timemachine"}, 31: {"timeline"}}
    later = replace(context, now=NOW + timedelta(days=29))
    run(later, [u for u in units_of(later) if u.product == "timemachine"][:1], "later")
    much_later = replace(context, now=NOW + timedelta(days=58))
    assert {u.product for u in units_of(much_later)} == {"timemachine", "current"}


def sights_of(
    context: RunContext, certificates: list[Certificate]
) -> dict[IncidentKind, Condition]:
    """Return what a run saw of OpenWeatherMap."""
    found = evaluate_sources(context, context.status([]), certificates)
    return {sight.kind: sight for sight in found if sight.subject == "openweathermap"}


def test_a_refused_subscription_stays_one_incident_until_it_is_served(
    context: RunContext, sources: Scripted
) -> None:
    """The weather of now does not close it, and its block is not told a second time."""
    sources.otherwise = refused(AuthRejected)
    seen = sights_of(context, run(context, units_of(context)))
    assert seen[IncidentKind.CREDENTIALS].is_there
    assert not seen[IncidentKind.QUOTA].is_there
    later = replace(context, now=NOW + 2 * HOUR)
    seen = sights_of(later, run(later, units_of(later), "later"))
    assert IncidentKind.CREDENTIALS not in seen
    assert not seen[IncidentKind.QUOTA].is_there
    sources.otherwise = served
    a_day_later = replace(context, now=NOW + 25 * HOUR)
    seen = sights_of(a_day_later, run(a_day_later, units_of(a_day_later), "a day later"))
    assert not seen[IncidentKind.CREDENTIALS].is_there


def test_a_blocked_subscription_is_an_incident_of_its_source(
    context: RunContext, sources: Scripted
) -> None:
    """As a block of the whole source is."""
    sources.otherwise = refused(RateLimited)
    seen = sights_of(context, run(context, units_of(context)))
    assert seen[IncidentKind.QUOTA].is_there
    assert "openweathermap.timeline was refused" in seen[IncidentKind.QUOTA].what
