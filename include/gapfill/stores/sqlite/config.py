"""Which file the connection of an embedded store names."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote

from gapfill import extras
from gapfill.errors import ConfigError

_EXAMPLE = '{"conn_type": "sqlite", "host": "/var/lib/gapfill/gapfill.db"}'


def read_path(conn_id: str, host: str | None, schema: str | None, extra: str | None = None) -> Path:
    """Return the file that a connection names: the same for all users and working directories.

    Args:
        conn_id: Id of the connection, for messages.
        host: The file, with its folders.
        schema: Contains the file if the connection is a wrong URI.
        extra: A JSON object; Gapfill reads nothing from it.

    Raises:
        ConfigError: If it names no file, or one that depends on the user or the working directory.
    """
    try:
        extras.read(extra, ())
    except extras.ExtraError as exc:
        message = f"The connection {conn_id} {exc}. It looks like {_EXAMPLE}."
        raise ConfigError(message) from None
    host = (host or "").strip()
    meant = (schema or "").strip()
    if _is_in_home(host or meant):
        message = (
            f"The connection {conn_id} names the file {host or meant!r} in a home folder, which is "
            "another file for each user: put its whole path into host, without ~, as in "
            f"{_EXAMPLE}."
        )
        raise ConfigError(message)
    if not host:
        path = meant if meant.startswith("/") else "/tmp/gapfill.db"  # noqa: S108 - an example
        message = (
            f"The connection {conn_id} names no file: put its whole path into host, as in "
            f"{_EXAMPLE}, or as a URI, with each slash of the path as %2F: "
            f"sqlite://{quote(path, safe='')}"
        )
        raise ConfigError(message)
    kind = _unread(host)
    if kind:
        message = (
            f"The connection {conn_id} names the file as {host!r}, {kind}, which is not read: put "
            f"the whole path of the file into host, as in {_EXAMPLE}."
        )
        raise ConfigError(message)
    if not Path(host).is_absolute():
        message = (
            f"The connection {conn_id} names the file {host!r} by a relative path, which is "
            "another file in each working directory: put its whole path into host, as in "
            f"{_EXAMPLE}."
        )
        raise ConfigError(message)
    return Path(host)


def _unread(host: str) -> str:
    """Return what a name is if only a shell or a browser could read it; empty for a path."""
    if re.match(r"[a-z][a-z0-9+.-]+:", host, re.IGNORECASE):
        return "a URL"
    if re.match(r"(\$\w|\$\{|%\w+%)", host):
        return "with a variable"
    return ""


def _is_in_home(path: str) -> bool:
    """Return whether a path is in a home folder: it has a part ``~``, or begins with ``~name``.

    A URI cannot write such a path without a slash before it.
    """
    parts = path.strip("/").split("/")
    return "~" in parts or parts[0].startswith("~")
