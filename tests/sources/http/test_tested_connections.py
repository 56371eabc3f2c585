"""*Test connection* of each API while it refuses: a failed test, a reason, and no key."""

from __future__ import annotations

import importlib
import logging
from typing import TYPE_CHECKING

import pytest

from tests.sources.http.raw_server import RawServer, reply
from tests.time_limit import patient

if TYPE_CHECKING:
    from gapfill.sources.http.hook import ApiHook

pytestmark = pytest.mark.airflow

KEY = "0123456789abcdef-k3y"

WITH_KEY = {"password": KEY}
HOOKS: dict[str, tuple[str, dict[str, str], dict[str, object]]] = {
    "ree": ("ReeHook", {}, {}),
    "esios": ("EsiosHook", WITH_KEY, {}),
    "esios, archive": ("EsiosHook", {}, {}),
    "aemet": ("AemetHook", WITH_KEY, {}),
    "openweathermap": ("OpenWeatherMapHook", WITH_KEY, {}),
    "openweathermap, One Call": ("OpenWeatherMapHook", WITH_KEY, {"one_call": True}),
    "siar": ("SiarHook", {"login": "98765432Z", "password": KEY}, {}),
    "siar, token": ("SiarHook", {}, {"token": KEY}),
    "open_meteo": ("OpenMeteoHook", {}, {}),
}
"""By API: the hook, and what its connection and its extra hold."""

AEMET_SAYS = (
    b'{"descripcion" : "Limite de peticiones o caudal por minuto excedido", "estado" : 429}'
)


def press(name: str, server: RawServer, monkeypatch: pytest.MonkeyPatch) -> tuple[bool, str]:
    """Press the button of a connection that leads to the server."""
    source = name.split(",", maxsplit=1)[0]
    kind, held, extra = HOOKS[name]
    text = server.connection(**held, extra={"timeout": patient(1.5), **extra})
    monkeypatch.setenv(f"AIRFLOW_CONN_{source.upper()}_DEFAULT", text)
    hook: ApiHook = getattr(importlib.import_module(f"gapfill.sources.{source}.hook"), kind)()
    return hook.test_connection()


@pytest.mark.parametrize("header", [{}, {"Retry_After": "17"}], ids=["plain", "Retry-After"])
@pytest.mark.parametrize("name", HOOKS)
def test_a_connection_that_is_refused_for_now_fails_it(
    server: RawServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    name: str,
    header: dict[str, str],
) -> None:
    """It says that there were too many requests, and when to try again; it blames no key."""
    caplog.set_level(logging.DEBUG)
    echo = KEY if any(HOOKS[name][1:]) else "you"
    server.answers = [reply(429, f"Slow down, {echo}".encode(), **header)]
    is_fine, said = press(name, server, monkeypatch)
    assert is_fine is False
    assert said.startswith(f"{name.split(',', maxsplit=1)[0]}: ")
    assert "too many requests" in said
    assert "429" in said
    assert "may be asked again in " in said
    assert ("in 17 s" in said) is bool(header)
    assert "refused" not in said
    assert KEY not in said + caplog.text
    assert len(server.received) == 1


def test_aemet_refuses_inside_an_answer_of_200(
    server: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own form of a 429."""
    server.answers = [reply(200, AEMET_SAYS)]
    is_fine, said = press("aemet", server, monkeypatch)
    assert is_fine is False
    assert "too many requests" in said
    assert "caudal por minuto excedido" in said
    assert "may be asked again in 61 s" in said


def test_a_second_host_that_refuses_fails_the_test_too(
    server: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Open-Meteo's archive has its own count."""
    server.answers = [reply(200, b"{}"), reply(429, b"Too many", Retry_After="17")]
    is_fine, said = press("open_meteo", server, monkeypatch)
    assert (is_fine, "may be asked again in 17 s" in said) == (False, True)
    assert len(server.received) == 2
