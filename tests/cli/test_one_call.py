"""``heal`` with One Call: twenty hours a call, of the key's generation, beside the hour of now."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from gapfill_sandbox import serve
from tests.catalogs import write_catalog
from tests.sandbox.http_client import call
from tests.sources.openweathermap.server import (
    BLOCKED,
    INVALID_KEY,
    NO_SUBSCRIPTION,
    TIMELINE,
    TIMEMACHINE,
    WEATHER,
    OwmServer,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gapfill_sandbox import Sandbox
    from tests.cli.conftest import Cli

pytestmark = [pytest.mark.airflow, pytest.mark.usefixtures("installed")]

NOW = datetime(2025, 11, 5, 12, 34, tzinfo=UTC)
OLD_KEY, NEW_KEY, FREE_KEY = "a-key-of-3.0", "a-key-of-4.0", "a-free-key"
RANGE = ("--start", "2025-10-06T11:00:00Z", "--end", "2025-11-05T13:00:00Z")
"""720 hours up to the newest that One Call has, one that it does not have yet, and that of now."""

DAY = ("--start", "2025-11-04T11:00:00Z", "--end", "2025-11-05T13:00:00Z")
"""24 hours of One Call, one that it does not have yet, and that of now."""


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Serve every API, OpenWeatherMap without its rate of a minute."""
    with serve(now=NOW, rates={"openweathermap": 0}) as running:
        yield running


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    """Return the catalogue with a short weather, whose sources may be asked fast."""
    return write_catalog(tmp_path, earliest={"weather_hourly": "2025-10-01"}, per_minute=60_000)


@pytest.fixture
def environment(environment: dict[str, str], sandbox: Sandbox) -> dict[str, str]:
    """Set up OpenWeatherMap with a key of 4.0, and no other source of weather."""
    paused = {"conn_type": "http", "host": sandbox.url, "extra": {"paused": True}}
    return environment | {
        "GAPFILL_NOW": NOW.isoformat(),
        "AIRFLOW_CONN_OPENWEATHERMAP_DEFAULT": _connection(sandbox, NEW_KEY),
        "AIRFLOW_CONN_OPEN_METEO_DEFAULT": json.dumps(paused),
    }


def _connection(sandbox: Sandbox, key: str) -> str:
    given = {"conn_type": "http", "host": sandbox.url, "password": key}
    return json.dumps({**given, "extra": {"one_call": True}})


def _set_key(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox, key: str) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_OPENWEATHERMAP_DEFAULT", _connection(sandbox, key))


def _heal(cli: Cli, *span: str) -> Any:  # noqa: ANN401 - any JSON
    return cli("heal", "--series", "weather_hourly", *(span or RANGE), "--json").document


def _asked(sandbox: Sandbox) -> dict[str, int]:
    """Return how many calls each path got, and forget them."""
    counts = Counter(entry["path"] for entry in sandbox.requests.of("openweathermap"))
    sandbox.requests.clear()
    return dict(counts)


def _rows(store: Path) -> dict[str, tuple[float, float | None]]:
    """Return temperature and pressure by slot."""
    with sqlite3.connect(store) as connection:
        found = connection.execute("SELECT slot, temperature, pressure FROM weather_data")
        return {
            f"{datetime.fromtimestamp(slot, UTC):%Y-%m-%dT%H}": (temperature, pressure)
            for slot, temperature, pressure in found
        }


def test_a_month_from_one_call_takes_36_calls_and_the_hour_of_now_one(
    cli: Cli, sandbox: Sandbox, store: Path
) -> None:
    """Twenty hours a call; the call that finds out the generation brings its own twenty."""
    done = _heal(cli)
    assert done["weather_records_recovered"] == 721
    assert done["calls"] == 37
    assert _asked(sandbox) == {TIMELINE: 36, WEATHER: 1}
    assert len(_rows(store)) == 721
    assert _heal(cli)["calls"] == 0


