"""Hours made of two stations and a model: each value from the best source that has it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from gapfill.domain.interval import Interval
from gapfill.domain.ledger import LedgerEntry, Outcome
from gapfill.domain.reading import Origin, Reading
from gapfill.domain.series import Grade, State
from gapfill.errors import MalformedPayload, SourceUnavailable
from gapfill.services.backfill import attempt
from gapfill.services.context import RunContext
from gapfill.services.detection import detect
from gapfill.services.explain import explain
from gapfill.services.heal import heal
from gapfill.services.planning import RunRequest, detect_all, make_plan
from gapfill.services.ports import Block
from gapfill.services.selection import Selection
from gapfill.sources.model import Answer, Ask, Rejected
from gapfill.stores.sqlite.store import SqliteStore
from tests.catalogs import frozen
from tests.filling import fill
from tests.services.scenes import with_one_station_each
from tests.services.test_heal import Nobody

if TYPE_CHECKING:
    from pathlib import Path

    from gapfill.services.heal import Healed
    from tests.services.conftest import FakeTime, Scripted

NOW = datetime(2026, 8, 10, 12, 20, tzinfo=UTC)
FIRST = datetime(2026, 8, 9, 23, tzinfo=UTC)
"""Start of the oldest of AEMET's last twelve rows at 12:20."""
HOUR = timedelta(hours=1)
LINARES = {"temperature": 30.0, "wind_speed": 2.0, "precipitation": 0.0}
"""What 5279X measures: no humidity, no pressure."""
BAILEN = {"temperature": 31.0, "humidity": 40.0}
MODEL = {"temperature": 33.0, "humidity": 25.0, "pressure": 955.0, "solar_radiation": 500.0}


def answered(ask: Ask, values: dict[str, float] | None) -> Answer:
    """Answer every slot with the same values, or none at all."""
    slots = ask.series.grid.slots(ask.interval) if values else ()
    readings = tuple(Reading(s, values or {}, ask.product.grade, ask.origin) for s in slots)
    return Answer(readings, evidence=f"HTTP 200: {len(readings)} rows")


def as_it_is(ask: Ask) -> Answer:
    """Answer as the two stations and the model do."""
    if ask.product.source == "aemet" and ask.station is not None:
        return answered(ask, LINARES if ask.station.id == "5279X" else BAILEN)
    return answered(ask, MODEL)


BARE = FIRST + 5 * HOUR
"""An hour that 5279X has without a temperature, in ``without_one``."""


def without_one(ask: Ask) -> Answer:
    """Answer as ``as_it_is``, but for the temperature of one hour."""
    answer = as_it_is(ask)
    if ask.station is None or ask.station.id != "5279X":
        return answer
    kept = {n: v for n, v in LINARES.items() if n != "temperature"}
    rows = [replace(r, values=kept) if r.slot == BARE else r for r in answer.readings]
    return replace(answer, readings=tuple(rows))


@pytest.fixture
def context(tmp_path: Path, sources: Scripted, time: FakeTime) -> RunContext:
    """Return a site with hourly weather of the last twelve hours, AEMET and Open-Meteo."""
    known = frozen()
    weather = replace(known.series["weather_hourly"], earliest=FIRST)
    known = replace(known, series={"weather_hourly": weather})
    sources.otherwise = as_it_is
    sources.keyed = {"aemet"}
    store = SqliteStore(tmp_path / "store.db")
    return RunContext(known, store, sources, NOW, time.sleep, time.monotonic)


def order(context: RunContext, *, force: bool = False) -> RunRequest:
    """Return the order of everything."""
    return RunRequest(Selection(tuple(context.catalog.series.values())), force=force)


def healed(context: RunContext, run: str = "run", *, force: bool = False) -> Healed:
    """Heal everything."""
    return heal(context, order(context, force=force), run, Nobody())


def asked(sources: Scripted) -> list[str]:
    """Return who was asked, in order, and forget it."""
    found = [f"{a.product.key}{'@' + a.station.id if a.station else ''}" for a in sources.asked]
    sources.asked.clear()
    return found


