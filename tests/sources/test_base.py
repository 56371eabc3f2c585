"""The frame of all sources: numbers as people write them, and rows that are what was asked."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from gapfill.domain.interval import Interval
from gapfill.errors import MalformedPayload
from gapfill.sources.base import Answer, RawRow, check, excerpt, number
from tests.sources.asks import ask_of

DAY = date(2025, 11, 5)
FIRST = datetime(2025, 11, 4, 23, tzinfo=UTC)
HOUR = timedelta(hours=1)


def _checked(*rows: tuple[datetime, object], interval: Interval | None = None) -> Answer:
    ask = ask_of("ree.pvpc", DAY)
    if interval:
        ask = replace(ask, interval=interval)
    raw = [RawRow(instant, {"price_eur_mwh": value}) for instant, value in rows]
    whole_day = Interval(FIRST, FIRST + 24 * HOUR)
    return check(ask, raw, whole_day, "HTTP 200")


@pytest.mark.parametrize(
    "given,expected",
    [
        (12, 12.0),
        (-0.5, -0.5),
        ("171,48", 171.48),
        (" -3.5 ", -3.5),
        (",35", 0.35),
        ("1e3", 1000.0),
        ("0", 0.0),
    ],
)
def test_a_number_is_read_with_point_or_comma(given: object, expected: float) -> None:
    """Spanish files write decimal commas, JSON writes points."""
    assert number(given) == expected


@pytest.mark.parametrize(
    "given",
    [
        None,
        True,
        "",
        "n/d",
        "nan",
        "inf",
        pytest.param(math.nan, id="a real nan"),
        pytest.param(math.inf, id="a real inf"),
        "1_000",
        "1.234,5",
        "1 000",
        "١٢",
        "0x10",
        pytest.param(10**400, id="long"),
        "1e999",
        [1],
        {"value": 1},
    ],
)
def test_what_no_person_would_call_a_number_is_none(given: object) -> None:
    """Python's own idea of a number is wider than a publisher's."""
    assert number(given) is None


def test_an_excerpt_is_one_printable_line_of_limited_length() -> None:
    """Control characters and lone surrogates must not reach a log or a database."""
    assert excerpt(b"a\r\n b\x00\x1b[31mc") == "a b\ufffd\ufffd[31mc"
    assert excerpt("x\ud800y") == "x\ufffdy"
    assert len(excerpt("word " * 1000)) <= 500


def test_rows_outside_the_asked_interval_are_dropped_within_the_whole_day() -> None:
    """A request speaks of whole days even where one slot is asked."""
    answer = _checked((FIRST, 1.0), (FIRST + HOUR, 2.0), interval=Interval(FIRST, FIRST + HOUR))
    assert [reading.slot for reading in answer.readings] == [FIRST]
    assert answer.days == {DAY}


def test_an_answer_tells_of_which_days_it_held_rows() -> None:
    """What lacks from a published day gets no verdict, even if only the lacking was asked."""
    late = Interval(FIRST + 20 * HOUR, FIRST + 24 * HOUR)
    answer = _checked((FIRST, 1.0), interval=late)
    assert answer.readings == ()
    assert answer.days == {DAY}


@pytest.mark.parametrize(
    "instant", [FIRST - HOUR, FIRST + 24 * HOUR], ids=["before", "next midnight"]
)
def test_a_row_of_another_day_spoils_the_whole_answer(instant: datetime) -> None:
    """A shifted answer would put every price into a wrong hour."""
    with pytest.raises(MalformedPayload, match="was not asked"):
        _checked((FIRST, 1.0), (instant, 2.0))


def test_quarter_hours_in_an_hourly_series_spoil_the_answer() -> None:
    """Four prices in one slot are another product."""
    with pytest.raises(MalformedPayload, match=r"off the series' grid of 1:00:00"):
        _checked((FIRST, 1.0), (FIRST + HOUR / 4, 2.0))


def test_a_slot_given_twice_is_taken_once_if_the_values_agree() -> None:
    """A duplicated answer is harmless, a contradicting one is not."""
    assert len(_checked((FIRST, 1.0), (FIRST, 1.0)).readings) == 1
    with pytest.raises(MalformedPayload, match="twice, with different values"):
        _checked((FIRST, 1.0), (FIRST, 2.0))


@pytest.mark.parametrize(
    "value,shown,reason",
    [
        (math.nan, "nan", "is no finite number"),
        ("n/d", "n/d", "is no finite number"),
        (1e9, "1000000000.0", "is outside -1000 to 10000 €/MWh"),
        pytest.param(10**400, "1" + 39 * "0", "is no finite number", id="long"),
    ],
)
def test_a_value_beyond_belief_is_reported_and_the_rest_kept(
    value: object, shown: str, reason: str
) -> None:
    """One bad cell does not cost a day of good ones."""
    answer = _checked((FIRST, value), (FIRST + HOUR, 0.0), (FIRST + 2 * HOUR, -12.5))
    assert [reading.values["price_eur_mwh"] for reading in answer.readings] == [0.0, -12.5]
    assert [(r.slot, r.value, r.reason) for r in answer.rejected] == [(FIRST, shown, reason)]
