"""The calendar's cells: civil days, every state, and what they weigh."""

from __future__ import annotations

import json
import zlib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from gapfill.domain.coverage import Coverage, Graded
from gapfill.domain.gap import Gap
from gapfill.domain.interval import Interval
from gapfill.domain.reading import Origin, Row
from gapfill.domain.series import Grade, State
from gapfill.domain.severity import Severity
from gapfill.webui.calendar_encoding import calendar
from gapfill.webui.slots import slots_of
from tests.builders import PVPC, SPOT, WEATHER
from tests.domain.samples import DAILY, DAY, HOUR, at, span

NOTHING = dict.fromkeys(State, 0)


def gap(start: str, end: str, state: State = State.MISSING, waiting: str = "") -> Gap:
    """Return a gap of a state."""
    interval = span(start, end)
    until = at(waiting) if waiting else None
    return Gap(interval, 0, Severity.MINOR, state, until)


def coverage(start: str, end: str, *gaps: Gap, **more: tuple[object, ...]) -> Coverage:
    """Return the coverage of a window with these gaps."""
    return Coverage(span(start, end), NOTHING, 0, gaps, **more)  # type: ignore[arg-type]


def test_a_local_day_has_23_24_or_25_hours() -> None:
    """The clocks change on 2026-03-29 and 2026-10-25."""
    spring = calendar(PVPC, coverage("2026-03-27 23:00", "2026-03-30 22:00"))
    assert (spring.first_day, spring.days) == (
        date(2026, 3, 28),
        [(1, "24c"), (1, "23c"), (1, "24c")],
    )
    autumn = calendar(PVPC, coverage("2026-10-23 22:00", "2026-10-26 23:00"))
    assert autumn.days == [(1, "24c"), (1, "25c"), (1, "24c")]


def test_each_state_has_its_letter() -> None:
    """A day counts all of them, complete first."""
    found = calendar(
        WEATHER,
        coverage(
            "2026-01-01 23:00",
            "2026-01-03 23:00",
            gap("2026-01-02 00:00", "2026-01-02 03:00"),
            gap("2026-01-02 03:00", "2026-01-02 05:00", waiting="2026-01-09"),
            gap("2026-01-02 05:00", "2026-01-02 06:00", State.UNFILLABLE),
            gap("2026-01-02 06:00", "2026-01-02 07:00", State.UNKNOWN),
            lower=(
                Graded(span("2026-01-02 10:00", "2026-01-02 12:00"), Grade.MODELLED),
                Graded(span("2026-01-02 12:00", "2026-01-02 13:00"), Grade.PROVISIONAL),
            ),
            pending=(span("2026-01-03 10:00", "2026-01-03 23:00"),),
        ),
    )
    assert found.days == [(1, "14c1p2d2w3m1u1x"), (1, "11c13n")]


def test_a_gap_over_midnight_is_parted_at_the_local_one() -> None:
    """Which in winter is 23:00 UTC."""
    found = calendar(
        PVPC,
        coverage(
            "2026-01-01 23:00", "2026-01-03 23:00", gap("2026-01-02 20:00", "2026-01-03 05:00")
        ),
    )
    assert found.days == [(1, "21c3m"), (1, "18c6m")]


def test_a_daily_slot_is_its_own_date() -> None:
    """Whatever the local time is at 00:00 UTC."""
    daily = replace(WEATHER, grid=DAILY)
    found = calendar(daily, coverage("2026-07-01", "2026-07-05", gap("2026-07-02", "2026-07-03")))
    assert (found.first_day, found.zone) == (date(2026, 7, 1), "UTC")
    assert found.days == [(1, "1c"), (1, "1m"), (2, "1c")]


def test_an_era_changes_how_many_slots_a_day_has() -> None:
    """Quarters from 2025-10-01 local on."""
    found = calendar(SPOT, coverage("2025-09-29 22:00", "2025-10-01 22:00"))
    assert found.days == [(1, "24c"), (1, "96c")]


def test_a_day_that_is_cut_counts_what_is_expected_of_it() -> None:
    """The first day may begin late."""
    found = calendar(PVPC, coverage("2026-01-02 10:00", "2026-01-03 01:00"))
    assert found.days == [(1, "13c"), (1, "2c")]


