"""SIAR's authentication on the wire: whatever form its answers have."""

from __future__ import annotations

import json
import logging
from datetime import date
from typing import TYPE_CHECKING

import pytest

from gapfill.errors import AuthRejected, ConfigError, MalformedPayload, RateLimited, SourceError
from tests.sources.asks import payload
from tests.sources.http.raw_server import RawServer, reply
from tests.sources.siar.asks import hourly_ask

if TYPE_CHECKING:
    from gapfill.sources.siar.hook import SiarHook

pytestmark = pytest.mark.airflow

LOGIN, PASSWORD = "98765432Z", "pass/w+rd ñ"
USER, KEY, TOKEN, SECOND = "uSeR+/aa==", "kEy+/bbbb==", "t0ken+one==", "t0ken/two=="
ASK = hourly_ask(date(2025, 6, 30), date(2025, 7, 1))
WORDS = "Usuario=uSeR%2B%2Faa%3D%3D&Password=kEy%2B%2Fbbbb%3D%3D"
DATA = reply(200, payload("siar_hourly_2025-06-30.json"))
LIMITS = reply(200, payload("siar_accesos_2025-05.json"))
BAD_TOKEN = reply(403, '{"datos":null,"MensajeRespuesta":"El token no es válido"}'.encode())
FIRST_TOKEN = [reply(200, f'"{text}"'.encode()) for text in (USER, KEY, TOKEN)]
SECOND_TOKEN = [reply(200, f'"{text}"'.encode()) for text in (USER, KEY, SECOND)]


@pytest.fixture
def siar(server: RawServer, monkeypatch: pytest.MonkeyPatch) -> SiarHook:
    """Return the hook with its connection to the server."""
    from gapfill.sources.siar.hook import SiarHook

    text = server.connection(login=LOGIN, password=PASSWORD)
    monkeypatch.setenv("AIRFLOW_CONN_SIAR_DEFAULT", text)
    return SiarHook()


def test_what_goes_over_the_wire_is_quoted(server: RawServer, siar: SiarHook) -> None:
    """``+`` in a query is a blank unless it is quoted."""
    server.answers = [*FIRST_TOKEN, LIMITS]
    siar.open()
    base = "/siarapi/API/V1"
    assert [request.path for request in server.received] == [
        f"{base}/Autenticacion/cifrarCadena?cadena=98765432Z",
        f"{base}/Autenticacion/cifrarCadena?cadena=pass%2Fw%2Brd+%C3%B1",
        f"{base}/Autenticacion/obtenerToken?{WORDS}",
        f"{base}/Info/ACCESOS?token=t0ken%2Bone%3D%3D",
    ]
    assert "authorization" not in server.received[0].headers
    assert server.received[0].headers["user-agent"].startswith("gapfill/")


@pytest.mark.parametrize("form", ["{}", '"{}"', ' "{}"\r\n', "{}\n"])
def test_the_answers_may_be_quoted_or_not(server: RawServer, siar: SiarHook, form: str) -> None:
    """Quotes and blanks are no part of a token."""
    words = [reply(200, form.format(text).encode()) for text in (USER, KEY, TOKEN)]
    server.answers = [*words, DATA]
    assert len(siar.fetch(ASK).readings) == 47
    assert server.received[-1].path.endswith("&token=t0ken%2Bone%3D%3D")


@pytest.mark.parametrize("second", [SECOND_TOKEN, FIRST_TOKEN], ids=["another", "the same"])
def test_a_refused_token_is_renewed_once_and_the_request_repeated(
    server: RawServer, siar: SiarHook, second: list[bytes]
) -> None:
    """The API may give the same encrypted texts, and even the same token, as before."""
    server.answers = [*FIRST_TOKEN, DATA, BAD_TOKEN, *second, DATA]
    siar.fetch(ASK)
    assert len(siar.fetch(ASK).readings) == 47
    login = server.received[7].path
    assert login.endswith(WORDS)
    token = "t0ken%2Ftwo%3D%3D" if second is SECOND_TOKEN else "t0ken%2Bone%3D%3D"
    assert server.received[8].path.endswith(f"&token={token}")


