"""Merge several files of one SIAR station: find their days, and read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from gapfill.domain.candidate import Unusable
from gapfill.domain.grid import DAY
from gapfill.domain.interval import BEGINNING, END_OF_TIME, Interval, iso, merge
from gapfill.sources.model import ROW, Answer, Ask, RawRow, Rejected, check, excerpt, number
from gapfill.sources.siar_csv.parser import CsvFile
from gapfill.sources.siar_csv.row import FIELDS, Day, refused
from gapfill.sources.value_reader import agree

_DIGITS = 2
_KEEP = "keep the one that was downloaded last"
_AGAIN = "download that file again"
_USABLE = "temperature_mean"  # a daily weather slot is missing without it


def join(files: Iterable[CsvFile]) -> dict[datetime, Day]:
    """Return the days of a station's files by slot; of a day that comes twice, the first row.

    The later row fills blank fields of the first one. A day whose rows contradict each other
    has no values, and its ``fault`` names both places.
    """
    days: dict[datetime, Day] = {}
    for day in (day for file in files for day in file.days):
        first = days.setdefault(day.slot, day)
        if first is not day:
            days[day.slot] = _both(first, day)
    return days


def _both(first: Day, later: Day) -> Day:
    if first.fault:
        return first
    for name, said in first.values.items():
        if name in later.values and _differ(later.values[name], said):
            problem = (
                f"{FIELDS[name]} of {first.slot:%d/%m/%Y} is {excerpt(later.values[name])}, and "
                f"{excerpt(said)} in {first.row_of(name).place}"
            )
            return first._replace(values={}, fault=(later.place, problem))
    lent = {name: later for name in later.values if name not in first.values}
    return first._replace(values={**later.values, **first.values}, lent={**lent, **first.lent})


def _differ(one: str, other: str) -> bool:
    """Return whether two cells hold different numbers, or different texts."""
    first, second = number(one), number(other)
    if first is None or second is None:
        return one != other
    return not agree(first, second, _DIGITS)


def refuse_bad_rows(files: Iterable[CsvFile]) -> None:
    """Refuse files with an unreadable row, or with two contradicting rows of a day.

    A user who imports files can correct them first; the source skips such rows.

    Raises:
        MalformedPayload: For the first one; names file and line.
    """
    known = list(files)
    for row in (row for file in known for row in file.dropped):
        raise refused(row.value, f"it {row.reason}")
    for day in join(known).values():
        if day.fault:
            raise refused(*day.fault, _step(day))


def held(files: Iterable[CsvFile]) -> list[Interval]:
    """Return the runs of days with a mean temperature; without it, a slot is missing."""
    days = join(files).values()
    usable = (d.slot for d in days if number(d.values.get(_USABLE)) is not None)
    return merge(Interval(slot, slot + DAY) for slot in usable)


def unusable(files: Sequence[CsvFile]) -> list[Unusable]:
    """Return the days with rows but no usable one, with the reason.

    Two rows that contradict each other, and unreadable rows, are errors that the user must
    correct in the file. An unreadable row without a date may be of any day.
    """
    days = join(files)
    said: dict[datetime, Unusable] = {}

    def note(slot: datetime, reason: str, *, is_error: bool = False) -> None:
        said.setdefault(slot, Unusable(Interval(slot, slot + DAY), reason, is_error))

    for slot, day in days.items():
        if day.fault:
            place, problem = day.fault
            note(slot, f"has it twice: {place}: {problem}; {_step(day)}", is_error=True)
    usable = {slot for slot, day in days.items() if number(day.values.get(_USABLE)) is not None}
    unread = [row for file in files for row in file.doubtful]
    for row in unread:
        if row.slot is not None and row.slot not in usable:
            note(row.slot, f"cannot read its row for it, {row.place}; {_AGAIN}", is_error=True)
    for slot, day in days.items():
        if slot not in usable:
            note(slot, f"has a row without a mean temperature for it ({day.place})")
    for row in (row for file in files for row in file.blanks):
        if row.slot is not None and row.slot not in usable:
            note(row.slot, f"has a row without values for it ({row.place})")
    stray = next((row.place for row in unread if row.slot is None), None)
    rest = (
        [Unusable(Interval(BEGINNING, END_OF_TIME), f"has no row for it that can be read; {stray}")]
        if stray
        else []
    )
    return [*said.values(), *rest]


def _step(day: Day) -> str:
    """Return the next step for a day with two rows."""
    place = day.fault[0] if day.fault else ""
    return "remove the wrong row" if place.startswith(f"{day.file}, ") else _KEEP


def answer(ask: Ask, files: Sequence[CsvFile]) -> Answer:
    """Return the readings of the requested days in a station's files.

    Values that are not numbers, or outside their field's bounds, unreadable rows and days
    whose rows contradict each other are reported with file and line and not stored.

    Raises:
        MalformedPayload: If a file has a value of a day that is not over.
    """
    days = join(files)
    _refuse_future(days.values(), ask.now)
    asked = {slot: day for slot, day in days.items() if slot in ask.interval}
    rows = [RawRow(slot, day.values) for slot, day in asked.items()]
    dropped = [r for file in files for r in file.dropped]
    dropped += [
        Rejected(slot, ROW, day.fault[0], f"comes twice: {day.fault[1]}; {_step(day)}")
        for slot, day in asked.items()
        if day.fault
    ]
    evidence = _evidence(ask, files, asked)
    checked = check(ask, rows, ask.interval, evidence, dropped=dropped, digits=_DIGITS)
    listed = [
        replace(r, reason=f"{r.reason} ({asked[r.slot].row_of(r.field).place})")
        if r.slot and r.field != ROW
        else r
        for r in checked.rejected
    ]
    return replace(checked, rejected=tuple(listed))


def _refuse_future(days: Iterable[Day], now: datetime) -> None:
    for day in days:
        if day.slot + DAY > now:
            problem = f"{day.slot:%d/%m/%Y} has values and is not over at {iso(now)}"
            raise refused(day.place, problem, "remove the row, or set the clock right")


def _evidence(ask: Ask, files: Sequence[CsvFile], asked: Mapping[datetime, Day]) -> str:
    """Return the files, with the number of requested days in them."""
    station = ask.station.id if ask.station else "no station"
    if not files:
        return f"The folder has no file of {station}"
    names = ", ".join(file.name for file in files)
    found = f"{len(asked)} of {ask.series.grid.count(ask.interval)} days" if asked else "no day"
    return excerpt(f"CSV files of {station}: {found} of {ask.interval} in {names}")
