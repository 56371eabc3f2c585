"""Times in CSV files: on a clock that is stated, and never guessed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gapfill.services.csv_import.rows import Stated
from tests.builders import SPOT
from tests.domain.samples import at
from tests.services.csv_import.reads import HOUR, MADRID, prices, read, refused, table


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-10 05:00:00",
        "2026-03-10 05:00",
        "2026-03-10 5:00",
        "2026-03-10T05:00:00",
        "2026-03-10T05:00:00Z",
        "2026-03-10 05:00:00Z",
        "2026-03-10 05:00:00+00:00",
        "2026-03-10 06:00:00 +0100",
        "2026-03-10T06:00:00.000+01:00",
        "2026-03-10 05:00:00 UTC",
        "2026/03/10 05:00",
        "2026-03-10  05:00:00.000",
        "20260310T050000Z",
        "2026-3-10 5:00",
    ],
)
def test_a_time_with_its_year_first_is_utc_or_has_its_offset(text: str) -> None:
    """As in an export, whose slots are UTC."""
    assert prices(table(f"{text};1")) == {at("2026-03-10 05:00"): 1.0}


def test_what_was_read_without_an_offset_is_said() -> None:
    """And nothing where every time has one."""
    assert read(table("2026-03-10 05:00;1", "2026-03-10 07:00;2")).notes == (
        (
            "Times without an offset were read as UTC: the first slot is 2026-03-10T05:00:00Z, the "
            "last 2026-03-10T07:00:00Z; --zone names another clock."
        ),
    )
    assert read(table("2026-03-10T05:00Z;1"), MADRID).notes == ()
    assert read(table()).notes == ()


@pytest.mark.parametrize(
    "text, slot",
    [
        ("10/03/2026 06:00", "2026-03-10 05:00"),
        ("10/03/2026 6:00:00", "2026-03-10 05:00"),
        ("10-03-2026 06:00", "2026-03-10 05:00"),
        ("10.03.2026 06:00", "2026-03-10 05:00"),
        ("1/7/2025 0:00", "2025-06-30 22:00"),
        ("2026-03-10 06:00", "2026-03-10 05:00"),
        ("10/03/2026 05:00Z", "2026-03-10 05:00"),
    ],
)
def test_a_stated_clock_is_that_of_local_times(text: str, slot: str) -> None:
    """A date with its slashes has its day first; months never are."""
    assert prices(table(f"{text};1"), MADRID) == {at(slot): 1.0}


@pytest.mark.parametrize(
    "text, said",
    [
        ("10/03/2026 06:00", "does not show its clock, or whether its day or its month is first"),
        ("10/03/2026 06:00Z", "does not show its clock, or whether its day or its month is first"),
        ("2026-03-10", "is a date without a time: write the start of its slot"),
        ("46091.25", "is a number: give the column a date format in the spreadsheet"),
        ("46091,25", "is a number: give the column a date format in the spreadsheet"),
        ("2026-03-10 24:00", "has a 24:00: a slot is named by its start"),
        ("10/03/2026 6:00 a. m.", "is on a 12-hour clock"),
        ("3/10/2026 6:00:00 AM", "is on a 12-hour clock"),
        ("10/03/26 06:00", "is not an instant such as"),
        ("2026-13-10 06:00", "is not an instant such as"),
        ("2026-03-10 06:60", "is not an instant such as"),
        ("2026-03-10Z", "is not an instant such as"),
        ("10 mar 2026 06:00", "is not an instant such as"),
    ],
)
def test_a_time_that_does_not_say_when_is_refused(text: str, said: str) -> None:
    """With its line, the column, the cell and what to change."""
    assert f"line 2, column slot: {text!r} {said}" in refused(table(f"{text};1"))


@pytest.mark.parametrize(
    "rows, said",
    [
        (
            ["03/13/2026 06:00;1"],
            "'03/13/2026 06:00' is not a time with the day first; times with the month first",
        ),
        (
            ["10/03/2026 06:00;1", "2026-03-11 06:00;2"],
            (
                "line 3, column slot: '2026-03-11 06:00' has another form than "
                "'10/03/2026 06:00' in line 2: a spreadsheet may have confused months and days"
            ),
        ),
        (["30/03/2025 02:00;1"], "'30/03/2025 02:00' does not exist in Europe/Madrid"),
        (["10/03/2026;1"], "'10/03/2026' is a date without a time"),
        (
            ["10/03/2026 06:00;1", "10/03/2026 06:00:00;2"],
            "line 3, column slot: 2026-03-10T05:00:00Z appears twice",
        ),
        (["10/03/2026 06:30;1"], "10/03/2026 06:30 (2026-03-10T05:30:00Z) is off the grid"),
        (["10/03/2027 06:00;1"], "10/03/2027 06:00 (2027-03-10T05:00:00Z) is in the future"),
    ],
)
def test_a_stated_clock_does_not_make_every_time_good(rows: list[str], said: str) -> None:
    """What is impossible, mixed, double or off the grid is refused as ever."""
    assert said in refused(table(*rows), MADRID)


def test_times_with_and_without_an_offset_need_a_stated_clock() -> None:
    """Those without may be UTC or local: one file does not say."""
    rows = ("2026-03-10T05:00:00Z;1", "2026-03-10 07:00;2")
    said = refused(table(*rows))
    assert (
        "line 3, column slot: '2026-03-10 07:00' is not an instant: it has no offset, and" in said
    )
    assert prices(table(*rows), MADRID) == {
        at("2026-03-10 05:00"): 1.0,
        at("2026-03-10 06:00"): 2.0,
    }


def test_a_header_of_utc_is_not_overruled() -> None:
    """The file says its clock itself."""
    text = table("2026-03-10 05:00;1", head="slot (UTC);price_eur_mwh")
    assert prices(text, Stated(zone="UTC")) == {at("2026-03-10 05:00"): 1.0}
    assert "states in its header that its times are UTC, not Europe/Madrid" in refused(text, MADRID)


def long_day(*, step: timedelta = HOUR) -> list[str]:
    """Return the local times of 2025-10-26 in Madrid, in order."""
    start, hour = at("2025-10-25 22:00"), HOUR // step
    local = [2 * HOUR] * (3 * hour) + [HOUR] * (22 * hour)
    return [f"{start + n * step + offset:%d/%m/%Y %H:%M}" for n, offset in enumerate(local)]


def test_the_doubled_hour_is_told_by_the_order_of_the_rows() -> None:
    """25 rows in order, or the other way round."""
    times = long_day()
    assert times[1:5] == [f"26/10/2025 {clock}" for clock in ("01:00", "02:00", "02:00", "03:00")]
    rows = [f"{time};{n}" for n, time in enumerate(times)]
    expected = {at("2025-10-25 22:00") + n * HOUR: float(n) for n in range(25)}
    assert prices(table(*rows), MADRID) == expected
    assert prices(table(*reversed(rows)), MADRID) == expected


def test_the_doubled_hour_of_quarters_is_told_by_the_order_of_the_rows() -> None:
    """Four times that come twice, the first passing before the second."""
    step = timedelta(minutes=15)
    rows = [f"{time};{n}" for n, time in enumerate(long_day(step=step))]
    found = read(table(*rows), MADRID, SPOT).rows
    assert [row.slot for row in found] == [at("2025-10-25 22:00") + n * step for n in range(100)]
    assert [row.values["price_eur_mwh"] for row in found] == list(range(100))


@pytest.mark.parametrize(
    "drop, said",
    [
        (
            [2],
            "line 4, column slot: '26/10/2025 02:00' exists twice in Europe/Madrid and once in",
        ),
        ([3], "write 2025-10-26T00:00:00Z or 2025-10-26T01:00:00Z"),
        (
            [n for n in range(25) if n not in {2, 3}],
            "the order of the rows in the file does not show which is which",
        ),
    ],
    ids=["one of the two", "the other of the two", "the two alone"],
)
def test_a_doubled_hour_that_nothing_tells_apart_is_refused(drop: list[int], said: str) -> None:
    """Of a day with 24 rows nobody knows which hour is missing."""
    rows = [f"{time};{n}" for n, time in enumerate(long_day()) if n not in drop]
    assert said in refused(table(*rows), MADRID)


def test_a_doubled_hour_among_rows_in_no_order_is_refused() -> None:
    """The order says nothing then; written as instants, the two are told apart."""
    rows = [f"{time};{n}" for n, time in enumerate(long_day())]
    rows[5], rows[9] = rows[9], rows[5]
    assert "does not show which is which" in refused(table(*rows), MADRID)
    rows[2], rows[3] = "2025-10-26T00:00:00Z;2", "2025-10-26T02:00:00+01:00;3"
    assert len(prices(table(*rows), MADRID)) == 25


def test_a_doubled_hour_three_times_is_refused() -> None:
    """There are only two of it."""
    rows = [f"{time};1" for time in long_day()]
    rows.insert(3, rows[2])
    assert "exists twice in Europe/Madrid and 3 times in the file" in refused(table(*rows), MADRID)


@pytest.mark.parametrize("text", ["3/11/25 6:00", "03-11-25", "3.11.25 06:00:00"])
def test_a_year_of_two_digits_is_to_be_written_with_four(text: str) -> None:
    """Which of the numbers is the year is not guessed."""
    said = refused(table(f"{text};1"))
    assert f"{text!r} is not an instant such as 2025-10-26T00:00:00Z: write the year with " in said
