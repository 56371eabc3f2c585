"""``heal`` with a key that is refused: one sentence names the connection, the others go on."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from gapfill_sandbox import serve
from tests.catalogs import write_catalog

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gapfill_sandbox import Sandbox
    from tests.cli.conftest import Cli

pytestmark = [pytest.mark.airflow, pytest.mark.usefixtures("installed")]

SECRETS = ("aemet-k3y-of-the-matrix", "siar-p4ssword", "98765432Z")
EARLIEST = {
    "pvpc": "2025-11-03",
    "weather_hourly": "2025-11-03",
    "weather_daily": "2025-10-20",
}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Serve every API without its rate."""
    with serve(
        now=datetime(2025, 11, 5, 12, tzinfo=UTC),
        rates={"ree": 0, "esios": 0, "aemet": 0, "siar": 0, "open_meteo": 0},
    ) as running:
        yield running


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    """Return the catalogue with short series, whose sources may be asked fast."""
    return write_catalog(tmp_path, earliest=EARLIEST, per_minute=60_000)


@pytest.fixture
def environment(environment: dict[str, str], sandbox: Sandbox) -> dict[str, str]:
    """Add keys of AEMET and SIAR, and Open-Meteo."""
    api = {"conn_type": "http", "host": sandbox.url}
    keys = {
        "AEMET": {"password": SECRETS[0]},
        "SIAR": {"password": SECRETS[1], "login": SECRETS[2]},
    }
    return environment | {
        "AIRFLOW_CONN_OPEN_METEO_DEFAULT": json.dumps(api),
        **{f"AIRFLOW_CONN_{name}_DEFAULT": json.dumps(api | key) for name, key in keys.items()},
    }


def test_a_wrong_key_is_one_sentence_and_an_error(cli: Cli, sandbox: Sandbox) -> None:
    """AEMET is asked once; REE's and SIAR's slots stand, Open-Meteo's for the hours between."""
    sandbox.faults.add({"api": "aemet", "kind": "401"})
    ran = cli("heal")
    assert ran.code == 1
    said = [line for line in ran.out.splitlines() if "aemet_default" in line]
    assert len(said) == 1
    assert (
        "the key of connection 'aemet_default' (AIRFLOW_CONN_AEMET_DEFAULT) was refused" in said[0]
    )
    assert "put a valid one into its password" in said[0]
    assert len(sandbox.requests.of("aemet")) == 1
    assert "Traceback" not in ran.err
    assert [secret for secret in SECRETS if secret in ran.out + ran.err] == []


def test_the_others_are_done(cli: Cli, sandbox: Sandbox) -> None:
    """In JSON: which unit failed, and what the other sources filled."""
    sandbox.faults.add({"api": "aemet", "kind": "401"})
    ran = cli("heal", "--json")
    assert ran.code == 1
    done = {(c["source"], c["series"], c["outcome"]) for c in ran.document["certificates"]}
    assert done == {
        ("aemet", "weather_hourly", "failed"),
        ("ree", "pvpc", "filled"),
        ("siar", "weather_hourly", "filled"),
        ("siar", "weather_daily", "filled"),
        ("open_meteo", "weather_hourly", "filled"),
    }
    assert len(ran.document["failures"]) == 1
    assert [secret for secret in SECRETS if secret in ran.out + ran.err] == []


def test_without_a_stand_in_what_is_missing_comes_first(
    cli: Cli, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 3: AEMET's hours stay missing when Open-Meteo is paused and SIAR has no key."""
    paused = {"conn_type": "http", "host": sandbox.url, "extra": {"paused": True}}
    for name in ("OPEN_METEO", "SIAR"):
        monkeypatch.setenv(f"AIRFLOW_CONN_{name}_DEFAULT", json.dumps(paused))
    sandbox.faults.add({"api": "aemet", "kind": "401"})
    ran = cli("heal")
    assert ran.code == 3
    assert sum("connection 'aemet_default'" in line for line in ran.out.splitlines()) >= 1
    assert len(sandbox.requests.of("aemet")) <= 2


def test_a_source_that_is_down_is_no_error_where_another_stands_in(
    cli: Cli, sandbox: Sandbox
) -> None:
    """It passes by itself, so nothing is for a person to do."""
    sandbox.faults.add({"api": "aemet", "kind": "500"})
    ran = cli("heal")
    assert ran.code == 0
    assert "answered HTTP 500" in ran.out


def test_one_healing_logs_in_to_siar_once(cli: Cli, sandbox: Sandbox) -> None:
    """Its hours and its days are two units; the bill counts the log-in once, as it is made."""
    bill = cli("plan", "--json").document["bill"]["by_source"]["siar"]
    assert bill["calls"] == 4 + 1 + 1  # the log-in, one request of hours, one of days
    ran = cli("heal", "--json")
    assert ran.code == 0
    units = {
        c["batch"] for c in ran.document["certificates"] if c["source"] == "siar" and c["calls"]
    }
    assert len(units) > 1
    paths = [str(entry["path"]) for entry in sandbox.requests.of("siar")]
    assert sum("obtenerToken" in path for path in paths) == 1
    assert sum("ACCESOS" in path for path in paths) == 1
