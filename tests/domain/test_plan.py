"""What to ask whom, in the fewest requests."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gapfill.domain import slot_assignment
from gapfill.domain.candidate import Candidate
from gapfill.domain.coverage import Graded
from gapfill.domain.interval import Interval, subtract
from gapfill.domain.ledger import exclusions_from
from gapfill.domain.plan import BackfillRequest, Cost, Missing, Plan, Unit
from gapfill.domain.request import Request, coalesce
from gapfill.domain.route import choose
from gapfill.domain.series import Grade, Zone
from gapfill.domain.severity import Severity
from gapfill.domain.unit_planner import plan_units
from tests.domain.oracle import Scene, scenes, who
from tests.domain.samples import (
    DAY,
    FREE,
    HOUR,
    HOURLY,
    MADRID,
    PVPC,
    SPOT_GRID,
    WEATHER_DAILY,
    WEATHER_HOURLY,
    at,
    candidate,
    candidates,
    entry,
    product,
    series,
    short,
    source,
    span,
    spans,
    thoroughly,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gapfill.domain.product import Product
    from gapfill.domain.route import Assignment
    from gapfill.domain.series import Series

NOW = at("2025-10-26 12:30")
REE_DAYS = product(day_zone=MADRID)
"""Fourteen whole Madrid days a request."""

ARCHIVE = product(span=DAY, day_zone=MADRID)
"""One whole Madrid day a request."""


def requests(offered: Product, *runs: str) -> list[str]:
    """Return the requests for runs of hours."""
    return [short(r.interval) for r in coalesce(spans(*runs), HOURLY, offered.fits)]


def wish(
    of: Series, *runs: str, changes: dict[str, dict[str, Any]] | None = None
) -> BackfillRequest:
    """Return the wish to fill these runs, each a gap by itself."""
    gaps = [Missing(run, of.severity_of(run)) for run in spans(*runs)]
    return BackfillRequest(of, candidates(of, FREE | (changes or {})), gaps)


def simple(*runs: str, offered: Product | None = None, **facts: Any) -> BackfillRequest:  # noqa: ANN401 - of the candidate
    """Return the wish to fill these runs from one product."""
    of = series(route=(Zone(("ree",)),))
    gaps = [Missing(run, of.severity_of(run)) for run in spans(*runs)]
    return BackfillRequest(of, [candidate(offered, **facts)], gaps)


def units(plan: Plan) -> list[tuple[str, str, int, int]]:
    """Return units as label, source and product, requests and slots."""
    return [(u.label, f"{u.source}.{u.product}", len(u.requests), u.slots) for u in plan.units]


# Requests.


def test_holes_within_one_span_are_one_request() -> None:
    """Asked for are the holes; what lies between them comes along."""
    runs = spans(
        "2025-10-01 03:00 > 2025-10-01 04:00",
        "2025-10-05 00:00 > 2025-10-06 00:00",
        "2025-10-15 02:00 > 2025-10-15 03:00",
    )
    assert coalesce(runs, HOURLY, product().fits) == [
        Request(at("2025-10-01 03:00"), at("2025-10-15 03:00"), tuple(runs))
    ]


def test_an_hour_beyond_the_span_is_a_second_request() -> None:
    """Fourteen days fit, one slot more does not."""
    assert requests(product(), "2025-06-01 00:00 > 2025-06-15 00:00") == [
        "2025-06-01 00:00 > 2025-06-15 00:00"
    ]
    assert requests(product(), "2025-06-01 00:00 > 2025-06-15 01:00") == [
        "2025-06-01 00:00 > 2025-06-15 00:00",
        "2025-06-15 00:00 > 2025-06-15 01:00",
    ]


def test_a_request_begins_at_the_first_hole_and_ends_with_the_last() -> None:
    """Never at a round boundary, where nothing is asked for."""
    assert requests(
        product(span=DAY),
        "2025-06-01 20:00 > 2025-06-02 02:00",
        "2025-06-02 10:00 > 2025-06-02 22:00",
        "2025-06-04 00:00 > 2025-06-04 01:00",
    ) == [
        "2025-06-01 20:00 > 2025-06-02 20:00",
        "2025-06-02 20:00 > 2025-06-02 22:00",
        "2025-06-04 00:00 > 2025-06-04 01:00",
    ]


def test_a_product_of_one_slot_is_asked_slot_by_slot() -> None:
    """Even one whose span is shorter than a slot."""
    two = ["2025-06-01 00:00 > 2025-06-01 01:00", "2025-06-01 01:00 > 2025-06-01 02:00"]
    for length in (HOUR, timedelta(minutes=1)):
        assert requests(product(span=length), "2025-06-01 00:00 > 2025-06-01 02:00") == two


def test_touching_runs_are_asked_as_one() -> None:
    """A gap and an upgrade side by side, or the two sides of a change of resolution."""
    runs = spans("2025-09-30 20:00 > 2025-09-30 21:00", "2025-09-30 21:00 > 2025-09-30 23:00")
    for grid in (HOURLY, SPOT_GRID):
        assert coalesce(runs, grid, product().fits) == [
            Request(
                at("2025-09-30 20:00"),
                at("2025-09-30 23:00"),
                (span("2025-09-30 20:00", "2025-09-30 23:00"),),
            )
        ]


def test_a_request_over_a_change_of_resolution_ends_on_a_slot() -> None:
    """Three hours reach two hours before the era and four quarters into it."""
    offered = product(span=3 * HOUR)
    found = coalesce(spans("2025-09-30 20:00 > 2025-09-30 23:30"), SPOT_GRID, offered.fits)
    assert [short(r.interval) for r in found] == [
        "2025-09-30 20:00 > 2025-09-30 23:00",
        "2025-09-30 23:00 > 2025-09-30 23:30",
    ]


@pytest.mark.parametrize(
    "day",
    ["2025-10-25 22:00 > 2025-10-26 23:00", "2025-03-29 23:00 > 2025-03-30 22:00"],
    ids=["25-hours", "23-hours"],
)
def test_a_whole_day_of_any_length_is_one_request(day: str) -> None:
    """A file of one day is not asked for twice because the day has 25 hours."""
    assert requests(ARCHIVE, day) == [day]


def test_a_span_below_a_day_holds_within_the_day_too() -> None:
    """A learned span may have been halved so often."""
    offered = product(span=12 * HOUR, day_zone=MADRID)
    assert requests(offered, "2025-06-01 00:00 > 2025-06-01 20:00") == [
        "2025-06-01 00:00 > 2025-06-01 12:00",
        "2025-06-01 12:00 > 2025-06-01 20:00",
    ]


def test_a_day_file_ends_at_local_midnight() -> None:
    """A summer gap that ends at 23:00Z needs the next day's file."""
    assert requests(ARCHIVE, "2025-07-01 20:00 > 2025-07-01 23:00") == [
        "2025-07-01 20:00 > 2025-07-01 22:00",
        "2025-07-01 22:00 > 2025-07-01 23:00",
    ]


