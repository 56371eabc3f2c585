"""What AEMET says of an answer, in each form in which it has been seen to say it."""

from __future__ import annotations

import pytest

from gapfill.sources.aemet.errors import Said, read, read_link
from gapfill.sources.json_reader import Payload, utf8
from tests.sources.asks import payload

BUSY = payload("aemet_error_too_many.json")
EXPIRED = b'{"descripcion" : "datos expirados", "estado" : 404}'

SEEN: list[tuple[int, bytes, Said]] = [
    (200, payload("aemet_envelope_2021-01-09.json"), Said.FINE),
    (200, payload("aemet_error_no_data.json"), Said.NO_DATA),
    (404, payload("aemet_error_no_data.json"), Said.NO_DATA),
    (200, payload("aemet_error_range.json"), Said.TOO_LONG),
    (429, BUSY, Said.TOO_MANY),
    (200, BUSY, Said.TOO_MANY),
    (500, BUSY, Said.TOO_MANY),
    (500, b"<html><h1>429 Too Many Requests</h1></html>", Said.TOO_MANY),
    (429, b"", Said.TOO_MANY),
    (200, payload("aemet_error_key.json"), Said.KEY_REFUSED),
    (200, b'{"descripcion": "x", "estado": "403"}', Said.KEY_REFUSED),
    (200, EXPIRED, Said.EXPIRED),
    (200, b'{"descripcion": "Error interno", "estado": 500}', Said.FAILED),
    (200, b'{"descripcion": "Not found", "estado": 404}', Said.OTHER),
    (200, b'{"estado": 400}', Said.OTHER),
]


@pytest.mark.parametrize("status,body,said", SEEN)
def test_each_form_has_one_meaning(status: int, body: bytes, said: Said) -> None:
    """The words tell "nothing there" from "too long": both are 404."""
    statement = read(Payload(status, body))
    assert statement is not None
    assert statement.said is said


@pytest.mark.parametrize(
    "status,body",
    [
        (200, payload("aemet_observations_2021-01-09.json")),
        (200, b'[{"descripcion": "429 Too Many Requests"}]'),
        (200, b"<html>Aviso</html>"),
        (200, b'{"descripcion": "No hay datos que satisfagan esos criterios"}'),
        (200, b'{"estado": null}'),
        (200, b'{"estado": true}'),
        (401, payload("aemet_error_key.json")),
        (500, payload("aemet_error_no_data.json")),
        (502, payload("aemet_envelope_2021-01-09.json")),
        (404, b"Not Found"),
    ],
)
def test_rows_and_what_is_not_aemets_say_nothing(status: int, body: bytes) -> None:
    """A server error is one, whatever else its body claims: never "no data"."""
    assert read(Payload(status, body)) is None


def test_words_are_read_in_either_encoding() -> None:
    """The byte of í in ISO-8859-15 is no UTF-8."""
    assert b"L\xedmite" in BUSY
    statement = read(Payload(429, BUSY))
    assert statement is not None
    assert statement.text.startswith("HTTP 429: Límite de peticiones o caudal por minuto")
    assert utf8("Límite €".encode()) == "Límite €".encode()
    assert utf8(b"L\xedmite \xa4") == "Límite €".encode()


def test_evidence_holds_both_statuses_and_the_words() -> None:
    """For the ledger."""
    statement = read(Payload(200, payload("aemet_error_no_data.json")))
    assert statement is not None
    assert statement.text == "HTTP 200, estado 404: No hay datos que satisfagan esos criterios"


@pytest.mark.parametrize(
    "status,body,gone",
    [
        (200, EXPIRED, True),
        (404, EXPIRED, True),
        (404, b"", True),
        (410, b"<html/>", True),
        (200, b'{"descripcion": "?", "estado": 404}', True),
        (200, payload("aemet_error_no_data.json"), False),
        (404, payload("aemet_error_no_data.json"), False),
        (200, b'{"descripcion": "?", "estado": 400}', False),
        (200, b"[]", False),
    ],
)
def test_a_link_that_is_gone_is_told_from_no_data(status: int, body: bytes, gone: bool) -> None:  # noqa: FBT001 - a column of the table
    """What an old link is answered is not documented, so each 404 but one is taken for it."""
    statement = read_link(Payload(status, body))
    assert (statement is not None and statement.said is Said.EXPIRED) is gone
