"""Reading a stranger's JSON: every wrong shape is named, none gets through."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gapfill.errors import MalformedPayload
from gapfill.sources.json_reader import (
    Node,
    Payload,
    decode,
    instant_of,
    is_silent,
    moment_of,
    utf8,
)
from gapfill.sources.model import number
from tests.sources.asks import AUTUMN, ask_of

ASK = ask_of("ree.pvpc", AUTUMN)


def _node(body: bytes) -> Node:
    return Node.load(ASK, Payload(200, body))


@pytest.mark.parametrize(
    "body,words",
    [
        (b"", "not whole JSON"),
        (b'{"included": [', "not whole JSON"),
        (b"nan", "not whole JSON"),
        (b"<!DOCTYPE html><title>Aviso</title>", "a web page, not JSON: '<!DOCTYPE html>"),
        (b"\xff\xfe\x00", "not whole JSON"),
        (b"[" * 100_000, "not whole JSON"),
        (b"9" * 5000, "not whole JSON"),
    ],
    ids=["empty", "cut", "lowercase nan", "html", "bytes", "deep", "long number"],
)
def test_what_is_no_json_is_malformed(body: bytes, words: str) -> None:
    """The error quotes the first words, which often say what happened."""
    with pytest.raises(MalformedPayload, match=words):
        _node(body)


def test_an_error_names_the_place() -> None:
    """Someone has to find it in a body of 30,000 characters."""
    values = _node(b'{"a": [{"b": [1, {}]}]}')["a"].items()[0]["b"]
    with pytest.raises(MalformedPayload, match=r"a\[0\]\.b is not an object"):
        values["c"]
    with pytest.raises(MalformedPayload, match=r"it has no a\[0\]\.b\[1\]\.datetime"):
        values.items()[1]["datetime"]
    with pytest.raises(MalformedPayload, match=r"a\[0\]\.b\[0\] is not a list"):
        values.items()[0].items()
    with pytest.raises(MalformedPayload, match=r"a\[0\]\.b is not a single value"):
        values.scalar()
    with pytest.raises(MalformedPayload, match="the whole of it is not a text"):
        _node(b"{}").text()


def test_an_instant_needs_its_offset() -> None:
    """A time without offset is ambiguous once a year and wrong half of it."""
    read = instant_of("2021-10-31T02:00:00.000+01:00")
    assert read == datetime(2021, 10, 31, 1, tzinfo=UTC)
    for text in ("2021-10-31T02:00:00", "yesterday", "0001-01-01T00:00:00+23:00", "24:00", 5, None):
        assert instant_of(text) is None


@pytest.mark.parametrize("year", ["0000", "0001", "1899", "2201", "9999", "10000"])
def test_a_time_of_no_likely_year_is_none(year: str) -> None:
    """Some of them Python reads and cannot reckon with."""
    assert moment_of(f"{year}-01-01T00:00:00") is None
    assert moment_of(f"{year}-01-01T00:00:00+23:59") is None


def test_a_name_that_comes_twice_has_neither_of_two_values() -> None:
    """In ``decode`` as in ``Node``; the same value twice is one."""
    for body, expected in ((b'{"a": 1, "a": 1}', 1.0), (b'{"a": 1, "a": 2}', None)):
        document = decode(body)
        assert isinstance(document, dict)
        assert number(document["a"]) == expected
        assert number(_node(body)["a"].value) == expected
    with pytest.raises(MalformedPayload, match="a is not an object"):
        _node(b'{"a": {"b": 1}, "a": {"b": 1}}')["a"].get("b")


@pytest.mark.parametrize(
    "value,expected",
    [(None, True), ({}, True), ({"a": None, "b": ""}, True), ([], True), ({"a": 0}, False)],
)
def test_a_record_with_nothing_in_it_is_silent(value: object, expected: bool) -> None:  # noqa: FBT001 - a table
    """A zero is something."""
    assert is_silent(value) is expected


@pytest.mark.parametrize(
    "body,content_type",
    [
        ("Límite €".encode(), ""),
        (b"L\xedmite \xa4", ""),
        (b"L\xedmite \xa4", "application/json; charset=utf-8"),
        (b"L\xedmite \x80", 'text/plain;charset="windows-1252"'),
        (b"L\xedmite \xa4", "text/plain; charset=no-such-thing"),
        ("Límite €".encode("utf-16"), ""),
    ],
    ids=["utf-8", "older", "declared falsely", "declared", "declared unknown", "utf-16"],
)
def test_text_is_read_in_the_declared_charset_or_utf8_or_iso_8859_15(
    body: bytes, content_type: str
) -> None:
    """The charset that is declared goes first; one that does not fit the bytes is passed over."""
    assert utf8(body, content_type).decode() == "Límite €"


def test_json_in_iso_8859_15_is_json() -> None:
    """Spanish APIs write it under any content type; every source reads it."""
    body = b'{"said": "para los par\xe1metros"}'
    assert _node(body)["said"].text() == "para los parámetros"
    assert decode(body) == {"said": "para los parámetros"}
