"""Data of others count: points off the grid, with other tags, or without provenance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gapfill.domain.coverage import Graded
from gapfill.domain.interval import Interval
from gapfill.domain.reading import Origin, Reading, Replace, Row
from gapfill.domain.series import Grade
from gapfill.errors import StoreError
from gapfill.stores.points import Point, format_tags
from tests.builders import PVPC, WEATHER, hour, hours, point, price, prices, weather
from tests.catalogs import frozen

if TYPE_CHECKING:
    from tests.stores.backends import Backend

MODELLED, OBSERVED, OFFICIAL = Grade.MODELLED, Grade.OBSERVED, Grade.OFFICIAL
OWN = {"market": "pvpc", "geo": "8741"}
LINARES = {"place": "linares"}
WHOLE = {"temperature": 20.0, "humidity": 50.0}


@pytest.mark.parametrize(
    "tags",
    [
        OWN,
        {"market": "pvpc"},
        {},
        OWN | {"unit": "eur"},
        OWN | {"note": "a,b=c\\d", "market": "pvpc"},
    ],
    ids=["its own", "fewer", "none", "more", "odd characters"],
)
def test_tags_that_do_not_contradict_are_the_series_own(
    backend: Backend, tags: dict[str, str]
) -> None:
    """Such points fill their slots and are read, with the series' default grade."""
    backend.seed(PVPC, point(hour(1), tags, {"price_eur_mwh": 7.0}))
    store = backend.open()
    assert store.missing(PVPC, hours(0, 3)) == [hours(0, 1), hours(2, 3)]
    assert store.read(PVPC, hours(0, 3)) == [Row(hour(1), {"price_eur_mwh": 7.0}, OFFICIAL)]
    assert store.newest(PVPC) == hour(1)


@pytest.mark.parametrize(
    "tags",
    [{"market": "spot", "geo": "8741"}, {"geo": "8744"}, {"market": "a\\,geo=8741"}],
    ids=["another market", "another place", "a value that looks like a tag"],
)
def test_tags_that_contradict_are_another_series(backend: Backend, tags: dict[str, str]) -> None:
    """The same key with another value makes a point another's."""
    backend.seed(PVPC, point(hour(1), tags, {"price_eur_mwh": 7.0}))
    store = backend.open()
    assert store.missing(PVPC, hours(0, 3)) == [hours(0, 3)]
    assert store.read(PVPC, hours(0, 3)) == []
    assert store.newest(PVPC) is None


@pytest.mark.parametrize(
    "tag", [("data_type", "forecast"), ("data_source", "aemet_daily")], ids=lambda tag: tag[1]
)
def test_excluded_tags_are_no_readings(backend: Backend, tag: tuple[str, str]) -> None:
    """A forecast is never an observation."""
    backend.seed(WEATHER, point(hour(0), LINARES | dict([tag]), WHOLE))
    assert backend.open().missing(WEATHER, hours(0, 1)) == [hours(0, 1)]
    assert backend.open().read(WEATHER, hours(0, 1)) == []


FORECASTS = [("data_type", "forecast"), ("data_source", "aemet_forecast")]
DAILY = ("data_source", "aemet_daily")
KNOWN = [
    *((name, tag) for name in ("pvpc", "weather_hourly", "weather_daily") for tag in FORECASTS),
    ("weather_hourly", DAILY),
]


@pytest.mark.parametrize("name,tag", KNOWN, ids=lambda one: one if isinstance(one, str) else one[1])
def test_forecasts_of_others_are_no_readings_of_the_catalogues_series(
    backend: Backend, name: str, tag: tuple[str, str]
) -> None:
    """Nothing of the store takes one for an observation, though it is newer and comes first."""
    series = frozen().series[name]
    step = series.grid.step_at(series.earliest)
    slots = [series.earliest + n * step for n in range(4)]
    first, *_, last = [Interval(slot, series.grid.end_of(slot)) for slot in slots]
    window = Interval(first.start, last.end)
    forecast = {field.name: 1.0 for field in series.fields} | dict.fromkeys(series.required, 2.0)
    for extra in ({}, series.tags):
        for slot in slots:
            backend.seed(series, point(slot, {**extra, **dict([tag])}, forecast, 40, "x"))
    store = backend.open()
    assert store.missing_by_field(series, window) == {field: [window] for field in series.required}
    assert (store.read(series, window), store.newest(series)) == ([], None)
    assert store.lower_grade(series, window) == []
    assert (store.flaws(series, window).values, store.ahead(series, last.start)) == (0, None)
    own = dict.fromkeys(series.required, 3.0)
    assert store.write(series, [Reading(first.start, own, series.target, "a")], "run/a") == 1
    (row,) = store.read(series, window)
    assert (row.slot, row.values, row.source) == (first.start, own, "a")
    assert store.newest(series) == first.start
    assert store.missing_by_field(series, window) == {
        field: [Interval(first.end, window.end)] for field in series.required
    }


