"""To the slot: 48 hours, local months, 31 days, the last twelve rows; the frozen catalogue."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from gapfill.domain.interval import iso
from gapfill.domain.reading import Row
from gapfill.domain.series import Grade
from gapfill.services.context import RunContext
from gapfill.services.explain import explain
from gapfill.services.planning import RunRequest, detect_all, make_plan
from gapfill.services.selection import Selection
from gapfill.stores.sqlite.store import SqliteStore
from tests.catalogs import frozen
from tests.obstacles import obstacle

if TYPE_CHECKING:
    from pathlib import Path

    from gapfill.domain.candidate import Obstacle
    from gapfill.domain.product import Product
    from tests.services.conftest import FakeTime, Scripted


def at(text: str) -> datetime:
    """Return the instant of ``2026-07-03 12:00``, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def context(
    tmp_path: Path, sources: Scripted, time: FakeTime, monkeypatch: pytest.MonkeyPatch
) -> RunContext:
    """Return a site with every product that ``sources.obstacles`` does not name."""

    def obstacle_of(product: Product) -> Obstacle | None:
        given = sources.obstacles
        return obstacle(given.get(product.key) or given.get(product.source))

    monkeypatch.setattr(sources, "obstacle", obstacle_of)
    store = SqliteStore(tmp_path / "store.db")
    return RunContext(frozen(), store, sources, at("2026-07-03 12:00"), time.sleep, time.monotonic)


def asked_first(context: RunContext, now: str, slot: str, series: str = "weather_hourly") -> str:
    """Return the sources of a slot's route, in order."""
    explained = explain(replace(context, now=at(now)), context.catalog.series[series], at(slot))
    return " ".join(dict.fromkeys(opinion.candidate.split()[0] for opinion in explained.opinions))


YOUNG = "openweathermap aemet siar open_meteo"
THIS_MONTH = "aemet siar openweathermap open_meteo"
EARLIER = "siar openweathermap open_meteo"


@pytest.mark.parametrize(
    "now, slot, sources_in_order",
    [
        ("2026-07-15 12:00", "2026-07-13 12:00", THIS_MONTH),  # exactly 48 h old is older
        ("2026-07-15 12:00", "2026-07-13 13:00", YOUNG),
        ("2026-07-15 11:59", "2026-07-13 12:00", YOUNG),
        ("2026-07-15 12:01", "2026-07-13 12:00", THIS_MONTH),
        ("2026-03-30 01:00", "2026-03-28 01:00", THIS_MONTH),  # hours pass, whatever clocks do
        ("2026-03-30 01:00", "2026-03-28 02:00", YOUNG),
        ("2026-07-03 12:00", "2026-06-30 22:00", THIS_MONTH),  # 1 July 00:00 in Madrid
        ("2026-07-03 12:00", "2026-06-30 21:00", EARLIER),
        ("2026-01-03 12:00", "2025-12-31 23:00", THIS_MONTH),  # 1 January 00:00 in Madrid
        ("2026-01-03 12:00", "2025-12-31 22:00", EARLIER),
        ("2026-06-30 21:59", "2026-06-01 00:00", THIS_MONTH),  # the last minute of June
        ("2026-06-30 22:00", "2026-06-01 00:00", EARLIER),  # the first of July
        ("2026-06-30 22:00", "2026-06-28 22:00", EARLIER),  # 48 h old, and of June by now
        ("2026-06-30 22:00", "2026-06-28 23:00", YOUNG),
        ("2025-12-31 22:59", "2025-12-01 00:00", THIS_MONTH),
        ("2025-12-31 23:00", "2025-12-29 23:00", EARLIER),
    ],
)
def test_an_hours_route_is_that_of_its_age_and_local_month(
    context: RunContext, now: str, slot: str, sources_in_order: str
) -> None:
    """Design, section 4: younger than 48 h; older, in the current month; in an earlier month."""
    assert asked_first(context, now, slot) == sources_in_order


