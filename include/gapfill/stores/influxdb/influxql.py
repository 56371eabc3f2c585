"""Statements and conditions in InfluxQL, with every name and value quoted."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from gapfill.domain.interval import Interval, iso
from gapfill.domain.series import Field, Series

QUESTION = 4000
"""Characters of a question, which travels in a URL: proxies take 8,000 once it is encoded."""

NAMES = 3000
"""Characters of the names in one condition, so that a question has room for others beside it."""

EXACT = 2**53
"""Below it every whole number is a float, too."""


def name(text: str) -> str:
    """Return a name as it stands in an InfluxQL statement."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def number(text: str) -> str:
    """Return a field as it stands in an InfluxQL statement that is about its numbers.

    Where points of others hold it as text, a statement takes the type that its window has
    most right to: two statements about one field would then be about different points.
    """
    return f"{name(text)}::float"


def tag(text: str) -> str:
    """Return a tag as it stands in an InfluxQL condition, also where a field has its name."""
    return f"{name(text)}::tag"


def value(text: str) -> str:
    """Return a text as it stands in an InfluxQL statement."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'"


def is_one_of(key: str, names: Sequence[str]) -> list[str]:
    """Return conditions that together hold for a tag with one of these names of the catalogue.

    Several names are one regular expression, half as long as a comparison with each. There is
    more than one condition only where a question would become too long for a URL.
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
    """Return the condition that a value counts, as ``Field.is_reading`` decides it for numbers."""
    low, high = _bounds(field)
    return " AND ".join(
        f"{number(field.name)} {said}"
        for said in (low and f">= {low}", high and f"<= {high}")
        if said
    )


def is_flaw(field: Field) -> str:
    """Return the condition that a number does not count; empty where all do."""
    low, high = _bounds(field)
    return " OR ".join(
        f"{number(field.name)} {said}"
        for said in (low and f"< {low}", high and f"> {high}")
        if said
    )


def _bounds(field: Field) -> tuple[str, str]:
    """Return the bounds as InfluxQL knows numbers, without an exponent; empty for none.

    Whole ones are integers, which 2.8 compares with a float in less time than a float.
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
    """Return the condition that a point lies in ``[start, end)``."""
    return f"time >= '{iso(window.start)}' AND time < '{iso(window.end)}'"


def is_own(series: Series, *, is_complete: bool = False) -> str:
    """Return the condition that a point counts for a series, as ``points.is_own`` decides it.

    A tag that a point does not have is the empty text in InfluxQL, also if no point has it.

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
    """Return the condition that a point has these tags, whatever more it has."""
    return " AND ".join(f"{tag(key)} = {value(text)}" for key, text in sorted(tags.items()))


def select(what: str, source: str, *conditions: str, by: str = "") -> str:
    """Return a statement; of the conditions, those that say something.

    Args:
        what: Fields or functions of them, quoted.
        source: A measurement, not quoted.
        conditions: That all hold.
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
