"""The statements that find missing slots, low grades and invalid values of many series.

A statement reads its series from a JSON list, ``:asked``. Each entry is ``[n, tags, mine, start,
end, every]``: a number that the answer repeats, a tag set that counts, the series' own tag set,
bounds of slots of one spacing, ``{step}`` seconds, and every tag set that counts: one tag set, or a
JSON list if the series of the statement have several. These columns are named ``gapfill_…``: no
field of a catalogue can have such a name, so that names of fields need no prefix.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from gapfill.domain.series import Field, Grade, Series
from gapfill.stores.sqlite.conditions import (
    below_target,
    best_grade,
    complete_slot,
    has_flaw,
    is_flaw,
    is_good,
    is_without,
    least,
    quoted,
)
from gapfill.stores.sqlite.hole_sql import PARTS as HOLE_PARTS

_ASKED = """
asked(gapfill_n, gapfill_tags, gapfill_mine, gapfill_start, gapfill_end, gapfill_every)
AS MATERIALIZED (
    SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),
           json_extract(value, '$[3]'), json_extract(value, '$[4]'), json_extract(value, '$[5]')
    FROM json_each(:asked)
)
"""

_MERGED = """
merged(gapfill_n, gapfill_slot, is_whole) AS (
    SELECT gapfill_n, {floor}, {has_all} FROM asked CROSS JOIN {table}
    WHERE tags = gapfill_tags AND slot >= gapfill_start AND slot < gapfill_end
    GROUP BY 1, 2
)
"""
"""Every slot that has a point, and whether its points have every required field."""

_LOW = """
low(gapfill_n, gapfill_mine, gapfill_every, gapfill_slot) AS MATERIALIZED (
    SELECT DISTINCT gapfill_n, gapfill_mine, gapfill_every, {floor} FROM asked CROSS JOIN {table}
    WHERE tags = gapfill_tags AND slot >= gapfill_start AND slot < gapfill_end AND {is_low}
),
point_of_low AS (
    SELECT low.gapfill_n, low.gapfill_slot, low.gapfill_mine, point.*
    FROM low {each_of_low} CROSS JOIN {table} AS point
    ON point.tags = {of_low} AND point.slot >= low.gapfill_slot
        AND point.slot < low.gapfill_slot + {step}
)
"""
"""The slots with some point of a condition, and all of their points."""

TOUCHED = """
WITH {asked}
SELECT DISTINCT gapfill_n FROM asked
WHERE EXISTS (
    SELECT 1 FROM json_each(gapfill_every) AS span CROSS JOIN {table}
    WHERE tags = gapfill_tags AND slot >= json_extract(span.value, '$[0]')
      AND slot < json_extract(span.value, '$[1]') AND (tags <> gapfill_mine OR slot % {step} <> 0)
)
"""
"""Series with points in their runs (``every``, as JSON) that are off the grid or not ``mine``."""

HOLES = """
WITH {asked}, {merged},
complete(gapfill_n, gapfill_slot) AS (
    SELECT gapfill_n, gapfill_slot FROM merged WHERE is_whole
    UNION ALL SELECT DISTINCT gapfill_n, gapfill_start - {step} FROM asked
    UNION ALL SELECT DISTINCT gapfill_n, gapfill_end FROM asked
),
pair AS (
    SELECT gapfill_n, gapfill_slot,
           lag(gapfill_slot) OVER (PARTITION BY gapfill_n ORDER BY gapfill_slot) AS gapfill_before
    FROM complete
)
SELECT gapfill_n, gapfill_before + {step}, gapfill_slot FROM pair
WHERE gapfill_slot - gapfill_before <> {step} ORDER BY 1, 2
"""
"""Runs of slots without every required field, from all points."""

LAST = """
WITH {asked}, {merged}
SELECT gapfill_n, max(gapfill_slot) FROM merged WHERE is_whole GROUP BY 1
"""
"""The last slot with every required field, from all points."""

LOWER = """
WITH {asked}, {low},
merged(gapfill_n, gapfill_slot, {names}) AS (
    SELECT gapfill_n, gapfill_slot, {grades} FROM point_of_low GROUP BY 1, 2
),
numbered AS (
    SELECT gapfill_n, gapfill_slot, {names}, gapfill_slot - {step} * row_number() OVER (
        PARTITION BY gapfill_n, {names} ORDER BY gapfill_slot) AS island
    FROM merged WHERE {worst} < {target}
)
SELECT gapfill_n, min(gapfill_slot), max(gapfill_slot) + {step}, {names}
FROM numbered GROUP BY gapfill_n, {names}, island ORDER BY 1, 2
"""
"""Runs of slots by the grades of their required fields; the worst grade is below the target."""

WITHOUT_FIELD = """
WITH {asked}, {low},
merged(gapfill_n, gapfill_slot, grade, value) AS (
    SELECT gapfill_n, gapfill_slot, {grade}, {best} FROM point_of_low GROUP BY 1, 2
),
there(gapfill_n, gapfill_slot) AS (
    SELECT gapfill_n, gapfill_slot FROM merged
    WHERE grade IS NOT NULL
      AND (value IS NULL OR (value < {observed} AND grade >= {observed}))
),
{islands}
"""
"""Runs of slots that have every required field but not a certain other one.

