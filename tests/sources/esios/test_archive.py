"""The keyless archive: order of rows in whole days, labels only where they are sure."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import aiopvpc.parser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gapfill.errors import ConfigError, MalformedPayload
from gapfill.sources.esios import parser as esios
from gapfill.sources.json_reader import Payload
from gapfill.sources.model import Rejected
from tests.examples import examples
from tests.sources.asks import AUTUMN, SPRING, ask_of, payload

if TYPE_CHECKING:
    from gapfill.sources.model import Answer

HOUR = timedelta(hours=1)
PLAIN = date(2024, 5, 14)
CAPTURE = payload("esios_archive70_2021-10-31.json")
NONE_PUBLISHED = payload("esios_archive70_error_no_values.json")
STARTS = {
    AUTUMN: datetime(2021, 10, 30, 22, tzinfo=UTC),
    SPRING: datetime(2022, 3, 26, 23, tzinfo=UTC),
    PLAIN: datetime(2024, 5, 13, 22, tzinfo=UTC),
}


def _parse(body: bytes, day: date = AUTUMN, *, geo: str = "8741") -> Answer:
    return esios.parse(ask_of("esios.archive70", day, geo=geo), Payload(200, body))


def _file(day: date, labels: list[str], **columns: str) -> bytes:
    """Return a day's file; the price of the n-th row is n, with a decimal comma."""
    rows = [
        {"Dia": f"{day:%d/%m/%Y}", "Hora": label, "PCB": f"{n},00", "CYM": f"{n},50", **columns}
        for n, label in enumerate(labels)
    ]
    return json.dumps({"PVPC": rows}).encode()


def _labels(*hours: int) -> list[str]:
    return [f"{hour:02d}-{hour + 1:02d}" for hour in hours]


