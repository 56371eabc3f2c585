"""The statements that find what is missing or below its target, and their names filled in.

In each, ``:own`` is the tag set looked at first and ``:tags`` are all that count;
``:start`` and ``:end`` bound slots of one spacing, ``{step}`` seconds. A name that
belongs to an outer query carries its table, so that no field can be taken for it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import sqlalchemy as sa

from gapfill.stores.sqlite_schema import (
    below_target,
    complete_slot,
    field_grade,
    is_weak,
    lacks,
    quoted,
)

if TYPE_CHECKING:
    from gapfill.domain.series import Series

COUNT = """
SELECT count(*) FROM {table} WHERE tags = :own AND slot >= :start AND slot < :end AND {complete}
"""

STRETCHES = """
WITH RECURSIVE
starts(start) AS (
    VALUES (:start)
    UNION ALL
    SELECT start + :size FROM starts WHERE start + :size < :end
),
stretch(start, stop) AS (SELECT start, min(start + :size, :end) FROM starts),
counted(start, stop, slots, there) AS MATERIALIZED (
    SELECT stretch.start, stretch.stop, (stretch.stop - stretch.start) / {step},
           (SELECT count(*) FROM {table}
            WHERE tags = :own AND slot >= stretch.start AND slot < stretch.stop AND {complete})
    FROM stretch
),
marked AS (SELECT *, lag(there) OVER (ORDER BY start) AS before FROM counted)
SELECT marked.start,
       (SELECT coalesce(sum(1 << ((slot - marked.start) / {step})), 0) FROM {table}
        WHERE tags = :own AND slot >= marked.start AND slot < marked.stop AND {complete})
FROM marked
WHERE (there > 0 AND there < slots)
   OR (there = 0 AND before IS NOT 0)
   OR (there = slots AND before = 0)
ORDER BY marked.start
"""
"""Stretches of ``:size`` seconds with holes, and which of their slots are there, as bits.

Of empty stretches in a row the first is named, and the full one that follows them.
"""

TOUCHED = """
SELECT EXISTS (
    SELECT 1 FROM json_each(:spans) AS span CROSS JOIN {table}
    WHERE tags IN :tags
      AND slot >= json_extract(span.value, '$[0]') AND slot < json_extract(span.value, '$[1]')
      AND (tags <> :own OR slot % {step} <> 0)
)
"""
"""Whether points of other tags, or off the grid, lie in the spans."""

_MERGED = """
WITH merged(slot, grade) AS (
    SELECT {floor}, {grade} FROM {table}
    WHERE tags IN :tags AND slot >= :start AND slot < :end
    GROUP BY 1
)
"""
"""Every slot that has a point; its grade is NULL where it lacks a required field."""

HOLES = """
{merged},
complete(slot) AS (SELECT slot FROM merged WHERE grade IS NOT NULL UNION ALL SELECT :end)
SELECT before + {step}, slot FROM (
    SELECT slot, lag(slot, 1, :start - {step}) OVER (ORDER BY slot) AS before FROM complete
)
WHERE slot - before <> {step} ORDER BY slot
"""

LAST = "{merged} SELECT max(slot) FROM merged WHERE grade IS NOT NULL"

LOWER = """
WITH low(slot) AS (
    SELECT DISTINCT {floor} FROM {table}
    WHERE tags IN :tags AND slot >= :start AND slot < :end AND {below}
),
merged(slot, {names}) AS (
    SELECT low.slot, {grades} FROM low CROSS JOIN {table} AS point
    WHERE point.tags IN :tags AND point.slot >= low.slot AND point.slot < low.slot + {step}
    GROUP BY low.slot
),
numbered AS (
    SELECT slot, {names},
           slot - {step} * row_number() OVER (PARTITION BY {names} ORDER BY slot) AS island
    FROM merged WHERE {worst} < {target}
)
SELECT min(slot), max(slot) + {step}, {names} FROM numbered GROUP BY {names}, island ORDER BY 1
"""
"""Runs of slots by the grades of their required fields, where the worst is below the target.

