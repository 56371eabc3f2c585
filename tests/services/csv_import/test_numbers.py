"""Decimal commas and points: read as what the file says, never as something else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gapfill.errors import RequestError
from gapfill.services.csv_import.rows import Stated
from tests.domain.samples import at
from tests.services.csv_import.reads import prices, refused, table


@pytest.mark.parametrize(
    "rows, expected",
    [
        (["100,5"], [100.5]),
        (["12.34"], [12.34]),
        (["1,234"], [1.234]),
        (["1.234", "12.5"], [1.234, 12.5]),
        (["0.082", "82.195"], [0.082, 82.195]),
        (["1.2345"], [1.2345]),
        (["1234.567"], [1234.567]),
        (["1.234e1"], [12.34]),
        (["100", "-5"], [100.0, -5.0]),
        (["+,5", "5,"], [0.5, 5.0]),
    ],
)
def test_a_number_with_one_reading_is_read(rows: list[str], expected: list[float]) -> None:
    """In a file with semicolons."""
    lines = [f"2026-03-10T{n:02d}:00Z;{cell}" for n, cell in enumerate(rows)]
    assert list(prices(table(*lines)).values()) == expected


@pytest.mark.parametrize(
    "rows, said",
    [
        (["1.234"], "line 2, column price_eur_mwh: '1.234' can mean 1234 or 1.234, and no other"),
        (["5", "1.234"], "line 3, column price_eur_mwh: '1.234' can mean 1234 or 1.234"),
        (
            ["1.234", "12,5"],
            (
                "line 2, column price_eur_mwh: '1.234' can mean 1234 or 1.234, and '12,5' "
                "in line 3 "
                "has a decimal comma: write it without a thousands separator, or state the mark "
                "with --decimal comma or point"
            ),
        ),
        (["12.5", "1,234"], "line 3, column price_eur_mwh: '1,234' can mean 1234 or 1.234, and"),
        (
            ["12,5", "12.5"],
            (
                "line 3, column price_eur_mwh: '12.5' has a decimal point, but '12,5' in "
                "line 2 has a decimal comma: write all numbers with one mark"
            ),
        ),
        (["1.234,5"], "'1.234,5' has a thousands separator: write it without one"),
        (["1,234.5"], "'1,234.5' has a thousands separator"),
        (["1.234.567"], "'1.234.567' has a thousands separator"),
        (["1 234,5"], "'1 234,5' has a thousands separator"),
        (["100,5 €"], "'100,5 €' is not a number"),
        (["1,2,3"], "'1,2,3' is not a number"),
        (["n/d"], "'n/d' is not a number"),
        (["."], "'.' is not a number"),
        (["1e999"], "'1e999' is not a number"),
        (["\u0661"], "'\u0661' is not a number"),
    ],
)
def test_a_number_with_two_readings_or_none_is_refused(rows: list[str], said: str) -> None:
    """Neither 1234 nor 1.234 is stored unless the file or a person tells which it is."""
    lines = [f"2026-03-10T{n:02d}:00Z;{cell}" for n, cell in enumerate(rows)]
    assert said in refused(table(*lines))


@pytest.mark.parametrize(
    "separator, cells, expected",
    [
        (",", ["82.195"], [82.195]),
        (",", ["1.234", "82.195"], [1.234, 82.195]),
        (",", ["100", "1.234"], None),
        (",", ['"100,5"', "1.234"], None),
        (",", ['"100,5"', "7"], [100.5, 7.0]),
        (",", ['"1,234"'], None),
        ("\t", ["1.234"], None),
        ("\t", ["1,234"], None),
        ("\t", ["1,234", "0,5"], [1.234, 0.5]),
    ],
)
def test_other_separators_tell_less_of_the_mark(
    separator: str, cells: list[str], expected: list[float] | None
) -> None:
    """Commas go with a point, as in an export; tabs say nothing."""
    lines = [f"2026-03-10T{n:02d}:00Z{separator}{cell}" for n, cell in enumerate(cells)]
    text = table(*lines, head=f"slot{separator}price_eur_mwh")
    if expected is None:
        assert "234' can mean 1234 or 1.234" in refused(text)
    else:
        assert list(prices(text).values()) == expected


def test_a_stated_mark_is_kept_to() -> None:
    """It settles what the file does not say, and contradicts what it says."""
    point, comma = Stated(decimal="point"), Stated(decimal="comma")
    text = table("2026-03-10T05:00Z;1.234")
    assert prices(text, point) == {at("2026-03-10 05:00"): 1.234}
    assert "and --decimal comma was stated: write it without a thousands separator." in refused(
        text, comma
    )
    said = refused(table("2026-03-10T05:00Z;12,5"), point)
    assert "'12,5' has a decimal comma, but --decimal point was stated" in said


_CONVENTIONS = [(",", ".", ""), (";", ",", ""), (";", ".", ""), (";", ",", "."), (";", ",", " ")]
_CONVENTIONS += [
    ("\t", ",", "."),
    ("\t", ".", ","),
    ("\t", ".", "'"),
    (",", ".", ","),
    ("|", ",", "."),
]


@given(
    st.sampled_from(_CONVENTIONS),
    st.lists(st.integers(-1_000_000, 10_000_000), min_size=1, max_size=6),
    st.integers(0, 4),
)
def test_no_number_is_ever_misread(
    convention: tuple[str, str, str], thousandths: list[int], digits: int
) -> None:
    """Whatever a program writes by its own rules is read as that, or refused."""
    separator, mark, group = convention
    expected = [round(n / 1000, digits) for n in thousandths]
    lines = []
    for n, value in enumerate(expected):
        whole, _, part = f"{value:,.{digits}f}".partition(".")
        cell = whole.replace(",", group) + (mark + part if part else "")
        lines.append(f'2026-03-10T{n:02d}:00Z{separator}"{cell}"')
    try:
        found = list(prices(table(*lines, head=f"slot{separator}price_eur_mwh")).values())
    except RequestError:
        return
    assert found == expected


@pytest.mark.parametrize(
    "text,step",
    [
        ("100,5 €", "write 100,5 without '€'"),
        ("€100,5", "write 100,5 without '€'"),
        ("-3.5 °C", "write -3.5 without '°C'"),
        ("55%", "write 55 without '%'"),
        ("\N{MINUS SIGN}100,5", "write the minus as a hyphen, -100,5"),
        ("\N{EN DASH} 4", "write the minus as a hyphen, -4"),
        ("NA", "leave the cell empty where there is no value"),
        ("nan", "leave the cell empty where there is no value"),
        ("#N/A", "leave the cell empty where there is no value"),
        ("-", "leave the cell empty where there is no value"),
        ("1e999", "write digits with at most one decimal mark, or leave the cell empty"),
        ("high", "write digits with at most one decimal mark, or leave the cell empty"),
    ],
)
def test_what_is_not_a_number_says_what_to_write(text: str, step: str) -> None:
    """A unit, a typeset minus and a word for nothing are what people have."""
    said = refused(table(f"2026-03-10T05:00:00Z;{text}"))
    assert f"{text!r} is not a number: {step}. Nothing was imported." in said
