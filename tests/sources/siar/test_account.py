"""SIAR's authentication and the limits of an account."""

from __future__ import annotations

import json

import pytest

from gapfill.domain.account_limits import AccountLimits
from gapfill.errors import MalformedPayload
from gapfill.sources.json_reader import Payload
from gapfill.sources.siar.account import parse_limits, parse_word
from tests.sources.asks import payload


@pytest.mark.parametrize(
    "body",
    [
        b"abc+/==",
        b'"abc+/=="',
        b' "abc+/==" \r\n',
        b"abc+/==\n",
        b'""abc+/==""',
        b'"abc\\u002B\\/=="',
        b'\xef\xbb\xbf"abc+/=="',
    ],
)
def test_a_word_may_be_quoted_and_have_blanks_around_it(body: bytes) -> None:
    """It is what stands inside."""
    assert parse_word(Payload(200, body)) == "abc+/=="


@pytest.mark.parametrize("body", [b"null", b"NULL", b'"null"', b"", b'""', b" \n"])
def test_null_is_no_word(body: bytes) -> None:
    """It is how credentials are refused."""
    assert parse_word(Payload(200, body)) is None


@pytest.mark.parametrize("body", [b"<html>", b'{"datos": null}', b"[1]", b"two words", b"\xff\x00"])
def test_what_is_no_word_is_malformed(body: bytes) -> None:
    """It would be sent as a token."""
    with pytest.raises(MalformedPayload, match="not return a single word"):
        parse_word(Payload(200, body))


def test_the_example_of_the_manual_is_read() -> None:
    """Its daily limit of records is null: none."""
    assert parse_limits(Payload(200, payload("siar_accesos_2025-05.json"))) == AccountLimits(
        calls_minute=30,
        calls_day=1000,
        records_minute=1_000_000,
        records_day=None,
        calls_today=24,
        records_now=0,
        records_today=13142,
    )


def test_names_are_read_in_any_case_and_the_record_in_any_box() -> None:
    """A client reads ``RegistrosAcumuladosMinutos``; another an object in place of a list."""
    record = {
        "maxaccesosminuto": 100,
        "MAXACCESOSDIA": "1000",
        "MaxRegistrosMinuto": 100.0,
        "MaxRegistrosDia": 10000,
        "NumAccesosDiaActual": 7,
        "RegistrosAcumuladosMinutos": 48,
        "RegistrosAcumuladosDia": None,
    }
    expected = AccountLimits(100, 1000, 100, 10000, calls_today=7, records_now=48, records_today=0)
    for document in ({"Datos": record}, {"datos": [record]}, record):
        assert parse_limits(Payload(200, json.dumps(document).encode())) == expected


@pytest.mark.parametrize("most", [0, -1, 0.5, None, "n/d", True, [], {}, 1e300, 2_000_000_000])
def test_a_limit_that_is_no_number_above_zero_is_none(most: object) -> None:
    """Clients take 0 for no limit."""
    body = json.dumps({"datos": [{"MaxAccesosDia": most, "MaxAccesosMinuto": 30}]}).encode()
    assert parse_limits(Payload(200, body)) == AccountLimits(calls_minute=30)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"<html>", b'{"datos": []}', b'{"datos": null}', b'{"a": 1}']
)
def test_an_answer_without_limits_is_malformed(body: bytes) -> None:
    """To know nothing is not to have no limits."""
    with pytest.raises(MalformedPayload, match="has no limits"):
        parse_limits(Payload(200, body))
