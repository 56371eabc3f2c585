"""How Open-Meteo says that it refuses, or has nothing: sentences in errors, and bare ``nan``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gapfill.errors import Limit
from gapfill.sources.json_reader import decode
from gapfill.sources.model import excerpt, number

if TYPE_CHECKING:
    from datetime import datetime

    from gapfill.sources.json_reader import Node

TOO_MANY = 429
"""Status of a refusal for the rate; its body says which limit."""

_BAD_REQUEST = 400
_MINUTE_S, _HOUR_S, _DAY_S = 60.0, 3_600.0, 86_400.0
_LIMIT = re.compile(r"too many (concurrent )?requests|request limit exceeded", re.IGNORECASE)
_NOT_COVERED = "no data is available for this location"
_BARE_NAN = re.compile(rb"(?<=[\[:,])\s*nan(?=\s*[,\]}])")


def claims(status: int, body: bytes) -> bool:
    """Tell whether the answer is about a limit, or about a place without data."""
    return is_limit(status, body) or says_not_covered(status, body)


def is_limit(status: int, body: bytes) -> bool:
    """Tell whether this is a refusal that passes: a 429, or a reason that names a limit.

    "Too many concurrent requests" has been seen as 429; the API says it of a queue of six
    requests per address, so it may be about the requests of another program.
    """
    is_named = status >= _BAD_REQUEST and _LIMIT.search(reason_of(body)) is not None
    return status == TOO_MANY or is_named


def limit_of(body: bytes) -> Limit:
    """Return what a refusal that passes is about."""
    reason = (reason_of(body) or excerpt(body)).casefold()
    if "concurrent" in reason:
        return Limit.QUEUE
    return Limit.QUOTA if "daily" in reason or "hourly" in reason else Limit.RATE


def says_not_covered(status: int, body: bytes) -> bool:
    """Tell whether this is how the API says, in an error, that it has nothing for the place."""
    return status == _BAD_REQUEST and _NOT_COVERED in reason_of(body).casefold()


def seconds_refused(body: bytes, now: datetime | None = None) -> float:
    """Return for how long a 429 refuses, by the limit that its reason names.

    The API clears its counters every minute, those of the hour and the day in the first
    minute after the hour and midnight UTC (its source, ``RateLimiter``): so a minute is
    waited, or until a minute past the hour or past midnight.

    Args:
        body: Of the 429.
        now: The clock; without it the whole hour or day is waited.
    """
    reason = reason_of(body).casefold()
    length = _DAY_S if "daily" in reason else _HOUR_S if "hourly" in reason else 0.0
    gone = now.timestamp() % length if now and length else 0.0
    return length - gone + _MINUTE_S


def as_json(body: bytes) -> bytes:
    """Return a body as JSON where nothing but its bare ``nan`` keeps it from being that."""
    return body if decode(body) is not None else _BARE_NAN.sub(b"NaN", body)


def reason_of(body: bytes) -> str:
    """Return the sentence of an error, empty where the body has none."""
    document = decode(body)
    reason = document.get("reason") if isinstance(document, dict) else None
    return reason if isinstance(reason, str) else ""


def is_nowhere(document: Node) -> bool:
    """Tell whether the place is not a number and nothing is: it lies outside the model."""
    place = [document.get("latitude"), document.get("longitude")]
    if not all(node is not None and _is_nan(node.value) for node in place):
        return False
    hourly = document.get("hourly")
    columns = hourly.value.values() if hourly and isinstance(hourly.value, dict) else ()
    values = [value for column in columns if isinstance(column, list) for value in column]
    return all(number(value) is None for value in values)


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and value != value  # noqa: PLR0124 - only NaN is not itself
