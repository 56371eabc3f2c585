"""Recognise Open-Meteo's refusals and empty answers: sentences in errors, and bare ``nan``."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import datetime

from gapfill.errors import Limit
from gapfill.sources.json_reader import Node, Payload
from gapfill.sources.model import excerpt, number

TOO_MANY = 429
"""Status of a refusal for the rate; its body names the limit."""

_BAD_REQUEST = 400
_MINUTE_S, _HOUR_S, _DAY_S = 60.0, 3_600.0, 86_400.0
_LIMIT = re.compile(r"too many (concurrent )?requests|request limit exceeded", re.IGNORECASE)
_NOT_COVERED = "no data is available for this location"
_BARE_NAN = re.compile(rb"(?<=[\[:,])\s*nan(?=\s*[,\]}])")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A temporary refusal.

    Attributes:
        limit: The limit that the request exceeded.
        reason: Its sentence, empty if it has none.
    """

    limit: Limit
    reason: str


@dataclass(frozen=True, slots=True)
class NotCovered:
    """The API has nothing for the place."""

    reason: str


def read(payload: Payload) -> Refusal | NotCovered | None:
    """Return the meaning of an error, ``None`` if it names neither a limit nor the place.

    A refusal is a 429, or an error whose reason names a limit. "Too many concurrent requests"
    has come as 429; the API's queue holds six requests per address, so another program may
    have caused it.
    """
    reason = reason_of(payload)
    is_named = payload.status >= _BAD_REQUEST and _LIMIT.search(reason) is not None
    if payload.status == TOO_MANY or is_named:
        return Refusal(_limit_of((reason or excerpt(payload.body)).casefold()), reason)
    if payload.status == _BAD_REQUEST and _NOT_COVERED in reason.casefold():
        return NotCovered(reason)
    return None


def _limit_of(words: str) -> Limit:
    if "concurrent" in words:
        return Limit.QUEUE
    return Limit.QUOTA if "daily" in words or "hourly" in words else Limit.RATE


def seconds_refused(refusal: Refusal, now: datetime | None = None) -> float:
    """Return the length of a refusal in seconds, by the limit that its reason names.

    The API clears its counters every minute, those of the hour and the day in the first
    minute after the hour and midnight UTC (its source, ``RateLimiter``): so the wait is a
    minute, or lasts until a minute past the hour or past midnight.

    Args:
        refusal: The refusal.
        now: The clock; without it the wait is the whole hour or day.
    """
    reason = refusal.reason.casefold()
    length = _DAY_S if "daily" in reason else _HOUR_S if "hourly" in reason else 0.0
    gone = now.timestamp() % length if now and length else 0.0
    return length - gone + _MINUTE_S


def as_json(payload: Payload) -> Payload:
    """Return an answer with each bare ``nan``, which is not JSON, as ``NaN``."""
    if payload.is_json:
        return payload
    return Payload(payload.status, _BARE_NAN.sub(b"NaN", payload.body), payload.headers)


def reason_of(payload: Payload) -> str:
    """Return the sentence of an error, empty if the body has none."""
    document = payload.document
    reason = document.get("reason") if isinstance(document, dict) else None
    return reason if isinstance(reason, str) else ""


def is_nowhere(document: Node) -> bool:
    """Return whether neither the place nor any value is a number: it is outside the model."""
    place = [document.get("latitude"), document.get("longitude")]
    if not all(node is not None and _is_nan(node.value) for node in place):
        return False
    hourly = document.get("hourly")
    columns = hourly.value.values() if hourly and isinstance(hourly.value, dict) else ()
    values = [value for column in columns if isinstance(column, list) for value in column]
    return all(number(value) is None for value in values)


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)
