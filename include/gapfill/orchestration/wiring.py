"""Builds everything from Airflow connections and the environment: the one place that does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from airflow.sdk.bases.hook import BaseHook

from gapfill import catalog, settings
from gapfill.errors import ConfigError
from gapfill.hooks.access import find_connection, variable
from gapfill.orchestration.clock import read_clock
from gapfill.orchestration.sources import AirflowSources
from gapfill.services.site import Site
from gapfill.stores.sqlite import SqliteStore
from gapfill.stores.sqlite_file import WAIT_S

if TYPE_CHECKING:
    from datetime import datetime

    from airflow.sdk import Connection

    from gapfill.services.ports import Store

STORE = "gapfill_store"

_EXAMPLE = '{"conn_type": "sqlite", "host": "gapfill.db"}'

HURRIED_S = 1.5
"""How long a page waits for a busy InfluxDB: shorter than what counts as a store that hangs."""

_UI_ONLY = "The command line does not see what is made in the UI, and needs the variable."


def make_site(now: datetime | None = None, patience_s: float | None = None) -> Site:
    """Return this installation, with the clock read once.

    Args:
        now: The clock, read when left out.
        patience_s: How long to wait for the store at most; as it is set up when left out.

    Raises:
        ConfigError: If the catalogue, the store's connection or the clock is wrong.
    """
    known = catalog.load(settings.catalog_path())
    return Site(known, make_store(patience_s), AirflowSources(known), now or read_clock())


def make_store(patience_s: float | None = None) -> Store:
    """Return the store that the connection ``gapfill_store`` names.

    Args:
        patience_s: How long one answer of it is waited for at most.

    Raises:
        ConfigError: If there is no such connection, or it is of a type Gapfill cannot use.
    """
    connection = find_connection(STORE, BaseHook.get_connection, _EXAMPLE)
    if connection is None:
        message = (
            f"There is no connection {STORE}. Make it in Airflow under Admin, Connections, or set "
            f"{variable(STORE)}, for example to '{_EXAMPLE}'. {_UI_ONLY}"
        )
        raise ConfigError(message)
    if connection.conn_type == "influxdb":
        return _influx_store(connection, patience_s)
    if not connection.conn_type:
        message = f"The connection {STORE} cannot be read: it is JSON such as '{_EXAMPLE}'."
        raise ConfigError(message)
    if connection.conn_type != "sqlite":
        message = (
            f"The connection {STORE} has conn_type {connection.conn_type!r}; "
            "this release can use sqlite and influxdb."
        )
        raise ConfigError(message)
    if not connection.host:
        message = f"The connection {STORE} names no file: put its path into host."
        raise ConfigError(message)
    wait_s = WAIT_S if patience_s is None else min(WAIT_S, patience_s)
    return SqliteStore(Path(connection.host).expanduser(), wait_s=wait_s)


def _influx_store(connection: Connection, patience_s: float | None) -> Store:
    from gapfill.stores.influxdb import InfluxStore
    from gapfill.stores.influxdb_access import read_access

    access = read_access(
        STORE,
        host=connection.host,
        port=connection.port,
        schema=connection.schema,
        password=connection.password,
        extra=connection.extra,
    )
    if patience_s is not None:
        silent_s = min(access.timeout_s, patience_s)
        access = replace(access, timeout_s=silent_s, patience_s=HURRIED_S)
    return InfluxStore(access)
