"""Builds everything from Airflow connections and the environment; no other module does."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import cast

from gapfill import catalog, settings
from gapfill.clock import read_clock
from gapfill.errors import ConfigError
from gapfill.orchestration.connections import by_airflow
from gapfill.orchestration.source_factory import AirflowSources
from gapfill.orchestration.store_memory import FileMemory
from gapfill.services.context import RunContext
from gapfill.services.ports import Store, StoreLocation
from gapfill.services.store_guard import GuardedStore
from gapfill.sources.http.connection import LookUp, find_connection, variable
from gapfill.stores.registry import open_store

STORE = "gapfill_store"

_EXAMPLE = '{"conn_type": "sqlite", "host": "/var/lib/gapfill/gapfill.db"}'

_UI_ONLY = "The command line cannot see connections that are made in the UI; it needs the variable."

log = logging.getLogger(__name__)


def make_context(
    now: datetime | None = None,
    timeout_s: float | None = None,
    warn: Callable[[str], None] = log.warning,
    look_up: LookUp = by_airflow,
) -> RunContext:
    """Return this installation, with the clock read once.

    The store raises if it held readings before and holds none now (``services.store_guard``).

    Args:
        now: The clock; if omitted, it is read.
        timeout_s: How long to wait for the store at most; if omitted, as the store is set up.
        warn: Takes messages for the person or the log, such as that a store was made.
        look_up: Looks connections up.

    Raises:
        ConfigError: If the catalogue, the store's connection or the clock is wrong.
    """
    known = catalog.load(settings.catalog_path())
    memory = FileMemory(settings.state_folder(), warn)
    store = GuardedStore(make_store(timeout_s, look_up), memory, known.series.values(), warn)
    sources = AirflowSources(known, look_up)
    return RunContext(known, cast("Store", store), sources, now or read_clock())


def forget_store(look_up: LookUp = by_airflow) -> tuple[StoreLocation, bool]:
    """Forget what the store held, so that an empty one may take its place.

    Args:
        look_up: Looks connections up.

    Returns:
        The place of the store, and whether there was anything to forget.

    Raises:
        ConfigError: As ``make_store``, or if the catalogue is wrong.
        StoreError: If the store exists and holds readings, or cannot be read.
    """
    series = catalog.load(settings.catalog_path()).series.values()
    memory = FileMemory(settings.state_folder())
    store = GuardedStore(make_store(None, look_up), memory, series, log.warning)
    try:
        return store.place, store.forget()
    finally:
        store.close()


def make_store(timeout_s: float | None = None, look_up: LookUp = by_airflow) -> Store:
    """Return the store of the connection ``gapfill_store``.

    Args:
        timeout_s: How long to wait for one answer of the store at most.
        look_up: Looks connections up.

    Raises:
        ConfigError: If there is no such connection, or Gapfill cannot use its type.
    """
    connection = find_connection(STORE, look_up, _EXAMPLE)
    if connection is None:
        message = (
            f"There is no connection {STORE}. Make it in Airflow under Admin, Connections, or set "
            f"{variable(STORE)}, for example to '{_EXAMPLE}'. {_UI_ONLY}"
        )
        raise ConfigError(message)
    if not connection.conn_type:
        message = f"The connection {STORE} cannot be read: it is JSON such as '{_EXAMPLE}'."
        raise ConfigError(message)
    return open_store(STORE, connection, timeout_s)
