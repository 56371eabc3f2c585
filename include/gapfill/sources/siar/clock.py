"""Find the end of SIAR's half-hours: clock times of a day, in the time base of the product."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from gapfill.domain.local_time import day_interval
from gapfill.sources.model import Ask, malformed, shown

Values = Mapping[str, object]

_HALF = timedelta(minutes=30)
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})|(\d{1,4})", re.ASCII)
_LAST, _MINUTES = 24, 60


def clock_of(record: Values) -> tuple[int, int] | None:
    """Return the clock time of a row, ``None`` if it has none.

    It is the end of the half-hour: 30 is 00:30, 2330 is 23:30, and 2400 or 0 is the end of
    the row's own day.
    """
    given = _given(record)
    whole = int(given) if isinstance(given, float) and given.is_integer() else given
    if isinstance(whole, bool) or not isinstance(whole, str | int):
        return None
    match = _CLOCK.fullmatch(str(whole).strip())
    if match is None:
        return None
    clock = (int(match[1]), int(match[2])) if match[1] else divmod(int(match[3]), 100)
    is_time = clock == (_LAST, 0) or (clock[0] < _LAST and clock[1] < _MINUTES)
    return clock if is_time else None


def _given(record: Values) -> object:
    given = record.get("hormin")
    return record.get("horamin") if given is None else given


def is_half(clock: tuple[int, int]) -> bool:
    """Return whether a clock time ends a half-hour."""
    return clock[1] in {0, 30}


def no_half(record: Values) -> str:
    """Return the fault of a row's time, for a report."""
    given = _given(record)
    if given is None:
        return "has neither HorMin nor HoraMin"
    return f"has the HorMin {shown(given)!r}, not a half-hour of a day"


def instant_of(ask: Ask, day: date, clock: tuple[int, int], zone: str) -> datetime | None:
    """Return the instant of a clock time that ends a half-hour.

    Raises:
        MalformedPayload: If the zone skips it, so that the times are of another zone.
    """
    found = _ends(day, zone).get(clock, ())
    if not found:
        raise malformed(
            ask,
            f"it holds {day} {clock[0]:02d}:{clock[1]:02d}, a time that {zone} skips: "
            f"the day_zone of {ask.product.key} in the catalogue may be wrong",
        )
    return found[0] if len(found) == 1 else None


@lru_cache(maxsize=1024)
def _ends(day: date, zone: str) -> Mapping[tuple[int, int], tuple[datetime, ...]]:
    """Return the instants that each clock time of a day may mean as the end of a half-hour.

    The end of a half-hour at a clock change has two names: by the clock after the change, and
    by the clock before it. So in spring 02:00 and 03:00 are one instant and 02:30 is none; in
    autumn 02:00, 02:30 and 03:00 may each be either of two.
    """
    bounds, local = day_interval(day, zone), ZoneInfo(zone)
    found: dict[tuple[int, int], set[datetime]] = {}
    end = bounds.start + _HALF
    while end <= bounds.end:
        seen = end.astimezone(local)
        run_on = (end - _HALF).astimezone(local).replace(tzinfo=None) + _HALF
        for clock in (seen, run_on):
            found.setdefault((clock.hour, clock.minute), set()).add(end)
        end += _HALF
    found[0, 0] = found[_LAST, 0] = {bounds.end}
    return {clock: tuple(sorted(ends)) for clock, ends in found.items()}