def test_a_token_that_is_refused_twice_is_refused_for_good(
    server: RawServer, siar: SiarHook
) -> None:
    """One renewal, no more; the connection is named."""
    server.answers = [*FIRST_TOKEN, DATA, BAD_TOKEN, *SECOND_TOKEN, BAD_TOKEN]
    siar.fetch(ASK)
    with pytest.raises(AuthRejected, match=r"connection 'siar_default'.*El token no es válido"):
        siar.fetch(ASK)
    assert len(server.received) == 9


def test_a_new_token_that_is_refused_is_not_renewed(server: RawServer, siar: SiarHook) -> None:
    """It cannot have run out."""
    server.answers = [*FIRST_TOKEN, BAD_TOKEN]
    with pytest.raises(AuthRejected, match="AIRFLOW_CONN_SIAR_DEFAULT"):
        siar.open()
    assert len(server.received) == 4


@pytest.mark.parametrize("answer", [b"null", b'""', b"", b'"null"'])
def test_null_in_place_of_a_token_is_refused_credentials(
    server: RawServer, siar: SiarHook, answer: bytes
) -> None:
    """It is never sent as a token."""
    server.answers = [*FIRST_TOKEN[:2], reply(200, answer)]
    with pytest.raises(AuthRejected, match="obtenerToken answered null"):
        siar.fetch(ASK)
    assert len(server.received) == 3


@pytest.mark.parametrize(
    "place,kind,words",
    [
        (0, RateLimited, "blocked"),
        (2, AuthRejected, "login or password"),
        (3, RateLimited, "blocked"),
    ],
)
def test_a_refusal_of_unknown_words_is_of_the_credentials_where_they_are_given(
    server: RawServer, siar: SiarHook, place: int, kind: type[SourceError], words: str
) -> None:
    """Elsewhere it is a block, as far as anyone can tell."""
    server.answers = [*FIRST_TOKEN[:place], reply(403, b"Forbidden")]
    with pytest.raises(kind, match=words) as caught:
        siar.fetch(ASK)
    assert "AIRFLOW_CONN_SIAR_DEFAULT" in str(caught.value)
    assert len(server.received) == place + 1


@pytest.mark.parametrize("place", [0, 2, 3])
def test_a_web_page_says_nothing_about_the_credentials(
    server: RawServer, siar: SiarHook, place: int
) -> None:
    """Not even where they are sent, nor where it speaks of a user."""
    page = b"<html><body><h1>403</h1>El usuario no puede continuar</body></html>"
    server.answers = [*FIRST_TOKEN[:place], reply(403, page)]
    with pytest.raises(RateLimited, match="firewall refused the request") as caught:
        siar.fetch(ASK)
    assert "AIRFLOW_CONN" not in str(caught.value)
    assert caught.value.retry_after == 600


def test_null_in_place_of_an_encrypted_text_is_no_answer(server: RawServer, siar: SiarHook) -> None:
    """It says nothing of the credentials."""
    server.answers = [reply(200, b"null")]
    with pytest.raises(MalformedPayload, match="cifrarCadena answered null"):
        siar.open()


def test_the_minutes_quota_may_be_spent_at_the_authentication(
    server: RawServer, siar: SiarHook
) -> None:
    """The next attempt starts anew."""
    text = "Ha superado el número de peticiones permitidas en un minuto"
    server.answers = [FIRST_TOKEN[0], reply(403, text.encode("iso-8859-15")), *FIRST_TOKEN, LIMITS]
    with pytest.raises(RateLimited, match="en un minuto") as caught:
        siar.open()
    assert caught.value.retry_after == 65
    assert siar.open().calls_minute == 30


def test_a_days_quota_of_version_1_is_told_by_its_header(server: RawServer, siar: SiarHook) -> None:
    """Without a clock, 24 h."""
    said = "numero de peticiones permitidas en un dia"
    server.answers = [*FIRST_TOKEN, reply(403, b"", mensajerespuesta=said)]
    with pytest.raises(RateLimited, match="en un dia") as caught:
        siar.open()
    assert caught.value.retry_after == 86_400