@pytest.mark.parametrize(
    "now, day, first",
    [
        ("2026-07-20 12:00", "2026-07-01 00:00", "aemet siar siar_csv"),
        ("2026-07-20 12:00", "2026-06-30 00:00", "siar siar_csv aemet"),
        ("2026-01-20 12:00", "2026-01-01 00:00", "aemet siar siar_csv"),
        ("2026-01-20 12:00", "2025-12-31 00:00", "siar siar_csv aemet"),
        ("2026-06-30 21:59", "2026-06-01 00:00", "aemet siar siar_csv"),
        ("2026-06-30 22:00", "2026-06-01 00:00", "siar siar_csv aemet"),
    ],
)
def test_a_days_month_is_that_of_its_date(
    context: RunContext, now: str, day: str, first: str
) -> None:
    """Not that of its first instant in Madrid; the month of now is local."""
    assert asked_first(context, now, day, "weather_daily") == first


def units(context: RunContext, now: str, series: str, earliest: str) -> list[tuple[str, str, str]]:
    """Plan one series alone from an instant on; return product and bounds of the units."""
    of = replace(context.catalog.series[series], earliest=at(earliest))
    at_now = replace(context, now=at(now), catalog=replace(context.catalog, series={series: of}))
    order = RunRequest(Selection((of,)))
    plan = make_plan(at_now, order, detect_all(at_now, order))
    return sorted(
        (f"{u.source}.{u.product}", iso(u.interval.start)[:16], iso(u.interval.end)[:16])
        for u in plan.units
    )


def test_days_on_both_sides_of_a_month_go_to_their_own_source(context: RunContext) -> None:
    """On 20 July: June to SIAR, July to AEMET as far as it is, and SIAR for its last days."""
    assert units(context, "2026-07-20 17:00", "weather_daily", "2026-06-20 00:00") == [
        ("aemet.daily", "2026-07-01T00:00", "2026-07-15T00:00"),
        ("siar.daily", "2026-06-20T00:00", "2026-07-20T00:00"),
    ]


@pytest.mark.parametrize(
    "now, asked",
    [
        ("2026-04-19 23:59", []),
        ("2026-04-20 00:00", [("siar.daily", "2026-03-20T00:00", "2026-03-21T00:00")]),
    ],
)
def test_siars_day_is_official_when_it_is_exactly_31_days_old(
    context: RunContext, sources: Scripted, now: str, asked: list[tuple[str, str, str]]
) -> None:
    """Then it is asked for once more, for the observed value that stands; not a minute before."""
    sources.obstacles = {"aemet": "no key", "siar_csv": "no folder"}
    series = context.catalog.series["weather_daily"]
    days = [at("2026-03-20 00:00") + timedelta(days=n) for n in range(31)]
    values = dict.fromkeys(("temperature_mean", "solar_radiation", "et0"), 10.0)
    rows = [Row(day, values, Grade.OBSERVED, "siar/J17", "before/x") for day in days]
    context.store.import_rows(series, rows)
    assert units(context, now, "weather_daily", "2026-03-20 00:00") == asked


@pytest.mark.parametrize(
    "now, first, end",
    [
        ("2026-07-15 11:59", "2026-07-14T22:00", "2026-07-15T10:00"),
        ("2026-07-15 12:00", "2026-07-14T23:00", "2026-07-15T11:00"),
        ("2026-07-15 12:59", "2026-07-14T23:00", "2026-07-15T11:00"),
        ("2026-07-15 13:00", "2026-07-15T00:00", "2026-07-15T12:00"),
    ],
)
def test_aemet_is_asked_for_the_last_twelve_rows_that_are_out(
    context: RunContext, sources: Scripted, now: str, first: str, end: str
) -> None:
    """A row is out an hour after its end, and the newest twelve of them are there."""
    sources.obstacles = dict.fromkeys(("siar", "openweathermap", "open_meteo"), "no key")
    assert units(context, now, "weather_hourly", "2026-07-01 00:00") == [
        ("aemet.observations", first, end)
    ]