Only slots with some point below the target are looked at; all of their points count.
"""

PRESENT = """
WITH there(slot) AS (
    SELECT DISTINCT {floor} FROM json_each(:spans) AS span CROSS JOIN {table}
    WHERE tags IN :tags AND slot >= json_extract(span.value, '$[0]')
      AND slot < json_extract(span.value, '$[1]') AND slot >= :start AND slot < :end
      AND {field} IS NOT NULL
),
numbered AS (
    SELECT slot, slot - {step} * row_number() OVER (ORDER BY slot) AS island FROM there
)
SELECT min(slot), max(slot) + {step} FROM numbered GROUP BY island ORDER BY 1
"""
"""Runs of slots in the spans that have one field."""

LACKING = """
WITH low(slot) AS (
    SELECT DISTINCT {floor} FROM {table}
    WHERE tags IN :tags AND slot >= :start AND slot < :end AND {lacks}
),
merged(slot, grade, value) AS (
    SELECT low.slot, {grade}, max(CASE WHEN NOT {weak} THEN point.{field} END)
    FROM low CROSS JOIN {table} AS point
    WHERE point.tags IN :tags AND point.slot >= low.slot AND point.slot < low.slot + {step}
    GROUP BY low.slot
),
numbered AS (
    SELECT slot, slot - {step} * row_number() OVER (ORDER BY slot) AS island
    FROM merged WHERE grade IS NOT NULL AND value IS NULL
)
SELECT min(slot), max(slot) + {step} FROM numbered GROUP BY island ORDER BY 1
"""
"""Runs of slots that hold every required field and lack an observed value of one other."""

OF_SOURCE = """
WITH named(slot) AS (
    SELECT DISTINCT {floor} FROM {table}
    WHERE tags IN :tags AND slot >= :start AND slot < :end
      AND gapfill_source IN (SELECT value FROM json_each(:sources))
),
numbered AS (SELECT slot, slot - {step} * row_number() OVER (ORDER BY slot) AS island FROM named)
SELECT min(slot), max(slot) + {step} FROM numbered GROUP BY island ORDER BY 1
"""
"""Runs of slots with a point that names one of the sources in a JSON list."""

NEWEST_POINT = "SELECT max(slot) FROM {table} WHERE tags = :own"

OLDEST_POINT = "SELECT min(slot) FROM {table} WHERE tags = :own"

NEWEST_WHOLE_POINT = "SELECT max(slot) FROM {table} WHERE tags = :own AND {whole}"


def query(template: str, series: Series, step: int = 1, field: str = "") -> sa.TextClause:
    """Return a statement for a series, with the names of the catalogue quoted.

    Args:
        template: One of the above.
        series: Whose points.
        step: Seconds between slots.
        field: The field that ``LACKING`` or ``PRESENT`` is about.
    """
    default, target = int(series.default_grade), int(series.target)
    return _query(template, series.measurement, series.required, step, default, target, field)


@lru_cache(maxsize=4096)
def _query(
    template: str,
    measurement: str,
    required: tuple[str, ...],
    step: int,
    default: int,
    target: int,
    field: str,
) -> sa.TextClause:
    names = [quoted(name) for name in required]
    grades = [
        f"max(CASE WHEN {quoted(name)} IS NOT NULL THEN {field_grade(name, default)} END)"
        for name in required
    ]
    aliases = [f"grade_{n}" for n in range(len(grades))]
    text = template.replace("{merged}", _MERGED).format(
        table=quoted(measurement),
        whole=" AND ".join(f"{name} IS NOT NULL" for name in names),
        complete=complete_slot(required, step),
        below=below_target(default, target),
        floor=f"slot - (slot % {step} + {step}) % {step}",
        grade=_least(grades),
        grades=", ".join(grades),
        names=", ".join(aliases),
        worst=_least(aliases),
        step=step,
        target=target,
        field=quoted(field),
        lacks=lacks(field),
        weak=is_weak(field),
    )
    statement = sa.text(text)
    return (
        statement.bindparams(sa.bindparam("tags", expanding=True)) if ":tags" in text else statement
    )


def _least(terms: list[str]) -> str:
    """Return the least of some terms; NULL where one of them is."""
    return terms[0] if len(terms) == 1 else f"min({', '.join(terms)})"
