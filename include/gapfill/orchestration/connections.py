"""Where connections come from: Airflow, or for the command line the environment alone.

Airflow looks into its secrets backend and into the environment; its own processes also look
into its database. The command line is not a process of Airflow, so without a secrets backend
only the environment remains. This module reads it without importing Airflow, which takes a
second.
"""

from __future__ import annotations

import json
import os
from configparser import ConfigParser
from configparser import Error as ConfigParserError
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from gapfill.extras import Connection
from gapfill.sources.http.connection import LookUp, variable

_BACKENDS = (("secrets", "backend"), ("workers", "secrets_backend"))
"""Section and option of Airflow's settings that name a secrets backend."""


@dataclass(frozen=True, slots=True)
class EnvironmentConnection:
    """A connection of the environment, with the fields of Airflow's; `repr` hides its secrets."""

    conn_type: str | None = None
    description: str | None = None
    host: str | None = None
    schema: str | None = None
    login: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    port: int | None = None
    extra: str | None = field(default=None, repr=False)

    @property
    def extra_dejson(self) -> dict[str, Any]:
        """The object in `extra`, empty if its text is not JSON."""
        try:
            found: dict[str, Any] = json.loads(self.extra or "{}")
        except ValueError:
            return {}
        return found


def by_airflow(conn_id: str) -> Connection | None:
    """Return a connection as Airflow finds it, ``None`` if there is no such connection.

    Raises:
        Unreadable: If it cannot be read.
    """
    from gapfill.sources.http.airflow_connection import look_up

    return look_up(conn_id)


def by_environment(conn_id: str) -> Connection | None:
    """Return a connection of the environment, ``None`` if it is absent or cannot be read."""
    text = os.environ.get(variable(conn_id), "").strip()
    try:
        return _of_json(text) if text.startswith("{") else _of_uri(text) if text else None
    except (ValueError, TypeError):  # like Airflow, which then looks elsewhere
        return None


def for_command_line() -> LookUp:
    """Return the look-up for a process that Airflow did not start."""
    is_server = "_AIRFLOW_PROCESS_CONTEXT" in os.environ
    return by_airflow if is_server or _has_secrets_backend() else by_environment


def _of_json(text: str) -> EnvironmentConnection:
    said = json.loads(text)
    extra, port, kind = (said.pop(name, None) for name in ("extra", "port", "conn_type"))
    uri = said.pop("uri", None)
    if uri is not None:  # a URI without other members is read like any URI
        if said or extra or port or kind or not isinstance(uri, str):
            raise TypeError
        return _of_uri(uri)
    if not all(isinstance(value, str | None) for value in (kind, *said.values())):
        raise TypeError
    if extra:
        said["extra"] = extra if isinstance(extra, str) else json.dumps(extra)
    if kind:
        said["conn_type"] = _kind(kind)
    if port:
        said["port"] = int(port)
    return EnvironmentConnection(**said)


def _of_uri(text: str) -> EnvironmentConnection:
    """Return the connection of a URI; its host may have a scheme of its own."""
    kind = urlsplit(text).scheme
    has_scheme = text.count("://") == 2  # noqa: PLR2004 - type://scheme://host
    rest = text.replace(f"{kind}://", "" if has_scheme else "//")
    if text.count("://") > 2 or (has_scheme and set("@:") & set(rest.split("://", 1)[0])):  # noqa: PLR2004 - as above
        raise ValueError
    parts = urlsplit(rest)
    host = _host(parts.netloc)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    return EnvironmentConnection(
        conn_type=_kind(kind),
        host=f"{parts.scheme}://{host}" if host and has_scheme else host,
        schema=unquote(parts.path[1:]),
        login=parts.username and unquote(parts.username),
        password=parts.password and unquote(parts.password),
        port=parts.port,
        extra=query.get("__extra__", json.dumps(query)) if query else None,
    )


def _kind(said: str) -> str:
    return "postgres" if said == "postgresql" else said.replace("-", "_")


def _host(netloc: str) -> str:
    """Return the host; quoted slashes are part of it (the path of a file or of a socket)."""
    host = unquote(urlsplit(f"//{netloc}").hostname or "")
    if "/" not in host:
        return host
    return unquote(netloc.rsplit("@", 1)[-1].split(":", 1)[0])


def _has_secrets_backend() -> bool:
    """Return whether Airflow's settings name a secrets backend, or cannot be read here."""
    for section, option in _BACKENDS:
        name = f"AIRFLOW__{section}__{option}".upper()
        if any(os.environ.get(name + more) for more in ("", "_CMD", "_SECRET")):
            return True
    home = os.environ.get("AIRFLOW_HOME") or "~/airflow"
    path = Path(os.environ.get("AIRFLOW_CONFIG") or f"{home}/airflow.cfg")
    settings = ConfigParser(interpolation=None, strict=False)
    try:
        settings.read(Path(os.path.expandvars(path)).expanduser(), encoding="utf-8")
    except (OSError, ValueError, RuntimeError, ConfigParserError):
        return True
    return any(
        settings.get(section, option + more, fallback="").strip()
        for section, option in _BACKENDS
        for more in ("", "_cmd", "_secret")
    )
