"""Builds everything from Airflow connections and the environment: the one place that does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from airflow.sdk.bases.hook import BaseHook
from filelock import FileLock

from gapfill import catalog, settings
from gapfill.errors import ConfigError
from gapfill.hooks.access import find_connection, variable
from gapfill.hooks.esios import EsiosHook
from gapfill.hooks.ree import ReeHook
from gapfill.orchestration.clock import read_clock
from gapfill.services.site import Site
from gapfill.stores.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from airflow.sdk import Connection

    from gapfill.catalog import Catalog
    from gapfill.domain.interval import Interval
    from gapfill.domain.product import Product, Source
    from gapfill.domain.series import Station
    from gapfill.services.ports import Caller, Store

STORE = "gapfill_store"

HOOKS: Mapping[str, type[ReeHook | EsiosHook]] = {"ree": ReeHook, "esios": EsiosHook}
"""Hook of each source; a source without one is "not configured"."""

_EXAMPLE = '{"conn_type": "sqlite", "host": "gapfill.db"}'

_UI_ONLY = "Connections made in the Airflow UI are seen by DAGs only; for the command line set "


def make_site(now: datetime | None = None) -> Site:
    """Return this installation, with the clock read once.

    Raises:
        ConfigError: If the catalogue, the store's connection or the clock is wrong.
    """
    known = catalog.load(settings.catalog_path())
    return Site(known, make_store(), AirflowSources(known), now or read_clock())


def make_store() -> Store:
    """Return the store that the connection ``gapfill_store`` names.

    Raises:
        ConfigError: If there is no such connection, or it is of a type Gapfill cannot use.
    """
    connection = find_connection(STORE, BaseHook.get_connection, _EXAMPLE)
    if connection is None:
        message = (
            f"There is no connection {STORE}. {_UI_ONLY}{variable(STORE)}, for example to "
            f"'{_EXAMPLE}'; in Airflow it may also be made under Admin, Connections."
        )
        raise ConfigError(message)
    if connection.conn_type != "sqlite":
        message = (
            f"The connection {STORE} has conn_type {connection.conn_type!r}; "
            "this release can use sqlite."
        )
        raise ConfigError(message)
    if not connection.host:
        message = f"The connection {STORE} names no file: put its path into host."
        raise ConfigError(message)
    return SqliteStore(Path(connection.host).expanduser())


class AirflowSources:
    """The sources as Airflow connections set them up (port ``Sources``)."""

    def __init__(self, known: Catalog) -> None:
        self._catalog = known
        self._connections: dict[str, Connection | None] = {}

    def obstacle(self, product: Product) -> str | None:
        """Return why a product cannot be asked, as a sentence; ``None`` where it can."""
        source = self._catalog.sources[product.source]
        if source.name not in HOOKS:
            return f"is not configured: this release has no hook for {source.title}"
        connection = self._connection(source)
        if connection is not None and connection.extra_dejson.get("paused") is True:
            return f'is paused ("paused": true in the extra of connection {source.connection})'
        if product.needs_key and connection is None:
            return (
                f"is not configured: there is no connection {source.connection} "
                f"({variable(source.connection)})"
            )
        if product.needs_key and connection is not None and not connection.password:
            return f"is not configured: connection {source.connection} has no password, its key"
        return None

    def held(self, product: Product, station: Station) -> Sequence[Interval] | None:
        """Return what a product of files has of a station, ``None`` where that is not known."""
        del product, station
        return None

    def caller(self, source: str, before_call: Callable[[int], None]) -> Caller:
        """Return the source's hook, which runs ``before_call`` before each HTTP request."""
        known = self._catalog.sources[source]
        if source not in HOOKS:
            message = f"This release has no hook for {known.title}."
            raise ConfigError(message)
        return HOOKS[source](known.connection, host=known.host, before_call=before_call)

    def turn(self, source: str) -> AbstractContextManager[object]:
        """Wait for this machine's turn at a source: one caller at a time, by a lock file."""
        folder = settings.lock_folder()
        folder.mkdir(parents=True, exist_ok=True)
        return FileLock(folder / f"{re.sub(r'[^a-z0-9_]', '_', source)}.lock")

    def _connection(self, source: Source) -> Connection | None:
        if source.connection not in self._connections:
            self._connections[source.connection] = find_connection(
                source.connection, BaseHook.get_connection
            )
        return self._connections[source.connection]
