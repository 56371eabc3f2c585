"""A publisher that is down for two days, and a firewall in front of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from gapfill_sandbox import serve
from gapfill_sandbox.registry import APIS
from tests.sandbox import asks
from tests.sandbox.conftest import NOON
from tests.sandbox.http_client import archive_url, call
from tests.sandbox.shapes import PAYLOADS, payload

if TYPE_CHECKING:
    from collections.abc import Callable

    from gapfill_sandbox import Sandbox

SINCE = datetime(2025, 11, 5, 12, tzinfo=UTC)
TWO_DAYS = {"since": "2025-11-05T12:00:00Z", "until": "2025-11-07T12:00:00Z"}
BEFORE, LAST, AFTER = (
    SINCE - timedelta(seconds=1),
    SINCE + timedelta(days=2, seconds=-1),
    SINCE + timedelta(days=2),
)


def _open_meteo_values(root: str) -> set[Any]:
    """Return all values of an answer, over its three variables."""
    hourly = asks.open_meteo(root, "2025-10-20", "2025-10-22").json()["hourly"]
    assert len(hourly["time"]) == 72
    return {value for name in asks.OPEN_METEO_HOURLY.split(",") for value in hourly[name]}


NOTHING: dict[str, tuple[str, Callable[[str], Any], Any]] = {
    "ree": (
        "ree",
        lambda root: (
            (reply := asks.ree(root, "2025-11-01", "2025-11-03")).status,
            reply.json(),
        ),
        (502, payload("ree_error_no_data.json")),
    ),
    "esios": (
        "esios",
        lambda root: asks.indicator(root, "2025-11-01").json()["indicator"]["values"],
        [],
    ),
    "archive70": (
        "esios",
        lambda root: asks.archive(root, "2025-11-01").json(),
        payload("esios_archive70_error_no_values.json"),
    ),
    "aemet hours": (
        "aemet",
        lambda root: asks.aemet(asks.aemet_hours(root)),
        payload("aemet_error_no_data.json"),
    ),
    "aemet days of another station": (
        "aemet",
        lambda root: asks.aemet(asks.aemet_days(root, "2025-10-01", "2025-10-03", "3195")),
        payload("aemet_error_no_data.json"),
    ),
    "siar": (
        "siar",
        lambda root: asks.siar(root, "2025-10-01", "2025-10-03").json(),
        {"datos": [], "MensajeRespuesta": None},
    ),
    "siar half-hours": (
        "siar",
        lambda root: asks.siar(root, "2025-10-01", "2025-10-03", kind="Horarios").json()["datos"],
        [],
    ),
    "open_meteo": ("open_meteo", _open_meteo_values, {None}),
}
"""By what is asked: the API, the asking, and what each says when it has nothing at all."""


@pytest.mark.parametrize("name", NOTHING)
def test_a_publisher_that_is_down_has_nothing_for_two_days(sandbox: Sandbox, name: str) -> None:
    """Each in its own way, whatever is asked; before and after it has everything."""
    api, ask, nothing = NOTHING[name]
    sandbox.faults.add({"api": api, "kind": "no_data", **TWO_DAYS})
    found = []
    for now in (BEFORE, SINCE, LAST, AFTER):
        sandbox.clock.set(now)
        found.append(ask(sandbox.url) == nothing)
    assert found == [False, True, True, False]


def test_an_outage_may_be_a_connection_or_an_error(sandbox: Sandbox) -> None:
    """Any kind of fault ends after its two days."""
    sandbox.faults.add({"api": "siar", "kind": "500", **TWO_DAYS})
    sandbox.faults.add({"api": "ree", "kind": "reset", **TWO_DAYS})
    assert asks.siar(sandbox.url, "2025-10-01", "2025-10-01").status == 500
    with pytest.raises(ConnectionResetError):
        asks.ree(sandbox.url, "2025-11-01")
    sandbox.clock.set(AFTER)
    assert asks.siar(sandbox.url, "2025-10-01", "2025-10-01").status == 200
    assert asks.ree(sandbox.url, "2025-11-01").status == 200


@pytest.mark.parametrize("api", [api.name for api in APIS])
@pytest.mark.parametrize("kind, status", [("firewall", 403), ("firewall_200", 200)])
def test_a_firewall_may_refuse_requests_to_any_api(
    sandbox: Sandbox, api: str, kind: str, status: int
) -> None:
    """A page of HTML with an incident, as Incapsula's; never the API's own form of refusal."""
    urls = {
        "ree": f"{sandbox.url}/es/datos/mercados/precios-mercados-tiempo-real",
        "esios": archive_url(sandbox.url, "2025-11-01"),
        "aemet": asks.aemet_hours(sandbox.url),
        "siar": f"{sandbox.url}/siarapi/API/V1/Autenticacion/cifrarCadena?cadena=x",
        "openweathermap": f"{sandbox.url}/data/2.5/weather?lat=38&lon=-3&appid=k",
        "open_meteo": f"{sandbox.url}/v1/forecast?latitude=38&longitude=-3",
    }
    sandbox.faults.add({"api": api, "kind": kind, "times": 1})
    reply = call(urls[api])
    assert (reply.status, reply.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert reply.text.startswith("<html")
    assert "Request unsuccessful. Incapsula incident ID: 1-2" in reply.text


def test_a_login_page_of_a_network_may_come_with_200(sandbox: Sandbox) -> None:
    """That of a network which wants a login."""
    sandbox.faults.add({"api": "ree", "kind": "html"})
    reply = asks.ree(sandbox.url, "2025-11-01")
    assert (reply.status, "<!DOCTYPE html>" in reply.text) == (200, True)


def test_a_ready_token_needs_no_authentication() -> None:
    """One that starts with ``ready`` holds for ever, within the account's earliest date."""
    limits = {"siar.token_minutes": 1, "siar.token_uses": 1, "siar.authorised": 20250623}
    with serve(now=NOON, limits=limits) as sandbox:
        for _ in range(2):
            assert asks.siar(sandbox.url, "2025-10-01", "2025-10-02").status == 200
        assert asks.siar(sandbox.url, "2025-06-22", "2025-06-30").status == 403
        assert asks.siar(sandbox.url, "2025-10-01", "2025-10-02", held="other").status == 403


