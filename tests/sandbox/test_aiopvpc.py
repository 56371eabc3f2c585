"""A public client reads the sandbox: aiopvpc, the library behind Home Assistant's prices."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import aiohttp
import pytest
from aiopvpc import PVPCData

from gapfill.domain.local_time import day_interval
from gapfill.sources.esios import parser as esios
from gapfill.sources.json_reader import Payload
from gapfill.sources.model import Ask
from gapfill.sources.ree import parser as ree
from gapfill_sandbox import Sandbox, serve, world
from tests.catalogs import frozen
from tests.sandbox.http_client import call, follow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gapfill.sources.model import Answer

HOST = "https://api.esios.ree.es"
CANARY = "Atlantic/Canary"
DAYS = [date(2025, 3, 30), date(2025, 6, 18), date(2025, 10, 26)]


class _Session:
    """A session that calls the sandbox where the library calls ESIOS."""

    def __init__(self, session: aiohttp.ClientSession, root: str) -> None:
        self._session = session
        self._root = root

    async def get(self, url: str, headers: Mapping[str, str]) -> aiohttp.ClientResponse:
        """Call a URL of ESIOS."""
        return await self._session.get(url.replace(HOST, self._root), headers=headers)


async def _read(
    sandbox: Sandbox, now: datetime, token: str | None, tariff: str, zone: str = "Europe/Madrid"
) -> dict[datetime, float]:
    """Return the prices in €/kWh that the library reads at an instant."""
    async with aiohttp.ClientSession() as session:
        client = PVPCData(
            session=_Session(session, sandbox.url),
            tariff=tariff,
            local_timezone=zone,
            data_source="esios" if token else "esios_public",
            api_token=token,
        )
        answer = await client.async_update_all(None, now)
    prices: dict[datetime, float] = answer.sensors["PVPC"]
    return prices


def _truth(day: date, geo: int) -> dict[datetime, float]:
    """Return the true prices of a day in €/kWh."""
    return {slot: round(world.price(geo, slot) / 1000, 5) for slot in world.slots_of(day)}


@pytest.mark.parametrize("token", [None, "k"], ids=["archive", "indicator"])
@pytest.mark.parametrize("day", DAYS, ids=["spring", "summer", "autumn"])
@pytest.mark.parametrize(
    "tariff, geo", [("2.0TD", 8741), ("2.0TD (Ceuta/Melilla)", 8744)], ids=["pcb", "cym"]
)
def test_a_public_client_reads_the_true_prices(
    day: date, token: str | None, tariff: str, geo: int
) -> None:
    """With a token and without, on days of 23, 24 and 25 hours."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    with serve(now=noon) as sandbox:
        prices = asyncio.run(_read(sandbox, noon, token, tariff))
    assert prices == _truth(day, geo)


@pytest.mark.parametrize("token", [None, "k"], ids=["archive", "indicator"])
def test_a_public_client_reads_tomorrow_in_the_evening(token: str | None) -> None:
    """After publication both days come."""
    evening = datetime(2025, 6, 18, 19, tzinfo=UTC)
    with serve(now=evening) as sandbox:
        prices = asyncio.run(_read(sandbox, evening, token, "2.0TD"))
    both = [date(2025, 6, 18), date(2025, 6, 18) + timedelta(days=1)]
    assert prices == {**_truth(both[0], 8741), **_truth(both[1], 8741)}


_DOORS = {"ree.pvpc": "k", "esios.1001": "k", "esios.archive70": None}
"""Our products, and with which token the library reads the same prices; it has no apidatos."""


def _ask(product: str, day: date) -> Ask:
    """Return our ask for a whole day of the Canary Islands."""
    known = frozen()
    source, name = product.split(".")
    found = next(p for p in known.sources[source].products if p.name == name)
    pvpc = known.series["pvpc"]
    place = replace(pvpc.place, name="tenerife", zone=CANARY, stations=())
    series = replace(pvpc, name="pvpc_canarias", place=place, params={"geo_id": "8742"})
    return Ask(series, found, None, day_interval(day, CANARY), datetime(2025, 11, 5, tzinfo=UTC))


def _ours(sandbox: Sandbox, ask: Ask) -> Answer:
    """Return what our own source reads."""
    api = ree if ask.product.source == "ree" else esios
    request = api.request(ask)
    url = f"{sandbox.url}{request.path}?{urlencode(request.params)}"
    reply = call(url, headers={"x-api-key": "k"})
    if reply.status == HTTPStatus.TEMPORARY_REDIRECT:
        reply = follow(reply)
    answer: Answer = api.parse(ask, Payload(reply.status, reply.body))
    return answer


@pytest.mark.parametrize("product", _DOORS)
@pytest.mark.parametrize(
    "day, start, hours",
    [
        (date(2025, 3, 30), datetime(2025, 3, 30, 0, tzinfo=UTC), 23),
        (date(2025, 6, 18), datetime(2025, 6, 17, 23, tzinfo=UTC), 24),
        (date(2025, 10, 26), datetime(2025, 10, 25, 23, tzinfo=UTC), 25),
    ],
    ids=["spring", "summer", "autumn"],
)
def test_the_canary_islands_are_read_as_the_public_client_reads_them(
    day: date, start: datetime, hours: int, product: str
) -> None:
    """The same instants and the same prices, by every door, on days of 23, 24 and 25 hours."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    with serve(now=noon) as sandbox:
        theirs = asyncio.run(_read(sandbox, noon, _DOORS[product], "2.0TD", CANARY))
        ask = _ask(product, day)
        answer = _ours(sandbox, ask)
    ours = {r.slot: round(r.values["price_eur_kwh"], 5) for r in answer.readings}
    assert list(ours) == [start + timedelta(hours=n) for n in range(hours)]
    assert ours == theirs
    assert answer.days == {day}
    assert {r.source for r in answer.readings} == {f"{ask.product.source}/8742"}
