"""What ``make up`` takes from the shell, and where it listens."""

from __future__ import annotations

import json
import socket

import pytest

from tools.local_airflow import free_port
from tools.processes import ProgramError
from tools.up import FOLDER, PORTS, main, next_free, place_of, settings, sources_of


def test_connections_and_settings_of_the_shell_are_passed_on() -> None:
    """Nothing else is: neither another Airflow's settings nor the rest of the shell."""
    passed_on = {
        "AIRFLOW_CONN_REE_DEFAULT": "http://localhost",
        "AIRFLOW_CONN_GAPFILL_STORE": "sqlite:///x",
        "AIRFLOW_VAR_X": "1",
        "GAPFILL_NOW": "2026-03-20T12:00:00Z",
    }
    others = {"AIRFLOW_HOME": "/x", "AIRFLOW__CORE__EXECUTOR": "Celery", "PATH": "/bin"}
    given = settings({**passed_on, **others})
    ours = {
        "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
        "GAPFILL_RETRY_DELAY": "10",
        "GAPFILL_STATE": str(FOLDER / "state"),
    }
    assert given == {**passed_on, **ours}
    assert settings({"GAPFILL_RETRY_DELAY": "60"})["GAPFILL_RETRY_DELAY"] == "60"


def test_the_store_is_embedded_where_the_shell_names_none() -> None:
    """In the checkout, where Git does not look."""
    store = json.loads(settings({})["AIRFLOW_CONN_GAPFILL_STORE"])
    assert store["conn_type"] == "sqlite"
    assert store["host"].endswith("/.gapfill/store.db")


@pytest.mark.parametrize(
    "connection,place",
    [
        ('{"conn_type": "sqlite", "host": "/data/prices.db"}', "/data/prices.db"),
        ('{"conn_type": "influxdb", "host": "http://db", "extra": {"token": "t"}}', "influxdb"),
        ("influxdb://:token@db:8086", "as AIRFLOW_CONN_GAPFILL_STORE says"),
        ("{", "as AIRFLOW_CONN_GAPFILL_STORE says"),
        ("{}", "as AIRFLOW_CONN_GAPFILL_STORE says"),
    ],
)
def test_the_store_is_named_without_its_secrets(connection: str, place: str) -> None:
    """Whatever form the connection has."""
    assert place_of(connection) == place


def test_sources_without_a_key_are_named() -> None:
    """What works at once, what the shell gives, and what waits for a key; no secret."""
    assert sources_of(settings({})) == (
        "REE, ESIOS and Open-Meteo need no key; not configured yet: OpenWeatherMap, AEMET, SIAR"
    )
    shell = {
        "AIRFLOW_CONN_AEMET_DEFAULT": '{"conn_type": "http", "password": "secret"}',
        "AIRFLOW_CONN_SIAR_DEFAULT": "http://id:secret@",
        "AIRFLOW_CONN_OPENWEATHERMAP_DEFAULT": "http://:secret@",
    }
    assert sources_of(settings(shell)) == (
        "REE, ESIOS and Open-Meteo need no key; connections of this shell: "
        "aemet_default, openweathermap_default, siar_default"
    )


def test_a_taken_port_is_followed_by_the_next() -> None:
    """So that a second Airflow, or anything else on 8080, is no obstacle."""
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        assert port < next_free(port) < port + PORTS


def test_an_address_that_is_not_here_is_refused_in_a_sentence(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Before anything is started."""
    with pytest.raises(ProgramError, match="None of the ports 8080 to 8099 is free"):
        next_free(8080, "192.0.2.1")
    assert main(["--host", "192.0.2.1"]) == 1
    assert "give another with --port" in capsys.readouterr().out
