"""Several CSV files of a SIAR station as one: which days they have, and the readings of them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

import pytest

from gapfill.domain.interval import Interval
from gapfill.domain.series import Grade
from gapfill.errors import MalformedPayload
from gapfill.sources.model import Rejected
from gapfill.sources.siar_csv.days import answer, held, refuse_bad_rows, unusable
from gapfill.sources.siar_csv.parser import CsvFile, read_file
from tests.sources.siar_csv.files import (
    DAY,
    FIRST,
    NAME,
    ROW,
    ask_days,
    blank,
    csv_bytes,
    days,
    row,
    rows,
)

OTHER = "J17_Linares_01_01_2024_31_03_2024.csv"


def file_of(*lines: str, name: str = NAME) -> CsvFile:
    """Return a file of these rows, read."""
    return read_file(name, csv_bytes(*lines))


def test_the_row_of_a_real_file_is_a_reading() -> None:
    """Numbers in the units of the series, under the names of its fields."""
    said = answer(ask_days(), [file_of(ROW)])
    (reading,) = said.readings
    assert reading.slot == FIRST
    assert reading.values == {
        "temperature_mean": 6.87,
        "temperature_max": 14.83,
        "temperature_min": 1.02,
        "humidity_mean": 85.7,
        "wind_speed_mean": 0.35,
        "wind_gust_max": 3.7,
        "solar_radiation": 6.4,
        "precipitation": 0.0,
        "et0": 0.65,
    }
    assert (reading.grade, reading.source) == (Grade.OFFICIAL, "siar_csv/J17")
    assert said.rejected == ()
    assert said.evidence == (
        "CSV files of J17: 1 of 1 days of 2024-01-01T00:00:00Z–2024-01-02T00:00:00Z "
        "in J17_Linares_01_01_2024_31_12_2024.csv"
    )


def test_a_day_is_official_once_it_is_31_days_old() -> None:
    """SIAR corrects values for about a month."""
    file = file_of(*rows(days(date(2024, 1, 1), 3)))
    now = datetime(2024, 2, 2, 0, tzinfo=UTC)
    said = answer(ask_days(count=3, now=now), [file])
    assert [r.grade for r in said.readings] == [Grade.OFFICIAL, Grade.OFFICIAL, Grade.OBSERVED]


def test_only_asked_days_are_answered() -> None:
    """The others are in the files, and nobody wanted them."""
    file = file_of(*rows(days(date(2024, 1, 1), 10)))
    said = answer(ask_days(FIRST + 3 * DAY, 2), [file])
    assert [r.slot.day for r in said.readings] == [4, 5]


def test_dates_that_lack_are_an_empty_answer_with_evidence() -> None:
    """163 days in a row: the evidence says which files were looked into."""
    move = [*days(date(2023, 1, 1), 10), *days(date(2023, 6, 23), 3)]
    file = file_of(*rows(move), blank(date(2023, 6, 26)))
    assert held([file]) == [
        Interval(datetime(2023, 1, 1, tzinfo=UTC), datetime(2023, 1, 11, tzinfo=UTC)),
        Interval(datetime(2023, 6, 23, tzinfo=UTC), datetime(2023, 6, 26, tzinfo=UTC)),
    ]
    said = answer(ask_days(datetime(2023, 1, 11, tzinfo=UTC), 163), [file])
    assert (said.readings, said.rejected) == ((), ())
    assert said.evidence == (
        "CSV files of J17: no day of 2023-01-11T00:00:00Z–2023-06-23T00:00:00Z "
        "in J17_Linares_01_01_2024_31_12_2024.csv"
    )
    assert answer(ask_days(), []).evidence == "The folder has no file of J17"


def test_a_day_without_a_mean_temperature_gives_its_other_values() -> None:
    """The mean is what a slot is missing without, so the day is not held."""
    file = file_of(row(date(2024, 1, 1), ""), row(date(2024, 1, 2)), row(date(2024, 1, 3), "n/d"))
    said = answer(ask_days(count=3), [file])
    means = {r.slot.day: r.values.get("temperature_mean") for r in said.readings}
    assert means == {1: None, 2: 10.5, 3: None}
    assert said.readings[0].values["temperature_max"] == 14.83
    assert held([file]) == [Interval(FIRST + DAY, FIRST + 2 * DAY)]


@pytest.mark.parametrize(
    "before,after,field,reason",
    [
        (";6,87;", ";-60;", "temperature_mean", "is outside -40 to 50 °C"),
        (";85,7;", ";140;", "humidity_mean", "is outside 0 to 100 %"),
        (";3,7;", ";400;", "wind_gust_max", "is outside 0 to 150 m/s"),
        (";6,4;", ";6.4.0;", "solar_radiation", "is not a finite number"),
        (";0,35;", ";NaN;", "wind_speed_mean", "is not a finite number"),
    ],
    ids=["cold", "humid", "gust", "text", "NaN"],
)
def test_a_value_that_cannot_be_believed_is_reported_with_file_and_line(
    before: str, after: str, field: str, reason: str
) -> None:
    """It is not stored; the other values of the day are."""
    said = answer(ask_days(), [file_of(blank(date(2024, 1, 2)), ROW.replace(before, after))])
    (rejected,) = said.rejected
    assert (rejected.slot, rejected.field) == (FIRST, field)
    assert rejected.value == after.strip(";")
    assert rejected.reason == f"{reason} (J17_Linares_01_01_2024_31_12_2024.csv, line 3)"
    assert [field in r.values for r in said.readings] == [False]


def test_files_may_overlap_where_they_agree() -> None:
    """A longer download beside a shorter one: each day once, however its number is written."""
    one = file_of(*rows(days(date(2024, 1, 1), 3)))
    two = file_of(row(date(2024, 1, 3), "10,50"), *rows(days(date(2024, 1, 4), 1)), name=OTHER)
    said = answer(ask_days(count=4), [one, two])
    assert [r.slot.day for r in said.readings] == [1, 2, 3, 4]
    assert held([one, two]) == [Interval(FIRST, FIRST + 4 * DAY)]


def test_what_one_file_left_blank_comes_from_the_other() -> None:
    """Both are SIAR's own values of the day."""
    one = file_of(row(date(2024, 1, 1), et0=""))
    two = file_of(row(date(2024, 1, 1), "", et0="0,7"), name=OTHER)
    (reading,) = answer(ask_days(), [one, two]).readings
    assert (reading.values["temperature_mean"], reading.values["et0"]) == (10.5, 0.7)


