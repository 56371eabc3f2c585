"""The state of every expected slot."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given

from gapfill.domain.candidate import Obstacle
from gapfill.domain.coverage import Coverage, Graded, classify, nothing, unknown
from gapfill.domain.due import due_until, horizon
from gapfill.domain.interval import Interval, intersect, merge, subtract
from gapfill.domain.ledger import exclusions_from
from gapfill.domain.local_time import AfterEnd
from gapfill.domain.series import Field, Grade, State, Zone
from tests.domain.oracle import WINDOW, Scene, nows, offers, scenes, stretches, who
from tests.domain.samples import (
    DAILY,
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
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gapfill.domain.candidate import Candidate
    from gapfill.domain.series import Series

NOW = at("2025-10-26 12:30")
AUTUMN, SPRING = (
    span("2025-10-25 22:00", "2025-10-26 23:00"),
    span("2025-03-29 23:00", "2025-03-30 22:00"),
)
"""The local days of 25 and of 23 hours."""


def _classified(
    of: Series,
    window: Interval,
    absent: Sequence[Interval],
    lower: Sequence[Graded],
    offered: Sequence[Candidate],
    now: datetime,
) -> Coverage:
    """Return the coverage of a series of one required field."""
    return classify(of, window, {"value": absent}, lower, offered, now)


def counts(found: Coverage) -> dict[str, int]:
    """Return the states that some slot is in, with how many."""
    return {state.value: n for state, n in found.counts.items() if n}


def gaps(found: Coverage) -> list[tuple[str, int, str, str]]:
    """Return gaps as stretch, slots, severity and state."""
    return [(short(g.interval), g.slots, g.severity.label, g.state.value) for g in found.gaps]


def pvpc(window: Interval, *absent: str, now: datetime = NOW, **ree: Any) -> Coverage:  # noqa: ANN401 - of the candidate
    """Return the coverage of PVPC with REE alone, where these runs are absent."""
    offered = [replace(candidates(PVPC)[0], **ree)]
    return _classified(PVPC, window, spans(*absent), [], offered, now)


# Days.


@pytest.mark.parametrize("day, slots", [(AUTUMN, 25), (SPRING, 23)], ids=["25-hours", "23-hours"])
def test_an_empty_day_has_as_many_missing_slots_as_hours(day: Interval, slots: int) -> None:
    """Not 24."""
    found = _classified(PVPC, day, [day], [], candidates(PVPC), NOW)
    assert counts(found) == {"missing": slots}
    assert gaps(found) == [(short(day), slots, "critical", "missing")]
    assert (found.due, found.coverage) == (slots, 0.0)


@pytest.mark.parametrize("day, slots", [(AUTUMN, 25), (SPRING, 23)], ids=["25-hours", "23-hours"])
def test_a_whole_day_of_any_length_is_complete(day: Interval, slots: int) -> None:
    """No slot is asked for that does not exist."""
    found = _classified(PVPC, day, [], [], candidates(PVPC), NOW)
    assert (counts(found), found.gaps, found.coverage) == ({"complete": slots}, (), 1.0)


def test_the_second_of_the_two_hours_of_one_name_can_be_missing_alone() -> None:
    """ESIOS writes the first one twice; the hole is at 01:00Z."""
    found = pvpc(AUTUMN, "2025-10-26 01:00 > 2025-10-26 02:00")
    assert gaps(found) == [("2025-10-26 01:00 > 2025-10-26 02:00", 1, "minor", "missing")]
    assert counts(found) == {"complete": 24, "missing": 1}


def test_a_quarter_hourly_day_of_25_hours_has_100_slots() -> None:
    """The era and the clock change together."""
    found = _classified(SPOT, AUTUMN, [AUTUMN], [], candidates(SPOT), at("2025-10-27"))
    assert found.window == AUTUMN
    assert sum(found.counts.values()) == 100


def test_a_gap_runs_through_a_change_of_resolution() -> None:
    """Two hours and four quarters are one gap of six slots and three hours."""
    run = span("2025-09-30 20:00", "2025-09-30 23:00")
    offered = [candidate(product(name="h")), candidate(product(name="q", resolution=HOUR / 4))]
    found = _classified(SPOT, run, [run], [], offered, NOW)
    assert gaps(found) == [(short(run), 6, "moderate", "missing")]


# Severity.


def test_thirteen_missing_hours_are_critical_two_minor_and_one_is_a_gap() -> None:
    """The requirement's own examples."""
    found = pvpc(
        span("2025-10-01", "2025-10-03"),
        "2025-10-01 00:00 > 2025-10-01 13:00",
        "2025-10-01 14:00 > 2025-10-01 16:00",
        "2025-10-02 12:00 > 2025-10-02 13:00",
    )
    assert gaps(found) == [
        ("2025-10-01 00:00 > 2025-10-01 13:00", 13, "critical", "missing"),
        ("2025-10-01 14:00 > 2025-10-01 16:00", 2, "minor", "missing"),
        ("2025-10-02 12:00 > 2025-10-02 13:00", 1, "minor", "missing"),
    ]
    assert counts(found) == {"complete": 32, "missing": 16}
    assert found.coverage == pytest.approx(32 / 48)


