"""``batches``, ``undo``, and ``forget-store``, which accepts an empty store for a lost one."""

from __future__ import annotations

from collections.abc import Sequence

import click

from gapfill.cli.context import CliContext
from gapfill.cli.layout import capped
from gapfill.cli.options import as_document, everywhere
from gapfill.cli.ranges import bound_of
from gapfill.domain.formatting import count, short
from gapfill.errors import RequestError
from gapfill.services import undo_batches
from gapfill.services.ports import Batch
from gapfill.services.undo_batches import UndoResult


@click.command()
@click.argument("names", nargs=-1, metavar="[SERIES]...")
@click.option(
    "--since", metavar="DATE", help="Only those made at this instant or local day, or later."
)
@as_document
@everywhere
@click.pass_obj
def batches(cli: CliContext, names: tuple[str, ...], since: str | None, *, as_json: bool) -> int:
    """List what was written and can be undone, the newest run last.

    Each unit of a run is a batch, and so is each import.
    """
    now = cli.clock()
    series = cli.catalog().find(names)
    start = None if since is None else bound_of("--since", since, series)
    with cli.context(now) as context:
        found = undo_batches.list_batches(context, names, start)
        if as_json:
            cli.print_json(undo_batches.document(found))
        else:
            _show(cli, found)
    return 0


def _show(cli: CliContext, found: Sequence[Batch]) -> None:
    """Print the runs, each with its batches."""
    if not found:
        cli.out.print("No batch that can be undone.")
        return
    runs: dict[str, list[Batch]] = {}
    for batch in found:
        runs.setdefault(batch.run, []).append(batch)
    for run, of_run in runs.items():
        when = undo_batches.instant_of(of_run[-1])
        slots = count(sum(batch.slots for batch in of_run), "slot")
        made = f", {short(when)}" if when else ""
        cli.out.print(f"\n{run}: {slots}{made}", style="bold", soft_wrap=True)
        capped(cli.out, of_run, lambda batch: _show_batch(cli, batch))
    cli.say("\nTo take one back: undo BATCH; all of a run: undo --run RUN")


def _show_batch(cli: CliContext, batch: Batch) -> None:
    span = f"{short(batch.first)} to {short(batch.last)}"
    cli.say(f"  {batch.id}")
    cli.say(f"    {batch.series}, {count(batch.slots, 'slot')}, {span}")


@click.command()
@click.argument("batch", required=False)
@click.option("--run", metavar="RUN", help="Take back all batches of a run, the newest first.")
@everywhere
@click.pass_obj
def undo(cli: CliContext, batch: str | None, run: str | None) -> int:
    """Put back what a batch, or all of a run, replaced, and remove what it added."""
    if (batch is None) == (run is None):
        raise RequestError("Give either a BATCH or --run RUN: `batches` lists both.")
    with cli.context(cli.clock()) as context:
        taken = (
            undo_batches.undo_run(context, run)
            if run
            else undo_batches.undo_batch(context, batch or "")
        )
    cli.say(_told(taken))
    return 0


def _told(taken: UndoResult) -> str:
    """Return what taking back came to, in a sentence."""
    undone = taken.undone
    of = f" of {len(taken.batches):,} batches" if len(taken.batches) > 1 else ""
    done = f"{count(undone.removed, 'slot')} removed, {undone.restored:,} put back"
    said = f"Undone: {done}{of}" if undone.removed or undone.restored else "Nothing was undone"
    if not undone.left:
        return f"{said}."
    left = f"{count(undone.left, 'slot')} left alone"
    if not taken.later:
        return f"{said}; {left} because they were changed since."
    one = len(taken.later) == 1
    later, first = ("a later batch", "that one") if one else ("later batches", "those")
    names = ", ".join(taken.later)
    return f"{said}; {left} because {later} changed them: undo {first} first ({names})."


@click.command("forget-store")
@everywhere
@click.pass_obj
def forget_store(cli: CliContext) -> int:
    """Accept an empty store in the place of one that held readings.

    Nothing is deleted but the note that it held readings. A store that holds some is left as it is.
    """
    place, was_known = cli.forget_store()
    said = "may begin again, empty" if was_known else "was not known to hold readings"
    cli.say(f"The store {place.where} {said}.")
    return 0