def test_siar_may_say_in_words_that_it_has_nothing(sandbox: Sandbox) -> None:
    """Beside an empty list, with HTTP 200."""
    sandbox.faults.add({"api": "siar", "kind": "no_data_text"})
    reply = asks.siar(sandbox.url, "2025-10-01", "2025-10-03")
    text = "No existen datos para los criterios seleccionados."
    assert (reply.status, reply.json()) == (200, {"datos": [], "MensajeRespuesta": text})


def test_two_hops_may_contradict_each_other(sandbox: Sandbox) -> None:
    """AEMET finds rows at the first and has none at the second: one fault, both hops."""
    sandbox.faults.add({"api": "aemet", "kind": "contradiction", "times": 1})
    url = asks.aemet_days(sandbox.url, "2025-10-01", "2025-10-05")
    first = call(url, headers={"api_key": "k"})
    said = asks.aemet_json(first)
    assert (first.status, said["estado"]) == (200, 200)
    assert said["descripcion"] == "Se han encontrado 5 registros"
    second = call(said["datos"])
    assert second.status == 200
    assert second.body == (PAYLOADS / "aemet_error_no_data.json").read_bytes()
    assert len(asks.aemet(url)) == 5


def test_hours_may_be_contradicted_too(sandbox: Sandbox) -> None:
    """As long as the fault is in force; the count is that of the rows which are there."""
    sandbox.faults.add({"api": "aemet", "kind": "contradiction"})
    said = asks.aemet_json(call(asks.aemet_hours(sandbox.url), headers={"api_key": "k"}))
    assert said["descripcion"] == "Se han encontrado 12 registros"
    for _ in range(2):
        assert asks.aemet(asks.aemet_hours(sandbox.url))["estado"] == 404
