"""The errors of an InfluxDB as sentences with the connection, the bucket and the next step."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from gapfill.errors import StoreError, StoreUnreachable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gapfill.stores.influxdb.config import InfluxConfig

EXCERPT = 200
"""Maximum number of characters of an answer in a message."""

REFUSED_IN_PART = 422

INVALID, FORBIDDEN = 400, 403

BUSY = (429, 502, 503, 504)
"""Temporary refusals: the request was not executed, or may be sent again."""

NOT_THERE = (404, 405, 501)
"""Statuses of a path that a server does not have; for a missing bucket the body says so."""

_NOT_FOUND = re.compile(r"(?:bucket|org).* not found|could not find (?:bucket|org)", re.IGNORECASE)

_SIZE = re.compile(
    r"exceed|limit|too (?:many|large|long|big)|query timeout|out of memory", re.IGNORECASE
)
_CONFLICT = re.compile(
    r'input field "(?P<field>[^"]+)" on measurement "(?P<measurement>[^"]+)" is type \w+, '
    r"already exists as type (?P<theirs>\w+)"
)

_FULL = re.compile(r"no space left|file too large|disk quota", re.IGNORECASE)

_STEPS = {
    401: "check the token in the connection: the server does not know it, or no longer does",
    404: "check the names of bucket and organization in the connection, and its host",
    413: "raise the server's or the proxy's limit on the size of a body",
    429: "the server is busy: run it again later",
    **dict.fromkeys(
        (502, 503, 504), "the server or a proxy before it is not ready: run it again later"
    ),
}


class TooMuch(StoreError):
    """The server refuses the size of a question or of a body; half of it may be accepted."""


class Transient(StoreUnreachable):
    """The server, or a proxy before it, refuses a request or breaks it off, but only for now.

    Attributes:
        retry_after: Seconds that it asks to wait, ``None`` if it does not say.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class NoRemoval(StoreError):
    """The server cannot remove points."""


class NoPath(StoreError):
    """The server does not have the path."""


class Invalid(StoreError):
    """The server does not understand the request."""


class Denied(StoreError):
    """The token does not have the right, or cannot see the object of the request."""


class NoDatabase(StoreError):
    """There is no database of that name that the token may read."""


class PartialWrite(StoreError):
    """The server took some points of a body and refused others.

    Attributes:
        field: The field that has another type in the store, if that is the cause.
        theirs: Type of the field in the store.
        is_old: Whether the points are older than the bucket keeps points.
    """

    def __init__(
        self, message: str, *, field: str | None, theirs: str | None, is_old: bool = False
    ) -> None:
        super().__init__(message)
        self.field = field
        self.theirs = theirs
        self.is_old = is_old


def problem(access: InfluxConfig, what: str, step: str) -> StoreError:
    """Return the error for a problem, with the next step."""
    return StoreError(sentence(access, what, step))


def stranger(access: InfluxConfig, words: str) -> StoreError:
    """Return the error for an answer that is not from InfluxDB.

    Args:
        access: The server.
        words: What the answer is, in some words.
    """
    step = f"check host and port of {access.conn_id}"
    return problem(access, f"its answer is not from InfluxDB, but {words}", step)


def sentence(access: InfluxConfig, what: str, step: str) -> str:
    """Return the sentence; it never contains the token."""
    said = (
        f"The store (connection {access.conn_id}, bucket {access.bucket!r} at {access.url}) "
        f"cannot be used: {what}; {step}."
    )
    return said.replace(access.token, "…")


def of_status(
    access: InfluxConfig, path: str, status: int, body: str | None, headers: Mapping[str, str]
) -> StoreError:
    """Return the error for an answer with an error status.

    Args:
        access: The server.
        path: Path of the request; only queries can fail because of their result size.
        status: The status.
        body: Body of the answer.
        headers: Headers of the answer.
    """
    words = _words(body)
    what = f"the server answered {status}"
    if words:
        what += f" ({words})"
    wait = headers.get("Retry-After", "")
    if wait and status in (429, 503):
        what += f" and asks to wait {wait} s" if wait.isdigit() else f" and asks to wait: {wait}"
    if "partial write" in (body or "") or status == REFUSED_IN_PART:
        return _partial(access, what, body or "")
    if path == "/api/v2/delete" and status in NOT_THERE and not _NOT_FOUND.search(body or ""):
        return NoRemoval(
            f"The store (connection {access.conn_id}, bucket {access.bucket!r}) cannot remove "
            f"points: {what} to {path}, which InfluxDB 3 does not have."
        )
    said = sentence(access, what, _step(status, body or "", path))
    if status in BUSY:
        return Transient(said, retry_after=_seconds(wait))
    return _kind(path, status, body or "")(said)


def _kind(path: str, status: int, body: str) -> type[StoreError]:
    """Return the type of the error for a status."""
    if status in (401, FORBIDDEN) or _NOT_FOUND.search(body):
        return Denied
    if status in NOT_THERE:
        return NoPath
    is_size = status in (413, 414)
    if path == "/query" and status in (INVALID, 500):
        is_size = bool(_SIZE.search(body))
    if is_size:
        return TooMuch
    return Invalid if status == INVALID else StoreError


def _seconds(wait: str) -> float | None:
    """Return the seconds of ``Retry-After``, which has seconds or a date; ``None`` for neither."""
    if wait.strip().isdigit():
        return float(wait)
    try:
        until = parsedate_to_datetime(wait)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.now(UTC)).total_seconds())


def of_answer(access: InfluxConfig, error: str) -> StoreError:
    """Return the error for an ``error`` inside an answer of status 200."""
    words = error[:EXCERPT]
    if "database not found" in error:
        step = "check the name of the bucket in the connection: the server has none of that name"
        return NoDatabase(sentence(access, f"the server answered {words!r}", step))
    said = sentence(access, f"the server answered {words!r}", "see docs/how_to/influxdb.md")
    return TooMuch(said) if _SIZE.search(error) else StoreError(said)


def is_not_found(said: str) -> bool:
    """Return whether an answer says that there is no such bucket or organization."""
    return bool(_NOT_FOUND.search(said))


def _step(status: int, body: str, path: str) -> str:
    """Return what to do next after a status."""
    if status == FORBIDDEN and path.startswith("/api/v2/"):
        return (
            "the token may not write the bucket: give the token of the connection the right to "
            "read and write the bucket"
        )
    if status == FORBIDDEN:
        return "the token may not read the bucket: give it the right to read and write the bucket"
    if "bucket" in body and "not found" in body:
        return "make the bucket, or correct its name in the connection"
    if "org" in body and "not found" in body:
        return "correct the name of the organization in the connection"
    if _FULL.search(body):
        return "free some space on the server's disk, start it again, and run it again"
    general = "run it again; if it fails again, see docs/how_to/influxdb.md"
    return _STEPS.get(status, general)


def _partial(access: InfluxConfig, what: str, body: str) -> PartialWrite:
    found = _CONFLICT.search(body.replace('\\"', '"'))
    step = "see docs/how_to/influxdb.md, Refused points"
    is_old = "retention" in body
    if is_old:
        step = "the bucket keeps points for less time than the series goes back: let it keep them"
    return PartialWrite(
        sentence(access, what, step),
        field=found["field"] if found else None,
        theirs=found["theirs"] if found else None,
        is_old=is_old,
    )


def _words(body: str | None) -> str:
    """Return the message in a body, or its first words."""
    text = (body or "").strip()
    try:
        said = json.loads(text)
    except ValueError:
        said = None
    if isinstance(said, dict):
        text = str(said.get("message") or said.get("error") or text)
    return " ".join(text.split())[:EXCERPT]
