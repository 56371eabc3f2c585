"""ESIOS indicators: the right place, the right instant, the right indicator."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import aiopvpc.parser
import pytest

from gapfill.errors import ConfigError, MalformedPayload
from gapfill.sources.esios import parser as esios
from gapfill.sources.json_reader import Payload
from tests.sources.asks import AUTUMN, ask_of, payload, spot_ask

if TYPE_CHECKING:
    from gapfill.sources.model import Answer

HOUR = timedelta(hours=1)
CAPTURE = payload("esios_1001_2021-10-31.json")


def _parse(body: bytes, *, geo: str = "8741") -> Answer:
    return esios.parse(ask_of("esios.1001", AUTUMN, geo=geo), Payload(200, body))


def _edited(**changes: object) -> bytes:
    """Return the capture with other members of ``indicator``."""
    document = json.loads(CAPTURE)
    document["indicator"] |= changes
    return json.dumps(document).encode()


def test_a_request_names_days_and_place_and_no_token() -> None:
    """1001 is hourly by nature; nothing is summed, so nothing is averaged."""
    request = esios.request(ask_of("esios.1001", AUTUMN, date(2021, 11, 2)))
    assert request.path == "/indicators/1001"
    assert request.params == (
        ("start_date", "2021-10-31T00:00"),
        ("end_date", "2021-11-02T23:59"),
        ("geo_ids[]", "8741"),
    )


@pytest.mark.parametrize(
    "resolution,more",
    [
        (timedelta(hours=1), (("time_trunc", "hour"), ("time_agg", "avg"))),
        (timedelta(minutes=15), ()),
    ],
    ids=["hourly", "quarter-hourly"],
)
def test_an_indicator_that_may_be_summed_is_asked_for_its_mean(
    resolution: timedelta, more: tuple[tuple[str, str], ...]
) -> None:
    """Since 2025-10-01 the hour of 600 is the sum of its quarters: four times the price."""
    ask = spot_ask("esios.1001", date(2025, 10, 2), resolution=resolution)
    request = esios.request(ask)
    assert request.path == "/indicators/600"
    assert request.params[2:] == (("geo_ids[]", "3"), *more)


def test_a_product_without_indicator_is_a_catalogue_error() -> None:
    """Nobody can ask for nothing."""
    ask = ask_of("esios.1001", AUTUMN)
    with pytest.raises(ConfigError, match="indicator"):
        esios.request(replace(ask, product=replace(ask.product, params={})))


def test_the_autumn_day_is_read_by_place_and_by_datetime_with_offset() -> None:
    """``datetime_utc`` repeats 00:00Z, which would lose one price and move another."""
    answer = _parse(CAPTURE)
    start = datetime(2021, 10, 30, 22, tzinfo=UTC)
    assert [r.slot for r in answer.readings] == [start + n * HOUR for n in range(25)]
    assert [r.values["price_eur_mwh"] for r in answer.readings][1:5] == [
        123.9,
        109.55,
        104.85,
        92.03,
    ]
    assert {r.source for r in answer.readings} == {"esios"}


def test_every_place_has_its_own_prices() -> None:
    """The places of an hour come in no fixed order."""
    document = json.loads(CAPTURE)
    for n, value in enumerate(document["indicator"]["values"]):
        value["value"] = value["geo_id"] - 8000 + n / 1000
    document["indicator"]["values"].sort(key=lambda value: -value["geo_id"])
    for geo in ("8741", "8742", "8743", "8744", "8745"):
        answer = _parse(json.dumps(document).encode(), geo=geo)
        prices = {int(r.values["price_eur_mwh"]) for r in answer.readings}
        assert prices == {int(geo) - 8000}


def test_the_same_prices_as_an_independent_reader() -> None:
    """Aiopvpc has read this payload in thousands of homes; it rounds to five places."""
    document: dict[str, Any] = json.loads(CAPTURE)
    theirs = aiopvpc.parser.extract_prices_from_esios_token(document, "PVPC", "Península")
    ours = {r.slot: round(r.values["price_eur_kwh"], 5) for r in _parse(CAPTURE).readings}
    assert ours == theirs.series["PVPC"]


def test_an_empty_list_is_nothing_published() -> None:
    """HTTP 200 with no values is how ESIOS says "not yet" and "never"."""
    empty = payload("esios_573_empty.json").replace(b'"id": 573', b'"id": 1001')
    answer = _parse(empty)
    assert answer.readings == ()
    assert answer.evidence == "HTTP 200: values is empty, values_updated_at null"


@pytest.mark.parametrize(
    "body,words",
    [
        (payload("esios_573_empty.json"), "of indicator '573', not 1001"),
        (_edited(id=600), "of indicator '600', not 1001"),
        (_edited(values={}), "indicator.values is not a list"),
        (_edited(values=[{"value": 1}]), r"indicator.values\[0\] has no geo_id"),
        (
            _edited(values=[], values_updated_at="2021-10-30T20:17:39.000+02:00"),
            "contradicts itself: values is empty, values_updated_at '2021-10-30T20:17",
        ),
        (b'{"indicator": []}', "indicator is not an object"),
        (b'{"message": "maintenance"}', "it has no indicator"),
        (b"[]", "the whole of it is not an object"),
        (CAPTURE[:5000], "not whole JSON"),
    ],
)
def test_an_answer_of_another_shape_is_malformed(body: bytes, words: str) -> None:
    """Nothing of it is stored."""
    with pytest.raises(MalformedPayload, match=words):
        _parse(body)


@pytest.mark.parametrize(
    "row,reason",
    [
        ({"geo_id": None}, "has no geo_id"),
        ({"geo_id": []}, "has the geo_id list, which is not the number of a place"),
        ({"datetime": "2021-10-31T05:00:00"}, "which is not a time with an offset"),
        ({"datetime": None}, "has no datetime"),
        ({"datetime": 10**400}, "has the datetime int, which is not a time with an offset"),
    ],
)
def test_a_row_that_cannot_be_placed_is_dropped_and_reported(
    row: dict[str, object], reason: str
) -> None:
    """24 of the day's 25 prices are kept, and nothing is said of the other one."""
    values = json.loads(CAPTURE)["indicator"]["values"]
    ours = [n for n, value in enumerate(values) if value["geo_id"] == 8741]
    values[ours[7]] |= row
    answer = _parse(_edited(values=values))
    start = datetime(2021, 10, 30, 22, tzinfo=UTC)
    lost = {start + n * HOUR for n in range(25)} - {r.slot for r in answer.readings}
    assert lost == answer.no_verdict == {start + 7 * HOUR}
    (rejected,) = answer.rejected
    assert (rejected.slot, rejected.field) == (None, "row")
    assert rejected.reason.endswith(reason)


