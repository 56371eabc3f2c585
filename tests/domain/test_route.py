"""Which source heals a slot."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gapfill.domain.candidate import NOWHERE, Candidate, Eligibility
from gapfill.domain.eligibility import evaluate
from gapfill.domain.interval import END_OF_TIME, Interval, merge
from gapfill.domain.ledger import exclusions_from
from gapfill.domain.local_time import AfterEnd
from gapfill.domain.route import choose, cut, zone_bounds
from gapfill.domain.series import Grade, Station, Zone
from tests.domain.oracle import WINDOW, Scene, nows, offers, scenes, who
from tests.domain.samples import (
    DAY,
    FREE,
    HOUR,
    HOURLY,
    PVPC,
    SPOT,
    WEATHER_DAILY,
    WEATHER_HOURLY,
    at,
    candidate,
    candidates,
    entry,
    product,
    series,
    short,
    span,
    spans,
    thoroughly,
    told,
)

if TYPE_CHECKING:
    from gapfill.domain.series import Series

NOW = at("2025-10-26 12:30")
LAST_HOUR = "waits until 2025-10-26 13:00 for openweathermap"
Changes = dict[str, dict[str, Any]]


def asked(
    of: Series,
    now: datetime,
    *runs: str,
    changes: Changes | None = None,
    **how: Any,  # noqa: ANN401 - force or above
) -> list[tuple[str, str]]:
    """Return who is asked for the runs, with changes to the candidates by ``source.product``."""
    return told(choose(spans(*runs), of, candidates(of, (changes or {}) | FREE), now, **how))


def no_data(interval: Interval, *asked_at: str) -> dict[str, Any]:
    """Return the change of a candidate that said "no data" at these instants."""
    return {"rulings": exclusions_from([entry(interval, when) for when in asked_at])}


# Weather by the hour.


def test_a_hole_of_five_weeks_is_cut_exactly_where_the_answer_changes() -> None:
    """SIAR has what is published, AEMET the last 12 h, Open-Meteo the rest, OWM the hour of now."""
    late = {"siar.hourly": {"recent": (span("2025-10-25 00:00", "2025-10-26 12:00"),)}}
    assert asked(WEATHER_HOURLY, NOW, "2025-09-21 00:00 > 2025-10-26 13:00", changes=late) == [
        ("2025-09-21 00:00 > 2025-10-25 00:00", "siar.hourly"),
        ("2025-10-25 00:00 > 2025-10-25 23:00", "open_meteo.forecast"),
        ("2025-10-25 23:00 > 2025-10-26 11:00", "aemet.observations"),
        ("2025-10-26 11:00 > 2025-10-26 12:00", "waits until 2025-10-26 13:00 for aemet"),
        ("2025-10-26 12:00 > 2025-10-26 13:00", "openweathermap.current"),
    ]


def test_without_aemet_and_siar_the_model_has_the_hole_and_its_archive_the_rest() -> None:
    """Forecasts have what is younger than 92 days."""
    nobody = {key: {"obstacle": "no key"} for key in ("aemet.observations", "siar.hourly")}
    assert asked(WEATHER_HOURLY, NOW, "2025-07-26 00:00 > 2025-10-26 11:00", changes=nobody) == [
        ("2025-07-26 00:00 > 2025-07-26 13:00", "open_meteo.archive"),
        ("2025-07-26 13:00 > 2025-10-26 11:00", "open_meteo.forecast"),
    ]


def test_the_last_resort_is_taken_only_where_nothing_observed_can_serve() -> None:
    """With One Call the time machine has the hour AEMET and SIAR lack, in any zone of the route."""
    hole = spans("2025-10-19 00:00 > 2025-10-26 12:00")
    offered = candidates(WEATHER_HOURLY)
    assert told(choose(hole, WEATHER_HOURLY, offered, NOW)) == [
        ("2025-10-19 00:00 > 2025-10-25 23:00", "siar.hourly"),
        ("2025-10-25 23:00 > 2025-10-26 11:00", "aemet.observations"),
        ("2025-10-26 11:00 > 2025-10-26 12:00", LAST_HOUR),
    ]
    offered = candidates(WEATHER_HOURLY, {"siar.hourly": {"obstacle": "no key"}})
    assert told(choose(hole, WEATHER_HOURLY, offered, NOW))[:2] == [
        ("2025-10-19 00:00 > 2025-10-19 13:00", "open_meteo.forecast"),
        ("2025-10-19 13:00 > 2025-10-25 23:00", "openweathermap.timemachine"),
    ]


def test_the_hour_of_now_is_the_current_reading_only() -> None:
    """From its first instant to its last; the hour before is nobody's yet."""
    for now in ("2025-10-26 12:00", "2025-10-26 12:59"):
        assert asked(WEATHER_HOURLY, at(now), "2025-10-26 12:00 > 2025-10-26 13:00") == [
            ("2025-10-26 12:00 > 2025-10-26 13:00", "openweathermap.current")
        ]
    assert asked(WEATHER_HOURLY, at("2025-10-26 13:00"), "2025-10-26 12:00 > 2025-10-26 13:00") == [
        ("2025-10-26 12:00 > 2025-10-26 13:00", "waits until 2025-10-26 14:00 for aemet")
    ]


