"""A public client reads the sandbox: aiopvpc, the library behind Home Assistant's prices."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiopvpc import PVPCData

from gapfill.sandbox import Sandbox, serve, world

if TYPE_CHECKING:
    from collections.abc import Mapping

HOST = "https://api.esios.ree.es"
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
    sandbox: Sandbox, now: datetime, token: str | None, tariff: str
) -> dict[datetime, float]:
    """Return the prices in €/kWh that the library reads at an instant."""
    async with aiohttp.ClientSession() as session:
        client = PVPCData(
            session=_Session(session, sandbox.url),
            tariff=tariff,
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
