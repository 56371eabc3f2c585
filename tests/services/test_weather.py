"""What weather asks of a fill that prices do not: limits, wanted fields, the reading of now."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from gapfill.domain.account_limits import AccountLimits
from gapfill.domain.interval import Interval, iso
from gapfill.domain.ledger import Outcome
from gapfill.domain.reading import Origin, Reading
from gapfill.domain.series import Grade, State
from gapfill.errors import MalformedPayload, SpanRefused
from gapfill.services.context import RunContext
from gapfill.services.detection import detect
from gapfill.services.heal import heal as heal_in_rounds
from gapfill.services.planning import RunRequest, detect_all, make_plan
from gapfill.services.selection import Selection
from gapfill.sources.model import Answer, Ask, Rejected
from gapfill.stores.sqlite.store import SqliteStore
from tests.catalogs import frozen
from tests.filling import fill
from tests.obstacles import obstacle

if TYPE_CHECKING:
    from pathlib import Path

    from gapfill.domain.candidate import Obstacle
    from gapfill.domain.plan import Plan, Unit
    from gapfill.domain.product import Product
    from gapfill.domain.series import Series
    from gapfill.services.certificate import Certificate
    from tests.services.conftest import FakeTime, Scripted

NOW = datetime(2026, 3, 20, 12, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
ONE_CALL = ("openweathermap.timeline", "openweathermap.timemachine")
FIELDS = {"temperature": 20.0, "humidity": 50.0}


def observed(ask: Ask, **more: float) -> Answer:
    """Answer every slot with the same weather."""
    slots = ask.series.grid.slots(ask.interval)
    grade = ask.product.grade
    return Answer(
        tuple(Reading(s, FIELDS | more, grade, ask.origin) for s in slots), evidence="HTTP 200"
    )


def dim(ask: Ask) -> Answer:
    """Answer every slot, and radiation for the first alone: the station does measure it."""
    answer = observed(ask)
    first, *others = answer.readings
    lit = replace(first, values={**first.values, "solar_radiation": 1.0})
    return replace(answer, readings=(lit, *others))


def sunny(ask: Ask) -> Answer:
    """Answer every slot with radiation too."""
    return observed(ask, solar_radiation=500.0)


@pytest.fixture
def context(
    tmp_path: Path, sources: Scripted, time: FakeTime, monkeypatch: pytest.MonkeyPatch
) -> RunContext:
    """Return a site with hourly weather since 2026-03-10 and every key, at 12:30."""
    known = frozen()
    weather = replace(known.series["weather_hourly"], earliest=datetime(2026, 3, 10, tzinfo=UTC))
    known = replace(known, series={"weather_hourly": weather})

    def obstacle_of(product: Product) -> Obstacle | None:
        return obstacle(sources.obstacles.get(product.key), f"{product.source}_default")

    monkeypatch.setattr(sources, "obstacle", obstacle_of)
    sources.otherwise = observed
    sources.obstacles = dict.fromkeys(ONE_CALL, "needs one_call")
    store = SqliteStore(tmp_path / "store.db")
    return RunContext(known, store, sources, NOW, time.sleep, time.monotonic)


def plan_of(context: RunContext) -> Plan:
    """Plan everything."""
    order = RunRequest(Selection(tuple(context.catalog.series.values())))
    return make_plan(context, order, detect_all(context, order))


def asked_of(plan: Plan, *, enrich: bool = False) -> list[tuple[str, str, str, int]]:
    """Return product, bounds and slots of the units."""
    return sorted(
        (f"{u.source}.{u.product}", iso(u.interval.start), iso(u.interval.end), u.slots)
        for u in plan.units
        if bool(u.enrich) is enrich
    )


def heal(context: RunContext, run: str) -> Plan:
    """Plan and carry out once."""
    plan = plan_of(context)
    for unit in plan.units:
        fill(context, unit, run)
    return plan


def test_every_piece_goes_to_its_source_once(context: RunContext) -> None:
    """SIAR up to AEMET's last 12 rows, the reading of now, and an hour that nobody has yet."""
    plan = plan_of(context)
    assert asked_of(plan) == [
        ("aemet.observations", "2026-03-19T23:00:00Z", "2026-03-20T11:00:00Z", 12),
        ("openweathermap.current", "2026-03-20T12:00:00Z", "2026-03-20T13:00:00Z", 1),
        ("siar.hourly", "2026-03-10T00:00:00Z", "2026-03-19T23:00:00Z", 239),
    ]
    (waiting,) = plan.waiting
    assert (waiting.interval.start, waiting.slots) == (datetime(2026, 3, 20, 11, tzinfo=UTC), 1)
    assert waiting.until == datetime(2026, 3, 20, 13, tzinfo=UTC)