def test_a_request_of_whole_days_touches_no_more_days_than_the_span_has() -> None:
    """From noon it reaches the end of the fourteenth day, not noon of the fifteenth."""
    assert requests(REE_DAYS, "2025-06-01 10:00 > 2025-06-20 00:00") == [
        "2025-06-01 10:00 > 2025-06-14 22:00",
        "2025-06-14 22:00 > 2025-06-20 00:00",
    ]


def test_fourteen_days_of_which_one_has_25_hours_are_an_hour_too_long() -> None:
    """The span holds in hours too; the next request begins an hour before midnight."""
    assert requests(REE_DAYS, "2025-10-19 22:00 > 2025-11-12 23:00") == [
        "2025-10-19 22:00 > 2025-11-02 22:00",
        "2025-11-02 22:00 > 2025-11-12 23:00",
    ]


def test_fourteen_days_of_which_one_has_23_hours_are_not_lengthened() -> None:
    """The missing hour is not made up for with one of the fifteenth day."""
    assert requests(REE_DAYS, "2025-03-23 23:00 > 2025-04-10 22:00") == [
        "2025-03-23 23:00 > 2025-04-06 22:00",
        "2025-04-06 22:00 > 2025-04-10 22:00",
    ]


def test_nothing_to_ask_is_no_request() -> None:
    """Not an empty one."""
    assert coalesce([], HOURLY, product().fits) == []


ZONE = ZoneInfo(MADRID)


def _allowed(start: datetime, end: datetime, offered: Product) -> bool:
    """Tell whether a request is within its span, in hours and in Madrid days, counted anew."""
    last = (end - timedelta(seconds=1)).astimezone(ZONE).date()
    days = (last - start.astimezone(ZONE).date()).days + 1
    if offered.day_zone and days == 1:
        return True
    fits_days = not offered.day_zone or days <= offered.span // DAY
    return end - start <= offered.span and fits_days


def _fewest(slots: Sequence[datetime], offered: Product) -> int:
    """Return the fewest requests that cover the slots, by dynamic programming over all of them."""
    fewest = [0]
    for j, last in enumerate(slots):
        end = SPOT_GRID.end_of(last)
        fewest.append(
            min(1 + fewest[i] for i in range(j + 1) if i == j or _allowed(slots[i], end, offered))
        )
    return fewest[-1]


