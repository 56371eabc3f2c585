"""The local API answers as recorded, fails as told, and keeps what it was asked."""

from __future__ import annotations

from http.client import IncompleteRead
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from gapfill.testing.local_api import Failure, LocalApi, Recorded

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def api() -> Iterator[LocalApi]:
    """Serve."""
    with LocalApi() as running:
        yield running


def _get(api: LocalApi, path: str = "/", timeout_s: float = 10) -> bytes:
    request = Request(f"{api.url}{path}", headers={"Authorization": "a-key"})  # noqa: S310 - ours
    with urlopen(request, timeout=timeout_s) as answer:  # noqa: S310 - ours
        return bytes(answer.read())


def test_calls_get_the_answers_in_turn_and_the_last_one_stays(api: LocalApi) -> None:
    """It keeps the path and query of each call, until new answers are set."""
    api.answer_with(Recorded(200, b"first"), Recorded(200, b"second"))
    bodies = [_get(api, f"/hours?day={n}") for n in range(3)]
    assert bodies == [b"first", b"second", b"second"] == api.sent
    assert api.received == ["/hours?day=0", "/hours?day=1", "/hours?day=2"]
    api.answer_with(Recorded(200, b"third"))
    assert _get(api) == b"third"
    assert api.received == ["/"]


def test_a_refusal_has_its_status_and_headers(api: LocalApi) -> None:
    """Such as the time to wait."""
    api.answer_with(Recorded(429, b"slow down", {"Retry-After": "90"}))
    with pytest.raises(HTTPError) as caught:
        _get(api)
    assert (caught.value.code, caught.value.headers["Retry-After"]) == (429, "90")


def test_an_echo_has_the_query_and_the_headers_of_the_call(api: LocalApi) -> None:
    """A source must not show its key even then."""
    api.answer_with(Recorded(200, b"{}", echoes=True))
    said = _get(api, "/hours?key=secret")
    assert said.startswith(b"{}\n/hours?key=secret\n")
    assert b"Authorization: a-key" in said


@pytest.mark.parametrize(
    "failure,error",
    [
        (Failure.SILENCE, TimeoutError),
        (Failure.RESET, ConnectionResetError),
        (Failure.CUT, IncompleteRead),
    ],
    ids=["silence", "reset", "cut"],
)
def test_a_failure_is_what_it_says(api: LocalApi, failure: Failure, error: type[Exception]) -> None:
    """Nothing comes, the connection is reset, or the body breaks off."""
    api.answer_with(failure)
    with pytest.raises(error):
        _get(api, timeout_s=0.3)
    assert api.received == ["/"]
