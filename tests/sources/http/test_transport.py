"""One GET always ends, and nothing rides along on it."""

from __future__ import annotations

import gzip
import logging
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from gapfill.sources.http.transport import (
    TransferLimits,
    Unreachable,
    build_session,
    get,
)
from tests.sources.http.raw_server import RawServer, reply, reset

if TYPE_CHECKING:
    from pathlib import Path

    from gapfill.sources.json_reader import Payload

import requests

ROOMY = TransferLimits(connect_s=10, read_s=10, total_s=30, max_bytes=100_000)
SILENT = TransferLimits(connect_s=10, read_s=0.2, total_s=30)
DRIPPED_ON = TransferLimits(connect_s=10, read_s=10, total_s=0.3)
"""Only one limit of each can end a call, however busy the machine is."""


def _get(url: str, limits: TransferLimits = ROOMY) -> Payload:
    return get(build_session(), requests.Request("GET", url), limits)


def _problem(url: str, limits: TransferLimits = ROOMY) -> str:
    with pytest.raises(Unreachable) as caught:
        _get(url, limits)
    assert caught.value.__context__ is None
    assert url not in str(caught.value)
    return str(caught.value)


def test_an_answer_comes_with_any_status(server: RawServer) -> None:
    """Statuses are judged elsewhere; a redirect is not followed here."""
    server.answers = [reply(302, b"away", Location="http://127.0.0.1:1/", Set_Cookie="a=b")]
    answer = _get(server.url)
    assert (answer.status, answer.body, answer.is_cut) == (302, b"away", False)
    assert answer.headers["location"] == "http://127.0.0.1:1/"


def test_nothing_rides_along(
    server: RawServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No netrc, no cookies, no borrowed name."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password s3cret-t0ken\n")
    monkeypatch.setenv("NETRC", str(netrc))
    server.answers = [reply(200, b"{}", Set_Cookie="session=1; Path=/")]
    session = build_session()
    for _ in range(2):
        get(session, requests.Request("GET", server.url), ROOMY)
    for received in server.received:
        assert sorted(received.headers) == [
            "accept",
            "accept-encoding",
            "connection",
            "host",
            "user-agent",
        ]
        assert received.headers["user-agent"].startswith("gapfill/")
        assert received.headers["accept"] == "application/json"


def test_no_connection_is_kept(server: RawServer) -> None:
    """Calls are seconds apart, and a kept connection would be reset under the next one."""
    closed = threading.Event()

    def stay(connection: socket.socket) -> None:
        connection.sendall(reply(200, b"{}"))
        connection.settimeout(2)
        if connection.recv(1) == b"":
            closed.set()

    server.answers = [stay]
    assert _get(server.url).body == b"{}"
    assert closed.wait(2)


def test_a_proxy_that_is_down_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or one looks for the fault at the API."""
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    monkeypatch.setenv("http_proxy", f"http://me:s3cret@127.0.0.1:{port}")
    assert _problem("http://api.example/x") == "the proxy failed"


def test_proxies_still_come_from_the_environment(
    server: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plant's network may have no other way out."""
    monkeypatch.setenv("http_proxy", server.url)
    server.answers = [reply(200, b"{}")]
    assert _get("http://api.example/x").status == 200
    assert server.received[0].path == "http://api.example/x"


def test_a_packed_answer_is_unpacked(server: RawServer) -> None:
    """All of these APIs pack."""
    server.answers = [reply(200, gzip.compress(b'{"a": 1}'), Content_Encoding="gzip")]
    assert _get(server.url).body == b'{"a": 1}'
    server.answers = [reply(200, b"no gzip at all", Content_Encoding="gzip")]
    assert _problem(server.url) == "the answer could not be unpacked"


def test_a_body_is_cut_at_the_limit_packed_or_not(server: RawServer) -> None:
    """20 MB of blanks, or a packed bomb of them, do not fill a worker's memory."""
    blanks = b" " * 20_000_000
    server.answers = [
        reply(200, blanks),
        reply(200, gzip.compress(blanks, 1), Content_Encoding="gzip"),
    ]
    for _ in range(2):
        answer = _get(server.url)
        assert (len(answer.body), answer.is_cut) == (100_000, True)