@st.composite
def holes(draw: st.DrawFn) -> list[Interval]:
    """Draw runs of slots around a clock change or the change of resolution."""
    start = at(draw(st.sampled_from(["2025-10-24", "2025-03-28", "2025-09-28"])))
    runs: list[Interval] = []
    for skip, hours in draw(
        st.lists(st.tuples(st.integers(1, 40), st.integers(1, 30)), max_size=5)
    ):
        runs.append(Interval(start + skip * HOUR, start + (skip + hours) * HOUR))
        start = runs[-1].end
    return runs


@thoroughly
@given(holes(), st.sampled_from([None, MADRID]), st.sampled_from([1, 2, 3, 5]), st.integers(0, 20))
def test_requests_are_the_fewest_and_none_is_too_long(
    runs: list[Interval], zone: str | None, days: int, hours: int
) -> None:
    """As few as trying every way of cutting finds; each slot asked for once and no other."""
    offered = product(day_zone=zone, span=days * DAY + (0 if zone else hours) * HOUR)
    found = coalesce(runs, SPOT_GRID, offered.fits)
    slots = [slot for run in runs for slot in SPOT_GRID.slots(run)]
    assert [s for r in found for run in r.asked for s in SPOT_GRID.slots(run)] == slots
    assert len(found) == (_fewest(slots, offered) if slots else 0)
    for request in found:
        assert (request.start, request.end) == (request.asked[0].start, request.asked[-1].end)
        assert _allowed(request.start, request.end, offered)
        assert all(x.end < y.start for x, y in pairwise(request.asked))
    assert all(x.end <= y.start for x, y in pairwise(found))


# Units.


def test_a_hole_of_five_weeks_is_a_unit_for_each_product() -> None:
    """SIAR's weeks, AEMET's last hours; both as bad as the whole gap; the last hour waits."""
    plan = plan_units([wish(WEATHER_HOURLY, "2025-09-21 00:00 > 2025-10-26 12:00")], NOW)
    assert units(plan) == [
        ("weather_hourly 2025-10-25T23:00Z–2025-10-26T11:00Z", "aemet.observations", 1, 12),
        ("weather_hourly 2025-09-21T00:00Z–2025-10-25T23:00Z", "siar.hourly", 5, 839),
    ]
    assert {u.severity for u in plan.units} == {Severity.CRITICAL}
    assert plan.units[0].station == "5279X"
    assert [(w.series, short(w.interval), w.slots, w.until, w.source) for w in plan.waiting] == [
        (
            "weather_hourly",
            "2025-10-26 11:00 > 2025-10-26 12:00",
            1,
            at("2025-10-26 13:00"),
            "aemet",
        )
    ]
    assert plan.waiting[0].reason == (
        "aemet observations at 5279X has it from 2025-10-26T13:00:00Z"
    )


def test_holes_of_several_zones_are_coalesced_for_one_product() -> None:
    """September and October are two zones of the route and one request to SIAR."""
    plan = plan_units(
        [
            wish(
                WEATHER_HOURLY,
                "2025-09-30 20:00 > 2025-09-30 21:00",
                "2025-10-02 00:00 > 2025-10-02 01:00",
            )
        ],
        NOW,
    )
    assert units(plan) == [
        ("weather_hourly 2025-09-30T20:00Z–2025-10-02T01:00Z", "siar.hourly", 1, 2)
    ]


def test_a_unit_is_a_minutes_worth_of_requests() -> None:
    """With two hops a request, half as many."""
    hole = "2025-01-01 00:00 > 2025-03-02 00:00"
    one = plan_units([simple(hole, offered=product(span=DAY))], NOW)
    two = plan_units([simple(hole, offered=product(span=DAY, hops=2))], NOW)
    assert [len(u.requests) for u in one.units] == [30, 30]
    assert [len(u.requests) for u in two.units] == [15, 15, 15, 15]
    assert [u.slots for u in one.units] == [720, 720]


def test_units_come_worst_first_then_newest() -> None:
    """A critical gap of last year goes before yesterday's hour."""
    plan = plan_units(
        [
            simple(
                "2024-01-01 00:00 > 2024-01-02 00:00",
                "2024-06-01 00:00 > 2024-06-01 01:00",
                "2025-01-01 00:00 > 2025-01-01 05:00",
                "2025-06-01 00:00 > 2025-06-02 00:00",
                "2025-10-25 00:00 > 2025-10-25 01:00",
                source=source("ree", per_minute=1),
            )
        ],
        NOW,
    )
    assert [(u.severity.label, f"{u.interval.start:%Y-%m-%d}") for u in plan.units] == [
        ("critical", "2025-06-01"),
        ("critical", "2024-01-01"),
        ("moderate", "2025-01-01"),
        ("minor", "2025-10-25"),
        ("minor", "2024-06-01"),
    ]