def test_the_plan_and_explain_say_what_is_asked_and_what_it_costs(
    cli: Cli, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the two generations the newer one until the key is known, then that of the key."""
    ran = cli("plan", "--series", "weather_hourly", *RANGE, "--json").document
    assert [(u["product"], u["slots"], len(u["requests"])) for u in ran["units"]] == [
        ("timeline", 720, 36),
        ("current", 1, 1),
    ]
    assert ran["bill"]["calls"] == 37
    assert ran["bill"]["by_source"]["openweathermap"]["quota_left"] == 1000
    _set_key(monkeypatch, sandbox, OLD_KEY)
    assert _history_of(cli) == ["openweathermap timeline"]
    _heal(cli, *DAY)
    assert _history_of(cli) == ["openweathermap timemachine"]
    _set_key(monkeypatch, sandbox, NEW_KEY)
    _heal(cli, "--start", "2025-11-04T09:00:00Z", "--end", "2025-11-04T11:00:00Z")
    assert _history_of(cli) == ["openweathermap timeline"]


def _history_of(cli: Cli) -> list[str]:
    """Return the products of One Call that may serve an hour of the day before."""
    ran = cli("explain", "weather_hourly", "2025-11-04T05:00:00Z", "--json").document
    names = [c["candidate"] for c in ran["candidates"]]
    return [name for name in names if "time" in name]


def test_what_is_stored_is_the_truth_and_no_forecast(
    cli: Cli, sandbox: Sandbox, store: Path
) -> None:
    """Rows after now are in the answers' shape, too warm; pressure at sea level is not stored."""
    _heal(cli)
    rows = _rows(store)
    assert max(rows) == "2025-11-05T12"
    assert "2025-11-05T11" not in rows  # One Call has it an hour after its end
    assert {slot: held[1] for slot, held in rows.items() if held[1]} == {
        "2025-11-05T12": rows["2025-11-05T12"][1]
    }
    span = "start=2025-10-06T11:00:00Z&end=2025-11-05T11:00:00Z"
    url = f"{sandbox.url}/_sandbox/truth?series=weather_hourly&source=openweathermap&{span}"
    lines = call(url).text.splitlines()[1:]
    truth = {line[:13]: float(line.split(",")[1]) for line in lines}
    assert len(truth) == 720
    assert {slot: rows[slot][0] for slot in truth} == truth


def test_a_key_of_3_is_found_out_by_one_call_and_asked_by_the_hour(
    cli: Cli, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the same command; the next one knows it."""
    _set_key(monkeypatch, sandbox, OLD_KEY)
    done = _heal(cli, *DAY)
    assert done["weather_records_recovered"] == 25
    assert _asked(sandbox) == {TIMELINE: 1, TIMEMACHINE: 24, WEATHER: 1}
    done = _heal(cli, "--start", "2025-11-04T09:00:00Z", "--end", "2025-11-05T13:00:00Z")
    assert done["weather_records_recovered"] == 2
    assert _asked(sandbox) == {TIMEMACHINE: 2}


@pytest.mark.parametrize(
    "keys,counts",
    [
        ((OLD_KEY, NEW_KEY), {TIMEMACHINE: 1, TIMELINE: 4}),
        ((NEW_KEY, OLD_KEY), {TIMELINE: 1, TIMEMACHINE: 48}),
    ],
    ids=["3.0 to 4.0", "4.0 to 3.0"],
)
def test_a_key_that_changes_its_generation_is_found_out_again(
    cli: Cli,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    keys: tuple[str, str],
    counts: dict[str, int],
) -> None:
    """By the refusal of the one that was remembered, and in the same command."""
    _set_key(monkeypatch, sandbox, keys[0])
    _heal(cli, *DAY)
    sandbox.requests.clear()
    _set_key(monkeypatch, sandbox, keys[1])
    done = _heal(cli, "--start", "2025-11-02T11:00:00Z", "--end", "2025-11-04T11:00:00Z")
    assert done["weather_records_recovered"] == 48
    assert _asked(sandbox) == counts


def test_a_key_of_neither_is_told_once_and_asked_again_after_a_day(
    cli: Cli, sandbox: Sandbox, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And gets the weather of now every hour."""
    _set_key(monkeypatch, sandbox, FREE_KEY)
    ran = cli("heal", "--series", "weather_hourly", *DAY)
    assert ran.code == 3
    said = [line for line in ran.out.splitlines() if "no subscription to One Call" in line]
    assert len(said) == 1
    assert "AIRFLOW_CONN_OPENWEATHERMAP_DEFAULT" in said[0]
    assert 'remove "one_call": true from its extra' in said[0]
    assert FREE_KEY not in ran.out + ran.err
    assert _asked(sandbox) == {TIMELINE: 1, TIMEMACHINE: 1, WEATHER: 1}
    assert set(_rows(store)) == {"2025-11-05T12"}
    for hours, counts in (
        (1, {WEATHER: 1}),
        (23, {WEATHER: 1}),
        (25, {TIMELINE: 1, TIMEMACHINE: 1, WEATHER: 1}),
    ):
        later = NOW + timedelta(hours=hours)
        sandbox.clock.set(later)
        monkeypatch.setenv("GAPFILL_NOW", later.isoformat())
        cli("heal", "--series", "weather_hourly")
        assert _asked(sandbox) == counts
        assert f"{later:%Y-%m-%dT%H}" in _rows(store)


def test_a_refused_hour_waits_and_says_so(
    cli: Cli, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is missing and waits for the next try, not given up."""
    _set_key(monkeypatch, sandbox, FREE_KEY)
    _heal(cli, *DAY)
    asked = cli("explain", "weather_hourly", "2025-11-05T03:00:00Z", "--json").document
    assert asked["state"] == "missing"
    said = {c["candidate"]: c["sentence"] for c in asked["candidates"]}
    assert "is blocked until 2025-11-06T12:34" in said["openweathermap timeline"]
    assert "no subscription to One Call" in said["openweathermap timeline"]


def test_a_subscription_that_is_made_later_is_used(
    cli: Cli, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the key is asked again, a day after its refusal."""
    _set_key(monkeypatch, sandbox, FREE_KEY)
    _heal(cli, *DAY)
    later = NOW + timedelta(hours=25)
    sandbox.clock.set(later)
    monkeypatch.setenv("GAPFILL_NOW", later.isoformat())
    _set_key(monkeypatch, sandbox, NEW_KEY)
    done = _heal(cli, *DAY)
    assert done["weather_records_recovered"] == 25  # one of them was not out a day before


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[OwmServer]:
    """Serve OpenWeatherMap alone, path by path."""
    with OwmServer(NOW) as running:
        given = {"conn_type": "http", "host": running.url, "password": NEW_KEY}
        text = json.dumps({**given, "extra": {"one_call": True}})
        monkeypatch.setenv("AIRFLOW_CONN_OPENWEATHERMAP_DEFAULT", text)
        yield running


HISTORY = (TIMELINE, TIMEMACHINE)


@pytest.mark.parametrize(
    "status,body",
    [
        (429, BLOCKED),
        (401, INVALID_KEY),
        (401, NO_SUBSCRIPTION),
        (403, b""),
        (500, b""),
        (404, b"{}"),
    ],
)
def test_whatever_history_answers_the_hour_of_now_is_stored(
    cli: Cli, server: OwmServer, store: Path, status: int, body: bytes
) -> None:
    """In a run that asks 108 times for history, in two units, and in the run after it."""
    server.refuse(*HISTORY, status=status, body=body)
    span = ("--start", "2025-08-08", "--end", "2025-11-05T13:00:00Z")
    cli("heal", "--series", "weather_hourly", *span)
    assert set(_rows(store)) == {"2025-11-05T12"}
    assert server.counts[WEATHER] == 1
