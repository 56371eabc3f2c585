"""REE apidatos: requests of whole Madrid days, and answers on real captures."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from gapfill.domain.series import Grade
from gapfill.errors import ConfigError, MalformedPayload
from gapfill.sources.json_reader import Payload
from gapfill.sources.ree import parser as ree
from tests.sources.asks import AUTUMN, ask_of, payload, spot_ask, within

if TYPE_CHECKING:
    from gapfill.sources.model import Answer, Ask

HOUR = timedelta(hours=1)
CAPTURE = payload("ree_pvpc_2021-10-31.json")
NO_DATA = payload("ree_error_no_data.json")


def _values(*rows: tuple[str, object]) -> bytes:
    """Return a payload with these rows of 1001."""
    values = [{"value": value, "percentage": 1, "datetime": when} for when, value in rows]
    return json.dumps({"included": [{"id": "1001", "attributes": {"values": values}}]}).encode()


def _parse(body: bytes, day: date = date(2025, 11, 5)) -> Answer:
    return ree.parse(ask_of("ree.pvpc", day), Payload(200, body))


def test_a_request_is_of_whole_madrid_days() -> None:
    """A summer slot at 22:30Z is of the next Madrid day, and its whole day is asked."""
    start = datetime(2024, 6, 10, 22, tzinfo=UTC)
    ask = within(ask_of("ree.pvpc", date(2024, 6, 11)), start, start + HOUR)
    request = ree.request(ask)
    assert request.path == "/es/datos/mercados/precios-mercados-tiempo-real"
    assert request.params == (
        ("start_date", "2024-06-11T00:00"),
        ("end_date", "2024-06-11T23:59"),
        ("time_trunc", "hour"),
        ("geo_trunc", "electric_system"),
        ("geo_limit", "peninsular"),
        ("geo_ids", "8741"),
    )


def test_a_request_over_two_midnights_asks_three_days() -> None:
    """Every day that is touched is asked whole."""
    start = datetime(2024, 1, 9, 22, tzinfo=UTC)  # 23:00 in Madrid
    ask = within(ask_of("ree.pvpc", date(2024, 1, 9)), start, start + 26 * HOUR)
    bounds = dict(ree.request(ask).params)
    assert (bounds["start_date"], bounds["end_date"]) == ("2024-01-09T00:00", "2024-01-11T23:59")


@pytest.mark.parametrize("params", [{}, {"geo_id": "8740"}], ids=["none", "unknown"])
def test_a_place_the_api_does_not_know_is_a_catalogue_error(params: dict[str, str]) -> None:
    """An answer names no place, so nobody would see that it is of another."""
    ask = ask_of("ree.pvpc", AUTUMN)
    ask = replace(ask, series=replace(ask.series, params=params))
    with pytest.raises(ConfigError, match="geo_id"):
        ree.request(ask)


def test_the_autumn_day_has_25_prices_with_both_hours_at_two() -> None:
    """02:00+02:00 and 02:00+01:00 are two slots with two prices."""
    answer = ree.parse(ask_of("ree.pvpc", AUTUMN), Payload(200, CAPTURE))
    start = datetime(2021, 10, 30, 22, tzinfo=UTC)
    assert [r.slot for r in answer.readings] == [start + n * HOUR for n in range(25)]
    prices = [r.values["price_eur_mwh"] for r in answer.readings]
    assert prices[:5] == [171.48, 123.9, 109.55, 104.85, 92.03]
    assert answer.readings[2].values == {"price_eur_mwh": 109.55, "price_eur_kwh": 0.10955}
    assert {(r.grade, r.source) for r in answer.readings} == {(Grade.OFFICIAL, "ree")}
    assert (answer.rejected, answer.evidence) == ((), "HTTP 200: 25 values")


def test_ceuta_comes_without_the_spot_price() -> None:
    """The indicator is found by its id, wherever it stands."""
    ask = ask_of("ree.pvpc", date(2021, 6, 1), geo="8744")
    assert dict(ree.request(ask).params)["geo_limit"] == "ceuta"
    answer = ree.parse(ask, Payload(200, payload("ree_pvpc_2021-06-01_ceuta.json")))
    assert len(answer.readings) == 24
    assert answer.readings[0].slot == datetime(2021, 5, 31, 22, tzinfo=UTC)
    assert answer.readings[0].values["price_eur_mwh"] == 116.33


def test_the_indicator_is_chosen_by_id_in_any_order_and_under_any_title() -> None:
    """Titles change with language and year, the order with the place."""
    document = json.loads(CAPTURE)
    document["included"].reverse()
    for entry in document["included"]:
        entry["type"] = entry["attributes"]["title"] = "Spot market price (€/MWh)"
    answer = ree.parse(ask_of("ree.pvpc", AUTUMN), Payload(200, json.dumps(document).encode()))
    assert answer.readings[0].values["price_eur_mwh"] == 171.48


@pytest.mark.parametrize("status", [502, 404])
def test_nothing_published_is_an_empty_answer_with_evidence(status: int) -> None:
    """REE says it with 502, later with 404; the detail tells it from a broken gateway."""
    assert ree.no_data(Payload(status, NO_DATA))
    answer = ree.parse(ask_of("ree.pvpc", AUTUMN), Payload(status, NO_DATA))
    assert answer.readings == ()
    assert answer.evidence == f"HTTP {status}: There are no data for the selected filters."


@pytest.mark.parametrize(
    "status,body",
    [
        (502, b"<html><h1>502 Bad Gateway</h1></html>"),
        (404, b'{"errors": [{"status": "404", "detail": "Widget not found"}]}'),
        (500, NO_DATA),
        (502, b'{"errors": ["There are no data"]}'),
        (502, b'{"errors": {"detail": "no data"}}'),
    ],
    ids=["gateway", "wrong path", "server error", "texts", "object"],
)
def test_other_errors_are_not_taken_for_no_data(status: int, body: bytes) -> None:
    """A failure must never read as "nothing there"."""
    assert ree.no_data(Payload(status, body)) is None
    with pytest.raises(MalformedPayload, match=f"HTTP {status}"):
        ree.parse(ask_of("ree.pvpc", AUTUMN), Payload(status, body))


def test_before_publication_the_indicator_lacks() -> None:
    """In the afternoon, tomorrow has a spot price and no PVPC."""
    document = json.loads(CAPTURE)
    document["included"] = [e for e in document["included"] if e["id"] == "600"]
    answer = ree.parse(ask_of("ree.pvpc", AUTUMN), Payload(200, json.dumps(document).encode()))
    assert (answer.readings, answer.days) == ((), frozenset())
    assert answer.evidence == "HTTP 200: no indicator 1001, only 600"
    assert _parse(b'{"included": []}').evidence == "HTTP 200: no indicator 1001, only none"
    assert _parse(_values()).evidence == "HTTP 200: indicator 1001 has no values"


def test_rows_of_a_partial_day_are_read() -> None:
    """What is there is stored; nothing is said of what lacks."""
    document = json.loads(CAPTURE)
    for entry in document["included"]:
        del entry["attributes"]["values"][16:]
    answer = ree.parse(ask_of("ree.pvpc", AUTUMN), Payload(200, json.dumps(document).encode()))
    assert len(answer.readings) == 16
    assert answer.days == {AUTUMN}


def test_zero_and_negative_prices_are_prices() -> None:
    """Both are real."""
    answer = _parse(
        _values(("2025-11-05T00:00:00.000+01:00", 0), ("2025-11-05T01:00:00.000+01:00", -12.5))
    )
    assert [dict(r.values) for r in answer.readings] == [
        {"price_eur_mwh": 0.0, "price_eur_kwh": 0.0},
        {"price_eur_mwh": -12.5, "price_eur_kwh": -0.0125},
    ]


@pytest.mark.parametrize("literal", ["NaN", "1e9", '"n/d"', "-1001", "true"])
def test_an_unbelievable_price_is_reported_once_and_the_rest_kept(literal: str) -> None:
    """Without the price in €/MWh there is none in €/kWh either."""
    body = _values(("2025-11-05T00:00:00.000+01:00", "X"), ("2025-11-05T01:00:00.000+01:00", 50))
    answer = _parse(body.replace(b'"X"', literal.encode()))
    assert [r.values["price_eur_kwh"] for r in answer.readings] == [0.05]
    assert [r.field for r in answer.rejected] == ["price_eur_mwh"]


def test_a_null_price_is_no_reading() -> None:
    """A row without a value is a row without a value."""
    answer = _parse(_values(("2025-11-05T00:00:00.000+01:00", None)))
    assert (answer.readings, answer.rejected) == ((), ())


@pytest.mark.parametrize(
    "body,words",
    [
        (b"[]", "the whole of it is not an object"),
        (b"{}", "it has no included"),
        (b'{"included": {}}', "included is not a list"),
        (b'{"included": [{}]}', r"it has no included\[0\].id"),
        (b'{"included": [{"id": "1001"}]}', r"it has no included\[0\].attributes"),
        (b'{"included": [{"id": "1001", "attributes": []}]}', "is not an object"),
        (_values(("2025-11-05T00:00:00", 1)), "which is not a time with an offset"),
        (_values(("2025-11-06T00:00:00.000+01:00", 1)), "was not asked"),
        (_values(("2025-11-05T00:15:00.000+01:00", 1)), "off the series' grid"),
        (CAPTURE[:3000], "not whole JSON"),
        (CAPTURE, "2021-10-30T22:00:00Z, which was not asked"),
    ],
)
def test_an_answer_of_another_shape_or_day_is_malformed(body: bytes, words: str) -> None:
    """Nothing of it is stored, and the sentence says what is wrong with it."""
    with pytest.raises(MalformedPayload, match=words) as caught:
        _parse(body)
    assert (caught.value.source, caught.value.series) == ("ree", "pvpc")


def test_a_note_without_an_id_costs_nothing() -> None:
    """The day's 24 prices stand in the entry that has the id."""
    ask = replace(ask_of("ree.pvpc", date(2025, 11, 3)), now=datetime(2025, 11, 5, 12, tzinfo=UTC))
    answer = ree.parse(ask, Payload(200, payload("case_ree_extra_entry_without_id.json")))
    assert len(answer.readings) == 24
    assert [r.values["price_eur_mwh"] for r in answer.readings][:2] == [100.0, 101.0]
    assert (answer.rejected, answer.no_verdict) == ((), frozenset())