def test_the_newest_unit_is_the_one_that_ends_last() -> None:
    """Whatever old slots it takes along."""
    of = series(route=(Zone(("ree", "esios")),))
    ruled = exclusions_from([entry(span("2025-10-05", "2025-10-06"), "2025-10-26")])
    offered = [candidate(rulings=ruled), candidate(product("esios", "1001"))]
    gaps = [
        Missing(span(f"{day} 00:00", f"{day} 01:00"), Severity.MINOR)
        for day in ("2025-10-01", "2025-10-05", "2025-10-09")
    ]
    plan = plan_units([BackfillRequest(of, offered, gaps)], NOW)
    assert [u.source for u in plan.units] == ["ree", "esios"]


def test_an_upgrade_after_a_critical_gap_of_another_source_is_minor() -> None:
    """It heals nothing of it."""
    of = series(route=(Zone(("ree", "esios")),))
    ruled = exclusions_from([entry(span("2025-10-01", "2025-10-02"), "2025-10-26")])
    offered = [candidate(rulings=ruled), candidate(product("esios", "1001"))]
    gap = span("2025-10-01", "2025-10-02")
    lower = [Graded(span("2025-10-03", "2025-10-04"), Grade.MODELLED)]
    plan = plan_units([BackfillRequest(of, offered, [Missing(gap, Severity.CRITICAL)], lower)], NOW)
    assert [(u.source, u.severity.label) for u in plan.units] == [
        ("esios", "critical"),
        ("ree", "minor"),
    ]


def test_a_unit_is_as_bad_as_the_worst_gap_it_heals() -> None:
    """Not as one that lies between its requests and is another source's."""
    of = series(route=(Zone(("ree", "esios")),))
    ruled = exclusions_from([entry(span("2025-10-10", "2025-10-12"), "2025-10-26")])
    offered = [candidate(rulings=ruled), candidate(product("esios", "1001"))]
    runs = spans("2025-10-08 00:00 > 2025-10-08 01:00", "2025-10-10 > 2025-10-12")
    runs += spans("2025-10-14 00:00 > 2025-10-14 03:00")
    gaps = [Missing(run, of.severity_of(run)) for run in runs]
    plan = plan_units([BackfillRequest(of, offered, gaps)], NOW)
    assert [(u.source, u.severity.label, u.slots) for u in plan.units] == [
        ("esios", "critical", 48),
        ("ree", "moderate", 4),
    ]


def test_a_part_of_a_gap_is_as_bad_as_the_whole() -> None:
    """The wish says how bad, whatever part of it is asked for."""
    of = series(route=(Zone(("ree",)),))
    part = span("2025-10-01 00:00", "2025-10-01 01:00")
    plan = plan_units([BackfillRequest(of, [candidate()], [Missing(part, Severity.CRITICAL)])], NOW)
    assert plan.units[0].severity is Severity.CRITICAL


def test_the_cap_defers_the_least_urgent_units() -> None:
    """Seventy one-day units: 64 of the newest now, six told of as deferred."""
    runs = [
        f"{at('2025-01-01') + n * 3 * DAY:%Y-%m-%d} > {at('2025-01-02') + n * 3 * DAY:%Y-%m-%d}"
        for n in range(70)
    ]
    daily = simple(*runs, offered=product(span=DAY), source=source("ree", per_minute=1))
    plan = plan_units([daily], NOW)
    assert (len(plan.units), plan.deferred) == (64, 6)
    assert plan.units[0].interval.start == at("2025-07-27")
    assert plan.units[-1].interval.start == at("2025-01-19")
    assert plan_units([daily], NOW, max_units=2).deferred == 68


def test_724_gaps_of_ten_years_are_few_units() -> None:
    """Seven minutes' worth of calls to REE, where a unit for each gap would be 724."""
    hours = random.Random(1).sample(range(0, 87_600, 2), 724)  # noqa: S311 - no secret
    start = at("2015-10-26")
    runs = [Interval(start + n * HOUR, start + (n + 1) * HOUR) for n in sorted(hours)]
    of = series(route=(Zone(("ree",)),))
    plan = plan_units(
        [
            BackfillRequest(
                of, [candidate(REE_DAYS)], [Missing(run, Severity.MINOR) for run in runs]
            )
        ],
        NOW,
    )
    assert (len(plan.units), plan.deferred) == (7, 0)
    assert sum(u.slots for u in plan.units) == 724