SAID = (
    f"{OTHER}, line 2",
    f"Temp Media (ºC) of 02/01/2024 is 10,6, and 10,5 in {NAME}, line 3",
)


def test_files_that_contradict_each_other_cost_the_one_day() -> None:
    """Nobody but a person can tell which of the two is right: both are named, the rest is read."""
    one = file_of(*rows(days(date(2024, 1, 1), 3)))
    two = file_of(row(date(2024, 1, 2), "10,6"), name=OTHER)
    said = answer(ask_days(count=3), [one, two])
    assert [r.slot.day for r in said.readings] == [1, 3]
    reason = f"comes twice: {SAID[1]}; keep the one that was downloaded last"
    assert said.rejected == (Rejected(FIRST + DAY, "row", SAID[0], reason),)
    assert said.no_verdict == {FIRST + DAY}
    assert held([one, two]) == [
        Interval(FIRST, FIRST + DAY),
        Interval(FIRST + 2 * DAY, FIRST + 3 * DAY),
    ]


def test_an_import_refuses_files_that_contradict_each_other_or_have_a_bad_row() -> None:
    """Whoever takes files in by hand can mend them first."""
    one, two = (
        file_of(*rows(days(date(2024, 1, 1), 3))),
        file_of(row(date(2024, 1, 2), "10,6"), name=OTHER),
    )
    with pytest.raises(MalformedPayload, match=re.escape(": ".join(SAID))):
        refuse_bad_rows([one, two])
    bad = file_of(*rows(days(date(2024, 1, 1), 3)), row(date(2024, 1, 4)) + ";1")
    with pytest.raises(MalformedPayload, match="line 5: it has 25 cells, expected 24"):
        refuse_bad_rows([bad])
    refuse_bad_rows([one])


