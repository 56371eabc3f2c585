"""Faults of the connection, as a client meets them."""

from __future__ import annotations

import time
from http.client import IncompleteRead
from typing import TYPE_CHECKING

import pytest

from tests.sandbox.http_client import archive_url, call, pvpc, ree_url

if TYPE_CHECKING:
    from gapfill_sandbox import Sandbox


def _url(sandbox: Sandbox) -> str:
    """Return the URL of a day of prices."""
    return ree_url(sandbox.url, "2025-11-01T00:00", "2025-11-01T23:59")


def test_timeout_holds_the_connection_until_the_client_leaves(sandbox: Sandbox) -> None:
    """Nothing comes; the next request is served."""
    sandbox.faults.add({"api": "ree", "kind": "timeout", "times": 1})
    with pytest.raises(TimeoutError):
        call(_url(sandbox), timeout_s=0.2)
    assert call(_url(sandbox)).status == 200
    assert sandbox.requests.all()[0]["status"] is None


def test_reset_breaks_the_connection(sandbox: Sandbox) -> None:
    """The client sees ECONNRESET, not an orderly end."""
    sandbox.faults.add({"api": "ree", "kind": "reset", "times": 1})
    with pytest.raises(ConnectionResetError):
        call(_url(sandbox))
    assert call(_url(sandbox)).status == 200


def test_truncated_promises_more_than_it_sends(sandbox: Sandbox) -> None:
    """Half the body arrives, then the connection closes."""
    whole = call(_url(sandbox)).body
    sandbox.faults.add({"api": "ree", "kind": "truncated"})
    with pytest.raises(IncompleteRead) as caught:
        call(_url(sandbox))
    assert caught.value.partial == whole[: len(whole) // 2]


def test_an_answer_without_a_body_can_be_truncated(sandbox: Sandbox) -> None:
    """The redirect of archive 70 promises a body then."""
    sandbox.faults.add({"api": "esios", "kind": "truncated"})
    with pytest.raises(IncompleteRead):
        call(archive_url(sandbox.url, "2025-11-01"))


def test_a_big_body_is_twenty_megabytes_of_valid_json(sandbox: Sandbox) -> None:
    """Blanks before the right answer: only a limit protects from it."""
    sandbox.faults.add({"api": "ree", "kind": "big_body"})
    reply = call(_url(sandbox))
    assert len(reply.body) > 20 * 1024 * 1024
    assert len(pvpc(reply)) == 24


def test_slow_answers_late_and_rightly(sandbox: Sandbox) -> None:
    """After the seconds asked for."""
    sandbox.faults.add({"api": "ree", "kind": "slow", "seconds": 0.2})
    began = time.monotonic()
    assert call(_url(sandbox)).status == 200
    assert time.monotonic() - began >= 0.2