@pytest.mark.parametrize("length", [1, 80, 300])
@pytest.mark.parametrize("fields", [0, 1, 3, 40])
def test_a_label_has_250_characters_at_most(length: int, fields: int) -> None:
    """However long the names in the catalogue are, and however many fields are wanted."""
    request = Request(at("2025-10-01"), at("2025-10-21"), ())
    unit = Unit(
        "s" * length,
        "siar",
        "hourly",
        None,
        Severity.MINOR,
        480,
        (request,),
        enrich=tuple(f"{'f' * 70}{n}" for n in range(fields)),
    )
    assert len(unit.label) <= 250
    assert unit.label.startswith("s" * min(length, 125) + " 2025-10-01T00:00Z–2025-10-21T00:00Z")
    assert unit.label.endswith({0: "Z", 1: "f0", 3: "fields", 40: " +40 fields"}[fields])


def test_labels_and_ids_name_a_unit_uniquely() -> None:
    """By series and stretch for people, with product and station for batches."""
    plan = plan_units(
        [
            wish(WEATHER_HOURLY, "2025-09-21 00:00 > 2025-10-26 12:00"),
            wish(WEATHER_DAILY, "2025-09-21 00:00 > 2025-10-26 00:00"),
            wish(PVPC, "2025-09-21 00:00 > 2025-10-26 00:00"),
        ],
        NOW,
    )
    assert len({u.label for u in plan.units}) == len({u.id for u in plan.units}) == len(plan.units)
    assert sorted(u.id for u in plan.units) == [
        "pvpc:ree.pvpc:20250921T0000Z-20251026T0000Z",
        "weather_daily:aemet.daily@5279X:20251001T0000Z-20251021T0000Z",
        "weather_daily:siar.daily@J17:20250921T0000Z-20251025T0000Z",
        "weather_hourly:aemet.observations@5279X:20251025T2300Z-20251026T1100Z",
        "weather_hourly:siar.hourly@J17:20250921T0000Z-20251025T2300Z",
    ]


def test_a_plan_made_again_has_the_same_ids() -> None:
    """A retry finds its own batch."""
    wishes = [wish(PVPC, "2025-09-21 00:00 > 2025-10-26 00:00")]
    first, second = (plan_units(wishes, NOW + n * timedelta(minutes=1)) for n in range(2))
    assert [u.id for u in first.units] == [u.id for u in second.units]


# Quotas and the bill.


def test_the_bill_counts_calls_hops_and_seconds_by_source() -> None:
    """AEMET's request is two calls of three seconds, SIAR's one of two."""
    plan = plan_units(
        [
            wish(
                WEATHER_HOURLY,
                "2025-09-21 00:00 > 2025-10-26 11:00",
                changes={"siar.hourly": {"quota_left": 900}},
            )
        ],
        NOW,
    )
    assert plan.bill == {"aemet": Cost(2, 6.0, None), "siar": Cost(5, 10.0, 900)}
    assert (plan.calls, plan.seconds) == (7, 16.0)


def test_series_of_one_source_share_a_line_of_the_bill() -> None:
    """Hours and days of SIAR, each product with its own hops."""
    wishes = [
        wish(WEATHER_HOURLY, "2025-09-01 00:00 > 2025-09-02 00:00"),
        wish(WEATHER_DAILY, "2025-09-01 00:00 > 2025-09-02 00:00"),
        wish(WEATHER_DAILY, "2025-10-01 00:00 > 2025-10-02 00:00"),
    ]
    plan = plan_units(wishes[:2], NOW)
    assert plan.bill == {"siar": Cost(2, 4.0, None)}
    assert plan_units(wishes[2:], NOW).bill == {"aemet": Cost(2, 6.0, None)}


def test_what_is_deferred_is_not_on_the_bill() -> None:
    """The bill is what this run will do."""
    hole = "2025-01-01 00:00 > 2025-03-02 00:00"
    plan = plan_units([simple(hole, offered=product(span=DAY))], NOW, max_units=1)
    assert plan.bill == {"ree": Cost(30, 60.0, None)}


def test_units_beyond_the_days_quota_are_deferred() -> None:
    """The worst and newest have it first."""
    hole = "2025-01-01 00:00 > 2025-03-02 00:00"
    plan = plan_units([simple(hole, offered=product(span=DAY), quota_left=40)], NOW)
    assert [len(u.requests) for u in plan.units] == [30]
    assert plan.units[0].interval.start == at("2025-01-31")
    assert (plan.deferred, plan.bill["ree"]) == (1, Cost(30, 60.0, 40))