def test_a_row_that_cannot_be_read_is_reported_and_leaves_no_verdict() -> None:
    """The day that is missing may be that one."""
    file = file_of(row(date(2024, 1, 1)), row(date(2024, 1, 3)), row(date(2024, 1, 2)) + ";1")
    said = answer(ask_days(count=3), [file])
    assert [r.slot.day for r in said.readings] == [1, 3]
    assert [(r.slot, r.field, r.reason) for r in said.rejected] == [
        (None, "row", "has 25 cells, expected 24")
    ]
    assert said.no_verdict == {FIRST + DAY}


def test_a_contradiction_names_the_row_that_a_value_was_taken_from() -> None:
    """The third file contradicts the second, which had filled a blank of the first."""
    first = file_of(row(date(2024, 1, 1), et0=""), name="J17_a.csv")
    second = file_of(row(date(2024, 1, 1), et0="0,7"), name="J17_b.csv")
    third = file_of(row(date(2024, 1, 1), et0="0,8"), name="J17_c.csv")
    (rejected,) = answer(ask_days(), [first, second, third]).rejected
    assert rejected.value == "J17_c.csv, line 2"
    assert "EtPMon of 01/01/2024 is 0,8, and 0,7 in J17_b.csv, line 2" in rejected.reason


def test_a_date_that_comes_twice_in_a_file_must_say_the_same() -> None:
    """Twice the same, in whatever digits, is one day; two temperatures are none."""
    assert len(answer(ask_days(), [file_of(ROW, ROW)]).readings) == 1
    assert len(answer(ask_days(), [file_of(ROW, ROW.replace("6,87", "6,870"))]).readings) == 1
    said = answer(ask_days(), [file_of(ROW, ROW.replace("6,87", "6,88"), ROW.replace("6,87", "7"))])
    assert said.readings == ()
    assert [(r.slot, r.field) for r in said.rejected] == [(FIRST, "row")]


def test_a_day_that_is_not_over_makes_the_file_malformed() -> None:
    """Its values cannot be those of the day, whatever was asked."""
    file = file_of(ROW, row(date(2024, 3, 20)))
    with pytest.raises(MalformedPayload, match=r"line 3: 20/03/2024 has values and is not over"):
        answer(ask_days(), [file])
    over = datetime(2024, 3, 21, tzinfo=UTC)
    assert len(answer(ask_days(now=over), [file]).readings) == 1
    assert len(answer(ask_days(), [file_of(ROW, blank(date(2024, 3, 20)))]).readings) == 1


def test_days_without_a_usable_row_say_why() -> None:
    """Two rows that differ and a row that cannot be read are errors, a blank row is not."""
    first, second, third, fourth, fifth = days(date(2024, 1, 1), 5)
    cut = row(fourth).rsplit(";", 1)[0]
    file = file_of(
        row(first, "6,87"),
        row(first, "7,87"),
        blank(second),
        row(third, ""),
        cut,
        *[row(day) for day in days(fifth, 3)],
    )
    said = {u.interval.start.day: (u.reason, u.is_error) for u in unusable([file])}
    assert said == {
        1: (
            (
                f"has it twice: {NAME}, line 3: Temp Media (ºC) of 01/01/2024 is 7,87, and 6,87 in "
                f"{NAME}, line 2; remove the wrong row"
            ),
            True,
        ),
        2: (f"has a row without values for it ({NAME}, line 4)", False),
        3: (f"has a row without a mean temperature for it ({NAME}, line 5)", False),
        4: (
            (
                f"cannot read its row for it, {NAME}, line 6: it has 23 cells, expected 24; "
                "download that file again"
            ),
            True,
        ),
    }


def test_a_row_without_a_readable_date_may_be_of_any_day() -> None:
    """A day that no other row is of is not called one without a row."""
    astray = ROW.replace("01/01/2024", "1 de enero")
    (one,) = unusable([file_of(*rows(days(date(2024, 1, 2), 3)), astray)])
    assert datetime(2024, 1, 1, tzinfo=UTC) in one.interval
    assert one.reason.startswith(f"has no row for it that can be read; {NAME}, line 5: it has the")
    assert not one.is_error


def test_a_day_that_another_file_has_is_usable() -> None:
    """A blank or a bad row of it elsewhere says nothing."""
    day = date(2024, 1, 1)
    files = [file_of(blank(day)), file_of(row(day), name=OTHER)]
    assert unusable(files) == []
