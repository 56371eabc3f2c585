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
from gapfill.services.backfill import fill
from gapfill.services.context import Site
from gapfill.services.key_limits import MEMORY, Tempo
from gapfill.services.planning import Order, make_plan, survey
from gapfill.services.rate_limiter import Pace
from gapfill.services.selection import Selection
from gapfill.services.source_availability import block
from gapfill.stores.sqlite.store import SqliteStore
from tests.catalogs import frozen
from tests.domain.limiters import FixedMinutes, Limiter, SlidingMinute
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


def ask_through(pace: Pace, server: Limiter, time: FakeTime, calls: int) -> list[float]:
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


def known(site: Site, account: str = "keyless") -> dict[str, float]:
    """Return the facts of a key at REE."""
    return site.store.learned(site.now - MEMORY).get(str(AccountKey("ree", account)), {})


@dataclass
class Keyed(Scripted):
    """Sources whose keys can be changed."""

    keys: dict[str, str] = field(default_factory=dict)

    def account(self, source: str) -> str:
        """Return the name of the key that is set up."""
        return self.keys.get(source, "keyless")


def test_nothing_is_learned_without_a_refusal(site: Site, time: FakeTime) -> None:
    """A quiet source costs no write but its calls."""
    pace = Pace(site, site.catalog.sources["ree"], "run/unit")
    assert ask_through(pace, SlidingMinute(30), time, 100) == []
    assert site.store.learned(site.now - MEMORY) == {}


def test_the_pace_after_a_refusal_is_below_the_limit(site: Site, time: FakeTime) -> None:
    """Six calls went through in twelve seconds."""
    pace = Pace(site, site.catalog.sources["ree"], "run/unit")
    refused = ask_through(pace, SlidingMinute(6), time, 20)
    assert len(refused) == 1
    assert 3 <= known(site)["rate_rate"] <= 6


def test_a_minute_is_left_alone_after_a_refusal_however_short(site: Site, time: FakeTime) -> None:
    """The counters of a minute are empty then."""
    pace = Pace(site, site.catalog.sources["ree"], "run/unit")
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
def test_a_quota_or_a_firewall_teaches_no_rate(site: Site, told: RateLimited) -> None:
    """Slower calls would be refused as well."""
    pace = Pace(site, site.catalog.sources["ree"], "run/unit")
    pace()
    pace.refused(told)
    assert known(site) == {}
    assert not pace.is_slow


def test_too_many_requests_at_once_halve_the_rate_for_a_while(site: Site, time: FakeTime) -> None:
    """A short wait, half the pace, and back up again when it is accepted."""
    pace = Pace(site, site.catalog.sources["ree"], "run/unit")
    pace()
    pace.refused(refusal(15, Limit.QUEUE))
    assert known(site)["rate_rate"] == 15
    assert ask_through(pace, SlidingMinute(1000), time, 150) == []
    assert known(site)["rate_rate"] == 17


def _rate_in_a_new_process(file: str, answers: multiprocessing.SimpleQueue[float]) -> None:
    """Open the store and say at which pace REE is asked."""
    store = SqliteStore(Path(file))
    site = Site(frozen(), store, Scripted(), NOW + HOUR)
    answers.put(Tempo(site, "ree").rate(30))
    store.close()


def test_another_process_goes_on_at_the_learned_pace(
    site: Site, time: FakeTime, tmp_path: Path
) -> None:
    """Each unit of a DAG is a process of its own."""
    pace = Pace(site, site.catalog.sources["ree"], "run/unit")
    ask_through(pace, SlidingMinute(6), time, 60)
    answers: multiprocessing.SimpleQueue[float] = SPAWN.SimpleQueue()
    child = SPAWN.Process(target=_rate_in_a_new_process, args=(str(tmp_path / "store.db"), answers))
    child.start()
    child.join(60)
    assert child.exitcode == 0
    assert answers.get() == pytest.approx(known(site)["rate_rate"])


