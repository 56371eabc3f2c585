"""Send one call: follow allowed redirects, and keep secrets out of logs and errors."""

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
    """An answer with its meaning.

    Attributes:
        payload: The answer: 2xx, or one that the source's ``read`` understands.
        said: Its meaning, ``None`` for a document that the parser reads.
    """

    payload: Payload
    said: Said | None


@dataclass(frozen=True, slots=True)
class ApiCall:
    """One request with credentials and options of its hook.

    Attributes:
        request: Path and query, without secrets.
        headers: Further headers, with credentials.
        secret_params: Further query parameters, with credentials.
        root: Root URL instead of the connection's, for an API with a second host.
        leads_to: Other hosts to which a redirect may lead (``redirects.may_lead``). Only for
            a call without credentials.
        names_charset: Whether the content type of the answer names its encoding.
        records: Records that the answer will count in the source's quota.
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
        """Whether the call carries credentials."""
        return bool(self.headers or self.secret_params)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpClient:
    """Sends calls to one API.

    Attributes:
        session: The HTTP session.
        limits: Time and size limits of each request.
        ca_bundle: File of certificates to trust instead.
        before_call: Runs before each request to the API's own host, with its number of records.
        secrets: Texts to remove from every answer.
    """

    session: requests.Session
    limits: TransferLimits
    ca_bundle: str | None
    before_call: Callable[[int], None] | None
    secrets: Secrets

    def send(
        self, call: ApiCall, context: RequestContext, read: Callable[[Payload], Said | None]
    ) -> Reply[Said]:
        """Make a call, following redirects, and return its answer.

        Args:
            call: The request.
            context: Purpose of the call, for the errors.
            read: Returns the meaning of an answer. A 4xx or 5xx for which it returns ``None``
                is an error.

        Raises:
            SourceError: A subclass of it.
        """
        url, headers = _first_url(call, context), dict(call.headers)
        query = (*call.request.params, *call.secret_params)
        shown = "?".join(
            filter(None, (urlsplit(url).path, urlencode(call.request.params, safe=":[]")))
        )
        for hop in range(MAX_HOPS + 1):
            has_left = not is_at_home(url, context.root)
            if not has_left and self.before_call:
                self.before_call(call.records)
            request = requests.Request("GET", url, headers=headers, params=query)
            reply = self._send(request, shown, context)
            target = _target(url, reply)
            if target is None:
                payload = _as_sent(reply, call, is_first=hop == 0)
                is_bare = hop > 0 and call.has_credentials and not has_left
                said = read(payload)
                is_claimed = said is not None
                error = error_of(
                    payload, context, is_claimed=is_claimed, has_left=has_left, is_bare=is_bare
                )
                if error is not None:
                    raise error
                return Reply(payload, said)
            self._check_hop(target, url, call, context)
            url, headers, query = target, _HOP_HEADERS, ()
            there = urlsplit(self.secrets.blot(url))  # before a key with a "?" is cut in two
            shown = f"{there.netloc}{there.path} (redirect)"
        raise context.unavailable(f"redirected more than {MAX_HOPS} times")

    def _check_hop(self, target: str, at: str, call: ApiCall, context: RequestContext) -> None:
        """Refuse a redirect to a host that is not allowed, or with a secret in its URL."""
        hosts = () if call.has_credentials else call.leads_to
        is_bare = self.secrets.blot(target) == target or is_at_home(target, context.root)
        if may_lead(target, at=at, root=context.root, hosts=hosts) and is_bare:
            return
        where = _host_of(self.secrets.blot(target))
        step = (
            f': a host that you trust can be listed as "{EXTRA}" in the extra of connection '
            f"{context.conn_id!r}, http only where the host of the connection is http itself"
        )
        why = f"redirected to {where}, which is not followed{step if call.leads_to else ''}"
        raise context.unavailable(why)

    def _send(self, request: requests.Request, shown: str, context: RequestContext) -> Payload:
        """Send one request and log one line, without header, key or body."""
        started = time.monotonic()
        problem = ""
        reply: Payload | None = None
        try:
            reply = get(self.session, request, self.limits, self.ca_bundle)
        except Unreachable as exc:
            problem = str(exc)
        millis = round(1000 * (time.monotonic() - started))
        if reply is None:
            _log.info("%s GET %s: %s after %s ms", context.source, shown, problem, millis)
            raise context.unavailable(f"could not be reached: {problem}")
        line = "%s GET %s: HTTP %s, %s bytes, %s ms"
        _log.info(line, context.source, shown, reply.status, len(reply.body), millis)
        return replace(reply, body=self.secrets.blot_bytes(reply.body))


def _as_sent(reply: Payload, call: ApiCall, *, is_first: bool) -> Payload:
    """Return the answer with facts of its request: its charset and its credentials."""
    content_type = reply.headers.get("Content-Type", "") if call.names_charset else ""
    body = utf8(reply.body, content_type) if call.names_charset else reply.body
    return replace(reply, body=body, had_credentials=call.has_credentials and is_first)


def _first_url(call: ApiCall, context: RequestContext) -> str:
    """Return the URL of a call: below the root, or an answer's link to the root's host."""
    path = call.request.path
    if path.startswith("/"):
        return context.root + path
    if not is_at_home(path, context.root):
        raise context.unavailable(f"names a link to {_host_of(path)}, which is not followed")
    return path


def _target(url: str, reply: Payload) -> str | None:
    """Return the target of a redirect, ``None`` for another answer."""
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
    return f"{there[0]}://{there[1]}:{there[2]}" if there else "a non-HTTP address"
