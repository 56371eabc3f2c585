"""Serving beside a test."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from http.client import HTTPException

import pytest

from gapfill_sandbox import serve
from tests.sandbox.conftest import NOON
from tests.sandbox.http_client import call, ree_url

DAY = ("2025-11-01T00:00", "2025-11-01T23:59")


def test_several_sandboxes_have_ports_clocks_and_faults_of_their_own() -> None:
    """What happens in one is not seen in the other."""
    with serve(now=NOON) as one, serve(now=NOON + timedelta(days=1)) as other:
        one.faults.add({"api": "ree", "kind": "500"})
        assert call(ree_url(one.url, *DAY)).status == 500
        assert call(ree_url(other.url, *DAY)).status == 200
        assert one.clock.now() != other.clock.now()
        assert (len(one.requests.all()), len(other.requests.all())) == (1, 1)


def test_faults_can_be_in_force_from_the_start() -> None:
    """In their JSON form."""
    with serve(now=NOON, faults=[{"api": "ree", "kind": "500", "times": 1}]) as sandbox:
        assert [call(ree_url(sandbox.url, *DAY)).status for _ in range(2)] == [500, 200]


def test_nothing_listens_after_the_end() -> None:
    """The port is free again."""
    with serve(now=NOON) as sandbox:
        url = ree_url(sandbox.url, *DAY)
    with pytest.raises(ConnectionRefusedError):
        call(url)


def test_a_client_that_waits_does_not_hold_the_end() -> None:
    """A held request is cut off."""
    with serve(now=NOON, faults=[{"api": "ree", "kind": "timeout"}]) as sandbox:

        def wait() -> None:
            try:
                call(ree_url(sandbox.url, *DAY), timeout_s=600)
            except (OSError, HTTPException) as exc:
                ends.append(type(exc))

        ends: list[type[Exception]] = []

        client = threading.Thread(target=wait)
        client.start()
        while not sandbox.requests.all():
            time.sleep(0.01)
    client.join(timeout=300)
    assert len(ends) == 1
    assert ends != [TimeoutError]


def test_an_option_for_an_unknown_api_is_refused() -> None:
    """Before anything listens; so is a number below zero."""
    with pytest.raises(ValueError, match="not of the form"), serve(rates={"tides": 1}):
        pass
    with pytest.raises(ValueError, match="not of the form"), serve(spans={"ree": -1}):
        pass
