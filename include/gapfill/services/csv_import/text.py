"""Decodes a CSV file of any program, and recognizes files that are not CSV."""

from __future__ import annotations

import codecs
from typing import NamedTuple

from gapfill.errors import RequestError

_SHOWN = 60

_KINDS = (
    (b"PK\x03\x04", "is a workbook (.xlsx, .ods) or another ZIP: save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "is an old workbook (.xls): save the sheet as CSV"),
    (b"\x1f\x8b", "is compressed (gzip): unpack it first"),
    (b"%PDF", "is a PDF: import reads CSV"),
)
_BEGINNINGS = (
    (("[", "{"), "is JSON: import reads CSV, as `export` writes it without --format json"),
    (("<",), "is a web page or XML: import reads CSV"),
    (("MARGINALPDBC",), "is OMIE's file of the day-ahead market, which is not PVPC"),
    (
        ("IdProvincia", '"IdProvincia'),
        "is a file of SIAR: `import-siar FOLDER` reads the folder of this file",
    ),
)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class Cell(NamedTuple):
    """A place in a file, for errors.

    Attributes:
        name: Name of the file.
        line: Number of the line, from 1.
        column: Name of the column in Gapfill.
    """

    name: str
    line: int
    column: str

    def wrong(self, problem: str) -> RequestError:
        """Return the error for a problem at this place."""
        place = f"{self.name}, line {self.line}, column {self.column}"
        return RequestError(f"{place}: {problem}. Nothing was imported.")


def refusal(name: str, problem: str, line: int | None = None) -> RequestError:
    """Return the error for a file, or for one line of it."""
    place = f"{name}, line {line}:" if line else name
    return RequestError(f"{place} {problem}. Nothing was imported.")


def shown(text: str) -> str:
    """Return the text of a cell, quoted and shortened."""
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "…")


def decode(data: bytes, name: str) -> str:
    """Return the text of a file: UTF-8, UTF-16 ("Unicode text" of Excel) or Windows-1252.

    A byte order mark decides. Without one, zeros in every second byte mean UTF-16; other bytes
    that are not UTF-8 are Windows-1252.

    Raises:
        RequestError: If it is not text, or is text of another known format.
    """
    for start, problem in _KINDS:
        if data.startswith(start):
            raise refusal(name, problem)
    text = _decoded(data)
    if text is None or "\0" in text:
        raise refusal(name, "is not text in UTF-8, UTF-16 or Windows-1252: save it as CSV UTF-8")
    beginning = text.lstrip("\N{ZERO WIDTH NO-BREAK SPACE} \r\n\t")
    for starts, problem in _BEGINNINGS:
        if beginning.startswith(starts):
            raise refusal(name, problem)
    return text


def _decoded(data: bytes) -> str | None:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _try(data, encoding)
    if b"\0" in data:
        little = data[1::2].count(0) > data[::2].count(0)
        return _try(data, "utf-16-le" if little else "utf-16-be")
    text = _try(data, "utf-8")
    return _try(data, "cp1252") if text is None else text


def _try(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None