def _hours(answer: Answer, day: date) -> dict[int, float]:
    """Return prices by the number of hours since local midnight."""
    return {(r.slot - STARTS[day]) // HOUR: r.values["price_eur_mwh"] for r in answer.readings}


def test_a_request_names_one_day() -> None:
    """The archive has a file a day."""
    request = esios.request(ask_of("esios.archive70", AUTUMN))
    assert request.path == "/archives/70/download_json"
    assert request.params == (("locale", "es"), ("date", "2021-10-31"))


def test_two_days_in_a_request_are_a_catalogue_error() -> None:
    """A span of more than a day would lose all but the first."""
    with pytest.raises(ConfigError, match="P1D"):
        esios.request(ask_of("esios.archive70", AUTUMN, date(2021, 11, 1)))


def test_a_place_without_a_column_is_a_catalogue_error() -> None:
    """Spain as a whole (3) has no regulated price."""
    with pytest.raises(ConfigError, match="geo_id '3'"):
        esios.request(ask_of("esios.archive70", AUTUMN, geo="3"))


def test_the_autumn_day_is_the_same_as_at_the_other_apis() -> None:
    """25 rows from 22:00Z of the day before, with the two hours at two in order."""
    answer = _parse(CAPTURE)
    assert [r.slot for r in answer.readings] == [STARTS[AUTUMN] + n * HOUR for n in range(25)]
    prices = [r.values["price_eur_mwh"] for r in answer.readings]
    assert prices[:5] == [171.48, 123.9, 109.55, 104.85, 92.03]
    assert answer.evidence == "HTTP 200: 25 values"


def test_the_same_prices_as_an_independent_reader() -> None:
    """Aiopvpc reads by order as well; it rounds to five places."""
    theirs = aiopvpc.parser.extract_prices_from_esios_public(json.loads(CAPTURE), "PCB")
    ours = {r.slot: round(r.values["price_eur_kwh"], 5) for r in _parse(CAPTURE).readings}
    assert ours == theirs.series["PVPC"]


@pytest.mark.parametrize(
    "geo,expected",
    [("8741", 3.0), ("8742", 3.0), ("8743", 3.0), ("8744", 3.5), ("8745", 3.5)],
)
def test_ceuta_and_melilla_have_a_column_of_their_own(geo: str, expected: float) -> None:
    """PCB is Península, Canarias, Baleares; CYM is Ceuta y Melilla."""
    answer = _parse(_file(PLAIN, _labels(*range(24))), PLAIN, geo=geo)
    assert _hours(answer, PLAIN)[3] == expected


@pytest.mark.parametrize(
    "labels",
    [
        _labels(0, 1, *range(3, 24)),
        _labels(*range(23)),
        [str(n) for n in range(23)],
    ],
    ids=["wall clock", "running", "another form"],
)
def test_a_whole_spring_day_is_read_by_order(labels: list[str]) -> None:
    """23 rows are 23 hours, whatever they are called."""
    answer = _parse(_file(SPRING, labels), SPRING)
    assert _hours(answer, SPRING) == {n: float(n) for n in range(23)}


@pytest.mark.parametrize(
    "labels",
    [_labels(*range(25)), _labels(0, 1, 2, *range(2, 24)), ["?"] * 25],
    ids=["running", "wall clock", "another form"],
)
def test_a_whole_autumn_day_is_read_by_order(labels: list[str]) -> None:
    """25 rows are 25 hours, whatever they are called."""
    answer = _parse(_file(AUTUMN, labels), AUTUMN)
    assert _hours(answer, AUTUMN) == {n: float(n) for n in range(25)}


@pytest.mark.parametrize(
    "day,labels,expected",
    [
        (PLAIN, _labels(5, 6, 23), [5, 6, 23]),
        (PLAIN, _labels(*range(16)), list(range(16))),
        (AUTUMN, _labels(0, 3, 24), [0, 3, 24]),
        (SPRING, _labels(1, 3, 23), [1, 2, 22]),
    ],
    ids=["usual", "first two thirds", "autumn", "spring"],
)
def test_a_part_of_a_day_is_read_by_labels(
    day: date, labels: list[str], expected: list[int]
) -> None:
    """Usual days by the hour, autumn by the running label, spring without 02-03."""
    assert sorted(_hours(_parse(_file(day, labels), day), day)) == expected


@pytest.mark.parametrize(
    "day,labels",
    [
        (PLAIN, _labels(*range(1, 25))),
        (PLAIN, [*_labels(1, 0, *range(2, 23)), "24-25"]),
        (PLAIN, ["5", "6"]),
        (PLAIN, ["05-07", "07-08"]),
        (SPRING, _labels(1, 2, 3)),
        (AUTUMN, _labels(0, 1, 2, 2, 3)),
        (AUTUMN, _labels(25)),
        (AUTUMN, _labels(*range(24))),
        (AUTUMN, _labels(*range(16))),
        (SPRING, _labels(0, 1, *range(3, 23))),
        (SPRING, _labels(0, 1, 2, 3, 23)),
    ],
    ids=[
        "shifted",
        "beyond the day",
        "another form",
        "two hours",
        "spring has no 02-03",
        "autumn's two hours",
        "autumn has no 25-26",
        "autumn without its last hour or one of the two",
        "two thirds of autumn",
        "spring without its last hour or 02-03",
        "both forms at once",
    ],
)
def test_rows_that_cannot_be_told_apart_are_malformed(day: date, labels: list[str]) -> None:
    """Better no price than one in the wrong hour."""
    with pytest.raises(MalformedPayload, match=r"rows are ambiguous on a day of 2\d hours"):
        _parse(_file(day, labels), day)


def test_an_hour_that_comes_twice_costs_no_other_hour() -> None:
    """22-23 has two prices, and 23-24 is missing."""
    answer = _parse(_file(PLAIN, _labels(*range(23), 22)), PLAIN)
    assert sorted(_hours(answer, PLAIN)) == list(range(22))
    start = STARTS[PLAIN]
    assert answer.no_verdict == {start + 22 * HOUR, start + 23 * HOUR}


FORMS = {
    "spring, clock": (SPRING, _labels(0, 1, *range(3, 24))),
    "spring, running": (SPRING, _labels(*range(23))),
    "usual": (PLAIN, _labels(*range(24))),
    "autumn, clock": (AUTUMN, _labels(0, 1, 2, *range(2, 24))),
    "autumn, running": (AUTUMN, _labels(*range(25))),
}
UNSURE = {
    "spring, clock": {22},
    "spring, running": {2},
    "autumn, clock": {2, 3},
    "autumn, running": {24},
}
"""Hours without which the labels of a day fit the other form as well."""


def _without(form: str, *lost: int, spoilt: int | None = None) -> bytes:
    """Return a day's file without some hours; the price of the n-th hour is n."""
    day, labels = FORMS[form]
    rows = json.loads(_file(day, labels))["PVPC"]
    if spoilt is not None:
        rows[spoilt] |= {"Hora": "5"}
    return json.dumps({"PVPC": [row for n, row in enumerate(rows) if n not in lost]}).encode()


@pytest.mark.parametrize("form", FORMS)
def test_without_any_one_row_each_price_is_at_its_own_hour_or_none_is_read(form: str) -> None:
    """Never an hour early: the missing hour is found where it is, or the file is refused."""
    day, labels = FORMS[form]
    hours = set(range(len(labels)))
    for lost in sorted(hours):
        if lost in UNSURE.get(form, ()):
            with pytest.raises(MalformedPayload, match="are ambiguous"):
                _parse(_without(form, lost), day)
        else:
            answer = _parse(_without(form, lost), day)
            assert _hours(answer, day) == {n: float(n) for n in hours - {lost}}


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=examples(300), deadline=None)
@given(data=st.data())
def test_whatever_rows_are_missing_or_doubled_no_price_is_at_another_hour(
    form: str, data: st.DataObject
) -> None:
    """One label may be of an unknown form, and the order may be another one."""
    day, labels = FORMS[form]
    numbers = st.integers(0, len(labels) - 1)
    lost = data.draw(st.sets(numbers, max_size=len(labels) - 1))
    rows = json.loads(_without(form, *lost))["PVPC"]
    if data.draw(st.booleans()):
        rows.insert(data.draw(numbers), dict(data.draw(st.sampled_from(rows))))
    if data.draw(st.booleans()):
        rows = data.draw(st.permutations(rows))
    try:
        answer = _parse(json.dumps({"PVPC": rows}).encode(), day)
    except MalformedPayload:
        return
    assert all(hour == price for hour, price in _hours(answer, day).items())


