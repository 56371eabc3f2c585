"""SIAR's CSV files: one file is read whole, or refused with its name and line."""

from __future__ import annotations

import unicodedata
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gapfill.errors import MalformedPayload
from gapfill.sources.siar_csv.parser import read_file, station_of
from tests.examples import examples
from tests.sources.siar_csv.files import HEADER, NAME, ROW, blank, csv_bytes, row

MADE_UP = "IB01_Elsewhere_01_01_2024_31_12_2024.csv"


def test_the_row_of_a_real_file_is_read() -> None:
    """Every field from its own column, as it stands there."""
    file = read_file(NAME, csv_bytes(ROW))
    assert (file.name, file.station, file.blank) == (NAME, "J17", 0)
    (day,) = file.days
    assert day.slot == datetime(2024, 1, 1, tzinfo=UTC)
    assert day.place == "J17_Linares_01_01_2024_31_12_2024.csv, line 2"
    assert day.values == {
        "temperature_mean": "6,87",
        "temperature_max": "14,83",
        "temperature_min": "1,02",
        "humidity_mean": "85,7",
        "wind_speed_mean": "0,35",
        "wind_gust_max": "3,7",
        "solar_radiation": "6,4",
        "precipitation": "0",
        "et0": "0,65",
    }


@pytest.mark.parametrize(
    "body",
    [
        b"\xff\xfe" + csv_bytes(ROW),
        csv_bytes(ROW, header=unicodedata.normalize("NFD", HEADER)),
        csv_bytes(ROW, header=HEADER + ";"),
        csv_bytes(ROW + ";", header=HEADER + ";"),
        csv_bytes(ROW, end="\r\n\r\n"),
        csv_bytes(ROW).replace(b"\r\0\n\0", b"\n\0"),
    ],
    ids=["byte order mark", "NFD", "semicolon", "two semicolons", "empty line", "LF"],
)
def test_harmless_differences_are_read_the_same(body: bytes) -> None:
    """A mark, another normal form, a last semicolon, an empty last line, plain line feeds."""
    assert read_file(NAME, body) == read_file(NAME, csv_bytes(ROW))


@pytest.mark.parametrize(
    "name,station",
    [
        (NAME, "J17"),
        ("J09_Linares_01_01_2017_31_12_2017.csv", "J09"),
        ("j9_x.CSV", "J09"),
        (unicodedata.normalize("NFD", "J17_Jaén_01_01_2022_31_12_2022.csv"), "J17"),
        ("J17_Linares (1).csv", "J17"),
        ("IB101.csv", "IB101"),
        ("Linares_J17.csv", None),
        ("J17_Linares.csv.part", None),
        ("._J17_Linares.csv", None),
        ("J1\N{ARABIC-INDIC DIGIT SEVEN}_Linares.csv", None),
        ("estaciones.csv", None),
    ],
)
def test_a_name_says_its_station(name: str, station: str | None) -> None:
    """Letters and number in front; other names are of other files."""
    assert station_of(name) == station


def test_a_decomposed_name_is_told_composed() -> None:
    """So that it is found in a message by whoever types it."""
    file = read_file(unicodedata.normalize("NFD", "J17_Jaén.csv"), csv_bytes(ROW))
    assert file.name == "J17_Ja\u00e9n.csv"


def test_rows_without_any_value_are_counted_and_give_no_day() -> None:
    """A station that was off leaves dates with blank cells."""
    body = csv_bytes(blank(date(2024, 1, 1)), row(date(2024, 1, 2)), blank(date(2024, 1, 3)))
    file = read_file(NAME, body)
    assert [day.slot.day for day in file.days] == [2]
    assert file.days[0].line == 3
    assert file.blank == 2


def test_a_header_alone_is_a_file_without_days() -> None:
    """Empty is a value."""
    file = read_file(NAME, csv_bytes())
    assert (file.days, file.blank) == ((), 0)