def test_a_row_of_another_place_costs_nothing_however_bad_it_is() -> None:
    """It was not asked for."""
    values = json.loads(CAPTURE)["indicator"]["values"]
    for value in values:
        if value["geo_id"] != 8741:
            value |= {"datetime": "never", "value": {}}
    answer = _parse(_edited(values=[None, *values]))
    assert (len(answer.readings), answer.rejected) == (25, ())


def test_an_answer_with_other_places_only_is_no_answer() -> None:
    """The place was asked for; prices of others are not "no data"."""
    others = json.loads(CAPTURE)["indicator"]["values"]
    others = [value for value in others if value["geo_id"] != 8741]
    with pytest.raises(MalformedPayload, match="8742, 8743, 8744, 8745, none of 8741"):
        _parse(_edited(values=others))


def test_an_answer_of_another_day_is_malformed() -> None:
    """A cached answer to another question does harm unseen."""
    with pytest.raises(MalformedPayload, match="was not asked"):
        esios.parse(ask_of("esios.1001", date(2021, 11, 1)), Payload(200, CAPTURE))


def test_a_status_that_is_no_answer_is_malformed() -> None:
    """The hook turns errors into exceptions; what slips through is refused here."""
    with pytest.raises(MalformedPayload, match="HTTP 204"):
        esios.parse(ask_of("esios.1001", AUTUMN), Payload(204, b""))