def test_a_quota_smaller_than_a_minutes_worth_still_moves_on() -> None:
    """Units are no larger than what is left, or the source would never be asked again."""
    hole = "2025-01-01 00:00 > 2025-03-02 00:00"
    plan = plan_units([simple(hole, offered=product(span=DAY, hops=2), quota_left=9)], NOW)
    assert [len(u.requests) for u in plan.units] == [4]
    assert (plan.deferred, plan.calls) == (14, 8)


def test_calls_before_the_first_request_count_in_a_units_minute_and_day() -> None:
    """Of SIAR's 30 calls a minute four are its login; of nine left of the day, five ask."""
    hole = "2025-01-01 00:00 > 2025-03-02 00:00"
    asked = product(span=DAY)
    opening = replace(source("ree", asked), opening_calls=4)
    minute = plan_units([simple(hole, offered=asked, source=opening)], NOW)
    assert [len(u.requests) for u in minute.units] == [8, 26, 26]
    day = plan_units([simple(hole, offered=asked, source=opening, quota_left=9)], NOW)
    assert [len(u.requests) for u in day.units] == [5]
    assert day.calls == 9


def test_a_quota_too_small_for_the_calls_before_a_request_is_spent() -> None:
    """Of four calls left nothing could be asked, so another source is, or the slots wait."""
    asked = product(span=DAY)
    opening = replace(source("ree", asked), opening_calls=4)
    hole = "2025-10-01 > 2025-10-02"
    plan = plan_units([simple(hole, offered=asked, source=opening, quota_left=4)], NOW)
    assert (plan.units, plan.deferred) == ((), 0)
    assert [(w.source, w.slots) for w in plan.waiting] == [("ree", 24)]


def test_what_the_quota_defers_does_not_use_up_the_cap() -> None:
    """Units of other sources take the places."""
    dear = simple("2025-01-01 00:00 > 2025-03-02 00:00", offered=product(span=DAY), quota_left=30)
    cheap = BackfillRequest(
        series("other", route=(Zone(("esios",)),)),
        [candidate(product("esios", "1001"))],
        [Missing(span("2025-01-01 00:00", "2025-01-01 01:00"), Severity.MINOR)],
    )
    plan = plan_units([dear, cheap], NOW, max_units=2)
    assert [u.source for u in plan.units] == ["ree", "esios"]
    assert plan.deferred == 1


def test_a_spent_quota_waits() -> None:
    """It is no verdict on the slots."""
    plan = plan_units([simple("2025-10-01 > 2025-10-02", quota_left=0)], NOW)
    assert plan.units == ()
    assert [(w.until, w.source, w.slots) for w in plan.waiting] == [
        (at("2025-10-27 12:30"), "ree", 24)
    ]


# What cannot be asked.


def test_what_nobody_has_is_listed_with_the_reason_of_each_source() -> None:
    """In one line a stretch, however the route cuts it."""
    paused = {
        "siar.hourly": {"obstacle": "is paused"},
        "open_meteo.forecast": {"obstacle": "is paused"},
    }
    gone = wish(
        WEATHER_HOURLY,
        "2025-10-20 00:00 > 2025-10-21 00:00",
        changes=paused | {"open_meteo.archive": {"obstacle": "is paused"}},
    )
    plan = plan_units([gone], NOW)
    (listed,) = plan.unhealable
    assert listed[:3] == ("weather_hourly", span("2025-10-20", "2025-10-21"), 24)
    assert listed.reason.split("; ") == [
        "aemet observations at 5279X keeps only the last 12 h",
        "openweathermap current has no history, only the reading of now",
        "siar hourly at J17 is paused",
        "openweathermap timemachine needs the extra one_call",
        "open_meteo forecast is paused",
        "open_meteo archive is paused",
    ]


def test_waiting_for_the_same_source_and_time_is_one_line() -> None:
    """Two zones of the route, one block."""
    blocked = {
        key: {"blocked_until": at("2025-10-26 20:00"), "block_reason": "429"}
        for key in ("siar.hourly", "open_meteo.forecast", "open_meteo.archive")
    }
    waits = wish(WEATHER_HOURLY, "2025-09-30 00:00 > 2025-10-02 00:00", changes=blocked)
    plan = plan_units([waits], NOW)
    assert [(short(w.interval), w.slots) for w in plan.waiting] == [
        ("2025-09-30 00:00 > 2025-10-02 00:00", 48)
    ]