@pytest.mark.parametrize("limit,kind", [(1, SlidingMinute), (5, FixedMinutes), (12, SlidingMinute)])
def test_units_in_processes_of_their_own_find_the_limit_together(
    site: Site, time: FakeTime, limit: int, kind: type[Limiter]
) -> None:
    """A minute's worth of calls each, as the DAG makes them, with the store in between."""
    server, refused = kind(limit), []
    for n in range(30):
        now = site.now + timedelta(seconds=time.seconds)
        process = replace(site, now=now)
        pace = Pace(process, site.catalog.sources["ree"], f"run/unit{n}")
        calls = max(1, int(known(site).get("rate_rate", 30)))
        refused += ask_through(pace, server, time, calls)
    assert len(refused) <= 3
    assert limit * 0.9 <= known(site)["rate_rate"] <= limit * 1.01


def test_two_keys_share_nothing(site: Site, time: FakeTime) -> None:
    """The pace of one key is none of the other's, nor are its refusals."""
    sources = Keyed(keys={"ree": "a1b2"})
    site = replace(site, sources=sources)
    pace = Pace(site, site.catalog.sources["ree"], "run/unit")
    ask_through(pace, SlidingMinute(6), time, 20)
    block(
        site,
        site.catalog.sources["ree"],
        site.catalog.sources["ree"].products[0],
        refusal(600, Limit.WALL),
    )
    assert known(site, "a1b2")["rate_rate"] < 7
    sources.keys["ree"] = "c3d4"
    other = Pace(site, site.catalog.sources["ree"], "run/other")
    assert not other.is_slow
    assert Tempo(site, "ree").streak.times == 0
    assert known(site, "c3d4") == {}


def test_the_plan_knows_the_learned_pace(site: Site, sources: Scripted) -> None:
    """Its units are a minute's worth, and its bill is right before anything runs."""
    sources.obstacles["esios"] = "is paused"
    site.store.learn("ree.pvpc", {"span_s": 86400.0}, site.now)
    order = Order(Selection(tuple(site.catalog.series.values())))
    assert [len(u.requests) for u in make_plan(site, order, survey(site, order)).units] == [20]
    facts = {"rate_rate": 4.5, "rate_since": site.now.timestamp()}
    site.store.learn(str(AccountKey("ree", "keyless")), facts, site.now)
    plan = make_plan(site, order, survey(site, order))
    assert [len(u.requests) for u in plan.units] == [4, 4, 4, 4, 4]
    assert plan.bill["ree"].seconds == pytest.approx(20 * 60 / 4.5)


def test_a_run_is_not_longer_than_a_dag_run_may_last(site: Site, sources: Scripted) -> None:
    """At one call in two minutes, forty requests fit; the others are left for the next run."""
    sources.obstacles["esios"] = "is paused"
    early = replace(site.catalog.series["pvpc"], earliest=site.now - timedelta(days=100))
    site = replace(site, catalog=replace(site.catalog, series={"pvpc": early}))
    site.store.learn("ree.pvpc", {"span_s": 86400.0}, site.now)
    facts = {"rate_rate": 0.5, "rate_since": site.now.timestamp()}
    site.store.learn(str(AccountKey("ree", "keyless")), facts, site.now)
    order = Order(Selection((early,)))
    plan = make_plan(site, order, survey(site, order))
    assert len(plan.units) == 40
    assert plan.deferred > 50
    assert plan.seconds == 4800


def test_a_unit_that_was_planned_for_a_faster_pace_ends_in_time(
    site: Site, sources: Scripted, time: FakeTime
) -> None:
    """What it wrote stands, and the rest is said to be left for the next run."""
    sources.obstacles["esios"] = "is paused"
    site.store.learn("ree.pvpc", {"span_s": 86400.0}, site.now)
    order = Order(Selection(tuple(site.catalog.series.values())))
    (unit,) = make_plan(site, order, survey(site, order)).units
    server = SlidingMinute(1)

    def limited(ask: Ask) -> Answer:
        if not server.accepts(time.seconds):
            raise refusal()
        return priced(ask)

    sources.otherwise = limited
    certificate = fill(site, unit, "run")
    assert certificate.outcome == "deferred"
    assert 720 <= time.seconds <= 860
    asked = certificate.slots_filled // 24
    assert 9 <= asked <= 14
    assert certificate.note == (
        "REE apidatos accepts fewer calls a minute than were planned for, so "
        f"{20 - asked} of 20 requests are left for the next run."
    )