def test_a_row_that_is_doubled_is_not_the_other_hour_at_two() -> None:
    """Running labels without the last row, and 02-03 twice, look like the clock's labels."""
    rows = json.loads(_without("autumn, running", 24))["PVPC"]
    with pytest.raises(MalformedPayload, match="are ambiguous"):
        _parse(json.dumps({"PVPC": [*rows[:3], rows[2], *rows[3:]]}).encode())


@pytest.mark.parametrize("form", FORMS)
def test_a_label_that_cannot_be_read_costs_no_other_hour(form: str) -> None:
    """In a whole day its order says which hour it is; in a part of one nothing does."""
    day, labels = FORMS[form]
    for spoilt in range(len(labels)):
        answer = _parse(_without(form, spoilt=spoilt), day)
        assert _hours(answer, day) == {n: float(n) for n in range(len(labels))}
    answer = _parse(_without("usual", 3, spoilt=7), PLAIN)
    assert _hours(answer, PLAIN) == {n: float(n) for n in range(24) if n not in {3, 7}}
    assert [(r.slot, r.field) for r in answer.rejected] == [(None, "row")]
    assert answer.no_verdict == {STARTS[PLAIN] + n * HOUR for n in (3, 7)}


@pytest.mark.parametrize(
    "change,reason",
    [
        ({"Dia": None}, "has no Dia"),
        ({"Dia": "Monday"}, "has the Dia 'Monday', not a date"),
        ({"Dia": 20240514}, "has the Dia '20240514', not a date"),
    ],
)
def test_a_row_of_no_day_is_dropped_at_its_hour(change: dict[str, object], reason: str) -> None:
    """It may be of another day; nothing is said of its hour."""
    rows = json.loads(_file(PLAIN, _labels(*range(24))))["PVPC"]
    rows[7] |= change
    answer = _parse(json.dumps({"PVPC": rows}).encode(), PLAIN)
    assert len(answer.readings) == 23
    slot = STARTS[PLAIN] + 7 * HOUR
    assert answer.rejected == (Rejected(slot, "row", "PVPC[7]", reason),)
    assert answer.no_verdict == {slot}


