"""AEMET OpenData: weather of a station in two hops, with a key (see ``parser``)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from gapfill.errors import SourceError, SpanRefused
from gapfill.sources.aemet import parser as aemet
from gapfill.sources.aemet.errors import Said, Statement, read, read_link
from gapfill.sources.http.client import ApiCall, Reply
from gapfill.sources.http.connection import is_at_home
from gapfill.sources.http.hook import ApiHook
from gapfill.sources.http.retry_after import seconds_to_wait
from gapfill.sources.http.status_errors import RequestContext
from gapfill.sources.json_reader import Payload
from gapfill.sources.model import Answer, Ask, HttpRequest

NEXT_MINUTE_S = 61.0
"""The refusal says "wait for the next minute"; after this time a new minute has begun."""

LINKS = 2
"""Links that one fetch tries: the first one, and a second one if the first has expired."""


class AemetHook(ApiHook):
    """Fetches hourly observations and daily values of a station from AEMET."""

    default_conn_name = "aemet_default"
    hook_name = "AEMET OpenData"
    source = "aemet"
    public_host = aemet.ROOT
    probe = aemet.STATIONS

    def fetch(self, ask: Ask) -> Answer:
        """Return the weather of the requested slots; both hops count as one unit.

        Raises:
            SourceError: A subclass of it.
            ConfigError: If the connection has no key, or it or the catalogue is wrong.
        """
        first = ApiCall(aemet.request(ask), headers={"api_key": self.key})
        for _ in range(LINKS):
            envelope = self._said(first, ask, read)
            if envelope.said is not None and envelope.said.said is Said.NO_DATA:
                return aemet.parse(ask, envelope.payload)
            second = self._second(aemet.link(ask, envelope.payload))
            rows = self._said(second, ask, read_link)
            if rows.said is None or rows.said.said is not Said.EXPIRED:
                return aemet.parse(ask, rows.payload, found=_found(envelope))
        why = f"gave {LINKS} links to the rows, and both had expired"
        raise self.context(first, ask).unavailable(why)

    def call(self, call: ApiCall, ask: Ask | None = None) -> Payload:
        """Make one call as ``ApiHook`` does, and raise an error for a refusal in ``estado``."""
        return self._said(call, ask, read).payload

    def probe_call(self) -> ApiCall:
        """Return the first hop to the list of stations, with the key."""
        return ApiCall(self.probe, headers={"api_key": self.key})

    def _said(
        self, call: ApiCall, ask: Ask | None, understand: Callable[[Payload], Statement | None]
    ) -> Reply[Statement]:
        """Make one call and return its answer; raise an error for a refusal."""
        reply = self.send(call, ask, understand)
        has_credentials = reply.payload.had_credentials
        context = replace(self.context(call, ask), has_credentials=has_credentials)
        error = _error(reply.said, reply.payload, context) if reply.said else None
        if error is not None:
            raise error
        return reply

    def _second(self, url: str) -> ApiCall:
        """Return the call of a link: without the key, to the connection's host or AEMET's."""
        is_theirs = is_at_home(url, aemet.ROOT) and not is_at_home(url, self.access.root)
        root = aemet.ROOT if is_theirs else None
        return ApiCall(HttpRequest(_absolute(url)), root=root)


HOOK = AemetHook


def _absolute(url: str) -> str:
    """Return a link unchanged; mark other text, which must not become a path below the root."""
    return url if "://" in url else f"invalid:{url}"


def _found(envelope: Reply[Statement]) -> str:
    """Return AEMET's status of a first hop that found rows."""
    return envelope.said.text if envelope.said else f"HTTP {envelope.payload.status}"


def _error(statement: Statement, reply: Payload, context: RequestContext) -> SourceError | None:
    """Return the error for a status, ``None`` for one that the parser reads."""
    if statement.said is Said.TOO_MANY:
        now = context.ask.now if context.ask else None
        return context.limited(
            statement.text, seconds_to_wait(reply.headers, now, default_s=NEXT_MINUTE_S)
        )
    if statement.said is Said.KEY_REFUSED:
        return context.rejected(statement.text)
    if statement.said is Said.FAILED:
        return context.unavailable(f"answered {statement.text}")
    if statement.said is Said.TOO_LONG:
        text = f"{context}: the range is too long ({statement.text}); request a shorter one."
        return SpanRefused(text, **context.about)
    return None