def test_touching_runs_are_one_gap() -> None:
    """However a store reports them: eight and five hours are thirteen."""
    found = pvpc(
        span("2025-10-01", "2025-10-02"),
        "2025-10-01 00:00 > 2025-10-01 08:00",
        "2025-10-01 08:00 > 2025-10-01 13:00",
    )
    assert gaps(found) == [("2025-10-01 00:00 > 2025-10-01 13:00", 13, "critical", "missing")]


def test_a_gap_over_several_sources_is_one_gap() -> None:
    """Zones cut the route, not the gap."""
    run = span("2025-09-20 00:00", "2025-10-26 10:00")
    found = _classified(WEATHER_HOURLY, run, [run], [], candidates(WEATHER_HOURLY, FREE), NOW)
    assert gaps(found) == [(short(run), 874, "critical", "missing")]


# Due and pending.


@pytest.mark.parametrize(
    "now, until",
    [
        ("2025-10-25 18:49", "2025-10-25 22:00"),
        ("2025-10-25 18:50", "2025-10-26 23:00"),
        ("2025-10-26 19:49", "2025-10-26 23:00"),
        ("2025-10-26 19:50", "2025-10-27 23:00"),
    ],
)
def test_tomorrows_prices_are_pending_until_2050_in_madrid(now: str, until: str) -> None:
    """And missing from that minute on, the whole day of 25 hours at once, in either offset."""
    window = span("2025-10-24 22:00", "2025-10-28 23:00")
    found = _classified(PVPC, window, [window], [], candidates(PVPC), at(now))
    assert due_until(PVPC, [], at(now)) == at(until)
    assert [short(run) for run in found.pending] == [f"{until} > 2025-10-28 23:00"]
    assert [short(gap.interval) for gap in found.gaps] == [f"2025-10-24 22:00 > {until}"]


def test_slots_not_yet_due_are_not_gaps() -> None:
    """They are pending, and outside coverage."""
    found = pvpc(span("2025-10-26", "2025-10-28"), "2025-10-26 23:00 > 2025-10-28 00:00")
    assert counts(found) == {"complete": 23, "pending": 25}
    assert (found.gaps, found.due, found.coverage) == ((), 23, 1.0)


def test_prices_that_are_there_early_do_not_cover_for_missing_ones() -> None:
    """A day published ahead must not make yesterday's hole look whole."""
    found = pvpc(
        span("2025-10-25 22:00", "2025-10-27 23:00"), "2025-10-25 22:00 > 2025-10-26 22:00"
    )
    assert counts(found) == {"complete": 25, "missing": 24}
    assert found.due == 25
    assert found.coverage == pytest.approx(1 / 25)


