"""Send one GET with a time and a size limit, without redirects, cookies or netrc.

Exceptions of ``requests`` may hold the URL, and a URL may hold a key. So this module catches
them and raises a reason in plain words.
"""

from __future__ import annotations

import logging
import queue
import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import IncompleteRead
from http.cookiejar import DefaultCookiePolicy
from threading import Thread
from typing import TYPE_CHECKING

import requests

from gapfill import __version__
from gapfill.sources.json_reader import Payload

if TYPE_CHECKING:
    from requests import PreparedRequest, Response

USER_AGENT = f"gapfill/{__version__} (+Airflow DAG package that heals gaps in time series)"
"""Names Gapfill: some of the APIs block browser names and requests without a name."""

_THREAD = "gapfill-http"
_CHUNK = 1024
_OK_BELOW = 400
_CONNECT_S, _READ_S, _TOTAL_TO_READ = 10.0, 60.0, 3


@dataclass(frozen=True, slots=True)
class TransferLimits:
    """Time and size limits of one GET.

    Attributes:
        connect_s: Seconds for the connection.
        read_s: Seconds without a byte.
        total_s: Seconds in all, so that a very slow answer ends as well.
        max_bytes: Size of a body, unpacked.
    """

    connect_s: float = _CONNECT_S
    read_s: float = _READ_S
    total_s: float = _TOTAL_TO_READ * _READ_S
    max_bytes: int = 5_000_000

    @classmethod
    def of(cls, read_s: float) -> TransferLimits:
        """Return the limits for a given wait for an answer."""
        return cls(min(_CONNECT_S, read_s), read_s, _TOTAL_TO_READ * read_s)


class Unreachable(Exception):
    """There was no answer; the text says why and holds no URL."""


def build_session() -> requests.Session:
    """Return a session without cookies and ``~/.netrc``, which the no-op auth disables.

    Proxies and certificates still come from the environment (``trust_env``).
    """
    session = requests.Session()
    session.headers.clear()
    session.headers.update(
        {
            "User-Agent": USER_AGENT,
            "Accept": "application/json",
            "Accept-Encoding": "gzip, deflate",
            "Connection": "close",  # calls are seconds apart: a kept connection is often dead
        }
    )
    session.auth = _leave_alone
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return session


def _leave_alone(request: PreparedRequest) -> PreparedRequest:
    return request


def get(
    session: requests.Session,
    request: requests.Request,
    limits: TransferLimits,
    ca_bundle: str | None = None,
) -> Payload:
    """Send one GET and return its answer, whatever its status.

    It runs in its own thread, because nothing else limits a name look-up or very slow
    headers. An abandoned thread ends with its server, or the process.

    Raises:
        Unreachable: If there was no whole answer in time.
    """
    box: queue.SimpleQueue[Payload | Unreachable] = queue.SimpleQueue()
    work = (session, request, limits, ca_bundle, box)
    Thread(target=_work, args=work, name=_THREAD, daemon=True).start()
    outcome: Payload | Unreachable | None
    try:
        outcome = box.get(timeout=limits.total_s)
    except queue.Empty:
        outcome = None
    if outcome is None:
        session.close()
        outcome = Unreachable(f"no whole answer within {limits.total_s:g} s")
    if isinstance(outcome, Unreachable):
        raise outcome  # made, not raised, in the thread: no traceback hangs on it
    return outcome


def _work(
    session: requests.Session,
    request: requests.Request,
    limits: TransferLimits,
    ca_bundle: str | None,
    box: queue.SimpleQueue[Payload | Unreachable],
) -> None:
    try:
        box.put(_send(session, request, limits, ca_bundle))
    except Exception as exc:  # noqa: BLE001 - the thread's boundary: no text of it may get out
        box.put(Unreachable(_reason(exc, limits)))


def _send(
    session: requests.Session,
    request: requests.Request,
    limits: TransferLimits,
    ca_bundle: str | None,
) -> Payload:
    """Send through the adapter, because ``Session.send`` would read ahead along a redirect."""
    deadline = time.monotonic() + limits.total_s
    prepared = session.prepare_request(request)
    url = prepared.url or ""
    settings = session.merge_environment_settings(url, {}, stream=True, verify=ca_bundle, cert=None)
    response = session.get_adapter(url).send(
        prepared,
        stream=True,
        timeout=(limits.connect_s, limits.read_s),
        verify=settings["verify"] or True,
        proxies=dict(settings["proxies"] or {}),
    )
    try:
        body, is_cut = _read(response, limits.max_bytes, deadline)
    finally:
        response.close()
        session.close()  # ends the kept connection, which the header alone does not on our side
    return Payload(response.status_code, body, response.headers, is_cut)


def _read(response: Response, max_bytes: int, deadline: float) -> tuple[bytes, bool]:
    """Return the body, and whether it is cut; a refusal counts even with an incomplete body."""
    body = bytearray()
    try:
        for chunk in response.iter_content(_CHUNK):
            body += chunk
            if len(body) > max_bytes:
                return bytes(body[:max_bytes]), True
            if time.monotonic() > deadline:
                raise TimeoutError
    except OSError:  # requests' own are OSErrors, too
        if response.status_code < _OK_BELOW:
            raise
    return bytes(body), False


_REASONS: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...] = (
    (requests.exceptions.ProxyError, "the proxy failed"),
    (ssl.SSLCertVerificationError, "its TLS certificate could not be verified"),
    (ssl.SSLError, "the TLS handshake failed"),
    (socket.gaierror, "its name could not be resolved"),
    (ConnectionRefusedError, "the connection was refused"),
    (IncompleteRead, "the answer broke off"),
    ((ConnectionResetError, BrokenPipeError), "the connection was reset"),
    (requests.ConnectTimeout, "no connection within {limits.connect_s:g} s"),
    ((requests.ReadTimeout, TimeoutError), "no answer within {limits.read_s:g} s"),
    (
        (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, UnicodeError),
        "its address is not a URL",
    ),
    (requests.exceptions.ContentDecodingError, "the answer could not be unpacked"),
)


def _reason(exc: BaseException, limits: TransferLimits) -> str:
    """Return why there was no answer, without any text of the exception."""
    chain = list(_chain(exc))
    for kinds, words in _REASONS:
        if any(isinstance(link, kinds) for link in chain):
            return words.format(limits=limits)
    return f"the call failed ({type(exc).__name__})"


def _chain(exc: BaseException) -> Iterator[BaseException]:
    """Yield an exception and its causes, once each."""
    seen: set[int] = set()
    waiting: list[object] = [exc]
    while waiting:
        link = waiting.pop()
        if isinstance(link, BaseException) and id(link) not in seen:
            seen.add(id(link))
            yield link
            waiting += [link.__cause__, link.__context__, getattr(link, "reason", None), *link.args]


class _OursSilent(logging.Filter):
    """Drops the log lines of urllib3 for Gapfill's calls, because they hold URLs with keys."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the line is of another program's call."""
        return record.threadName != _THREAD


for _part in ("connection", "connectionpool", "response", "util.retry"):
    logging.getLogger(f"urllib3.{_part}").addFilter(_OursSilent())