def test_the_bill_counts_what_comes_before_the_first_request(context: RunContext) -> None:
    """SIAR: a login, a token, the limits, and then two weeks; AEMET: two hops."""
    bill = plan_of(context).bill
    assert {name: cost.calls for name, cost in bill.items()} == {
        "siar": 4 + 2,
        "aemet": 2,
        "openweathermap": 1,
    }


def test_a_small_account_is_asked_in_short_spans_from_the_first_run_on(
    context: RunContext, sources: Scripted
) -> None:
    """100 records a minute are two days of half-hours; the plan after knows it beforehand."""
    sources.allowances["siar"] = AccountLimits(100, 1000, 100, 10_000)
    plan = plan_of(context)
    unit = next(u for u in plan.units if u.source == "siar")
    assert len(unit.requests) == 2
    certificate = fill(context, unit, "run")
    assert (certificate.outcome, certificate.slots_filled) == ("filled", 239)
    days = [(ask.interval.end - ask.interval.start) / timedelta(days=1) for ask in sources.asked]
    assert max(days) == 2
    assert len(days) == 6  # of seven and three days: 2, 2, 2, 1 and 2, 1
    learned = context.store.load_limits(context.now)["siar"]
    assert learned == {
        "calls_minute": 100,
        "calls_day": 1000,
        "records_minute": 100,
        "records_day": 10_000,
    }
    context.store.undo("run/" + unit.id, context.catalog.series.values())
    again = next(u for u in plan_of(context).units if u.source == "siar")
    assert [r.end - r.start for r in again.requests] == [2 * timedelta(days=1)] * 4 + [47 * HOUR]


def test_a_span_that_is_refused_is_halved_and_remembered(
    context: RunContext, sources: Scripted
) -> None:
    """All slots are filled all the same, and nobody asks so long a range again for a month."""

    def at_most_two_days(ask: Ask) -> Answer:
        if ask.interval.duration > timedelta(days=2):
            message = "too long"
            raise SpanRefused(message, source="siar")
        return observed(ask)

    sources.otherwise = at_most_two_days
    unit = next(u for u in plan_of(context).units if u.source == "siar")
    assert fill(context, unit, "run").slots_filled == 239
    assert context.store.load_limits(context.now)["siar.hourly"] == {"span_s": 86400}
    month_later = replace(context, now=context.now + timedelta(days=31))
    siar = next(c for c in month_later.candidates(unit_series(context)) if c.source.name == "siar")
    assert siar.product.span == timedelta(days=7)


def unit_series(context: RunContext) -> Series:
    """Return the one series."""
    return context.catalog.series["weather_hourly"]


def test_a_day_that_is_refused_as_too_long_is_of_no_use(
    context: RunContext, sources: Scripted
) -> None:
    """There is no shorter request; the fill ends instead of halving for ever."""

    def never(_ask: Ask) -> Answer:
        message = "too long"
        raise SpanRefused(message, source="siar")

    sources.otherwise = never
    unit = next(u for u in plan_of(context).units if u.source == "siar")
    with pytest.raises(MalformedPayload, match="too long"):
        fill(context, unit, "run")


