"""The statements that find holes among the points of one tag set, without comparing neighbours.

The index of complete slots has each slot once. So the slot that is ``k`` entries after the start of
a window is ``k`` steps later if and only if no slot before it is missing. Skipping entries takes
half the time of counting them, and a tenth of comparing each one with the one before.
"""

from __future__ import annotations

STRETCH = 48
"""Slots of a stretch: 24 to 60 take the same time for gaps of an hour to two days.

At most 62: a statement returns the present slots as the bits of one number.
"""

STRETCHES_OF_PIECE = 10
"""Only pieces with a hole are divided into stretches."""

BOUNDS = """
WITH {asked}
SELECT gapfill_n,
       (SELECT max(slot) FROM {table}
        WHERE tags = gapfill_tags AND slot >= gapfill_start AND slot < gapfill_end AND {complete}),
       (SELECT min(slot) FROM {table} WHERE tags = gapfill_tags AND {complete}) >= gapfill_start
       AND (SELECT max(slot) FROM {table} WHERE tags = gapfill_tags AND {complete}) < gapfill_end
FROM asked
"""
"""The newest slot of each window, and whether the tag set has no slot outside of it."""

HALVES = """
WITH {asked}
SELECT gapfill_n,
       (SELECT CASE WHEN tags = gapfill_tags THEN slot END FROM {table}
        WHERE tags >= gapfill_tags AND {complete} ORDER BY tags, slot LIMIT 1 OFFSET :before)
       IS gapfill_start + :before * {step},
       (SELECT CASE WHEN tags = gapfill_tags THEN slot END FROM {table}
        WHERE tags <= gapfill_tags AND {complete} ORDER BY tags DESC, slot DESC
        LIMIT 1 OFFSET :after) IS gapfill_end - (:after + 1) * {step}
FROM asked
"""
"""Whether the first half of each window has no hole, and whether the second half has none.

The windows have one length, end with their newest slot, and have all slots of their tag sets. So
SQLite need not compare entries with a bound, which would take twice as long.
"""

STRETCHES = """
WITH RECURSIVE {asked},
number(gapfill_k) AS MATERIALIZED (
    VALUES (0) UNION ALL SELECT gapfill_k + 1 FROM number WHERE gapfill_k + 1 < :pieces
),
few(gapfill_k) AS MATERIALIZED (
    VALUES (0) UNION ALL SELECT gapfill_k + 1 FROM few WHERE gapfill_k + 1 < {stretches}
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
    FROM holed CROSS JOIN few WHERE gapfill_first + gapfill_k * {stretch} < gapfill_after
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
empty AS (
    SELECT gapfill_n, gapfill_first, gapfill_after,
           lag(gapfill_after) OVER follows IS gapfill_first AS gapfill_goes_on,
           lead(gapfill_first) OVER follows IS gapfill_after AS gapfill_is_followed
    FROM found WHERE gapfill_bits = 0
    WINDOW follows AS (PARTITION BY gapfill_n ORDER BY gapfill_first)
)
SELECT gapfill_n, gapfill_first, gapfill_after, gapfill_bits, 0 FROM found WHERE gapfill_bits
UNION ALL
SELECT gapfill_n, gapfill_first, gapfill_after, 0, gapfill_goes_on FROM empty
WHERE NOT gapfill_goes_on OR NOT gapfill_is_followed
ORDER BY 1, 2
"""
"""Stretches with holes, and their present slots as bits.

Of consecutive empty stretches the first and the last are returned; the last one is marked as a
continuation.
"""


_LAST = (
    "(SELECT slot FROM {table} WHERE tags = gapfill_tags AND slot >= gapfill_first "
    "AND {complete} ORDER BY slot LIMIT 1 OFFSET "
)
"""The slot of the entry that comes a number of entries after the first one of a piece."""

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
