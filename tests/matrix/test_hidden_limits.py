"""Limits that an API tells nobody, through real hooks and fills, in a time of the tests' own."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from gapfill.services.key_limits import MEMORY
from tests.domain.limiters import FixedMinutes, Limiter, SlidingMinute, TokenBucket
from tests.matrix.gatekeeper import Gatekeeper, guarding
from tests.matrix.plant import Plant, plant

if TYPE_CHECKING:
    from pathlib import Path

    from gapfill_sandbox import Sandbox

pytestmark = pytest.mark.airflow

PRICES = {"pvpc": datetime(2025, 5, 1, tzinfo=UTC)}
DAYS = {"weather_daily": datetime(2018, 6, 13, tzinfo=UTC)}


def learned(made: Plant, source: str) -> dict[str, float]:
    """Return the facts of the only key of a source."""
    known = made.context.store.load_limits(made.context.now - MEMORY)
    (facts,) = (facts for name, facts in known.items() if name.startswith(f"{source}#"))
    return facts


def heal_all(made: Plant, source: str) -> None:
    """Heal in runs, each of which reads the clock anew, until nothing is left to ask."""
    for n in range(12):
        process = made.at(made.context.now + timedelta(seconds=made.time.seconds))
        if not process.plan((source,)).units:
            return
        process.heal((source,), run=f"run{n}")


@pytest.mark.slow
@pytest.mark.parametrize(
    "limiter",
    [FixedMinutes(6), TokenBucket(4)],
    ids=["fixed 6", "bucket 4"],
)
def test_ree_is_asked_just_below_a_limit_that_it_does_not_tell(
    limiter: Limiter, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Three refusals at most, nothing lost, and what was learned is kept."""
    holder: list[Plant] = []
    gate = Gatekeeper(limiter, lambda: holder[0].time.seconds)
    with guarding(sandbox.url, gate):
        made = plant(monkeypatch, tmp_path, gate.url, keyed=(), earliest=PRICES)
        holder.append(made)
        made.context.store.save_limits("ree.pvpc", {"span_s": 86_400.0}, made.context.now)
        heal_all(made, "ree")
    assert len(gate.refused) <= 3
    assert limiter.limit * 0.9 <= learned(made, "ree")["rate_rate"] <= limiter.limit * 1.01
    assert limiter.limit * 0.9 <= gate.per_minute(10) <= limiter.limit
    assert made.plan(("ree",)).units == ()


@pytest.mark.slow
def test_a_limit_of_aemet_that_falls_is_followed(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Both hops count; one a minute has been seen in 2026, far below the assumed twenty."""
    holder: list[Plant] = []
    gate = Gatekeeper(SlidingMinute(12), lambda: holder[0].time.seconds)
    with guarding(sandbox.url, gate):
        made = plant(monkeypatch, tmp_path, gate.url, keyed=("aemet",), earliest=DAYS)
        holder.append(made)
        made.context.store.save_limits("aemet.daily", {"span_s": 20 * 86_400.0}, made.context.now)
        units = made.plan(("aemet",)).units
        assert len(units) > 12
        for unit in units[:8]:
            made.fill(unit, "first")
        before = len(gate.refused)
        gate.limiter.limit = 1
        for unit in units[8:10]:
            made.fill(unit, "second")
        heal_all(made, "aemet")
    assert before <= 3
    assert len(gate.refused) - before <= 3
    assert 0.9 <= gate.per_minute(60) <= 1
    assert made.plan(("aemet",)).units == ()
    assert made.context.store.blocks(made.context.now) == []


def test_the_facts_of_a_key_do_not_reveal_it(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Their name has sixteen bits of a digest."""
    sandbox.faults.add({"api": "aemet", "kind": "429", "times": 1})
    made = plant(monkeypatch, tmp_path, sandbox.url, keyed=("aemet",), earliest=DAYS)
    made.fill(made.plan(("aemet",)).units[0])
    (name,) = (
        n
        for n in made.context.store.load_limits(made.context.now - MEMORY)
        if n.startswith("aemet#")
    )
    assert re.fullmatch(r"aemet#[0-9a-f]{4}", name)