def test_a_slot_that_has_a_reading_is_no_longer_pending() -> None:
    """Complete or provisional even before it is due."""
    lower = [Graded(span("2025-10-26 12:00", "2025-10-26 13:00"), Grade.PROVISIONAL)]
    window = span("2025-10-26 11:00", "2025-10-26 13:00")
    offered = candidates(WEATHER_HOURLY, FREE)
    found = _classified(WEATHER_HOURLY, window, [], lower, offered, NOW)
    assert counts(found) == {"complete": 1, "provisional": 1}
    assert (found.coverage, found.usable) == (1.0, 1.0)


@pytest.mark.parametrize(
    "changes, until",
    [
        ({}, "2025-10-26 12:00"),
        ({"openweathermap.current": {"obstacle": "no key"}}, "2025-10-26 11:00"),
        (
            {
                "openweathermap.current": {"obstacle": "no key"},
                "aemet.observations": {"obstacle": "no key"},
                "open_meteo.forecast": {"obstacle": "paused"},
            },
            "2025-10-26 10:00",
        ),
    ],
    ids=["at-its-end", "an-hour-later", "two-hours-later"],
)
def test_weather_is_due_after_the_smallest_lag_of_what_is_configured(
    changes: dict[str, dict[str, Any]], until: str
) -> None:
    """And never before its end, though the reading of now is there from its start."""
    offered = candidates(WEATHER_HOURLY, FREE | changes)
    assert due_until(WEATHER_HOURLY, offered, NOW) == at(until)


def test_where_nothing_is_configured_all_products_say_what_is_due() -> None:
    """A series without keys still has gaps."""
    paused = [replace(c, obstacle=Obstacle("is paused")) for c in candidates(WEATHER_HOURLY)]
    assert due_until(WEATHER_HOURLY, paused, NOW) == at("2025-10-26 12:00")
    assert due_until(WEATHER_HOURLY, [], NOW) == at("2025-10-26 12:00")


def test_a_paused_daily_series_is_due_as_if_it_were_not_paused() -> None:
    """At noon the day before yesterday is the last that SIAR would have."""
    paused = [replace(c, obstacle=Obstacle("is paused")) for c in candidates(WEATHER_DAILY)]
    assert due_until(WEATHER_DAILY, paused, NOW) == at("2025-10-25")


def test_a_day_is_due_the_next_evening() -> None:
    """SIAR is sooner than AEMET; alone, AEMET has it five days after its end."""
    assert due_until(WEATHER_DAILY, candidates(WEATHER_DAILY), at("2025-10-26 17:00")) == at(
        "2025-10-26"
    )
    no_siar = {"siar.daily": {"obstacle": "no key"}}
    assert due_until(WEATHER_DAILY, candidates(WEATHER_DAILY, no_siar), NOW) == at("2025-10-21")


def test_slots_are_expected_to_the_one_of_now_and_prices_to_the_end_of_tomorrow() -> None:
    """Tomorrow's last hour on the eve of the 25-hour day is an hour later."""
    assert horizon(WEATHER_HOURLY, candidates(WEATHER_HOURLY), NOW) == at("2025-10-26 13:00")
    assert horizon(WEATHER_HOURLY, [], at("2025-10-26 13:00")) == at("2025-10-26 14:00")
    assert horizon(PVPC, [], at("2025-10-25 10:00")) == at("2025-10-26 23:00")
    assert horizon(PVPC, [], at("2025-10-25 22:00")) == at("2025-10-27 23:00")
    assert horizon(WEATHER_DAILY, [], NOW) == at("2025-10-27")


# Unfillable and waiting.


