"""The statements that find holes among the points of one tag set, without comparing neighbours.

The index of complete slots has each slot once. So the slot that comes ``k`` entries after the start
of a window is ``k`` steps later if no slot before it is missing, and only then. To skip entries
takes half of the time of counting them, and a tenth of comparing each one with the one before.
"""

from __future__ import annotations

STRETCH = 48
"""Slots of a stretch: 24 to 60 take the same time for gaps of an hour to two days.

No more than 62: a statement returns the slots that are there as the bits of one number.
"""

STRETCHES_OF_PIECE = 10
"""Only pieces with a hole are divided into stretches."""

WHOLE = """
WITH {asked}
SELECT gapfill_n FROM asked
WHERE gapfill_start <= (SELECT min(slot) FROM {table} WHERE tags = gapfill_tags AND {complete})
  AND gapfill_end - {step} = (
      SELECT CASE WHEN tags = gapfill_tags THEN slot END FROM {table}
      WHERE tags >= gapfill_tags AND {complete} ORDER BY tags, slot LIMIT 1 OFFSET :others
  )
"""
"""The windows, all of one length, without a hole and without an earlier point.

SQLite compares no entry with an end, which takes half of the time again.
"""

STRETCHES = """
WITH RECURSIVE {asked},
number(gapfill_k) AS MATERIALIZED (
    VALUES (0) UNION ALL SELECT gapfill_k + 1 FROM number WHERE gapfill_k + 1 < :pieces
),
piece(gapfill_n, gapfill_tags, gapfill_first, gapfill_after) AS MATERIALIZED (
    SELECT gapfill_n, gapfill_tags, gapfill_start + gapfill_k * {piece},
           min(gapfill_start + (gapfill_k + 1) * {piece}, gapfill_end)
    FROM asked CROSS JOIN number WHERE gapfill_start + gapfill_k * {piece} < gapfill_end
),
holed(gapfill_n, gapfill_tags, gapfill_first, gapfill_after) AS MATERIALIZED (
    SELECT * FROM piece WHERE CASE WHEN gapfill_after - gapfill_first = {piece}
        THEN {last_of_piece} IS NOT gapfill_after - {step}
        ELSE {count} * {step} <> gapfill_after - gapfill_first END
),
stretch(gapfill_n, gapfill_tags, gapfill_first, gapfill_after) AS MATERIALIZED (
    SELECT gapfill_n, gapfill_tags, gapfill_first + gapfill_k * {stretch},
           min(gapfill_first + (gapfill_k + 1) * {stretch}, gapfill_after)
    FROM holed CROSS JOIN number
    WHERE gapfill_k < {stretches} AND gapfill_first + gapfill_k * {stretch} < gapfill_after
),
found(gapfill_n, gapfill_first, gapfill_after, gapfill_bits) AS MATERIALIZED (
    SELECT gapfill_n, gapfill_first, gapfill_after, (
        SELECT coalesce(sum(1 << ((slot - gapfill_first) / {step})), 0) FROM {table}
        WHERE tags = gapfill_tags AND slot >= gapfill_first AND slot < gapfill_after AND {complete}
    )
    FROM stretch WHERE CASE WHEN gapfill_after - gapfill_first = {stretch}
        THEN {last_of_stretch} IS NOT gapfill_after - {step}
        ELSE {count} * {step} <> gapfill_after - gapfill_first END
),
marked AS (
    SELECT *,
           lag(gapfill_after, 1, NULL) OVER follows IS gapfill_first
               AND lag(gapfill_bits) OVER follows = 0 AS gapfill_goes_on,
           lead(gapfill_first) OVER follows IS gapfill_after
               AND lead(gapfill_bits) OVER follows = 0 AS gapfill_is_followed
    FROM found WINDOW follows AS (PARTITION BY gapfill_n ORDER BY gapfill_first)
)
SELECT gapfill_n, gapfill_first, gapfill_after, gapfill_bits, gapfill_goes_on FROM marked
WHERE gapfill_bits OR NOT gapfill_goes_on OR NOT gapfill_is_followed
ORDER BY gapfill_n, gapfill_first
"""
"""Stretches with holes, and which of their slots are there, as bits.

Of empty stretches in a row the first and the last are returned; the last one goes on.
"""


_LAST = (
    "(SELECT slot FROM {table} WHERE tags = gapfill_tags AND slot >= gapfill_first "
    "AND {complete} ORDER BY slot LIMIT 1 OFFSET "
)
"""The slot at which a number of entries end, from the first one of a piece on."""

PARTS = {
    "piece": f"({STRETCHES_OF_PIECE * STRETCH} * {{step}})",
    "stretch": f"({STRETCH} * {{step}})",
    "stretches": f"{STRETCHES_OF_PIECE}",
    "last_of_piece": f"{_LAST}{STRETCHES_OF_PIECE * STRETCH - 1})",
    "last_of_stretch": f"{_LAST}{STRETCH - 1})",
    "count": (
        "(SELECT count(*) FROM {table} WHERE tags = gapfill_tags AND slot >= gapfill_first "
        "AND slot < gapfill_after AND {complete})"
    ),
}
"""Parts of these statements."""
