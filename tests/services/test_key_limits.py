"""What is learned of a key: it outlives the process, and belongs to that key alone."""

from __future__ import annotations

import multiprocessing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gapfill.domain.keys import AccountKey
from gapfill.errors import Limit, RateLimited
from gapfill.services.context import RunContext
from gapfill.services.key_limits import MEMORY, KeyLimits
from gapfill.services.planning import RunRequest, detect_all, make_plan
from gapfill.services.rate_limiter import RateLimiter
from gapfill.services.selection import Selection
from gapfill.services.source_availability import block
from gapfill.stores.sqlite.store import SqliteStore
from tests.catalogs import frozen
from tests.domain.limiters import FixedMinutes, Limiter, SlidingMinute
from tests.filling import fill
from tests.services.conftest import NOW, Scripted, priced

if TYPE_CHECKING:
    from gapfill.domain.plan import Unit
    from gapfill.sources.model import Answer, Ask
    from tests.services.conftest import FakeTime

SPAWN = multiprocessing.get_context("spawn")
HOUR = timedelta(hours=1)


def refusal(seconds: float = 61, limit: Limit = Limit.RATE) -> RateLimited:
    """Return a refusal."""
    return RateLimited("REE says no.", source="ree", retry_after=seconds, limit=limit)


def ask_through(pace: RateLimiter, server: Limiter, time: FakeTime, calls: int) -> list[float]:
    """Make accepted calls, waiting out what is refused, and return when each refusal was."""
    refused: list[float] = []
    while calls:
        pace()
        if server.accepts(time.seconds):
            calls -= 1
        else:
            refused.append(time.seconds)
            pace.refused(refusal())
    return refused


def known(context: RunContext, account: str = "keyless") -> dict[str, float]:
    """Return the facts of a key at REE."""
    return context.store.load_limits(context.now - MEMORY).get(str(AccountKey("ree", account)), {})


@dataclass
class Keyed(Scripted):
    """Sources whose keys can be changed."""

    keys: dict[str, str] = field(default_factory=dict)

    def account(self, source: str) -> str:
        """Return the name of the key that is set up."""
        return self.keys.get(source, "keyless")


def test_nothing_is_learned_without_a_refusal(context: RunContext, time: FakeTime) -> None:
    """A quiet source costs no write but its calls."""
    pace = RateLimiter(context, context.catalog.sources["ree"], "run/unit")
    assert ask_through(pace, SlidingMinute(30), time, 100) == []
    assert context.store.load_limits(context.now - MEMORY) == {}


def test_the_pace_after_a_refusal_is_below_the_limit(context: RunContext, time: FakeTime) -> None:
    """Six calls went through in twelve seconds."""
    pace = RateLimiter(context, context.catalog.sources["ree"], "run/unit")
    refused = ask_through(pace, SlidingMinute(6), time, 20)
    assert len(refused) == 1
    assert 3 <= known(context)["rate_rate"] <= 6


def test_a_minute_is_left_alone_after_a_refusal_however_short(
    context: RunContext, time: FakeTime
) -> None:
    """The counters of a minute are empty then."""
    pace = RateLimiter(context, context.catalog.sources["ree"], "run/unit")
    pace()
    refused_at = time.seconds
    pace.refused(refusal(1))
    pace()
    assert time.seconds - refused_at == pytest.approx(61)


@pytest.mark.parametrize(
    "told",
    [
        refusal(3600),
        refusal(61, Limit.QUOTA),
        refusal(600, Limit.WALL),
    ],
)
def test_a_quota_or_a_firewall_teaches_no_rate(context: RunContext, told: RateLimited) -> None:
    """Slower calls would be refused as well."""
    pace = RateLimiter(context, context.catalog.sources["ree"], "run/unit")
    pace()
    pace.refused(told)
    assert known(context) == {}
    assert not pace.is_slow


def test_too_many_requests_at_once_halve_the_rate_for_a_while(
    context: RunContext, time: FakeTime
) -> None:
    """A short wait, half the pace, and back up again when it is accepted."""
    pace = RateLimiter(context, context.catalog.sources["ree"], "run/unit")
    pace()
    pace.refused(refusal(15, Limit.QUEUE))
    assert known(context)["rate_rate"] == 15
    assert ask_through(pace, SlidingMinute(1000), time, 150) == []
    assert known(context)["rate_rate"] == 17


def _rate_in_a_new_process(file: str, answers: multiprocessing.SimpleQueue[float]) -> None:
    """Open the store and say at which pace REE is asked."""
    store = SqliteStore(Path(file))
    context = RunContext(frozen(), store, Scripted(), NOW + HOUR)
    answers.put(KeyLimits(context, "ree").rate(30))
    store.close()


