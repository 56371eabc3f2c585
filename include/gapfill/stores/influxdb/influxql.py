"""Statements and conditions in InfluxQL, with every name and value quoted."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from gapfill.domain.interval import Interval, iso
from gapfill.domain.series import Field, Series

QUESTION = 4000
"""Maximum characters of a question, which is sent in a URL: proxies accept 8,000 encoded ones."""

NAMES = 3000
"""Maximum characters of the names in one condition, so that a question has room for the rest."""

EXACT = 2**53
"""Every whole number below it can be represented as a float."""


def name(text: str) -> str:
    """Return a name for an InfluxQL statement."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def number(text: str) -> str:
    """Return a field for an InfluxQL statement that is about its numbers.

    If points of others hold the field as text, the type that a statement uses depends on its
    window: without a type, two statements about one field could be about different points.
    """
    return f"{name(text)}::float"


def tag(text: str) -> str:
    """Return a tag for an InfluxQL condition, also if a field has the same name."""
    return f"{name(text)}::tag"


def value(text: str) -> str:
    """Return a text for an InfluxQL statement."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'"


def is_one_of(key: str, names: Sequence[str]) -> list[str]:
    """Return conditions that together hold for a tag with one of these names of the catalogue.

    Several names form one regular expression, which is half as long as a comparison with each.
    There is more than one condition only if a question would become too long for a URL.
    """
    if len(names) == 1:
        return [f"{name(key)} = {value(names[0])}"]
    parts: list[list[str]] = []
    size = NAMES
    for one in names:
        if size + len(one) >= NAMES:
            parts, size = [*parts, []], 0
        parts[-1].append(one)
        size += len(one) + 1
    return [f"{name(key)} =~ /^({'|'.join(part)})$/" for part in parts]


def is_good(field: Field) -> str:
    """Return the condition that a number is a reading, as in ``Field.is_reading``."""
    low, high = _bounds(field)
    return " AND ".join(
        f"{number(field.name)} {said}"
        for said in (low and f">= {low}", high and f"<= {high}")
        if said
    )


def is_flaw(field: Field) -> str:
    """Return the condition that a number is not a reading; empty if all numbers are."""
    low, high = _bounds(field)
    return " OR ".join(
        f"{number(field.name)} {said}"
        for said in (low and f"< {low}", high and f"> {high}")
        if said
    )


def _bounds(field: Field) -> tuple[str, str]:
    """Return the bounds as InfluxQL numbers, without an exponent; empty without a bound.

    Whole numbers are written as integers: 2.8 compares a float faster with an integer than with a
    float.
    """

    def said(bound: float) -> str:
        if not math.isfinite(bound):
            return ""
        if abs(bound) < EXACT and float(bound).is_integer():
            return str(int(bound))
        digits = format(Decimal(repr(float(bound))), "f")
        return digits if "." in digits else f"{digits}.0"

    return said(field.minimum), said(field.maximum)


def within(window: Interval) -> str:
    """Return the condition that a point is in ``[start, end)``."""
    return f"time >= '{iso(window.start)}' AND time < '{iso(window.end)}'"


def is_own(series: Series, *, is_complete: bool = False) -> str:
    """Return the condition that a point counts for a series, as in ``points.is_own``.

    In InfluxQL a tag that a point does not have is the empty text, also if no point has the tag.

    Args:
        series: The series.
        is_complete: Whether all points that count are known to have all tags of the series.
    """
    tags = [
        f"{tag(key)} = {value(text)}"
        if is_complete
        else f"({tag(key)} = {value(text)} OR {tag(key)} = '')"
        for key, text in sorted(series.tags.items())
    ]
    others = [
        f"{tag(key)} != {value(text)}"
        for key, texts in sorted(series.exclude.items())
        for text in texts
    ]
    return " AND ".join([*tags, *others])


def has_tags(tags: Mapping[str, str]) -> str:
    """Return the condition that a point has these tags; it may have others."""
    return " AND ".join(f"{tag(key)} = {value(text)}" for key, text in sorted(tags.items()))


def select(what: str, source: str, *conditions: str, by: str = "") -> str:
    """Return a statement; empty conditions are left out.

    Args:
        what: Fields or functions of them, quoted.
        source: A measurement, not quoted.
        conditions: Conditions that must all hold.
        by: What the answer is grouped by.
    """
    said = [condition for condition in conditions if condition]
    clause = f" WHERE {' AND '.join(said)}" if said else ""
    group = f" GROUP BY {by}" if by else ""
    return f"SELECT {what} FROM {name(source)}{clause}{group}"  # noqa: S608 - all quoted


def packed(statements: Sequence[str]) -> Iterator[list[str]]:
    """Yield statements in groups that fit into a URL."""
    part: list[str] = []
    size = 0
    for statement in statements:
        if part and size + len(statement) > QUESTION:
            yield part
            part, size = [], 0
        part.append(statement)
        size += len(statement) + 2
    if part:
        yield part
