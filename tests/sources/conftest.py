"""No connection left over, and no proxy on the way."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.sources.http.raw_server import RawServer

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True, scope="session")
def _logs_are_set_up() -> None:
    """Airflow sets logging up at its first look-up; what a test captures would end there."""
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException

    with pytest.raises(AirflowNotFoundException):
        BaseHook.get_connection("nothing_of_that_name")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("AIRFLOW_CONN_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture
def server() -> Iterator[RawServer]:
    """Serve raw answers."""
    with RawServer() as running:
        yield running


@pytest.fixture
def elsewhere() -> Iterator[RawServer]:
    """Serve raw answers on another port: another host, as far as a redirect is concerned."""
    with RawServer() as running:
        yield running
