"""A body is decoded once, whoever looks into it: a count over real fetches."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from gapfill.errors import AuthRejected, GapfillError, RateLimited, SpanRefused
from gapfill.sources import hooks
from gapfill.sources.http.hook import ApiHook
from gapfill.sources.model import Answer, Ask
from tests.sources.aemet.asks import RECORD, days
from tests.sources.asks import AUTUMN, ask_of, payload
from tests.sources.http.raw_server import RawServer, reply
from tests.sources.open_meteo.asks import ask_of as open_meteo_ask
from tests.sources.open_meteo.asks import body_of
from tests.sources.openweathermap.asks import owm_ask
from tests.sources.siar.asks import daily_ask

pytestmark = pytest.mark.airflow

KEYS = {"password": "a-key", "login": "12345678Z"}
NO_DATA = payload("aemet_error_no_data.json")
METEO = open_meteo_ask("2025-11-04T10:00", "2025-11-04T12:00")
LABELS = ["2025-11-04T11:00", "2025-11-04T12:00"]
LIMITED = payload("open_meteo_error_minutely.json")
SIAR = daily_ask(date(2025, 9, 14), date(2025, 9, 16))
LOGIN = [b'"user"', b'"key"', b'"token"']
REFUSED = json.dumps({"datos": None, "MensajeRespuesta": "Token caducado"}).encode()
ZOCCA = datetime(2022, 8, 30, 14, tzinfo=UTC)


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Collect what ``json.loads`` is given in the readers of answers."""
    given: list[object] = []
    real = json.loads

    def loads(text: Any, **options: Any) -> object:  # noqa: ANN401 - as json.loads
        if options:  # ours alone; the server of the test and Airflow decode plainly
            given.append(text)
        return real(text, **options)

    monkeypatch.setattr(json, "loads", loads)
    return given


def _envelope(server: RawServer) -> bytes:
    document = {"descripcion": "exito", "estado": 200, "datos": f"{server.url}/rows"}
    return json.dumps(document).encode()


def _fetch(
    server: RawServer,
    monkeypatch: pytest.MonkeyPatch,
    ask: Ask,
    answers: list[tuple[int, bytes]],
) -> object:
    """Return what a fetch gives, or the error it ends with."""
    source = ask.product.source
    server.answers = [reply(status, body) for status, body in answers]
    monkeypatch.setenv(f"AIRFLOW_CONN_{source.upper()}_DEFAULT", server.connection(**KEYS))
    hook = hooks.hook_of(source)
    assert hook is not None
    assert issubclass(hook, ApiHook)
    try:
        return hook(f"{source}_default").fetch(ask)
    except GapfillError as exc:
        return exc


def test_two_hops_of_aemet_are_two_decodings(
    server: RawServer, monkeypatch: pytest.MonkeyPatch, decoded: list[object]
) -> None:
    """Earlier releases decoded eight times."""
    ask = days("2025-10-05")
    rows = json.dumps([RECORD | {"fecha": "2025-10-05"}]).encode()
    answer = _fetch(server, monkeypatch, ask, [(200, _envelope(server)), (200, rows)])
    assert len(getattr(answer, "readings", ())) == 1
    assert len(decoded) == len(server.received) == 2


def test_a_link_that_expired_costs_one_decoding_a_body(
    server: RawServer, monkeypatch: pytest.MonkeyPatch, decoded: list[object]
) -> None:
    """Two links, four bodies."""
    rows = json.dumps([RECORD | {"fecha": "2025-10-05"}]).encode()
    expired = b'{"descripcion": "datos expirados", "estado": 404}'
    envelope = (200, _envelope(server))
    answers = [envelope, (200, expired), envelope, (200, rows)]
    answer = _fetch(server, monkeypatch, days("2025-10-05"), answers)
    assert len(getattr(answer, "readings", ())) == 1
    assert len(decoded) == len(server.received) == 4


@pytest.mark.parametrize(
    "ask,answers,error",
    [
        (days("2025-10-05"), [(200, NO_DATA)], None),
        (days("2025-10-05"), [(404, NO_DATA)], None),
        (days("2025-10-05"), [(429, payload("aemet_error_too_many.json"))], RateLimited),
        (days("2025-10-05"), [(200, payload("aemet_error_key.json"))], AuthRejected),
        (days("2025-10-05"), [(200, payload("aemet_error_range.json"))], SpanRefused),
        (ask_of("ree.pvpc", AUTUMN), [(200, payload("ree_pvpc_2021-10-31.json"))], None),
        (ask_of("ree.pvpc", AUTUMN), [(502, payload("ree_error_no_data.json"))], None),
        (ask_of("esios.1001", AUTUMN), [(200, payload("esios_1001_2021-10-31.json"))], None),
        (
            ask_of("esios.archive70", AUTUMN),
            [(200, payload("esios_archive70_2021-10-31.json"))],
            None,
        ),
        (METEO, [(200, body_of(LABELS))], None),
        (METEO, [(429, LIMITED)], RateLimited),
        (METEO, [(400, b'{"reason": "No data is available for this location"}')], None),
        (
            SIAR,
            [*((200, word) for word in LOGIN), (200, payload("siar_daily_2025-09-14.json"))],
            None,
        ),
        (SIAR, [*((200, word) for word in LOGIN), (403, REFUSED)], AuthRejected),
        (
            owm_ask("current", ZOCCA, ZOCCA + timedelta(minutes=50), (44.34, 10.99)),
            [(200, payload("openweathermap_current_2022-08-30.json").replace(b"298.48", b"25.33"))],
            None,
        ),
    ],
    ids=[
        "aemet none",
        "aemet 404",
        "aemet limited",
        "aemet key",
        "aemet span",
        "ree",
        "ree none",
        "esios",
        "esios archive",
        "open_meteo",
        "open_meteo limited",
        "open_meteo none",
        "siar",
        "siar refused",
        "openweathermap",
    ],
)
def test_a_fetch_decodes_each_body_once(
    server: RawServer,
    monkeypatch: pytest.MonkeyPatch,
    decoded: list[object],
    ask: Ask,
    answers: list[tuple[int, bytes]],
    error: type[GapfillError] | None,
) -> None:
    """A document, "nothing there" and a refusal alike."""
    ended = _fetch(server, monkeypatch, ask, answers)
    assert isinstance(ended, error or Answer)
    assert len(decoded) == len(server.received) == len(answers)