def test_a_reading_of_now_may_be_of_the_slot_before(context: RunContext, sources: Scripted) -> None:
    """At a minute past the hour it is: stored where it belongs, and nothing in the slot of now."""

    def before(ask: Ask) -> Answer:
        reading = Reading(ask.interval.start - HOUR, FIELDS, ask.product.grade, ask.origin)
        return Answer((reading,), evidence="HTTP 200")

    sources.answers["openweathermap"] = [before]
    unit = next(u for u in plan_of(context).units if u.source == "openweathermap")
    certificate = fill(context, unit, "run")
    assert (certificate.outcome, certificate.slots_filled) == ("not_yet", 1)
    assert (
        "answered for another slot than requested; its values are stored in their own slot"
        in certificate.note
    )
    rows = context.store.read(unit_series(context), Interval(NOW - 3 * HOUR, NOW + HOUR))
    assert [(row.slot.hour, row.grade) for row in rows] == [(11, Grade.PROVISIONAL)]
    entries = context.store.entries("weather_hourly")
    assert [(e.interval.start.hour, e.outcome) for e in entries] == [(12, Outcome.NOT_YET)]


def test_wanted_fields_are_asked_for_once_everything_stands(
    context: RunContext, sources: Scripted
) -> None:
    """AEMET has no radiation: SIAR adds it, and the row stays AEMET's.

    SIAR's own rows came without it, and are not asked for again.
    """
    sources.otherwise = dim
    heal(context, "one")
    sources.otherwise = sunny
    plan = plan_of(context)
    assert asked_of(plan) == []
    assert asked_of(plan, enrich=True) == [
        ("siar.hourly", "2026-03-20T00:00:00Z", "2026-03-20T10:00:00Z", 10)
    ]
    (unit,) = plan.units
    assert unit.label.endswith(" +solar_radiation")
    assert fill(context, unit, "two").slots_filled == 10
    (row,) = context.store.read(unit_series(context), Interval(NOW - 4 * HOUR, NOW - 3 * HOUR))
    assert (row.source, row.grade) == ("aemet/5279X", Grade.OBSERVED)
    assert row.values["solar_radiation"] == 500.0
    assert row.kept == {"solar_radiation": Origin("siar/J17", Grade.OBSERVED)}
    assert plan_of(context).units == ()


def test_a_wanted_field_that_is_not_there_is_asked_for_rarely(
    context: RunContext, sources: Scripted
) -> None:
    """A day later, then a week: and the hole of the field never becomes a gap."""
    sources.otherwise = dim
    heal(context, "one")
    (unit,) = plan_of(context).units
    assert fill(context, unit, "two").outcome == "partial"
    late = [e for e in context.store.entries("weather_hourly") if e.field == "solar_radiation"]
    assert {e.outcome for e in late} == {Outcome.NO_DATA, Outcome.NOT_YET}
    assert plan_of(replace(context, now=NOW + timedelta(minutes=1))).units == ()
    later = plan_of(replace(context, now=NOW + timedelta(minutes=20, hours=2)))
    assert asked_of(later, enrich=True) == [  # what was not out for certain, and a new hour
        ("siar.hourly", "2026-03-18T23:00:00Z", "2026-03-20T11:00:00Z", 34)
    ]
    (report,) = detect(context, Selection((unit_series(context),)))
    assert report.coverage.counts[State.UNFILLABLE] == 0


def test_gaps_come_before_upgrades_and_upgrades_before_wanted_fields(
    context: RunContext, sources: Scripted
) -> None:
    """Of one source too, and a slot is asked for once."""
    sources.obstacles["siar.hourly"] = "no key"
    heal(context, "one")  # Open-Meteo for what AEMET has no more
    del sources.obstacles["siar.hourly"]
    context.store.undo("one/" + _first_of(context), context.catalog.series.values())
    plan = plan_of(context)
    assert [bool(u.enrich) for u in plan.units] == sorted(bool(u.enrich) for u in plan.units)
    slots = [
        s for u in plan.units for r in u.requests for run in r.asked for s in _slots(context, run)
    ]
    assert len(slots) == len(set(slots))


def _first_of(context: RunContext) -> str:
    batch = next(
        row.batch for row in context.store.read(unit_series(context), _LAST_HOURS) if row.batch
    )
    return batch.removeprefix("one/")


_LAST_HOURS = Interval(NOW - 3 * HOUR, NOW - HOUR)


def _slots(context: RunContext, run: Interval) -> list[datetime]:
    return list(unit_series(context).grid.slots(run))


