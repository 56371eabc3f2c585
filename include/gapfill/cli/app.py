"""The commands. Each returns its exit code; what people see is in ``tables``."""

from __future__ import annotations

import csv
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import click

from gapfill.cli import ranges, tables
from gapfill.cli.desk import Desk
from gapfill.cli.progress import watcher
from gapfill.domain.interval import BEGINNING, END_OF_TIME, Interval
from gapfill.domain.series import State
from gapfill.errors import RequestError
from gapfill.services import transfer, views
from gapfill.services.detect import detect
from gapfill.services.explain import explain as explain_slot
from gapfill.services.heal import heal as heal_order
from gapfill.services.planner import Order, make_plan, survey

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from gapfill.catalog import Catalog
    from gapfill.services.detect import Report

F = TypeVar("F", bound="Callable[..., Any]")

UNREAD = 1
"""Exit code when a read failed."""

MISSING = 3
"""Exit code when something is missing, or still is."""

STRICT = (State.MISSING, State.PROVISIONAL, State.PENDING, State.UNFILLABLE)


def _set_now(context: click.Context, _param: click.Parameter, value: str | None) -> None:
    if value is not None:
        context.ensure_object(Desk).now = value


def everywhere(command: F) -> F:
    """Add the options that may stand before and after a command's name."""
    command = click.option("--debug", is_flag=True, expose_value=False, help="Show tracebacks and logs.")(command)
    return click.option(
        "--now", metavar="INSTANT", expose_value=False, callback=_set_now,
        help="The clock, so that a report can be made again (else GAPFILL_NOW, else real time).",
    )(command)


def ranged(command: F) -> F:
    """Add ``--start`` and ``--end``."""
    command = click.option("--end", metavar="DATE|INSTANT", help="Last local day, or first instant outside.")(command)
    return click.option("--start", metavar="DATE|INSTANT", help="First local day, or first instant.")(command)


def ordered(command: F) -> F:
    """Add the options that ``plan`` and ``heal`` share."""
    command = click.option("--refresh", is_flag=True, help="Ask again what is complete; needs a range.")(command)
    command = click.option("--force", is_flag=True, help="Ask again what a source said it does not have.")(command)
    command = click.option("--max-gap-hours", type=float, default=0.0, metavar="HOURS", help="Only gaps longer than this; 0 for all.")(command)
    command = ranged(command)
    return click.option("--series", "names", multiple=True, metavar="NAME", help="Only this series; may be repeated.")(command)


