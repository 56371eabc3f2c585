"""The arguments of ``/api/v2/delete``: which points, and the bounds in time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def predicate(measurement: str, tags: Mapping[str, str]) -> str:
    """Return which points ``/api/v2/delete`` is to delete; it cannot select fields."""

    def quoted(text: str) -> str:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    pairs = [("_measurement", measurement), *sorted(tags.items())]
    return " AND ".join(f"{quoted(key)}={quoted(text)}" for key, text in pairs)


def rfc3339(ns: int) -> str:
    """Return nanoseconds since 1970 as ``/api/v2/delete`` takes them."""
    seconds, rest = divmod(ns, 1_000_000_000)
    instant = _EPOCH + timedelta(seconds=seconds)
    return f"{instant:%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"
