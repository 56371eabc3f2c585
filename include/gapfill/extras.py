"""Reads the extra of a connection, of a source or of the store.

A connection from a URI has only text values (``?paused=true``), and a typed name may be
misspelt. Gapfill never ignores a value that is meant for it: it understands or refuses it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import Any, Protocol

COMMON_NAMES = ("paused", "timeout", "ca_bundle", "redirect_hosts")
"""Names in the extra of each source's connection; only ESIOS redirects to another host."""

SOURCE_NAMES = (*COMMON_NAMES, "one_call", "token", "archive_host")
"""Names in the extra of a source's connection; each of the last three of one source only."""

STORE_NAMES = ("token", "org", "bucket", "timeout", "ca_bundle", "without_removal")
"""Names in the extra of an InfluxDB connection."""

FOREIGN = frozenset(
    {
        *("verify", "proxies", "stream", "cert", "headers", "max_redirects", "allow_redirects"),
        *("check_response", "trust_env", "auth_type", "auth_kwargs", "tcp_keep_alive"),
        *("org_name", "org_id", "bucket_id", "bucket_name", "token_type", "token_url"),
    }
)
"""Names of Airflow, requests and other programs, which Gapfill ignores."""

CLOSE = 0.8
"""Similarity from which an unknown name counts as misspelt."""

_WORDS = {"true": True, "1": True, "yes": True, "on": True}
_WORDS |= {"false": False, "0": False, "no": False, "off": False}


class Connection(Protocol):
    """What is read of an Airflow connection."""

    @property
    def conn_type(self) -> str | None:
        """Its type, such as ``http``."""

    @property
    def host(self) -> str | None:
        """Its host, or root URL."""

    @property
    def schema(self) -> str | None:
        """Its schema: of a URL, or a name of a database."""

    @property
    def login(self) -> str | None:
        """Its user."""

    @property
    def port(self) -> int | None:
        """Its port."""

    @property
    def password(self) -> str | None:
        """Its secret."""

    @property
    def extra(self) -> str | None:
        """A JSON object."""

    @property
    def extra_dejson(self) -> dict[str, Any]:
        """The object, empty if the text is not JSON."""


class ExtraError(ValueError):
    """An extra is invalid; the text continues "The connection …"."""


def read(text: str | None, known: Collection[str]) -> dict[str, object]:
    """Return an extra, with known names in lower case.

    Args:
        text: JSON.
        known: Names that Gapfill reads in this connection. A name that is similar to one of
            these, or that Gapfill reads in another connection only, is refused; all others
            are returned unchanged.

    Raises:
        ExtraError: If it is not a JSON object, or a name is misspelt, misplaced or appears twice.
    """
    try:
        given = json.loads(text) if text else {}
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise ExtraError("has an extra that is not a JSON object")
    extra: dict[str, object] = {}
    for name, value in given.items():
        said = _name(name, known)
        if said in extra:
            raise ExtraError(f"has {said} twice in its extra: keep one of them")
        extra[said] = value
    return extra


def _name(name: str, known: Collection[str]) -> str:
    """Return the known name, or a foreign name unchanged."""
    plain = name.strip().lower()
    if plain in known:
        return plain
    meant = [] if plain in FOREIGN else get_close_matches(plain, known, 1, CLOSE)
    elsewhere = _elsewhere(plain)
    if elsewhere:
        message = (
            f"has {plain!r} in its extra, which Gapfill reads only in the connection of "
            f"{elsewhere}: remove it"
        )
        raise ExtraError(message)
    if meant:
        raise ExtraError(
            f"has {name[:40]!r} in its extra, which Gapfill does not know: write {meant[0]!r} if "
            "you mean that, or remove it"
        )
    return name


def refuse_unread(extra: Mapping[str, object], own: Collection[str]) -> None:
    """Refuse a name that only other sources read.

    Raises:
        ExtraError: If there is one.
    """
    for name in SOURCE_NAMES:
        if name in extra and name not in (*COMMON_NAMES, *own):
            hint = "; a key goes into the password" if name == "token" else ""
            message = f"has {name!r} in its extra, which this source does not read: remove it{hint}"
            raise ExtraError(message)


def _elsewhere(name: str) -> str:
    kinds = ("a source", SOURCE_NAMES), ("an InfluxDB", STORE_NAMES)
    return " or ".join(kind for kind, names in kinds if name in names)


def flag(extra: Mapping[str, object], name: str) -> bool:
    """Return the value of a flag in an extra, a boolean or a text of a URI.

    Raises:
        ExtraError: If it is neither true nor false.
    """
    value = extra.get(name)
    if value is None or isinstance(value, bool):
        return bool(value)
    word = _WORDS.get(str(value).strip().lower()) if isinstance(value, str | int) else None
    if word is None:
        raise ExtraError(f"has a {name!r} in its extra that is neither true nor false")
    return word


def seconds(extra: Mapping[str, object], name: str) -> float | None:
    """Return a positive number of seconds, ``None`` if the extra does not have the name.

    Raises:
        ExtraError: If it is not such a number.
    """
    if name not in extra:
        return None
    value = extra[name]
    is_number = isinstance(value, int | float | str) and not isinstance(value, bool)
    try:
        number = float(value) if is_number else 0.0  # type: ignore[arg-type]  # narrowed above
    except (ValueError, OverflowError):
        number = 0.0
    if not 0 < number < math.inf:
        raise ExtraError(f"has a {name!r} in its extra that is not a number of seconds")
    return number
