"""The truth about prices."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gapfill_sandbox import world
from gapfill_sandbox.noise import noise
from gapfill_sandbox.times import MADRID

PENINSULA = 8741
YEAR_2024 = [
    world.price(PENINSULA, datetime(2024, 1, 1, tzinfo=UTC) + n * timedelta(hours=1))
    for n in range(8784)
]


def test_prices_are_the_same_on_every_machine() -> None:
    """Literals, so that a change of the world is seen."""
    noon = datetime(2025, 10, 26, 12, tzinfo=UTC)
    assert world.price(PENINSULA, noon) == 71.98
    assert world.price(3, noon, world.SPOT) == 65.45


def test_a_naive_slot_is_refused() -> None:
    """A slot without a time zone is nowhere."""
    with pytest.raises(ValueError, match="no time zone"):
        world.price(PENINSULA, datetime(2025, 10, 26, 12))  # noqa: DTZ001 - the point of it


def test_an_unknown_place_has_no_price() -> None:
    """Spain as a whole has a market price and no PVPC."""
    with pytest.raises(KeyError):
        world.price(3, datetime(2025, 10, 26, 12, tzinfo=UTC))


def test_a_year_has_zero_and_negative_hours_and_a_plausible_mean() -> None:
    """Both are real, and rare."""
    assert 50 < sum(1 for price in YEAR_2024 if price == 0) < 400
    assert 10 < sum(1 for price in YEAR_2024 if price < 0) < 200
    assert 60 < sum(YEAR_2024) / len(YEAR_2024) < 120
    assert -15 < min(YEAR_2024) < max(YEAR_2024) < 300


def test_evenings_are_dearer_than_nights_and_january_than_june() -> None:
    """The daily and the yearly shape."""
    nights, evenings = YEAR_2024[2::24], YEAR_2024[19::24]
    assert sum(evenings) > 1.5 * sum(nights)
    assert sum(YEAR_2024[: 31 * 24]) / 31 > 1.3 * sum(YEAR_2024[152 * 24 : 182 * 24]) / 30


@given(st.datetimes(datetime(2021, 7, 1), datetime(2030, 1, 1)))  # noqa: DTZ001 - made aware below
def test_prices_are_whole_cents_and_places_differ(moment: datetime) -> None:
    """In any hour the price has two decimals; most places differ from the peninsula."""
    slot = moment.replace(minute=0, second=0, microsecond=0, tzinfo=UTC)
    prices = [world.price(geo, slot) for geo in (8741, 8742, 8743, 8744, 8745)]
    assert prices == [round(price, 2) for price in prices]
    assert len(set(prices)) == 5 or min(prices) <= 0


def test_pvpc_appears_on_the_evening_before_from_20_16_to_20_47() -> None:
    """In Madrid time, at a time of its own each day."""
    days = [date(2025, 1, 1) + timedelta(days=n) for n in range(365)]
    times = [world.published_at(day).astimezone(MADRID) for day in days]
    assert all(at.date() == day - timedelta(days=1) for at, day in zip(times, days, strict=True))
    assert min(at.strftime("%H:%M") for at in times) == "20:16"
    assert max(at.strftime("%H:%M") for at in times) == "20:46"
    assert len({at.timetz() for at in times}) > 300


def test_spot_appears_on_the_day_before_at_13_42() -> None:
    """In winter 12:42 UTC, in summer 11:42 UTC."""
    assert world.published_at(date(2025, 1, 2), world.SPOT) == datetime(
        2025, 1, 1, 12, 42, tzinfo=UTC
    )
    assert world.published_at(date(2025, 7, 2), world.SPOT) == datetime(
        2025, 7, 1, 11, 42, tzinfo=UTC
    )


def test_nothing_of_a_day_is_published_a_second_too_early() -> None:
    """At the instant of publication the whole day is there, before none of it."""
    appears = world.published_at(date(2025, 10, 26))
    bounds = datetime(2025, 10, 25, 22, tzinfo=UTC), datetime(2025, 10, 26, 22, tzinfo=UTC)
    assert len(world.published_slots(*bounds, appears)) == 25
    assert world.published_slots(*bounds, appears - timedelta(seconds=1)) == []


def test_a_slot_range_is_half_open() -> None:
    """The end is not in it."""
    start, end = datetime(2025, 10, 26, tzinfo=UTC), datetime(2025, 10, 26, 3, tzinfo=UTC)
    assert [slot.hour for slot in world.slots_in(start, end)] == [0, 1, 2]


def test_fourteen_days_of_five_places_are_little_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call never waits for the world: one draw for each price, and two for each day."""
    drawn = 0

    def counted(*key: object) -> float:
        nonlocal drawn
        drawn += 1
        return noise(*key)

    monkeypatch.setattr(world, "noise", counted)
    slots = list(
        world.slots_in(datetime(2033, 5, 1, tzinfo=UTC), datetime(2033, 5, 15, tzinfo=UTC))
    )
    for slot in slots:
        for geo in world.PVPC_GEOS:
            world.price(geo, slot)
    assert len(slots) == 336
    assert 1680 <= drawn <= 1680 + 2 * 15
