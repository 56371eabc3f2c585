"""``import-siar``: SIAR's CSV files into the daily weather of their stations."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from gapfill.catalog import Catalog
from gapfill.cli.context import CliContext
from gapfill.cli.layout import SHOWN
from gapfill.cli.options import as_document, everywhere
from gapfill.cli.ranges import new_id
from gapfill.domain.formatting import count
from gapfill.domain.interval import iso
from gapfill.errors import ConfigError, GapfillError, RequestError, SourceError
from gapfill.services.siar_csv_import import ImportedFiles, document, import_files, targets
from gapfill.sources.siar_csv.folder import SiarCsvFolder
from gapfill.sources.siar_csv.parser import CsvFile, station_of

_NAMED = 3  # files that were left out, named one by one; a folder may have hundreds


@click.command("import-siar")
@click.argument("folder", type=click.Path(path_type=Path))
@as_document
@everywhere
@click.pass_obj
def import_siar(cli: CliContext, folder: Path, *, as_json: bool) -> int:
    """Take in a folder of CSV files from SIAR's web.

    All of them are taken or none. A file's name begins with its station, such as J17_;
    those of stations that the catalogue does not have are left out. A better grade in the
    store stays.
    """
    now = cli.clock()
    files, skipped = _read(folder, cli.catalog())
    batch = new_id("import", now)
    try:
        with cli.context(now) as context:
            taken = import_files(context, files, batch)
    except SourceError as exc:
        raise _nothing(exc) from exc
    if as_json:
        cli.print_json(document(taken, skipped, batch, now))
    else:
        _show(cli, taken, skipped, batch)
    return 0


def _read(folder: Path, known: Catalog) -> tuple[dict[str, list[CsvFile]], list[str]]:
    """Return the files of the catalogue's stations, and the names of the others.

    Raises:
        RequestError: If the folder is wrong.
        GapfillError: If a file is, or none is of a station of the catalogue.
    """
    shelf = SiarCsvFolder(folder, named="FOLDER")
    try:
        names = [path.name for path in shelf.paths()]
    except ConfigError as exc:
        raise RequestError(str(exc)) from exc
    stations = list(dict.fromkeys(target.station.id for target in targets(known)))
    skipped = [name for name in names if station_of(name) not in stations]
    if len(skipped) == len(names):
        wanted = " or ".join(f"{station}_" for station in stations) or "a station of the catalogue"
        raise GapfillError(
            f"Of {count(len(names), 'CSV file')} in {folder} none begins with {wanted}: add the "
            "station to the catalogue, or its files to the folder. Nothing was imported."
        )
    try:
        return {station: shelf.files(station) for station in stations}, skipped
    except SourceError as exc:
        raise _nothing(exc) from exc


def _nothing(exc: SourceError) -> GapfillError:
    return GapfillError(f"{exc} Nothing was imported.")


def _show(
    cli: CliContext, taken: Sequence[ImportedFiles], skipped: Sequence[str], batch: str
) -> None:
    """Print the sum, a line per file, what was not believed, and how to take it back."""
    written = sum(t.written for t in taken)
    rows = count(sum(t.rows for t in taken), "row")
    cli.out.print(f"Imported {written:,} of {rows} of {count(len(taken), 'file')}.", style="bold")
    for one in taken:
        cli.say(f"  {one.file} into {one.series}: {_counts(one)}")
    refused = [r for t in taken for r in t.refused]
    if refused:
        cli.out.print("\nNot believed, and not stored:")
    for r in refused[:SHOWN]:
        day = iso(r.slot)[:10] if r.slot else "?"
        cli.say(f"  {day} {r.field} {r.value!r} {r.reason}")
    if len(refused) > SHOWN:
        cli.out.print(f"  and {len(refused) - SHOWN:,} more; --json lists all")
    if skipped:
        names = ", ".join(skipped[:_NAMED])
        if len(skipped) > _NAMED:
            names += f" and {len(skipped) - _NAMED:,} more; --json lists all"
        cli.say(f"\nLeft out, of no station of the catalogue: {names}")
    if written:
        cli.say(f"To take it back: undo {batch}")


def _counts(one: ImportedFiles) -> str:
    parts = {
        "blank": one.blank,
        "without a mean temperature": one.incomplete,
        "outside the series or the station's dates": one.outside,
    }
    left = "".join(f", {number:,} {what}" for what, number in parts.items() if number)
    refused = f", {count(len(one.refused), 'value')} refused" if one.refused else ""
    kept = one.stood  # codespell:ignore stood
    return f"{count(one.rows, 'row')}{left}, {one.written:,} written, {kept:,} kept{refused}"
