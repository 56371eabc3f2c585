"""Where AEMET's second hop may lead, what it is sent, and refusals no sandbox makes up."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from gapfill.errors import MalformedPayload, RateLimited, SourceUnavailable
from tests.sources.aemet.asks import HOUR, RECORD, days, hours
from tests.sources.asks import payload
from tests.sources.http.raw_server import RawServer, reply, reset
from tests.time_limit import patient

if TYPE_CHECKING:
    from gapfill.sources.aemet.hook import AemetHook

pytestmark = pytest.mark.airflow

KEY = "eyJhbGciOiJIUzI1NiJ9.k3y"
DAY = days("2025-10-05")
ROWS = reply(200, json.dumps([RECORD]).encode())
NO_DATA = reply(200, payload("aemet_error_no_data.json"))
LINK = "/opendata/sh/208c3ca3"
BUSY = payload("aemet_error_too_many.json")
BUSY_PAGE = b"<html><body><h1>429 Too Many Requests</h1></body></html>"
EXPIRED = '{"descripcion" : "datos expirados", "estado" : 404}'.encode("iso-8859-15")


@pytest.fixture
def aemet(server: RawServer, monkeypatch: pytest.MonkeyPatch) -> AemetHook:
    """Return the hook with its connection to a raw server and a key."""
    from gapfill.sources.aemet.hook import AemetHook

    text = server.connection(
        password=KEY, login="somebody", extra={"timeout": patient(2), "x": "y"}
    )
    monkeypatch.setenv("AIRFLOW_CONN_AEMET_DEFAULT", text)
    return AemetHook()


def _envelope(url: object) -> bytes:
    """Return the first hop's answer that leads to a URL."""
    said = {"descripcion": "exito", "estado": 200, "datos": url}
    return reply(200, json.dumps(said).encode(), Content_Type="text/plain;charset=ISO-8859-15")


def test_the_captured_hours_are_read_through_both_hops(aemet: AemetHook, server: RawServer) -> None:
    """Byte for byte, but for the link's host, which is the server's."""
    captured = payload("aemet_envelope_2021-01-09.json")
    envelope = captured.replace(b"https://opendata.aemet.es", server.url.encode())
    rows = payload("aemet_observations_2021-01-09.json")
    server.answers = [reply(200, envelope), reply(200, rows)]
    now = datetime(2021, 1, 9, 12, 30, tzinfo=UTC)
    answer = aemet.fetch(hours(now - 24 * HOUR, now, station="3195", now=now))
    assert len(answer.readings) == 23
    assert [received.path for received in server.received] == [
        "/opendata/api/observacion/convencional/datos/estacion/3195",
        "/opendata/sh/208c3ca3",
    ]


def test_the_first_hop_sends_the_key_and_the_second_nothing_of_ours(
    aemet: AemetHook, server: RawServer
) -> None:
    """What really came over the wire."""
    server.answers = [_envelope(server.url + LINK), ROWS]
    assert len(aemet.fetch(DAY).readings) == 1
    first, second = server.received
    assert first.headers["api_key"] == KEY
    assert {"authorization", "cookie", "x", "timeout"}.isdisjoint(first.headers)
    assert KEY not in first.path + second.raw
    names = ["accept", "accept-encoding", "connection", "host", "user-agent"]
    assert sorted(second.headers) == names


def test_a_link_to_another_host_is_not_followed(
    aemet: AemetHook, server: RawServer, elsewhere: RawServer
) -> None:
    """Weather could be anyone's there."""
    server.answers = [_envelope(elsewhere.url + LINK)]
    with pytest.raises(SourceUnavailable, match=f"{server.url} names a link to {elsewhere.url},"):
        aemet.fetch(DAY)
    assert elsewhere.received == []


