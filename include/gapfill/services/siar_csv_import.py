"""Imports SIAR's CSV files into the daily weather series of their stations, all or none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import NamedTuple

from gapfill.catalog import Catalog
from gapfill.domain.grid import DAY
from gapfill.domain.interval import Interval, iso
from gapfill.domain.product import Product
from gapfill.domain.series import Series, Station
from gapfill.errors import StoreError
from gapfill.services.context import RunContext
from gapfill.services.read_back import is_held
from gapfill.sources.model import Answer, Ask, Rejected
from gapfill.sources.siar_csv.days import answer, join, refuse_bad_rows
from gapfill.sources.siar_csv.parser import CsvFile
from gapfill.sources.siar_csv.row import Day

_SOURCES = ("siar_csv", "siar")


@dataclass(frozen=True, slots=True)
class ImportedFiles:
    """The result of a file in a series; ``rows`` is the sum of the counts after it.

    Attributes:
        file: Its name.
        station: Id of its station.
        series: Catalogue name.
        rows: Rows in it.
        blank: Rows without a value.
        incomplete: Rows without a believable mean temperature, which are not readings.
        outside: Rows before the beginning of the series, or outside the station's dates.
        written: Rows that were stored.
        stood: Rows for which the store, or an earlier file, has the same or better values.
        refused: Values that were not believed and not stored.
    """

    file: str
    station: str
    series: str
    rows: int
    blank: int
    incomplete: int
    outside: int
    written: int
    stood: int  # codespell:ignore stood
    refused: tuple[Rejected, ...] = ()


class Target(NamedTuple):
    """A series that receives the files of a station.

    Attributes:
        series: The series.
        product: The product with the grades of its readings.
        station: The station in the catalogue.
    """

    series: Series
    product: Product
    station: Station


def targets(catalog: Catalog) -> list[Target]:
    """Return the daily weather series of the catalogue that have a SIAR station, one per station.

    If both sources list a station, the entry of ``siar_csv`` is used.
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
    """Write values of files that are better than the stored ones; a second import changes nothing.

    The files are those of each station id. Every file is checked before the first write. A lower
    grade never replaces a higher one.

    Raises:
        MalformedPayload: If a row cannot be read, two rows of a day differ, or a day is not over.
        StoreError: If the store failed, or written values could not be read back.
    """
    works: list[_Work] = []
    taken: list[ImportedFiles] = []
    for target in targets(context.catalog):
        ask, own = _ask(target, context.now), files.get(target.station.id, ())
        if ask is None:
            taken += [_result(target.series, file, len(file.days)) for file in own]
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
    """Return the request for all slots that the series expects from the station now."""
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
    stored = {row.slot: row for row in context.store.read(series, span)}
    context.store.write(series, said.readings, batch)
    rows = {row.slot: row for row in context.store.read(series, span)}
    lost = [
        reading.slot
        for reading in said.readings
        if not is_held(reading, rows.get(reading.slot), batch, stored.get(reading.slot))
    ]
    if lost:
        raise StoreError(
            f"{series.name}: {len(lost)} of {len(said.readings)} days were written but could not "
            f"be read back, the first is {iso(lost[0])}; run the import again, or undo {batch}."
        )
    return set(context.store.batch_slots(batch).get(series.name, ())) - before


def _account(work: _Work, file: CsvFile, written: set[datetime]) -> ImportedFiles:
    """Count the rows of a file by result; a day that two files have counts in the first."""
    inside = [day for day in file.days if day.slot in work.ask.interval]
    required = set(work.ask.series.required)
    read = {reading.slot for reading in work.said.readings if required <= reading.values.keys()}
    whole = [day for day in inside if day.slot in read]
    new = sum(d.slot in written and work.days[d.slot].place == d.place for d in whole)
    return replace(
        _result(work.ask.series, file, len(file.days) - len(inside)),
        incomplete=len(inside) - len(whole),
        written=new,
        stood=len(whole) - new,  # codespell:ignore stood
        refused=tuple(
            r
            for r in work.said.rejected
            if r.slot and work.days[r.slot].row_of(r.field).file == file.name
        ),
    )


def _result(series: Series, file: CsvFile, outside: int) -> ImportedFiles:
    """Return the result of a file before any row is stored."""
    return ImportedFiles(
        file=file.name,
        station=file.station,
        series=series.name,
        rows=len(file.days) + file.blank,
        blank=file.blank,
        incomplete=0,
        outside=outside,
        written=0,
        stood=0,  # codespell:ignore stood
    )


def document(
    taken: Sequence[ImportedFiles], skipped: Sequence[str], batch: str, now: datetime
) -> dict[str, object]:
    """Return the document of ``import-siar --json``; its keys are a contract.

    Args:
        taken: The result of each file.
        skipped: Names of CSV files whose station is not in the catalogue.
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
