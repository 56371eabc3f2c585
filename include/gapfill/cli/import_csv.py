"""``import``: a CSV file of a series, as `export` or a spreadsheet writes it, into the store."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import pendulum

from gapfill.cli.context import CliContext
from gapfill.cli.options import everywhere
from gapfill.cli.ranges import new_id
from gapfill.domain.formatting import count
from gapfill.errors import GapfillError, RequestError
from gapfill.services.csv_import.rows import Stated, read_rows
from gapfill.services.csv_import.text import decode
from gapfill.services.csv_transfer import import_rows


def _zone(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    if value is not None and value not in pendulum.timezones():
        raise click.BadParameter(f"{value!r} is not an IANA time zone such as Europe/Madrid or UTC")
    return value


@click.command("import")
@click.argument("name", metavar="SERIES")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option(
    "--zone",
    metavar="ZONE",
    callback=_zone,
    help="Clock of times without an offset, such as Europe/Madrid. Dates with the day first need "
    "it. Without it a time such as 2025-10-26 00:00 is UTC.",
)
@click.option(
    "--decimal",
    type=click.Choice(["comma", "point"]),
    help="The decimal mark, if the file does not show it: is 1.234 more than a thousand?",
)
@everywhere
@click.pass_obj
def import_(cli: CliContext, name: str, file: str, zone: str | None, decimal: str | None) -> int:
    """Take in a CSV file as `export` or a spreadsheet writes it.

    It is taken whole or not at all. FILE may be - for stdin. The columns grade, source,
    batch and kept may be absent. Cells may be separated by commas, semicolons or tabs, with
    a decimal point or comma; a file that can be read in two ways is refused. PVPC is also
    read from a file that ESIOS's web exports.
    """
    now = cli.clock()
    (series,) = cli.catalog().find([name])
    batch = new_id("import", now)
    title = "standard input" if file == "-" else file
    data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    try:
        read = read_rows(
            series, decode(data, title), title, batch=batch, now=now, stated=Stated(zone, decimal)
        )
    except RequestError as exc:
        # The command line was right; the file is not.
        raise GapfillError(str(exc)) from exc
    with cli.context(now) as context:
        written, is_own = import_rows(context, series, read.rows, batch)
    of = f"{written:,} of {count(len(read.rows), 'row')}"
    cli.say(f"Imported {of} into {series.name}.")
    for note in read.notes:
        cli.say(note)
    if written < len(read.rows):
        cli.out.print("The others were left out: the store holds the same or better.")
    if written and is_own:
        cli.say(f"To take it back: undo {batch}")
    return 0
