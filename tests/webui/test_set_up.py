"""What the page itself answers where catalogue, connection or store is wrong."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.webui.test_query_routes import fill

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi.testclient import TestClient

    from tests.dags.conftest import Plant

pytestmark = pytest.mark.airflow

STORE = "AIRFLOW_CONN_GAPFILL_STORE"
HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def _no_catalogue(monkeypatch: pytest.MonkeyPatch, _: Plant) -> str:
    monkeypatch.setenv("GAPFILL_CATALOG", "/nowhere/catalog.yaml")
    return "The catalogue /nowhere/catalog.yaml cannot be read"


def _no_connection(monkeypatch: pytest.MonkeyPatch, _: Plant) -> str:
    monkeypatch.delenv(STORE)
    return "There is no connection gapfill_store"


def _relative(monkeypatch: pytest.MonkeyPatch, _: Plant) -> str:
    monkeypatch.setenv(STORE, json.dumps({"conn_type": "sqlite", "host": "gapfill.db"}))
    return "by a relative path"


def _no_folder(monkeypatch: pytest.MonkeyPatch, _: Plant) -> str:
    store = {"conn_type": "sqlite", "host": "/nowhere/gapfill.db"}
    monkeypatch.setenv(STORE, json.dumps(store))
    return "its folder does not exist"


def _no_database(_: pytest.MonkeyPatch, plant: Plant) -> str:
    plant.store_file.write_text("This is a shopping list, not a database at all. " * 100)
    return "file is not a database"


def _gone(_: pytest.MonkeyPatch, plant: Plant) -> str:
    from gapfill.orchestration import container

    fill(plant)
    context = container.make_context()
    assert context.store.newest(context.catalog.series["pvpc"])
    context.store.close()
    plant.store_file.unlink()
    return "The store that had readings until"


WRONG = [_no_catalogue, _no_connection, _relative, _no_folder, _no_database, _gone]


@pytest.mark.parametrize("spoil", WRONG)
@pytest.mark.parametrize("path", ["/gaps/", "/gaps/summary", "/gaps/coverage", "/influxdb/verify"])
def test_a_program_gets_503_and_the_sentence(
    client: TestClient, plant: Plant, monkeypatch: pytest.MonkeyPatch, path: str, spoil: object
) -> None:
    """From the page's own path too, which a monitor asks."""
    words = spoil(monkeypatch, plant)  # type: ignore[operator] # one of WRONG
    reply = client.get(path)
    assert reply.status_code == 503
    assert reply.headers["content-type"] == "application/problem+json"
    assert words in reply.json()["detail"]
    assert client.get("/gaps/static/nav.svg").status_code == 200


@pytest.mark.parametrize("spoil", [_no_catalogue, _no_connection, _relative])
def test_a_person_gets_the_page_with_the_sentence(
    client: TestClient, plant: Plant, monkeypatch: pytest.MonkeyPatch, spoil: object
) -> None:
    """It goes on trying by itself."""
    words = spoil(monkeypatch, plant)  # type: ignore[operator] # one of WRONG
    reply = client.get("/gaps/", headers=HTML)
    assert (reply.status_code, reply.headers["content-type"]) == (503, "text/html; charset=utf-8")
    assert words in reply.text
    assert "main.js" in reply.text


def test_what_is_well_is_the_page(client: TestClient, plant: Plant) -> None:
    """For people and programs."""
    fill(plant)
    for headers in ({}, HTML):
        reply = client.get("/gaps/", headers=headers)
        assert (reply.status_code, "main.js" in reply.text) == (200, True)
        assert 'role="alert" hidden' in reply.text


def test_the_page_and_the_summary_name_the_store(client: TestClient, plant: Plant) -> None:
    """Which may be another one than the person thinks."""
    fill(plant)
    path = str(plant.store_file)
    assert client.get("/gaps/coverage").json()["store"] == path
    assert client.get("/gaps/summary").json()["store"] == path


def test_a_package_that_is_missing_when_it_is_needed_is_said(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As the client of InfluxDB, which only its users need."""
    import sys

    import gapfill.stores

    # The import that fails sets this attribute to a new module: the old one comes back after it.
    monkeypatch.setattr(gapfill.stores, "influxdb", gapfill.stores.influxdb, raising=False)
    for name in [name for name in sys.modules if name.startswith("gapfill.stores.influxdb")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "influxdb_client", None)
    monkeypatch.setitem(sys.modules, "urllib3.exceptions", None)
    extra = {"token": "t", "org": "o", "bucket": "b"}
    store = {"conn_type": "influxdb", "host": f"http://{tmp_path.name}", "extra": extra}
    monkeypatch.setenv(STORE, json.dumps(store))
    reply = client.get("/gaps/summary")
    assert reply.status_code == 503
    assert "for which the Python package" in reply.json()["detail"]
