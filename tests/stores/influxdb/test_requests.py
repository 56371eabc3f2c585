"""How often a heal asks the store: counted by a proxy, against the calls to the APIs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from gapfill.domain.ledger import LedgerEntry, Outcome
from gapfill.domain.reading import Reading
from gapfill.services.context import RunContext
from gapfill.services.heal import heal
from gapfill.services.planning import RunRequest
from gapfill.services.ports import LedgerQuery
from gapfill.services.selection import Selection
from gapfill.sources.model import Answer
from gapfill.stores.influxdb import line_protocol
from gapfill.stores.influxdb.line_protocol import to_ns
from gapfill.stores.influxdb.store import InfluxStore
from tests.builders import WEATHER, hour, hours
from tests.catalogs import frozen
from tests.services.conftest import NOW, FakeTime, Scripted
from tests.services.test_heal import Nobody
from tests.stores.backends import InfluxBackend
from tests.stores.influxdb.fault_proxy import FaultProxy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gapfill.domain.series import Series
    from gapfill.sources.model import Ask

pytestmark = pytest.mark.server

THIRD = 12.2 / 3
"""A third of what a call cost before (1c77920): 12.1 here, 12.2 on a plant's store."""


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[InfluxBackend]:
    """Return an empty bucket."""
    made = InfluxBackend(tmp_path)
    yield made
    made.close()


def answer(ask: Ask) -> Answer:
    """Answer every slot with all that the product gives."""
    given = {f.name: 20.0 for f in ask.series.fields if f.required or f.name in ask.product.gives}
    slots = ask.series.grid.slots(ask.interval)
    readings = tuple(Reading(slot, given, ask.product.grade, ask.origin) for slot in slots)
    return Answer(readings, evidence="HTTP 200")


@pytest.mark.parametrize(
    "name, since, every_days",
    [
        ("weather_hourly", datetime(2024, 1, 1, tzinfo=UTC), 9),
        ("pvpc", datetime(2022, 12, 31, 23, tzinfo=UTC), 16),
    ],
)
def test_a_call_costs_at_most_a_third_of_the_requests(
    backend: InfluxBackend, name: str, since: datetime, every_days: int
) -> None:
    """Holes of an hour, too far apart for one call to serve two of them."""
    known = frozen()
    series = replace(known.series[name], earliest=since)
    known = replace(known, series={name: series})
    head = line_protocol.head(series.measurement, series.tags)
    fields = ",".join(f"{field.name}=20.0" for field in series.fields)
    slots = [since + timedelta(hours=n) for n in range((NOW - since) // timedelta(hours=1) + 24)]
    lines = [
        f"{head} {fields} {to_ns(slot)}"
        for n, slot in enumerate(slots)
        if n % (24 * every_days) != 7
    ]
    for first in range(0, len(lines), 5000):
        backend.engine.write(backend.bucket, lines[first : first + 5000])
    proxy = FaultProxy(backend.engine.url)
    store = InfluxStore(backend.engine.access(backend.bucket, url=proxy.url))
    sources, time = Scripted(otherwise=answer, keyed={"siar"}), FakeTime()
    context = RunContext(known, store, sources, NOW, time.sleep, time.monotonic)
    healed = heal(context, RunRequest(Selection((series,))), "run", Nobody())
    store.close()
    proxy.close()
    assert healed.summary.status == "completed", healed.summary.failures
    assert healed.summary.calls == len(sources.asked) > 70
    assert len(proxy.paths) / len(sources.asked) <= THIRD


def known_series(count: int, length: int) -> tuple[Series, ...]:
    """Return so many series, each with a name of so many characters."""
    return tuple(replace(WEATHER, name=f"w{n:0{length - 1}}") for n in range(count))


@pytest.mark.parametrize("count, length, requests", [(1, 18, 1), (150, 18, 2), (150, 80, 8)])
def test_the_books_of_many_series_are_read_in_as_few_requests_as_urls_hold_their_names(
    backend: InfluxBackend, count: int, length: int, requests: int
) -> None:
    """Lines and summary rows: two for 150 usual names, more for names of 80 characters."""
    asked = known_series(count, length)
    store = backend.open()
    entry = LedgerEntry("", "siar.hourly", None, hours(0, 1), Outcome.NO_DATA, hour(9), "HTTP 200")
    store.append_ledger([replace(entry, series=one.name) for one in asked])
    store.close()
    proxy = FaultProxy(backend.engine.url)
    store = InfluxStore(backend.engine.access(backend.bucket, url=proxy.url))
    store.ledger_snapshot(LedgerQuery(hour(10), hour(0), (WEATHER,)))  # the first contact asks more
    proxy.paths.clear()
    books = store.ledger_snapshot(LedgerQuery(hour(10), hour(0), asked))
    store.close()
    proxy.close()
    assert books.entries == {one.name: [replace(entry, series=one.name)] for one in asked}
    assert len(proxy.paths) == requests