def test_an_outage_leaves_no_modelled_radiation_for_ever(
    context: RunContext, sources: Scripted
) -> None:
    """Open-Meteo stood in, AEMET upgraded its rows; SIAR's radiation then replaces the model's."""
    sources.obstacles |= {"aemet.observations": "is down", "siar.hourly": "no key"}
    sources.otherwise = sunny
    heal(context, "one")
    sources.obstacles = dict.fromkeys(ONE_CALL, "needs one_call")
    sources.otherwise = dim
    heal(replace(context, now=NOW + timedelta(minutes=10)), "two")
    sources.otherwise = sunny
    plan = heal(replace(context, now=NOW + timedelta(hours=3)), "three")
    assert [u.enrich for u in plan.units if u.source == "siar" and u.enrich]
    rows = context.store.read(unit_series(context), Interval(NOW - 12 * HOUR, NOW - 3 * HOUR))
    assert {row.kept["solar_radiation"].source for row in rows} == {"siar/J17"}


def test_values_that_stay_unbelievable_are_asked_for_rarely(
    context: RunContext, sources: Scripted
) -> None:
    """A slip is asked for again at once; from the third time on a day passes, and it is said."""
    sources.obstacles |= {"open_meteo.forecast": "is paused", "open_meteo.archive": "is paused"}

    def nonsense(ask: Ask) -> Answer:
        slots = list(ask.series.grid.slots(ask.interval))
        refused = tuple(
            Rejected(slot, "temperature", "-60.0", "is outside -40 to 60 °C") for slot in slots
        )
        return Answer(rejected=refused, evidence="HTTP 200")

    sources.otherwise = nonsense
    for n in range(3):
        later = replace(context, now=NOW + n * timedelta(hours=2))
        (unit,) = [u for u in plan_of(later).units if u.source == "siar"]
        fill(later, unit, f"run {n}")
    later = replace(context, now=NOW + timedelta(hours=8))
    assert [u for u in plan_of(later).units if u.source == "siar" and u.slots > 24] == []
    (waiting, *_) = [w for w in plan_of(later).waiting if w.slots > 24]
    assert "temperature '-60.0' is outside -40 to 60 °C" in waiting.reason


class Told:
    """Keeps what each round was to cost, and what it did cost."""

    def __init__(self) -> None:
        self.billed: list[dict[str, int]] = []
        self.made: list[int] = []

    def planned(self, plan: Plan) -> None:
        """Keep the bill."""
        self.billed.append({name: cost.calls for name, cost in plan.bill.items()})
        self.made.append(0)

    def began(self, unit: Unit) -> None:
        """Forget it."""

    def ended(self, certificate: Certificate) -> None:
        """Count the calls."""
        self.made[-1] += certificate.calls


@pytest.mark.parametrize("force", [False, True])
def test_rows_without_a_wanted_field_answer_for_it_too(
    context: RunContext, sources: Scripted, *, force: bool
) -> None:
    """Five hours that SIAR gives without radiation are not asked for once more in the same run."""
    start = datetime(2026, 3, 12, tzinfo=UTC)
    selection = Selection(tuple(context.catalog.series.values()), start, start + 5 * HOUR)
    healed = heal_in_rounds(context, RunRequest(selection, force=force), "run", Told())
    assert [ask.product.key for ask in sources.asked] == ["siar.hourly"]
    assert [c.outcome for c in healed.certificates] == ["filled"]
    assert force or healed.plan.units == ()
    lines = [e for e in context.store.entries("weather_hourly") if e.field == "solar_radiation"]
    assert [(e.interval, e.outcome) for e in lines] == [
        (Interval(start, start + 5 * HOUR), Outcome.NO_DATA)
    ]


def test_a_source_that_is_logged_in_to_is_billed_without_its_log_in(
    context: RunContext, sources: Scripted
) -> None:
    """SIAR's token serves for radiation in the second round, too, and nothing else is asked."""
    sources.otherwise = lambda a: sunny(a) if a.product.source == "siar" else observed(a)
    start = datetime(2026, 3, 19, 20, tzinfo=UTC)
    selection = Selection(tuple(context.catalog.series.values()), start, start + 9 * HOUR)
    told = Told()
    heal_in_rounds(context, RunRequest(selection), "run", told)
    assert told.billed == [{"aemet": 2, "siar": 4 + 1}, {"siar": 1}]
    assert told.made[1] == 1
