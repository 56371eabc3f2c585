"""Reads times as spreadsheets write them, on a clock that is stated and never guessed.

A time with an offset is an instant. A time without an offset and with the year first is UTC, as in
an export, unless a clock is stated. A time with the day first always needs a stated clock, and is
never read with the month first. For a local hour that exists twice in autumn, the order of the
rows decides.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pendulum

from gapfill.domain.interval import iso
from gapfill.errors import RequestError
from gapfill.services.csv_import.text import Cell, shown

_CLOCK = (
    r"(?:(?:T|[ \u00a0]+)(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]0+)?)?)?"
)
_OFFSET = r"(?:\s*(?P<offset>Z|UTC|GMT|[+-]\d{2}:?\d{2}))?"
_YEAR_FIRST = re.compile(
    rf"(?P<year>\d{{4}})(?P<mark>[-/])(?P<month>\d{{1,2}})(?P=mark)(?P<day>\d{{1,2}}){_CLOCK}{_OFFSET}",
    re.ASCII | re.IGNORECASE,
)
_DAY_FIRST = re.compile(
    rf"(?P<day>\d{{1,2}})(?P<mark>[-/.])(?P<month>\d{{1,2}})(?P=mark)(?P<year>\d{{4}}){_CLOCK}{_OFFSET}",
    re.ASCII | re.IGNORECASE,
)
_SHORT_YEAR = re.compile(r"\d{1,2}[-/.]\d{1,2}[-/.]\d{2}(?!\d)", re.ASCII)
_SERIAL = re.compile(r"\d{5}([.,]\d+)?", re.ASCII)
_EXAMPLE = "2025-10-26T00:00:00Z"


class Stamp(NamedTuple):
    """A time in a cell.

    Attributes:
        text: The cell.
        cell: Its place.
        time: Aware UTC with an offset, else naive.
        is_date: Whether it is a date without a time.
        is_day_first: Whether the day is first.
    """

    text: str
    cell: Cell
    time: datetime
    is_date: bool
    is_day_first: bool

    @property
    def is_local(self) -> bool:
        """Whether it has no offset."""
        return self.time.tzinfo is None


def read_stamp(text: str, cell: Cell) -> Stamp:
    """Return the time in a cell.

    Raises:
        RequestError: If it is not a time, or is ambiguous.
    """
    for pattern in (_YEAR_FIRST, _DAY_FIRST):
        match = pattern.fullmatch(text)
        if match:
            time = _time(match)
            if time is None:
                break
            is_date, is_day_first = match["hour"] is None, pattern is _DAY_FIRST
            if is_date and match["offset"]:
                break
            return Stamp(text, cell, time, is_date, is_day_first)
    else:
        basic = _basic(text)
        if basic is not None:
            return Stamp(text, cell, basic, is_date=False, is_day_first=False)
    raise _no_time(text, cell)


def _time(match: re.Match[str]) -> datetime | None:
    """Return the time that was matched, ``None`` if there is no such date or clock time."""
    year, month, day = (int(match[name]) for name in ("year", "month", "day"))
    hour, minute, second = (int(match[name] or 0) for name in ("hour", "minute", "second"))
    try:
        time = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - it may have none
        if match["offset"] is None:
            return time
        return (time - _offset(match["offset"])).replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _offset(text: str) -> timedelta:
    if text.upper() in {"Z", "UTC", "GMT"}:
        return timedelta(0)
    sign = -1 if text[0] == "-" else 1
    digits = text[1:].replace(":", "")
    return sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))


def _basic(text: str) -> datetime | None:
    """Return an instant in another form of ISO 8601, such as ``20251026T000000Z``."""
    try:
        time = datetime.fromisoformat(text)
        return time.astimezone(UTC) if time.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _no_time(text: str, cell: Cell) -> RequestError:
    if _SERIAL.fullmatch(text):
        problem = "is a number: give the column a date format in the spreadsheet and save it again"
    elif _DAY_FIRST.fullmatch(text):
        problem = "is not a time with the day first; times with the month first cannot be read"
    elif re.search(r"\b24:00", text):
        problem = "has a 24:00: a slot is named by its start, so write 00:00 of the next day"
    elif re.search(r"[ap]\.?\s?m\.?$", text, re.IGNORECASE):
        problem = "is on a 12-hour clock: give the column a 24-hour format"
    elif _SHORT_YEAR.match(text):
        problem = f"is not an instant such as {_EXAMPLE}: write the year with four digits"
    else:
        problem = f"is not an instant such as {_EXAMPLE}: write the start of the slot in this form"
    return cell.wrong(f"{shown(text)} {problem}")


def instants_of(
    stamps: Sequence[Stamp], zone: str | None, suggested: str, *, is_daily: bool
) -> list[datetime]:
    """Return the instants of a file's times, in its order.

    Args:
        stamps: Its times.
        zone: The clock that was stated for times without an offset, ``None`` for none.
        suggested: The clock to suggest if one is needed.
        is_daily: Whether slots are days: a date, or its midnight, is then the slot's label.

    Raises:
        RequestError: If the file and the stated clock do not determine a time.
    """
    _check_forms(stamps)
    if zone is None:
        _check_clocks(stamps, suggested)
    local: list[tuple[int, Stamp]] = []
    instants = [stamp.time for stamp in stamps]
    for n, stamp in enumerate(stamps):
        if stamp.is_date and not is_daily:
            raise stamp.cell.wrong(
                f"{shown(stamp.text)} is a date without a time: write the start of its slot, such "
                f"as {_EXAMPLE}"
            )
        if stamp.is_local:
            is_label = is_daily and stamp.time.time() == datetime.min.time()
            if zone is None or is_label:
                instants[n] = stamp.time.replace(tzinfo=UTC)
            else:
                local.append((n, stamp))
    if zone is not None and local:
        _place(instants, local, zone)
    return instants


def _check_forms(stamps: Sequence[Stamp]) -> None:
    """Refuse a mix of days first and years first: a spreadsheet read some dates month first."""
    first: dict[bool, Stamp] = {}
    for stamp in stamps:
        if stamp.is_local:
            first.setdefault(stamp.is_day_first, stamp)
    if len(first) > 1:
        one, other = sorted(first.values(), key=lambda stamp: stamp.cell.line)
        raise other.cell.wrong(
            f"{shown(other.text)} has another form than {shown(one.text)} in line "
            f"{one.cell.line}: a spreadsheet may have confused months and days; write all times in "
            "one form"
        )


def _check_clocks(stamps: Sequence[Stamp], suggested: str) -> None:
    """Refuse times whose clock, or order of day and month, is not stated."""
    how = f"state their clock with --zone {suggested} (or --zone UTC)"
    whole = next((stamp for stamp in stamps if not stamp.is_local), None)
    for stamp in stamps:
        if stamp.is_day_first:
            raise stamp.cell.wrong(
                f"{shown(stamp.text)} does not show its clock, or whether its day or its month is "
                f"first: {how}; then times are read day first"
            )
        if stamp.is_local and whole is not None:
            raise stamp.cell.wrong(
                f"{shown(stamp.text)} is not an instant: it has no offset, and "
                f"{shown(whole.text)} in line {whole.cell.line} has one; give all of them one, "
                f"or {how}"
            )


def _place(instants: list[datetime], local: Sequence[tuple[int, Stamp]], zone: str) -> None:
    """Set the instants of local times; the order of the rows decides about doubled hours."""
    doubled: list[tuple[int, Stamp, datetime, datetime]] = []
    clock = pendulum.timezone(zone)
    for n, stamp in local:
        early = stamp.time.replace(tzinfo=clock, fold=0).astimezone(UTC)
        late = stamp.time.replace(tzinfo=clock, fold=1).astimezone(UTC)
        if early.astimezone(clock).replace(tzinfo=None) != stamp.time:
            raise stamp.cell.wrong(
                f"{shown(stamp.text)} does not exist in {zone}: the clock skips it"
            )
        instants[n] = early
        if early != late:
            doubled.append((n, stamp, early, late))
    if doubled:
        _resolve_doubled(instants, doubled, zone)


def _resolve_doubled(
    instants: list[datetime], doubled: Sequence[tuple[int, Stamp, datetime, datetime]], zone: str
) -> None:
    """Give the two rows of a doubled local time their instants, if only one order fits all rows."""
    times = Counter(stamp.time for _, stamp, _, _ in doubled)
    for _, stamp, early, late in doubled:
        if times[stamp.time] != 2:  # noqa: PLR2004 - the hour before the change and the one after
            often = "once" if times[stamp.time] == 1 else f"{times[stamp.time]} times"
            raise stamp.cell.wrong(
                f"{shown(stamp.text)} exists twice in {zone} and {often} in the file, so it "
                f"is ambiguous: write {iso(early)} or {iso(late)}"
            )
    found = []
    for is_rising in (True, False):
        tried, seen = list(instants), set[datetime]()
        for n, stamp, early, late in doubled:
            tried[n] = late if (stamp.time in seen) == is_rising else early
            seen.add(stamp.time)
        if tried == sorted(tried, reverse=not is_rising):
            found.append(tried)
    if len(found) != 1:
        _, stamp, early, late = doubled[0]
        raise stamp.cell.wrong(
            f"{shown(stamp.text)} exists twice in {zone}, and the order of the rows in the file "
            f"does not show which is which: sort them, or write {iso(early)} and {iso(late)}"
        )
    instants[:] = found[0]
