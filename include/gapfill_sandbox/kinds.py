"""The kinds of faults: of the connection, the answer or its rows."""

from __future__ import annotations

CONNECTION_KINDS = frozenset({"timeout", "reset", "truncated", "big_body", "slow"})
"""The connection fails, or damages the right answer."""

REFUSAL_KINDS = frozenset(
    {
        "429",
        "403_quota",
        "401",
        "403",
        "500",
        "502",
        "estado_429",
        "html",
        "firewall",
        "firewall_200",
        "too_many_at_once",
    }
)
"""Another answer replaces the right one."""

WIRE_KINDS = CONNECTION_KINDS | REFUSAL_KINDS | {"redirect"}
"""Possible for any request."""

ROW_KINDS = frozenset(
    {
        "empty",
        "duplicated",
        "shifted",
        "nan",
        "text",
        "huge",
        "negative",
        "zero",
        "partial_day",
        "outage",
    }
)
"""The answer is well-formed, its rows are wrong; only a request that carries rows can meet one."""

NO_DATA = "no_data"
"""The API has no data and returns its own form of that: Open-Meteo with nulls."""

CLOCK_LABELS = "clock_labels"
"""The archive labels the hours of a 25-hour day by the clock; with ``at``, one row is missing."""

LIST_KINDS = frozenset({NO_DATA, "absent", "conflicting", "missing"})
"""The same for an answer that is a list: values or rows are absent, or a slot has two rows."""

RECORD_KINDS = frozenset({"extra_record", "empty_record", "null_record"})
"""The list has one more record, which is not a row."""

EXPIRED_LINK = "expired_link"
"""The second hop of a two-hop API refuses an old link."""

CONTRADICTION = "contradiction"
"""The first hop of AEMET finds rows, and the second has none."""

NO_DATA_TEXT = "no_data_text"
"""SIAR sends an empty list and a sentence that there are no data."""

MISSING_ARRAY = "missing_array"
"""Open-Meteo omits the array of one requested variable."""

KINDS = (
    WIRE_KINDS
    | ROW_KINDS
    | LIST_KINDS
    | RECORD_KINDS
    | {CLOCK_LABELS, EXPIRED_LINK, CONTRADICTION, NO_DATA_TEXT, MISSING_ARRAY}
)
"""All of them."""
