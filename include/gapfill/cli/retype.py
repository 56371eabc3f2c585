"""``retype``: makes floats of what the store holds of a series as another type."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from gapfill.cli.context import CliContext
from gapfill.cli.layout import table
from gapfill.cli.options import everywhere
from gapfill.domain.formatting import count, short
from gapfill.domain.series import Series
from gapfill.domain.unfinished_removal import Unfinished
from gapfill.errors import RequestError
from gapfill.services import retype as service
from gapfill.services.ports import Restored, WrongType

SHOWN = 10
"""So many points with another value than in the file are named."""


@click.command("retype")
@click.argument("name", metavar="SERIES")
@click.option("--field", "fields", multiple=True, metavar="NAME", help="Only this field.")
@click.option("--yes", is_flag=True, help="Do it; without this, only say what would be done.")
@click.option("--file", "path", metavar="FILE", help="Where the points are saved; a new file.")
@click.option("--restore", metavar="FILE", help="Put back what is missing of a saved file.")
@click.option(
    "--overwrite",
    is_flag=True,
    help="With --restore: put back values that another program has changed since, too.",
)
@everywhere
@click.pass_obj
def retype(
    cli: CliContext,
    name: str,
    fields: tuple[str, ...],
    path: str | None,
    restore: str | None,
    *,
    yes: bool,
    overwrite: bool,
) -> int:
    """Make floats of whole numbers that another program wrote.

    InfluxDB fixes the type of a field for a measurement and shard, and refuses floats where it
    holds integers. All points of the measurement there are saved in a file, deleted and
    written as floats. Stop the programs that write into it first.
    """
    now = cli.clock()
    (series,) = cli.catalog().find([name])
    with cli.context(now) as context:
        if restore:
            if fields or path or yes:
                raise RequestError("--restore goes with no other option but --overwrite.")
            found = service.restore(context, Path(restore), overwrite=overwrite)
            _show_restored(cli, name, restore, found)
            return 0
        if overwrite:
            raise RequestError("--overwrite goes with --restore only.")
        left = service.left_of(context, series)
        if left and not yes:  # it may be running: to write points back is not a dry run
            for one in left:
                cli.say(one.sentence)
            return 1
        wrong = service.find(context, series, fields)
        _show_left(cli, left)
        _show(cli, series, wrong)
        stays = [one for one in wrong if one.obstacle]
        wrong = [one for one in wrong if not one.obstacle]
        if not wrong:
            return 1 if stays and yes else 0
        target = Path(path or f"gapfill-retype-{series.name}-{now:%Y%m%dT%H%M%SZ}.lp")
        if not yes:
            cli.say(
                f"\nNothing is changed. With --yes all points of {series.measurement} there, of "
                f"every program, are saved in {target}, deleted, and written as floats. "
                "InfluxDB 1.x changes a type only if the whole measurement is dropped: there this "
                "is done with all of its points."
            )
            return 0
        points = service.carry_out(context, series, wrong, target)
    cli.say(
        f"\n{count(points, 'point')} written again and read back. They are as they were in "
        f"{target}: keep it until you have seen them in the other program too."
    )
    return 1 if stays else 0


def _show_left(cli: CliContext, left: Sequence[Unfinished]) -> None:
    for one in left:
        cli.say(
            f"Carried on an earlier retype of {one.series}: what was missing of {one.measurement} "
            f"from {short(one.first)} to {short(one.last)} is written back."
        )


def _show_restored(cli: CliContext, name: str, path: str, found: Restored) -> None:
    cli.say(
        f"{count(found.points, 'point')} in {path}, {found.written:,} of them were missing and "
        "are written."
    )
    if not found.differing:
        return
    cli.say(
        f"Of {count(len(found.differing), 'other point')} the store holds another value; "
        f"{found.overwritten:,} of them now have the value of the file:"
    )
    for said in found.differing[:SHOWN]:
        cli.say(f"  {said}")
    if len(found.differing) > SHOWN:
        cli.out.print(f"  and {len(found.differing) - SHOWN:,} more.")
    again = f"retype {name} --restore {path}"
    for batch in found.batches:
        cli.out.print(f"To put back what {batch} wrote: undo {batch}; then {again}")
    if len(found.differing) > found.overwritten and not found.batches:
        cli.out.print(f"To put back the values of the file: {again} --overwrite")


def _show(cli: CliContext, series: Series, wrong: Sequence[WrongType]) -> None:
    if not wrong:
        cli.out.print(f"The store takes floats of {series.name} everywhere; nothing to do.")
        return
    shards = count(len({one.shard for one in wrong}), "shard")
    cli.out.print(f"The store refuses floats of {series.name} in {shards}:\n")
    shown = table("from", "to", "fields", numbers=("points",))
    for one in wrong:
        fields = ", ".join(f"{name} ({kind})" for name, kind in one.fields.items())
        start, end = short(one.shard.start), short(one.shard.end)
        shown.add_row(start, end, fields, f"{one.points:,}")
    cli.out.print(shown)
    for one in wrong:
        if one.obstacle:
            cli.say(
                f"\nThe shard from {short(one.shard.start)} keeps the type of "
                f"{', '.join(one.fields)}: {one.obstacle}, which cannot be stored as a float. "
                "Delete such points, or correct the number, and run this again."
            )
