"""Read the ``Retry-After`` header in its two forms."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from gapfill.sources.model import number

DEFAULT_S = 60.0
"""For a refusal that names no time: every limit observed so far is per minute."""

SHORTEST_S, LONGEST_S = 1.0, 86_400.0
"""No wait would overload the server; a wait of weeks would be the server's mistake."""


def seconds_to_wait(
    headers: Mapping[str, str], now: datetime | None = None, *, default_s: float = DEFAULT_S
) -> float:
    """Return the seconds to wait after a 429, between a second and a day.

    A date counts relative to the answer's ``Date``, so the clocks need not agree.

    Args:
        headers: Headers of the answer.
        now: The clock, for an answer without ``Date``.
        default_s: Wait after an answer that names no time.
    """
    text = headers.get("Retry-After", "")
    seconds = number(text)
    if seconds is None:
        until, since = _date(text), _date(headers.get("Date", "")) or now
        if until is None or since is None:
            return default_s
        seconds = (until - since).total_seconds()
    return min(max(seconds, SHORTEST_S), LONGEST_S)


def _date(text: str) -> datetime | None:
    """Return the instant of an HTTP date, ``None`` for another text."""
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, IndexError, TypeError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