def zones_at(now: str) -> list[tuple[datetime, str]]:
    """Return the start and first source of each zone of hourly weather but the oldest."""
    bounds = zone_bounds(WEATHER_HOURLY, at(now))
    assert bounds[0][1].sources[0] == "siar"
    return [(interval.start, zone.sources[0]) for interval, zone in bounds[1:]]


def test_a_slot_of_exactly_48_hours_is_older() -> None:
    """The youngest zone begins with the slot after it."""
    assert zones_at("2025-10-26 12:00") == [
        (at("2025-09-30 22:00"), "aemet"),
        (at("2025-10-24 13:00"), "openweathermap"),
    ]


def test_a_slot_a_minute_younger_than_48_hours_is_young() -> None:
    """At 11:59 the slot of 12:00 two days ago is still in the youngest zone."""
    assert zones_at("2025-10-26 11:59")[-1] == (at("2025-10-24 12:00"), "openweathermap")


@pytest.mark.parametrize(
    "now, month",
    [
        ("2025-10-26 12:00", "2025-09-30 22:00"),
        ("2025-11-15 12:00", "2025-10-31 23:00"),
        ("2025-03-31 21:59", "2025-02-28 23:00"),
    ],
)
def test_months_are_local(now: str, month: str) -> None:
    """October begins on 30 September at 22:00Z."""
    assert zones_at(now)[0] == (at(month), "aemet")


def test_early_in_a_month_no_slot_is_older_than_the_young_and_of_this_month() -> None:
    """At 22:00Z of 30 September it is October, and what is not young is of September."""
    assert zones_at("2025-09-30 21:59") == [
        (at("2025-08-31 22:00"), "aemet"),
        (at("2025-09-28 22:00"), "openweathermap"),
    ]
    assert zones_at("2025-09-30 22:00") == [(at("2025-09-28 23:00"), "openweathermap")]


def test_slots_that_no_zone_takes_have_no_source() -> None:
    """A route may end; beyond its end nobody is asked, least of all the youngest zone's sources."""
    short_route = series(route=(Zone(("ree",), younger_than=48 * HOUR),))
    assert asked(short_route, NOW, "2025-10-20 00:00 > 2025-10-26 12:00") == [
        ("2025-10-20 00:00 > 2025-10-24 13:00", "nobody"),
        ("2025-10-24 13:00 > 2025-10-26 12:00", "ree.pvpc"),
    ]
    left = next(choose(spans("2025-10-20 > 2025-10-21"), series(route=()), [], NOW))
    assert left.reason == "no source of its route offers it"


# Weather by the day.


def test_daily_slots_go_to_siar_until_aemet_has_them() -> None:
    """AEMET is five days behind; of an earlier month SIAR goes first."""
    now = at("2025-10-26 17:00")
    assert asked(WEATHER_DAILY, now, "2025-09-20 00:00 > 2025-10-26 00:00") == [
        ("2025-09-20 00:00 > 2025-10-01 00:00", "siar.daily"),
        ("2025-10-01 00:00 > 2025-10-21 00:00", "aemet.daily"),
        ("2025-10-21 00:00 > 2025-10-26 00:00", "siar.daily"),
    ]


@pytest.mark.parametrize(
    "now, first", [("2025-09-30 22:00", "2025-10-01"), ("2025-09-30 21:59", "2025-09-01")]
)
def test_a_daily_slot_belongs_to_the_month_of_its_date(now: str, first: str) -> None:
    """Not to that of 00:00 UTC in local time, and the month changes at local midnight."""
    older = replace(WEATHER_DAILY, route=(Zone(("aemet",), current_month=True), Zone(("siar",))))
    assert zone_bounds(older, at(now))[-1][0].start == at(first)


