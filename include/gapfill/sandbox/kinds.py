"""The faults there are, by what they strike: the wire, the answer or the rows in it."""

from __future__ import annotations

CONNECTION_KINDS = frozenset({"timeout", "reset", "truncated", "big_body", "slow"})
"""The connection fails, or carries the right answer badly."""

REFUSAL_KINDS = frozenset({"429", "403_quota", "401", "403", "500", "502", "estado_429", "html"})
"""Another answer comes instead."""

WIRE_KINDS = CONNECTION_KINDS | REFUSAL_KINDS | {"redirect"}
"""What can befall any request."""

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

EXPIRED_LINK = "expired_link"
"""The second hop of a two-hop API refuses a link that was too old."""

KINDS = WIRE_KINDS | ROW_KINDS | {EXPIRED_LINK}
"""All of them."""