def test_neighbours_of_different_series_are_different_lines() -> None:
    """They are healed apart."""
    first, second = simple("2025-10-01 > 2025-10-02"), simple("2025-10-02 > 2025-10-03")
    late = candidate(blocked_until=at("2025-10-27"))
    other = second._replace(series=series("other", route=(Zone(("ree",)),)), candidates=[late])
    plan = plan_units([first._replace(candidates=[late]), other], NOW)
    assert [(w.series, w.slots) for w in plan.waiting] == [("pvpc", 24), ("other", 24)]


def test_force_asks_what_was_ruled_out() -> None:
    """And without it the plan says why it does not."""
    ruled = exclusions_from(
        [entry(span("2025-10-01", "2025-10-02"), f"2025-10-2{n}") for n in (4, 5)]
    )
    given_up = simple("2025-10-01 > 2025-10-02", rulings=ruled)
    plan = plan_units([given_up], NOW)
    assert (plan.units, [u.slots for u in plan.unhealable]) == ((), [24])
    forced = plan_units([given_up], NOW, force=True)
    assert ([u.slots for u in forced.units], forced.unhealable) == ([24], ())


# Upgrades, refresh and what is there early.


def test_upgrades_are_asked_only_of_a_better_product_and_never_wait() -> None:
    """A provisional slot is usable: nobody is told of it."""
    of = WEATHER_HOURLY
    lower = [
        Graded(span("2025-10-20 00:00", "2025-10-20 05:00"), Grade.MODELLED),
        Graded(span("2025-10-26 09:00", "2025-10-26 12:00"), Grade.PROVISIONAL),
    ]
    plan = plan_units([BackfillRequest(of, candidates(of, FREE), [], lower)], NOW)
    assert units(plan) == [
        ("weather_hourly 2025-10-26T09:00Z–2025-10-26T11:00Z", "aemet.observations", 1, 2),
        ("weather_hourly 2025-10-20T00:00Z–2025-10-20T05:00Z", "siar.hourly", 1, 5),
    ]
    assert {u.severity for u in plan.units} == {Severity.MINOR}
    assert (plan.waiting, plan.unhealable) == ((), ())