def test_a_daily_slot_of_the_western_hemisphere_belongs_to_the_month_of_its_date() -> None:
    """Where local midnight comes after 00:00 UTC."""
    lima = replace(
        WEATHER_DAILY,
        place=replace(WEATHER_DAILY.place, zone="America/Lima"),
        route=(Zone(("aemet",), current_month=True), Zone(("siar",))),
    )
    assert zone_bounds(lima, at("2025-10-26"))[-1][0].start == at("2025-10-01")


def test_an_observed_day_is_upgraded_by_the_official_one_only() -> None:
    """SIAR's own is no better; the first of each zone's days says how long they wait."""
    now = at("2025-10-26 17:00")
    assert asked(
        WEATHER_DAILY, now, "2025-10-10 00:00 > 2025-10-26 00:00", above=Grade.OBSERVED
    ) == [
        ("2025-10-10 00:00 > 2025-10-21 00:00", "aemet.daily"),
        ("2025-10-21 00:00 > 2025-10-25 00:00", "waits until 2025-10-27 00:00 for aemet"),
        ("2025-10-25 00:00 > 2025-10-26 00:00", "waits until 2025-10-31 00:00 for aemet"),
    ]


# Prices.


def test_esios_stands_in_where_ree_failed_within_two_hours() -> None:
    """For those slots only, and without a key by the archive."""
    failed: Changes = {
        "ree.pvpc": {"recent": (span("2025-10-25 22:00", "2025-10-26 23:00"),)},
        "esios.1001": {"obstacle": "has no token"},
    }
    assert asked(PVPC, NOW, "2025-10-24 22:00 > 2025-10-27 00:00", changes=failed) == [
        ("2025-10-24 22:00 > 2025-10-25 22:00", "ree.pvpc"),
        ("2025-10-25 22:00 > 2025-10-26 23:00", "esios.archive70"),
        ("2025-10-26 23:00 > 2025-10-27 00:00", "waits until 2025-10-26 19:50 for ree"),
    ]


def test_a_source_that_just_failed_is_asked_again_where_nobody_else_can() -> None:
    """An outage is no verdict."""
    failed: Changes = {
        "ree.pvpc": {"recent": (span("2025-10-25 22:00", "2025-10-26 23:00"),)},
        "esios.1001": {"obstacle": "has no token"},
        "esios.archive70": {"obstacle": "is paused"},
    }
    assert asked(PVPC, NOW, "2025-10-25 22:00 > 2025-10-26 23:00", changes=failed) == [
        ("2025-10-25 22:00 > 2025-10-26 23:00", "ree.pvpc")
    ]


def test_prices_before_the_tariff_are_nobodys() -> None:
    """PVPC 2.0TD begins on 2021-06-01, local."""
    assert asked(PVPC, NOW, "2021-05-31 20:00 > 2021-06-01 00:00") == [
        ("2021-05-31 20:00 > 2021-05-31 22:00", "nobody"),
        ("2021-05-31 22:00 > 2021-06-01 00:00", "ree.pvpc"),
    ]


def test_a_product_serves_only_the_era_of_its_resolution() -> None:
    """Hourly prices are no quarter-hourly ones."""
    offered = [
        candidate(product(name="hourly")),
        candidate(product(name="quarters", resolution=timedelta(minutes=15))),
    ]
    assert told(choose(spans("2025-09-30 20:00 > 2025-10-01 00:00"), SPOT, offered, NOW)) == [
        ("2025-09-30 20:00 > 2025-09-30 22:00", "ree.hourly"),
        ("2025-09-30 22:00 > 2025-10-01 00:00", "ree.quarters"),
    ]


# One candidate, one slot.


def verdict(slot: str, of: Candidate | None = None, **how: Any) -> tuple[str, str]:  # noqa: ANN401 - force or above
    """Return a candidate's standing and sentence towards an hour of PVPC at noon of 2025-10-26."""
    found = evaluate(of or candidate(), series(), at(slot), at("2025-10-26 12:00"), **how)
    return found.eligibility.value, found.sentence


DAY_BEFORE = span("2025-10-25", "2025-10-26")


