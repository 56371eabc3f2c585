"""``sources``: what is known of each source."""

from __future__ import annotations

import click
from rich.text import Text

from gapfill.cli.context import CliContext
from gapfill.cli.layout import COLOURS, sentence, table
from gapfill.cli.options import as_document, everywhere
from gapfill.domain.formatting import short
from gapfill.reporting import documents
from gapfill.services.source_overview import SourceOverview, SourceState, look_at_sources

_STYLES = {
    SourceState.UP: COLOURS["ok"],
    SourceState.DOWN: COLOURS["gaps"],
    SourceState.REFUSED: "yellow",
    SourceState.BROKEN: COLOURS["gaps"],
}
_WORDS = {SourceState.NOT_ASKED: "not asked", SourceState.SETUP: "not set up"}


@click.command()
@as_document
@everywhere
@click.pass_obj
def sources(cli: CliContext, *, as_json: bool) -> int:
    """Say which sources answer, refuse or are not set up, and what is left today.

    No source is asked: this is what the last 24 hours of requests have shown.
    """
    now = cli.clock()
    with cli.context(now) as context:
        found = look_at_sources(context)
    if as_json:
        cli.print_json(documents.sources(found, now))
        return 0
    cli.out.print(f"as of {short(now)}\n", style="dim")
    shown = table("source", "state", "last answer", numbers=("calls", "left", "a minute"))
    for one in found:
        shown.add_row(
            one.source, _state(one), _answered(one), f"{one.calls:,}", _left(one), _rate(one)
        )
    cli.out.print(shown)
    cli.out.print("\ncalls: of the last 24 hours\n", style="dim")
    for one in found:
        if one.state is not SourceState.UP:
            sentence(cli.out, f"{one.sentence}.")
    return 0


def _state(one: SourceOverview) -> Text:
    return Text(_WORDS.get(one.state, one.state.value), _STYLES.get(one.state, ""))


def _answered(one: SourceOverview) -> str:
    return short(one.last_answer) if one.last_answer else "–"


def _left(one: SourceOverview) -> str:
    if one.records_left is not None:
        return f"{one.records_left:,} records"
    return "–" if one.calls_left is None else f"{one.calls_left:,}"


def _rate(one: SourceOverview) -> str:
    if one.per_minute is None:
        return "–"
    learned = " (learned)" if one.is_learned else ""
    return f"{one.per_minute:.3g}{learned}"
