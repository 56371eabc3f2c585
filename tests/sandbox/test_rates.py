"""How many requests an API admits."""

from __future__ import annotations

from datetime import date

import pytest

from gapfill_sandbox.rates import Days, Rates, Window


def test_the_window_slides() -> None:
    """A request leaves the window sixty seconds after it came; refused ones never enter."""
    moments = iter([0.0, 30.0, 59.0, 60.0, 61.0, 90.0])
    rates = Rates({"ree": 2}, lambda: next(moments))
    assert [rates.is_admitted("ree") for _ in range(6)] == [True, True, False, True, False, True]


@pytest.mark.parametrize(
    "is_fixed, admitted",
    [(False, [True, True, False, False, True]), (True, [True, True, False, True, True])],
)
def test_a_window_slides_or_is_a_minute_of_the_clock(
    admitted: list[bool], *, is_fixed: bool
) -> None:
    """Two a minute, asked at these seconds."""
    window, found = Window(2, is_fixed=is_fixed), []
    for moment in (10.0, 50.0, 59.0, 60.0, 70.0):
        found.append(not window.is_full(moment))
        if found[-1]:
            window.add(moment)
    assert found == admitted


def test_a_clock_that_is_set_back_begins_anew() -> None:
    """What was admitted later does not count."""
    window = Window(1)
    window.add(100.0)
    assert window.is_full(159.0)
    assert not window.is_full(99.0)


def test_apis_have_windows_of_their_own() -> None:
    """One API's requests do not count for another."""
    rates = Rates({"ree": 1, "esios": 1}, lambda: 0.0)
    assert rates.is_admitted("ree")
    assert rates.is_admitted("esios")
    assert not rates.is_admitted("ree")


def test_zero_is_no_limit() -> None:
    """Any number of requests comes through."""
    rates = Rates({"ree": 0}, lambda: 0.0)
    assert all(rates.is_admitted("ree") for _ in range(1000))


def test_a_day_admits_so_many_requests_of_an_api() -> None:
    """The next day and another API are counted anew; no limit is none."""
    days, first = Days(), date(2025, 11, 5)
    assert [days.is_admitted("ree", first, 2) for _ in range(3)] == [True, True, False]
    assert days.is_admitted("ree", date(2025, 11, 6), 2)
    assert days.is_admitted("esios", first, 2)
    assert days.is_admitted("ree", first, 0)