@pytest.mark.parametrize(
    "facts, standing, sentence",
    [
        ({}, "serves", "can serve it now"),
        ({"obstacle": "has no token"}, "unconfigured", "has no token"),
        (
            {"blocked_until": at("2025-10-26 13:00"), "block_reason": "429"},
            "blocked",
            "is blocked until 2025-10-26T13:00:00Z: 429",
        ),
        ({"blocked_until": at("2025-10-26 12:00")}, "serves", "can serve it now"),
        ({"quota_left": 0}, "quota_spent", "has used all its calls of the last 24 h"),
        ({"quota_left": 1}, "serves", "can serve it now"),
        (
            {"recent": (DAY_BEFORE,)},
            "recent",
            "failed or had no value within the last 2 h; other sources are asked first",
        ),
        (
            no_data(DAY_BEFORE, "2025-10-26 02:00"),
            "asked",
            (
                "has answered once without a usable value (502 no data); will be asked again "
                "at 2025-10-27T02:00:00Z"
            ),
        ),
        (
            no_data(DAY_BEFORE, "2025-10-24 02:00", "2025-10-25 02:00"),
            "ruled_out",
            (
                "has answered 2 times without a usable value (502 no data); will be asked "
                "again at 2025-11-01T02:00:00Z"
            ),
        ),
        (no_data(DAY_BEFORE, "2025-10-25 12:00"), "serves", "can serve it now"),
    ],
)
def test_a_candidate_says_what_it_can_do(
    facts: dict[str, Any], standing: str, sentence: str
) -> None:
    """One standing and one sentence for each of its circumstances."""
    assert verdict("2025-10-25 10:00", candidate(**facts)) == (standing, sentence)


@pytest.mark.parametrize(
    "facts, standing, sentence",
    [
        ({"available": AfterEnd(26 * HOUR)}, "not_out", "has it from 2025-10-26T13:00:00Z"),
        ({"available": AfterEnd(25 * HOUR)}, "serves", "can serve it now"),
        ({"window": 26 * HOUR}, "gone", "keeps only the last 26 h"),
        ({"window": 26.5 * HOUR}, "serves", "can serve it now"),
        ({"last": 25}, "gone", "keeps only the last 25 h"),
        ({"last": 26}, "serves", "can serve it now"),
        ({"window": timedelta(0)}, "gone", "keeps only the last 0 min"),
        ({"since": at("2025-10-25 11:00")}, "out_of_reach", "has data only from 2025-10-25"),
        ({"since": at("2025-10-25 10:00")}, "serves", "can serve it now"),
        ({"resolution": timedelta(minutes=15)}, "other_step", "has a value every 15 min"),
        ({"resolution": DAY}, "other_step", "has a value every 24 h"),
    ],
)
def test_a_product_says_what_it_has(facts: dict[str, Any], standing: str, sentence: str) -> None:
    """Exactly at a bound it still or already has it."""
    assert verdict("2025-10-25 10:00", candidate(product(**facts))) == (standing, sentence)


def test_a_long_window_is_told_in_days() -> None:
    """Nobody counts 2,208 hours."""
    of = candidate(product(window=92 * DAY))
    assert verdict("2025-01-01 00:00", of) == ("gone", "keeps only the last 92 d")


def test_two_hops_need_a_quota_of_two() -> None:
    """A request that cannot be finished is not begun."""
    of = candidate(product(hops=2), quota_left=1)
    assert verdict("2025-10-25 10:00", of)[0] == "quota_spent"


def test_only_a_better_grade_helps_a_slot_that_has_one() -> None:
    """An equal one would be asked again every cycle."""
    of = candidate(product(grade=Grade.OBSERVED))
    assert verdict("2025-10-25 10:00", of, above=Grade.OBSERVED) == (
        "no_better",
        "has grade observed, which is not better",
    )
    assert verdict("2025-10-25 10:00", of, above=Grade.MODELLED)[0] == "serves"


def test_force_asks_what_the_ledger_ruled_out_and_nothing_else() -> None:
    """It overrides a recorded answer and a block; a window and a quota hold."""
    ruled = no_data(DAY_BEFORE, "2025-10-24 02:00", "2025-10-25 02:00")
    assert verdict("2025-10-25 10:00", candidate(**ruled), force=True)[0] == "serves"
    blocked = candidate(blocked_until=at("2025-10-26 13:00"), **ruled)
    assert verdict("2025-10-25 10:00", blocked, force=True)[0] == "serves"
    until = at("2025-10-26 13:00")
    spent = candidate(product(hops=2), quota_left=1, blocked_until=until, **ruled)
    assert verdict("2025-10-25 10:00", spent, force=True)[0] == "quota_spent"
    gone = candidate(product(window=HOUR), **ruled)
    assert verdict("2025-10-25 10:00", gone, force=True)[0] == "gone"