def test_another_process_goes_on_at_the_learned_pace(
    context: RunContext, time: FakeTime, tmp_path: Path
) -> None:
    """Each unit of a DAG is a process of its own."""
    pace = RateLimiter(context, context.catalog.sources["ree"], "run/unit")
    ask_through(pace, SlidingMinute(6), time, 60)
    answers: multiprocessing.SimpleQueue[float] = SPAWN.SimpleQueue()
    child = SPAWN.Process(target=_rate_in_a_new_process, args=(str(tmp_path / "store.db"), answers))
    child.start()
    child.join(60)
    assert child.exitcode == 0
    assert answers.get() == pytest.approx(known(context)["rate_rate"])


@pytest.mark.parametrize("limit,kind", [(1, SlidingMinute), (5, FixedMinutes), (12, SlidingMinute)])
def test_units_in_processes_of_their_own_find_the_limit_together(
    context: RunContext, time: FakeTime, limit: int, kind: type[Limiter]
) -> None:
    """A minute's worth of calls each, as the DAG makes them, with the store in between."""
    server, refused = kind(limit), []
    for n in range(30):
        now = context.now + timedelta(seconds=time.seconds)
        process = replace(context, now=now)
        pace = RateLimiter(process, context.catalog.sources["ree"], f"run/unit{n}")
        calls = max(1, int(known(context).get("rate_rate", 30)))
        refused += ask_through(pace, server, time, calls)
    assert len(refused) <= 3
    assert limit * 0.9 <= known(context)["rate_rate"] <= limit * 1.01


def test_two_keys_share_nothing(context: RunContext, time: FakeTime) -> None:
    """The pace of one key is none of the other's, nor are its refusals."""
    sources = Keyed(keys={"ree": "a1b2"})
    context = replace(context, sources=sources)
    pace = RateLimiter(context, context.catalog.sources["ree"], "run/unit")
    ask_through(pace, SlidingMinute(6), time, 20)
    block(
        context,
        context.catalog.sources["ree"],
        context.catalog.sources["ree"].products[0],
        refusal(600, Limit.WALL),
    )
    assert known(context, "a1b2")["rate_rate"] < 7
    sources.keys["ree"] = "c3d4"
    other = RateLimiter(context, context.catalog.sources["ree"], "run/other")
    assert not other.is_slow
    assert KeyLimits(context, "ree").streak.times == 0
    assert known(context, "c3d4") == {}


def test_the_plan_knows_the_learned_pace(context: RunContext, sources: Scripted) -> None:
    """Its units are a minute's worth, and its bill is right before anything runs."""
    sources.obstacles["esios"] = "is paused"
    context.store.save_limits("ree.pvpc", {"span_s": 86400.0}, context.now)
    order = RunRequest(Selection(tuple(context.catalog.series.values())))
    assert [
        len(u.requests) for u in make_plan(context, order, detect_all(context, order)).units
    ] == [20]
    facts = {"rate_rate": 4.5, "rate_since": context.now.timestamp()}
    context.store.save_limits(str(AccountKey("ree", "keyless")), facts, context.now)
    plan = make_plan(context, order, detect_all(context, order))
    assert [len(u.requests) for u in plan.units] == [4, 4, 4, 4, 4]
    assert plan.bill["ree"].seconds == pytest.approx(20 * 60 / 4.5)


def test_a_run_is_not_longer_than_a_dag_run_may_last(
    context: RunContext, sources: Scripted
) -> None:
    """At one call in two minutes, forty requests fit; the others are left for the next run."""
    sources.obstacles["esios"] = "is paused"
    early = replace(context.catalog.series["pvpc"], earliest=context.now - timedelta(days=100))
    context = replace(context, catalog=replace(context.catalog, series={"pvpc": early}))
    context.store.save_limits("ree.pvpc", {"span_s": 86400.0}, context.now)
    facts = {"rate_rate": 0.5, "rate_since": context.now.timestamp()}
    context.store.save_limits(str(AccountKey("ree", "keyless")), facts, context.now)
    order = RunRequest(Selection((early,)))
    plan = make_plan(context, order, detect_all(context, order))
    assert len(plan.units) == 40
    assert plan.deferred > 50
    assert plan.seconds == 4800