def test_silence_ends(server: RawServer) -> None:
    """A server that takes the call and says nothing."""

    def hold(_connection: socket.socket) -> None:
        server.over.wait(60)

    server.answers = [hold]
    assert _problem(server.url, SILENT) == "no answer within 0.2 s"


def test_silence_in_the_middle_of_a_body_ends(server: RawServer) -> None:
    """The wait is for each piece, not for the first one only."""

    def stop_halfway(connection: socket.socket) -> None:
        connection.sendall(reply(200, b"0123456789")[:-5])
        server.over.wait(60)

    server.answers = [stop_halfway]
    assert _problem(server.url, SILENT) == "no answer within 0.2 s"


@pytest.mark.parametrize("part", ["headers", "body"])
def test_an_answer_in_drops_ends(server: RawServer, part: str) -> None:
    """Each drop comes in time, the whole never would."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n"

    def drip(connection: socket.socket) -> None:
        connection.sendall(head + (b"X: " if part == "headers" else b"\r\n"))
        while not server.over.wait(0.05):
            connection.sendall(b"x")

    server.answers = [drip]
    assert _problem(server.url, DRIPPED_ON) == "no whole answer within 0.3 s"


def test_a_reset_a_refusal_and_a_break_are_told_apart(server: RawServer) -> None:
    """A person reads this in an alert."""
    server.answers = [reset]
    assert _problem(server.url) == "the connection was reset"
    server.answers = [reply(200, b"0123456789")[:-5]]
    assert _problem(server.url) == "the answer broke off"
    server.answers = [lambda _: None]
    assert _problem(server.url) == "the connection was reset"
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    assert _problem(f"http://127.0.0.1:{port}/?appid=s3cret") == "the connection was refused"


@pytest.mark.parametrize(
    "url,problem",
    [
        ("http://no-such-host.invalid/?appid=s3cret", "its name could not be resolved"),
        ("http://" + 70 * "x" + ".example/", "its address is not a URL"),
        ("ftp://api.example/?appid=s3cret", "its address is not a URL"),
    ],
    ids=["unknown name", "label too long", "other scheme"],
)
def test_an_address_that_leads_nowhere_is_said_to(url: str, problem: str) -> None:
    """Without repeating it: it may hold a key."""
    assert _problem(url, TransferLimits(10, 10, 30)) == problem


def test_a_plain_server_under_https_fails_in_the_handshake(server: RawServer) -> None:
    """The commonest mistake in a connection's host."""
    server.answers = [reply(200)]
    assert _problem(server.url.replace("http:", "https:")) == "the TLS handshake failed"


def test_what_is_no_http_at_all_is_a_failed_call(server: RawServer) -> None:
    """The kind of failure is told, its text is not."""
    server.answers = [b"SSH-2.0-OpenSSH_9.6\r\n"]
    assert _problem(server.url) == "the call failed (ConnectionError)"


def test_a_refusal_counts_even_if_its_body_breaks_off(server: RawServer) -> None:
    """The status of a 429 matters, its text does not."""
    server.answers = [reply(429, b"Too Many Requests", Retry_After="30")[:-5]]
    answer = _get(server.url)
    assert (answer.status, answer.headers["Retry-After"]) == (429, "30")


def test_urllib3_tells_nothing_of_our_calls(
    server: RawServer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At debug level it logs whole URLs; those of others are left to it."""
    for name in (None, "urllib3", "urllib3.connectionpool"):  # whatever Airflow has set for them
        caplog.set_level(logging.DEBUG, name)
        monkeypatch.setattr(logging.getLogger(name), "disabled", False)
        monkeypatch.setattr(logging.getLogger(name), "propagate", True)
    server.answers = [reply(200, b"{}")]
    _get(f"{server.url}/?appid=s3cret-t0ken")
    assert "s3cret-t0ken" not in caplog.text
    requests.get(f"{server.url}/?theirs=1", timeout=1)
    assert "theirs=1" in caplog.text
