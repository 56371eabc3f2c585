"""A second place is an entry in the catalogue and no code: the documented one heals itself."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

import pytest

from tests.catalogs import write_catalog

if TYPE_CHECKING:
    from pathlib import Path

    from gapfill_sandbox import Sandbox
    from tests.cli.conftest import Cli

pytestmark = [pytest.mark.airflow, pytest.mark.usefixtures("installed")]

NAME = "weather_hourly_retiro"


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    """Return the catalogue with the documented second place, from 2025-11-04 on."""
    return write_catalog(
        tmp_path, example="Another place", earliest="2025-11-04", per_minute=60_000
    )


@pytest.fixture
def _keyed(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox) -> None:
    keyed = {"conn_type": "http", "host": sandbox.url, "password": "a-good-key"}
    monkeypatch.setenv("AIRFLOW_CONN_AEMET_DEFAULT", json.dumps(keyed))
    keyless = {"conn_type": "http", "host": sandbox.url}
    monkeypatch.setenv("AIRFLOW_CONN_OPEN_METEO_DEFAULT", json.dumps(keyless))


@pytest.mark.usefixtures("_keyed")
def test_a_second_place_heals_from_its_own_station_and_its_coordinates(
    cli: Cli, sandbox: Sandbox
) -> None:
    """AEMET's station of that place has its last 12 hours, Open-Meteo the 24 before them."""
    healed = cli("heal", "--series", NAME, "--json")
    assert (healed.code, healed.document["state"]) == (0, "ok")
    exported = cli("export", NAME, "--start", "2025-11-04", "--end", "2025-11-05T12:00:00Z")
    sources = [row["source"] for row in csv.DictReader(io.StringIO(exported.out))]
    # From midnight in Madrid, 23:00Z, to 11:00Z, whose hour is not out before 13:00Z.
    assert sources == ["open_meteo"] * 24 + ["aemet/3195"] * 12
    assert {e["path"] for e in sandbox.requests.of("aemet") if "/api/" in e["path"]} == {
        "/opendata/api/observacion/convencional/datos/estacion/3195"
    }


def test_a_source_without_a_station_at_the_place_says_so(cli: Cli) -> None:
    """SIAR is in the route, and the place has no SIAR station."""
    ran = cli("explain", NAME, "2025-11-04T10:00:00Z")
    assert "siar hourly place retiro has no siar station in the catalogue." in ran.out