def test_hours_are_made_of_two_stations(context: RunContext, sources: Scripted) -> None:
    """Temperature and wind of Linares, humidity of Bailén, each with its own source."""
    done = healed(context)
    assert asked(sources) == ["aemet.observations@5279X", "aemet.observations@5281X"]
    (report,) = done.after
    assert report.coverage.counts[State.COMPLETE] == 12
    assert (done.summary.weather_records_recovered, done.summary.status) == (12, "completed")
    rows = context.store.read(context.catalog.series["weather_hourly"], Interval(FIRST, NOW))
    assert [row.values for row in rows] == [LINARES | {"humidity": 40.0}] * 12
    own = Origin("aemet/5279X", Grade.OBSERVED)
    assert {row.origin("humidity") for row in rows} == {Origin("aemet/5281X", Grade.OBSERVED)}
    assert {row.origin(name) for row in rows for name in LINARES} == {own}


def test_the_second_station_gives_only_what_it_was_asked_for(
    context: RunContext, sources: Scripted
) -> None:
    """Whichever of the two units runs first, the temperature is that of Linares."""
    healed(context)
    later = replace(context, now=NOW + 3 * HOUR)
    plan = make_plan(later, order(later), detect_all(later, order(later)))
    units = {u.station: u for u in plan.units if u.source == "aemet"}
    assert {id_: u.fields for id_, u in units.items()} == {
        "5279X": ("temperature",),
        "5281X": ("humidity",),
    }
    for id_ in ("5281X", "5279X"):
        assert fill(later, units[id_], "later").slots_filled == 3
    weather = context.catalog.series["weather_hourly"]
    new = Interval(FIRST + 12 * HOUR, FIRST + 15 * HOUR)
    rows = context.store.read(weather, new)
    assert [row.values for row in rows] == [LINARES | {"humidity": 40.0}] * 3
    assert len(asked(sources)) == 4


def test_an_hour_that_the_first_station_has_without_a_field_goes_to_the_second(
    context: RunContext, sources: Scripted
) -> None:
    """In the next cycle, also when the two hours of a hold-off are over to the second."""
    sources.otherwise = without_one
    plan = make_plan(context, order(context), detect_all(context, order(context)))
    for unit in plan.units:
        fill(context, unit, "one")
    asked(sources)
    later = replace(context, now=NOW + 2 * HOUR)
    healed(later, "two")
    (row,) = context.store.read(
        context.catalog.series["weather_hourly"], Interval(BARE, BARE + HOUR)
    )
    assert (row.values["temperature"], row.origin("temperature").source) == (31.0, "aemet/5281X")
    assert row.origin("wind_speed").source == "aemet/5279X"


def test_a_value_that_both_stations_have_comes_from_the_first_of_them(
    context: RunContext, sources: Scripted
) -> None:
    """Also where the second is asked for more hours, and for that field of one of them."""
    sources.otherwise = without_one
    (first, *_) = make_plan(context, order(context), detect_all(context, order(context))).units
    fill(context, first, "one")
    later = replace(context, now=NOW + 2 * HOUR)
    healed(later, "two")
    weather = context.catalog.series["weather_hourly"]
    rows = context.store.read(weather, Interval(FIRST, NOW + 2 * HOUR))
    sources_of = {row.slot: row.origin("temperature").source for row in rows}
    assert sources_of.pop(BARE) == "aemet/5281X"
    assert set(sources_of.values()) == {"aemet/5279X"}
    assert len(sources_of) == 13


def test_what_the_station_does_not_measure_comes_from_a_model(
    context: RunContext, sources: Scripted
) -> None:
    """Without the second station the hours are provisional, and hold what was observed."""
    place = context.catalog.series["weather_hourly"].place
    weather = replace(
        context.catalog.series["weather_hourly"],
        place=replace(place, stations=tuple(s for s in place.stations if s.id != "5281X")),
    )
    context = replace(context, catalog=replace(context.catalog, series={"weather_hourly": weather}))
    done = healed(context)
    assert asked(sources) == ["aemet.observations@5279X", "open_meteo.forecast"]
    (report,) = done.after
    assert report.coverage.counts[State.PROVISIONAL] == 12
    row = context.store.read(weather, Interval(FIRST, NOW))[0]
    assert (row.values["temperature"], row.values["humidity"]) == (30.0, 25.0)
    explained = explain(context, weather, FIRST)
    assert explained.sentence == (
        "has temperature 30, wind_speed 2, precipitation 0 from aemet/5279X, observed; humidity "
        "25, pressure 955, solar_radiation 500 from open_meteo, modelled; the slot is modelled "
        "(by its humidity), batch run/weather_hourly:open_meteo.forecast:"
        "20260809T2300Z-20260810T1100Z+humidity"
    )
    assert context.store.read(weather, Interval(FIRST, NOW))[-1].slot == FIRST + 11 * HOUR


