"""Turn an HTTP status into an error, for all sources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

from gapfill.domain.interval import Interval
from gapfill.errors import (
    AuthRejected,
    Limit,
    MalformedPayload,
    RateLimited,
    SourceError,
    SourceUnavailable,
)
from gapfill.sources import firewall_pages
from gapfill.sources.http.connection import variable
from gapfill.sources.http.retry_after import seconds_to_wait
from gapfill.sources.json_reader import Payload
from gapfill.sources.model import Ask, excerpt

QUEUE_S = 15.0
"""Wait after "too many concurrent requests": such a queue empties within seconds."""

_REFUSED = frozenset({401, 403})
_TIMED_OUT, _TOO_MANY, _SCANNED = 408, 429, 4_096
_MAY_BE_QUEUE = frozenset({400, 503})
_FIRST_OK, _FIRST_REDIRECT, _FIRST_SERVER_ERROR = 200, 300, 500


class _About(TypedDict):
    source: str
    series: str | None
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class RequestContext:
    """The purpose of a call, for its errors.

    Attributes:
        source: Catalogue name.
        conn_id: Id of the Airflow connection.
        root: Root URL of the API.
        ask: The requested slots; ``None`` for a test of the connection.
        has_credentials: Whether the call carries credentials.
    """

    source: str
    conn_id: str
    root: str
    ask: Ask | None
    has_credentials: bool

    @property
    def about(self) -> _About:
        """Arguments of every ``SourceError``."""
        ask = self.ask
        return {
            "source": self.source,
            "series": ask.series.name if ask else None,
            "interval": ask.interval if ask else None,
        }

    def __str__(self) -> str:
        """Return its name in a message."""
        if self.ask is None:
            return self.source
        return (
            f"{self.source} {self.ask.product.name} for {self.ask.series.name} {self.ask.interval}"
        )

    def unavailable(self, why: str) -> SourceUnavailable:
        """Return the error for a source that did not answer."""
        step = f"if it lasts, look at the host of connection {self.conn_id!r}"
        text = (
            f"{self}: {self.root} {why}; {step}, and at docs/how_to/runbook.md, SourceUnavailable."
        )
        return SourceUnavailable(text, **self.about)

    def malformed(self, why: str) -> MalformedPayload:
        """Return the error for an invalid answer."""
        see = "see docs/how_to/runbook.md, MalformedPayload."
        text = f"{self}: {why}. Nothing of it was stored; {see}"
        return MalformedPayload(text, **self.about)

    def rejected(self, said: str) -> SourceError:
        """Return the error for a refused key, or for a refused call without a key."""
        name = f"connection {self.conn_id!r} ({variable(self.conn_id)})"
        if self.has_credentials:
            text = (
                f"the key of {name} was refused ({said}): put a valid one into its password. "
                "Where it is valid, the API blocks this machine's address for now."
            )
            return AuthRejected(f"{self}: {text}", **self.about)
        return self.walled(
            f"a call without credentials was refused ({said}): the API may block this "
            f"machine's address for now, or the host of {name} is not the API."
        )

    def behind_firewall(self, status: str, body: bytes, seconds: float = 0.0) -> RateLimited:
        """Return the error for the web page of a firewall.

        Args:
            status: Such as ``HTTP 403``.
            body: The page.
            seconds: Wait that the answer names, 0 for none.
        """
        shown = firewall_pages.words(body)
        page = f"a web page: {shown!r}" if shown else "a web page"
        text = (
            f"the API's firewall refused the request ({status}, {page}). The block ends by itself."
        )
        return self.walled(text, seconds)

    def walled(self, text: str, seconds: float = 0.0) -> RateLimited:
        """Return the error for a refusal of unknown length that no key caused.

        Args:
            text: The reason.
            seconds: Wait that the answer names, 0 for none.
        """
        wait = max(seconds, firewall_pages.COOL_OFF_S)
        message = f"{self}: {text}"
        return RateLimited(message, retry_after=wait, limit=Limit.WALL, **self.about)

    def limited(self, said: str, seconds: float, limit: Limit = Limit.RATE) -> RateLimited:
        """Return the error for a refusal that names a wait."""
        text = f"{self}: too many requests ({said}); it may be asked again in {seconds:g} s."
        return RateLimited(text, retry_after=seconds, limit=limit, **self.about)


def error_of(
    reply: Payload,
    context: RequestContext,
    *,
    is_claimed: bool,
    has_left: bool,
    is_bare: bool = False,
) -> SourceError | None:
    """Return the error for an answer, ``None`` for one that the source reads.

    Args:
        reply: The last answer of the call.
        context: Purpose of the call.
        is_claimed: Whether the source's ``read`` gave the answer a meaning.
        has_left: Whether the answer came from another host, after a redirect. A refusal
            then concerns the link, not the key.
        is_bare: Whether the answer came from this host after a redirect, which does not
            carry the key. A refusal then does not concern the key either.
    """
    status, body = reply.status, reply.body
    said = f"HTTP {status}: {excerpt(body)!r}" if body else f"HTTP {status}"
    is_not_ours = is_bare and status in _REFUSED
    is_theirs = is_claimed and not is_not_ours and not says_queue_full(status, body)
    is_read = _FIRST_OK <= status < _FIRST_REDIRECT or is_theirs
    is_page = not is_read and firewall_pages.is_blocked(status, body)
    if is_page or firewall_pages.is_firewall(status, reply.headers, body):
        now = context.ask.now if context.ask else None
        seconds = seconds_to_wait(reply.headers, now, default_s=0.0)
        return context.behind_firewall(f"HTTP {status}", body, seconds)
    if is_read:
        too_large = f"its answer (HTTP {status}) is larger than {len(body)} bytes"
        return context.malformed(too_large) if reply.is_cut else None
    if status == _TOO_MANY or says_queue_full(status, body):
        return _limited(reply, said, context)
    if has_left:
        return context.unavailable(f"redirected to another host, which answered {said}")
    if is_not_ours:
        return context.unavailable(f"redirected to a page that answered {said} without the key")
    return _refusal(status, said, context)


def _limited(reply: Payload, said: str, context: RequestContext) -> RateLimited:
    now = context.ask.now if context.ask else None
    if says_queue_full(reply.status, reply.body):
        seconds = seconds_to_wait(reply.headers, now, default_s=QUEUE_S)
        return context.limited(said, seconds, Limit.QUEUE)
    return context.limited(said, seconds_to_wait(reply.headers, now))


def says_queue_full(status: int, body: bytes) -> bool:
    """Return whether a refusal is for concurrent requests, not for their rate."""
    words = body[:_SCANNED].lower()
    if status == _TOO_MANY:
        return b"concurrent" in words
    return status in _MAY_BE_QUEUE and b"too many concurrent requests" in words


def _refusal(status: int, said: str, context: RequestContext) -> SourceError:
    if status in _REFUSED:
        return context.rejected(said)
    if status >= _FIRST_SERVER_ERROR or status == _TIMED_OUT:
        return context.unavailable(f"answered {said}")
    return context.malformed(f"it answered {said}")
