"""The demo's weather: its holes, who can heal them, and what must be there in the end."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from tools.demo import weather
from tools.demo.weather import DAILY, HOURLY, chores
from tools.demo.world import utc


@pytest.mark.parametrize("series,slots", [(HOURLY, 1006), (DAILY, 50)])
def test_the_holes_are_apart_and_in_order(series: str, slots: int) -> None:
    """No slot lies in two holes."""
    holes = weather.holes(series)
    assert all(left.end <= right.start for left, right in pairwise(holes))
    assert sum(len(hole.slots) for hole in holes) == slots


def test_the_series_begin_on_their_local_day_and_with_the_station() -> None:
    """2024-01-01 in Madrid, whose first six hours are a hole, and the first day's date."""
    assert min(weather.seeds(HOURLY)) == datetime(2024, 1, 1, 5, tzinfo=UTC)
    assert min(weather.best_grades(HOURLY)) == datetime(2023, 12, 31, 23, tzinfo=UTC)
    assert min(weather.best_grades(DAILY)) == datetime(2018, 6, 13, tzinfo=UTC)


@pytest.mark.parametrize(
    "series,grades", [(HOURLY, {10: 49, 20: 1, 30: 16506}), (DAILY, {30: 5, 40: 2707})]
)
def test_the_best_grades_are_those_of_the_design(series: str, grades: dict[int, int]) -> None:
    """49 hours that SIAR lacks in October, the hour of now, and five days before AEMET's lag."""
    assert Counter(weather.best_grades(series).values()) == grades


def test_the_days_of_the_outage_can_have_no_value() -> None:
    """Nor are they in the store in the beginning."""
    days = {utc(2021, 8, day, 0) for day in range(10, 15)}
    assert not days & weather.best_grades(DAILY).keys()
    assert not days & weather.seeds(DAILY).keys()
    assert utc(2021, 8, 9, 0) in weather.seeds(DAILY)
    assert utc(2021, 8, 15, 0) in weather.seeds(DAILY)


def test_siars_outage_has_the_hours_of_two_days_in_madrid() -> None:
    """24 and 25 of them: the clocks go back on the second."""
    start, end = weather.SIAR_OUTAGE
    assert (end - start).total_seconds() / 3600 == 24 + 25


def test_what_is_stored_is_worse_or_as_good_as_it_can_be() -> None:
    """No slot has to get a lower grade."""
    for series in (HOURLY, DAILY):
        best = weather.best_grades(series)
        assert all(seed.grade <= best[slot] for slot, seed in weather.seeds(series).items())


def test_every_source_is_asked_as_little_as_its_spans_allow() -> None:
    """Literal counts: weeks of half-hours, months of days, two hops, a reading of now."""
    fewest: Counter[str] = Counter()
    for chore in chores():
        fewest[chore.source] += chore.fewest
    assert fewest == {"siar": 17, "aemet": 9, "openweathermap": 2, "open_meteo": 1}