def test_a_station_is_not_asked_again_for_what_it_never_reports(
    context: RunContext, sources: Scripted
) -> None:
    """It is said once, in status and explain, and the first row with the field ends it."""
    healed(context)
    asked(sources)
    later = replace(context, now=NOW + HOUR)
    (report,) = detect(later, order(later).selection)
    assert report.warnings == (
        (
            "weather_hourly: aemet observations at 5279X never reports humidity; "
            "other sources are asked for it."
        ),
    )
    said = explain(later, later.catalog.series["weather_hourly"], NOW - HOUR).opinions
    (opinion,) = [o for o in said if o.candidate == "aemet observations at 5279X"]
    assert opinion.sentence == (
        "can serve it now (temperature); never reports humidity; other sources are asked "
        "first (humidity)"
    )
    healed(later, "later")
    # Both at once: 5279X for the temperature of the new hour, 5281X for its humidity.
    assert asked(sources) == ["aemet.observations@5279X", "aemet.observations@5281X"]
    sources.otherwise = lambda ask: answered(ask, LINARES | {"humidity": 44.0})
    repaired = replace(context, now=NOW + 2 * HOUR)
    healed(repaired, "repaired")
    (report,) = detect(repaired, order(repaired).selection)
    assert report.warnings == ()


def test_an_answer_without_a_field_is_not_one_without_the_slot(
    context: RunContext, sources: Scripted
) -> None:
    """The ledger names the field; the slots themselves count as answered."""
    sources.otherwise = lambda ask: answered(
        ask, LINARES if ask.product.source == "aemet" else None
    )
    done = healed(context)
    lines = [
        e for e in context.store.entries("weather_hourly") if e.product == "aemet.observations"
    ]
    assert {(e.field, e.outcome) for e in lines} == {
        (None, Outcome.FILLED),
        ("humidity", Outcome.NOT_YET),
    }
    humid = [e for e in lines if e.field == "humidity"]
    assert humid[0].evidence == "HTTP 200: 12 rows, none of them with humidity"
    (report,) = done.after
    (gap,) = report.coverage.gaps
    assert (gap.state, gap.slots, gap.fields) == (State.MISSING, 12, ("humidity",))
    assert done.summary.weather_records_recovered == 0  # twelve rows, and no hour is whole
    notes = [c.note for c in done.certificates if c.source == "aemet"]
    assert notes[0] == "12 slots had no humidity"


def test_a_hold_off_ends_before_the_oldest_slot_is_lost(context: RunContext) -> None:
    """AEMET failed half an hour ago: the two hours that it drops soon are asked for all the same.

    Open-Meteo stands in for the others, unless a person forces it.
    """
    twelve = Interval(FIRST, FIRST + 12 * HOUR)
    key = "aemet.observations"
    failed = [
        LedgerEntry("weather_hourly", key, id_, twelve, Outcome.UNREACHED, NOW, "HTTP 500", "run/1")
        for id_ in ("5279X", "5281X")
    ]
    context.store.append_ledger(failed)
    later = replace(context, now=NOW + timedelta(minutes=35))

    def planned(*, force: bool) -> dict[str, int]:
        plan = make_plan(later, order(later, force=force), detect_all(later, order(later)))
        return {f"{u.source}.{u.product}": u.slots for u in plan.units}

    assert planned(force=False) == {key: 2, "open_meteo.forecast": 10}
    assert planned(force=True) == {key: 12}


def daily(context: RunContext) -> RunContext:
    """Return a site with daily weather of March, of AEMET's first station alone."""
    series = with_one_station_each(frozen().series["weather_daily"])
    march = replace(series, earliest=datetime(2026, 7, 1, tzinfo=UTC))
    known = replace(context.catalog, series={"weather_daily": march})
    return replace(context, catalog=known)


