"""The kinds of store, by the type of the Airflow connection."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from gapfill.errors import ConfigError
from gapfill.extras import Connection
from gapfill.services.ports import Store

BUSY_WAIT_S = 1.5
"""How long a page waits for a busy InfluxDB; a longer wait would count as a store that hangs."""


def open_store(conn_id: str, connection: Connection, longest_s: float | None = None) -> Store:
    """Return the store of a connection; only here the client of its database is imported.

    Args:
        conn_id: Id of the connection, for messages.
        connection: The connection.
        longest_s: How long to wait at most for one answer; if omitted, as long as the store does.

    Raises:
        ConfigError: If there is no such kind of store, or the connection is wrong.
    """
    opener = STORES.get(connection.conn_type or "")
    if opener is None:
        message = (
            f"The connection {conn_id} has conn_type {connection.conn_type!r}; "
            f"this release can use {' and '.join(STORES)}."
        )
        raise ConfigError(message)
    return opener(conn_id, connection, longest_s)


def _open_sqlite(conn_id: str, connection: Connection, longest_s: float | None) -> Store:
    from gapfill.stores.sqlite.config import read_path
    from gapfill.stores.sqlite.connection import WAIT_S
    from gapfill.stores.sqlite.store import SqliteStore

    path = read_path(conn_id, connection.host, connection.schema, connection.extra)
    return SqliteStore(path, wait_s=WAIT_S if longest_s is None else min(WAIT_S, longest_s))


def _open_influxdb(conn_id: str, connection: Connection, longest_s: float | None) -> Store:
    try:
        from gapfill.stores.influxdb.config import read_config
        from gapfill.stores.influxdb.store import InfluxStore
    except ModuleNotFoundError as exc:
        message = (
            f"The connection {conn_id} is an InfluxDB, for which the Python package "
            f"{exc.name!r} is missing: install requirements-airflow.txt into this environment."
        )
        raise ConfigError(message) from exc

    config = read_config(
        conn_id,
        host=connection.host,
        port=connection.port,
        schema=connection.schema,
        password=connection.password,
        extra=connection.extra,
    )
    if longest_s is not None:
        timeout_s = min(config.timeout_s, longest_s)
        config = replace(config, timeout_s=timeout_s, busy_wait_s=BUSY_WAIT_S)
    return InfluxStore(config)


STORES: Mapping[str, Callable[[str, Connection, float | None], Store]] = {
    "sqlite": _open_sqlite,
    "influxdb": _open_influxdb,
}
"""The function that opens each kind."""