def test_upgrades_of_one_grade_are_judged_in_one_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pass looks at the whole ledger, so one for each of 724 runs would take seconds."""
    passes: list[int] = []

    def spy(runs: Sequence[Interval], *args: Any, **how: Any) -> Iterator[Assignment]:  # noqa: ANN401 - as choose
        passes.append(len(runs))
        return choose(runs, *args, **how)

    monkeypatch.setattr(slot_assignment, "choose", spy)
    start = at("2025-01-01")
    lower = [
        Graded(Interval(start + n * DAY, start + n * DAY + HOUR), grade)
        for n, grade in enumerate([Grade.MODELLED, Grade.PROVISIONAL] * 50)
    ]
    plan_units([BackfillRequest(WEATHER_HOURLY, candidates(WEATHER_HOURLY), [], lower)], NOW)
    assert [n for n in passes if n] == [50, 50]


def test_an_upgrade_is_taken_along_with_a_gap() -> None:
    """One request heals both, and the unit is as bad as the gap."""
    of = series(target=Grade.OFFICIAL, route=(Zone(("ree",)),))
    gap = Missing(span("2025-10-01 00:00", "2025-10-01 13:00"), Severity.CRITICAL)
    lower = [Graded(span("2025-10-01 13:00", "2025-10-01 14:00"), Grade.MODELLED)]
    plan = plan_units([BackfillRequest(of, [candidate()], [gap], lower)], NOW)
    assert units(plan) == [("pvpc 2025-10-01T00:00Z–2025-10-01T14:00Z", "ree.pvpc", 1, 14)]
    assert plan.units[0].severity is Severity.CRITICAL
    assert len(plan.units[0].requests[0].asked) == 1


def test_refresh_asks_what_is_complete_and_says_so_in_the_unit() -> None:
    """Publishers correct prices months later."""
    of = series(route=(Zone(("ree",)),))
    again = spans("2025-10-01 > 2025-10-02")
    plan = plan_units([BackfillRequest(of, [candidate()], [], again=again)], NOW)
    assert [(u.slots, u.refresh) for u in plan.units] == [(24, True)]
    assert not plan_units([simple("2025-10-01 > 2025-10-02")], NOW).units[0].refresh


def test_refresh_over_gaps_and_upgrades_asks_each_slot_once() -> None:
    """Of whom the route gives it for what it is."""
    of = series(route=(Zone(("ree",)),))
    gap = Missing(span("2025-10-01 00:00", "2025-10-01 05:00"), Severity.MODERATE)
    lower = [Graded(span("2025-10-01 05:00", "2025-10-01 06:00"), Grade.MODELLED)]
    again = spans("2025-10-01 > 2025-10-02")
    plan = plan_units([BackfillRequest(of, [candidate()], [gap], lower, again)], NOW)
    assert [u.slots for u in plan.units] == [24]


def test_refresh_does_not_ask_a_second_source_for_what_is_upgraded() -> None:
    """The worse source goes first in the route, the better one has the upgrade."""
    of = series(route=(Zone(("ree", "esios")),))
    offered = [candidate(product(grade=Grade.MODELLED)), candidate(product("esios", "1001"))]
    lower = [Graded(span("2025-10-01 00:00", "2025-10-01 05:00"), Grade.MODELLED)]
    plan = plan_units(
        [BackfillRequest(of, offered, [], lower, spans("2025-10-01 > 2025-10-02"))], NOW
    )
    assert [(u.source, u.slots) for u in plan.units] == [("ree", 19), ("esios", 5)]


def test_the_slot_of_now_is_asked_where_a_product_has_it_already() -> None:
    """One current reading a plan; what is pending elsewhere is passed over in silence."""
    of = WEATHER_HOURLY
    pending = spans("2025-10-26 12:00 > 2025-10-26 15:00")
    plan = plan_units([BackfillRequest(of, candidates(of, FREE), [], pending=pending)], NOW)
    assert units(plan) == [
        ("weather_hourly 2025-10-26T12:00Z–2025-10-26T13:00Z", "openweathermap.current", 1, 1)
    ]
    assert (plan.waiting, plan.unhealable) == ((), ())
    tomorrow = spans("2025-10-26 23:00 > 2025-10-27 23:00")
    assert (
        plan_units([BackfillRequest(PVPC, candidates(PVPC), [], pending=tomorrow)], NOW).units == ()
    )


def test_nothing_wished_is_an_empty_plan() -> None:
    """Which costs nothing."""
    assert plan_units([BackfillRequest(PVPC, candidates(PVPC), [])], NOW) == Plan(NOW, ())
    assert plan_units([], NOW).calls == 0


def test_a_unit_speaks_of_its_whole_stretch() -> None:
    """From its first request to its last."""
    first, second = spans("2025-10-01 > 2025-10-02", "2025-10-20 > 2025-10-21")
    unit = Unit(
        "pvpc",
        "ree",
        "pvpc",
        None,
        Severity.MINOR,
        48,
        (
            Request(first.start, first.end, (first,)),
            Request(second.start, second.end, (second,)),
        ),
    )
    assert unit.interval == span("2025-10-01", "2025-10-21")
    assert unit.label == "pvpc 2025-10-01T00:00Z–2025-10-21T00:00Z"
    assert unit.id == "pvpc:ree.pvpc:20251001T0000Z-20251021T0000Z"


# Brute force.


@thoroughly
@given(scenes(), st.sampled_from([None, Grade.MODELLED, Grade.OBSERVED]))
def test_the_plan_asks_each_askable_slot_once_and_nothing_else(
    scene: Scene, held: Grade | None
) -> None:
    """Of whom judging the slot by itself says; the others are listed; what is held never waits."""
    of, offered, runs, now = scene
    plentiful = [replace(c, quota_left=None if c.quota_left else c.quota_left) for c in offered]
    lower = [Graded(run, held) for run in runs[1::2]] if held else []
    gaps = subtract(runs, [run.interval for run in lower])
    wished = BackfillRequest(
        of, plentiful, [Missing(gap, of.severity_of(gap)) for gap in gaps], lower
    )
    plan = plan_units([wished], now, max_units=10_000)
    found: dict[datetime, Any] = {}
    for unit in plan.units:
        for run in (run for request in unit.requests for run in request.asked):
            for slot in HOURLY.slots(run):
                assert slot not in found
                found[slot] = unit.source
    listed = [*(w.interval for w in plan.waiting), *(u.interval for u in plan.unhealable)]
    for run in listed:
        for slot in HOURLY.slots(run):
            assert slot not in found
            found[slot] = None
    expected: dict[datetime, Any] = {}
    for grade, wanted in ((None, gaps), (held, [run.interval for run in lower])):
        for slot in (s for run in wanted for s in HOURLY.slots(run)):
            asked = who(of, plentiful, slot, now, grade)
            if isinstance(asked, Candidate):
                expected[slot] = asked.source.name
            elif grade is None:
                expected[slot] = None
    assert found == expected
    assert plan.deferred == 0
