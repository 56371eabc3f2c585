"""A public client reads from the sandbox what our hook reads: open-meteo, by its maintainer."""

from __future__ import annotations

import asyncio
import json
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from gapfill_sandbox import serve
from tests.sources.open_meteo.asks import NOW, ask_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gapfill_sandbox import Sandbox
    from tests.sources.open_meteo.independent_client import Values

pytestmark = pytest.mark.airflow


def _by_hook(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, product: str, start: str, end: str
) -> Values:
    from gapfill.sources.open_meteo.hook import OpenMeteoHook

    text = json.dumps({"conn_type": "http", "host": sandbox.url})
    monkeypatch.setenv("AIRFLOW_CONN_OPEN_METEO_DEFAULT", text)
    readings = OpenMeteoHook().fetch(ask_of(start, end, product=product)).readings
    return {reading.slot: dict(reading.values) for reading in readings}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Serve a sandbox at noon of 2025-11-05 UTC."""
    with serve(now=NOW) as running:
        yield running


@pytest.mark.parametrize("product", ["forecast", "archive"])
def test_both_read_the_same_values_of_past_dates(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, product: str
) -> None:
    """Three dates of labels, over the clock change."""
    from tests.sources.open_meteo.independent_client import by_client

    theirs = by_client(sandbox, product, date(2025, 10, 25), date(2025, 10, 27))
    ours = _by_hook(sandbox, monkeypatch, product, "2025-10-24T23:00", "2025-10-27T23:00")
    assert len(ours) == 72
    assert ours == theirs


def test_only_the_client_reads_the_hours_to_come(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To it they are what it is for; to us they are no observations."""
    from tests.sources.open_meteo.independent_client import by_client

    theirs = by_client(sandbox, "forecast", date(2025, 11, 5), date(2025, 11, 5))
    ours = _by_hook(sandbox, monkeypatch, "forecast", "2025-11-04T23:00", "2025-11-05T23:00")
    assert (len(theirs), len(ours)) == (24, 13)
    assert ours == {slot: row for slot, row in theirs.items() if slot.hour < 12 or slot.hour == 23}


def test_the_client_reads_the_archive_no_further_than_five_days_ago(sandbox: Sandbox) -> None:
    """Noon of 2025-10-31 is the last label with values."""
    from tests.sources.open_meteo.independent_client import by_client

    theirs = by_client(sandbox, "archive", date(2025, 10, 30), date(2025, 11, 1))
    assert max(theirs) + timedelta(hours=1) == NOW - timedelta(days=5)


def test_the_client_understands_the_refusals(sandbox: Sandbox) -> None:
    """A date too far ahead, and too many calls."""
    from open_meteo import OpenMeteoRateLimitError, OpenMeteoResponseError

    from tests.sources.open_meteo.independent_client import read

    far = date(2025, 12, 24)
    with pytest.raises(OpenMeteoResponseError, match="out of allowed range"):
        asyncio.run(read(sandbox.url, "forecast", far, far))
    sandbox.faults.add({"api": "open_meteo", "kind": "429", "retry_after": 7})
    with pytest.raises(OpenMeteoRateLimitError, match="Minutely API request limit") as caught:
        asyncio.run(read(sandbox.url, "forecast", far, far))
    assert caught.value.retry_after == 7
