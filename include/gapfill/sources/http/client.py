"""One call on its way: what to send, where it may lead, and what of it may be told."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Generic, NamedTuple, TypeVar
from urllib.parse import urlencode, urljoin, urlsplit

import requests

from gapfill.sources.http.connection import is_at_home, origin
from gapfill.sources.http.redirects import EXTRA, may_lead
from gapfill.sources.http.secrets import Secrets
from gapfill.sources.http.status_errors import RequestContext, error_of
from gapfill.sources.http.transport import TransferLimits, Unreachable, get
from gapfill.sources.json_reader import Payload, utf8
from gapfill.sources.model import HttpRequest

MAX_HOPS = 3
"""Redirects followed in one call; the archive needs one."""

_log = logging.getLogger(__name__)
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_HOP_HEADERS = {"Accept": "*/*"}


Said = TypeVar("Said")


class Reply(NamedTuple, Generic[Said]):
    """An answer that a source reads.

    Attributes:
        payload: The answer: 2xx, or one that the source knows.
        said: What the source says by it, ``None`` where it is a document for the parser.
    """

    payload: Payload
    said: Said | None


@dataclass(frozen=True, slots=True)
class ApiCall:
    """One request with what only a hook knows.

    Attributes:
        request: Path and query, without secrets.
        headers: Further headers, with credentials.
        secret_params: Further query parameters, with credentials.
        root: Root URL instead of the connection's, for an API with a second host.
        leads_to: Other hosts that a redirect may lead to (``redirects.may_lead``). Only for
            a call without credentials: nothing of ours is sent there.
        names_charset: Whether the content type of the answer names its encoding.
        records: Records that the answer will count in the source's quota, where it counts any.
    """

    request: HttpRequest
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    secret_params: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    root: str | None = None
    leads_to: tuple[str, ...] = ()
    names_charset: bool = False
    records: int = 0

    @property
    def has_credentials(self) -> bool:
        """Whether it carries any."""
        return bool(self.headers or self.secret_params)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpClient:
    """Carries calls to one API.

    Attributes:
        session: Sends them.
        limits: In time and size, of each request.
        ca_bundle: File of certificates to trust instead.
        before_call: Runs before each request to the API's own host, told its records.
        secrets: To blot out of all that comes back.
    """

    session: requests.Session
    limits: TransferLimits
    ca_bundle: str | None
    before_call: Callable[[int], None] | None
    secrets: Secrets

    def carry(
        self, call: ApiCall, errand: RequestContext, read: Callable[[Payload], Said | None]
    ) -> Reply[Said]:
        """Make a call, following redirects, and return its answer: 2xx or known to the source.

        Args:
            call: What to send.
            errand: What it is for.
            read: Returns what the source says by an answer. A 4xx or 5xx of which it returns
                ``None`` is an error.

        Raises:
            SourceError: One of its leaves.
        """
        url, headers = _first_url(call, errand), dict(call.headers)
        query = (*call.request.params, *call.secret_params)
        shown = "?".join(
            filter(None, (urlsplit(url).path, urlencode(call.request.params, safe=":[]")))
        )
        for hop in range(MAX_HOPS + 1):
            has_left = not is_at_home(url, errand.root)
            if not has_left and self.before_call:
                self.before_call(call.records)
            request = requests.Request("GET", url, headers=headers, params=query)
            reply = self._send(request, shown, errand)
            target = _target(url, reply)
            if target is None:
                payload = _as_sent(reply, call, is_first=hop == 0)
                is_bare = hop > 0 and call.has_credentials and not has_left
                said = read(payload)
                is_claimed = said is not None
                error = error_of(
                    payload, errand, is_claimed=is_claimed, has_left=has_left, is_bare=is_bare
                )
                if error is not None:
                    raise error
                return Reply(payload, said)
            self._check_hop(target, url, call, errand)
            url, headers, query = target, _HOP_HEADERS, ()
            there = urlsplit(self.secrets.blot(url))  # before a key with a "?" is cut in two
            shown = f"{there.netloc}{there.path} (redirect)"
        raise errand.unavailable(f"redirected more than {MAX_HOPS} times")

    def _check_hop(self, target: str, at: str, call: ApiCall, errand: RequestContext) -> None:
        """Refuse a redirect that must not be followed, or that takes a secret along."""
        hosts = () if call.has_credentials else call.leads_to
        is_bare = self.secrets.blot(target) == target or is_at_home(target, errand.root)
        if may_lead(target, at=at, root=errand.root, hosts=hosts) and is_bare:
            return
        where = _host_of(self.secrets.blot(target))
        step = (
            f': a host that you trust can be listed as "{EXTRA}" in the extra of connection '
            f"{errand.conn_id!r}, http only where the host of the connection is http itself"
        )
        why = f"redirected to {where}, which is not followed{step if call.leads_to else ''}"
        raise errand.unavailable(why)

    def _send(self, request: requests.Request, shown: str, errand: RequestContext) -> Payload:
        """Send one request and log it in a line, without header, key or body."""
        started = time.monotonic()
        problem = ""
        reply: Payload | None = None
        try:
            reply = get(self.session, request, self.limits, self.ca_bundle)
        except Unreachable as exc:
            problem = str(exc)
        millis = round(1000 * (time.monotonic() - started))
        if reply is None:
            _log.info("%s GET %s: %s after %s ms", errand.source, shown, problem, millis)
            raise errand.unavailable(f"could not be reached: {problem}")
        line = "%s GET %s: HTTP %s, %s bytes, %s ms"
        _log.info(line, errand.source, shown, reply.status, len(reply.body), millis)
        return replace(reply, body=self.secrets.blot_bytes(reply.body))


def _as_sent(reply: Payload, call: ApiCall, *, is_first: bool) -> Payload:
    """Return the answer of a call with what is known of its request, not decoded yet."""
    content_type = reply.headers.get("Content-Type", "") if call.names_charset else ""
    body = utf8(reply.body, content_type) if call.names_charset else reply.body
    return replace(reply, body=body, had_credentials=call.has_credentials and is_first)


def _first_url(call: ApiCall, errand: RequestContext) -> str:
    """Return where to send a call: below the root, or a link of an answer if it leads there."""
    path = call.request.path
    if path.startswith("/"):
        return errand.root + path
    if not is_at_home(path, errand.root):
        raise errand.unavailable(f"names a link to {_host_of(path)}, which is not followed")
    return path


def _target(url: str, reply: Payload) -> str | None:
    """Return where an answer redirects to, ``None`` for one that does not."""
    location = reply.headers.get("Location")
    if reply.status not in _REDIRECTS or not location:
        return None
    try:
        return urljoin(url, location)
    except ValueError:
        return location


def _host_of(url: str) -> str:
    """Return scheme, host and port of a URL, for a message."""
    there = origin(url)
    return f"{there[0]}://{there[1]}:{there[2]}" if there else "what is no http address"
