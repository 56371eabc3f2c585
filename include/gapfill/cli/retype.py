"""``retype``: makes floats of what the store holds of a series as another type."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gapfill.cli.layout import table
from gapfill.cli.options import everywhere
from gapfill.cli.words import short
from gapfill.domain.wording import count
from gapfill.errors import RequestError
from gapfill.services import retype as service

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gapfill.cli.desk import Desk
    from gapfill.domain.series import Series
    from gapfill.services.ports import WrongType


@click.command("retype")
@click.argument("name", metavar="SERIES")
@click.option("--field", "fields", multiple=True, metavar="NAME", help="Only this field.")
@click.option("--yes", is_flag=True, help="Do it; without this, only say what would be done.")
@click.option("--file", "path", metavar="FILE", help="Where the points are saved; a new file.")
@click.option("--restore", metavar="FILE", help="Put back what is missing of a saved file.")
@everywhere
@click.pass_obj
def retype(
    desk: Desk,
    name: str,
    fields: tuple[str, ...],
    path: str | None,
    restore: str | None,
    *,
    yes: bool,
) -> int:
    """Make floats of whole numbers that another program wrote.

    InfluxDB fixes the type of a field for a measurement and shard, and refuses floats where it
    holds integers. All points of the measurement there are saved in a file, deleted and
    written as floats. Stop the programs that write into it first.
    """
    now = desk.clock()
    (series,) = desk.catalog().find([name])
    with desk.site(now) as site:
        if restore:
            if fields or path or yes:
                message = "--restore goes with no other option."
                raise RequestError(message)
            found = service.restore(site, Path(restore))
            desk.out.print(
                f"{count(found.points, 'point')} in {restore}, {found.written:,} of them were "
                "missing and are written.",
                soft_wrap=True,
            )
            return 0
        wrong = service.find(site, series, fields)
        _show(desk, series, wrong)
        if not wrong:
            return 0
        target = Path(path) if path else _new_file(series, now)
        if not yes:
            desk.out.print(
                f"\nNothing is changed. With --yes all points of {series.measurement} there, of "
                f"every program, are saved in {target}, deleted, and written as floats.",
                soft_wrap=True,
            )
            return 0
        points = service.carry_out(site, series, wrong, target)
    desk.out.print(
        f"\n{count(points, 'point')} written anew and read back. They are as they were in "
        f"{target}: keep it until you have seen them in the other program too.",
        soft_wrap=True,
    )
    return 0


def _show(desk: Desk, series: Series, wrong: Sequence[WrongType]) -> None:
    if not wrong:
        desk.out.print(f"The store takes floats of {series.name} everywhere; nothing to do.")
        return
    desk.out.print(f"The store refuses floats of {series.name} in {count(len(wrong), 'shard')}:\n")
    shown = table("from", "to", "fields", numbers=("points",))
    for one in wrong:
        fields = ", ".join(f"{name} ({kind})" for name, kind in one.fields.items())
        start, end = short(one.shard.start), short(one.shard.end)
        shown.add_row(start, end, fields, f"{one.points:,}")
    desk.out.print(shown)


def _new_file(series: Series, now: datetime) -> Path:
    return Path(f"gapfill-retype-{series.name}-{now:%Y%m%dT%H%M%SZ}.lp")
