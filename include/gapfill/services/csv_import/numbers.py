"""Reads numbers with a decimal comma or a decimal point, the same one in a whole file.

``1.234`` is 1234 for one program and 1.234 for another. So a mark with three digits after it and
one to three before it is ambiguous: the file's other numbers or its separator decide. If they do
not, the file is refused.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gapfill.services.csv_import.text import Cell, shown

_PLAIN = re.compile(r"[+-]?\d+(?:e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_MARKED = re.compile(
    r"[+-]?(?P<whole>\d*)(?P<mark>[.,])(?P<part>\d*)(?P<exponent>e[+-]?\d+)?",
    re.ASCII | re.IGNORECASE,
)
_GROUPED = re.compile(
    r"[+-]?\d{1,3}"
    r"(?:(?:\.\d{3})+(?:,\d*)?|(?:,\d{3})+(?:\.\d*)?|(?:[ \u00a0\u202f']\d{3})+(?:[.,]\d*)?)",
    re.ASCII,
)
_WITH_UNIT = re.compile(
    r"(?P<before>[^\d+.,-]*?)\s*(?P<number>[+-]?[\d.,]*\d)\s*(?P<after>[^\d.,]+)?", re.ASCII
)
_DASHES = "\N{MINUS SIGN}\N{EN DASH}\N{EM DASH}\N{FIGURE DASH}\N{NON-BREAKING HYPHEN}"
"""Characters that texts use for a minus sign."""

_NOTHING = frozenset(
    {"na", "n/a", "n/d", "n.d.", "nd", "s/d", "nan", "null", "none", "nil"}  # codespell:ignore nd
    | {"-", "--", "?", ""}
    | {"inf", "infinity", "value!", "ref!", "div/0!", "n/a!", *_DASHES}
)
"""Texts of programs and people for a missing value."""

_GROUP = 3
_NAMES = {",": "comma", ".": "point"}


@dataclass(frozen=True, slots=True)
class Decimals:
    """The decimal mark of a file.

    Attributes:
        mark: ``,`` or ``.``; ``None`` if unknown.
        known_by: The reason, for errors.
        is_stated: Whether a person stated it.
    """

    mark: str | None
    known_by: str
    is_stated: bool = False

    def number(self, text: str, cell: Cell) -> float:
        """Return the number in a cell.

        Raises:
            RequestError: If it is not a number, has another mark than the file or a thousands
                separator, or is ambiguous.
        """
        match = _MARKED.fullmatch(text)
        if _PLAIN.fullmatch(text) or (match and match["mark"] == self.mark):
            value = _value(text)
            if value is not None:
                return value
        elif match and _is_sure(match):
            raise cell.wrong(
                f"{shown(text)} has a decimal {_NAMES[match['mark']]}, but {self.known_by}: write "
                "all numbers with one mark"
            )
        elif match and _value(text) is not None:
            other = text.replace(",", ".")
            how = "" if self.is_stated else ", or state the mark with --decimal comma or point"
            raise cell.wrong(
                f"{shown(text)} can mean {other.replace('.', '')} or {other}, and {self.known_by}: "
                f"write it without a thousands separator{how}"
            )
        elif _GROUPED.fullmatch(text):
            raise cell.wrong(f"{shown(text)} has a thousands separator: write it without one")
        raise cell.wrong(f"{shown(text)} is not a number: {_step(text)}")


def decimals_of(
    cells: Iterable[tuple[str, Cell]], separator: str, stated: str | None = None
) -> Decimals:
    """Return the decimal mark of a file, from its numbers and its separator.

    Args:
        cells: Every number of the file, with its place.
        separator: The separator of the cells.
        stated: ``comma`` or ``point``, if a person stated it.
    """
    for mark, name in _NAMES.items():
        if stated == name:
            return Decimals(mark, f"--decimal {name} was stated", is_stated=True)
    seen: dict[str, str] = {}
    has_plain = False
    for text, cell in cells:
        match = _MARKED.fullmatch(text)
        if match and _is_sure(match):
            seen.setdefault(match["mark"], f"{shown(text)} in line {cell.line}")
        has_plain = has_plain or _PLAIN.fullmatch(text) is not None
    return _mark(seen, separator, has_plain=has_plain)


def _mark(seen: Mapping[str, str], separator: str, *, has_plain: bool) -> Decimals:
    """Return the mark that was found first, else the one that the separator implies.

    Semicolons imply a decimal comma, as in a Spanish Excel; but only for commas, because other
    programs write semicolons with a point. Commas between cells imply a decimal point, as in an
    export, except if the file has ``1.234`` beside whole numbers, as in a sheet with thousands
    separators.
    """
    for mark, example in seen.items():
        return Decimals(mark, f"{example} has a decimal {_NAMES[mark]}")
    if separator == "," and not has_plain:
        return Decimals(".", "the cells are separated by commas")
    return Decimals("," if separator == ";" else None, "no other number of the file shows the mark")


def _step(text: str) -> str:
    """Return the next step for a text that is not a number."""
    plain = text.strip()
    if plain[:1] in _DASHES and _plain_number(plain[1:].strip()):
        return f"write the minus as a hyphen, -{plain[1:].strip()}"
    if plain.casefold().strip("#<>()[]*") in _NOTHING:
        return "leave the cell empty where there is no value"
    found = _WITH_UNIT.fullmatch(plain)
    if found and _plain_number(found["number"]):
        return f"write {found['number']} without {shown(found['before'] or found['after'])}"
    return "write digits with at most one decimal mark, or leave the cell empty"


def _plain_number(text: str) -> bool:
    return bool(_PLAIN.fullmatch(text) or (_MARKED.fullmatch(text) and _value(text) is not None))


def _is_sure(match: re.Match[str]) -> bool:
    """Return whether a mark can only be a decimal mark: it does not separate three digits."""
    whole, part = match["whole"], match["part"]
    is_group = len(part) == _GROUP and 1 <= len(whole) <= _GROUP and whole[0] != "0"
    return bool(whole or part) and (not is_group or match["exponent"] is not None)


def _value(text: str) -> float | None:
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        return None
    return value if math.isfinite(value) else None
