"""What every store says is missing, below its target, or newest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gapfill.domain.coverage import Graded
from gapfill.domain.interval import Interval
from gapfill.domain.reading import Reading
from gapfill.domain.series import Grade
from tests.builders import ERA, PVPC, SPOT, WEATHER, hour, hours, price, prices, weather
from tests.domain.samples import HOUR, at, span

if TYPE_CHECKING:
    from gapfill.services.ports import Store

MODELLED, PROVISIONAL, OBSERVED = Grade.MODELLED, Grade.PROVISIONAL, Grade.OBSERVED


def test_an_empty_store_lacks_the_whole_window(store: Store) -> None:
    """Nothing was ever written, so one run is missing, and reading did not fail."""
    assert store.missing(PVPC, hours(0, 1000)) == [hours(0, 1000)]
    assert store.lower_grade(PVPC, hours(0, 1000)) == []
    assert store.newest(PVPC) is None


def test_a_series_without_a_point_lacks_the_whole_window(store: Store) -> None:
    """Another series of the same measurement has readings; this one has none."""
    store.write(PVPC, prices(range(10)), "run/a")
    assert store.missing(SPOT, hours(0, 10)) == [hours(0, 10)]
    assert store.newest(SPOT) is None


def test_head_holes_and_tail_are_found_as_maximal_runs(store: Store) -> None:
    """Missing at the start, in the middle and at the end of the window."""
    store.write(PVPC, prices([2, 3, 4, 7, 8, 10]), "run/a")
    assert store.missing(PVPC, hours(0, 12)) == [
        hours(0, 2),
        hours(5, 7),
        hours(9, 10),
        hours(11, 12),
    ]


@pytest.mark.parametrize(
    "gap",
    [(47, 48), (48, 49), (47, 49), (48, 96), (47, 97), (30, 200), (0, 48), (96, 240), (1, 239)],
)
def test_a_hole_anywhere_is_one_run(store: Store, gap: tuple[int, int]) -> None:
    """Whatever a store cuts the history into must not show in the runs."""
    first, after = gap
    store.write(PVPC, prices([*range(first), *range(after, 240)]), "run/a")
    assert store.missing(PVPC, hours(0, 240)) == [hours(first, after)]


@pytest.mark.parametrize("there", [(0, 2000), (100, 1900), (700, 1200), (1999, 2000), (0, 1)])
def test_head_and_tail_of_any_length_are_found(store: Store, there: tuple[int, int]) -> None:
    """Near the ends of a long window or far from them, with a hole between."""
    first, after = there
    store.write(PVPC, prices(n for n in range(first, after) if n != first + 5), "run/a")
    hole = [(first + 5, first + 6)] if after - first > 6 else []
    runs = [(0, first), *hole, (after, 2000)]
    expected = [hours(start, end) for start, end in runs if start < end]
    assert store.missing(PVPC, hours(0, 2000)) == expected


def test_every_other_hour_missing_is_a_run_for_each(store: Store) -> None:
    """The most gaps a window can have."""
    store.write(PVPC, prices(range(0, 100, 2)), "run/a")
    assert store.missing(PVPC, hours(0, 100)) == [hours(n, n + 1) for n in range(1, 100, 2)]


def test_a_complete_window_lacks_nothing(store: Store) -> None:
    """A window inside what was written, and the same window to its last slot."""
    store.write(PVPC, prices(range(100)), "run/a")
    assert store.missing(PVPC, hours(0, 100)) == []
    assert store.missing(PVPC, hours(13, 14)) == []


def test_runs_are_clipped_to_the_window(store: Store) -> None:
    """A gap that reaches beyond the window is cut at its bounds."""
    store.write(PVPC, prices([0, 99]), "run/a")
    assert store.missing(PVPC, hours(40, 45)) == [hours(40, 45)]


def test_a_slot_without_every_required_field_is_missing(store: Store) -> None:
    """Temperature alone is no reading of the weather; its optional fields do not matter."""
    store.write(WEATHER, [weather(0, OBSERVED), weather(2, OBSERVED, pressure=970.0)], "run/a")
    store.write(WEATHER, [Reading(hour(1), {"temperature": 20.0}, OBSERVED, "aemet")], "run/a")
    assert store.missing(WEATHER, hours(0, 3)) == [hours(1, 2)]


def test_the_spacing_may_change_inside_the_window(store: Store) -> None:
    """Hours before the era and quarters after it; a run may cross the change."""
    quarter = HOUR / 4
    hourly = [ERA - 3 * HOUR, ERA - 2 * HOUR]
    quarters = [ERA + n * quarter for n in (2, 3, 5, 6, 7)]
    values = {"price_eur_mwh": 1.0}
    readings = [Reading(s, values, Grade.OFFICIAL, "ree") for s in (*hourly, *quarters)]
    store.write(SPOT, readings, "run/a")
    assert store.missing(SPOT, Interval(ERA - 4 * HOUR, ERA + 2 * HOUR)) == [
        Interval(ERA - 4 * HOUR, ERA - 3 * HOUR),
        Interval(ERA - HOUR, ERA + 2 * quarter),
        Interval(ERA + 4 * quarter, ERA + 5 * quarter),
    ]


def test_slots_before_1970_are_found_too(store: Store) -> None:
    """Modelled weather reaches back to 1940."""
    first = Reading(at("1969-12-31 22:00"), {"price_eur_mwh": 1.0}, Grade.OFFICIAL, "ree")
    store.write(PVPC, [first], "run/a")
    assert store.missing(PVPC, span("1969-12-31 21:00", "1970-01-01 01:00")) == [
        span("1969-12-31 21:00", "1969-12-31 22:00"),
        span("1969-12-31 23:00", "1970-01-01 01:00"),
    ]
    assert store.newest(PVPC) == at("1969-12-31 22:00")


def test_runs_below_the_target_are_told_by_grade(store: Store) -> None:
    """Neighbours of another grade are another run, and complete slots are none."""
    grades = {0: OBSERVED, 1: MODELLED, 2: MODELLED, 3: PROVISIONAL, 5: PROVISIONAL}
    store.write(WEATHER, [weather(slot, grade) for slot, grade in grades.items()], "run/a")
    assert store.lower_grade(WEATHER, hours(0, 6)) == [
        Graded(hours(1, 3), MODELLED),
        Graded(hours(3, 4), PROVISIONAL),
        Graded(hours(5, 6), PROVISIONAL),
    ]
    assert store.lower_grade(WEATHER, hours(2, 4)) == [
        Graded(hours(2, 3), MODELLED),
        Graded(hours(3, 4), PROVISIONAL),
    ]


def test_an_incomplete_reading_of_a_low_grade_is_missing_not_provisional(store: Store) -> None:
    """A slot is in exactly one state."""
    store.write(WEATHER, [Reading(hour(0), {"humidity": 50.0}, MODELLED, "open_meteo")], "run/a")
    assert store.missing(WEATHER, hours(0, 1)) == [hours(0, 1)]
    assert store.lower_grade(WEATHER, hours(0, 1)) == []


def test_a_run_below_the_target_crosses_an_era(store: Store) -> None:
    """Slots of both spacings that touch and have one grade are one run."""
    slots = (ERA - HOUR, ERA, ERA + HOUR / 4)
    readings = [Reading(s, {"price_eur_mwh": 1.0}, MODELLED, "x") for s in slots]
    store.write(SPOT, readings, "run/a")
    assert store.lower_grade(SPOT, Interval(ERA - 2 * HOUR, ERA + HOUR)) == [
        Graded(Interval(ERA - HOUR, ERA + HOUR / 2), MODELLED)
    ]


def test_newest_is_the_newest_complete_slot(store: Store) -> None:
    """A newer row without a required field does not count."""
    store.write(WEATHER, [weather(3, OBSERVED), weather(5, MODELLED)], "run/a")
    store.write(WEATHER, [Reading(hour(9), {"humidity": 50.0}, OBSERVED, "aemet")], "run/b")
    assert store.newest(WEATHER) == hour(5)


def test_another_store_on_the_same_database_sees_what_was_written(store: Store) -> None:
    """Closing gives nothing up but connections, and the store may be used again."""
    store.write(PVPC, [price(0)], "run/a")
    store.close()
    assert store.missing(PVPC, hours(0, 2)) == [hours(1, 2)]
