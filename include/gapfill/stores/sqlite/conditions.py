"""Conditions on points of the embedded store, shared by its indexes and its statements.

SQLite uses a partial index only for a statement that contains the condition of the index. So both
take the condition from here, with every number as a literal.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence

from sqlalchemy.dialects import sqlite

from gapfill.domain.reading import UNKNOWN
from gapfill.domain.series import Field, Grade

_quote = sqlite.dialect().identifier_preparer.quote


def quoted(name: str) -> str:
    """Return a name of the catalogue, quoted for a statement."""
    return _quote(name) if name else ""  # SQLAlchemy 2.0 reads its first character


def literal(number: float) -> str:
    """Return a bound as a literal: the largest number for infinity, which SQL does not have."""
    largest = sys.float_info.max
    return repr(float(number) if math.isfinite(number) else math.copysign(largest, number))


def is_good(field: Field) -> str:
    """Return the condition that a value is a reading, as in ``Field.is_reading``.

    Texts and bytes are greater than every number. The plus sign prevents a column of another type
    from converting the bounds to texts.
    """
    name = quoted(field.name)
    low, high = literal(field.minimum), literal(field.maximum)
    return f"{name} IS NOT NULL AND +{name} >= {low} AND +{name} <= {high}"


def is_flaw(field: Field) -> str:
    """Return the condition that a field has a value that is not a reading."""
    return f"({quoted(field.name)} IS NOT NULL AND NOT ({is_good(field)}))"


def has_flaw(fields: Iterable[Field]) -> str:
    """Return the condition that a point has a value that is not a reading."""
    return f"({' OR '.join(is_flaw(field) for field in fields)})"


def complete_slot(required: Iterable[Field], step: int) -> str:
    """Return the condition that a point is a complete slot: every required field, on the grid."""
    return f"{' AND '.join(is_good(field) for field in required)} AND slot % {step} = 0"


def below_target(default: int, target: int) -> str:
    """Return the condition that a point's grade is below the target."""
    return f"coalesce(gapfill_grade, {default}) < {target}"


def is_without(field: Field, default: int) -> str:
    """Return the condition that a point has no observed value of a field."""
    weak = f"{field_grade(field.name, default)} < {int(Grade.OBSERVED)}"
    return f"(NOT ({is_good(field)}) OR {weak})"


def field_grade(field: str, default: int) -> str:
    """Return the grade of a point's value of a field: its own grade if ``kept`` has one."""
    grade = f"coalesce(gapfill_grade, {default})"
    return f"CASE WHEN {_is_kept(field)} THEN {_kept_grade(field)} ELSE {grade} END"


def best_grade(field: Field, default: int) -> str:
    """Return the best grade of a field among the points of a group, ``NULL`` for no value.

    A copy in the series' own point, whose tags are ``gapfill_mine``, counts only if no other point
    has the field (``stores.points``).
    """
    grade = field_grade(field.name, default)
    good = is_good(field)
    copy = (
        "tags = gapfill_mine AND coalesce(gapfill_batch, '') <> '' "
        f"AND CASE WHEN {_is_kept(field.name)} THEN instr({_KEPT}, ';{field.name}:{UNKNOWN}:') > 0 "
        f"ELSE coalesce(gapfill_source, '') IN ('', '{UNKNOWN}') END"
    )
    fresh = f"max(CASE WHEN {good} AND NOT ({copy}) THEN {grade} END)"
    return f"coalesce({fresh}, max(CASE WHEN {good} THEN {grade} END))"


def least(terms: Sequence[str]) -> str:
    """Return the least of some terms; NULL if one of them is NULL."""
    return terms[0] if len(terms) == 1 else f"min({', '.join(terms)})"


_KEPT = "(';' || gapfill_kept || ';')"


def _is_kept(field: str) -> str:
    return f"gapfill_kept IS NOT NULL AND instr({_KEPT}, ';{field}:') > 0"


def _kept_grade(field: str) -> str:
    rest = f"substr({_KEPT}, instr({_KEPT}, ';{field}:') + 1)"
    return f"CAST(substr(substr({rest}, 1, instr({rest}, ';') - 1), -2) AS INTEGER)"