def test_no_data_once_still_waits_and_twice_24_hours_apart_is_given_up() -> None:
    """With the date it is asked again; after that date it is missing again, without any help."""
    hole = span("2025-10-01", "2025-10-02")
    text = short(hole)
    once = exclusions_from([entry(hole, "2025-10-20")])
    twice = exclusions_from([entry(hole, "2025-10-20"), entry(hole, "2025-10-21")])

    def at_noon(now: str, said: Any) -> Coverage:  # noqa: ANN401 - rulings
        return pvpc(hole, text, now=at(now), rulings=said)

    asked_once = at_noon("2025-10-20 12:00", once).gaps[0]
    assert (asked_once.state, asked_once.waiting) == (State.MISSING, at("2025-10-21"))
    assert at_noon("2025-10-21 00:00", once).gaps[0].waiting is None
    given_up = at_noon("2025-10-27 23:59", twice).gaps[0]
    assert (given_up.state, given_up.waiting) == (State.UNFILLABLE, None)
    assert given_up.next_ask == at("2025-10-28")
    assert given_up.reason == (
        "ree pvpc has answered 2 times without a usable value (502 no data); will be asked "
        "again at "
        "2025-10-28T00:00:00Z"
    )
    reopened = at_noon("2025-10-28 00:00", twice).gaps[0]
    assert (reopened.state, reopened.reason, reopened.next_ask) == (State.MISSING, "", None)


def test_a_slot_is_given_up_only_when_every_product_that_could_serve_it_is() -> None:
    """One answer of the other source is not enough, and one that nobody wants has no say."""
    hole = span("2025-10-01", "2025-10-02")
    twice = {"rulings": exclusions_from([entry(hole, "2025-10-24"), entry(hole, "2025-10-25")])}
    once = {"rulings": exclusions_from([entry(hole, "2025-10-26")])}
    paused = {"obstacle": "is paused"}

    def state(archive: dict[str, Any]) -> State:
        said: dict[str, dict[str, Any]] = {
            "ree.pvpc": twice,
            "esios.1001": paused,
            "esios.archive70": archive,
        }
        return _classified(PVPC, hole, [hole], [], candidates(PVPC, said), NOW).gaps[0].state

    assert state({}) is State.MISSING
    assert state(once) is State.MISSING
    assert state({"blocked_until": at("2025-10-27")}) is State.MISSING
    assert state(twice) is State.UNFILLABLE
    assert state(paused) is State.UNFILLABLE


def test_a_slot_that_only_a_source_not_set_up_could_serve_needs_it() -> None:
    """It is missing and names the connection; one that could never serve it is not named."""
    hole = span("2025-10-01", "2025-10-02")
    twice = {"rulings": exclusions_from([entry(hole, "2025-10-24"), entry(hole, "2025-10-25")])}
    no_token = {"obstacle": Obstacle("has no token", "esios_default")}
    late = replace(candidates(PVPC)[0].product, since=at("2025-10-20"))
    offered = candidates(
        PVPC, {"ree.pvpc": twice, "esios.1001": no_token, "esios.archive70": twice}
    )
    out_of_reach = replace(offered[0], product=late, obstacle=Obstacle("no key", "elsewhere"))
    (gap,) = _classified(PVPC, hole, [hole], [], [*offered, out_of_reach], NOW).gaps
    assert (gap.state, gap.needs, gap.waiting) == (State.MISSING, ("esios_default",), None)


def test_a_slot_that_a_broken_source_might_have_is_never_given_up() -> None:
    """It is set up and cannot be used, so nobody knows whether it has the slot."""
    hole = span("2025-10-01", "2025-10-02")
    broken = Obstacle("cannot be read: line 3", is_broken=True)
    offered = [replace(candidates(PVPC)[0], obstacle=broken)]
    (gap,) = _classified(PVPC, hole, [hole], [], offered, NOW).gaps
    assert (gap.state, gap.needs) == (State.MISSING, ())
    assert gap.reason == "ree pvpc cannot be read: line 3"


TWO = series(
    "two",
    fields=(
        Field("temperature", "", -100, 100, required=True),
        Field("humidity", "", 0, 100, required=True),
    ),
)