@pytest.mark.parametrize(
    "url",
    [
        "http://opendata.aemet.es/opendata/sh/1",
        "https://opendata.aemet.es.example/opendata/sh/1",
        "https://me:pass@opendata.aemet.es/opendata/sh/1",
        "https://opendata.aemet.es:8443/opendata/sh/1",
        "file:///etc/passwd",
        "/opendata/sh/1",
        "//files.example/1",
        "opendata.aemet.es/opendata/sh/1",
        "",
    ],
)
def test_a_link_that_only_looks_like_aemets_is_not_followed(
    aemet: AemetHook, server: RawServer, url: str
) -> None:
    """Over https, at its own name and port, or not at all."""
    server.answers = [_envelope(url)]
    with pytest.raises(SourceUnavailable, match=r"names a link to .*, which is not followed"):
        aemet.fetch(DAY)
    assert len(server.received) == 1


def test_a_link_to_aemets_own_host_is_followed_from_any_root_and_counted(
    aemet: AemetHook, server: RawServer, elsewhere: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gateway passes AEMET's answers on as they are; the hop counts at AEMET all the same."""
    from gapfill.sources.aemet import parser as source

    monkeypatch.setattr(source, "ROOT", elsewhere.url)
    counted: list[tuple[int, int]] = []
    aemet._before_call = lambda _: counted.append((len(server.received), len(elsewhere.received)))
    server.answers = [_envelope(elsewhere.url + LINK)]
    elsewhere.answers = [ROWS]
    assert len(aemet.fetch(DAY).readings) == 1
    assert counted == [(0, 0), (1, 0)]
    assert KEY not in elsewhere.received[0].raw


def test_what_before_call_raises_stops_the_second_hop(aemet: AemetHook, server: RawServer) -> None:
    """A quota may be spent between the two."""

    def refuse(_records: int) -> None:
        if server.received:
            message = "spent"
            raise RateLimited(message, source="aemet", retry_after=86400)

    aemet._before_call = refuse
    server.answers = [_envelope(server.url + LINK)]
    with pytest.raises(RateLimited, match="spent"):
        aemet.fetch(DAY)
    assert len(server.received) == 1


def test_a_key_in_a_link_is_not_sent_on(aemet: AemetHook, server: RawServer) -> None:
    """A server may echo what it was sent."""
    server.answers = [_envelope(f"{server.url}{LINK}?api_key={KEY}"), ROWS]
    aemet.fetch(DAY)
    assert KEY not in server.received[1].raw


@pytest.mark.parametrize("hop", [1, 2])
@pytest.mark.parametrize(
    "status,body", [(429, BUSY), (200, BUSY), (500, BUSY_PAGE), (503, BUSY_PAGE), (429, b"")]
)
def test_too_many_requests_in_every_form_waits_for_the_next_minute(
    aemet: AemetHook, server: RawServer, hop: int, status: int, body: bytes
) -> None:
    """On either hop; a fill waits so long in place."""
    server.answers = [*[_envelope(server.url + LINK)][: hop - 1], reply(status, body)]
    with pytest.raises(RateLimited, match="too many requests") as caught:
        aemet.fetch(DAY)
    assert caught.value.retry_after == 61
    assert caught.value.interval == DAY.interval
    assert len(server.received) == hop


def test_a_server_error_that_speaks_of_no_data_is_an_outage(
    aemet: AemetHook, server: RawServer
) -> None:
    """The HTTP status does not count only where it is fine."""
    server.answers = [reply(500, payload("aemet_error_no_data.json"))]
    with pytest.raises(SourceUnavailable, match="answered HTTP 500"):
        aemet.fetch(DAY)


def test_a_failure_in_the_body_is_an_outage(aemet: AemetHook, server: RawServer) -> None:
    """``estado`` 500 in HTTP 200."""
    server.answers = [reply(200, b'{"descripcion" : "Error interno", "estado" : 500}')]
    with pytest.raises(SourceUnavailable, match="answered HTTP 200, estado 500: Error interno"):
        aemet.fetch(DAY)


@pytest.mark.parametrize(
    "gone", [reply(200, EXPIRED), reply(404, EXPIRED), reply(404, b"Not Found"), reply(410)]
)
def test_a_link_that_is_gone_is_replaced_once(
    aemet: AemetHook, server: RawServer, gone: bytes
) -> None:
    """Then the other link's rows are the answer, or the source is not available."""
    envelope = _envelope(server.url + LINK)
    server.answers = [envelope, gone, envelope, ROWS]
    assert len(aemet.fetch(DAY).readings) == 1
    server.received.clear()
    server.answers = [envelope, gone, envelope, gone]
    with pytest.raises(SourceUnavailable, match="gave 2 links"):
        aemet.fetch(DAY)
    assert len(server.received) == 4


@pytest.mark.parametrize("second", [NO_DATA, reply(200, b"[]"), reply(200, b"[null, {}]")])
def test_hops_that_contradict_each_other_are_a_failed_request(
    aemet: AemetHook, server: RawServer, second: bytes
) -> None:
    """The first found rows, the second has none: no proof of absence, and the link is not gone."""
    server.answers = [_envelope(server.url + LINK), second]
    with pytest.raises(MalformedPayload, match="the first hop says 'HTTP 200, estado 200: exito'"):
        aemet.fetch(DAY)
    assert len(server.received) == 2


def test_no_data_on_the_first_hop_is_an_empty_answer(aemet: AemetHook, server: RawServer) -> None:
    """In AEMET's own words; no link is followed."""
    server.answers = [NO_DATA]
    answer = aemet.fetch(DAY)
    assert answer.readings == ()
    assert answer.evidence.endswith("No hay datos que satisfagan esos criterios")
    assert len(server.received) == 1


def test_a_reset_on_the_second_hop_fails_both(aemet: AemetHook, server: RawServer) -> None:
    """Another try starts at the first, with a fresh link."""
    server.answers = [_envelope(server.url + LINK), reset]
    with pytest.raises(SourceUnavailable, match="the connection was reset"):
        aemet.fetch(DAY)
    server.answers = [*server.answers, _envelope(server.url + LINK), ROWS]
    assert len(aemet.fetch(DAY).readings) == 1


def test_an_unknown_404_of_the_first_hop_is_malformed(aemet: AemetHook, server: RawServer) -> None:
    """Never "no data", and never asked for ever."""
    server.answers = [reply(200, b'{"descripcion" : "Algo nuevo", "estado" : 404}')]
    with pytest.raises(MalformedPayload, match="estado 404: Algo nuevo"):
        aemet.fetch(DAY)


def test_a_wrong_path_is_malformed(aemet: AemetHook, server: RawServer) -> None:
    """A host that is no AEMET."""
    server.answers = [reply(404, b"Not Found")]
    with pytest.raises(MalformedPayload, match="HTTP 404: 'Not Found'"):
        aemet.fetch(DAY)


@pytest.mark.parametrize(
    "answers",
    [
        [reply(401, b'{"descripcion" : "API key invalido ' + KEY.encode() + b'", "estado" : 401}')],
        [reply(200, b'{"descripcion" : "' + KEY.encode() + b'", "estado" : 403}')],
        [reply(200, b'{"descripcion" : "' + KEY.encode() + b'", "estado" : 404}')],
        [reply(500, KEY.encode())],
        [reply(307, Location=f"http://files.example/?api_key={KEY}")],
        [_envelope(f"http://files.example/{KEY}")],
    ],
)
def test_a_key_shows_in_no_error_and_no_log(
    aemet: AemetHook, server: RawServer, caplog: pytest.LogCaptureFixture, answers: list[bytes]
) -> None:
    """Whatever the server echoes."""
    from gapfill.errors import SourceError

    caplog.set_level(logging.DEBUG)
    server.answers = [*answers]
    with pytest.raises(SourceError) as caught:
        aemet.fetch(DAY)
    told = f"{caught.value} {vars(caught.value)} {caplog.text}"
    assert KEY not in told
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
