"""Builds everything from Airflow connections and the environment: the one place that does."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import quote

from airflow.sdk.bases.hook import BaseHook

from gapfill import catalog, settings
from gapfill.clock import read_clock
from gapfill.errors import ConfigError
from gapfill.orchestration.source_factory import AirflowSources
from gapfill.orchestration.store_memory import FileMemory
from gapfill.services.context import RunContext
from gapfill.services.store_guard import GuardedStore
from gapfill.sources.http.connection import find_connection, variable
from gapfill.stores.sqlite.connection import WAIT_S
from gapfill.stores.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from airflow.sdk import Connection

    from gapfill.services.ports import Store, StoreLocation

STORE = "gapfill_store"

_EXAMPLE = '{"conn_type": "sqlite", "host": "/var/lib/gapfill/gapfill.db"}'

HURRIED_S = 1.5
"""How long a page waits for a busy InfluxDB: shorter than what counts as a store that hangs."""

_UI_ONLY = "The command line does not see what is made in the UI, and needs the variable."


log = logging.getLogger(__name__)


def make_context(
    now: datetime | None = None,
    patience_s: float | None = None,
    tell: Callable[[str], None] = log.warning,
) -> RunContext:
    """Return this installation, with the clock read once.

    Its store raises where it held readings and holds none (``services.store_guard``).

    Args:
        now: The clock, read when left out.
        patience_s: How long to wait for the store at most; as it is set up when left out.
        tell: Takes what the person or the log should know, such as that a store was made.

    Raises:
        ConfigError: If the catalogue, the store's connection or the clock is wrong.
    """
    known = catalog.load(settings.catalog_path())
    memory = FileMemory(settings.state_folder(), tell)
    store = GuardedStore(make_store(patience_s), memory, known.series.values(), tell)
    return RunContext(known, cast("Store", store), AirflowSources(known), now or read_clock())


def forget_store() -> tuple[StoreLocation, bool]:
    """Forget what the store held, so that an empty one may take its place.

    Returns:
        The store, and whether anything was known of it.

    Raises:
        ConfigError: As ``make_store``, or if the catalogue is wrong.
        StoreError: If the store is there and holds readings, or cannot be read.
    """
    series = catalog.load(settings.catalog_path()).series.values()
    memory = FileMemory(settings.state_folder())
    store = GuardedStore(make_store(), memory, series, log.warning)
    try:
        return store.place, store.forget()
    finally:
        store.close()


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
    wait_s = WAIT_S if patience_s is None else min(WAIT_S, patience_s)
    return SqliteStore(_path(connection), wait_s=wait_s)


def _path(connection: Connection) -> Path:
    """Return the file that the connection names: the same one for everybody, wherever they are.

    Raises:
        ConfigError: If it names none, or one that depends on who asks from where.
    """
    host = (connection.host or "").strip()
    meant = (connection.schema or "").strip()
    if _is_in_home(host or meant):
        message = (
            f"The connection {STORE} names the file {host or meant!r} in a home folder, which is "
            "another file for each user: put its whole path into host, without ~, as in "
            f"{_EXAMPLE}."
        )
        raise ConfigError(message)
    if not host:
        path = meant if meant.startswith("/") else "/tmp/gapfill.db"  # noqa: S108 - an example
        message = (
            f"The connection {STORE} names no file: put its whole path into host, as in "
            f"{_EXAMPLE}, or as a URI, with each slash of the path as %2F: "
            f"sqlite://{quote(path, safe='')}"
        )
        raise ConfigError(message)
    if not Path(host).is_absolute():
        message = (
            f"The connection {STORE} names the file {host!r} by a relative path, which is another "
            f"file in each working directory: put its whole path into host, as in {_EXAMPLE}."
        )
        raise ConfigError(message)
    return Path(host)


def _is_in_home(path: str) -> bool:
    """Tell whether a path means a home folder: ``~`` is a part of it, or ``~name`` the first one.

    A URI cannot write such a path without a slash before it.
    """
    parts = path.strip("/").split("/")
    return "~" in parts or parts[0].startswith("~")


def _influx_store(connection: Connection, patience_s: float | None) -> Store:
    try:
        from gapfill.stores.influxdb.config import read_config
        from gapfill.stores.influxdb.store import InfluxStore
    except ModuleNotFoundError as exc:
        message = (
            f"The connection {STORE} is an InfluxDB, for which the Python package {exc.name!r} is "
            "missing: install requirements-airflow.txt into this environment."
        )
        raise ConfigError(message) from exc

    access = read_config(
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
