"""The frame of all sources: numbers as people write them, and rows that are what was asked."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from gapfill.domain.interval import Interval
from gapfill.errors import MalformedPayload
from gapfill.sources.model import ROW, Answer, RawRow, Rejected, check, excerpt, number
from gapfill.sources.value_reader import agree
from tests.sources.asks import ask_of

if TYPE_CHECKING:
    from collections.abc import Sequence

DAY = date(2025, 11, 5)
FIRST = datetime(2025, 11, 4, 23, tzinfo=UTC)
HOUR = timedelta(hours=1)


def _checked(
    *rows: tuple[datetime, object],
    interval: Interval | None = None,
    dropped: Sequence[Rejected] = (),
) -> Answer:
    ask = ask_of("ree.pvpc", DAY)
    if interval:
        ask = replace(ask, interval=interval)
    raw = [RawRow(instant, {"price_eur_mwh": value}) for instant, value in rows]
    whole_day = Interval(FIRST, FIRST + 24 * HOUR)
    return check(ask, raw, whole_day, "HTTP 200", dropped=dropped)


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
    """A doubled row is harmless; two values are none, and cost no other slot."""
    assert len(_checked((FIRST, 1.0), (FIRST, 1.0)).readings) == 1
    answer = _checked((FIRST, 1.0), (FIRST + HOUR, 7.0), (FIRST, 2.0))
    assert [reading.slot for reading in answer.readings] == [FIRST + HOUR]
    assert answer.rejected == (
        Rejected(FIRST, ROW, "price_eur_mwh 1 and 2", "comes twice, with different values"),
    )


def test_a_slot_whose_row_was_dropped_or_may_have_been_has_no_verdict() -> None:
    """One that was given two values, and those that may be the other of the two."""
    two = Interval(FIRST, FIRST + 2 * HOUR)
    assert _checked((FIRST, 1.0), (FIRST, 2.0), interval=two).no_verdict == {FIRST, FIRST + HOUR}
    assert _checked((FIRST, 1.0), interval=two).no_verdict == frozenset()
    lost = [Rejected(None, ROW, "[7]", "has no time")]
    answer = _checked((FIRST, 1.0), interval=two, dropped=lost)
    assert answer.rejected == (lost[0],)
    assert answer.no_verdict == {FIRST + HOUR}
    lost = [Rejected(FIRST + HOUR, ROW, "[7]", "has no day")]
    assert _checked(interval=two, dropped=lost).no_verdict == {FIRST + HOUR}
    lost = [Rejected(None, "price_eur_mwh", "values", "is missing")]
    assert _checked(interval=two, dropped=lost).no_verdict == frozenset()


def test_half_of_the_slots_with_two_values_are_another_places() -> None:
    """One is a slip; with two of four nobody knows what the others are."""
    rows = [(FIRST + n * HOUR, float(n)) for n in range(4)]
    assert len(_checked(*rows, (FIRST, 9.0)).readings) == 3
    with pytest.raises(MalformedPayload, match="twice, with different values, and 1 more slots"):
        _checked(*rows, (FIRST, 9.0), (FIRST + HOUR, 9.0))


def test_one_row_off_the_grid_is_dropped() -> None:
    """Where two others are on it; the slot that is missing may be the one that was meant."""
    rows = [(FIRST + n * HOUR, float(n)) for n in range(3)]
    answer = _checked(*rows, (FIRST + 3.5 * HOUR, 9.0), interval=Interval(FIRST, FIRST + 4 * HOUR))
    assert len(answer.readings) == 3
    (rejected,) = answer.rejected
    assert (rejected.slot, rejected.value) == (FIRST + 3 * HOUR, "2025-11-05T02:30:00Z")
    assert rejected.reason == "is off the series' grid of 1:00:00"
    assert answer.no_verdict == {FIRST + 3 * HOUR}


@pytest.mark.parametrize("off", [(5.25, 5.5), (5.5, 6.5)], ids=["one hour", "two hours"])
def test_rows_off_the_grid_that_follow_each_other_are_of_another_step(
    off: tuple[float, float],
) -> None:
    """However many others are on it: from there on the answer has another resolution."""
    rows = [(FIRST + n * HOUR, float(n)) for n in range(24)]
    with pytest.raises(MalformedPayload, match="off the series' grid"):
        _checked(*rows, *((FIRST + n * HOUR, 1.0) for n in off))
    assert len(_checked(*rows, (FIRST + 5.5 * HOUR, 1.0), (FIRST + 9.5 * HOUR, 1.0)).readings) == 24


@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_row_without_a_value_is_dropped_before_every_other_check(value: object) -> None:
    """Wherever and whenever it is, it can do no harm."""
    answer = _checked(
        (FIRST - HOUR, value), (FIRST, value), (FIRST + HOUR / 4, value), (FIRST, 1.0)
    )
    assert [reading.values["price_eur_mwh"] for reading in answer.readings] == [1.0]
    assert answer.rejected == ()


def test_a_value_that_is_not_believed_shows_no_shift() -> None:
    """A row of the day before with "n/d" in it is no row with a value."""
    answer = _checked((FIRST - HOUR, "n/d"), (FIRST, 1.0))
    assert (len(answer.readings), answer.rejected) == (1, ())


def test_a_value_is_taken_from_the_row_that_can_be_believed() -> None:
    """Of two rows of a slot; the other one is reported."""
    answer = _checked((FIRST, "n/d"), (FIRST, 1.0), (FIRST, "n/d"))
    assert [reading.values["price_eur_mwh"] for reading in answer.readings] == [1.0]
    assert [r.value for r in answer.rejected] == ["n/d"]


def test_rows_later_than_the_source_can_have_them_spoil_the_answer() -> None:
    """A shift is said of the future first, whatever was asked."""
    ask = ask_of("ree.pvpc", DAY)
    rows = [RawRow(FIRST + HOUR, {"price_eur_mwh": 1.0})]
    whole_day = Interval(FIRST, FIRST + 24 * HOUR)
    with pytest.raises(MalformedPayload, match="2025-11-05T00:00:00Z, which is not over yet"):
        check(ask, rows, whole_day, "", latest=FIRST)
    assert len(check(ask, rows, whole_day, "", latest=FIRST + HOUR).readings) == 1


@pytest.mark.parametrize(
    "first,second,digits,expected",
    [
        (10.399999999999999, 10.4, 6, True),
        (10.4, 10.44, 1, True),
        (10.4, 10.5, 1, False),
        (10.45, 10.450000000000001, 1, True),
        (0.1 + 0.2, 0.3, 2, True),
        (100.0, 100.01, 2, False),
        (1e15, 1e15 + 0.1, 6, True),
    ],
)
def test_numbers_agree_as_far_as_the_source_gives_digits(
    first: float,
    second: float,
    digits: int,
    expected: bool,  # noqa: FBT001 - a table
) -> None:
    """Dust is no difference, whichever side of a half it falls on."""
    assert agree(first, second, digits) is expected


@pytest.mark.parametrize(
    "value,shown,reason",
    [
        (math.nan, "nan", "is not a finite number"),
        ("n/d", "n/d", "is not a finite number"),
        (1e9, "1000000000.0", "is outside -1000 to 10000 €/MWh"),
        pytest.param(10**400, "1" + 39 * "0", "is not a finite number", id="long"),
    ],
)
def test_a_value_beyond_belief_is_reported_and_the_rest_kept(
    value: object, shown: str, reason: str
) -> None:
    """One bad cell does not cost a day of good ones."""
    answer = _checked((FIRST, value), (FIRST + HOUR, 0.0), (FIRST + 2 * HOUR, -12.5))
    assert [reading.values["price_eur_mwh"] for reading in answer.readings] == [0.0, -12.5]
    assert [(r.slot, r.value, r.reason) for r in answer.rejected] == [(FIRST, shown, reason)]
