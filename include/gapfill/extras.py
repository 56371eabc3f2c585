"""What the extra of a connection says, for the sources and for the store alike.

A connection that is given as a URI has texts only (``?paused=true``), and whoever types one may
err in a name. Nothing that is meant for Gapfill is passed over: it is understood, or refused.
"""

from __future__ import annotations

import json
import math
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

SOURCE_NAMES = (
    *("paused", "one_call", "timeout", "ca_bundle"),
    *("token", "redirect_hosts", "archive_host"),
)
"""What the connection of a source may say in its extra."""

STORE_NAMES = ("token", "org", "bucket", "timeout", "ca_bundle", "without_removal")
"""What the connection of an InfluxDB may say in its extra."""

FOREIGN = frozenset(
    {
        *("verify", "proxies", "stream", "cert", "headers", "max_redirects", "allow_redirects"),
        *("check_response", "trust_env", "auth_type", "auth_kwargs", "tcp_keep_alive"),
        *("org_name", "org_id", "bucket_id", "bucket_name", "token_type", "token_url"),
    }
)
"""Names of Airflow, requests and other programs, which are left alone."""

CLOSE = 0.8
"""From this likeness on, a name that is not known is taken for one that is misspelt."""

_WORDS = {"true": True, "1": True, "yes": True, "on": True}
_WORDS |= {"false": False, "0": False, "no": False, "off": False}


class ExtraError(ValueError):
    """An extra makes no sense; the text continues "The connection …"."""


def read(text: str | None, known: Collection[str]) -> dict[str, object]:
    """Return an extra, with the names that are known in small letters.

    Args:
        text: JSON.
        known: Names that mean something here; of other ones those are refused that are almost
            one of these, and all others are left as they are.

    Raises:
        ExtraError: If it is not a JSON object, a name is misspelt, or one is there twice.
    """
    try:
        given = json.loads(text) if text else {}
    except ValueError:
        given = None
    if not isinstance(given, dict):
        message = "has an extra that is not a JSON object"
        raise ExtraError(message)
    extra: dict[str, object] = {}
    for name, value in given.items():
        said = _name(name, known)
        if said in extra:
            message = f"says {said} twice in its extra: keep one of them"
            raise ExtraError(message)
        extra[said] = value
    return extra


def _name(name: str, known: Collection[str]) -> str:
    """Return the known name that is meant, or a foreign name as it is."""
    plain = name.strip().lower()
    if plain in known:
        return plain
    meant = [] if plain in FOREIGN else get_close_matches(plain, known, 1, CLOSE)
    if meant:
        message = (
            f"says {name[:40]!r} in its extra, which nothing reads: write {meant[0]!r} if that is "
            "meant, or remove it"
        )
        raise ExtraError(message)
    return name


def flag(extra: Mapping[str, object], name: str) -> bool:
    """Return whether an extra says yes to something, as a boolean or as a text of a URI.

    Raises:
        ExtraError: If it says neither yes nor no.
    """
    value = extra.get(name)
    if value is None or isinstance(value, bool):
        return bool(value)
    word = _WORDS.get(str(value).strip().lower()) if isinstance(value, str | int) else None
    if word is None:
        message = f"has a {name!r} in its extra that is neither true nor false"
        raise ExtraError(message)
    return word


def seconds(extra: Mapping[str, object], name: str) -> float | None:
    """Return a number of seconds above 0, ``None`` where the extra has none.

    Raises:
        ExtraError: If it is none.
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
        message = f"has a {name!r} in its extra that is not a number of seconds"
        raise ExtraError(message)
    return number
