"""The log of requests: each with its real and its virtual time, its status and its fault."""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypedDict

from gapfill_sandbox.times import stamp

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

REDACTED = "REDACTED"
SHOWN_HEADERS = ("accept", "content-type", "user-agent")
SECRET_HEADERS = ("authorization", "x-api-key", "api_key", "cookie")
SECRET_PARAMETERS = (
    "api_key",
    "appid",
    "token",
    "Usuario",
    "Password",
    "ClaveAPI",
    "cadena",
)
_SECRET_NAMES = frozenset(name.lower() for name in SECRET_PARAMETERS)


class JournalEntry(TypedDict):
    """One request.

    ``monotonic`` is in seconds, ``wall`` and ``virtual`` are ISO 8601. ``secrets`` has, for
    each known secret header, and as ``query.NAME`` for each known secret parameter, whether
    the request had it. ``status`` is null while it is unknown and if none is sent; ``fault``
    is its kind, or ``rate`` if the API's own limit refused.
    """

    number: int
    api: str | None
    monotonic: float
    wall: str
    virtual: str
    method: str
    host: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    secrets: dict[str, bool]
    status: int | None
    fault: str | None


def _shown_query(query: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Return the query without its secrets."""
    return {
        name: [REDACTED] if name.lower() in _SECRET_NAMES else list(values)
        for name, values in query.items()
    }


def _shown_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers worth showing, secrets without their values."""
    shown = {name: headers[name] for name in SHOWN_HEADERS if name in headers}
    return shown | {name: REDACTED for name in SECRET_HEADERS if name in headers}


def _secrets(query: Mapping[str, Sequence[str]], headers: Mapping[str, str]) -> dict[str, bool]:
    """Return for each known secret whether the request has it."""
    came, names = {name: name in headers for name in SECRET_HEADERS}, {n.lower() for n in query}
    return came | {f"query.{name}": name.lower() in names for name in SECRET_PARAMETERS}


class Journal:
    """All requests to the simulated APIs so far. Threads may share it.

    Args:
        file: Where each finished request is appended as a line of JSON.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._entries: list[JournalEntry] = []
        self._count = 0

    def open(
        self,
        virtual: datetime,
        method: str,
        path: str,
        query: Mapping[str, Sequence[str]],
        headers: Mapping[str, str],
    ) -> JournalEntry:
        """Log a new request.

        Args:
            virtual: The virtual clock.
            method: HTTP method.
            path: Without the query.
            query: All values of each parameter.
            headers: By lower-case name.
        """
        with self._lock:
            self._count += 1
            entry = JournalEntry(
                number=self._count,
                api=None,
                monotonic=time.monotonic(),
                wall=datetime.now(UTC).isoformat(timespec="milliseconds"),
                virtual=stamp(virtual),
                method=method,
                host=headers.get("host", ""),
                path=path,
                query=_shown_query(query),
                headers=_shown_headers(headers),
                secrets=_secrets(query, headers),
                status=None,
                fault=None,
            )
            self._entries.append(entry)
        return entry

    def close(
        self, entry: JournalEntry, *, api: str | None, status: int | None, fault: str | None
    ) -> None:
        """Log the answer of a request, before it is sent."""
        with self._lock:
            entry.update({"api": api, "status": status, "fault": fault})
            if self._file is not None:
                with self._file.open("a", encoding="utf-8") as lines:
                    lines.write(json.dumps(entry) + "\n")

    def all(self) -> list[JournalEntry]:
        """Return copies of all entries, oldest first."""
        with self._lock:
            return [entry.copy() for entry in self._entries]

    def of(self, api: str) -> list[JournalEntry]:
        """Return copies of one API's entries, oldest first."""
        return [entry for entry in self.all() if entry["api"] == api]

    def clear(self) -> None:
        """Forget all entries; numbers go on."""
        with self._lock:
            self._entries.clear()
