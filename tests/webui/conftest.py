"""The two apps as Airflow mounts them, in this process; and one real Airflow for what needs it."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.dags.conftest import standing
from tests.webui.served import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI
    from fastapi.testclient import TestClient

    from tests.dags.conftest import Plant
    from tests.webui.served import Served

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def database() -> None:
    """Make Airflow's tables."""
    from airflow.utils.db import initdb

    initdb()


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plant]:
    """Serve REE and ESIOS at noon of 2026-03-20: prices since 2026-02-15, an empty store."""
    with standing(tmp_path, monkeypatch) as built:
        yield built


@pytest.fixture
def root(database: None) -> FastAPI:  # noqa: ARG001 - its tables
    """Return a server with both apps, where everybody is an operator."""
    return make_server()


def make_server(role: str = "op", *, is_open: bool = True) -> FastAPI:
    """Return a server with both apps.

    Args:
        role: Of everybody who asks; empty: nobody is logged in.
        is_open: Whether everybody may do everything, whatever the role.
    """
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from airflow.api_fastapi.core_api.security import get_user
    from fastapi import FastAPI

    from gapfill.webui import auth
    from gapfill.webui.app import gaps_app, store_app

    server = FastAPI()
    for prefix, app in (("/gaps", gaps_app()), ("/influxdb", store_app())):
        if is_open:
            for gate in (auth.logged_in, auth.may_read, auth.may_start):
                app.dependency_overrides[gate] = lambda: None
            app.dependency_overrides[auth.starts] = lambda: True
        if role:
            user = SimpleAuthManagerUser(username="otto", role=role)
            app.dependency_overrides[get_user] = lambda user=user: user
        server.mount(prefix, app)
    return server


@pytest.fixture
def client(root: FastAPI, plant: Plant) -> TestClient:  # noqa: ARG001 - what its routes see
    """Return a client of it, around a plant."""
    from fastapi.testclient import TestClient

    return TestClient(root, raise_server_exceptions=False)


@pytest.fixture
def dag(database: None) -> Iterator[None]:  # noqa: ARG001 - its tables
    """Let Airflow know ``gap_detection``, unpaused and without runs."""
    with known_dag():
        yield


@contextmanager
def known_dag() -> Iterator[None]:
    """Let Airflow know ``gap_detection`` meanwhile, unpaused and without runs."""
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
    from airflow.models.dag import DagModel
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session

    with create_session() as session:
        session.query(DagRun).delete()
    DagBundlesManager().sync_bundles_to_db()  # type: ignore[no-untyped-call] # Airflow's
    bag = DagBag(str(ROOT / "dags"), bundle_path=ROOT / "dags", bundle_name="dags-folder")
    sync_bag_to_db(bag, "dags-folder", None)
    with create_session() as session:
        session.query(DagModel).update({"is_paused": False})
    yield
    with create_session() as session:
        session.query(DagRun).delete()
        session.query(DagModel).update({"is_stale": True})


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Run one Airflow for all tests that need a server."""
    with serving(tmp_path_factory.mktemp("served")) as running:
        yield running
