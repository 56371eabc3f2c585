"""Look up a connection with Airflow, whose import takes a second."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from airflow.sdk.bases.hook import BaseHook
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowNotFoundException,
    AirflowRuntimeError,
)

from gapfill.extras import Connection
from gapfill.sources.http.connection import Unreadable

_FAILURES = (AirflowException, AirflowRuntimeError, OSError, ValueError, TypeError, KeyError)


def look_up(
    conn_id: str, get_connection: Callable[[str], Any] = BaseHook.get_connection
) -> Connection | None:
    """Return a connection, ``None`` if there is none.

    Raises:
        Unreadable: If it cannot be read.
    """
    try:
        found: Connection = get_connection(conn_id)
    except AirflowNotFoundException:
        return None
    except _FAILURES as exc:
        problem = type(exc).__name__
    else:
        return found
    raise Unreadable(problem)  # outside: the cause may hold the secret