def test_days_of_aemet_are_days(backend: Backend) -> None:
    """What is no hour, spread over the hours, is a reading where days are asked for."""
    series = frozen().series["weather_daily"]
    backend.seed(series, point(series.earliest, dict([DAILY]), {"temperature_mean": 20.0}))
    assert backend.open().newest(series) == series.earliest


def test_points_of_others_fill_holes_between_our_own(backend: Backend) -> None:
    """Two tag sets are one series: what either has is not missing."""
    store = backend.open()
    store.write(PVPC, prices([0, 1, 4, 6]), "run/a")
    for slot in (2, 5):
        backend.seed(PVPC, point(hour(slot), {"market": "pvpc"}, {"price_eur_mwh": 1.0}))
    assert store.missing(PVPC, hours(0, 8)) == [hours(3, 4), hours(7, 8)]
    assert [r.slot for r in store.read(PVPC, hours(0, 8))] == [hour(n) for n in (0, 1, 2, 4, 5, 6)]


def test_tags_that_are_new_are_seen_by_a_store_that_is_open(backend: Backend) -> None:
    """Whatever it remembers of the tags there were, in reading and in writing."""
    store = backend.open()
    store.write(PVPC, prices([0]), "run/a")
    assert store.missing(PVPC, hours(0, 4)) == [hours(1, 4)]
    backend.seed(PVPC, point(hour(1), {"market": "pvpc"}, {"price_eur_mwh": 1.0}))
    assert store.missing(PVPC, hours(0, 4)) == [hours(2, 4)]
    backend.seed(PVPC, point(hour(2), {}, {"price_eur_mwh": 1.0}))
    assert store.write(PVPC, prices([1, 2, 3]), "run/b") == 1
    assert store.missing(PVPC, hours(0, 4)) == []


def test_a_point_off_the_grid_covers_its_slot(backend: Backend) -> None:
    """A sample at 01:59 is a reading of 01:00, and of nothing else."""
    backend.seed(PVPC, point(hour(1 + 59 / 60), OWN, {"price_eur_mwh": 7.0}))
    store = backend.open()
    assert store.missing(PVPC, hours(0, 3)) == [hours(0, 1), hours(2, 3)]
    assert store.read(PVPC, hours(1, 2)) == [Row(hour(1), {"price_eur_mwh": 7.0}, OFFICIAL)]
    assert store.newest(PVPC) == hour(1)


def test_of_several_points_in_a_slot_the_newest_counts(backend: Backend) -> None:
    """Five-minute samples of one grade: the last one stands for the hour."""
    for minutes in range(0, 60, 5):
        backend.seed(PVPC, point(hour(minutes / 60), OWN, {"price_eur_mwh": float(minutes)}))
    (row,) = backend.open().read(PVPC, hours(0, 1))
    assert row.values == {"price_eur_mwh": 55.0}


def test_of_several_points_in_a_slot_the_best_grade_counts(backend: Backend) -> None:
    """A newer point of a lower grade adds only what lacks, and says whose that is."""
    backend.seed(
        WEATHER, point(hour(0), LINARES, WHOLE, grade=30, source="aemet/5279X", batch="run/a")
    )
    model = {"temperature": 9.0, "humidity": 9.0, "solar_radiation": 300.0}
    backend.seed(WEATHER, point(hour(0.5), LINARES, model, grade=10, source="open_meteo"))
    assert backend.open().read(WEATHER, hours(0, 1)) == [
        Row(
            hour(0),
            {"temperature": 20.0, "humidity": 50.0, "solar_radiation": 300.0},
            OBSERVED,
            "aemet/5279X",
            "run/a",
            {"solar_radiation": Origin("open_meteo", MODELLED)},
        )
    ]


def test_a_point_with_provenance_goes_before_one_without(backend: Backend) -> None:
    """Otherwise samples of others would hide what was asked again on purpose."""
    store = backend.open()
    backend.seed(PVPC, point(hour(0.75), OWN, {"price_eur_mwh": 1.0}))
    assert store.write(PVPC, [price(0, 2.0)], "run/a", replace=Replace.EQUAL) == 1
    (row,) = store.read(PVPC, hours(0, 1))
    assert (row.values["price_eur_mwh"], row.batch) == (2.0, "run/a")