@pytest.mark.parametrize("more", [None, {}, {"Dia": None, "Hora": None, "PCB": ""}, {"PCB": None}])
@pytest.mark.parametrize("form", ["usual", "autumn, running", "autumn, clock"])
def test_a_row_with_nothing_in_it_changes_nothing(form: str, more: object) -> None:
    """At the end of a file, and in it."""
    day, labels = FORMS[form]
    for place in (5, len(labels)):
        rows = json.loads(_without(form))["PVPC"]
        rows.insert(place, more)
        answer = _parse(json.dumps({"PVPC": rows}).encode(), day)
        assert _hours(answer, day) == {n: float(n) for n in range(len(labels))}
        assert answer.rejected == ()


def test_a_row_of_another_kind_is_dropped_and_reported() -> None:
    """A text and a list among 23 hours."""
    rows = json.loads(_without("usual", 3))["PVPC"]
    answer = _parse(json.dumps({"PVPC": [*rows, "total", [1]]}).encode(), PLAIN)
    assert len(answer.readings) == 23
    assert [r.value for r in answer.rejected] == ["PVPC[23]", "PVPC[24]"]
    assert answer.no_verdict == {STARTS[PLAIN] + 3 * HOUR}


def test_a_file_that_says_it_has_no_values_and_has_some_is_malformed() -> None:
    """It contradicts itself, so it is neither prices nor "not published"."""
    document = json.loads(CAPTURE) | json.loads(NONE_PUBLISHED)
    with pytest.raises(MalformedPayload, match="contradicts itself: it says 'No values for"):
        _parse(json.dumps(document).encode())
    empty = {"PVPC": []} | json.loads(NONE_PUBLISHED)
    assert _parse(json.dumps(empty).encode()).readings == ()


def test_rows_in_another_order_are_read_by_label() -> None:
    """Out of order a usual day's labels still say all."""
    body = _file(PLAIN, _labels(*reversed(range(24))))
    assert _hours(_parse(body, PLAIN), PLAIN)[23] == 0.0


@pytest.mark.parametrize("day,hours", [(PLAIN, 24), (AUTUMN, 25)], ids=["usual", "autumn"])
def test_a_doubled_answer_is_read_once(day: date, hours: int) -> None:
    """Each row twice with the same price is each row once."""
    once = json.loads(_file(day, _labels(*range(hours))))["PVPC"]
    doubled = json.dumps({"PVPC": [row for row in once for _ in range(2)]}).encode()
    assert _hours(_parse(doubled, day), day) == {n: float(n) for n in range(hours)}


def test_a_row_of_another_day_is_malformed() -> None:
    """A file of yesterday under today's name has the same labels."""
    with pytest.raises(MalformedPayload, match="is of '31/10/2021', not of 14/05/2024"):
        _parse(CAPTURE, PLAIN)
    rows = json.loads(_file(PLAIN, _labels(*range(24))))
    rows["PVPC"][23]["Dia"] = "15/05/2024"
    with pytest.raises(MalformedPayload, match=r"PVPC\[23\] is of '15/05/2024'"):
        _parse(json.dumps(rows).encode(), PLAIN)