def test_a_unit_that_was_planned_for_a_faster_pace_ends_in_time(
    context: RunContext, sources: Scripted, time: FakeTime
) -> None:
    """What it wrote stands, and the rest is said to be left for the next run."""
    sources.obstacles["esios"] = "is paused"
    context.store.save_limits("ree.pvpc", {"span_s": 86400.0}, context.now)
    order = RunRequest(Selection(tuple(context.catalog.series.values())))
    (unit,) = make_plan(context, order, detect_all(context, order)).units
    server = SlidingMinute(1)

    def limited(ask: Ask) -> Answer:
        if not server.accepts(time.seconds):
            raise refusal()
        return priced(ask)

    sources.otherwise = limited
    certificate = fill(context, unit, "run")
    assert certificate.outcome == "deferred"
    assert 720 <= time.seconds <= 860
    asked = certificate.slots_filled // 24
    assert 9 <= asked <= 14
    assert certificate.note == (
        "REE apidatos accepts fewer calls a minute than planned, so "
        f"{20 - asked} of 20 requests are left for the next run."
    )


def unit_of(context: RunContext) -> Unit:
    """Return the unit that asks REE for everything."""
    order = RunRequest(Selection(tuple(context.catalog.series.values())))
    return make_plan(context, order, detect_all(context, order)).units[0]


def test_a_cool_off_grows_until_the_source_answers(context: RunContext, sources: Scripted) -> None:
    """Ten minutes, twenty, forty, eighty, two hours; an answer ends the count."""
    unit = unit_of(context)
    now, waits = context.now, []

    def walled(_ask: Ask) -> Answer:
        raise refusal(600, Limit.WALL)

    for n in range(6):
        sources.answers["ree"] = [walled]
        process = replace(context, now=now)
        assert fill(process, unit, f"run{n}").outcome == "deferred"
        (held,) = process.store.blocks(now)
        waits.append(round((held.until - now).total_seconds() / 60))
        now = held.until
    assert waits == [10, 20, 40, 80, 120, 120]
    assert KeyLimits(replace(context, now=now), "ree").streak.times == 6
    assert fill(replace(context, now=now), unit, "well").outcome == "filled"
    assert KeyLimits(replace(context, now=now), "ree").streak.times == 0


def test_a_day_after_the_last_refusal_the_count_begins_anew(context: RunContext) -> None:
    """What was refused yesterday says nothing about today."""
    source = context.catalog.sources["ree"]
    for _ in range(3):
        block(context, source, source.products[0], refusal(600, Limit.WALL))
    later = replace(context, now=context.now + timedelta(hours=25))
    assert KeyLimits(later, "ree").blocked(refusal(600, Limit.WALL)) == 600


def test_a_refusal_that_asks_for_longer_is_believed(context: RunContext) -> None:
    """A quota has its own end, which no count makes later."""
    source = context.catalog.sources["ree"]
    block(context, source, source.products[0], refusal(600, Limit.WALL))
    assert KeyLimits(context, "ree").blocked(refusal(30_000, Limit.WALL)) == 30_000
    assert KeyLimits(context, "ree").blocked(refusal(30_000, Limit.QUOTA)) == 30_000


def test_a_firewall_is_named_with_the_time_and_the_source_that_stands_in(
    context: RunContext, sources: Scripted
) -> None:
    """Who, what, until when, and what happens meanwhile; no key."""

    def walled(_ask: Ask) -> Answer:
        message = "ree pvpc: the API's firewall refused the request (HTTP 403, a web page)."
        raise RateLimited(message, source="ree", retry_after=600, limit=Limit.WALL)

    sources.obstacles["esios"] = ""
    unit = unit_of(context)
    sources.answers["ree"] = [walled]
    assert fill(context, unit, "run").note == (
        "ree pvpc: the API's firewall refused the request (HTTP 403, a web page). "
        "Deferred; will be asked again after 2026-03-20T12:10:03Z. Gapfill asks ESIOS meanwhile."
    )


def test_the_source_that_stands_in_is_planned_next(context: RunContext) -> None:
    """REE's slots are ESIOS's as long as the block lasts, and REE's again afterwards."""
    order = RunRequest(Selection(tuple(context.catalog.series.values())))
    assert {u.source for u in make_plan(context, order, detect_all(context, order)).units} == {
        "ree"
    }
    block(
        context,
        context.catalog.sources["ree"],
        context.catalog.sources["ree"].products[0],
        refusal(600, Limit.WALL),
    )
    assert {u.source for u in make_plan(context, order, detect_all(context, order)).units} == {
        "esios"
    }
    later = replace(context, now=context.now + timedelta(minutes=11))
    assert {u.source for u in make_plan(later, order, detect_all(later, order)).units} == {"ree"}
