"""PVPC on the clock of its place: zones, rows, days and due times of the Canary Islands."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gapfill.domain.due import due_at, due_until, horizon
from gapfill.domain.local_time import AtClock, day_interval
from gapfill.domain.tariff import is_pvpc, localize, origin, to_local, zone_of
from tests.domain.samples import (
    ESIOS,
    HOUR,
    HOURLY,
    LINARES,
    MADRID,
    PVPC,
    REE,
    at,
    span,
    thoroughly,
)

CANARY = "Atlantic/Canary"
TENERIFE = replace(LINARES, name="tenerife", zone=CANARY, stations=())
DUE = AtClock(-1, time(20, 50), MADRID, CANARY)
ISLANDS = replace(PVPC, name="pvpc_canarias", place=TENERIFE, params={"geo_id": "8742"}, due=DUE)
(PRICES,) = REE.products


@pytest.mark.parametrize(
    "published, stored",
    [
        ("2025-11-10 09:00", "2025-11-10 10:00"),
        ("2025-07-01 08:00", "2025-07-01 09:00"),
        ("2025-10-25 22:00", "2025-10-25 23:00"),
        ("2025-10-26 00:00", "2025-10-26 01:00"),
        ("2025-10-26 01:00", "2025-10-26 02:00"),
        ("2025-10-26 22:00", "2025-10-26 23:00"),
        ("2025-03-29 23:00", "2025-03-30 00:00"),
        ("2025-03-30 01:00", "2025-03-30 02:00"),
        ("2025-03-30 21:00", "2025-03-30 22:00"),
    ],
    ids=[
        "winter",
        "summer",
        "25h-1st",
        "25h-3rd",
        "25h-4th",
        "25h-25th",
        "23h-1st",
        "23h-3rd",
        "23h-23rd",
    ],
)
def test_a_published_row_is_an_hour_later_in_the_islands(published: str, stored: str) -> None:
    """Its clock shows there what Madrid's showed an hour before."""
    assert to_local(at(published), CANARY) == at(stored)
    assert (
        to_local(at(published), MADRID) == to_local(at(published), "Africa/Ceuta") == at(published)
    )


@thoroughly
@given(st.dates(date(2021, 6, 1), date(2035, 12, 31)))
def test_each_published_day_is_a_whole_day_of_the_islands(day: date) -> None:
    """The 23, 24 or 25 rows of a day in Madrid fill the day of that date there."""
    rows = HOURLY.slots(day_interval(day, MADRID))
    assert [to_local(row, CANARY) for row in rows] == list(HOURLY.slots(day_interval(day, CANARY)))


@pytest.mark.parametrize(
    "slot, due",
    [
        ("2025-10-25 22:00", "2025-10-24 18:50"),
        ("2025-10-25 23:00", "2025-10-25 18:50"),
        ("2025-10-26 23:00", "2025-10-25 18:50"),
        ("2025-10-27 00:00", "2025-10-26 19:50"),
        ("2025-03-30 00:00", "2025-03-29 19:50"),
        ("2025-03-30 22:00", "2025-03-29 19:50"),
        ("2025-03-30 23:00", "2025-03-30 18:50"),
    ],
    ids=["before", "25h-first", "25h-last", "after-25h", "23h-first", "23h-last", "after-23h"],
)
def test_the_prices_of_a_local_day_are_due_on_the_evening_before_in_madrid(
    slot: str, due: str
) -> None:
    """20:50 in Madrid, for every hour of the day that starts at midnight in the islands."""
    assert due_at(ISLANDS, [], at(slot)) == at(due)
    assert localize(PRICES, ISLANDS).available.instant(at(slot), HOURLY) == at(due)


@pytest.mark.parametrize(
    "now, first_not_due, last_expected",
    [
        ("2025-10-25 18:49", "2025-10-25 23:00", "2025-10-27 00:00"),
        ("2025-10-25 18:50", "2025-10-27 00:00", "2025-10-27 00:00"),
        ("2025-10-25 21:59", "2025-10-27 00:00", "2025-10-27 00:00"),
        # In Madrid it is the 26th, and the table of the 27th may come out before it ends.
        ("2025-10-25 22:00", "2025-10-27 00:00", "2025-10-28 00:00"),
        ("2025-03-30 18:50", "2025-03-31 23:00", "2025-03-31 23:00"),
    ],
)
def test_due_prices_end_with_a_whole_day_of_the_islands(
    now: str, first_not_due: str, last_expected: str
) -> None:
    """They become due together, and nothing is expected that cannot be out by the end of today."""
    assert due_until(ISLANDS, [], at(now)) == at(first_not_due)
    assert horizon(ISLANDS, [], at(now)) == at(last_expected)


@thoroughly
@given(
    st.sampled_from(["2025-03-30 01:00", "2025-10-26 01:00", "2026-01-01 00:00"]),
    st.integers(-60 * 60, 60 * 60),
)
def test_a_rule_with_days_elsewhere_says_the_same_by_slot_and_by_first_slot(
    around: str, minutes: int
) -> None:
    """Slots before ``until`` have happened, later ones not."""
    now = at(around) + minutes * HOUR / 60
    until = DUE.until(now, HOURLY)
    assert DUE.instant(until - HOUR, HOURLY) <= now < DUE.instant(until, HOURLY)


def test_a_product_serves_the_islands_by_their_days() -> None:
    """Requests are of whole days there, from the first day of the tariff on."""
    local = localize(PRICES, ISLANDS)
    assert (local.day_zone, local.since) == (CANARY, at("2021-05-31 23:00"))
    (archive,) = [p for p in ESIOS.products if p.name == "archive70"]
    day = span("2025-10-25 23:00", "2025-10-27 00:00")
    assert localize(archive, ISLANDS).fits(day.start, day.end)
    assert not archive.fits(day.start, day.end)


def test_madrid_and_ceuta_are_served_as_they_are() -> None:
    """The same object: nothing changes for them."""
    ceuta = replace(PVPC, place=replace(LINARES, zone="Africa/Ceuta"), params={"geo_id": "8744"})
    peninsula = replace(PVPC, params={"geo_id": "8741"})
    for series in (PVPC, peninsula, ceuta):
        assert localize(PRICES, series) is PRICES
        assert origin(series, PRICES) == "ree"


def test_the_price_of_the_market_has_no_local_clock() -> None:
    """Its hours are instants: the same ones for every place."""
    spot = replace(PRICES, params={"indicator": "600"})
    islands = replace(ISLANDS, params={"geo_id": "3"})
    assert zone_of(islands, PRICES) == zone_of(ISLANDS, spot) == MADRID
    assert localize(spot, ISLANDS) is spot
    assert [is_pvpc(p) for p in ({}, {"indicator": "1001"}, {"archive": "70"})] == [True] * 3
    assert [is_pvpc(p) for p in ({"indicator": "600"}, {"archive": "71"})] == [False] * 2


def test_the_source_of_a_price_in_the_islands_names_their_system() -> None:
    """What earlier releases wrote as plain ``ree`` can be told apart."""
    assert origin(ISLANDS, PRICES) == "ree/8742"