def two(
    temperature: list[Interval],
    humidity: list[Interval],
    **ree: Any,  # noqa: ANN401 - of the candidate
) -> list[tuple[str, str, str, tuple[str, ...]]]:
    """Return stretch, severity, state and fields of the gaps of a series of two fields."""
    missing = {"temperature": temperature, "humidity": humidity}
    offered = [replace(candidates(TWO)[0], **ree)]
    found = classify(TWO, span("2025-10-01", "2025-10-02"), missing, [], offered, NOW)
    return [(short(g.interval), g.severity.label, g.state.value, g.fields) for g in found.gaps]


def test_a_gap_names_the_fields_that_are_missing() -> None:
    """It is cut where they change, and is as severe as the whole run."""
    assert two(
        spans("2025-10-01 00:00 > 2025-10-01 03:00"), spans("2025-10-01 00:00 > 2025-10-01 13:00")
    ) == [
        (
            "2025-10-01 00:00 > 2025-10-01 03:00",
            "critical",
            "missing",
            ("temperature", "humidity"),
        ),
        ("2025-10-01 03:00 > 2025-10-01 13:00", "critical", "missing", ("humidity",)),
    ]


def test_a_field_that_a_station_never_reports_gives_no_slot_up() -> None:
    """Others are asked first; what rows have shown of it is no verdict on a slot."""
    hour = spans("2025-10-01 00:00 > 2025-10-01 01:00")
    assert two(hour, hour, never=frozenset({"humidity"})) == [
        ("2025-10-01 00:00 > 2025-10-01 01:00", "minor", "missing", ("temperature", "humidity"))
    ]
    assert two(hour, [], never=frozenset({"humidity"})) == [
        ("2025-10-01 00:00 > 2025-10-01 01:00", "minor", "missing", ("temperature",))
    ]


def test_a_hole_that_is_partly_given_up_is_two_gaps() -> None:
    """Each maximal in its state."""
    ruled = exclusions_from(
        [entry(span("2025-10-01 00:00", "2025-10-01 05:00"), f"2025-10-2{n}") for n in (4, 5)]
    )
    found = pvpc(
        span("2025-10-01", "2025-10-02"), "2025-10-01 00:00 > 2025-10-02 00:00", rulings=ruled
    )
    assert gaps(found) == [
        ("2025-10-01 00:00 > 2025-10-01 05:00", 5, "moderate", "unfillable"),
        ("2025-10-01 05:00 > 2025-10-02 00:00", 19, "critical", "missing"),
    ]


def test_neighbours_given_up_at_different_times_are_one_gap_with_the_earlier_date() -> None:
    """So that it is looked at again as soon as anything can change."""
    first, second = spans(
        "2025-10-01 00:00 > 2025-10-01 05:00", "2025-10-01 05:00 > 2025-10-01 10:00"
    )
    ruled = exclusions_from(
        [
            entry(first, "2025-10-23"),
            entry(first, "2025-10-24"),
            entry(second, "2025-10-21"),
            entry(second, "2025-10-22"),
        ]
    )
    (gap,) = pvpc(
        span("2025-10-01", "2025-10-02"), "2025-10-01 00:00 > 2025-10-01 10:00", rulings=ruled
    ).gaps
    assert (gap.slots, gap.next_ask) == (10, at("2025-10-29"))


def test_a_gap_waits_until_its_first_slot_can_be_had() -> None:
    """And says for whom."""
    window = span("2025-10-26 09:00", "2025-10-26 12:00")
    offered = [candidate(product(available=AfterEnd(4 * HOUR)))]
    late = series(due=AfterEnd(HOUR))
    (gap,) = _classified(late, window, [window], [], offered, NOW).gaps
    assert short(gap.interval) == "2025-10-26 09:00 > 2025-10-26 11:00"
    assert gap.waiting == at("2025-10-26 14:00")
    assert gap.reason == "ree pvpc has it from 2025-10-26T14:00:00Z"


