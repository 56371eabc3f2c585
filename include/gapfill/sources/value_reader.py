"""Read raw values of an answer as numbers, compare them, and shorten them for a report."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from gapfill.domain.series import Field

EXCERPT = 500
"""Most characters of a body in an error, a log or the ledger."""

_SHOWN = 40
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_LONGEST = 400  # characters: no finite number needs more
_DUST = 1e-9


@dataclass(frozen=True, slots=True)
class Unfit:
    """A member that cannot be a value.

    Attributes:
        text: The member, shortened for a report.
        reason: Why it is not a value.
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
    """Return a refused value for a report; only the type of a list or an object."""
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


def assess(known: Field, given: object) -> tuple[float | None, str]:
    """Return a valid value, or ``None`` with the reason why it is invalid."""
    value = number(given)
    if value is None:
        return None, given.reason if isinstance(given, Unfit) else "is not a finite number"
    if not known.minimum <= value <= known.maximum:
        return None, f"is outside {known.minimum:g} to {known.maximum:g} {known.unit}"
    return value, ""


def is_blank(given: object) -> bool:
    """Return whether a member is null, or an empty text."""
    return given is None or (isinstance(given, str) and not given.strip())


def agree(first: float, second: float, digits: int) -> bool:
    """Return whether two numbers are equal, rounded to a number of decimal places.

    ``10.399999999999999`` and ``10.4`` are, as one of them has a binary rounding error.
    """
    is_near = math.isclose(first, second, rel_tol=_DUST, abs_tol=_DUST)
    return is_near or round(first, digits) == round(second, digits)