def unit_of(site: Site) -> Unit:
    """Return the unit that asks REE for everything."""
    order = Order(Selection(tuple(site.catalog.series.values())))
    return make_plan(site, order, survey(site, order)).units[0]


def test_a_cool_off_grows_until_the_source_answers(site: Site, sources: Scripted) -> None:
    """Ten minutes, twenty, forty, eighty, two hours; an answer ends the count."""
    unit = unit_of(site)
    now, waits = site.now, []

    def walled(_ask: Ask) -> Answer:
        raise refusal(600, Limit.WALL)

    for n in range(6):
        sources.answers["ree"] = [walled]
        process = replace(site, now=now)
        assert fill(process, unit, f"run{n}").outcome == "deferred"
        (held,) = process.store.blocks(now)
        waits.append(round((held.until - now).total_seconds() / 60))
        now = held.until
    assert waits == [10, 20, 40, 80, 120, 120]
    assert Tempo(replace(site, now=now), "ree").streak.times == 6
    assert fill(replace(site, now=now), unit, "well").outcome == "filled"
    assert Tempo(replace(site, now=now), "ree").streak.times == 0


def test_a_day_after_the_last_refusal_the_count_begins_anew(site: Site) -> None:
    """What was refused yesterday says nothing about today."""
    source = site.catalog.sources["ree"]
    for _ in range(3):
        block(site, source, source.products[0], refusal(600, Limit.WALL))
    later = replace(site, now=site.now + timedelta(hours=25))
    assert Tempo(later, "ree").blocked(refusal(600, Limit.WALL)) == 600


def test_a_refusal_that_asks_for_longer_is_believed(site: Site) -> None:
    """A quota has its own end, which no count makes later."""
    source = site.catalog.sources["ree"]
    block(site, source, source.products[0], refusal(600, Limit.WALL))
    assert Tempo(site, "ree").blocked(refusal(30_000, Limit.WALL)) == 30_000
    assert Tempo(site, "ree").blocked(refusal(30_000, Limit.QUOTA)) == 30_000


def test_a_firewall_is_named_with_the_time_and_the_source_that_stands_in(
    site: Site, sources: Scripted
) -> None:
    """Who, what, until when, and what happens meanwhile; no key."""

    def walled(_ask: Ask) -> Answer:
        message = "ree pvpc: the API's firewall refused the request (HTTP 403, a web page)."
        raise RateLimited(message, source="ree", retry_after=600, limit=Limit.WALL)

    sources.obstacles["esios"] = ""
    unit = unit_of(site)
    sources.answers["ree"] = [walled]
    assert fill(site, unit, "run").note == (
        "ree pvpc: the API's firewall refused the request (HTTP 403, a web page). "
        "Deferred; asked again after 2026-03-20T12:10:03Z. ESIOS stands in meanwhile."
    )


def test_the_source_that_stands_in_is_planned_next(site: Site) -> None:
    """REE's slots are ESIOS's as long as the block lasts, and REE's again afterwards."""
    order = Order(Selection(tuple(site.catalog.series.values())))
    assert {u.source for u in make_plan(site, order, survey(site, order)).units} == {"ree"}
    block(
        site,
        site.catalog.sources["ree"],
        site.catalog.sources["ree"].products[0],
        refusal(600, Limit.WALL),
    )
    assert {u.source for u in make_plan(site, order, survey(site, order)).units} == {"esios"}
    later = replace(site, now=site.now + timedelta(minutes=11))
    assert {u.source for u in make_plan(later, order, survey(later, order)).units} == {"ree"}
