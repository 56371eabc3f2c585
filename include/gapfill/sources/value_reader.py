"""Values as a stranger wrote them: shortened for a report, read as numbers, and compared."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from gapfill.domain.series import Field

EXCERPT = 500
"""Longest piece of a body that an error, a log or the ledger may hold (conventions)."""

_SHOWN = 40
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_LONGEST = 400  # characters: no finite number needs more
_DUST = 1e-9


@dataclass(frozen=True, slots=True)
class Unfit:
    """Stands for a member that cannot be a value, whatever is inside it.

    Attributes:
        text: What stands there, for a report.
        reason: Why it is not taken.
    """

    text: str
    reason: str


def excerpt(body: bytes | str) -> str:
    """Return the first words of a body on one printable line, no longer than ``EXCERPT``."""
    start = body[: 4 * EXCERPT]
    text = start.decode("utf-8", "replace") if isinstance(start, bytes) else start
    line = " ".join(text.split())[:EXCERPT]
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in line)


def shown(given: object) -> str:
    """Return a refused value as a report shows it; a list or an object by its kind alone."""
    if isinstance(given, Unfit):
        return excerpt(given.text)[:_SHOWN]
    if isinstance(given, dict | list):
        return "an object" if isinstance(given, dict) else "a list"
    return excerpt("null" if given is None else str(given))[:_SHOWN]


def number(value: object) -> float | None:
    """Return a finite float for a number or a decimal text (point or comma), else ``None``.

    A text is a number only as people write one: no ``nan``, no ``1_000``, no ``1.234,5``.
    """
    if isinstance(value, str):
        text = value.strip()
        is_one = len(text) <= _LONGEST and _NUMBER.fullmatch(text)
        value = float(text.replace(",", ".")) if is_one else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        result = float(value)
    except OverflowError:
        return None
    return result if math.isfinite(result) else None


def judge(known: Field, given: object) -> tuple[float | None, str]:
    """Return the value to store and nothing, or nothing and why it is not believed."""
    value = number(given)
    if value is None:
        return None, given.reason if isinstance(given, Unfit) else "is not a finite number"
    if not known.minimum <= value <= known.maximum:
        return None, f"is outside {known.minimum:g} to {known.maximum:g} {known.unit}"
    return value, ""


def is_blank(given: object) -> bool:
    """Tell whether a member says nothing: it is null, or an empty text."""
    return given is None or (isinstance(given, str) and not given.strip())


def agree(first: float, second: float, digits: int) -> bool:
    """Tell whether two numbers are one, written with so many digits behind the point.

    ``10.399999999999999`` and ``10.4`` are, as one of them carries the dust of a binary
    fraction.
    """
    is_near = math.isclose(first, second, rel_tol=_DUST, abs_tol=_DUST)
    return is_near or round(first, digits) == round(second, digits)
