"""Takes SIAR's CSV files into the daily weather series of their stations, all or none of them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, NamedTuple

from gapfill.domain.grid import DAY
from gapfill.domain.interval import Interval, iso
from gapfill.errors import StoreError
from gapfill.services.read_back import is_held
from gapfill.sources.model import Answer, Ask, Rejected
from gapfill.sources.siar_csv.days import answer, join, refuse_bad_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from gapfill.catalog import Catalog
    from gapfill.domain.product import Product
    from gapfill.domain.series import Series, Station
    from gapfill.services.context import RunContext
    from gapfill.sources.siar_csv.parser import CsvFile
    from gapfill.sources.siar_csv.row import Day

_SOURCES = ("siar_csv", "siar")


@dataclass(frozen=True, slots=True)
class ImportedFiles:
    """What became of a file in a series; its rows are the sum of the counts below.

    Attributes:
        file: Its name.
        station: Id of its station.
        series: Catalogue name.
        rows: Rows in it.
        blank: Rows without a value.
        incomplete: Rows without a mean temperature that can be believed: no reading.
        outside: Rows before the series begins, or outside the station's dates.
        written: Rows that were stored.
        stood: Rows for which the store, or a file before it, has the same or better.
        refused: Values that were not believed, and not stored.
    """

    file: str
    station: str
    series: str
    rows: int
    blank: int
    incomplete: int
    outside: int
    written: int
    stood: int
    refused: tuple[Rejected, ...] = ()


class Target(NamedTuple):
    """A series that a station's files go into.

    Attributes:
        series: The series.
        product: Whose grades its readings have.
        station: The station, as the catalogue has it.
    """

    series: Series
    product: Product
    station: Station


def targets(catalog: Catalog) -> list[Target]:
    """Return the daily weather series of the catalogue that have a SIAR station, one per station.

    A station that stands under both sources is taken as ``siar_csv`` has it.
    """
    found: dict[tuple[str, str], Target] = {}
    for series in catalog.series.values():
        for name in _SOURCES:
            products = catalog.sources[name].products if name in catalog.sources else ()
            for product in products:
                fits = product.quantity == series.quantity and product.resolution == DAY
                if not fits or {era.step for era in series.grid.eras} != {DAY}:
                    continue
                for station in series.place.stations:
                    if station.source == name:
                        key = series.name, station.id
                        found.setdefault(key, Target(series, product, station))
    return list(found.values())


def import_files(
    context: RunContext, files: Mapping[str, Sequence[CsvFile]], batch: str
) -> list[ImportedFiles]:
    """Write what the files have and the store has not as good; a second time changes nothing.

    Every file is checked before anything is written. A lower grade never replaces a higher one.

    Args:
        context: The installation.
        files: Files by station id.
        batch: Id of this import.

    Raises:
        MalformedPayload: If a row cannot be read, two of a day contradict each other, or a
            day is not over.
        StoreError: If the store failed, or what was written could not be read back.
    """
    works: list[_Work] = []
    taken: list[ImportedFiles] = []
    for target in targets(context.catalog):
        ask, own = _ask(target, context.now), files.get(target.station.id, ())
        if ask is None:
            taken += [_unexpected(target, file) for file in own]
        elif own:
            refuse_bad_rows(own)
            works.append(_Work(ask, own, join(own), answer(ask, own)))
    for work in works:
        written = _write(context, work.ask.series, work.said, batch)
        taken += [_account(work, file, written) for file in work.files]
    return taken


class _Work(NamedTuple):
    ask: Ask
    files: Sequence[CsvFile]
    days: Mapping[datetime, Day]
    said: Answer


def _ask(target: Target, now: datetime) -> Ask | None:
    """Return the ask for all that the series expects of the station by now."""
    start, end = target.series.earliest, target.series.grid.floor(now)
    expected = Interval(start, end).intersection(target.station.reach) if start < end else None
    if expected is None:
        return None
    return Ask(target.series, target.product, target.station, expected, now)


def _write(context: RunContext, series: Series, said: Answer, batch: str) -> set[datetime]:
    """Write readings, read them back, and return the slots that were written."""
    if not said.readings:
        return set()
    before = set(context.store.batch_slots(batch).get(series.name, ()))
    span = Interval(said.readings[0].slot, series.grid.end_of(said.readings[-1].slot))
    stood = {row.slot: row for row in context.store.read(series, span)}
    context.store.write(series, said.readings, batch)
    rows = {row.slot: row for row in context.store.read(series, span)}
    lost = [
        reading.slot
        for reading in said.readings
        if not is_held(reading, rows.get(reading.slot), batch, stood.get(reading.slot))
    ]
    if lost:
        message = (
            f"{series.name}: {len(lost)} of {len(said.readings)} days were written and could not "
            f"be read back, the first is {iso(lost[0])}; run it again, or undo {batch}."
        )
        raise StoreError(message)
    return set(context.store.batch_slots(batch).get(series.name, ())) - before


def _account(work: _Work, file: CsvFile, written: set[datetime]) -> ImportedFiles:
    """Say what became of each row of a file; a day that two files have counts in the first."""
    inside = [day for day in file.days if day.slot in work.ask.interval]
    required = set(work.ask.series.required)
    read = {reading.slot for reading in work.said.readings if required <= reading.values.keys()}
    whole = [day for day in inside if day.slot in read]
    new = sum(d.slot in written and work.days[d.slot].place == d.place for d in whole)
    return ImportedFiles(
        file=file.name,
        station=file.station,
        series=work.ask.series.name,
        rows=len(file.days) + file.blank,
        blank=file.blank,
        incomplete=len(inside) - len(whole),
        outside=len(file.days) - len(inside),
        written=new,
        stood=len(whole) - new,
        refused=tuple(
            r
            for r in work.said.rejected
            if r.slot and work.days[r.slot].row_of(r.field).file == file.name
        ),
    )


def _unexpected(target: Target, file: CsvFile) -> ImportedFiles:
    """Account for a file of a station that has no date in common with the series."""
    return ImportedFiles(
        file=file.name,
        station=file.station,
        series=target.series.name,
        rows=len(file.days) + file.blank,
        blank=file.blank,
        incomplete=0,
        outside=len(file.days),
        written=0,
        stood=0,
    )


def document(
    taken: Sequence[ImportedFiles], skipped: Sequence[str], batch: str, now: datetime
) -> dict[str, object]:
    """Return the document of ``import-siar --json``. Its keys are a contract.

    Args:
        taken: What became of each file.
        skipped: Names of CSV files of no station of the catalogue.
        batch: Id of the import.
        now: The clock.
    """
    written = sum(t.written for t in taken)
    return {
        "now": iso(now),
        "batch": batch if written else None,
        "written": written,
        "files": [
            {
                **asdict(t),
                "refused": [
                    {**asdict(r), "slot": iso(r.slot) if r.slot else None} for r in t.refused
                ],
            }
            for t in taken
        ],
        "skipped": list(skipped),
    }