@pytest.mark.parametrize(
    "body,said",
    [
        (b"", f"{NAME}: it is empty"),
        (
            f"{HEADER}\r\n{ROW}\r\n".encode(),
            f"{NAME}: it is UTF-8, Latin-1 or the like; expected UTF-16LE",
        ),
        (
            f"{HEADER}\r\n{ROW}\r\n".encode("utf-8-sig"),
            f"{NAME}: it is UTF-8, Latin-1 or the like; expected UTF-16LE",
        ),
        (
            f"{HEADER}\r\n{ROW}\r\n".encode("latin-1"),
            f"{NAME}: it is UTF-8, Latin-1 or the like; expected UTF-16LE",
        ),
        (
            f"{HEADER}\r\n{ROW}\r\n".encode("utf-16-be"),
            f"{NAME}: it is UTF-16BE; expected UTF-16LE",
        ),
        (
            b"\xfe\xff" + f"{HEADER}\r\n{ROW}\r\n".encode("utf-16-be"),
            f"{NAME}: it is UTF-16BE; expected UTF-16LE",
        ),
    ],
    ids=["empty", "UTF-8", "UTF-8 with a mark", "Latin-1", "UTF-16BE", "UTF-16BE with a mark"],
)
def test_another_encoding_is_refused(body: bytes, said: str) -> None:
    """The sentence names the file and what was expected."""
    with pytest.raises(MalformedPayload) as caught:
        read_file(NAME, body)
    assert str(caught.value).startswith(said)
    assert caught.value.source == "siar_csv"
    assert "download it again" in str(caught.value)


@pytest.mark.parametrize(
    "header,said",
    [
        (HEADER.replace("Año;", ""), "column 4 is 'Dia', expected 'Año'"),
        (HEADER.replace("Velviento (m/s)", "Velviento (km/h)"), "column 16 is 'Velviento (km/h)'"),
        (HEADER.removesuffix(";EtPMon"), "column 24 is 'nothing', expected 'EtPMon'"),
        (HEADER + ";Temp Suelo", "it has more columns than the 24 known"),
        (HEADER + ";;", "it has more columns than the 24 known"),
        (HEADER.lower(), "column 1 is 'idprovincia', expected 'IdProvincia'"),
        ("", "column 1 is '', expected 'IdProvincia'"),
    ],
    ids=["lacks one", "other unit", "lacks the last", "one more", "two empty", "case", "none"],
)
def test_another_header_is_refused(header: str, said: str) -> None:
    """A column more or less shifts the ones behind it, unseen."""
    with pytest.raises(MalformedPayload) as caught:
        read_file(NAME, csv_bytes(ROW, header=header))
    assert f"{NAME}, line 1: {said}" in str(caught.value)


@pytest.mark.parametrize("cut", [2, 8, 40, 100, 150, 200])
def test_a_file_cut_in_a_row_is_refused_with_its_line(cut: int) -> None:
    """Half a download: what is missing of the row is not guessed, nor the rows before taken."""
    body = csv_bytes(ROW, row(date(2024, 1, 2)))
    second = len(csv_bytes(ROW))
    with pytest.raises(MalformedPayload, match=r"\.csv, line 3: ") as caught:
        read_file(NAME, body[: second + cut])
    assert "line 3: the file ends in it and is incomplete" in str(caught.value)


@pytest.mark.parametrize("end", ["", "\r", ";"], ids=["nothing", "CR", "semicolon"])
def test_a_file_without_a_last_line_break_is_cut(end: str) -> None:
    """Its last cell may be the beginning of another: ``0,6`` of ``0,65``."""
    with pytest.raises(MalformedPayload, match=r"line 3: the file ends in it"):
        read_file(NAME, csv_bytes(ROW, row(date(2024, 1, 2), et0="0,6"), end=end))
    with pytest.raises(MalformedPayload, match=r"line 1: the file ends in it"):
        read_file(NAME, csv_bytes(end="\r"))


def test_a_cut_in_the_middle_of_a_character_is_refused() -> None:
    """An odd number of bytes is no UTF-16."""
    with pytest.raises(MalformedPayload, match=r"line 2: it ends in the middle"):
        read_file(NAME, csv_bytes(ROW)[:-5])


@pytest.mark.parametrize(
    "text,said",
    [
        (ROW.replace("23;17;", "23;9;"), "province 23, station 9 is not J17, as the name says"),
        (ROW.replace("23;17;", "24;17;"), "province 24, station 17 is not J17, as the name says"),
    ],
)
def test_a_row_of_another_station_refuses_the_file(text: str, said: str) -> None:
    """Its other rows may be of that one, too."""
    with pytest.raises(MalformedPayload) as caught:
        read_file(NAME, csv_bytes(row(date(2024, 1, 2)), text))
    assert str(caught.value).startswith(f"{NAME}, line 3: {said}")