def test_a_message_with_http_200_is_a_refusal_all_the_same(
    server: RawServer, siar: SiarHook
) -> None:
    """No rows and a word of quota are no empty answer."""
    text = "rebasaría el número máximo de datos permitidos en un minuto"
    body = json.dumps({"datos": [], "MensajeRespuesta": text}).encode()
    server.answers = [*FIRST_TOKEN, reply(200, body)]
    with pytest.raises(RateLimited):
        siar.fetch(ASK)


def test_an_early_date_without_a_hint_is_malformed_and_says_what_to_do(
    server: RawServer, siar: SiarHook
) -> None:
    """A single date is all too early, and that is an answer: this account never sees it."""
    text = b"La fecha inicial es inferior a la autorizada"
    server.answers = [*FIRST_TOKEN, reply(403, text)]
    with pytest.raises(MalformedPayload, match="put that date into the station's `from`"):
        siar.fetch(ASK)
    answer = siar.fetch(hourly_ask(date(2025, 6, 30)))
    assert answer.readings == ()
    assert answer.evidence == "HTTP 403: 'La fecha inicial es inferior a la autorizada'"


@pytest.mark.parametrize(
    "login,password", [(None, PASSWORD), (LOGIN, None), ("", ""), (None, None)]
)
def test_credentials_that_lack_are_asked_for(
    server: RawServer, monkeypatch: pytest.MonkeyPatch, login: str | None, password: str | None
) -> None:
    """Before anything is sent."""
    from gapfill.sources.siar.hook import SiarHook

    given = {k: v for k, v in (("login", login), ("password", password)) if v is not None}
    monkeypatch.setenv("AIRFLOW_CONN_SIAR_DEFAULT", server.connection(**given))
    with pytest.raises(ConfigError, match=r"'siar_default' has no (login|password)"):
        SiarHook().open()
    assert server.received == []


def test_a_server_that_repeats_what_it_was_sent_tells_nothing(
    server: RawServer, siar: SiarHook, caplog: pytest.LogCaptureFixture
) -> None:
    """Each answer in turn repeats all secrets there are by then."""
    caplog.set_level(logging.DEBUG)
    echo = f"token {TOKEN} Usuario {USER} Password {KEY} cadena {PASSWORD} {LOGIN} ".encode()
    told = ""
    for n, status in (
        (0, 403),
        (1, 500),
        (2, 403),
        (2, 500),
        (3, 403),
        (3, 500),
        (3, 400),
        (3, 200),
    ):
        server.received.clear()
        server.answers = [*FIRST_TOKEN[:n], reply(status, echo, mensajerespuesta=TOKEN)]
        siar._token = None
        with pytest.raises(SourceError) as caught:
            siar.fetch(ASK)
        told += str(caught.value)
        if n > 1:
            assert not [secret for secret in (USER, KEY) if secret in str(caught.value)]
    secrets = (LOGIN, PASSWORD, "pass%2Fw%2Brd")
    assert not [secret for secret in secrets if secret in told + caplog.text]
    last = told.rsplit("siar hourly", 1)[1]
    assert "***" in last
    assert not [secret for secret in (USER, KEY, TOKEN) if secret in last + caplog.text]


READY = "r3ady/token+="


@pytest.fixture
def ready(server: RawServer, monkeypatch: pytest.MonkeyPatch) -> SiarHook:
    """Return the hook of a connection that holds a ready token, and neither id nor password."""
    from gapfill.sources.siar.hook import SiarHook

    text = server.connection(extra={"token": f' "{READY}"\n'})
    monkeypatch.setenv("AIRFLOW_CONN_SIAR_DEFAULT", text)
    return SiarHook()


