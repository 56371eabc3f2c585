"""Allow redirects to the API's own host, and for some calls to listed hosts."""

from __future__ import annotations

from collections.abc import Sequence

from gapfill.errors import ConfigError
from gapfill.sources.http.connection import ConnectionConfig, is_at_home, origin, variable

EXTRA = "redirect_hosts"
"""Extra of a connection that lists more hosts."""

_HTTPS, _HTTP = "https", "http"
_SUBDOMAINS = "."


def may_lead(target: str, *, at: str, root: str, hosts: Sequence[str]) -> bool:
    """Return whether a redirect may be followed.

    Never from https to http. The next request carries neither key nor header.

    Args:
        target: Where it leads.
        at: The URL that was redirected.
        root: Root URL of the API.
        hosts: Further hosts: ``files.example``, with ``:port`` for only that port;
            ``.files.example`` for the subdomains of a domain, only over https.
    """
    there, here = origin(target), origin(at)
    if there is None or here is None or (here[0] == _HTTPS and there[0] == _HTTP):
        return False
    return is_at_home(target, root) or any(_is_listed(there, host.lower()) for host in hosts)


def _is_listed(there: tuple[str, str, int], host: str) -> bool:
    scheme, name, port = there
    if host.startswith(_SUBDOMAINS):
        return scheme == _HTTPS and name.endswith(host)
    return host in {name, f"{name}:{port}"}


def listed_hosts(access: ConnectionConfig) -> tuple[str, ...]:
    """Return the hosts that a connection lists in its extra.

    Raises:
        ConfigError: If the member is not a list of host names.
    """
    given = access.extra.get(EXTRA)
    if given is None:
        return ()
    if isinstance(given, str):  # as a URI's query has it
        given = given.split(",")
    names = given if isinstance(given, list) else [None]
    hosts = [name.strip() for name in names if isinstance(name, str) and _is_name(name.strip())]
    if len(hosts) < len(names):
        raise ConfigError(
            f"Connection {access.conn_id!r} ({variable(access.conn_id)}) has {EXTRA} in its extra "
            f'that is not a list of host names: write {{"{EXTRA}": ["files.example.org"]}}.'
        )
    return tuple(hosts)


def _is_name(text: str) -> bool:
    """Return whether a text is a host name, with or without a port."""
    url = f"{_HTTPS}://{text.removeprefix(_SUBDOMAINS)}"
    return origin(url) is not None and not set(text) & set("/?#@ *")
