"""The trigger form as an order, and what it refuses in which words."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from gapfill.errors import RequestError
from gapfill.orchestration.run_request import read_request
from gapfill.services.run_params import read_params
from tests.orchestration.conftest import NOW

if TYPE_CHECKING:
    from gapfill.catalog import Catalog


def test_a_scheduled_run_asks_for_everything(known: Catalog) -> None:
    """All series, the whole history."""
    order = read_request({}, known, NOW)
    assert [s.name for s in order.selection.series] == ["pvpc", "weather_hourly", "weather_daily"]
    assert (order.selection.start, order.selection.end, order.max_gap_hours) == (None, None, 0)


def test_dates_are_local_days_and_the_last_one_is_included(known: Catalog) -> None:
    """The day of the autumn clock change has 25 hours."""
    order = read_request({"start_date": "2025-10-26", "end_date": "2025-10-26"}, known, NOW)
    assert order.selection.start == datetime(2025, 10, 25, 22, tzinfo=UTC)
    assert order.selection.end == datetime(2025, 10, 26, 23, tzinfo=UTC)


def test_days_back_begin_at_local_midnight(known: Catalog) -> None:
    """One day back reaches over yesterday, today and what is published ahead."""
    order = read_request({"days_back": 1}, known, NOW)
    assert order.selection.start == datetime(2026, 3, 18, 23, tzinfo=UTC)
    assert order.selection.end is None


@pytest.mark.parametrize(
    "name,expected",
    [
        ("ree", ["pvpc"]),
        ("weather", ["weather_hourly", "weather_daily"]),
        ("series:pvpc", ["pvpc"]),
    ],
)
def test_a_group_or_a_series_is_selected(known: Catalog, name: str, expected: list[str]) -> None:
    """As the catalogue has them."""
    order = read_request({"data_source": name}, known, NOW)
    assert [s.name for s in order.selection.series] == expected


@pytest.mark.parametrize(
    "params,sentence",
    [
        (
            {"start_date": "2026-03-01"},
            "start_date is given without end_date: give both, or neither.",
        ),
        (
            {"end_date": "2026-03-01"},
            "end_date is given without start_date: give both, or neither.",
        ),
        (
            {"start_date": "2026-03-02", "end_date": "2026-03-01"},
            "end_date 2026-03-01 is before start_date 2026-03-02.",
        ),
        (
            {"start_date": "yesterday", "end_date": "2026-03-01"},
            "start_date is 'yesterday': expected a date such as 2025-10-26.",
        ),
        (
            {"start_date": "2026-03-01", "end_date": "2026-03-01", "days_back": 3},
            "Give either start_date and end_date, or days_back, not both.",
        ),
        (
            {"start_date": "20260301", "end_date": "2026-03-01"},
            "start_date is '20260301': expected a date such as 2025-10-26.",
        ),
        (
            {"start_date": "2026-03-01", "end_date": "2026-W10-1"},
            "end_date is '2026-W10-1': expected a date such as 2025-10-26.",
        ),
        (
            {"start_date": "0001-01-01", "end_date": "9999-12-31"},
            "start_date: '0001-01-01' is not between the years 1900 and ",
        ),
        (
            {"start_date": "2026-03-01", "end_date": "9999-12-31"},
            "end_date: '9999-12-31' is not between the years 1900 and ",
        ),
        ({"days_back": 0}, "days_back is 0: expected a whole number from 1 to 3650."),
        ({"days_back": 4000}, "days_back is 4000: expected a whole number from 1 to 3650."),
        ({"days_back": True}, "days_back is True: expected a whole number from 1 to 3650."),
        ({"days_back": 3.0}, "days_back is 3.0: expected a whole number from 1 to 3650."),
        ({"max_gap_hours": math.nan}, "max_gap_hours is nan: expected a number of hours, 0 or"),
        ({"max_gap_hours": math.inf}, "max_gap_hours is inf: expected a number of hours, 0 or"),
        ({"max_gap_hours": True}, "max_gap_hours is True: expected a number of hours, 0 or more."),
        ({"max_gap_hours": None}, "max_gap_hours is None: expected a number of hours, 0 or more."),
        ({"data_source": 3}, "data_source is 3: expected all, a group, or one series as series:"),
        ({"start_date": 3, "end_date": "2026-03-01"}, "start_date is 3: expected a date such as"),
        ({"refresh": 1}, "refresh is 1: expected true or false."),
        ({"max_gap_hours": -1}, "max_gap_hours is -1: expected a number of hours, 0 or more."),
        ({"dry": True}, "There is no parameter 'dry'"),
        ({"data_source": "series:spot"}, "There is no data_source 'series:spot'; there are all"),
        ({"refresh": True}, "refresh asks for complete slots again, so it needs a range"),
        ({"force": "yes"}, "force is 'yes': expected true or false."),
        (
            {"start_date": "2010-01-01", "end_date": "2010-02-01"},
            "The range ends before 2018-06-13T00:00:00Z",
        ),
        ({"start_date": "2030-01-01", "end_date": "2030-02-01"}, "The range starts in the future"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(
    known: Catalog, params: dict[str, object], sentence: str
) -> None:
    """For the person who filled in the form."""
    with pytest.raises(RequestError) as caught:
        read_request(params, known, NOW)
    assert str(caught.value).startswith(sentence)


def test_a_dry_run_is_asked_for_by_name() -> None:
    """And is off unless it is."""
    assert read_params({"dry_run": True}).dry_run
    assert not read_params({}).dry_run
