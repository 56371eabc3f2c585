"""The commands and their options; what they do lies in the services."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import click

from gapfill.cli import tables
from gapfill.cli.batches import batches, forget_store, undo
from gapfill.cli.context import CliContext
from gapfill.cli.doctor import doctor
from gapfill.cli.import_csv import import_
from gapfill.cli.options import as_document, everywhere, in_range, ordered
from gapfill.cli.progress import watch
from gapfill.cli.ranges import new_id, request_of, select, slot_of
from gapfill.cli.retype import retype
from gapfill.cli.siar import import_siar
from gapfill.cli.signals import said_of
from gapfill.cli.sources import sources
from gapfill.cli.tidy import tidy
from gapfill.domain.series import State
from gapfill.errors import ErrorCode
from gapfill.reporting import documents
from gapfill.services import csv_transfer
from gapfill.services.coverage_warnings import incomplete
from gapfill.services.detection import Report, detect, unread
from gapfill.services.explain import explain as explain_slot
from gapfill.services.heal import heal as heal_gaps
from gapfill.services.planning import detect_all, make_plan

FAILED, MISSING = 1, 3
"""Exit codes of a read that failed, and of slots that are missing (design, 13)."""


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80})
@everywhere
def app() -> None:
    """Find the holes in time series and close them from the right source.

    A bare date is a local day of the series' place; an end date includes that day.
    Exit code 0: well; 1: an error; 2: a wrong command line; 3: something is missing.
    """


@app.command()
@click.argument("names", nargs=-1, metavar="[SERIES]...")
@in_range
@click.option("--strict", is_flag=True, help="Exit 3 for anything that is not complete.")
@as_document
@everywhere
@click.pass_obj
def status(
    cli: CliContext,
    names: tuple[str, ...],
    start: str | None,
    end: str | None,
    *,
    strict: bool,
    as_json: bool,
) -> int:
    """Say what is complete, missing, pending or unfillable."""
    now = cli.clock()
    selection = select(cli.catalog(), names, start, end, now)
    with cli.context(now) as context:
        reports = detect(context, selection, closely=True)
    if as_json:
        cli.print_json(documents.status(context.catalog, reports, now, context.store.place))
    else:
        tables.show_status(cli.out, context, reports)
    for sentence in unread(reports):
        cli.complain(sentence)
    _complain_of_broken(cli, reports)
    return _code(reports, strict=strict)


def _complain_of_broken(cli: CliContext, reports: Sequence[Report]) -> None:
    """Say on stderr which sources cannot be used that could serve what is missing."""
    found = (b.sentence for report in reports for b in report.broken if b.missed)
    for sentence in dict.fromkeys(found):
        cli.complain(sentence)


def _code(reports: Sequence[Report], *, strict: bool = False) -> int:
    """Return the exit code of what was found."""
    if any(report.error or any(b.missed for b in report.broken) for report in reports):
        return FAILED
    wrong = {State.MISSING}
    if strict:
        wrong |= {State.PENDING, State.PROVISIONAL, State.UNFILLABLE}
    return MISSING if any(r.coverage.counts[state] for r in reports for state in wrong) else 0


@app.command()
@click.argument("name", metavar="SERIES")
@click.argument("slot")
@as_document
@everywhere
@click.pass_obj
def explain(cli: CliContext, name: str, slot: str, *, as_json: bool) -> int:
    """Say a slot's state, and what each source can do for it.

    SLOT is an instant inside it; a date means its first slot.
    """
    now = cli.clock()
    (series,) = cli.catalog().find([name])
    instant = slot_of(series, slot)
    with cli.context(now) as context:
        explanation = explain_slot(context, series, instant)
    if as_json:
        cli.print_json(documents.explained(explanation))
    else:
        tables.show_explanation(cli.out, explanation, series.place.zone)
    return FAILED if explanation.state is State.UNKNOWN else 0


@app.command()
@ordered
@everywhere
@click.pass_obj
def plan(cli: CliContext, /, *, as_json: bool, **options: Any) -> int:  # noqa: ANN401 - see order_of
    """Show what would be asked of whom, and what that costs.

    Nothing is asked. Series that cannot be read are left out, named, and make exit code 1.
    """
    now = cli.clock()
    order = replace(request_of(cli.catalog(), now, **options), one_process=True)
    with cli.context(now) as context:
        order.check(context)
        reports = detect_all(context, order)
        made = make_plan(context, order, reports)
        status = context.status([context.catalog.series[report.series] for report in reports])
    if as_json:
        cli.print_json(documents.plan(made))
    else:
        tables.show_plan(cli.out, made)
    for note in dict.fromkeys(n for own in status.by_series.values() for n in incomplete(own)):
        cli.complain(note)
    _complain_of_broken(cli, reports)
    for sentence in unread(made.unread):
        cli.complain(sentence)
    return FAILED if made.unread else 0


@app.command()
@ordered
@everywhere
@click.pass_obj
def heal(cli: CliContext, /, *, as_json: bool, **options: Any) -> int:  # noqa: ANN401 - see order_of
    """Plan, and carry the plan out here and now.

    Plans again until nothing new can be asked, three rounds at most. Where an error or a
    signal ends it, what was written is printed all the same, by batch. Series that cannot be
    read are left out, named, and make exit code 1.
    """
    now = cli.clock()
    order = request_of(cli.catalog(), now, **options)
    with cli.context(now) as context, watch(cli, is_silent=as_json) as watcher:
        healed = heal_gaps(context, order, new_id("cli", now), watcher)
    signalled = healed.error if isinstance(healed.error, KeyboardInterrupt) else None
    error = said_of(signalled) if signalled else str(healed.error) if healed.error else None
    if as_json:
        cli.print_json(
            documents.healed(healed.summary, healed.certificates, healed.after, healed.plan, error)
        )
    elif error:
        tables.show_broken_off(cli.out, healed)
    else:
        tables.show_healed(cli.out, context.catalog, healed)
    for sentence in unread(healed.plan.unread):
        cli.complain(sentence)
    if signalled:
        raise signalled
    if error:
        cli.complain(error)
        return FAILED
    if healed.plan.unread:
        return FAILED
    is_undone = order.refresh and healed.summary.units_failed
    has_refused = any(c.error is ErrorCode.STORE_REFUSED for c in healed.certificates)
    if is_undone or healed.refused:
        return _code(healed.after) or FAILED
    return _code(healed.after) or (MISSING if has_refused else 0)


@app.command()
@click.argument("name", metavar="SERIES")
@in_range
@click.option("--format", "kind", type=click.Choice(["csv", "json"]), default="csv")
@everywhere
@click.pass_obj
def export(cli: CliContext, name: str, start: str | None, end: str | None, kind: str) -> int:
    """Print the rows of a range, with where each value came from."""
    now = cli.clock()
    selection = select(cli.catalog(), [name], start, end, now)
    (series,) = selection.series
    with cli.context(now) as context:
        window = selection.window(series, context.candidates(series), now)
        rows = csv_transfer.export_rows(context, series, window) if window else iter(())
        if kind == "csv":
            csv_transfer.write_csv(series, rows, cli.stdout)
        else:
            lines = ",\n".join(json.dumps(row) for row in rows)  # a row a line
            cli.stdout.write(f"[\n{lines}\n]\n" if lines else "[]\n")
    return 0


for command in (sources, doctor, import_, import_siar, batches, undo, tidy, retype, forget_store):
    app.add_command(command)
