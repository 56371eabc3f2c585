"""Several files of one SIAR station as one: which days they have, and readings of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gapfill.domain.interval import Interval, iso, merge
from gapfill.domain.resolution import DAY
from gapfill.sources.base import Answer, RawRow, check, excerpt, number
from gapfill.sources.siar_csv_row import FIELDS, Day, refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from gapfill.sources.base import Ask
    from gapfill.sources.siar_csv import CsvFile

_USABLE = "temperature_mean"  # what a slot of daily weather is missing without


def join(files: Iterable[CsvFile]) -> dict[datetime, Day]:
    """Return the days of a station's files by slot; a day that comes twice is the first one.

    What the first one left blank is taken from the later one.

    Raises:
        MalformedPayload: If two rows of one day say different things; names both places.
    """
    days: dict[datetime, Day] = {}
    for day in (day for file in files for day in file.days):
        first = days.setdefault(day.slot, day)
        if first is not day:
            days[day.slot] = _both(first, day)
    return days


def _both(first: Day, later: Day) -> Day:
    for name, said in first.values.items():
        if name in later.values and _meaning(later.values[name]) != _meaning(said):
            problem = (
                f"{FIELDS[name]} of {first.slot:%d/%m/%Y} is {excerpt(later.values[name])}, and "
                f"{excerpt(said)} in {first.row_of(name).place}"
            )
            raise refused(later.place, problem, "keep the one that was downloaded last")
    lent = {name: later for name in later.values if name not in first.values}
    return first._replace(values={**later.values, **first.values}, lent={**lent, **first.lent})


def _meaning(text: str) -> object:
    """Return the number that a cell says, else its text."""
    value = number(text)
    return text if value is None else value


def held(files: Iterable[CsvFile]) -> list[Interval]:
    """Return the runs of days that have a mean temperature, without which there is no reading.

    Raises:
        MalformedPayload: As ``join``.
    """
    days = join(files).values()
    usable = (d.slot for d in days if number(d.values.get(_USABLE)) is not None)
    return merge(Interval(slot, slot + DAY) for slot in usable)


def answer(ask: Ask, files: Sequence[CsvFile]) -> Answer:
    """Return what a station's files say of the asked days.

    Values that are no numbers, or outside their field's bounds, are reported with file and
    line and not stored.

    Raises:
        MalformedPayload: If a file has a value of a day that is not over, or two
            rows contradict each other.
    """
    days = join(files)
    _refuse_future(days.values(), ask.now)
    asked = {slot: day for slot, day in days.items() if slot in ask.interval}
    rows = [RawRow(slot, day.values) for slot, day in asked.items()]
    checked = check(ask, rows, ask.interval, _evidence(ask, files, asked))
    told = [
        replace(r, reason=f"{r.reason} ({asked[r.slot].row_of(r.field).place})") if r.slot else r
        for r in checked.rejected
    ]
    return replace(checked, rejected=tuple(told))


def _refuse_future(days: Iterable[Day], now: datetime) -> None:
    for day in days:
        if day.slot + DAY > now:
            problem = f"{day.slot:%d/%m/%Y} has values and is not over at {iso(now)}"
            raise refused(day.place, problem, "remove the row, or set the clock right")


def _evidence(ask: Ask, files: Sequence[CsvFile], asked: Mapping[datetime, Day]) -> str:
    """Return which files were looked into, and what they have of the asked days."""
    station = ask.station.id if ask.station else "no station"
    if not files:
        return f"The folder has no file of {station}"
    names = ", ".join(file.name for file in files)
    found = f"{len(asked)} of {ask.series.grid.count(ask.interval)} days" if asked else "no day"
    return excerpt(f"CSV files of {station}: {found} of {ask.interval} in {names}")
