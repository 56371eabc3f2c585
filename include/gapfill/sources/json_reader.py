"""Read JSON of any shape: each wrong shape is a ``MalformedPayload`` with its place."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

from gapfill.errors import MalformedPayload
from gapfill.sources.model import Ask, excerpt, malformed
from gapfill.sources.value_reader import Unfit

Scalar = str | int | float | bool | None

YEARS = range(1900, 2200)
"""Valid years of a time; a time of another year is a typing error, not a shift."""

MOST_ITEMS = 100_000
"""Longest list that a parser reads: a year of hours has 8,784."""

_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.ASCII | re.IGNORECASE)
_OLDER = "iso-8859-15"

_SILENT: tuple[object, ...] = (None, "", [], {})
_TWICE = "is given twice, with different values"


def utf8(body: bytes, content_type: str = "") -> bytes:
    """Return a body in UTF-8, whatever its encoding.

    It tries the charset that the content type names, then UTF-8, then ISO-8859-15, which
    Spanish APIs write without naming it.

    Args:
        body: The answer's bytes.
        content_type: The header of this name; empty if it is not reliable.
    """
    named = _CHARSET.search(content_type)
    marked = "utf-16" if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8"
    for encoding in (named[1] if named else marked, marked):
        try:
            return body.decode(encoding).encode()
        except (UnicodeError, LookupError):
            continue
    return body.decode(_OLDER).encode()


def decode(body: bytes) -> object | None:
    """Return the document of a JSON body, in any encoding of ``utf8``; ``None`` for no JSON."""
    return Payload(200, body).document


@dataclass(frozen=True)
class Payload:
    """An HTTP answer. Its body is decoded once, on first use.

    Attributes:
        status: HTTP status.
        body: Its body, unpacked.
        headers: Its headers; names in any case.
        is_cut: Whether the body was longer than allowed and is cut.
        had_credentials: Whether its request carried credentials; one after a redirect does not.
    """

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    is_cut: bool = False
    had_credentials: bool = False

    @property
    def document(self) -> object | None:
        """The document of its JSON, in any encoding of ``utf8``; ``None`` for no JSON."""
        return self._decoded[0] if self._decoded else None

    @property
    def is_json(self) -> bool:
        """Whether its body is JSON."""
        return bool(self._decoded)

    @property
    def words(self) -> str:
        """The first words of its body, see ``excerpt``."""
        return excerpt(utf8(self.body))

    @cached_property
    def _decoded(self) -> tuple[()] | tuple[object]:
        try:
            return (json.loads(utf8(self.body), object_pairs_hook=_members),)
        except (ValueError, RecursionError):
            return ()


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return an object; a name that comes twice with different values has none of them."""
    members = dict(pairs)
    if len(members) < len(pairs):
        first: dict[str, object] = {}
        for name, value in pairs:
            if differ(first.setdefault(name, value), value):
                members[name] = Unfit(name, _TWICE)
    return members


def differ(first: object, second: object) -> bool:
    """Return whether two values of one name differ; lists and objects always do."""
    if type(first) is not type(second):
        return True
    return not isinstance(first, str | int | float | None) or first != second


@dataclass(frozen=True, slots=True)
class Node:
    """A place in a JSON document, which its errors name.

    Attributes:
        ask: The request.
        value: The value there.
        path: The place, such as ``included[0].attributes``.
    """

    ask: Ask
    value: object
    path: str = ""

    @classmethod
    def load(cls, ask: Ask, payload: Payload) -> Node:
        """Return the whole document of an answer.

        Raises:
            MalformedPayload: If it is not JSON.
        """
        if payload.is_json:
            return cls(ask, payload.document)
        is_page = payload.body.lstrip()[:1] == b"<"
        kind = "a web page, not JSON" if is_page else "not whole JSON"
        raise malformed(ask, f"it is {kind}: {payload.words!r}")

    def __getitem__(self, key: str) -> Node:
        """Return the member of this name.

        Raises:
            MalformedPayload: If this is not an object, or has no such member.
        """
        member = self.get(key)
        if member is None:
            raise malformed(self.ask, f"it has no {self._below(key)}")
        return member

    def get(self, key: str) -> Node | None:
        """Return the member of this name, ``None`` where the object has none.

        Raises:
            MalformedPayload: If this is not an object.
        """
        if not isinstance(self.value, dict):
            raise self._wrong(expected="an object")
        if key not in self.value:
            return None
        return Node(self.ask, self.value[key], self._below(key))

    def within(self, *keys: str) -> object:
        """Return the value below these names, ``None`` if one of them is missing."""
        value = self.value
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else None
        return value

    def items(self) -> list[Node]:
        """Return the items of this list.

        Raises:
            MalformedPayload: If this is not a list, or longer than any answer.
        """
        if not isinstance(self.value, list):
            raise self._wrong(expected="a list")
        if len(self.value) > MOST_ITEMS:
            problem = f"{self.path or 'the whole of it'} has {len(self.value)} items"
            raise malformed(self.ask, f"{problem}, and no answer has more than {MOST_ITEMS}")
        return [Node(self.ask, item, f"{self.path}[{n}]") for n, item in enumerate(self.value)]

    def text(self) -> str:
        """Return this text.

        Raises:
            MalformedPayload: If this is not text.
        """
        if not isinstance(self.value, str):
            raise self._wrong(expected="a text")
        return self.value

    def scalar(self) -> Scalar:
        """Return this text, number, truth value or null.

        Raises:
            MalformedPayload: If this is an object or a list.
        """
        if self.value is None or isinstance(self.value, str | int | float):
            return self.value
        raise self._wrong(expected="a single value")

    def _below(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def _wrong(self, *, expected: str) -> MalformedPayload:
        return malformed(self.ask, f"{self.path or 'the whole of it'} is not {expected}")


def is_silent(value: object) -> bool:
    """Return whether a record is null, or all its members are null or empty."""
    if isinstance(value, dict):
        return all(member in _SILENT for member in value.values())
    return value in _SILENT


def moment_of(text: object) -> datetime | None:
    """Return an ISO 8601 text as a time with or without offset, of a year of ``YEARS``."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
        if moment.tzinfo is not None:
            moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if moment.year in YEARS else None


def instant_of(text: object) -> datetime | None:
    """Return an ISO 8601 text with its offset as an instant in UTC, ``None`` for any other."""
    moment = moment_of(text)
    return moment if moment is not None and moment.tzinfo is not None else None
