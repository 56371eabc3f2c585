"""Reading JSON that a stranger wrote: each wrong shape is a ``MalformedPayload`` with its place."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gapfill.sources.base import excerpt, malformed

if TYPE_CHECKING:
    from gapfill.errors import MalformedPayload
    from gapfill.sources.base import Ask

Scalar = str | int | float | bool | None


def decode(body: bytes) -> object | None:
    """Return what a JSON body holds, ``None`` where it holds no JSON."""
    try:
        document: object = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return document


@dataclass(frozen=True, slots=True)
class Node:
    """A place in a JSON document; reading from it names the place in its errors.

    Attributes:
        ask: What was asked.
        value: What stands there.
        path: Where it stands, such as ``included[0].attributes``.
    """

    ask: Ask
    value: object
    path: str = ""

    @classmethod
    def load(cls, ask: Ask, body: bytes) -> Node:
        """Read a whole body.

        Raises:
            MalformedPayload: If it is no JSON.
        """
        try:
            return cls(ask, json.loads(body))
        except (ValueError, RecursionError):
            kind = "a web page, no JSON" if body.lstrip()[:1] == b"<" else "no whole JSON"
        raise malformed(ask, f"it is {kind}: {excerpt(body)!r}")

    def __getitem__(self, key: str) -> Node:
        """Return the member of this name.

        Raises:
            MalformedPayload: If this is no object, or has no such member.
        """
        member = self.get(key)
        if member is None:
            raise malformed(self.ask, f"it has no {self._below(key)}")
        return member

    def get(self, key: str) -> Node | None:
        """Return the member of this name, ``None`` where the object has none.

        Raises:
            MalformedPayload: If this is no object.
        """
        if not isinstance(self.value, dict):
            raise self._wrong(expected="an object")
        if key not in self.value:
            return None
        return Node(self.ask, self.value[key], self._below(key))

    def items(self) -> list[Node]:
        """Return the items of this list.

        Raises:
            MalformedPayload: If this is no list.
        """
        if not isinstance(self.value, list):
            raise self._wrong(expected="a list")
        return [Node(self.ask, item, f"{self.path}[{n}]") for n, item in enumerate(self.value)]

    def text(self) -> str:
        """Return this text.

        Raises:
            MalformedPayload: If this is no text.
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

    def instant(self) -> datetime:
        """Return this ISO 8601 text with its offset as an instant in UTC.

        Raises:
            MalformedPayload: If this is no such text, or has no offset.
        """
        text = self.text()
        try:
            instant = datetime.fromisoformat(text)
            if instant.tzinfo is not None:
                return instant.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        raise malformed(self.ask, f"{self.path} is {excerpt(text)!r}, no time with an offset")

    def _below(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def _wrong(self, *, expected: str) -> MalformedPayload:
        return malformed(self.ask, f"{self.path or 'the whole of it'} is not {expected}")
