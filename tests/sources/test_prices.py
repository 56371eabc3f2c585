"""Prices on the clock of their place: what is asked for, and where each row is stored."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from gapfill.domain.interval import Interval
from gapfill.domain.local_time import day_interval
from gapfill.domain.tariff import localize
from gapfill.errors import MalformedPayload
from gapfill.sources.esios import parser as esios
from gapfill.sources.json_reader import Payload
from gapfill.sources.ree import parser as ree
from tests.sources.asks import AUTUMN, ask_of, payload

if TYPE_CHECKING:
    from types import ModuleType

    from gapfill.sources.model import Answer, Ask

CANARY = "Atlantic/Canary"
HOUR = timedelta(hours=1)
DAY = date(2025, 11, 10)
DOORS = ["ree.pvpc", "esios.1001", "esios.archive70"]


def _ask(product: str, day: date, *, geo: str = "8742", zone: str = CANARY) -> Ask:
    """Return an ask for a whole local day of a place in a zone."""
    ask = ask_of(product, day, geo=geo)
    series = replace(ask.series, place=replace(ask.series.place, zone=zone))
    return replace(ask, series=series, interval=day_interval(day, zone))


def _module(ask: Ask) -> ModuleType:
    return ree if ask.product.source == "ree" else esios


def _parse(ask: Ask, body: bytes) -> Answer:
    answer: Answer = _module(ask).parse(ask, Payload(200, body))
    return answer


def _body(product: str, geo: int = 8742) -> bytes:
    """Return a day of prices, 100 + hour of Madrid and 110.00 at 10:00, as each API gives it."""
    hours = [f"2025-11-10T{n:02d}:00:00.000+01:00" for n in range(24)]
    prices = [110.0 if n == 10 else 100.0 + n / 100 for n in range(24)]
    if product == "ree.pvpc":
        rows = [{"value": p, "datetime": h} for h, p in zip(hours, prices, strict=True)]
        return json.dumps({"included": [{"id": "1001", "attributes": {"values": rows}}]}).encode()
    if product == "esios.1001":
        values = [
            {"value": p, "datetime": h, "geo_id": geo} for h, p in zip(hours, prices, strict=True)
        ]
        return json.dumps({"indicator": {"id": 1001, "values": values}}).encode()
    lines = [
        {"Dia": "10/11/2025", "Hora": f"{n:02d}-{n + 1:02d}", "PCB": f"{p:.2f}".replace(".", ",")}
        for n, p in enumerate(prices)
    ]
    return json.dumps({"PVPC": lines}).encode()


@pytest.mark.parametrize("product", DOORS)
@pytest.mark.parametrize("is_localized", [False, True], ids=["as shipped", "as planned"])
def test_the_price_of_ten_is_the_price_of_ten_in_the_islands(
    product: str,
    is_localized: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """An hour later in UTC than in Madrid; the day of 24 prices starts at midnight there."""
    ask = _ask(product, DAY)
    if is_localized:
        ask = replace(ask, product=localize(ask.product, ask.series))
    answer = _parse(ask, _body(product))
    prices = {r.slot: r.values["price_eur_mwh"] for r in answer.readings}
    assert prices[datetime(2025, 11, 10, 10, tzinfo=UTC)] == 110.0
    assert list(prices) == [datetime(2025, 11, 10, tzinfo=UTC) + n * HOUR for n in range(24)]
    assert answer.days == {DAY}
    assert {r.source for r in answer.readings} == {f"{ask.product.source}/8742"}


@pytest.mark.parametrize("product", DOORS)
def test_the_clock_is_that_of_the_place_and_not_of_the_number(product: str) -> None:
    """A series whose place is in Europe/Madrid is read on Madrid's clock."""
    ask = _ask(product, DAY, zone="Europe/Madrid")
    answer = _parse(ask, _body(product))
    (ten,) = [r.slot for r in answer.readings if r.values["price_eur_mwh"] == 110.0]
    assert ten == datetime(2025, 11, 10, 9, tzinfo=UTC)
    assert {r.source for r in answer.readings} == {ask.product.source}


@pytest.mark.parametrize("product", DOORS[:2])
@pytest.mark.parametrize(
    "slot, first, last",
    [
        ("2025-11-09T23:00", "2025-11-09", "2025-11-09"),
        ("2025-11-10T00:00", "2025-11-10", "2025-11-10"),
        ("2025-07-01T22:00", "2025-07-01", "2025-07-01"),
        ("2025-07-01T23:00", "2025-07-02", "2025-07-02"),
    ],
    ids=["winter-last", "winter-first", "summer-last", "summer-first"],
)
def test_a_request_asks_for_the_day_there_is_in_the_islands(
    product: str, slot: str, first: str, last: str
) -> None:
    """23:00Z in winter is of the day that ends, though Madrid is in the next."""
    start = datetime.fromisoformat(slot).replace(tzinfo=UTC)
    ask = replace(_ask(product, DAY), interval=Interval(start, start + HOUR))
    bounds = dict(_module(ask).request(ask).params)
    assert (bounds["start_date"], bounds["end_date"]) == (f"{first}T00:00", f"{last}T23:59")


def test_the_archive_is_asked_for_the_one_day_there_is_in_the_islands() -> None:
    """The day of 25 hours there is the file of that date."""
    ask = _ask("esios.archive70", date(2025, 10, 26))
    assert (ask.interval.start, ask.interval.duration) == (
        datetime(2025, 10, 25, 23, tzinfo=UTC),
        25 * HOUR,
    )
    assert dict(esios.request(ask).params)["date"] == "2025-10-26"


@pytest.mark.parametrize(
    "product, name",
    [
        ("esios.1001", "esios_1001_2021-10-31.json"),
        ("esios.archive70", "esios_archive70_2021-10-31.json"),
    ],
)
def test_the_recorded_autumn_day_has_25_prices_in_the_islands(product: str, name: str) -> None:
    """The two prices of 02:00 in Madrid hold from 01:00Z and from 02:00Z."""
    answer = _parse(_ask(product, AUTUMN), payload(name))
    start = datetime(2021, 10, 30, 23, tzinfo=UTC)
    assert [r.slot for r in answer.readings] == [start + n * HOUR for n in range(25)]
    prices = [r.values["price_eur_mwh"] for r in answer.readings]
    assert prices[:5] == [171.48, 123.9, 109.55, 104.85, 92.03]


def test_a_part_of_a_day_is_read_at_its_hours() -> None:
    """Three rows of a published day: what is missing from it gets no verdict."""
    body = json.loads(_body("ree.pvpc"))
    del body["included"][0]["attributes"]["values"][3:]
    answer = _parse(_ask("ree.pvpc", DAY), json.dumps(body).encode())
    assert [r.slot.hour for r in answer.readings] == [0, 1, 2]
    assert answer.days == {DAY}


def test_rows_of_another_day_are_refused_on_the_clock_of_the_place() -> None:
    """A shift by a day is seen in the islands too."""
    with pytest.raises(MalformedPayload, match="2025-11-10T00:00:00Z, which was not asked"):
        _parse(_ask("ree.pvpc", date(2025, 11, 9)), _body("ree.pvpc"))