def test_where_nothing_is_expected_there_are_no_days() -> None:
    """Nor a first one."""
    assert calendar(PVPC, Coverage(None, NOTHING, 0, ())).days == []


def test_ten_years_of_twenty_series_weigh_less_than_300_kb() -> None:
    """Compressed, with 724 gaps in each series, at hours that repeat nowhere."""
    window = Interval(datetime(2016, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))
    sent = []
    for number in range(20):
        starts = [window.start + n * 121 * HOUR + number * HOUR * (n % 7) for n in range(724)]
        gaps = tuple(
            Gap(Interval(s, s + (1 + n * number % 60) * HOUR), 0, Severity.MINOR, State.MISSING)
            for n, s in enumerate(starts)
        )
        found = calendar(PVPC, Coverage(window, NOTHING, 0, gaps))
        assert sum(n for n, _ in found.days) in range(3653, 3656)
        sent.append(found.days)
    assert len(zlib.compress(json.dumps(sent).encode(), 5)) < 300_000


def test_one_run_of_ten_years_is_parted_quickly() -> None:
    """A series whose read failed has one; its days come as few."""
    window = Interval(at("2016-01-01"), at("2016-01-01") + timedelta(days=3650))
    run = Gap(window, 0, Severity.CRITICAL, State.UNKNOWN)
    found = calendar(PVPC, Coverage(window, NOTHING, 0, (run,)))
    assert found.days[1] == (85, "24x")
    assert len(found.days) == 43
    assert window.duration == 3650 * DAY


def test_slots_across_a_change_of_step_are_exact() -> None:
    """Runs are parted there, none lies over another, and each era has its step."""
    found = coverage(
        "2025-09-30 20:00", "2025-10-01 00:00", gap("2025-09-30 21:00", "2025-09-30 22:30")
    )
    told = slots_of(SPOT, found, [], at("2025-10-02"))
    start = 1759262400  # 2025-09-30 20:00 UTC; quarter hours begin at 22:00
    assert told.runs == [
        (start, 1, "c"),
        (start + 3600, 1, "m"),
        (start + 7200, 2, "m"),
        (start + 9000, 6, "c"),
    ]
    assert told.eras == [(start, 3600), (start + 7200, 900)]


def test_a_slot_of_several_sources_names_each() -> None:
    """The shown field by its own source, the others beside it; what is missing has its name."""
    slots = [at("2026-01-02") + n * HOUR for n in range(3)]
    aemet, model = Origin("aemet/5279X", Grade.OBSERVED), Origin("open_meteo", Grade.MODELLED)
    rows = [
        Row(slots[0], {"temperature": 12.5}, aemet.grade, aemet.source),
        Row(
            slots[1],
            {"temperature": 13.0, "humidity": 70.0},
            model.grade,
            model.source,
            kept={"temperature": aemet},
        ),
        Row(slots[2], {"humidity": 71.0}, model.grade, model.source),
    ]
    gaps = [
        Gap(Interval(slot, slot + HOUR), 1, Severity.MINOR, State.MISSING, fields=(field,))
        for slot, field in ((slots[0], "humidity"), (slots[2], "temperature"))
    ]
    told = slots_of(
        WEATHER, coverage("2026-01-02", "2026-01-02 03:00", *gaps), rows, at("2026-01-03")
    )
    first = 1767312000  # 2026-01-02 00:00 UTC
    assert told.sources == ["aemet/5279X", "open_meteo"]
    assert told.readings == [(first, 0, 12.5), (first + 3600, 0, 13.0), (first + 7200, 1, None)]
    assert told.others == [(first + 3600, "humidity", 1), (first + 7200, "humidity", 1)]
    assert told.partial == [
        (first, 1, "humidity is missing"),
        (first + 7200, 1, "temperature is missing"),
    ]


def test_a_slot_without_any_field_has_no_field_to_name() -> None:
    """It is missing whole."""
    whole = Gap(span("2026-01-02", "2026-01-03"), 24, Severity.CRITICAL, State.MISSING)
    gaps = whole, replace(whole, fields=("temperature", "humidity"))
    for one in gaps:
        assert (
            slots_of(
                WEATHER, coverage("2026-01-02", "2026-01-03", one), [], at("2026-01-03")
            ).partial
            == []
        )
