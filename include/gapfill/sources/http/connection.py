"""Read the root URL, the key and the options from an Airflow connection."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from gapfill import extras
from gapfill.errors import ConfigError
from gapfill.extras import Connection

FLAGS = ("paused", "one_call")
"""Members of an extra that are true or false."""

_DEFAULT_PORTS = {"http": 80, "https": 443}
_LOOPBACK = ("localhost", "127.", "[::1]")


LookUp = Callable[[str], Connection | None]
"""Looks a connection up by its id; returns ``None`` if there is none, or raises ``Unreadable``."""


class Unreadable(Exception):
    """A look-up failed. Its text is only the type of the cause, whose text may hold the secret."""


@dataclass(frozen=True, slots=True)
class ConnectionConfig:
    """Address, credentials and options of one API; ``repr`` shows no secret.

    Attributes:
        conn_id: Id of the Airflow connection, whether or not it exists.
        root: Root URL without a slash at its end.
        key: From the connection's password.
        login: From its login.
        timeout_s: Its extra ``timeout``: seconds to wait for an answer.
        ca_bundle: Its extra ``ca_bundle``: a file of certificates to trust instead.
        extra: All of its extra.
    """

    conn_id: str
    root: str
    key: str | None = field(default=None, repr=False)
    login: str | None = field(default=None, repr=False)
    timeout_s: float | None = None
    ca_bundle: str | None = None
    extra: Mapping[str, object] = field(default_factory=dict, repr=False)


_EXAMPLE = (
    '{"conn_type": "http", "host": "https://…", "password": "KEY"}, '
    "host and password only where needed"
)


def variable(conn_id: str) -> str:
    """Return the environment variable that holds a connection."""
    return f"AIRFLOW_CONN_{conn_id.upper()}"


def read_config(conn_id: str, host: str, look_up: LookUp) -> ConnectionConfig:
    """Look a connection up and return its configuration.

    A public API without key needs no connection, so a missing one is not an error.

    Args:
        conn_id: Its id.
        host: Public root URL, for a connection that does not exist or names no host.
        look_up: Looks connections up.

    Raises:
        ConfigError: If it cannot be read, or is invalid.
    """
    connection = find_connection(conn_id, look_up)
    if connection is None:
        return ConnectionConfig(conn_id, host.rstrip("/"))
    return config_of(conn_id, connection, host)


def config_of(
    conn_id: str, connection: Connection, host: str, own: Collection[str] | None = None
) -> ConnectionConfig:
    """Return the configuration in a connection, see ``read_config`` and ``read_extra``.

    Raises:
        ConfigError: If it is invalid.
    """
    extra = read_extra(conn_id, connection.extra, own)
    return ConnectionConfig(
        conn_id,
        root=_root(conn_id, connection, host),
        key=_secret(conn_id, "password", connection.password),
        login=_secret(conn_id, "login", connection.login),
        timeout_s=_timeout(conn_id, extra),
        ca_bundle=_ca_bundle(conn_id, extra),
        extra=extra,
    )


def find_connection(conn_id: str, look_up: LookUp, example: str = _EXAMPLE) -> Connection | None:
    """Return the connection, ``None`` if there is none.

    Airflow ignores an environment variable that it cannot read; the call would then go to the
    public host, so this function checks for the variable itself.

    Raises:
        ConfigError: If it is set and cannot be read; without its text, which may hold the secret.
    """
    problem = "is set but cannot be read"
    try:
        found = look_up(conn_id)
    except Unreadable as exc:
        problem = f"cannot be read ({exc})"
    else:
        # Airflow takes any other text, such as a bare key, as a URL without anything in it.
        if found is not None and found.conn_type != "":
            return found
        if found is None and not os.environ.get(variable(conn_id)):
            return None
    raise _wrong(conn_id, problem, example)  # outside: the cause may hold the secret


def _wrong(conn_id: str, problem: str, example: str = _EXAMPLE) -> ConfigError:
    return ConfigError(
        f"Connection {conn_id!r} ({variable(conn_id)}) {problem}. It looks like {example}."
    )


def read_extra(
    conn_id: str, text: str | None, own: Collection[str] | None = None
) -> Mapping[str, object]:
    """Return a connection's extra, in which each of ``FLAGS`` is true or false.

    Args:
        conn_id: Id of the connection.
        text: Its extra.
        own: Names that the source reads beside ``extras.COMMON_NAMES``. A name that only another
            source reads is then refused.

    Raises:
        ConfigError: If it is not a JSON object, a name in it is misspelt, or a flag has
            another value.
    """
    try:
        extra = extras.read(text, extras.SOURCE_NAMES)
        if own is not None:
            extras.refuse_unread(extra, own)
        return extra | {name: extras.flag(extra, name) for name in FLAGS if name in extra}
    except extras.ExtraError as exc:
        problem = str(exc)
    raise _wrong(conn_id, problem)  # outside: the cause may hold the secret


def _secret(conn_id: str, name: str, value: str | None) -> str | None:
    """Return a secret without surrounding white space."""
    secret = (value or "").strip()
    if not secret.isprintable():
        raise _wrong(conn_id, f"has a {name} with unprintable characters")
    return secret or None


def _timeout(conn_id: str, extra: Mapping[str, object]) -> float | None:
    try:
        return extras.seconds(extra, "timeout")
    except extras.ExtraError as exc:
        problem = str(exc)
    raise _wrong(conn_id, problem)


def _ca_bundle(conn_id: str, extra: Mapping[str, object]) -> str | None:
    path = extra.get("ca_bundle")
    if path is None:
        return None
    if not isinstance(path, str) or not Path(path).exists():
        raise _wrong(conn_id, "has a ca_bundle in its extra that is not a file")
    return path


def _root(conn_id: str, connection: Connection, default: str) -> str:
    """Return the root URL: ``host`` alone, or schema, host and port joined."""
    host = (connection.host or "").strip() or default
    parts = _root_parts(conn_id, "host", host, connection.schema)
    if parts.port is None and connection.port and connection.host:
        parts = parts._replace(netloc=f"{parts.netloc}:{connection.port}")
    return _joined(parts)


def second_root(access: ConnectionConfig, name: str) -> str | None:
    """Return the root URL that a member of the extra names, ``None`` if it is absent.

    Raises:
        ConfigError: If it is not a root URL.
    """
    host = access.extra.get(name)
    if host is None or host == "":
        return None
    what = f"{name} in its extra"
    if not isinstance(host, str):
        raise _wrong(access.conn_id, f"has a {what} that is not text")
    return _joined(_root_parts(access.conn_id, what, host.strip()))


def _root_parts(conn_id: str, what: str, host: str, scheme: str | None = None) -> SplitResult:
    """Return the parts of a root URL, given with or without its scheme."""
    if "://" not in host:
        guess = "http" if host.startswith(_LOOPBACK) else "https"
        host = f"{(scheme or guess).lower()}://{host}"
    parts = _split(host)
    if parts is None:
        raise _wrong(conn_id, f"has a {what} that is not an http or https URL")
    if parts.username is not None or parts.query or parts.fragment:
        raise _wrong(conn_id, f"has a {what} with more than scheme, name, port and path in it")
    return parts


def _joined(parts: SplitResult) -> str:
    return f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/")


def origin(url: str) -> tuple[str, str, int] | None:
    """Return scheme, host and port of a URL, ``None`` if it is not a plain http URL."""
    parts = _split(url)
    if parts is None or parts.username is not None:
        return None
    return parts.scheme, parts.hostname or "", parts.port or _DEFAULT_PORTS[parts.scheme]


def _split(url: str) -> SplitResult | None:
    """Return the parts of an http URL with a host and a valid port, else ``None``."""
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in _DEFAULT_PORTS and parts.hostname and parts.port != 0
    except ValueError:
        return None
    return parts if is_usable else None


def is_at_home(url: str, root: str) -> bool:
    """Return whether a URL is of the root's scheme, host and port, or its upgrade to https."""
    there, home = origin(url), origin(root)
    if there is None or home is None:
        return False
    is_upgrade = there[0] == "https" and home[0] == "http" and _have_default_ports(there, home)
    return there == home or (is_upgrade and there[1] == home[1])


def _have_default_ports(*origins: tuple[str, str, int]) -> bool:
    return all(port == _DEFAULT_PORTS[scheme] for scheme, _, port in origins)