def test_empty_answers_prove_nothing_during_an_outage(
    context: RunContext, sources: Scripted
) -> None:
    """Five days are empty, and nothing else has come: asked again every day, never given up."""
    context = daily(context)
    sources.obstacles = dict.fromkeys(("siar", "siar_csv"), "is paused")
    sources.otherwise = lambda ask: answered(ask, None)
    *_, done = [
        healed(replace(context, now=NOW + timedelta(days=days, hours=days)), f"run{days}")
        for days in range(4)
    ]
    (report,) = done.after
    assert report.coverage.counts[State.UNFILLABLE] == 0
    assert report.coverage.counts[State.MISSING] == 38
    lines = context.store.entries("weather_daily")
    assert {e.outcome for e in lines} == {Outcome.UNPROVEN, Outcome.NOT_YET}
    last = replace(context, now=NOW + timedelta(days=3, hours=3))
    second = datetime(2026, 7, 2, tzinfo=UTC)
    opinions = explain(last, context.catalog.series["weather_daily"], second).opinions
    (opinion,) = [o for o in opinions if o.candidate.startswith("aemet")]
    assert opinion.sentence == (
        "has answered without it (HTTP 200: 0 rows, and all other answers of the source were "
        "empty too), which does not prove that it has none; will be asked again at "
        "2026-08-14T15:20:00Z"
    )


def test_empty_answers_of_a_source_that_gives_other_days_are_a_verdict(
    context: RunContext, sources: Scripted
) -> None:
    """The first five days of July are nowhere; all others come, day by day."""
    context = daily(context)
    lost = Interval(datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 7, 6, tzinfo=UTC))
    sources.obstacles = dict.fromkeys(("siar", "siar_csv"), "is paused")

    def without_five_days(ask: Ask) -> Answer:
        whole = answered(ask, {"temperature_mean": 25.0})
        readings = tuple(r for r in whole.readings if r.slot not in lost)
        return replace(whole, readings=readings)

    sources.otherwise = without_five_days
    *_, done = [
        healed(replace(context, now=NOW + timedelta(days=days, hours=days)), f"run{days}")
        for days in range(3)
    ]
    (report,) = done.after
    assert report.coverage.runs(State.UNFILLABLE) == [lost]


def test_force_asks_a_source_that_is_blocked(context: RunContext, sources: Scripted) -> None:
    """A refusal with two hours to wait holds for all runs but one that a person forces."""
    context.store.block(Block("aemet", NOW + 2 * HOUR, "HTTP 429"))
    healed(context, "held")
    assert asked(sources) == ["open_meteo.forecast"]
    healed(context, "forced", force=True)
    assert "aemet.observations@5279X" in asked(sources)
    row = context.store.read(
        context.catalog.series["weather_hourly"], Interval(FIRST, FIRST + HOUR)
    )[0]
    assert row.origin("temperature") == Origin("aemet/5279X", Grade.OBSERVED)


def test_a_field_that_a_station_was_without_for_a_night_is_not_given_up(
    context: RunContext, sources: Scripted
) -> None:
    """Half a day later it is asked again, and its hours are observed."""
    sources.otherwise = lambda ask: answered(
        ask, LINARES if ask.product.source == "aemet" else MODEL
    )
    healed(context)
    sources.otherwise = lambda ask: answered(
        ask, (LINARES | {"humidity": 41.0}) if ask.product.source == "aemet" else MODEL
    )
    later = replace(context, now=NOW + 12 * HOUR)
    healed(later, "later")
    row = context.store.read(
        context.catalog.series["weather_hourly"], Interval(NOW - HOUR, NOW + HOUR)
    )
    assert row[-1].origin("humidity").grade is Grade.OBSERVED


def silent_first(ask: Ask) -> Answer:
    """Answer as if the first station reported nothing at all."""
    if ask.station is not None and ask.station.id == "5279X":
        return answered(ask, None)
    return as_it_is(ask)


def test_hours_of_a_silent_first_station_come_from_the_second(
    context: RunContext, sources: Scripted
) -> None:
    """In one heal, but for the two newest hours, which the first one may still report."""
    sources.otherwise = silent_first
    healed(context)
    rows = context.store.read(context.catalog.series["weather_hourly"], Interval(FIRST, NOW))
    assert [row.origin("temperature").source for row in rows] == (
        ["aemet/5281X"] * 10 + ["open_meteo"] * 2
    )
    assert {row.values["temperature"] for row in rows[:10]} == {31.0}


