"""A model whose arrays do not fit its answer: no verdict, asked again, and never "completed"."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from gapfill.domain.interval import Interval
from gapfill.domain.ledger import Outcome
from gapfill.services.context import RunContext
from gapfill.services.heal import heal
from gapfill.services.ledger_writer import LedgerWriter
from gapfill.services.planning import RunRequest
from gapfill.services.selection import Selection
from gapfill.sources.json_reader import Payload
from gapfill.sources.model import Ask
from gapfill.sources.open_meteo import parser as open_meteo
from gapfill.sources.open_meteo.arrays import VARIABLES
from gapfill.stores.sqlite.store import SqliteStore
from tests.catalogs import frozen
from tests.services.conftest import empty
from tests.services.test_heal import Nobody

if TYPE_CHECKING:
    from pathlib import Path

    from gapfill.services.heal import Healed
    from gapfill.sources.model import Answer
    from tests.services.conftest import FakeTime, Scripted

NOW = datetime(2026, 8, 10, 12, 20, tzinfo=UTC)
FIRST = datetime(2026, 7, 1, tzinfo=UTC)
END = FIRST + timedelta(hours=48)
HOUR = timedelta(hours=1)
VALUES = dict(
    zip((v.name for v in VARIABLES), (15.5, 55, 955.0, 2.2, 100, 4.4, 0, 100), strict=True)
)


@pytest.fixture
def context(tmp_path: Path, sources: Scripted, time: FakeTime) -> RunContext:
    """Return a site with hourly weather of July, and Open-Meteo alone."""
    known = frozen()
    weather = replace(known.series["weather_hourly"], earliest=FIRST)
    known = replace(known, series={"weather_hourly": weather})
    store = SqliteStore(tmp_path / "store.db")
    return RunContext(known, store, sources, NOW, time.sleep, time.monotonic)


def _without(name: str, change: object, ask: Ask) -> Answer:
    """Answer as Open-Meteo does, but for one array."""
    dates = dict(open_meteo.request(ask).params)
    start = datetime.fromisoformat(dates["start_date"])
    days = (datetime.fromisoformat(dates["end_date"]) - start).days + 1
    times = [f"{start + n * HOUR:%Y-%m-%dT%H:%M}" for n in range(24 * days)]
    hourly: dict[str, object] = {n: [value] * len(times) for n, value in VALUES.items()}
    hourly[name] = change
    if change is None:
        del hourly[name]
    place = ask.series.place
    body = {
        "latitude": place.latitude,
        "longitude": place.longitude,
        "utc_offset_seconds": 0,
        "hourly_units": {v.name: v.unit for v in VARIABLES},
        "hourly": {"time": times, **hourly},
    }
    return open_meteo.parse(ask, Payload(200, json.dumps(body).encode()))


def _healed(context: RunContext, *, force: bool = False) -> Healed:
    selection = Selection(tuple(context.catalog.series.values()), FIRST, END)
    return heal(context, RunRequest(selection, force=force), f"run{force}", Nobody())


@pytest.mark.parametrize("change", [None, "text", [1.0, 2.0]], ids=["missing", "text", "short"])
@pytest.mark.parametrize(
    "name,field", [("relative_humidity_2m", "humidity"), ("temperature_2m", "temperature")]
)
def test_a_required_array_that_does_not_fit_is_no_verdict_and_not_completed(
    context: RunContext, sources: Scripted, name: str, field: str, change: object
) -> None:
    """Its slots are missing still, and are asked for again in the next cycle, not in a day."""
    sources.otherwise = lambda ask: _without(name, change, ask)
    done = _healed(context)
    assert (done.summary.status, done.summary.gaps_resolved) == ("partial", 0)
    lines = [e for e in context.store.entries("weather_hourly") if e.field == field]
    assert {e.outcome for e in lines} == {Outcome.FAILED}
    assert lines[0].evidence.endswith(
        f"none of them with {field}; which proves nothing for this slot"
    )
    sources.otherwise = lambda ask: _without("precipitation", [0] * 72, ask)
    done = _healed(replace(context, now=NOW + 2 * HOUR))
    assert (done.summary.status, done.summary.gaps_resolved) == ("completed", 1)


def test_an_optional_array_that_does_not_fit_is_no_verdict(context: RunContext) -> None:
    """It is asked for again in the next cycle; one of nulls alone is not there."""
    series = context.catalog.series["weather_hourly"]
    product = next(p for p in context.catalog.sources["open_meteo"].products if p.name == "archive")
    ask = Ask(series, product, None, Interval(FIRST, FIRST + 2 * HOUR), NOW)
    for change, outcome in ((None, Outcome.FAILED), ([None] * 24, Outcome.NO_DATA)):
        answer = _without("shortwave_radiation", change, ask)
        slots = [FIRST, FIRST + HOUR]
        clerk = LedgerWriter(product.key, "run/1")
        settled = clerk.settle(ask, slots, ["solar_radiation"], answer.readings, answer)
        assert [(e.field, e.outcome) for e in settled.entries] == [
            (None, Outcome.FILLED),
            ("solar_radiation", outcome),
        ]


def test_a_run_whose_every_slot_is_missing_still_is_not_completed(
    context: RunContext, sources: Scripted
) -> None:
    """Nobody can be asked before tomorrow, and nothing of what was asked for is there."""

    def but_the_first(ask: Ask) -> Answer:
        answer = _without("precipitation", [0] * 24, ask)
        later = tuple(reading for reading in answer.readings if reading.slot > FIRST)
        return replace(answer, readings=later)

    sources.otherwise = but_the_first
    sources.obstacles = dict.fromkeys(("aemet", "siar", "openweathermap"), "is paused")
    first = _healed(context).summary
    assert (first.status, first.gaps_found, first.gaps_waiting) == ("completed", 1, 1)
    sources.otherwise = empty
    again = _healed(context, force=True).summary
    assert (again.status, again.gaps_found, again.gaps_waiting) == ("partial", 1, 1)
