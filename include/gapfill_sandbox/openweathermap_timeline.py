"""One Call 4.0: the weather of now, and a timeline of hours from 1979 to two days ahead.

Documented: 20 rows a call at most; ``prev`` and ``next`` are complete http URLs with the key;
rows after now are forecasts in the same form; pressure is at sea level.

Not known: the answers to a start that is missing or out of range, or to an odd ``cnt``; here
they are the current hour, an error, and as many rows as possible.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from gapfill_sandbox import openweathermap_format as form
from gapfill_sandbox.api import Row
from gapfill_sandbox.openweathermap_ahead import foreseen
from gapfill_sandbox.openweathermap_keys import Refused, error, given
from gapfill_sandbox.times import local_day

if TYPE_CHECKING:
    from datetime import date

    from gapfill_sandbox.api import Ask

TIMELINE = "/data/4.0/onecall/timeline/1h"
CURRENT = "/data/4.0/onecall/current"

PER_CALL = 20
"""Most rows of one answer."""

_HOUR = timedelta(hours=1)
_FIRST = datetime(1979, 1, 1, tzinfo=UTC)
_AHEAD = 48 * _HOUR


def timeline(ask: Ask, view: form.View) -> object:
    """Return a page of the timeline.

    Raises:
        Refused: If the start or the number of rows is invalid.
    """
    try:
        start, count = _start(ask), _count(ask)
    except ValueError:
        raise Refused(error(400, "400", "wrong start or cnt")) from None
    last = ask.now + _AHEAD
    if not _FIRST <= start <= last:
        raise Refused(error(400, "400", "requested time is out of allowed range"))
    ends = [start + n * _HOUR for n in range(count) if start + n * _HOUR <= last]
    values = ((end, foreseen(end) if end > ask.now else form.values_at(end)) for end in ends)
    rows = ask.spoil([Row(end, held) for end, held in values])
    before, after = start - count * _HOUR, ends[-1] + _HOUR
    return {
        **form.place_of(start, view),
        "prev": _link(ask, before) if before >= _FIRST else None,
        "next": _link(ask, after) if after <= last else None,
        "data": [form.hourly(row.values, row.start, view) for row in rows],
    }


def current(row: Row, view: form.View) -> object:
    """Return an answer of ``/data/4.0/onecall/current``: a list of the one reading of now."""
    return {**form.place_of(row.start, view), "data": [form.with_sun(row.values, row.start, view)]}


def days(ask: Ask) -> tuple[date, date] | None:
    """Return the first and last local day of the hours that a request is for."""
    try:
        start, count = _start(ask), _count(ask)
        return local_day(start - _HOUR), local_day(start + (count - 2) * _HOUR)
    except (ValueError, OverflowError):
        return None


def _start(ask: Ask) -> datetime:
    """Return the first whole hour from the start; the current one if none is given.

    Raises:
        ValueError: If it is not a number, or not in a valid year.
    """
    text = given(ask, "start")
    try:
        start = ask.now if text is None else datetime.fromtimestamp(int(text), UTC)
        return -(-(start - _FIRST) // _HOUR) * _HOUR + _FIRST
    except (OverflowError, OSError):
        raise ValueError from None


def _count(ask: Ask) -> int:
    """Return the requested number of rows, limited to one answer.

    Raises:
        ValueError: If it is not a number, or less than one.
    """
    count = int(given(ask, "cnt") or PER_CALL)
    if count < 1:
        raise ValueError
    return min(count, PER_CALL)


def _link(ask: Ask, start: datetime) -> str:
    """Return the complete URL of another page, with the key, as the API does."""
    names = ("lat", "lon", "units", "cnt", "appid")
    kept = {name: value for name in names if (value := given(ask, name)) is not None}
    return f"{ask.hop_url}{TIMELINE}?{urlencode(kept | {'start': form.unix(start)})}"
