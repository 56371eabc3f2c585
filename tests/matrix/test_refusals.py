"""Hostile questions: keys, quotas, tokens and redirects, through whole runs."""

from __future__ import annotations

import tracemalloc
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from gapfill.domain.ledger import Outcome
from gapfill.domain.series import Grade
from gapfill.errors import AuthRejected
from gapfill_sandbox import serve
from gapfill_sandbox.registry import APIS
from tests.matrix.bench import leaks
from tests.matrix.doors import NOW
from tests.matrix.plant import plant
from tests.sandbox.http_client import call

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from gapfill_sandbox import Sandbox
    from tests.matrix.bench import Bench

pytestmark = pytest.mark.airflow

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DAYS = {"weather_daily": datetime(2025, 4, 1, tzinfo=UTC)}
HOURS = {"weather_hourly": datetime(2025, 10, 24, tzinfo=UTC)}


@contextmanager
def account(**limits: int) -> Iterator[Sandbox]:
    """Serve a sandbox of the test's own, as SIAR's account has limits."""
    settings = {f"siar.{name}": limit for name, limit in limits.items()}
    rates = {api.name: 0 for api in APIS}
    with serve(now=NOW, rates=rates, limits=settings, stations="full") as running:
        yield running


def test_a_refused_key_fails_at_once_and_the_others_go_on(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """AEMET is asked once, its connection is named; what the others have is had."""
    sandbox.faults.add({"api": "aemet", "kind": "401"})
    healed = plant(monkeypatch, tmp_path, sandbox.url).heal()
    outcomes = [(c.source, c.series, c.outcome) for c in healed.certificates]
    assert sorted(outcomes) == [
        ("aemet", "weather_hourly", "failed"),
        ("open_meteo", "weather_hourly", "filled"),
        ("openweathermap", "weather_hourly", "filled"),
        ("ree", "pvpc", "filled"),
        ("siar", "weather_daily", "filled"),
        ("siar", "weather_hourly", "filled"),
        ("siar", "weather_hourly", "filled"),  # in the second round, for AEMET
    ]
    (failure,) = healed.summary.failures
    assert (
        "the key of connection 'aemet_default' (AIRFLOW_CONN_AEMET_DEFAULT) was refused"
        in failure.sentence
    )
    assert leaks(failure.sentence) == []
    assert len(sandbox.requests.of("aemet")) == 1
    assert healed.refused == ("aemet",)


@pytest.mark.parametrize("api,kind,calls", [("siar", "401", 2), ("esios", "403", 2)])
def test_after_two_refused_keys_no_further_unit_calls(
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    api: str,
    kind: str,
    calls: int,
) -> None:
    """Of a plan of many units two ask once each, and the rest is deferred."""
    sandbox.faults.add({"api": api, "kind": kind})
    first = {"pvpc": datetime(2021, 6, 1, tzinfo=UTC), **HOURS, **DAYS}
    made = plant(monkeypatch, tmp_path, sandbox.url, keyed=("siar", "esios"), earliest=first)
    healed = made.heal((api,))
    outcomes = [c.outcome for c in healed.certificates]
    assert outcomes[:2] == ["failed"] * 2
    assert set(outcomes[2:]) <= {"deferred"}
    assert len(sandbox.requests.of(api)) == calls
    assert len(made.plan((api,)).units) >= 2


def test_a_block_of_the_address_is_met_once_and_no_key_is_blamed(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """REE is left alone for ten minutes; ESIOS stands in in the same run."""
    sandbox.faults.add({"api": "ree", "kind": "403"})
    made = plant(monkeypatch, tmp_path, sandbox.url, keyed=())
    healed = made.heal(None, "pvpc")
    assert [(c.source, c.outcome) for c in healed.certificates] == [
        ("ree", "deferred"),
        ("esios", "filled"),
    ]
    assert healed.certificates[0].note.endswith(
        "Deferred; will be asked again after 2025-11-05T12:40:03Z. Gapfill asks ESIOS meanwhile."
    )
    assert len(sandbox.requests.of("ree")) == 1
    assert healed.refused == ()
    assert list(healed.summary.failures) == []


def test_a_key_that_expires_in_mid_run_leaves_what_was_had(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """AEMET's second request is refused: the first's days stand, and a new key does the rest."""
    made = plant(monkeypatch, tmp_path, sandbox.url, keyed=("aemet",), earliest=DAYS)
    sandbox.faults.add({"api": "aemet", "kind": "401", "after": 2})
    (unit,) = made.plan().units
    assert len(unit.requests) == 2
    with pytest.raises(AuthRejected, match="key of connection 'aemet_default'"):
        made.fill(unit)
    assert len(made.rows("weather_daily")) == 180
    entries = made.context.store.entries("weather_daily")
    assert [e.outcome for e in entries] == [Outcome.FILLED, Outcome.UNREACHED]
    assert entries[1].interval.start == entries[0].interval.end
    sandbox.faults.clear()
    (rest,) = made.plan().units
    assert (rest.slots, len(rest.requests)) == (unit.slots - 180, 1)
    assert made.fill(rest, "later").outcome == "filled"


def test_a_token_that_expires_in_mid_run_is_renewed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """SIAR's token serves for the limits and one week; the second week gets another, once."""
    with account(token_uses=2) as sandbox:
        made = plant(monkeypatch, tmp_path, sandbox.url, keyed=("siar",), earliest=HOURS)
        (unit,) = made.plan(("siar",)).units
        assert len(unit.requests) == 2
        assert made.fill(unit).outcome == "filled"
        paths = [entry["path"].rsplit("/", 1)[-1] for entry in sandbox.requests.of("siar")]
    login = ["cifrarCadena", "cifrarCadena", "obtenerToken"]
    assert paths == [*login, "ACCESOS", "ESTACION", "ESTACION", *login, "ESTACION"]


@pytest.mark.parametrize("name,skip", [("ree", 0), ("aemet", 0), ("aemet_rows", 1), ("siar", 4)])
def test_a_short_refusal_is_waited_out_without_losing_the_unit(
    bench: Callable[..., Bench], name: str, skip: int
) -> None:
    """A 429 that names 30 s, once: the fill holds its turn, waits, and fills all."""
    at = bench(name)
    fault = {"api": at.door.source, "kind": "429", "times": 1, "after": skip, "retry_after": 30}
    at.sandbox.faults.add(fault)
    (unit,) = at.plan()
    assert (at.fill(unit).how, len(at.rows())) == ("filled", 4)
    assert at.time.slept.count(30.0) == 1
    assert at.context.store.blocks(at.context.now) == []


def test_an_estado_429_on_the_second_hop_is_waited_out_with_a_fresh_link(
    bench: Callable[..., Bench],
) -> None:
    """AEMET says it with HTTP 200: "wait for the next minute", and then both hops again."""
    at = bench("aemet_rows")
    at.sandbox.faults.add({"api": "aemet", "kind": "estado_429", "times": 1, "after": 1})
    (unit,) = at.plan()
    assert (at.fill(unit).how, at.untrue()) == ("filled", [])
    assert len(at.requests()) == 4
    assert at.time.slept.count(61.0) == 1


def test_a_long_refusal_blocks_the_source_from_when_it_was_said(
    bench: Callable[..., Bench],
) -> None:
    """A run that has gone on for half an hour does not count the wait from its beginning."""
    at = bench("ree")
    at.sandbox.faults.add({"api": "ree", "kind": "429", "retry_after": 300})
    (unit,) = at.plan()
    at.time.sleep(1800)
    assert at.fill(unit).how == "deferred"
    (block,) = at.context.store.blocks(at.context.now)
    assert (block.source, block.until) == ("ree", datetime(2025, 11, 5, 13, 5, 3, tzinfo=UTC))
    assert len(at.requests()) == 1
    assert at.plan() == []


def test_a_refusal_without_a_time_by_openweathermap_blocks_it_for_an_hour(
    bench: Callable[..., Bench],
) -> None:
    """Its words do not say for how long; the slot of now is left to the others."""
    at = bench("openweathermap")
    at.sandbox.faults.add({"api": "openweathermap", "kind": "429"})
    (unit,) = at.plan()
    assert at.fill(unit).how == "deferred"
    (block,) = at.context.store.blocks(at.context.now)
    assert block.until == datetime(2025, 11, 5, 13, 30, 2, tzinfo=UTC)
    assert at.time.slept == [1.01]


def test_a_spent_day_blocks_the_source_and_the_run_is_green(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """SIAR's day: one unit learns it, the other makes no call, nothing failed; then it heals."""
    with account(calls_day=5) as sandbox:
        call(f"{sandbox.url}/siarapi/API/V1/Autenticacion/cifrarCadena?cadena=of-another-program")
        sandbox.requests.clear()
        first = HOURS | {"weather_daily": datetime(2025, 10, 20, tzinfo=UTC)}
        made = plant(monkeypatch, tmp_path, sandbox.url, keyed=("siar",), earliest=first)
        healed = made.heal(("siar",))
        assert [c.outcome for c in healed.certificates] == ["deferred", "deferred"]
        assert (healed.summary.units_failed, healed.summary.units_deferred) == (0, 2)
        assert "permitidas en un día" in healed.certificates[0].note
        assert "SIAR is blocked until 2025-11-06T01:00:" in healed.certificates[1].note
        assert len(sandbox.requests.of("siar")) == 5
        assert made.plan(("siar",)).units == ()
        waiting = made.plan(None, "weather_daily").waiting
        assert {
            w.until.replace(second=0, microsecond=0) for w in waiting if w.source == "siar"
        } == {datetime(2025, 11, 6, 1, tzinfo=UTC)}
        early = made.at(datetime(2025, 11, 6, 1, 5, tzinfo=UTC))
        assert early.plan(("siar",)).units == ()  # by our own count, of any 24 hours
        later = datetime(2025, 11, 6, 12, 35, tzinfo=UTC)
        sandbox.clock.set(later)
        made = made.at(later)
        (unit,) = made.plan(("siar",)).units  # four calls to begin with, and one is left
        assert (len(unit.requests), made.fill(unit, "later").outcome) == (1, "filled")


def test_a_wrong_reading_of_now_gives_way_to_an_observed_one(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Zeros could be right, so they are stored, as provisional; later AEMET's stand there."""
    sandbox.faults.add({"api": "openweathermap", "kind": "zero"})
    earliest = {"weather_hourly": NOW.replace(minute=0) - 2 * HOUR}
    made = plant(
        monkeypatch, tmp_path, sandbox.url, keyed=("openweathermap", "aemet"), earliest=earliest
    )
    made.heal(run="one")
    slot = NOW.replace(minute=0)
    row = {row.slot: row for row in made.rows("weather_hourly")}[slot]
    assert (row.grade, row.values["humidity"]) == (Grade.PROVISIONAL, 0.0)
    sandbox.faults.clear()
    later = NOW + 2 * HOUR
    sandbox.clock.set(later)
    made.at(later).heal(run="two")
    row = {row.slot: row for row in made.rows("weather_hourly")}[slot]
    assert (row.grade, row.source) == (Grade.OBSERVED, "aemet/5279X")
    assert row.values["humidity"] > 0
    assert row.kept == {}


def test_a_body_of_20_mb_is_read_to_5_mb_and_given_up(bench: Callable[..., Bench]) -> None:
    """Our side holds no more of it; the API's side, here in the same process, sends in pieces."""
    at = bench("ree")
    at.sandbox.faults.add({"api": "ree", "kind": "big_body"})
    (unit,) = at.plan()
    tracemalloc.start()
    try:
        ended = at.fill(unit)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert ended.how == "MalformedPayload"
    assert 5_000_000 < peak < 20_000_000


@pytest.mark.parametrize(
    "name", ["esios", "openweathermap", "aemet", "aemet_rows", "siar_token", "siar"]
)
def test_a_redirect_to_another_host_carries_no_key_there(
    bench: Callable[..., Bench], name: str
) -> None:
    """Nobody calls there at all."""
    at = bench(name)
    at.sandbox.faults.add({"api": at.door.source, "kind": "redirect", "after": at.door.skip})
    (unit,) = at.plan()
    assert at.fill(unit).how == "SourceUnavailable"
    assert at.sandbox.requests.of("elsewhere") == []


def test_a_redirect_of_a_call_without_key_carries_none_there(bench: Callable[..., Bench]) -> None:
    """The archive's rows lie on another host, so it is followed; without any credentials."""
    at = bench("esios_archive")
    at.sandbox.faults.add({"api": "esios", "kind": "redirect"})
    (unit,) = at.plan()
    assert at.fill(unit).how == "MalformedPayload"
    (came,) = at.sandbox.requests.of("elsewhere")
    assert not any(came["secrets"].values())
    assert came["query"] == {"locale": ["es"], "date": ["2025-11-03"]}