@pytest.mark.parametrize("where", ["first", "middle", "last"])
def test_a_gap_of_which_some_can_be_had_now_does_not_wait(where: str) -> None:
    """Wherever in it that is; and it gives no reason for waiting."""
    hours = spans(*(f"2025-10-01 0{n}:00 > 2025-10-01 0{n + 1}:00" for n in range(3)))
    free = hours[["first", "middle", "last"].index(where)]
    ruled = exclusions_from([entry(hour, "2025-10-26") for hour in hours if hour != free])
    hole = Interval(hours[0].start, hours[-1].end)
    (gap,) = pvpc(hole, short(hole), rulings=ruled).gaps
    assert (gap.slots, gap.state, gap.waiting, gap.reason) == (3, State.MISSING, None, "")


def test_parts_that_wait_for_different_times_wait_for_the_first_with_its_reason() -> None:
    """Whichever part it is."""
    first, second = spans(
        "2025-10-01 00:00 > 2025-10-01 05:00", "2025-10-01 05:00 > 2025-10-01 10:00"
    )
    ruled = exclusions_from([entry(first, "2025-10-26 10:00"), entry(second, "2025-10-26 02:00")])
    hole = Interval(first.start, second.end)
    (gap,) = pvpc(hole, short(hole), rulings=ruled).gaps
    assert gap.waiting == at("2025-10-27 02:00")
    assert gap.reason.endswith("will be asked again at 2025-10-27T02:00:00Z")


def test_what_no_configured_product_reaches_is_unfillable_at_once_and_outside_coverage() -> None:
    """Prices before the tariff of 2021-06-01, except where a reading is there all the same."""
    window = span("2021-05-31 12:00", "2021-06-01 12:00")
    found = pvpc(
        window, "2021-05-31 12:00 > 2021-05-31 20:00", "2021-06-01 00:00 > 2021-06-01 02:00"
    )
    assert gaps(found) == [
        ("2021-05-31 12:00 > 2021-05-31 20:00", 8, "moderate", "unfillable"),
        ("2021-06-01 00:00 > 2021-06-01 02:00", 2, "minor", "missing"),
    ]
    assert found.due == 16
    assert found.coverage == pytest.approx(14 / 16)


def test_a_last_hour_of_aemets_memory_passes() -> None:
    """While it is among the last 12 it can be asked for, a minute later nobody has it."""
    alone = replace(WEATHER_HOURLY, route=(Zone(("aemet",)),))
    hole = span("2025-10-26 00:00", "2025-10-26 01:00")

    def state(now: str) -> State:
        return _classified(alone, hole, [hole], [], candidates(alone), at(now)).gaps[0].state

    assert state("2025-10-26 13:59") is State.MISSING
    assert state("2025-10-26 14:00") is State.UNFILLABLE


# Ratios and the rest.


def test_provisional_slots_are_usable_but_not_covered() -> None:
    """Coverage counts what is complete."""
    window = span("2025-10-01", "2025-10-02")
    lower = [Graded(span("2025-10-01 00:00", "2025-10-01 06:00"), Grade.MODELLED)]
    absent = spans("2025-10-01 18:00 > 2025-10-02 00:00")
    found = _classified(WEATHER_HOURLY, window, absent, lower, candidates(WEATHER_HOURLY), NOW)
    assert counts(found) == {"complete": 12, "provisional": 6, "missing": 6}
    assert (found.coverage, found.usable) == (0.5, 0.75)
    assert found.lower == tuple(lower)


def test_a_failed_read_is_unknown_never_no_gaps() -> None:
    """Nothing is said of coverage, and the whole window is a gap of unknown state."""
    found = unknown(PVPC, AUTUMN)
    assert counts(found) == {"unknown": 25}
    assert gaps(found) == [(short(AUTUMN), 25, "critical", "unknown")]
    assert found.coverage is None
    assert found.usable is None
    assert found.runs(State.UNKNOWN, State.MISSING) == [AUTUMN]
    assert found.runs(State.MISSING) == []


