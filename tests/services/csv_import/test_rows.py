"""CSV files as people have them: their header, their rows, and the days of daily series."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gapfill.errors import RequestError
from gapfill.services.csv_import.rows import Stated, read_rows
from gapfill.services.csv_import.text import decode
from tests.domain.samples import at
from tests.services.csv_import.reads import (
    DAILY,
    HOURLY,
    MADRID,
    NOW,
    PVPC,
    prices,
    read,
    refused,
    table,
)

TWO = {at("2026-03-10 05:00"): 100.5, at("2026-03-10 06:00"): -0.25}


@pytest.mark.parametrize(
    "separator", [",", ";", "\t", "|"], ids=["comma", "semicolon", "tab", "bar"]
)
@pytest.mark.parametrize("mark", [".", ","], ids=["point", "comma"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["lf", "crlf", "cr"])
def test_separators_marks_ends_and_encodings_in_every_combination(
    separator: str, mark: str, end: str
) -> None:
    """The same two prices, with a unit in the header and what a spreadsheet leaves at the ends."""
    lines = [
        f"sep={separator}",
        separator.join(["Slot", "Price EUR MWh (€/MWh)", ""]),
        separator.join(["2026-03-10T05:00:00Z", f'"100{mark}5"', ""]),
        separator.join(["2026-03-10T06:00:00Z", f'"-0{mark}25"', "", ""]),
        separator * 2,
        "",
        "",
    ]
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"):
        assert prices(decode(end.join(lines).encode(encoding), "file")) == TWO
        assert prices(decode(end.join(lines[1:]).encode(encoding), "file")) == TWO


@pytest.mark.parametrize(
    "head",
    [
        "slot;price_eur_mwh",
        "SLOT;PRICE_EUR_MWH",
        " slot ;Price EUR MWh",
        "Slot (UTC);price-eur-mwh [EUR/MWh]",
        '"slot";"price_eur_mwh (€ / MWh)"',
        "\n\nslot;price_eur_mwh",
        "\ufeffslot;price_eur_mwh",
    ],
)
def test_names_may_differ_in_case_spaces_and_a_unit(head: str) -> None:
    """What is left of them is a name of the series."""
    rows = ("2026-03-10T05:00Z;100,5", "2026-03-10T06:00Z;-0,25")
    assert prices(table(*rows, head=head)) == TWO


@pytest.mark.parametrize(
    "head, said",
    [
        (
            "Fecha;Precio",
            (
                "file, line 1: unknown column 'Fecha'; expected slot,price_eur_mwh,price_eur_kwh,"
                "grade,source,batch,kept (the last four may be absent), here with ';' between them."
            ),
        ),
        (
            "Fecha;Hora;Precio",
            (
                "unknown column 'Fecha'; expected slot,price_eur_mwh,price_eur_kwh,grade,source,"
                "batch,kept (the last four may be absent), here with ';' between them; put date "
                "and time into one column, slot, such as 2025-10-26 13:00. Nothing"
            ),
        ),
        ("slot;price", "line 1: unknown column 'price'; expected slot,price_eur_mwh"),
        ("slot;price_eur_kwh", "line 1: no column 'price_eur_mwh'"),
        ("slot;price_eur_mwh;Price EUR MWh", "line 1: a column appears twice"),
        (
            "slot;price_eur_mwh (€/kWh)",
            (
                "line 1, column price_eur_mwh: 'price_eur_mwh (€/kWh)' names the unit "
                "'€/kWh'; the field is in €/MWh."
            ),
        ),
        ("slot (CET);price_eur_mwh", "'slot (CET)' names a clock: write slot, and state the clock"),
        ("sep=:\nslot;price_eur_mwh", "line 2: unknown column 'slot;price_eur_mwh'"),
        ("\n\n\nwhen;price_eur_mwh", "line 4: unknown column 'when'"),
    ],
)
def test_a_header_that_is_not_of_the_series_is_refused(head: str, said: str) -> None:
    """With its line, the separator that was read, and what is expected."""
    assert said in refused(table("2026-03-10T05:00Z;1", head=head))


def test_units_have_more_than_one_spelling() -> None:
    """``ºC`` is ``°C``, ``W/m2`` is ``W/m²``; another unit would be another value."""
    head = "slot;temperature (ºC);humidity [%];solar_radiation (w/m2)"
    (row,) = read(table("2026-03-10T05:00Z;21,5;50;0", head=head), series=HOURLY).rows
    assert row.values == {"temperature": 21.5, "humidity": 50.0, "solar_radiation": 0.0}
    head = "slot;temperature (°F);humidity"
    said = refused(table("2026-03-10T05:00Z;70;50", head=head), series=HOURLY)
    assert (
        "line 1, column temperature: 'temperature (°F)' names the unit '°F'; the field is in °C"
        in said
    )


@pytest.mark.parametrize(
    "row, said",
    [
        ("2026-03-10T05:00Z", "line 2, column slot: the row has more or fewer cells (1 and 2)"),
        ("2026-03-10T05:00Z;1;2", "the row has more or fewer cells than the header (3 and 2)"),
        ("2026-03-10T05:00Z;", "line 2, column price_eur_mwh: the row has no value"),
        (";1", "line 2, column slot: '' is not an instant"),
        ('2026-03-10T05:00Z;"1', "file, line 2: unexpected end of data"),
        ("2026-03-10T05:00Z;1\n2026-03-10T06:00+01:00;2", "line 3, column slot: 2026-03-10T05:00"),
    ],
)
def test_a_row_that_does_not_fit_is_refused(row: str, said: str) -> None:
    """With its line and column."""
    assert said.replace(" (1 and 2)", " than the header (1 and 2)") in refused(table(row))


def test_a_value_below_no_name_is_refused() -> None:
    """It may be an index, or a column whose name was lost."""
    said = refused(table("0;2026-03-10T05:00Z;1", head=";slot;price_eur_mwh"))
    assert "line 2, column slot: the cell 1 is '0', but its column has no name" in said


@pytest.mark.parametrize(
    "text, stated",
    [
        ("2026-03-10", None),
        ("2026-03-10 00:00:00", None),
        ("2026-03-10", MADRID),
        ("2026-03-10 00:00:00", MADRID),
        ("10/03/2026", MADRID),
        ("10/03/2026 0:00", MADRID),
        ("2026-03-10T00:00:00Z", None),
    ],
)
def test_a_date_is_the_label_of_a_daily_slot(text: str, stated: Stated | None) -> None:
    """On every clock: it is not an instant of a place."""
    head = "slot;temperature_mean"
    (row,) = read(table(f"{text};12,5", head=head), stated, DAILY).rows
    assert (row.slot, row.values) == (at("2026-03-10"), {"temperature_mean": 12.5})


def test_a_daily_slot_is_no_clock_time() -> None:
    """Midnight alone is a label."""
    said = refused(table("2026-03-10 06:00;12,5", head="slot;temperature_mean"), MADRID, DAILY)
    assert "2026-03-10 06:00 (2026-03-10T05:00:00Z) is off the grid" in said


def _said(text: str, stated: Stated | None = None) -> str:
    """Return what is said of a text, nothing where it is read."""
    try:
        read_rows(PVPC, text, "file", batch="b", now=NOW, stated=stated)
    except RequestError as exc:
        return str(exc)
    return ""


@given(st.binary(max_size=200))
def test_any_bytes_are_rows_or_a_sentence(data: bytes) -> None:
    """No file is a bug."""
    try:
        text = decode(data, "file")
    except RequestError:
        return
    said = _said(text)
    assert not said or said.endswith("Nothing was imported.")


_CELLS = st.text("0123456789.,;:-/T Z+\"'\r\n\tsloteurmwhid_()€", max_size=30)


@given(st.lists(_CELLS, max_size=6), st.sampled_from([None, MADRID]))
def test_any_text_below_a_header_is_rows_or_a_sentence(
    cells: list[str], stated: Stated | None
) -> None:
    """Of an import, of an export of ESIOS, or of nothing."""
    for head in ("slot;price_eur_mwh\n", "id;name;geoid;geoname;value;datetime\n", ""):
        said = _said(head + ";".join(cells), stated)
        assert not said or said.endswith("Nothing was imported.")