def test_a_product_that_drops_the_slot_before_it_may_be_asked_is_not_waited_for() -> None:
    """A "no data" for a day is final where the window passes first."""
    short_memory = product(window=26.5 * HOUR)
    once = no_data(DAY_BEFORE, "2025-10-26 02:00")
    gone = "keeps only the last 26.5 h and may not be asked again before "
    assert verdict("2025-10-25 10:00", candidate(short_memory, **once)) == (
        "gone",
        f"{gone}2025-10-27T02:00:00Z",
    )
    blocked = candidate(short_memory, blocked_until=at("2025-10-26 12:30"))
    assert verdict("2025-10-25 10:00", blocked) == ("gone", f"{gone}2025-10-26T12:30:00Z")
    assert verdict("2025-10-25 11:00", blocked)[0] == "blocked"
    assert verdict("2025-10-25 10:00", candidate(short_memory, **once), force=True)[0] == "serves"


def test_a_block_that_outlasts_the_window_cuts_the_run_to_the_slot() -> None:
    """What will be left when it ends is waited for, what will not is nobody's."""
    blocked: Changes = {
        "aemet.observations": {"blocked_until": at("2025-10-26 16:00"), "block_reason": "429"},
        "siar.hourly": {"obstacle": "no key"},
        "open_meteo.forecast": {"obstacle": "paused"},
        "open_meteo.archive": {"obstacle": "paused"},
    }
    assert asked(WEATHER_HOURLY, NOW, "2025-10-26 00:00 > 2025-10-26 11:00", changes=blocked) == [
        ("2025-10-26 00:00 > 2025-10-26 03:00", "nobody"),
        ("2025-10-26 03:00 > 2025-10-26 11:00", "waits until 2025-10-26 16:00 for aemet"),
    ]


def test_no_data_that_outlasts_the_window_cuts_the_run_to_the_slot() -> None:
    """Of one day's ruling the last three hours will still be there when it ends."""
    once = no_data(DAY_BEFORE, "2025-10-26 02:00")
    of = series(route=(Zone(("ree",)),))
    offered = [candidate(product(window=30 * HOUR), **once)]
    assert told(choose([DAY_BEFORE], of, offered, at("2025-10-26 12:00"))) == [
        ("2025-10-25 00:00 > 2025-10-25 21:00", "nobody"),
        ("2025-10-25 21:00 > 2025-10-26 00:00", "waits until 2025-10-27 02:00 for ree"),
    ]


def test_each_hole_waits_for_its_own_first_slot() -> None:
    """Though all of them wait for the same product."""
    of = series(route=(Zone(("ree",)),))
    offered = [candidate(product(available=AfterEnd(4 * HOUR)))]
    runs = spans("2025-10-26 09:00 > 2025-10-26 10:00", "2025-10-26 11:00 > 2025-10-26 12:00")
    assert told(choose(runs, of, offered, NOW)) == [
        ("2025-10-26 09:00 > 2025-10-26 10:00", "waits until 2025-10-26 14:00 for ree"),
        ("2025-10-26 11:00 > 2025-10-26 12:00", "waits until 2025-10-26 16:00 for ree"),
    ]


def test_a_station_that_closed_is_cut_at_its_last_slot() -> None:
    """With no other station to take over."""
    closed = Station("siar", "J09", span("2010-01-01", "2018-01-01"))
    offered = [candidate(product("siar", "hourly"), station=closed)]
    of = series(route=(Zone(("siar",)),))
    assert told(choose([span("2017-12-31", "2018-01-02")], of, offered, NOW)) == [
        ("2017-12-31 00:00 > 2018-01-01 00:00", "siar.hourly"),
        ("2018-01-01 00:00 > 2018-01-02 00:00", "nobody"),
    ]


def test_a_station_narrows_the_reach_of_its_product() -> None:
    """To the dates they share; the sentence names the first and the last of them."""
    station = Station("siar", "J09", span("2010-01-01", "2018-01-01"))
    of = candidate(product(since=at("2015-01-01")), station=station)
    assert of.reach == span("2015-01-01", "2018-01-01")
    assert verdict("2018-01-01", of) == (
        "out_of_reach",
        "has data only from 2015-01-01 to 2017-12-31",
    )
    assert verdict("2017-12-31 23:00", of)[0] == "serves"