BAD_ROWS = [
    (ROW.replace("23;17;", ";17;"), "has the IdProvincia '', which is not a whole number"),
    (ROW.replace("23;17;", "23;17,0;"), "has the IdEstacion '17,0', which is not a whole number"),
    (ROW.replace("01/01/2024", "2024-01-01"), "has the Fecha '2024-01-01', which is not a date"),
    (ROW.replace("01/01/2024", "30/02/2024"), "has the Fecha '30/02/2024', which is not a date"),
    (ROW.replace("01/01/2024", "01/01/0024"), "has the Fecha '01/01/0024', which is not a date"),
    (ROW.replace("2024;1;", "2024;2;"), "has the Fecha 01/01/2024, and Año and Dia say day 2 of"),
    (ROW.replace("2024;1;", "2023;1;"), "01/01/2024, and Año and Dia say day 1 of 2023"),
    (ROW.replace("2024;1;", "2024;;"), "has the Dia '', which is not a whole number"),
    (ROW.replace("01/01/2024;2024;1", "04/03/2024;2024;94"), "Año and Dia say day 94 of 2024"),
    (ROW + ";1", "has 25 cells, expected 24"),
    (ROW.replace(";6,87", ""), "has 23 cells, expected 24"),
]


@pytest.mark.parametrize("text,said", BAD_ROWS)
def test_a_row_that_cannot_be_read_costs_no_other(text: str, said: str) -> None:
    """It is reported with its line."""
    file = read_file(NAME, csv_bytes(row(date(2024, 1, 2)), text, row(date(2024, 1, 3))))
    assert [day.slot.day for day in file.days] == [2, 3]
    (rejected,) = file.dropped
    assert (rejected.slot, rejected.field, rejected.value) == (None, "row", f"{NAME}, line 3")
    assert said in rejected.reason


@pytest.mark.parametrize("text,said", BAD_ROWS)
def test_a_file_of_which_half_the_rows_cannot_be_read_is_refused(text: str, said: str) -> None:
    """It is of another form, or was saved by a spreadsheet."""
    with pytest.raises(MalformedPayload) as caught:
        read_file(NAME, csv_bytes(row(date(2024, 1, 2)), text))
    assert str(caught.value).startswith(f"{NAME}, line 3: it ")
    assert f"{said}" in str(caught.value)
    assert "and half of the rows or more cannot be read" in str(caught.value)


def test_of_an_unknown_province_the_number_is_checked() -> None:
    """Its letters were never seen beside its number, but they cannot change within a file."""
    text = ROW.replace("23;17;", "7;1;")
    assert read_file(MADE_UP, csv_bytes(text)).station == "IB01"
    with pytest.raises(MalformedPayload, match="province 7, station 2 is not IB01"):
        read_file(MADE_UP, csv_bytes(ROW.replace("23;17;", "7;2;")))
    with pytest.raises(MalformedPayload, match="province 23, station 1 is not IB01"):
        read_file(MADE_UP, csv_bytes(ROW.replace("23;17;", "23;1;")))
    with pytest.raises(MalformedPayload, match="line 3: it is of another province"):
        read_file(MADE_UP, csv_bytes(text, text.replace("7;1;", "8;1;", 1)))


def test_a_name_without_a_station_is_refused() -> None:
    """Nobody can say whose days they are."""
    with pytest.raises(MalformedPayload, match=r"^linares\.csv: its name does not begin"):
        read_file("linares.csv", csv_bytes(ROW))


NUMBERS = st.decimals(-50, 300, places=2).map(lambda n: str(n).replace(".", ","))


@settings(deadline=None)
@given(
    st.dictionaries(
        st.dates(date(1990, 1, 1), date(2040, 12, 31)), st.tuples(NUMBERS, NUMBERS), max_size=30
    ),
    st.sampled_from(["\r\n", "\n"]),
    st.sampled_from([b"", b"\xff\xfe"]),
)
def test_what_is_written_is_read(
    held: dict[date, tuple[str, str]], newline: str, mark: bytes
) -> None:
    """Every date and every digit, with either line break and with or without a mark."""
    lines = [HEADER, *(row(day, mean, et0=et0) for day, (mean, et0) in held.items()), ""]
    body = newline.join(lines).encode("utf-16-le")
    file = read_file(NAME, mark + body)
    read = {d.slot.date(): (d.values["temperature_mean"], d.values["et0"]) for d in file.days}
    assert read == held
    assert [day.line for day in file.days] == list(range(2, len(held) + 2))


@settings(max_examples=examples(300), deadline=None)
@given(data=st.data())
def test_a_broken_file_is_read_or_refused(data: st.DataObject) -> None:
    """Cut, or with other bytes anywhere: no other exception, and no station but its own."""
    body = csv_bytes(ROW, row(date(2024, 1, 2)), blank(date(2024, 1, 3)))
    start = data.draw(st.integers(0, len(body)))
    end = data.draw(st.integers(start, min(start + 20, len(body))))
    broken = body[:start] + data.draw(st.binary(max_size=8)) + body[end:]
    broken = broken[: data.draw(st.integers(0, len(broken)))]
    try:
        file = read_file(NAME, broken)
    except MalformedPayload:
        return
    assert file.station == "J17"
    assert len(file.days) + file.blank <= 4
