"""What an HTTP status means, said once for all sources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

from gapfill.errors import (
    AuthRejected,
    MalformedPayload,
    RateLimited,
    SourceError,
    SourceUnavailable,
)
from gapfill.hooks.access import variable
from gapfill.hooks.retry_after import seconds_to_wait
from gapfill.sources.base import excerpt

if TYPE_CHECKING:
    from gapfill.domain.interval import Interval
    from gapfill.hooks.transport import Reply
    from gapfill.sources.base import Ask, Claims

_REFUSED = frozenset({401, 403})
_TIMED_OUT, _TOO_MANY = 408, 429
_FIRST_OK, _FIRST_REDIRECT, _FIRST_SERVER_ERROR = 200, 300, 500


class _About(TypedDict):
    source: str
    series: str | None
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class Errand:
    """What a call is for, so that its errors can say so.

    Attributes:
        source: Catalogue name.
        conn_id: Id of the Airflow connection.
        root: Root URL that is called.
        ask: What was asked; ``None`` for a test of the connection.
        has_credentials: Whether the call carries any.
    """

    source: str
    conn_id: str
    root: str
    ask: Ask | None
    has_credentials: bool

    @property
    def about(self) -> _About:
        """What every ``SourceError`` is told."""
        ask = self.ask
        return {
            "source": self.source,
            "series": ask.series.name if ask else None,
            "interval": ask.interval if ask else None,
        }

    def __str__(self) -> str:
        """Return how a message names it."""
        if self.ask is None:
            return self.source
        return (
            f"{self.source} {self.ask.product.name} for {self.ask.series.name} {self.ask.interval}"
        )

    def unavailable(self, why: str) -> SourceUnavailable:
        """Return the error for a source that gave no answer."""
        step = f"if it lasts, look at the host of connection {self.conn_id!r}"
        text = f"{self}: {self.root} {why}; {step}, and at docs/runbook.md, SourceUnavailable."
        return SourceUnavailable(text, **self.about)

    def malformed(self, why: str) -> MalformedPayload:
        """Return the error for an answer of no use."""
        text = f"{self}: {why}. Nothing of it was stored; see docs/runbook.md, MalformedPayload."
        return MalformedPayload(text, **self.about)

    def rejected(self, said: str) -> AuthRejected:
        """Return the error for a refused key, or a refusal where none was sent."""
        name = f"connection {self.conn_id!r} ({variable(self.conn_id)})"
        if self.has_credentials:
            text = (
                f"the key of {name} was refused ({said}): put a valid one into its password. "
                "Where it is valid, the API blocks this machine's address for now."
            )
        else:
            text = (
                f"a call without credentials was refused ({said}): the API may block this "
                f"machine's address for now, or the host of {name} is not the API."
            )
        return AuthRejected(f"{self}: {text}", **self.about)

    def limited(self, said: str, seconds: float) -> RateLimited:
        """Return the error for a refusal that asks to wait."""
        text = f"{self}: too many requests ({said}); it may be asked again in {seconds:g} s."
        return RateLimited(text, retry_after=seconds, **self.about)


def error_of(reply: Reply, errand: Errand, claims: Claims, *, has_left: bool) -> SourceError | None:
    """Return the error that an answer is, ``None`` for one that the parser reads.

    Args:
        reply: The last answer of the call.
        errand: What the call was for.
        claims: Which 4xx and 5xx the source's parser reads.
        has_left: Whether the answer came from another host, behind a redirect. A
            refusal is then one of the link, and says nothing of our key.
    """
    said = f"HTTP {reply.status}: {excerpt(reply.body)!r}" if reply.body else f"HTTP {reply.status}"
    if _FIRST_OK <= reply.status < _FIRST_REDIRECT or claims(reply.status, reply.body):
        too_large = f"its answer (HTTP {reply.status}) is larger than {len(reply.body)} bytes"
        return errand.malformed(too_large) if reply.is_cut else None
    if reply.status == _TOO_MANY:
        now = errand.ask.now if errand.ask else None
        return errand.limited(said, seconds_to_wait(reply.headers, now))
    if has_left:
        return errand.unavailable(f"sent us to another host, which answered {said}")
    return _refusal(reply.status, said, errand)


def _refusal(status: int, said: str, errand: Errand) -> SourceError:
    if status in _REFUSED:
        return errand.rejected(said)
    if status >= _FIRST_SERVER_ERROR or status == _TIMED_OUT:
        return errand.unavailable(f"answered {said}")
    return errand.malformed(f"it answered {said}")