def test_a_range_without_slots_has_no_coverage() -> None:
    """Neither whole nor empty."""
    assert (nothing().window, nothing().coverage, sum(nothing().counts.values())) == (None, None, 0)


def test_a_window_before_anything_is_due_has_no_coverage() -> None:
    """There is nothing to divide by."""
    found = pvpc(span("2025-10-27", "2025-10-28"), "2025-10-27 00:00 > 2025-10-28 00:00")
    assert (counts(found), found.due, found.coverage) == ({"pending": 24}, 0, None)


def test_daily_slots_are_classified_by_their_date() -> None:
    """Five days are a moderate gap of a daily series."""
    window = span("2025-10-01", "2025-10-26")
    found = _classified(
        WEATHER_DAILY, window, spans("2025-10-03 > 2025-10-08"), [], candidates(WEATHER_DAILY), NOW
    )
    assert gaps(found) == [("2025-10-03 00:00 > 2025-10-08 00:00", 5, "moderate", "missing")]
    assert counts(found) == {"complete": 20, "missing": 5}
    assert DAILY.count(window) == 25


HELD = (State.COMPLETE, State.PROVISIONAL)


def _state(of: Series, offered: list[Candidate], slot: datetime, now: datetime) -> State:
    """Return the state of a slot without a reading, as the design reads."""
    ends = slot + HOUR
    lags = [
        c.product.available.lag
        for c in [c for c in offered if not c.obstacle] or offered
        if isinstance(c.product.available, AfterEnd)
    ]
    if ends > now or ends + min(lags) > now:
        return State.PENDING
    return State.UNFILLABLE if who(of, offered, slot, now) is None else State.MISSING


@thoroughly
@given(scenes(), stretches)
def test_every_expected_slot_is_in_exactly_one_state(scene: Scene, other: list[Interval]) -> None:
    """The one that looking at it alone gives; gaps are maximal, disjoint and in order.

    Slots whose source is down are gaps of their own, also beside others in the same state.
    """
    of, offered, absent, now = scene
    lower = [Graded(run, Grade.MODELLED) for run in subtract(other, absent)]
    found = _classified(of, WINDOW, absent, lower, offered, now)
    states = dict.fromkeys(HOURLY.slots(WINDOW), State.COMPLETE)
    states |= {slot: State.PROVISIONAL for run in lower for slot in HOURLY.slots(run.interval)}
    states |= {s: _state(of, offered, s, now) for run in absent for s in HOURLY.slots(run)}
    assert sum(found.counts.values()) == HOURLY.count(WINDOW) == 96
    assert +Counter(found.counts) == Counter(states.values())
    told = {s: gap.state for gap in found.gaps for s in HOURLY.slots(gap.interval)}
    told |= {slot: State.PENDING for run in found.pending for slot in HOURLY.slots(run)}
    assert told == {s: state for s, state in states.items() if s in told or state not in HELD}
    assert all(gap.slots == HOURLY.count(gap.interval) for gap in found.gaps)
    assert all(
        x.interval.end < y.interval.start
        or (x.interval.end == y.interval.start and (x.state, x.is_down) != (y.state, y.is_down))
        for x, y in pairwise(found.gaps)
    )


@thoroughly
@given(offers("a"), stretches, stretches, nows)
def test_coverage_never_exceeds_one_and_is_one_only_without_gaps_in_reach(
    a: Candidate, absent: list[Interval], other: list[Interval], now: datetime
) -> None:
    """Never a false all-clear."""
    of = series(route=(Zone(("a",)),))
    lower = [Graded(run, Grade.MODELLED) for run in subtract(other, absent)]
    found = _classified(of, WINDOW, absent, lower, [a], now)
    if found.coverage is None or found.usable is None:
        assert found.due == 0
        return
    assert 0 <= found.coverage <= found.usable <= 1
    reached = merge([a.reach] if not a.obstacle else [])
    holes = intersect([gap.interval for gap in found.gaps], reached)
    assert (found.usable == 1) == (not holes)