def _entries(*entries: object) -> bytes:
    return json.dumps({"included": entries}).encode()


@pytest.mark.parametrize("given", [None, "x", 5, [], {}, {"id": []}, {"id": None, "attributes": 3}])
def test_an_entry_of_any_kind_costs_nothing_beside_the_right_one(given: object) -> None:
    """Nor does one with the right id and no values."""
    right = json.loads(_values(("2025-11-05T00:00:00.000+01:00", 7)))["included"][0]
    for more in (given, {"id": "1001"}, {"id": 1001, "attributes": {"values": None}}):
        assert len(_parse(_entries(more, right)).readings) == 1


def test_values_of_no_named_indicator_prove_nothing() -> None:
    """They may be ours: without an id that is not "nothing published"."""
    spot = {"id": "600", "attributes": {"values": []}}
    right = json.loads(_values(("2025-11-05T00:00:00.000+01:00", 7)))["included"][0]
    del right["id"]
    with pytest.raises(MalformedPayload, match=r"included\[1\] has values, and no id"):
        _parse(_entries(spot, right))


def test_an_answer_that_says_no_data_and_holds_values_is_malformed() -> None:
    """It contradicts itself, so it proves nothing."""
    document = json.loads(_values(("2025-11-05T00:00:00.000+01:00", 7)))
    document["errors"] = json.loads(NO_DATA)["errors"]
    for status in (200, 502):
        with pytest.raises(MalformedPayload, match="it contradicts itself: it says 'There are no"):
            ree.parse(
                ask_of("ree.pvpc", date(2025, 11, 5)),
                Payload(status, json.dumps(document).encode()),
            )
    document["included"] = []
    assert _parse(json.dumps(document).encode()).readings == ()


