"""Callers of one source in several processes: the rate, the quota and the account of calls."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import time as clock
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from gapfill.errors import RateLimited
from gapfill.orchestration import container
from gapfill.services.heal import heal
from gapfill.services.planning import RunRequest, detect_all, make_plan
from gapfill.services.selection import Selection
from gapfill_sandbox import Sandbox, serve
from tests.catalogs import write_catalog
from tests.filling import fill
from tests.services.test_heal import Nobody

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.synchronize import Barrier
    from pathlib import Path

    from gapfill.domain.plan import Unit
    from gapfill.services.context import RunContext
    from gapfill.sources.model import Answer, Ask
    from tests.services.conftest import Scripted

SPAWN = multiprocessing.get_context("spawn")
DEADLINE_S = 600
NOW = datetime(2025, 11, 5, 12, tzinfo=UTC)
PER_MINUTE = 600
PAUSE_S = 60 / PER_MINUTE
HANDED_OVER_S = 0.2
"""Longer than a waiting process looks away from the lock file, so that the two take turns."""


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Serve REE, without a rate of its own."""
    with serve(now=NOW, rates={"ree": 0}) as running:
        yield running


@pytest.fixture
def installed(tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set up prices alone since 2025-08-01, a day a request, and REE asked 600 times a minute."""
    file = write_catalog(tmp_path, only=["pvpc"], earliest="2025-08-01", per_minute=PER_MINUTE)
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("span: P14D", "span: P1D"), encoding="utf-8")
    store = {"conn_type": "sqlite", "host": str(tmp_path / "store.db")}
    for name, value in {
        "AIRFLOW_CONN_GAPFILL_STORE": json.dumps(store),
        "AIRFLOW_CONN_REE_DEFAULT": json.dumps({"conn_type": "http", "host": sandbox.url}),
        "AIRFLOW_CONN_ESIOS_DEFAULT": json.dumps({"conn_type": "http", "extra": {"paused": True}}),
        "GAPFILL_CATALOG": str(file),
        "GAPFILL_LOCKS": str(tmp_path / "locks"),
    }.items():
        monkeypatch.setenv(name, value)


def _units(context: RunContext, start: datetime, days: int, size: int) -> list[Unit]:
    """Plan so many days as units of so many requests."""
    everything = tuple(context.catalog.series.values())
    order = RunRequest(Selection(everything, start, start + timedelta(days=days)))
    plan = make_plan(context, order, detect_all(context, order))
    requests = [request for unit in plan.units for request in unit.requests]
    return [
        replace(
            plan.units[0],
            requests=tuple(requests[n : n + size]),
            slots=sum(r.interval.duration // timedelta(hours=1) for r in requests[n : n + size]),
        )
        for n in range(0, len(requests), size)
    ]


def _fill_days(number: int, together: Barrier) -> None:
    """Fill twenty days, five requests a unit."""
    context = container.make_context(NOW)
    units = _units(context, datetime(2025, 8, 1 + number, 22, tzinfo=UTC), 20, 5)
    together.wait(DEADLINE_S)
    for unit in units:
        fill(context, unit, f"run{number}")
        clock.sleep(HANDED_OVER_S)
    context.store.close()


@pytest.mark.slow
@pytest.mark.server
@pytest.mark.usefixtures("installed")
def test_two_processes_never_exceed_the_rate_together(sandbox: Sandbox) -> None:
    """Ten calls a second are allowed: no twenty-one come within much less than two seconds."""
    together = SPAWN.Barrier(2)
    callers = [SPAWN.Process(target=_fill_days, args=(20 * n, together)) for n in range(2)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(DEADLINE_S)
    assert [caller.exitcode for caller in callers] == [0, 0]
    came = [entry["monotonic"] for entry in sandbox.requests.of("ree")]
    assert len(came) == 40
    shortest = min(later - earlier for earlier, later in zip(came, came[20:], strict=False))
    assert shortest >= 20 * PAUSE_S * 0.95
    days = [entry["query"]["start_date"][0][:10] for entry in sandbox.requests.of("ree")]
    assert len(set(days)) == 40
    first_twenty = {day < "2025-08-22" for day in days[:20]}
    assert first_twenty == {True, False}  # they took turns


def _fill_for_ever() -> None:
    """Fill a day whose answer never comes."""
    context = container.make_context(NOW)
    fill(context, _units(context, datetime(2025, 8, 1, 22, tzinfo=UTC), 1, 1)[0], "killed")


@pytest.mark.server
@pytest.mark.usefixtures("installed")
def test_a_call_is_in_the_account_though_its_caller_was_killed(sandbox: Sandbox) -> None:
    """Killed between the request and its answer: the call counts, and the lock is free."""
    sandbox.faults.add({"api": "ree", "kind": "slow", "seconds": 30, "times": 1})
    caller = SPAWN.Process(target=_fill_for_ever)
    caller.start()
    until = clock.monotonic() + DEADLINE_S
    while not sandbox.requests.of("ree") and clock.monotonic() < until:
        clock.sleep(0.02)
    assert caller.pid is not None
    os.kill(caller.pid, signal.SIGKILL)
    caller.join(DEADLINE_S)
    context = container.make_context(NOW)
    assert len(sandbox.requests.of("ree")) == 1
    assert context.store.calls_of("killed") == 1
    assert context.store.calls_since("ree", NOW - timedelta(days=1)) == 1
    unit = _units(context, datetime(2025, 8, 1, 22, tzinfo=UTC), 1, 1)[0]
    assert fill(context, unit, "killed").slots_filled == 24
    assert context.store.calls_of("killed") == 2
    context.store.close()


def test_a_quota_that_others_spend_meanwhile_ends_the_unit_and_defers_the_rest(
    context: RunContext, sources: Scripted
) -> None:
    """What was had stands, the rest is told of, and is asked for when the day has passed."""
    context.store.save_limits("ree", {"calls_day": 5}, context.now)
    context.store.save_limits("ree.pvpc", {"span_s": 86400 * 2}, context.now)
    sources.obstacles["esios"] = "is paused"
    everything = tuple(context.catalog.series.values())
    order = RunRequest(Selection(everything))
    plan = make_plan(context, order, detect_all(context, order))
    assert ([len(u.requests) for u in plan.units], plan.deferred) == ([5], 1)
    context.store.record_call("ree", context.now, "cli/other")
    certificate = fill(context, plan.units[0], "run")
    assert (certificate.outcome, certificate.calls, len(sources.asked)) == ("deferred", 4, 4)
    assert certificate.slots_filled == 4 * 48
    assert certificate.note == (
        "REE apidatos has used all its 5 calls of the last 24 h. "
        "Deferred; will be asked again after 2026-03-21T12:00:09Z."
    )
    later = make_plan(context, order, detect_all(context, order))
    assert later.units == ()
    assert {w.until for w in later.waiting} == {context.now + timedelta(days=1, seconds=9)}
    assert sum(w.slots for w in later.waiting) == 6 * 48
    tomorrow = replace(context, now=context.now + timedelta(days=1, seconds=9))
    plan = make_plan(tomorrow, order, detect_all(tomorrow, order))
    assert [len(u.requests) for u in plan.units] == [2]
    assert plan.deferred == 1


def test_a_run_that_a_quota_ends_early_says_so(context: RunContext, sources: Scripted) -> None:
    """Its summary is partial and counts the units that are left for later."""
    context.store.save_limits("ree", {"calls_day": 3}, context.now)
    context.store.save_limits("ree.pvpc", {"span_s": 86400 * 2}, context.now)
    sources.obstacles["esios"] = "is paused"
    order = RunRequest(Selection(tuple(context.catalog.series.values())))
    healed = heal(context, order, "run", Nobody())
    assert (healed.summary.status, healed.summary.calls) == ("partial", 3)
    assert healed.summary.units_deferred > 0
    assert healed.plan.units == ()
    assert {w.until for w in healed.plan.waiting} == {context.now + timedelta(days=1)}


def test_a_refusal_with_a_date_blocks_the_source_for_every_run(
    context: RunContext, sources: Scripted
) -> None:
    """Two hours are not waited out: the other runs and the command line know, nobody asks."""

    def refuse(_ask: Ask) -> Answer:
        message = "REE apidatos refused: HTTP 429."
        raise RateLimited(message, source="ree", retry_after=7200)

    sources.answers["ree"] = [refuse]
    sources.obstacles["esios"] = "is paused"
    order = RunRequest(Selection(tuple(context.catalog.series.values())))
    unit = make_plan(context, order, detect_all(context, order)).units[0]
    assert fill(context, unit, "run").outcome == "deferred"
    other = replace(context, now=context.now + timedelta(minutes=119))
    plan = make_plan(other, order, detect_all(other, order))
    assert plan.units == ()
    assert {w.until for w in plan.waiting} == {context.now + timedelta(hours=2, seconds=3)}
    assert fill(other, unit, "another").outcome == "deferred"
    assert len(sources.asked) == 1
    free = replace(context, now=context.now + timedelta(hours=2, seconds=3))
    assert make_plan(free, order, detect_all(free, order)).units
