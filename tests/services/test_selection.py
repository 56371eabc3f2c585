"""Which slots of which series a range is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from gapfill.domain.interval import Interval
from gapfill.domain.reading import Reading
from gapfill.domain.series import Grade
from gapfill.errors import RequestError
from gapfill.services.detection import detect
from gapfill.services.planning import RunRequest, detect_all, make_plan
from gapfill.services.selection import Selection
from tests.catalogs import frozen

if TYPE_CHECKING:
    from gapfill.domain.series import Series
    from gapfill.services.context import RunContext
    from tests.services.conftest import Scripted

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)
EARLY = datetime(2019, 5, 1, tzinfo=UTC)
"""Days of 2019 are expected of the daily weather alone."""


@pytest.fixture
def whole(context: RunContext, sources: Scripted) -> RunContext:
    """Return a site with all three series, and SIAR set up."""
    sources.keyed = {"siar"}
    return replace(context, catalog=frozen())


def every(context: RunContext) -> tuple[Series, ...]:
    """Return all series of the catalogue."""
    return tuple(context.catalog.series.values())


def test_a_range_that_only_one_series_covers_is_of_that_one(whole: RunContext) -> None:
    """The others have no slot in it, no gap and no error; what is newest in them is told still."""
    pvpc = whole.catalog.series["pvpc"]
    last = datetime(2026, 3, 1, 10, tzinfo=UTC)
    whole.store.write(pvpc, [Reading(last, {"price_eur_mwh": 1.0}, Grade.OFFICIAL, "ree")], "b")
    selection = Selection(every(whole), EARLY, EARLY + 3 * DAY)
    selection.check(whole.now)
    found = detect(whole, selection, closely=True)
    assert [(r.series, sum(r.coverage.counts.values()), r.error) for r in found] == [
        ("pvpc", 0, None),
        ("weather_hourly", 0, None),
        ("weather_daily", 3, None),
    ]
    assert [r.newest for r in found] == [last, None, None]
    assert [(r.coverage.coverage, len(r.coverage.gaps)) for r in found] == [
        (None, 0),
        (None, 0),
        (0.0, 1),
    ]
    order = RunRequest(selection)
    order.check(whole)
    units = make_plan(whole, order, detect_all(whole, order)).units
    assert {unit.series for unit in units} == {"weather_daily"}
    assert sum(unit.slots for unit in units) == 3


def test_a_range_that_only_the_prices_of_tomorrow_cover_is_of_them(whole: RunContext) -> None:
    """They are expected a day ahead, and weather is not."""
    tomorrow = datetime(2026, 3, 20, 23, tzinfo=UTC)
    later = replace(whole, now=datetime(2026, 3, 20, 21, tzinfo=UTC))
    selection = Selection(every(later), tomorrow, tomorrow + DAY)
    selection.check(later.now)
    counts = {r.series: sum(r.coverage.counts.values()) for r in detect(later, selection)}
    assert counts["pvpc"] == 24


@pytest.mark.parametrize(
    "start,end,words",
    [
        (None, datetime(2018, 6, 13, tzinfo=UTC), "ends before 2018-06-13T00:00:00Z"),
        (datetime(2027, 1, 1, tzinfo=UTC), None, "starts in the future"),
        (EARLY, EARLY, "is not after the start"),
    ],
    ids=["before all", "after all", "of nothing"],
)
def test_a_range_that_no_series_covers_is_refused(
    whole: RunContext, start: datetime | None, end: datetime | None, words: str
) -> None:
    """With the first or the last slot of all that was selected."""
    with pytest.raises(RequestError, match=words):
        Selection(every(whole), start, end).check(NOW)


def test_the_first_slot_of_one_series_is_enough(whole: RunContext) -> None:
    """A range may end just after it, or begin at the last one."""
    first = datetime(2018, 6, 13, tzinfo=UTC)
    Selection(every(whole), None, first + DAY).check(NOW)
    Selection(every(whole), datetime(2026, 3, 20, 22, tzinfo=UTC), None).check(NOW)


def test_a_window_begins_where_its_series_does(whole: RunContext) -> None:
    """And ends where the range does."""
    days = whole.catalog.series["weather_daily"]
    selection = Selection((days,), datetime(2018, 6, 1, tzinfo=UTC), EARLY)
    assert selection.window(days, [], NOW) == Interval(datetime(2018, 6, 13, tzinfo=UTC), EARLY)
