"""AEMET OpenData: weather of a station in two hops, with a key (see ``parser``)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from gapfill.errors import SourceError, SpanRefused
from gapfill.sources.aemet import parser as aemet
from gapfill.sources.aemet.errors import Said, Statement, read, read_link
from gapfill.sources.http.client import ApiCall
from gapfill.sources.http.connection import is_at_home
from gapfill.sources.http.hook import ApiHook
from gapfill.sources.http.retry_after import seconds_to_wait
from gapfill.sources.json_reader import Payload
from gapfill.sources.model import Answer, Ask, HttpRequest

if TYPE_CHECKING:
    from gapfill.sources.http.client import Reply
    from gapfill.sources.http.status_errors import RequestContext

NEXT_MINUTE_S = 61.0
"""The refusal says "wait for the next minute": then a new one has begun for certain."""

LINKS = 2
"""Links to the rows that are tried in one fetch: a fresh one, and one for a link that expired."""


class AemetHook(ApiHook):
    """Asks AEMET for hourly observations and days of a station."""

    default_conn_name = "aemet_default"
    hook_name = "AEMET OpenData"
    source = "aemet"
    public_host = aemet.ROOT
    probe = aemet.STATIONS

    def fetch(self, ask: Ask) -> Answer:
        """Return the weather of the asked slots; both hops are one unit.

        Raises:
            SourceError: One of its leaves.
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
        why = f"gave {LINKS} links to the rows and knew none of them any more"
        raise self.errand(first, ask).unavailable(why)

    def call(self, call: ApiCall, ask: Ask | None = None) -> Payload:
        """Make one call as ``ApiHook`` does; what ``estado`` refuses is an error as well."""
        return self._said(call, ask, read).payload

    def probe_call(self) -> ApiCall:
        """Return the first hop to the list of stations, with the key."""
        return ApiCall(self.probe, headers={"api_key": self.key})

    def _said(
        self, call: ApiCall, ask: Ask | None, understand: Callable[[Payload], Statement | None]
    ) -> Reply[Statement]:
        """Make one call and return what was said; a refusal is an error."""
        reply = self.send(call, ask, understand)
        has_credentials = reply.payload.had_credentials
        errand = replace(self.errand(call, ask), has_credentials=has_credentials)
        error = _error(reply.said, reply.payload, errand) if reply.said else None
        if error is not None:
            raise error
        return reply

    def _second(self, url: str) -> ApiCall:
        """Return the call of a link: without the key, to the same host or AEMET's own."""
        is_theirs = is_at_home(url, aemet.ROOT) and not is_at_home(url, self.access.root)
        root = aemet.ROOT if is_theirs else None
        return ApiCall(HttpRequest(_absolute(url)), root=root)


HOOK = AemetHook


def _absolute(url: str) -> str:
    """Return a link as it is; one that is none must not pass for a path below the root."""
    return url if "://" in url else f"invalid:{url}"


def _found(envelope: Reply[Statement]) -> str:
    """Return what a first hop says of the rows that it found."""
    return envelope.said.text if envelope.said else f"HTTP {envelope.payload.status}"


def _error(statement: Statement, reply: Payload, errand: RequestContext) -> SourceError | None:
    """Return the error that a statement is, ``None`` for one that the parser reads."""
    if statement.said is Said.TOO_MANY:
        now = errand.ask.now if errand.ask else None
        return errand.limited(
            statement.text, seconds_to_wait(reply.headers, now, default_s=NEXT_MINUTE_S)
        )
    if statement.said is Said.KEY_REFUSED:
        return errand.rejected(statement.text)
    if statement.said is Said.FAILED:
        return errand.unavailable(f"answered {statement.text}")
    if statement.said is Said.TOO_LONG:
        text = f"{errand}: the range is too long ({statement.text}); a shorter one may be asked."
        return SpanRefused(text, **errand.about)
    return None