def test_required_fields_may_come_from_several_points(backend: Backend) -> None:
    """Temperature from one and humidity from another make a complete slot."""
    backend.seed(WEATHER, point(hour(0.1), LINARES, {"temperature": 20.0}))
    backend.seed(WEATHER, point(hour(0), LINARES | {"sensor": "b"}, {"humidity": 50.0}))
    store = backend.open()
    assert store.missing(WEATHER, hours(0, 2)) == [hours(1, 2)]
    assert store.read(WEATHER, hours(0, 2)) == [Row(hour(0), WHOLE, OBSERVED)]
    assert store.newest(WEATHER) == hour(0)


def test_a_good_value_in_one_field_does_not_vouch_for_another(backend: Backend) -> None:
    """Somebody's observed sunshine must not make modelled weather look observed."""
    store = backend.open()
    store.write(WEATHER, [weather(0, MODELLED, "open_meteo")], "run/a")
    backend.seed(WEATHER, point(hour(0), LINARES | {"sensor": "roof"}, {"solar_radiation": 300.0}))
    backend.seed(WEATHER, point(hour(0), LINARES | {"sensor": "wall"}, {"humidity": 44.0}))
    assert store.lower_grade(WEATHER, hours(0, 1)) == [
        Graded(hours(0, 1), MODELLED, (("temperature", MODELLED),))
    ]
    (row,) = store.read(WEATHER, hours(0, 1))
    assert (row.grade, row.source) == (MODELLED, "open_meteo")
    assert row.values == {"temperature": 20.0, "humidity": 44.0, "solar_radiation": 300.0}
    assert row.kept == {
        "humidity": Origin("unknown", OBSERVED),
        "solar_radiation": Origin("unknown", OBSERVED),
    }


def test_a_better_point_of_others_lifts_a_slot_to_its_target(backend: Backend) -> None:
    """A slot is below its target only where no point is better."""
    store = backend.open()
    store.write(WEATHER, [weather(n, MODELLED, "open_meteo") for n in range(3)], "run/a")
    backend.seed(WEATHER, point(hour(1.5), LINARES | {"sensor": "b"}, WHOLE))
    assert store.lower_grade(WEATHER, hours(0, 3)) == [
        Graded(hours(0, 1), MODELLED),
        Graded(hours(2, 3), MODELLED),
    ]


def test_points_of_others_below_the_target_are_upgraded(backend: Backend) -> None:
    """The default grade of a series may lie below its target."""
    backend.seed(PVPC, point(hour(0.5), {"market": "pvpc"}, {"price_eur_mwh": 1.0}, grade=30))
    store = backend.open()
    assert store.lower_grade(PVPC, hours(0, 1)) == [Graded(hours(0, 1), OBSERVED)]
    assert store.write(PVPC, [price(0, 2.0)], "run/a") == 1
    assert store.lower_grade(PVPC, hours(0, 1)) == []


def test_a_better_point_of_others_is_not_written_over(backend: Backend) -> None:
    """What stands is what all points of the slot come to."""
    backend.seed(PVPC, point(hour(0.5), {"market": "pvpc"}, {"price_eur_mwh": 1.0}))
    store = backend.open()
    assert store.write(PVPC, [price(0, 2.0, OBSERVED)], "run/a") == 0
    (row,) = store.read(PVPC, hours(0, 1))
    assert row.values == {"price_eur_mwh": 1.0}


@pytest.mark.parametrize("grade, kept", [(25, None), (40, "price:40"), (40, "price:ree:9")])
def test_a_provenance_that_cannot_be_read_is_an_error(
    backend: Backend, grade: int, kept: str | None
) -> None:
    """It is never taken for nothing."""
    stored = Point(format_tags(OWN), hour(0), {"price_eur_mwh": 1.0}, grade, kept=kept)
    backend.seed(PVPC, stored)
    with pytest.raises(StoreError, match=r"2026-01-01T00:00:00Z .*cannot be read"):
        backend.open().read(PVPC, hours(0, 1))


def test_a_grade_that_nobody_knows_is_an_error_for_upgrades_too(backend: Backend) -> None:
    """Runs below the target are never silently left out."""
    backend.seed(PVPC, point(hour(0), OWN, {"price_eur_mwh": 1.0}, grade=25))
    with pytest.raises(StoreError, match="25"):
        backend.open().lower_grade(PVPC, hours(0, 1))
