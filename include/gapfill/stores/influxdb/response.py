"""InfluxDB's answers to InfluxQL; a truncated answer is an error."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from gapfill.stores.influxdb import errors
from gapfill.stores.influxdb.config import InfluxConfig

_BEGINS = '{"results":'
"""How each document of InfluxDB begins."""


class _CutError(ValueError):
    """The end of an answer is missing."""


class ResponseTable(NamedTuple):
    """The answer to a statement for one set of tags.

    Attributes:
        tags: The tags of the group, without empty ones.
        columns: Names; the first is ``time``.
        rows: A value per column.
    """

    tags: dict[str, str]
    columns: list[str]
    rows: list[list[Any]]

    def dicts(self) -> Iterator[dict[str, Any]]:
        """Yield the rows by the names of their columns."""
        return (dict(zip(self.columns, row, strict=True)) for row in self.rows)


def tables_of(
    access: InfluxConfig, said: object, statements: Sequence[str]
) -> list[list[ResponseTable]]:
    """Return the tables of an answer, a list per statement.

    The answer has a JSON document for each 10,000 rows or statement, because only then can no
    server silently drop rows: a document says whether another one follows.

    Args:
        access: The server, for messages.
        said: The only document, or the text of all documents.
        statements: The statements.

    Raises:
        StoreError: If the answer is truncated, not from InfluxDB, or contains an error.
    """
    try:
        results = [one for document in _documents(said) for one in document["results"]]
        for result in results:
            if "error" in result:
                raise errors.of_answer(access, str(result["error"]))
        return _joined(results, statements)
    except _CutError as exc:
        what = f"its answer is truncated; it begins with {_words(said)}"
        raise errors.problem(access, what, "check the server, and run it again") from exc
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as exc:
        raise errors.stranger(access, _words(said)) from exc


def error_of(access: InfluxConfig, said: object) -> str | None:
    """Return the error inside an answer to one statement, ``None`` without one.

    Raises:
        StoreError: If the answer is not from InfluxDB.
    """
    try:
        results = [one for document in _documents(said) for one in document["results"]]
        found = [str(result["error"]) for result in results if "error" in result]
    except (KeyError, TypeError, ValueError) as exc:
        raise errors.stranger(access, _words(said)) from exc
    return found[0] if found else None


def _words(said: object) -> str:
    """Return the first words of an answer, for a message."""
    if said is None or said == "":
        return "nothing"
    text = " ".join((said if isinstance(said, str) else json.dumps(said)).split())
    return f"{text[: errors.EXCERPT]}…" if len(text) > errors.EXCERPT else text


def _documents(said: object) -> Sequence[Mapping[str, Any]]:
    if isinstance(said, str):
        lines = [line for line in said.split("\n") if line]
        try:
            return [json.loads(line) for line in lines]
        except ValueError as exc:
            if said.startswith(_BEGINS) or (said and _BEGINS.startswith(said)):
                raise _CutError from exc
            raise
    return [said] if isinstance(said, dict) else []


def _joined(
    results: Sequence[Mapping[str, Any]], statements: Sequence[str]
) -> list[list[ResponseTable]]:
    """Return the tables of results, with the parts of each table joined.

    A row of points must begin with its time: programs that only accept InfluxDB's writes answer
    every query with a list of databases.
    """
    tables: list[list[ResponseTable]] = [[] for _ in statements]
    is_open = [True] * len(statements)
    for result in results:
        number = result["statement_id"]
        is_open[number] = bool(result.get("partial"))
        for series in result.get("series", ()):
            tags = {key: text for key, text in series.get("tags", {}).items() if text}
            columns, rows = series["columns"], series["values"]
            if any(len(row) != len(columns) for row in rows):
                message = "a row is without a value"
                raise ValueError(message)
            is_timed = columns[:1] == ["time"] and all(isinstance(row[0], int) for row in rows)
            if statements[number].startswith("SELECT") and not is_timed:
                message = "points without a time"
                raise ValueError(message)
            last = tables[number][-1] if tables[number] else None
            if last and (last.tags, last.columns) == (tags, columns):
                last.rows.extend(rows)
            else:
                tables[number].append(ResponseTable(tags, columns, rows))
            is_open[number] = is_open[number] or bool(series.get("partial"))
    if any(is_open):
        raise _CutError if results else ValueError
    return tables


def dicts(tables: Iterable[ResponseTable]) -> list[dict[str, Any]]:
    """Return the rows of tables by the names of their columns."""
    return [row for table in tables for row in table.dicts()]
