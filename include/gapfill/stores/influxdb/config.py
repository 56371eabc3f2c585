"""The address and access of an InfluxDB: reads and checks the store's connection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from gapfill import extras
from gapfill.errors import ConfigError

TIMEOUT_S = 60.0
"""How long to wait for the server; ``timeout`` in the extra overrides it."""

DEFAULT_PORT = 8086
"""InfluxDB's port for http; https usually goes through a proxy on 443."""

LONGEST_S = 60.0
"""The longest wait of one request for a busy server, over all its retries."""

SHARE = 10
"""With a short timeout, that wait is at most this number of times the timeout."""

_EXAMPLE = (
    '{"conn_type": "influxdb", "host": "http://localhost", "port": 8086, '
    '"extra": {"token": "TOKEN", "org": "ORG", "bucket": "BUCKET"}}'
)


@dataclass(frozen=True, slots=True)
class InfluxConfig:
    """A bucket of an InfluxDB.

    Attributes:
        conn_id: Id of the Airflow connection, for messages.
        url: Root URL, without a slash at its end.
        org: Organization.
        bucket: Bucket; InfluxQL sees it as a database of the same name.
        token: The API token; it is in no message and not in ``repr``.
        timeout_s: How long to wait for a connection or an answer.
        ca_bundle: File of certificates to trust, ``None`` for the usual ones.
        busy_wait_s: How long one request waits at most for a busy server, ``None`` for the value
            that follows from the timeout.
        without_removal: Whether to write to a server that cannot remove points.
    """

    conn_id: str
    url: str
    org: str
    bucket: str
    token: str = field(repr=False)
    timeout_s: float = TIMEOUT_S
    ca_bundle: str | None = None
    busy_wait_s: float | None = None
    without_removal: bool = False

    @property
    def longest_wait_s(self) -> float:
        """How long one request waits at most for a busy server."""
        if self.busy_wait_s is not None:
            return self.busy_wait_s
        return min(LONGEST_S, SHARE * self.timeout_s)


def read_config(
    conn_id: str,
    *,
    host: str | None,
    port: int | None,
    schema: str | None,
    password: str | None,
    extra: str | None,
) -> InfluxConfig:
    """Return the configuration of a connection of type ``influxdb``.

    Args:
        conn_id: Id of the connection.
        host: Name or root URL.
        port: Port, if the URL has none.
        schema: ``http`` or ``https``, or else the bucket, if the extra names none.
        password: The token, if the extra has none.
        extra: JSON object with ``token``, ``org``, ``bucket``, ``timeout``, ``ca_bundle``.

    Raises:
        ConfigError: If something is missing or invalid; the message does not contain the token.
    """
    more = _extra(conn_id, extra)
    scheme = schema.lower() if (schema or "").lower() in ("http", "https") and schema else None
    bucket = _text(conn_id, more, "bucket") or (None if scheme else (schema or "").strip())
    token = _text(conn_id, more, "token") or (password or "").strip()
    org = _text(conn_id, more, "org")
    url = _url(conn_id, (host or "").strip(), port, scheme)
    for name, value in (("token", token), ("org", org), ("bucket", bucket)):
        if not value:
            raise _wrong(conn_id, f"names no {name}: put it into its extra")
    if not (token or "").isprintable() or not (token or "").isascii():
        raise _wrong(conn_id, "has an invalid token: use printable ASCII characters only")
    return InfluxConfig(
        conn_id,
        url,
        org or "",
        bucket or "",
        token or "",
        float(more["timeout"]),  # type: ignore[arg-type]  # as _extra has made it
        _text(conn_id, more, "ca_bundle") or None,
        without_removal=more["without_removal"] is True,
    )


def _wrong(conn_id: str, problem: str) -> ConfigError:
    return ConfigError(f"The connection {conn_id} {problem}. It looks like {_EXAMPLE}.")


def _extra(conn_id: str, text: str | None) -> Mapping[str, object]:
    """Return the extra, with ``without_removal`` as true or false and ``timeout`` as a number."""
    try:
        extra = extras.read(text, extras.STORE_NAMES)
        return extra | {
            "without_removal": extras.flag(extra, "without_removal"),
            "timeout": extras.seconds(extra, "timeout") or TIMEOUT_S,
        }
    except extras.ExtraError as exc:
        problem = str(exc)
    raise _wrong(conn_id, problem)  # outside of except: the cause may contain the token


def _text(conn_id: str, extra: Mapping[str, object], name: str) -> str:
    value = extra.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _wrong(conn_id, f"has a {name} in its extra that is not text")
    return value.strip()


def _url(conn_id: str, host: str, port: int | None, scheme: str | None) -> str:
    """Return the root URL; a name without a dot is a machine nearby, which uses plain http."""
    if not host:
        raise _wrong(conn_id, "names no host")
    if "://" not in host:
        name = host.split("/", maxsplit=1)[0].split(":", maxsplit=1)[0]
        is_near = "." not in name or name.startswith("127.") or host.startswith("[::1]")
        host = f"{scheme or ('http' if is_near else 'https')}://{host}"
    try:
        parts = urlsplit(host)
        given = parts.port or port
    except ValueError:
        parts, given = SplitResult("", "", "", "", ""), None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise _wrong(conn_id, "has a host that is neither a name nor an http or https URL")
    if parts.query or parts.fragment:
        raise _wrong(conn_id, "has a host with more than scheme, name, port and path in it")
    if given is None and parts.scheme == "http":
        given = DEFAULT_PORT
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    place = f"{name}:{given}" if given else name
    return f"{parts.scheme}://{place}{parts.path}".rstrip("/")
