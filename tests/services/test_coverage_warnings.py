"""Slots outside every configured product's dates are warned of, once per series."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from gapfill.domain.candidate import Obstacle
from gapfill.domain.cause import Cause
from gapfill.domain.interval import Interval
from gapfill.domain.reading import Reading
from gapfill.domain.series import Grade, State, Station
from gapfill.services.detection import detect
from gapfill.services.selection import Selection
from tests.catalogs import frozen
from tests.obstacles import obstacle

if TYPE_CHECKING:
    from gapfill.domain.product import Product
    from gapfill.domain.series import Series
    from gapfill.services.context import RunContext
    from gapfill.services.detection import Report
    from tests.services.conftest import Scripted


def _day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def daily(context: RunContext) -> RunContext:
    """Return a site with daily weather since 2018-06-01, of which only AEMET has a key."""
    weather = frozen().series["weather_daily"]
    return _with(context, replace(weather, earliest=_day("2018-06-01")))


def _with(context: RunContext, series: Series) -> RunContext:
    known = replace(context.catalog, series={"weather_daily": series})
    return replace(context, catalog=known)


@pytest.fixture
def keyed(sources: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give AEMET its key, and nobody else."""

    def obstacle_of(product: Product) -> Obstacle | None:
        return obstacle(None if product.source == "aemet" else "is paused")

    monkeypatch.setattr(sources, "obstacle", obstacle_of)


def _report(context: RunContext) -> Report:
    (report,) = detect(context, Selection(tuple(context.catalog.series.values())))
    return report


@pytest.mark.usefixtures("keyed")
def test_slots_before_the_station_began_are_warned_of_with_their_dates(daily: RunContext) -> None:
    """The sentence names how many, from when to when, what reaches how far, and what to do."""
    assert _report(daily).warnings == (
        (
            "weather_daily: 12 slots from 2018-06-01T00:00Z to 2018-06-12T00:00Z are "
            "outside the dates of every source that is set up (aemet daily at 5279X from "
            "2018-06-13, aemet "
            "daily at 5281X (13 km) from 2018-06-13); they do not count in the coverage "
            "and no source is asked for them. Set up a source that "
            "reaches them, or give the series a later `earliest` in the catalogue."
        ),
    )


@pytest.mark.usefixtures("keyed")
def test_what_is_within_the_stations_dates_is_no_matter_of_set_up(daily: RunContext) -> None:
    """A gap that can be healed is no warning."""
    weather = daily.catalog.series["weather_daily"]
    assert _report(_with(daily, replace(weather, earliest=_day("2018-06-13")))).warnings == ()


@pytest.mark.usefixtures("keyed")
def test_slots_that_hold_a_reading_are_not_warned_of(daily: RunContext) -> None:
    """Imported days before the station are there, so nobody needs to reach them."""
    weather = daily.catalog.series["weather_daily"]
    early = Interval(_day("2018-06-01"), _day("2018-06-13"))
    daily.store.write(
        weather,
        [
            Reading(slot, {"temperature_mean": 20.0}, Grade.OFFICIAL, "import")
            for slot in weather.grid.slots(early)
        ],
        "import",
    )
    assert _report(daily).warnings == ()


@pytest.mark.usefixtures("keyed")
def test_the_time_between_two_stations_is_one_warning(daily: RunContext) -> None:
    """Several runs are counted together, and the first is named."""
    weather = daily.catalog.series["weather_daily"]
    stations = (
        Station("aemet", "3195", Interval(_day("2018-06-03"), _day("2018-06-10"))),
        Station("aemet", "5279X", Interval(_day("2018-06-13"), _day("2200-01-01"))),
    )
    place = replace(weather.place, stations=stations)
    (warning,) = _report(_with(daily, replace(weather, place=place))).warnings
    assert warning.startswith(
        "weather_daily: 5 slots in 2 runs, the first from 2018-06-01T00:00Z to 2018-06-02T00:00Z, "
        "are outside the dates of every source that is set up (aemet daily at 3195 from "
        "2018-06-03 to 2018-06-09, aemet daily at 5279X from 2018-06-13);"
    )


def test_a_series_none_of_whose_sources_is_set_up_says_where_to_read_why(
    daily: RunContext, sources: Scripted
) -> None:
    """All are paused: the newest slot's explanation gives the reason for each."""
    weather = daily.catalog.series["weather_daily"]
    context = _with(daily, replace(weather, earliest=_day("2026-03-10")))
    sources.obstacles = dict.fromkeys(("aemet", "siar", "siar_csv"), "is paused")
    assert _report(context).warnings == (
        (
            "weather_daily: none of its sources can be used (aemet, siar, siar_csv), so no source "
            "can be asked for 9 slots; `explain weather_daily 2026-03-18T00:00Z` gives the "
            "reason for each source."
        ),
    )


BROKEN = Obstacle("cannot be read: files/J17.csv, line 7: it breaks off", is_broken=True)


def test_a_source_that_cannot_be_used_is_known_with_the_slots_that_it_could_serve(
    daily: RunContext, sources: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether or not another source can be asked for them; those before its dates are not its."""

    def obstacle_of(product: Product) -> Obstacle | None:
        paused = obstacle("is paused")
        return {"siar_csv": BROKEN, "aemet": None}.get(product.source, paused)

    monkeypatch.setattr(sources, "obstacle", obstacle_of)
    report = _report(daily)
    sentence = "siar_csv cannot be read: files/J17.csv, line 7: it breaks off."
    missed = (Interval(_day("2018-06-13"), _day("2026-03-15")),)
    assert report.broken == (("siar_csv", sentence, missed),)
    assert sentence in report.warnings


def test_a_source_that_cannot_be_used_is_not_missed_where_nothing_is_missing(
    daily: RunContext, sources: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is warned of all the same."""
    monkeypatch.setattr(sources, "obstacle", lambda _: BROKEN)
    weather = daily.catalog.series["weather_daily"]
    context = _with(daily, replace(weather, earliest=_day("2026-03-10")))
    run = Interval(_day("2026-03-10"), _day("2026-03-20"))
    days = [
        Reading(slot, {"temperature_mean": 20.0}, Grade.OFFICIAL, "import")
        for slot in weather.grid.slots(run)
    ]
    context.store.write(context.catalog.series["weather_daily"], days, "import")
    assert [(b.source, b.missed) for b in _report(context).broken] == [
        ("aemet", ()),
        ("siar", ()),
        ("siar_csv", ()),
    ]


def test_a_slot_that_needs_a_key_is_never_given_up_for_a_file_that_cannot_be_read(
    daily: RunContext, sources: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is missing and its source is down; a key would help too."""

    def obstacle_of(product: Product) -> Obstacle | None:
        return BROKEN if product.source == "siar_csv" else obstacle("is not configured", "a_key")

    monkeypatch.setattr(sources, "obstacle", obstacle_of)
    coverage = _report(daily).coverage
    assert [(g.state, g.cause, g.needs) for g in coverage.gaps] == [
        (State.UNFILLABLE, Cause.NONE, ()),
        (State.MISSING, Cause.DOWN, ("a_key",)),
    ]
