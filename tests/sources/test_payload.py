"""Reading a stranger's JSON: every wrong shape is named, none gets through."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gapfill.errors import MalformedPayload
from gapfill.sources.payload import Node
from tests.sources.asks import AUTUMN, ask_of

ASK = ask_of("ree.pvpc", AUTUMN)


def _node(body: bytes) -> Node:
    return Node.load(ASK, body)


@pytest.mark.parametrize(
    "body,words",
    [
        (b"", "no whole JSON"),
        (b'{"included": [', "no whole JSON"),
        (b"nan", "no whole JSON"),
        (b"<!DOCTYPE html><title>Aviso</title>", "a web page, no JSON: '<!DOCTYPE html>"),
        (b"\xff\xfe\x00", "no whole JSON"),
        (b"[" * 100_000, "no whole JSON"),
        (b"9" * 5000, "no whole JSON"),
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
    read = _node(b'"2021-10-31T02:00:00.000+01:00"').instant()
    assert read == datetime(2021, 10, 31, 1, tzinfo=UTC)
    for text in ("2021-10-31T02:00:00", "yesterday", "0001-01-01T00:00:00+23:00", "24:00"):
        with pytest.raises(MalformedPayload, match="no time with an offset"):
            _node(f'"{text}"'.encode()).instant()
