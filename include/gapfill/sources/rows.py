"""Read rows one by one, so that a bad row does not affect the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from datetime import datetime
from typing import NamedTuple

from gapfill.sources.json_reader import Node, is_silent
from gapfill.sources.model import ROW, Ask, RawRow, Rejected, excerpt, is_blank, malformed

Record = Mapping[str, object]


class BadRow(Exception):
    """A row whose time or place cannot be read. Its text gives the reason for a report."""


class Rows(NamedTuple):
    """The rows of an answer.

    Attributes:
        rows: Readable rows.
        dropped: Unreadable rows that have a value.
    """

    rows: list[RawRow]
    dropped: list[Rejected]


def read_rows(
    ask: Ask,
    nodes: Iterable[Node],
    *,
    values: Callable[[Record], Record],
    time: Callable[[Record], datetime],
    place: Callable[[Record], None] | None = None,
) -> Rows:
    """Read each row by itself.

    Args:
        ask: The request.
        nodes: The rows.
        values: Returns the values of a row by field name.
        time: Returns the start of a row's period, or raises ``BadRow``.
        place: Checks the place of a row that has a value; raises ``BadRow`` if it cannot
            be read, and ``MalformedPayload`` for another place.

    Raises:
        MalformedPayload: If none of the rows can be read, or one is of another place.
    """
    found = Rows([], [])
    for node in nodes:
        if is_silent(node.value):
            continue
        try:
            row = _read(node, values, time, place)
        except BadRow as exc:
            found.dropped.append(Rejected(None, ROW, node.path, str(exc)))
        else:
            found.rows.extend(row)
    refuse_unreadable(ask, found.rows, found.dropped)
    return found


def refuse_unreadable(ask: Ask, rows: Sized, dropped: Sequence[Rejected]) -> None:
    """Refuse an answer none of whose rows can be read.

    Raises:
        MalformedPayload: If it is one.
    """
    if dropped and not rows:
        first = dropped[0]
        raise malformed(ask, f"none of its rows can be read: {first.value} {first.reason}")


def _read(
    node: Node,
    values: Callable[[Record], Record],
    time: Callable[[Record], datetime],
    place: Callable[[Record], None] | None,
) -> list[RawRow]:
    """Return the row; none for one without a time and without a value.

    Raises:
        BadRow: If it has a value, and its time or place cannot be read.
        MalformedPayload: If it is of another place.
    """
    record = record_of(node)
    given = values(record)
    is_empty = all(is_blank(value) for value in given.values())
    if place is not None and not is_empty:
        place(record)
    try:
        return [RawRow(time(record), given)]
    except BadRow:
        if is_empty:
            return []
        raise


def record_of(node: Node) -> Record:
    """Return the members of a row.

    Raises:
        BadRow: If it is not an object.
    """
    if not isinstance(node.value, dict):
        raise BadRow("is not an object")
    return node.value


def nulls(nodes: Iterable[Node]) -> list[Rejected]:
    """Return the null records of a list, each of which may be of any slot."""
    return [Rejected(None, ROW, n.path, "is null") for n in nodes if n.value is None]


def text_of(record: Record, key: str) -> str:
    """Return a text of a row.

    Raises:
        BadRow: If it is missing or is not a text.
    """
    given = record.get(key)
    if not isinstance(given, str) or not given.strip():
        raise bad(record, key, "a text")
    return given.strip()


def bad(record: Record, key: str, expected: str) -> BadRow:
    """Return the error for an invalid member of a row."""
    given = record.get(key)
    if is_blank(given):
        return BadRow(f"has no {key}")
    shown = repr(excerpt(given)) if isinstance(given, str) else type(given).__name__
    return BadRow(f"has the {key} {shown}, which is not {expected}")