def test_cycles_without_a_second_round_ask_the_second_station_too(
    context: RunContext, sources: Scripted
) -> None:
    """No hour of a silent first station leaves the window unasked of the second."""
    sources.otherwise = silent_first
    for cycle in range(5):
        later = replace(context, now=NOW + cycle * timedelta(hours=2, minutes=1))
        for unit in make_plan(later, order(later), detect_all(later, order(later))).units:
            fill(later, unit, f"run{cycle}")
    rows = context.store.read(
        context.catalog.series["weather_hourly"], Interval(FIRST + 4 * HOUR, NOW + 4 * HOUR)
    )
    assert {row.origin("temperature").source for row in rows} == {"aemet/5281X"}
    assert len(rows) == 14


@pytest.mark.parametrize("newest", [0, 1])
def test_no_hour_of_a_failing_first_station_is_lost(
    context: RunContext, sources: Scripted, newest: int
) -> None:
    """The second has the last twelve rows, up to the full hour or to the one before."""

    def fail_first(ask: Ask) -> Answer:
        if ask.product.source != "aemet":
            return as_it_is(ask)
        if ask.station is None or ask.station.id == "5279X":
            message = "another station"
            raise MalformedPayload(message, source="aemet", series="weather_hourly")
        end = ask.now.replace(minute=0) - newest * HOUR
        kept = Interval(end - 12 * HOUR, end)
        answer = as_it_is(ask)
        return replace(answer, readings=tuple(r for r in answer.readings if r.slot in kept))

    sources.otherwise = fail_first
    for cycle in range(7):
        later = replace(context, now=NOW + cycle * 2 * HOUR)
        for unit in make_plan(later, order(later), detect_all(later, order(later))).units:
            attempt(later, unit, f"run{cycle}")
    weather = context.catalog.series["weather_hourly"]
    rows = context.store.read(weather, Interval(FIRST + 4 * HOUR, NOW + 2 * HOUR))
    assert {row.origin("temperature").source for row in rows} == {"aemet/5281X"}


@pytest.mark.parametrize("outcome", ["empty", "malformed", "unreached"])
def test_a_stand_in_fills_the_oldest_hour_where_both_stations_fail(
    context: RunContext, sources: Scripted, outcome: str
) -> None:
    """Also an hour that AEMET drops within two hours; it is asked again a quarter later."""

    def fail(ask: Ask) -> Answer:
        if ask.product.source != "aemet":
            return as_it_is(ask)
        if outcome == "empty":
            return answered(ask, None)
        kind = MalformedPayload if outcome == "malformed" else SourceUnavailable
        raise kind(outcome, source="aemet", series="weather_hourly")

    sources.otherwise = fail
    healed(context)
    weather = context.catalog.series["weather_hourly"]
    rows = context.store.read(weather, Interval(FIRST, NOW))
    assert [row.origin("temperature").source for row in rows] == ["open_meteo"] * 12
    later = replace(context, now=NOW + timedelta(minutes=16))
    asked(sources)
    healed(later, "later")
    assert "aemet.observations@5279X" in asked(sources)


def test_a_field_whose_values_are_refused_is_not_one_that_is_never_reported(
    context: RunContext, sources: Scripted
) -> None:
    """The station has a broken sensor for a day, which is another thing than none."""

    def with_broken_sensor(ask: Ask) -> Answer:
        answer = as_it_is(ask)
        if ask.station is None or ask.station.id != "5279X":
            return answer
        why = "is outside 0 to 100 %"
        refused = tuple(Rejected(r.slot, "humidity", "255.0", why) for r in answer.readings)
        return replace(answer, rejected=refused)

    sources.otherwise = with_broken_sensor
    healed(context)
    later = replace(context, now=NOW + HOUR)
    (report,) = detect(later, order(later).selection)
    assert report.warnings == ()
    said = explain(later, later.catalog.series["weather_hourly"], NOW - HOUR).opinions
    assert not [o for o in said if "never reports" in o.sentence]
