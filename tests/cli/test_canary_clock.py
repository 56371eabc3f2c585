"""PVPC of the Canary Islands from the command line: healed, and refreshed where it was early."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from gapfill import catalog
from gapfill.domain.reading import Row
from gapfill.domain.series import Grade
from gapfill.stores.sqlite.store import SqliteStore
from gapfill_sandbox import world
from tests.catalogs import write_catalog
from tests.cli.test_influxdb import connect
from tests.stores.backends import InfluxBackend

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gapfill.domain.series import Series
    from gapfill.services.ports import Store
    from gapfill_sandbox import Sandbox
    from tests.cli.conftest import Cli

pytestmark = [pytest.mark.airflow, pytest.mark.usefixtures("installed")]

NAME = "pvpc_canarias"
HOUR = timedelta(hours=1)
FIRST = datetime(2025, 10, 24, 23, tzinfo=UTC)
"""Midnight of 2025-10-25 in the islands."""
DUE = datetime(2025, 11, 6, tzinfo=UTC)
"""Midnight of 2025-11-06 there: at the tests' noon of the 5th the prices before it are due."""


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    """Return the catalogue with the documented islands, from 2025-10-25 on."""
    islands = "Another clock: PVPC of the Canary Islands"
    return write_catalog(tmp_path, example=islands, earliest="2025-10-25", per_minute=60_000)


@pytest.fixture(params=["sqlite", pytest.param("influxdb", marks=pytest.mark.server)])
def opened(
    request: pytest.FixtureRequest, tmp_path: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Store]:
    """Return the installation's store, of each kind in turn."""
    if request.param == "sqlite":
        embedded = SqliteStore(store)
        yield embedded
        embedded.close()
        return
    made = InfluxBackend(tmp_path)
    connect(monkeypatch, made.engine.url, made.bucket)
    yield made.open()
    made.close()


def _truth(slot: datetime) -> float:
    """Return the price that holds at a slot: the row that Madrid's table has an hour before."""
    return world.price(8742, slot - HOUR)


def _prices(cli: Cli, *bounds: str) -> dict[str, tuple[float, str]]:
    rows = csv.DictReader(io.StringIO(cli("export", NAME, *bounds).out))
    return {row["slot"]: (float(row["price_eur_mwh"]), row["source"]) for row in rows}


def test_the_islands_are_healed_on_their_own_clock(cli: Cli, sandbox: Sandbox) -> None:
    """From midnight there to midnight there, over the day of 25 hours, in one call for 12 days."""
    healed = cli("heal", "--series", NAME, "--json")
    assert (healed.code, healed.document["state"]) == (0, "ok")
    (asked,) = [entry["query"] for entry in sandbox.requests.of("ree")]
    assert asked["start_date"] + asked["end_date"] == ["2025-10-25T00:00", "2025-11-05T23:59"]
    prices = _prices(cli)
    slots = [FIRST + n * HOUR for n in range((DUE - FIRST) // HOUR)]
    assert prices == {f"{s:%Y-%m-%dT%H:%M:%SZ}": (_truth(s), "ree/8742") for s in slots}
    long_day = _prices(cli, "--start", "2025-10-26", "--end", "2025-10-26")
    assert (min(long_day), max(long_day)) == ("2025-10-25T23:00:00Z", "2025-10-26T23:00:00Z")
    assert len(long_day) == 25
    status = cli("status", NAME, "--json").document["series"][0]
    assert status["warnings"] == []
    assert status["slots"]["pending"] == 24  # tomorrow there, out at 20:50 in Madrid


def test_the_archive_is_asked_day_by_day_of_the_islands(
    cli: Cli, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One file for each day there, also for the day of 25 hours."""
    paused = {"conn_type": "http", "host": sandbox.url, "extra": {"paused": True}}
    monkeypatch.setenv("AIRFLOW_CONN_REE_DEFAULT", json.dumps(paused))
    assert cli("heal", "--series", NAME, "--end", "2025-10-27").code == 0
    asked = [e["query"]["date"][0] for e in sandbox.requests.of("esios") if e["query"].get("date")]
    assert sorted(asked) == ["2025-10-25", "2025-10-26", "2025-10-27"]
    prices = _prices(cli)
    slots = [FIRST + n * HOUR for n in range(24 + 25 + 24)]
    assert prices == {
        f"{s:%Y-%m-%dT%H:%M:%SZ}": (world.price(8741, s - HOUR), "esios/8742") for s in slots
    }


def _early(series: Series, store: Store, source: str, start: datetime, hours: int) -> None:
    """Write hours as an earlier release did: each price at Madrid's instant."""
    store.import_rows(
        series,
        [
            Row(slot, {"price_eur_mwh": world.price(8742, slot)}, Grade.OFFICIAL, source, "old/a")
            for slot in (start + n * HOUR for n in range(hours))
        ],
    )


def test_hours_that_an_earlier_release_wrote_are_told_and_refreshed_on_demand(
    cli: Cli, catalogue: Path, opened: Store
) -> None:
    """Nothing is changed before; the printed command sets all of it right."""
    series = catalog.load(catalogue).series[NAME]
    _early(series, opened, "ree", FIRST, 72)
    _early(series, opened, "esios", FIRST + 96 * HOUR, 2)
    _early(series, opened, "import", FIRST + 98 * HOUR, 1)
    assert cli("heal", "--series", NAME).code == 0
    before = _prices(cli)
    assert before["2025-10-25T10:00:00Z"] == (world.price(8742, FIRST + 11 * HOUR), "ree")
    assert before["2025-10-28T10:00:00Z"] == (_truth(FIRST + 83 * HOUR), "ree/8742")
    (warning,) = cli("status", NAME, "--json").document["series"][0]["warnings"]
    assert warning == (
        "pvpc_canarias: 74 slots were written by an earlier release, which used the clock "
        "of Madrid instead of Atlantic/Canary: each price is stored an hour early. Refresh "
        "them: "
        "python -m gapfill heal --series pvpc_canarias --start 2025-10-24T23:00:00Z "
        "--end 2025-10-29T01:00:00Z --refresh"
    )
    assert warning in cli("status", NAME).out
    command = warning.partition("python -m gapfill ")[2]
    assert cli(*command.split()).code == 0
    after = _prices(cli)
    assert after.pop("2025-10-29T01:00:00Z") == (world.price(8742, FIRST + 98 * HOUR), "import")
    slots = [FIRST + n * HOUR for n in range((DUE - FIRST) // HOUR) if n != 98]
    assert after == {f"{s:%Y-%m-%dT%H:%M:%SZ}": (_truth(s), "ree/8742") for s in slots}
    assert cli("status", NAME, "--json").document["series"][0]["warnings"] == []


def test_the_peninsula_is_never_taken_for_early(cli: Cli) -> None:
    """Its source is the plain name, as it always was."""
    assert cli("heal", "--series", "pvpc").code == 0
    (series,) = cli("status", "pvpc", "--json").document["series"]
    assert (series["slots"]["complete"], series["warnings"]) == (289, [])