def test_the_tariffs_before_june_2021_are_refused_by_name() -> None:
    """GEN, NOC and VHC are other prices, not PVPC 2.0TD under another name."""
    with pytest.raises(MalformedPayload, match="GEN, NOC and VHC but no PCB: prices of before"):
        _parse(payload("esios_archive70_2019-03-31.json"), date(2019, 3, 31))


def test_nothing_published_is_an_empty_answer() -> None:
    """HTTP 200 with a message; any other message is a fault."""
    answer = _parse(NONE_PUBLISHED)
    assert answer.readings == ()
    assert answer.evidence == "HTTP 200: No values for specified archive"
    with pytest.raises(MalformedPayload, match="a message: 'Archive not found'"):
        _parse(b'{"message": "Archive not found"}')


def test_an_unbelievable_price_is_reported_and_the_rest_kept() -> None:
    """One "n/d" among 24 prices costs one slot."""
    body = (
        _file(PLAIN, _labels(*range(24)))
        .replace(b'"7,00"', b'"n/d"')
        .replace(b'"8,00"', b'"-0,50"')
    )
    answer = _parse(body, PLAIN)
    assert len(answer.readings) == 23
    assert _hours(answer, PLAIN)[8] == -0.5
    assert [(r.field, r.value) for r in answer.rejected] == [("price_eur_mwh", "n/d")]


@pytest.mark.parametrize(
    "body,words",
    [
        (b"[]", "the whole of it is not an object"),
        (b"{}", "it has no PVPC"),
        (b'{"PVPC": {}}', "PVPC is not a list"),
        (b'{"PVPC": [[1]]}', "none of its rows has PCB"),
        (b'{"PVPC": [{"Dia": "31/10/2021", "PCB": "1"}]}', "its 1 rows are ambiguous"),
        (b'{"PVPC": [{"Dia": "31/10/2021", "Hora": "00-01"}]}', "none of its rows has PCB"),
        (CAPTURE[:2000], "not whole JSON"),
        (b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", "a web page, not JSON"),
    ],
)
def test_a_file_of_another_shape_is_malformed(body: bytes, words: str) -> None:
    """Nothing of it is stored."""
    with pytest.raises(MalformedPayload, match=words):
        _parse(body)


def _zipped(*files: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    box = io.BytesIO()
    with zipfile.ZipFile(box, "w", method) as packed:
        for name, data in files:
            packed.writestr(name, data)
    return box.getvalue()


def test_a_file_in_a_zip_is_taken_out() -> None:
    """So it came on 2026-07-08, under the same address."""
    body = _zipped(("PVPC_CURV_DD_20211031", CAPTURE))
    assert _parse(body).readings == _parse(CAPTURE).readings


@pytest.mark.parametrize(
    "body",
    [
        b"PK\x03\x04 and no more",
        _zipped(("a", b"{}"), ("b", b"{}")),
        _zipped(("a", CAPTURE))[:500],
        _zipped(("a", CAPTURE), method=zipfile.ZIP_LZMA),
        _zipped(("a", b" " * 6_000_000)),
    ],
    ids=["no zip", "two files", "cut", "another method", "bomb"],
)
def test_a_zip_without_one_readable_file_is_malformed(body: bytes) -> None:
    """A small ZIP may hold gigabytes; no more than 5 MB are unpacked."""
    with pytest.raises(MalformedPayload, match="it is a ZIP of"):
        _parse(body)


def test_an_empty_file_is_nothing_published() -> None:
    """No rows are no prices."""
    assert _parse(b'{"PVPC": []}').evidence == "HTTP 200: PVPC is empty"


def test_hourly_prices_in_a_series_of_quarter_hours_are_malformed() -> None:
    """The archive is hourly; a finer series cannot be served by it."""
    ask = ask_of("esios.archive70", PLAIN)
    grid = ask.series.grid.of(timedelta(minutes=15))
    ask = replace(ask, series=replace(ask.series, grid=grid))
    with pytest.raises(MalformedPayload, match="an hour apart"):
        esios.parse(ask, Payload(200, _file(PLAIN, _labels(*range(24)))))
