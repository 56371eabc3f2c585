"""The statements that find what is missing or below its target, and their names filled in.

In each, ``:own`` is the tag set looked at first and ``:tags`` are all that count, ``:mine``
is the series' own; ``:start`` and ``:end`` bound slots of one spacing, ``{step}`` seconds. A
name that belongs to an outer query carries its table, so that no field can be taken for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import sqlalchemy as sa

from gapfill.domain.series import Field, Grade, Series
from gapfill.stores.sqlite.conditions import (
    below_target,
    best_grade,
    complete_slot,
    has_flaw,
    is_flaw,
    is_good,
    lacks,
    least,
    quoted,
)

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
WITH merged(slot, is_whole) AS (
    SELECT {floor}, {has_all} FROM {table}
    WHERE tags IN :tags AND slot >= :start AND slot < :end
    GROUP BY 1
)
"""
"""Every slot that has a point, and whether its points have every required field."""

HOLES = """
{merged},
complete(slot) AS (SELECT slot FROM merged WHERE is_whole UNION ALL SELECT :end)
SELECT before + {step}, slot FROM (
    SELECT slot, lag(slot, 1, :start - {step}) OVER (ORDER BY slot) AS before FROM complete
)
WHERE slot - before <> {step} ORDER BY slot
"""

LAST = "{merged} SELECT max(slot) FROM merged WHERE is_whole"

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
      AND {good}
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
    SELECT low.slot, {grade}, {best}
    FROM low CROSS JOIN {table} AS point
    WHERE point.tags IN :tags AND point.slot >= low.slot AND point.slot < low.slot + {step}
    GROUP BY low.slot
),
numbered AS (
    SELECT slot, slot - {step} * row_number() OVER (ORDER BY slot) AS island
    FROM merged
    WHERE grade IS NOT NULL
      AND (value IS NULL OR (value < {observed} AND grade >= {observed}))
)
SELECT min(slot), max(slot) + {step} FROM numbered GROUP BY island ORDER BY 1
"""
"""Runs of slots that hold every required field and lack a value of one other.

Where the required ones are observed, a value that is not observed is missing.
"""

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

NEWEST_POINT = "SELECT max(slot) FROM {table} WHERE tags = :own AND slot < :end"

OLDEST_POINT = "SELECT min(slot) FROM {table} WHERE tags = :own AND slot < :end"

NEWEST_WHOLE_POINT = "SELECT max(slot) FROM {table} WHERE tags = :own AND slot < :end AND {whole}"

FLAWS = """
SELECT {flaws} FROM {table}
WHERE tags IN :tags AND slot >= :start AND slot < :end AND {has_flaw}
"""
"""For each field, in turn: how many values do not count, how many of them are no numbers, and
the first one's instant."""

FLAWED = """
SELECT {field} FROM {table} WHERE tags IN :tags AND slot = :start AND {is_flaw} ORDER BY tags
"""
"""What stands in a field at an instant and does not count."""

AHEAD = "SELECT {held} FROM {table} WHERE tags IN :tags AND slot >= :start"
"""For each field, in turn: how many points from an instant on have it, and the newest one."""

POSSIBLE_COPIES = """
SELECT slot FROM {table}
WHERE tags = :mine AND slot >= :start AND slot < :end AND coalesce(gapfill_batch, '') <> ''
  AND (coalesce(gapfill_source, '') IN ('', 'unknown') OR instr(gapfill_kept, 'unknown:') > 0)
ORDER BY slot
"""
"""Where the series' own point, written by a batch, has a value of unknown source."""


def query(
    template: str, series: Series, step: int = 1, field: str = "", fields: Sequence[Field] = ()
) -> sa.TextClause:
    """Return a statement for a series, with the names of the catalogue quoted.

    Args:
        template: One of the above.
        series: Whose points.
        step: Seconds between slots.
        field: The field that the statement is about, where it is about one.
        fields: Those of the series that the table has, where it is about all.
    """
    default, target = int(series.default_grade), int(series.target)
    required = tuple(one for one in series.fields if one.required)
    known = series.field(field) or required[0]
    return _query(
        template, series.measurement, required, step, default, target, known, tuple(fields)
    )


@lru_cache(maxsize=4096)
def _query(
    template: str,
    measurement: str,
    required: tuple[Field, ...],
    step: int,
    default: int,
    target: int,
    field: Field,
    fields: tuple[Field, ...],
) -> sa.TextClause:
    grades = [best_grade(one, default) for one in required]
    aliases = [f"grade_{n}" for n in range(len(grades))]
    text = template.replace("{merged}", _MERGED).format(
        table=quoted(measurement),
        whole=" AND ".join(is_good(one) for one in required),
        has_all=least([f"max({is_good(one)})" for one in required]),
        complete=complete_slot(required, step),
        below=below_target(default, target),
        floor=f"slot - (slot % {step} + {step}) % {step}",
        grade=least(grades),
        grades=", ".join(grades),
        names=", ".join(aliases),
        worst=least(aliases),
        step=step,
        target=target,
        field=quoted(field.name),
        good=is_good(field),
        best=best_grade(field, default),
        lacks=lacks(field, default),
        is_flaw=is_flaw(field),
        observed=int(Grade.OBSERVED),
        has_flaw=has_flaw(fields),
        flaws=", ".join(map(_flaws, fields)),
        held=", ".join(map(_held, fields)),
    )
    statement = sa.text(text)
    return (
        statement.bindparams(sa.bindparam("tags", expanding=True)) if ":tags" in text else statement
    )


def _flaws(field: Field) -> str:
    name, flaw = quoted(field.name), is_flaw(field)
    is_text = f"typeof({name}) IN ('text', 'blob')"
    return (
        f"count(CASE WHEN {flaw} THEN 1 END), count(CASE WHEN {flaw} AND {is_text} THEN 1 END), "
        f"min(CASE WHEN {flaw} THEN slot END)"
    )


def _held(field: Field) -> str:
    name = quoted(field.name)
    return f"count({name}), max(CASE WHEN {name} IS NOT NULL THEN slot END)"