as_json = click.option("--json", "is_json", is_flag=True, help="Print a JSON document.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@everywhere
def app() -> None:
    """Find the holes in time series and heal them.

    Connections come from the environment (AIRFLOW_CONN_GAPFILL_STORE …) or a secrets
    backend. Dates are local days; instants are ISO 8601.
    """


@app.command()
@click.argument("names", nargs=-1, metavar="[SERIES]...")
@ranged
@click.option("--strict", is_flag=True, help="Exit with 3 for pending, provisional and unfillable slots too.")
@as_json
@everywhere
@click.pass_obj
def status(desk: Desk, names: tuple[str, ...], start: str | None, end: str | None, *, strict: bool, is_json: bool) -> int:
    """Show the state of every expected slot."""
    now, known = desk.clock(), desk.catalog()
    selection = ranges.select(known, names, start, end, now)
    with desk.site(now) as site:
        reports = detect(site, selection)
    if is_json:
        desk.print_json(views.status(known, reports, now))
    else:
        tables.show_status(desk.out, reports)
    return _code(reports, STRICT if strict else (State.MISSING,))


def _code(reports: Sequence[Report], states: Sequence[State]) -> int:
    if any(report.error for report in reports):
        return UNREAD
    return MISSING if any(r.coverage.counts[state] for r in reports for state in states) else 0


@app.command()
@click.argument("series")
@click.argument("slot")
@as_json
@everywhere
@click.pass_obj
def explain(desk: Desk, series: str, slot: str, *, is_json: bool) -> int:
    """Say why a slot is as it is, and what each source can do for it."""
    now, known = desk.clock(), desk.catalog()
    (one,) = known.find([series])
    start = ranges.slot_of(one, slot)
    with desk.site(now) as site:
        found = explain_slot(site, one, start)
    if is_json:
        desk.print_json(views.explained(found))
    else:
        tables.show_explanation(desk.out, found)
    return UNREAD if found.state is State.UNKNOWN else 0


@app.command()
@ordered
@as_json
@everywhere
@click.pass_obj
def plan(desk: Desk, *, is_json: bool, **options: Any) -> int:
    """Show what would be asked, and the bill, and ask nobody."""
    now, known = desk.clock(), desk.catalog()
    order = _order(known, now, **options)
    with desk.site(now) as site:
        order.check(site)
        made = make_plan(site, order, survey(site, order))
    if is_json:
        desk.print_json(views.plan(made))
    else:
        tables.show_plan(desk.out, made)
    return 0


def _order(
    known: Catalog, now: datetime, *, names: tuple[str, ...], start: str | None,
    end: str | None, max_gap_hours: float, force: bool, refresh: bool,
) -> Order:
    selection = ranges.select(known, names, start, end, now)
    return Order(selection, max_gap_hours=max_gap_hours, force=force, refresh=refresh)


@app.command()
@ordered
@as_json
@everywhere
@click.pass_obj
def heal(desk: Desk, *, is_json: bool, **options: Any) -> int:
    """Carry the plan out in this process, and plan again until nothing new can be asked."""
    now, known = desk.clock(), desk.catalog()
    order = _order(known, now, **options)
    with desk.site(now) as site, watcher(desk.err, is_quiet=is_json) as watching:
        done = heal_order(site, order, new_run("cli", now), watching)
        after = detect(site, order.selection)
    if is_json:
        desk.print_json(views.healed(done.summary, done.certificates, after, done.plan))
    else:
        tables.show_healed(desk.out, done, after)
    return _code(after, (State.MISSING,))


def new_run(kind: str, now: datetime) -> str:
    """Return the id of a run of the command line, another one each time."""
    return f"{kind}__{now:%Y%m%dT%H%M%SZ}__{secrets.token_hex(4)}"


@app.command()
@click.argument("series")
@ranged
@click.option("--format", "form", type=click.Choice(["csv", "json"]), default="csv", show_default=True)
@everywhere
@click.pass_obj
def export(desk: Desk, series: str, start: str | None, end: str | None, form: str) -> int:
    """Print the stored readings of a series, provenance included."""
    now, known = desk.clock(), desk.catalog()
    (one,) = known.find([series])
    selection = ranges.select(known, [series], start, end, now)
    window = one.grid.cover(Interval(selection.start or BEGINNING, selection.end or END_OF_TIME))
    with desk.site(now) as site:
        rows = list(transfer.export_rows(site, one, window)) if window else []
    if form == "json":
        desk.print_json(rows)
        return 0
    writer = csv.DictWriter(desk.stdout, transfer.header(one), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return 0


@app.command(name="import")
@click.argument("series")
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@everywhere
@click.pass_obj
def import_(desk: Desk, series: str, file: str) -> int:
    """Read what export printed, whole or not at all; provenance columns may be absent."""
    now, known = desk.clock(), desk.catalog()
    (one,) = known.find([series])
    batch = new_run("import", now)
    with click.open_file(file, encoding="utf-8-sig") if file != "-" else _stdin() as stream:
        rows = transfer.read_csv(one, stream, file)
    rows = [r if r.batch else replace(r, source=r.source or "import", batch=batch) for r in rows]
    with desk.site(now) as site:
        site.store.verify()
        written = site.store.put(one, rows)
    desk.out.print(f"{written:,} of {len(rows):,} rows written to {series}; the rest stood already.")
    if any(row.batch == batch for row in rows):
        desk.out.print(f"Rows without a batch are in {batch}; take them back with: undo {batch}")
    return 0


def _stdin() -> Any:  # noqa: ANN401 - a text stream
    return click.get_text_stream("stdin", encoding="utf-8-sig")


@app.command()
@click.argument("batch")
@everywhere
@click.pass_obj
def undo(desk: Desk, batch: str) -> int:
    """Put back what a fill replaced, and remove what it added."""
    now, known = desk.clock(), desk.catalog()
    with desk.site(now) as site:
        site.store.verify()
        if not site.store.batch_slots(batch):
            message = f"The store holds nothing of batch {batch!r}; `heal` and `explain` name batches."
            raise RequestError(message)
        done = site.store.undo(batch, known.series.values())
    desk.out.print(
        f"{done.restored:,} slots restored, {done.removed:,} removed, "
        f"{done.left:,} left because something newer stands there."
    )
    return 0
