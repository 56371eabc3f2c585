"""The JSON document of a command that an error stopped before its own document."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from gapfill.domain.interval import iso
from gapfill.reporting import documents
from gapfill.services.failure import Failure
from gapfill.services.summary import nothing_done

_UNKNOWN: Mapping[str, Any] = {"units": None, "waiting": None, "unhealable": None}

_DONE = (
    "ree_records_recovered",
    "weather_records_recovered",
    "units_failed",
    "units_deferred",
    "calls",
    "slots_enriched",
    "healed",
    "certificates",
    "batches",
)
"""Keys that are 0 or empty if nothing was started."""


def document(
    command: str, error: str, now: datetime | None, *, has_begun: bool = False
) -> dict[str, Any]:
    """Return the document: the command's own keys, and ``error``.

    Unknown values are ``None``, so that they do not look like an empty answer.

    Args:
        command: Its name.
        error: The error, as a sentence.
        now: The clock, ``None`` if it could not be read.
        has_begun: Whether a ``heal`` had started, so that its results are unknown.
    """
    instant = iso(now) if now else None
    match command:
        case "status":
            known = {"now": instant, "store": None, "state": "unknown", "series": None}
        case "plan":
            known = {"now": instant, **_UNKNOWN, "deferred": None, "bill": None}
        case "heal":
            unknown = dict.fromkeys(_DONE) if has_begun else {}
            return _healed(error) | unknown
        case _:
            known = {}
    return known | {"error": error}


def _healed(error: str) -> dict[str, Any]:
    """Return the document of a ``heal`` that stopped before any request or write."""
    summary = nothing_done([Failure(error)], gaps=None)
    return documents.plain(documents.healed(summary, [], [], None, error))
