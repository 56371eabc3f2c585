"""The options that several commands share."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

import click

from gapfill.cli.context import CliContext
from gapfill.services.run_params import PARAMETERS

Command = TypeVar("Command", bound="Callable[..., Any]")


def _keep(context: click.Context, option: click.Parameter, value: object) -> None:
    """Keep a global option before or after the command; the last one wins."""
    if value is not None and option.name == "now":
        context.ensure_object(CliContext).now = str(value)


def everywhere(command: Command) -> Command:
    """Add the options that may come before or after the command's name."""
    now = click.option(
        "--now",
        metavar="INSTANT",
        expose_value=False,
        callback=_keep,
        help="What time it is, for a report that can be repeated; else GAPFILL_NOW or the clock.",
    )
    debug = click.option(
        "--debug",
        is_flag=True,
        expose_value=False,
        help="Show tracebacks and logs on stderr.",
    )
    return now(debug(command))


def in_range(command: Command) -> Command:
    """Add ``--start`` and ``--end``, either of which may be left out."""
    start = click.option("--start", metavar="DATE", help="First instant or local day.")
    end = click.option("--end", metavar="DATE", help="Instant outside, or last local day.")
    return start(end(command))


def _promise(context: click.Context, _option: click.Parameter, *, value: bool) -> bool:
    """Note that the command ends with a document, well or not."""
    if value:
        context.ensure_object(CliContext).document_of = context.command.name
    return value


as_document = click.option(
    "--json",
    "as_json",
    is_flag=True,
    callback=lambda context, option, value: _promise(context, option, value=value),
    help="Print one JSON document on stdout.",
)


def _hours(_context: click.Context, _option: click.Parameter, value: float) -> float:
    if not math.isfinite(value):
        raise click.BadParameter("it must be a number of hours")
    return value


def ordered(command: Command) -> Command:
    """Add the options of ``plan`` and ``heal``."""
    options = (
        click.option("--series", multiple=True, metavar="NAME", help="Series; may be repeated."),
        in_range,
        click.option(
            "--max-gap-hours",
            type=click.FloatRange(0, 1_000_000),
            default=0.0,
            callback=_hours,
            help=PARAMETERS["max_gap_hours"].option,
        ),
        click.option("--force", is_flag=True, help=PARAMETERS["force"].option),
        click.option("--refresh", is_flag=True, help=PARAMETERS["refresh"].option),
        as_document,
    )
    for option in reversed(options):
        command = option(command)
    return command