def test_a_ready_token_is_used_without_logging_in(server: RawServer, ready: SiarHook) -> None:
    """One call for the limits, one for the rows; quotes and blanks are no part of it."""
    server.answers = [LIMITS, DATA]
    assert ready.open().calls_minute == 30
    assert len(ready.fetch(ASK).readings) == 47
    paths = [request.path for request in server.received]
    assert paths[0] == "/siarapi/API/V1/Info/ACCESOS?token=r3ady%2Ftoken%2B%3D"
    assert paths[1].startswith("/siarapi/API/V1/Datos/Horarios/ESTACION?Id=J17&")
    assert paths[1].endswith("&token=r3ady%2Ftoken%2B%3D")
    server.answers, server.received[:] = [LIMITS], []
    is_there, said = ready.test_connection()
    assert (is_there, said.startswith("siar took the token at")) == (True, True)


@pytest.mark.parametrize("refusal", [BAD_TOKEN, reply(401, b"")], ids=["403", "401"])
@pytest.mark.parametrize("known", [{}, {"login": LOGIN}, {"password": PASSWORD}], ids=str)
def test_a_ready_token_that_is_refused_names_the_extra(
    server: RawServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    known: dict[str, str],
    refusal: bytes,
) -> None:
    """There is nothing to log in with, so nobody tries; the token is told to no one."""
    from gapfill.sources.siar.hook import SiarHook

    caplog.set_level(logging.DEBUG)
    text = server.connection(extra={"token": READY}, **known)
    monkeypatch.setenv("AIRFLOW_CONN_SIAR_DEFAULT", text)
    server.answers = [refusal]
    words = r'the token in the extra "token" of connection .siar_default. .*was refused'
    with pytest.raises(AuthRejected, match=words) as caught:
        SiarHook().open(ASK)
    assert len(server.received) == 1
    assert READY not in str(caught.value) + caplog.text
    assert "r3ady" not in str(caught.value) + caplog.text


def test_a_ready_token_that_is_refused_gives_way_to_id_and_password(
    server: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where both are there; from then on the new token is used."""
    from gapfill.sources.siar.hook import SiarHook

    text = server.connection(login=LOGIN, password=PASSWORD, extra={"token": READY})
    monkeypatch.setenv("AIRFLOW_CONN_SIAR_DEFAULT", text)
    server.answers = [BAD_TOKEN, *FIRST_TOKEN, LIMITS, DATA]
    hook = SiarHook()
    hook.open()
    assert len(hook.fetch(ASK).readings) == 47
    sent = [request.path.rpartition("token=")[2] for request in server.received]
    assert sent[0] == "r3ady%2Ftoken%2B%3D"
    assert sent[4:] == ["t0ken%2Bone%3D%3D"] * 2


def test_a_quota_does_not_cost_a_ready_token(server: RawServer, ready: SiarHook) -> None:
    """It is refused for a minute, and is no wrong token."""
    text = "Ha superado el número de peticiones permitidas en un minuto"
    body = json.dumps({"datos": None, "MensajeRespuesta": text}).encode()
    server.answers = [reply(403, body), LIMITS]
    with pytest.raises(RateLimited):
        ready.open()
    assert ready.open().calls_minute == 30
    assert len(server.received) == 2


@pytest.mark.parametrize("given", [5, [], {}, True, "two words", "tokén", "a\x00b", '""'])
def test_a_ready_token_that_is_none_is_a_config_error(
    server: RawServer, monkeypatch: pytest.MonkeyPatch, given: object
) -> None:
    """Nobody is asked, and it is not shown."""
    from gapfill.sources.siar.hook import SiarHook

    monkeypatch.setenv("AIRFLOW_CONN_SIAR_DEFAULT", server.connection(extra={"token": given}))
    with pytest.raises(ConfigError, match="is not one word of plain ASCII") as caught:
        SiarHook().open()
    assert server.received == []
    assert "tokén" not in str(caught.value)


@pytest.mark.parametrize("given", [None, ""])
def test_an_empty_ready_token_is_none(
    server: RawServer, monkeypatch: pytest.MonkeyPatch, given: object
) -> None:
    """Id and password are needed then, and the sentence says what else would do."""
    from gapfill.sources.siar.hook import SiarHook

    monkeypatch.setenv("AIRFLOW_CONN_SIAR_DEFAULT", server.connection(extra={"token": given}))
    with pytest.raises(ConfigError, match=r"has no login.*A ready token goes into its extra"):
        SiarHook().open()
    assert server.received == []
