"""``tidy``: copies of other programs' values out of the store, shown first."""

from __future__ import annotations

from collections.abc import Sequence

import click

from gapfill.cli.context import CliContext
from gapfill.cli.options import as_document, everywhere
from gapfill.cli.ranges import new_id
from gapfill.domain.formatting import count, short
from gapfill.domain.interval import iso
from gapfill.domain.keys import TIDY
from gapfill.services.tidy import Tidied
from gapfill.services.tidy import tidy as tidy_series

SHOWN = 3
"""So many of the first instants are shown."""


@click.command()
@click.argument("names", nargs=-1, metavar="[SERIES]...")
@click.option("--yes", is_flag=True, help="Remove them; without it nothing is written.")
@as_document
@everywhere
@click.pass_obj
def tidy(cli: CliContext, names: tuple[str, ...], *, yes: bool, as_json: bool) -> int:
    """Remove values that an earlier release copied.

    To add one field to a slot of another program, it copied all of the slot's values into a
    point of Gapfill's own. They are not read any more, but other programs count them. This
    shows how many there are; --yes removes them, and `undo` puts them back.
    """
    now = cli.clock()
    chosen = cli.catalog().find(names)
    batch = new_id(TIDY, now) if yes else None
    with cli.context(now) as context:
        done = tidy_series(context, chosen, batch)
    if as_json:
        cli.print_json(
            _document(done.series, batch) | {"carried_on": done.carried_on, "left": done.left}
        )
        return 0
    for earlier, slots in done.carried_on.items():
        cli.say(f"Carried on {earlier}: {count(slots, 'slot')}. To take it back: undo {earlier}")
    for said in done.left:
        cli.say(said)
    if not (done.carried_on or done.left) or any(one.copies.slots for one in done.series):
        _show(cli, done.series, batch)
    return 0


def _document(found: Sequence[Tidied], batch: str | None) -> dict[str, object]:
    is_written = any(one.removed for one in found)
    return {
        "batch": batch if is_written else None,
        "series": [
            {
                "series": one.series,
                "slots": len(one.copies.slots),
                "values": one.copies.values,
                "first": iso(one.copies.slots[0]) if one.copies.slots else None,
                "last": iso(one.copies.slots[-1]) if one.copies.slots else None,
                "removed": one.removed,
            }
            for one in found
        ],
    }


def _show(cli: CliContext, found: Sequence[Tidied], batch: str | None) -> None:
    copied = [one for one in found if one.copies.slots]
    for one in copied:
        slots = one.copies.slots
        first = ", ".join(short(slot) for slot in slots[:SHOWN])
        more = f" and so on to {short(slots[-1])}" if len(slots) > SHOWN else ""
        cli.say(
            f"{one.series}: {count(one.copies.values, 'copied value')} in "
            f"{count(len(slots), 'slot')}: {first}{more}."
        )
    if not copied:
        cli.out.print("Nothing to tidy: no point holds copies of other programs' values.")
    elif batch is None:
        cli.say("Nothing was changed. To remove them: tidy --yes")
    else:
        removed = sum(one.removed for one in copied)
        cli.say(f"Removed from {count(removed, 'slot')}.")
        cli.say(f"To take it back: undo {batch}")
