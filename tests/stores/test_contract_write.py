"""What every store does when it writes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from gapfill.domain.reading import Origin, Reading, Replace, Row
from gapfill.domain.series import Grade
from gapfill.errors import StoreError
from tests.builders import PVPC, SPOT, WEATHER, hour, hours, price, prices, row, weather

if TYPE_CHECKING:
    from gapfill.services.ports import Store

MODELLED, PROVISIONAL, OBSERVED = Grade.MODELLED, Grade.PROVISIONAL, Grade.OBSERVED


def test_what_was_written_is_read_in_order_of_slot(store: Store) -> None:
    """Each row says what it is, who gave it and which fill wrote it."""
    assert store.write(PVPC, [price(2, -1.5), price(0, 0.0)], "run/a") == 2
    assert store.read(PVPC, hours(0, 3)) == [row(0, 0.0), row(2, -1.5)]


def test_read_returns_only_the_window(store: Store) -> None:
    """The start is inside, the end is not."""
    store.write(PVPC, prices(range(5)), "run/a")
    assert store.read(PVPC, hours(1, 3)) == [row(1), row(2)]


def test_an_optional_field_without_a_value_is_absent(store: Store) -> None:
    """A row has no field that nobody gave."""
    store.write(WEATHER, [weather(0, OBSERVED, pressure=970.0)], "run/a")
    store.write(WEATHER, [weather(1, OBSERVED)], "run/a")
    assert [set(r.values) for r in store.read(WEATHER, hours(0, 2))] == [
        {"temperature", "humidity", "pressure"},
        {"temperature", "humidity"},
    ]


def test_series_of_one_measurement_do_not_mix(store: Store) -> None:
    """Their tags tell them apart."""
    store.write(PVPC, [price(0, 1.0)], "run/a")
    store.write(SPOT, [price(0, 2.0)], "run/b")
    assert store.read(PVPC, hours(0, 1)) == [row(0, 1.0)]
    assert store.read(SPOT, hours(0, 1)) == [row(0, 2.0, "run/b")]


def test_a_better_grade_replaces_in_place(store: Store) -> None:
    """The slot then has one row, the better one; an optional value it lacks survives."""
    store.write(WEATHER, [weather(0, MODELLED, "open_meteo", solar_radiation=300.0)], "run/a")
    assert store.write(WEATHER, [weather(0, OBSERVED, temperature=21.0)], "run/b") == 1
    assert store.read(WEATHER, hours(0, 1)) == [
        Row(
            hour(0),
            {"temperature": 21.0, "humidity": 50.0, "solar_radiation": 300.0},
            OBSERVED,
            "aemet/5279X",
            "run/b",
            {"solar_radiation": Origin("open_meteo", MODELLED)},
        )
    ]


@pytest.mark.parametrize("grade", [MODELLED, PROVISIONAL])
def test_a_lower_or_equal_grade_changes_nothing(store: Store, grade: Grade) -> None:
    """What stands is as good."""
    before = weather(0, PROVISIONAL, "openweathermap")
    store.write(WEATHER, [before], "run/a")
    assert store.write(WEATHER, [weather(0, grade, temperature=1.0)], "run/b") == 0
    (stands,) = store.read(WEATHER, hours(0, 1))
    assert (stands.values, stands.batch) == (before.values, "run/a")


def test_an_equal_grade_replaces_where_it_is_asked_to(store: Store) -> None:
    """That is what refresh does; a lower grade still does not."""
    store.write(PVPC, [price(0, 1.0), price(1, 1.0)], "run/a")
    again = [price(0, 2.0), price(1, 2.0, OBSERVED)]
    assert store.write(PVPC, again, "run/b", replace=Replace.EQUAL) == 1
    assert store.read(PVPC, hours(0, 2)) == [row(0, 2.0, "run/b"), row(1, 1.0)]


@pytest.mark.parametrize("replace", list(Replace))
def test_the_same_readings_again_change_nothing(store: Store, replace: Replace) -> None:
    """A retry of a fill is harmless, whatever it was killed in."""
    assert store.write(PVPC, prices([0, 1]), "run/a", replace=replace) == 2
    assert store.write(PVPC, prices([0, 1, 2]), "run/a", replace=replace) == 1
    assert store.read(PVPC, hours(0, 3)) == [row(0), row(1), row(2)]
    assert store.batch_slots("run/a") == {"pvpc": [hour(0), hour(1), hour(2)]}


def test_half_a_reading_again_changes_nothing(store: Store) -> None:
    """Another fill that gets no more than what stands does not claim it."""
    half = Reading(hour(0), {"temperature": 20.0}, OBSERVED, "aemet")
    assert store.write(WEATHER, [half], "run/a") == 1
    assert store.write(WEATHER, [half], "run/b") == 0
    assert store.batch_slots("run/b") == {}


def test_the_last_of_two_readings_of_a_slot_meets_the_first(store: Store) -> None:
    """They are combined one after the other, as if written apart."""
    half = Reading(hour(0), {"temperature": 20.0}, OBSERVED, "aemet")
    assert store.write(WEATHER, [half, weather(0, OBSERVED)], "run/a") == 1
    assert store.missing(WEATHER, hours(0, 1)) == []


def test_slots_far_apart_are_written_at_once(store: Store) -> None:
    """A write of two slots ten years apart reads and writes two slots."""
    store.write(PVPC, prices([0, 87_600]), "run/a")
    assert store.write(PVPC, prices([0, 87_600, 40_000]), "run/b") == 1


def test_nothing_is_written_where_one_reading_cannot_be(store: Store) -> None:
    """A field that the series does not have is refused, and all readings with it."""
    wrong = Reading(hour(1), {"price_eur_mwh": 1.0, "price_usd": 1.0}, Grade.OFFICIAL, "ree")
    with pytest.raises(StoreError, match="pvpc has no field 'price_usd'"):
        store.write(PVPC, [price(0), wrong], "run/a")
    assert store.read(PVPC, hours(0, 2)) == []
    assert store.batch_slots("run/a") == {}
    assert store.write(PVPC, [price(0)], "run/a") == 1


def test_no_readings_are_nothing_to_write(store: Store) -> None:
    """An empty answer leaves no trace."""
    assert store.write(PVPC, [], "run/a") == 0
    assert store.import_rows(PVPC, []) == 0


def test_a_batch_is_written_at_once_and_not_slot_by_slot(store: Store) -> None:
    """Sixty readings in one batch are far less work than in a batch each."""

    def work(first: int, size: int) -> float:
        begun = time.process_time()
        for start in range(first, first + 60, size):
            assert store.write(PVPC, prices(range(start, start + size)), "run/a") == size
        return time.process_time() - begun

    store.verify()
    at_once = min(work(first, 60) for first in (0, 100, 200))  # the least: the collector may pause
    assert at_once < min(work(first, 1) for first in (1000, 1100)) / 4


def test_put_writes_rows_as_they_are(store: Store) -> None:
    """Provenance included, and without it."""
    kept = {"price_eur_kwh": Origin("esios", Grade.OFFICIAL)}
    values = {"price_eur_mwh": 1.0, "price_eur_kwh": 0.1}
    rows = [
        Row(hour(0), values, Grade.OFFICIAL, "ree", "run/a", kept),
        Row(hour(1), {"price_eur_mwh": 1.0}, Grade.OFFICIAL),
    ]
    assert store.import_rows(PVPC, rows) == 2
    assert store.read(PVPC, hours(0, 2)) == rows
    assert store.import_rows(PVPC, rows) == 0


def test_put_replaces_an_equal_grade_whole(store: Store) -> None:
    """A value that the row lacks is gone, as the row says nothing of it."""
    first = Row(hour(0), {"price_eur_mwh": 1.0, "price_eur_kwh": 0.1}, Grade.OFFICIAL, "ree", "a/b")
    store.import_rows(PVPC, [first])
    assert store.import_rows(PVPC, [row(0, 2.0)]) == 1
    assert store.read(PVPC, hours(0, 1)) == [row(0, 2.0)]


def test_put_leaves_a_higher_grade(store: Store) -> None:
    """An import never makes a store worse."""
    store.write(PVPC, [price(0, 1.0)], "run/a")
    assert (
        store.import_rows(PVPC, [Row(hour(0), {"price_eur_mwh": 2.0}, MODELLED, "x", "import/b")])
        == 0
    )
    assert store.read(PVPC, hours(0, 1)) == [row(0, 1.0)]