def test_a_station_closed_before_its_product_began_reaches_nothing() -> None:
    """Not a day that neither of them has."""
    station = Station("siar", "J09", span("2010-01-01", "2015-01-01"))
    of = candidate(product(since=at("2015-01-01")), station=station)
    assert of.reach == NOWHERE
    assert verdict("2015-01-01 00:00", of) == ("out_of_reach", "has no data for any date")


def test_a_station_move_is_cut_at_its_date() -> None:
    """Two stations of one source stand for one place, each in its time."""
    offered = product("siar", "hourly")
    stations = [
        Station("siar", "J09", Interval(at("2010-01-01"), at("2018-06-13"))),
        Station("siar", "J17", Interval(at("2018-06-13"), END_OF_TIME)),
    ]
    of = [candidate(offered, station=station) for station in stations]
    moved = series(route=(Zone(("siar",)),))
    found = choose(spans("2018-06-12 > 2018-06-14"), moved, of, NOW)
    assert [(short(a.interval), a.candidate and a.candidate.origin) for a in found] == [
        ("2018-06-12 00:00 > 2018-06-13 00:00", "siar/J09"),
        ("2018-06-13 00:00 > 2018-06-14 00:00", "siar/J17"),
    ]
    assert of[0].name == "siar hourly at J09"


def test_who_has_it_first_is_waited_for() -> None:
    """Of several that will have it, with the instant and the reason of that one."""
    blocked: Changes = {
        "ree.pvpc": {"blocked_until": at("2025-10-27"), "block_reason": "429"},
        "esios.1001": {"obstacle": "has no token"},
        "esios.archive70": {"blocked_until": at("2025-10-26 18:00"), "block_reason": "403"},
    }
    (left,) = choose(
        spans("2025-10-25 22:00 > 2025-10-26 23:00"), PVPC, candidates(PVPC, blocked), NOW
    )
    assert (left.candidate, left.until, left.by) == (None, at("2025-10-26 18:00"), "esios")
    assert left.reason == "esios archive70 is blocked until 2025-10-26T18:00:00Z: 403"


def test_pieces_that_are_judged_alike_share_one_judgement() -> None:
    """So that the cost grows with the changes, not with the gaps."""
    start = at("2025-01-01")
    runs = [Interval(start + n * DAY, start + n * DAY + HOUR) for n in range(220)]
    pieces = list(cut(runs, WEATHER_HOURLY, candidates(WEATHER_HOURLY), NOW))
    assert [piece.interval for piece in pieces] == runs
    assert len({id(piece.assessments) for piece in pieces}) == 2


# Brute force.


@thoroughly
@given(scenes(), st.sampled_from([None, None, Grade.MODELLED, Grade.OBSERVED]))
def test_every_slot_goes_to_whom_the_route_rule_gives_it(scene: Scene, above: Grade | None) -> None:
    """Runs are cut exactly to the slot: judging each slot by itself comes to the same."""
    of, offered, runs, now = scene
    pieces = list(choose(runs, of, offered, now, above=above))
    assert merge(p.interval for p in pieces) == runs
    assert all(x.interval.end <= y.interval.start for x, y in pairwise(pieces))
    for piece in pieces:
        slots = list(HOURLY.slots(piece.interval))
        found = [who(of, offered, slot, now, above) for slot in slots]
        if piece.candidate is not None:
            assert found == [piece.candidate] * len(slots)
        else:
            assert found[0] == piece.until
            assert all((f is None) == (piece.until is None) for f in found)
            assert not any(isinstance(f, Candidate) for f in found)


@thoroughly
@given(offers("a"), nows, st.booleans())
def test_edges_are_where_a_verdict_changes(of: Candidate, now: datetime, force: bool) -> None:  # noqa: FBT001 - drawn
    """Within a piece every slot has the standing of the first."""
    whole = series(route=(Zone(("a",)),))
    for piece in cut([WINDOW], whole, [of], now, force=force):
        standings = {
            evaluate(of, whole, s, now, force=force).eligibility
            for s in HOURLY.slots(piece.interval)
        }
        assert standings == {piece.assessments[0].eligibility}


def test_each_standing_has_a_sentence() -> None:
    """None is forgotten when one is added."""
    found = evaluate(candidate(), series(), at("2025-10-25"), NOW)
    assert all(found._replace(eligibility=standing).sentence for standing in Eligibility)
