"""A server that puts a key into the path of a redirect: no log and no error tells it."""

from __future__ import annotations

import importlib
import logging
import traceback
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, quote_plus

import pytest

from gapfill.errors import SourceError
from tests.sources.aemet.asks import days
from tests.sources.asks import ask_of
from tests.sources.http.raw_server import RawServer, reply, reset
from tests.sources.openweathermap.asks import owm_ask
from tests.sources.siar.asks import hourly_ask
from tests.time_limit import patient

if TYPE_CHECKING:
    from gapfill.sources.http.hook import ApiHook
    from gapfill.sources.model import Ask
    from tests.sources.http.raw_server import Script

pytestmark = pytest.mark.airflow

SECRET = "Sl4sh/pl+us=Key'n\"more"
"""A secret with all that has another form in a URL, in JSON, or in HTML."""

FORMS = {
    "as it is": SECRET,
    "quoted whole": quote(SECRET, safe=""),
    "quoted as a form": quote_plus(SECRET),
    "slashes left": quote(SECRET),
    "lower-case hex": quote(SECRET, safe="").lower().replace("sl4sh", "Sl4sh"),
    "every character": "".join(f"%{ord(c):02X}" for c in SECRET),
    "quoted twice": quote(quote(SECRET, safe=""), safe=""),
    "in JSON": SECRET.replace("/", "\\/").replace('"', '\\"'),
    "in JSON, escaped": SECRET.replace("+", "\\u002b").replace("'", "\\u0027"),
    "in HTML": SECRET.replace("/", "&#x2F;").replace('"', "&quot;").replace("'", "&#39;"),
    "in capitals": SECRET.upper(),
}

PARTS = ("sl4sh", "pl+us", "pl%2bus", "key'n", "more", "%53", "%6d")
"""Pieces of it in any form, in lower case."""


class Door(NamedTuple):
    """How one hook is asked, and where its connection holds the secret."""

    ask: Ask
    held: dict[str, str]
    extra: dict[str, str] = {}  # noqa: RUF012 - never written


YESTERDAY = datetime(2025, 11, 4, 12, tzinfo=UTC)
WEEK = hourly_ask(date(2025, 10, 20), date(2025, 10, 26))
KEY = {"password": SECRET}

DOORS = {
    "openweathermap": Door(owm_ask("current", datetime(2025, 11, 5, 12, tzinfo=UTC)), KEY),
    "openweathermap timeline": Door(owm_ask("timeline", YESTERDAY), KEY),
    "openweathermap timemachine": Door(owm_ask("timemachine", YESTERDAY), KEY),
    "siar token": Door(WEEK, {}, {"token": SECRET}),
    "siar login": Door(WEEK, {"login": SECRET, "password": "another-one"}),
    "siar password": Door(WEEK, {"login": "98765432Z", "password": SECRET}),
    "aemet": Door(days("2025-10-05"), KEY),
    "esios": Door(ask_of("esios.1001", date(2025, 10, 26)), KEY),
    "ree": Door(ask_of("ree.pvpc", date(2025, 10, 26)), KEY),
}

ENDS: dict[str, list[bytes | Script]] = {
    "500": [reply(500, b"Oops")],
    "404": [reply(404, b"Not Found")],
    "no answer": [reset],
    "a page": [reply(200, b"<html>")],
    "another host": [reply(302, Location="http://127.0.0.1:1/elsewhere")],
}


def _hook(name: str, server: RawServer, monkeypatch: pytest.MonkeyPatch) -> ApiHook:
    source = name.partition(" ")[0]
    door = DOORS[name]
    text = server.connection(**door.held, extra={"timeout": patient(1.5), **door.extra})
    monkeypatch.setenv(f"AIRFLOW_CONN_{source.upper()}_DEFAULT", text)
    module = importlib.import_module(f"gapfill.sources.{source}.hook")
    titles = {"openweathermap": "OpenWeatherMap"}
    hook: ApiHook = getattr(module, f"{titles.get(source, source.capitalize())}Hook")()
    return hook


def _told(exc: BaseException) -> str:
    """Return all that an error can show."""
    return f"{''.join(traceback.format_exception(exc))} {exc!r} {vars(exc)}"


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("name", DOORS)
def test_a_key_in_the_path_of_a_redirect_home_is_told_to_nobody(
    server: RawServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    name: str,
    end: str,
) -> None:
    """The redirect is followed, and logged without the key, however it ends."""
    caplog.set_level(logging.DEBUG)
    hook = _hook(name, server, monkeypatch)
    server.answers = [reply(307, Location=f"/echo/{FORMS['quoted whole']}/x"), *ENDS[end]]
    with pytest.raises(SourceError) as caught:
        hook.fetch(DOORS[name].ask)
    assert server.received[1].path.startswith("/echo/Sl4sh")
    assert "/echo/***/x" in caplog.text
    told = (_told(caught.value) + caplog.text).lower()
    assert [part for part in PARTS if part in told] == []


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["openweathermap", "siar token"])
def test_a_key_is_known_in_whatever_form_it_comes_back(
    server: RawServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    name: str,
    form: str,
) -> None:
    """In a path, a host name and a body."""
    caplog.set_level(logging.DEBUG)
    hook, echo = _hook(name, server, monkeypatch), FORMS[form]
    told = ""
    answers: list[list[bytes | Script]] = [
        [reply(307, Location=f"/echo/{echo}/x"), reply(500, b"Oops")],
        [reply(307, Location=f"http://{echo}.example.org/")],
        [reply(400, f"no such thing: {echo}".encode())],
    ]
    for some in answers:
        server.answers, server.received[:] = some, []
        with pytest.raises(SourceError) as caught:
            hook.fetch(DOORS[name].ask)
        told += _told(caught.value)
    told = (told + caplog.text).lower()
    assert "***" in told
    assert [part for part in PARTS if part in told] == []


def test_a_header_that_cannot_be_read_tells_nothing_of_the_call(
    server: RawServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """urllib3 warns of it, with the whole URL."""
    caplog.set_level(logging.DEBUG)
    hook = _hook("openweathermap", server, monkeypatch)
    server.answers = [b"HTTP/1.1 200 X\r\nContent-Length: 2\r\nno header at all\r\n\r\n{}"]
    with suppress(SourceError):
        hook.fetch(DOORS["openweathermap"].ask)
    assert [part for part in PARTS if part in caplog.text.lower()] == []