If the required ones are observed, a value that is not observed is missing.
"""

PRESENT = """
WITH {asked},
there(gapfill_n, gapfill_slot) AS (
    SELECT DISTINCT gapfill_n, {floor} FROM asked CROSS JOIN {table}
    WHERE tags = gapfill_tags AND slot >= gapfill_start AND slot < gapfill_end AND {good}
),
{islands}
"""
"""Runs of slots that have one field."""

OF_SOURCE = """
WITH {asked},
there(gapfill_n, gapfill_slot) AS (
    SELECT DISTINCT gapfill_n, {floor} FROM asked CROSS JOIN {table}
    WHERE tags = gapfill_tags AND slot >= gapfill_start AND slot < gapfill_end
      AND gapfill_source IN (SELECT value FROM json_each(:sources))
),
{islands}
"""
"""Runs of slots with a point of one of the sources in a JSON list."""

_ISLANDS = """
numbered AS (
    SELECT gapfill_n, gapfill_slot, gapfill_slot - {step} * row_number() OVER (
        PARTITION BY gapfill_n ORDER BY gapfill_slot) AS island
    FROM there
)
SELECT gapfill_n, min(gapfill_slot), max(gapfill_slot) + {step}
FROM numbered GROUP BY gapfill_n, island ORDER BY 1, 2
"""

EXTREMES = """
WITH {asked}
SELECT gapfill_n,
       (SELECT max(slot) FROM {table} WHERE tags = gapfill_tags AND slot < gapfill_end),
       (SELECT max(slot) FROM {table} WHERE tags = gapfill_tags AND slot < gapfill_end AND {whole}),
       (SELECT min(slot) FROM {table} WHERE tags = gapfill_tags AND slot < gapfill_end)
FROM asked
"""
"""The newest point before an instant, the newest with every required field, and the oldest."""

FLAWS = """
WITH {asked}
SELECT gapfill_n, {flaws} FROM asked CROSS JOIN {table}
WHERE tags = gapfill_tags AND slot >= gapfill_start AND slot < gapfill_end AND {has_flaw}
GROUP BY 1
"""
"""For each field: the number of invalid values, how many of them are not numbers, and the first
one's instant. A series without invalid values has no row."""

FLAWED = """
WITH {asked}
SELECT {field} FROM asked CROSS JOIN {table}
WHERE tags = gapfill_tags AND slot = gapfill_start AND {is_flaw} ORDER BY tags LIMIT 1
"""
"""The invalid value of a field at an instant."""

AHEAD = """
WITH {asked}
SELECT gapfill_n, {held} FROM asked CROSS JOIN {table}
WHERE tags = gapfill_tags AND slot >= gapfill_start GROUP BY 1
"""
"""For each field: the number of points from an instant on, and the newest one's instant."""

POSSIBLE_COPIES = """
WITH {asked}
SELECT slot FROM asked CROSS JOIN {table}
WHERE tags = gapfill_mine AND slot >= gapfill_start AND slot < gapfill_end
  AND coalesce(gapfill_batch, '') <> ''
  AND (coalesce(gapfill_source, '') IN ('', 'unknown') OR instr(gapfill_kept, 'unknown:') > 0)
ORDER BY slot
"""
"""The slots of the series' own points of a batch that have a value of unknown source."""

_SHARED = {"asked": _ASKED, "merged": _MERGED, "low": _LOW, "islands": _ISLANDS, **HOLE_PARTS}


def query(
    template: str,
    series: Series,
    step: int = 1,
    field: str = "",
    fields: Sequence[Field] = (),
    *,
    several: bool = False,
) -> str:
    """Return a statement, with the names of the catalogue quoted.

    Args:
        template: One of the above.
        series: A series; those with the same measurement, fields and grades share the statement.
        step: Seconds between slots.
        field: The field that the statement is about, if it is about one.
        fields: The fields that the table has, if it is about all.
        several: Whether the series have several tag sets.
    """
    required = tuple(one for one in series.fields if one.required)
    shape = _Shape(
        measurement=series.measurement,
        required=required,
        step=step,
        default=int(series.default_grade),
        target=int(series.target),
        field=series.field(field) or required[0],
        fields=tuple(fields),
        several=several,
    )
    return _query(template, shape)


class _Shape(NamedTuple):
    """What the text of a statement depends on."""

    measurement: str
    required: tuple[Field, ...]
    step: int
    default: int
    target: int
    field: Field
    fields: tuple[Field, ...]
    several: bool


@lru_cache(maxsize=4096)
def _query(template: str, shape: _Shape) -> str:
    required, step, default, field = shape.required, shape.step, shape.default, shape.field
    grades = [best_grade(one, default) for one in required]
    aliases = [f"grade_{n}" for n in range(len(grades))]
    is_low = below_target(default, shape.target)
    if template == WITHOUT_FIELD:
        is_low = is_without(field, default)
    for _ in range(2):  # some shared parts contain others
        for name, part in _SHARED.items():
            template = template.replace(f"{{{name}}}", part)
    return template.format(
        table=quoted(shape.measurement),
        of_low="each_tags.value" if shape.several else "low.gapfill_every",
        each_of_low="CROSS JOIN json_each(low.gapfill_every) AS each_tags" if shape.several else "",
        whole=" AND ".join(is_good(one) for one in required),
        has_all=least([f"max({is_good(one)})" for one in required]),
        complete=complete_slot(required, step),
        is_low=is_low,
        floor=f"slot - (slot % {step} + {step}) % {step}",
        grade=least(grades),
        grades=", ".join(grades),
        names=", ".join(aliases),
        worst=least(aliases),
        step=step,
        target=shape.target,
        field=quoted(field.name),
        good=is_good(field),
        best=best_grade(field, default),
        is_flaw=is_flaw(field),
        observed=int(Grade.OBSERVED),
        has_flaw=has_flaw(shape.fields),
        flaws=", ".join(map(_flaws, shape.fields)),
        held=", ".join(map(_held, shape.fields)),
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