def test_a_bad_row_costs_nothing_but_itself() -> None:
    """A time that cannot be read, a null, a price of the wrong kind, an hour with two prices."""
    body = _values(
        ("2025-11-05T00:00:00.000+01:00", 1),
        ("2025-11-05T01:00:00.000+01:00", {"price": 2}),
        ("2025-11-05T02:00:00", 3),
        ("2025-11-05T03:00:00.000+01:00", 4),
        ("2025-11-05T02:00:00.000+00:00", 5),
        ("2025-11-05T04:00:00.000+01:00", None),
        ("2025-11-05T05:00:00.000+01:00", 6.1),
        ("2025-11-05T05:00:00.000+01:00", 6.1000000000000005),
    )
    document = json.loads(body)
    document["included"][0]["attributes"]["values"] += [None, 7, {"value": 9}]
    answer = _parse(json.dumps(document).encode())
    start = datetime(2025, 11, 4, 23, tzinfo=UTC)
    assert {(r.slot - start) // HOUR: r.values["price_eur_mwh"] for r in answer.readings} == {
        0: 1.0,
        5: 6.1,
    }
    assert {(r.slot and (r.slot - start) // HOUR, r.field) for r in answer.rejected} == {
        (1, "price_eur_mwh"),
        (3, "row"),
        (None, "row"),
    }
    assert start + 2 * HOUR in answer.no_verdict
    assert not {r.slot for r in answer.readings} & answer.no_verdict


def _spot(ask: Ask, *minutes: int) -> Answer:
    rows = [(f"2025-10-02T{n // 60:02d}:{n % 60:02d}:00.000+02:00", 50.0 + n) for n in minutes]
    return ree.parse(ask, Payload(200, _values(*rows).replace(b'"1001"', b'"600"')))


def test_quarter_hours_are_read_into_a_series_of_quarter_hours() -> None:
    """The resolution is what the rows say, not what the parser was told."""
    ask = spot_ask("ree.pvpc", date(2025, 10, 2), resolution=timedelta(minutes=15))
    assert len(_spot(ask, 0, 15, 30, 45, 60).readings) == 5


def test_hourly_values_in_a_series_of_quarter_hours_are_malformed() -> None:
    """The mean of four quarters is not the price of the first."""
    ask = spot_ask("ree.pvpc", date(2025, 10, 2), resolution=timedelta(minutes=15))
    with pytest.raises(MalformedPayload, match="an hour apart"):
        _spot(ask, 0, 60, 120)
