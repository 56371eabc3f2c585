"""Prices that an earlier release wrote an hour early, and days that are published in part."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from gapfill.domain.interval import Interval
from gapfill.domain.ledger import Outcome
from gapfill.domain.local_time import day_interval
from gapfill.domain.reading import Reading, Replace, Row
from gapfill.domain.series import Grade
from gapfill.domain.tariff import localize
from gapfill.errors import StoreError
from gapfill.services.ledger_writer import LedgerWriter
from gapfill.services.ports import SeriesWindow
from gapfill.services.shifted_prices import shifted
from gapfill.sources.model import Answer, Ask
from tests.services.conftest import NOW

if TYPE_CHECKING:
    from gapfill.domain.series import Series
    from gapfill.services.context import RunContext

CANARY = "Atlantic/Canary"
DAY = date(2026, 3, 10)
HOUR = timedelta(hours=1)
START = datetime(2026, 3, 10, tzinfo=UTC)


@pytest.fixture
def islands(context: RunContext) -> Series:
    """Return PVPC of a place in the Canary Islands."""
    pvpc = context.catalog.series["pvpc"]
    place = replace(pvpc.place, name="tenerife", zone=CANARY, stations=())
    tags = {"market": "pvpc", "geo": "8742"}
    return replace(pvpc, name="islands", place=place, tags=tags, params={"geo_id": "8742"})


def early(context: RunContext, series: Series, window: Interval) -> tuple[str, ...]:
    """Return what is said of one series; nothing where it has no answer."""
    said = shifted(context, [SeriesWindow(series, window)]).get(series.name, ())
    assert not isinstance(said, StoreError)
    return said


def _rows(source: str, *hours: int) -> list[Row]:
    return [
        Row(START + n * HOUR, {"price_eur_mwh": 1.0}, Grade.OFFICIAL, source, "run/a")
        for n in hours
    ]


def test_early_hours_are_counted_within_the_window(context: RunContext, islands: Series) -> None:
    """From the first to the last of them, whatever lies between."""
    context.store.import_rows(islands, _rows("ree", 1, 2, 9) + _rows("ree/8742", 3, 4))
    (said,) = early(context, islands, day_interval(DAY, CANARY))
    assert said.startswith("islands: 3 slots were written by an earlier release, which used ")
    assert "--start 2026-03-10T01:00:00Z --end 2026-03-10T10:00:00Z --refresh" in said
    (said,) = early(context, islands, Interval(START + 5 * HOUR, START + 24 * HOUR))
    assert said.startswith("islands: 1 slot was written by an earlier release")
    assert early(context, islands, Interval(START + 3 * HOUR, START + 5 * HOUR)) == ()


def test_what_others_wrote_is_not_taken_for_early(context: RunContext, islands: Series) -> None:
    """An import, or a point without provenance, names no source that read a clock."""
    anonymous = Row(START + HOUR, {"price_eur_mwh": 1.0}, Grade.OFFICIAL)
    context.store.import_rows(islands, [*_rows("import", 0), anonymous])
    assert early(context, islands, day_interval(DAY, CANARY)) == ()


def test_an_early_point_behind_a_newer_one_does_not_count(
    context: RunContext, islands: Series
) -> None:
    """With more tags than the series has by now it stays, and is not what is read."""
    before = replace(islands, tags={**islands.tags, "unit": "eur"})
    context.store.import_rows(before, _rows("ree", 0, 1))
    right = Reading(START, {"price_eur_mwh": 2.0}, Grade.OFFICIAL, "ree/8742")
    context.store.write(islands, [right], "run/b", replace=Replace.EQUAL)
    (said,) = early(context, islands, day_interval(DAY, CANARY))
    assert "1 slot was" in said
    assert "--start 2026-03-10T01:00:00Z" in said


def test_the_peninsula_is_not_even_asked_for(context: RunContext) -> None:
    """Its store is not read: its clock is Madrid's."""
    pvpc = context.catalog.series["pvpc"]
    context.store.import_rows(pvpc, _rows("ree", 0))
    assert early(context, pvpc, day_interval(DAY, "Europe/Madrid")) == ()


def test_the_last_hour_of_a_published_day_gets_no_verdict(
    context: RunContext, islands: Series
) -> None:
    """23:00Z is of the 10th in the islands, though Madrid is in the 11th: not yet, not never."""
    (source,) = [s for s in context.catalog.sources.values() if s.name == "ree"]
    product = localize(source.products[0], islands)
    last = START + 23 * HOUR
    ask = Ask(islands, product, None, Interval(last, last + HOUR), NOW)
    for days, outcome in (({DAY}, Outcome.NOT_YET), ({DAY + timedelta(days=1)}, Outcome.NO_DATA)):
        settled = LedgerWriter(product.key, "run/a").settle(
            ask, [last], [], [], Answer(evidence="HTTP 200: 23 values", days=frozenset(days))
        )
        assert [entry.outcome for entry in settled.entries] == [outcome]
